"""The chapters of a book: which files they begin in, how they are called, what is cut where and what is left out.

The table of contents says where chapters begin. A file in which several begin is cut there; a file that none begins in
and that has no heading goes on with the chapter before, as converters split long ones.
"""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urldefrag

from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import lower_headings, safe_address, text_of
from backfile.archive.importers.common.masthead import Masthead, letters_only
from backfile.archive.importers.common.xml_trees import parse_xhtml
from backfile.archive.importers.formats.epub.book_notes import BookNotes
from backfile.archive.importers.formats.epub.package_document import Book, SpineItem, TocEntry, resolve_href
from backfile.archive.importers.item import Asset, Skipped
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.importers.sources.containers import Member
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem

# What a file is called where it is typed (https://www.w3.org/TR/epub-ssv-11/, the guide of OPF 2) → what is said of it.
_LEFT_OUT = {
    "cover": "the cover", "titlepage": "the title page", "title-page": "the title page",
    "halftitlepage": "the half title", "copyright-page": "the copyright page", "copyright": "the copyright page",
    "toc": "the table of contents", "landmarks": "the table of contents", "loi": "a list of illustrations",
    "lot": "a list of tables", "page-list": "a list of pages", "imprint": "the imprint", "colophon": "the colophon",
    "index": "the index",
}  # fmt: skip
# By its title, for books that type nothing.
_LABELS = (
    (re.compile(r"(?:front |book )?cover|couverture|umschlag|portada|copertina|omslag", re.I), "the cover"),
    (re.compile(r"(?:half[ -]?)?title[ -]?page|titelseite|page de titre|half[ -]?title", re.I), "the title page"),
    (re.compile(r"copyright(?: page| notice)?|imprint|impressum|mentions légales", re.I), "the copyright page"),
    (re.compile(r"(?:table of )?contents|inhalt(?:sverzeichnis)?|table des matières|sommaire|[ií]ndice|indice|inhoud",
                re.I), "the table of contents"),
    (re.compile(r"index|register", re.I), "the index"),
)  # fmt: skip
_HEADINGS = ("h1", "h2", "h3")
_BLOCKS = frozenset({"p", "div", "section", "article", "li", "table", "blockquote", "pre", "h1", "h2", "h3", "h4"})
_LINES_BELOW_TITLE = 3
LONG_FILE = 120_000
"""Bytes of a file in which more than one chapter is looked for: some 20,000 words."""

MAX_CUTS = 400
MAX_COPIED = 256 * 1024 * 1024
"""Chapters that one file may be cut into, and bytes of all the copies of it that are made for that."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: `origin` is its place in the book, `links` the addresses in its body that lead to other chapters."""

    origin: str
    title: str
    body: str
    authors: tuple[str, ...] = ()
    date: PartialDate | None = None
    assets: tuple[Asset, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)


class Chapters:
    """The chapters of a book one by one, with what was skipped or cannot be read between them."""

    def __init__(self, book: Book, members: Mapping[str, Member], *, day_first: bool | None) -> None:
        self._book, self._members, self._day_first = book, members, day_first
        self._notes = BookNotes(members)
        self._starts: dict[str, list[TocEntry]] = {}
        for entry in book.toc:
            self._starts.setdefault(entry.file, []).append(entry)
        self._targets = {(e.file, e.fragment): _origin(e) for e in self._all_starts() if e.fragment}

    def __iter__(self) -> Iterator[Chapter | Skipped | Problem]:
        waiting: Chapter | None = None
        for page in self._book.spine:
            for found in self._in(page, may_go_on=waiting is not None):
                if isinstance(found, Chapter) and waiting is not None and not found.title and self._starts:
                    waiting = _joined(waiting, found)
                    continue
                if waiting is not None:
                    yield waiting
                waiting = found if isinstance(found, Chapter) else None
                if waiting is None:
                    yield found
        if waiting is not None:
            yield waiting

    def _all_starts(self) -> Iterator[TocEntry]:
        for file in self._starts:
            cuts = self._cuts(file)
            yield from cuts if len(cuts) > 1 else ()

    def _cuts(self, file: str) -> list[TocEntry]:
        """The entries at which chapters begin in a file: those that lie highest, the book's own title aside.

        If that is one in a long file, as where a part of the book is a file, those below it.
        """
        entries = self._starts.get(file, [])
        own = [entry for entry in entries if entry.label.casefold() != self._book.title.casefold()] or entries
        top = min((entry.depth for entry in own), default=0)
        highest = [entry for entry in own if entry.depth == top]
        if len(highest) == 1 and file in self._members and self._members[file].size > LONG_FILE:
            below = [entry for entry in own if entry.depth == top + 1]
            highest = [*highest, *below] if len(below) > 1 else highest
        cuts = list({entry.fragment: entry for entry in highest}.values())[:MAX_CUTS]
        is_much = file in self._members and len(cuts) * self._members[file].size > MAX_COPIED
        return cuts[:1] if is_much else cuts

    def _in(self, page: SpineItem, *, may_go_on: bool) -> Iterator[Chapter | Skipped | Problem]:
        starts = self._cuts(page.file)
        label = starts[0].label if starts else ""
        try:
            tree = parse_xhtml(self._members[page.file].read())
            reason = self._left_out(page, tree, label)
            if reason:
                yield Skipped(page.file, reason)
                return
            if self._notes.holds_attached_notes(page.file):
                yield Skipped(page.file, "its notes stand with the chapters")
                return
            pieces = _cut(tree, starts) if len(starts) > 1 else [(starts[0] if starts else None, tree)]
            for start, piece in pieces:
                origin = _origin(start) if start and len(pieces) > 1 else page.file
                yield self._chapter(piece, page.file, origin, start.label if start else "", may_go_on=may_go_on)
        except ArchiveError as error:
            yield Problem(page.file, None, str(error), error.hint)

    def _left_out(self, page: SpineItem, tree: HtmlElement, label: str) -> str:
        """Why a file is no chapter; empty if it is one."""
        typed = [self._book.types.get(page.file, ""), *_types(tree)]
        named = next((_LEFT_OUT[each] for each in typed if each in _LEFT_OUT), "")
        if page.is_toc or named:
            return f"is {named or 'the table of toc'}"
        title = label or _heading(tree)
        by_label = next((said for form, said in _LABELS if form.fullmatch(title.strip())), "")
        if by_label or not page.is_linear:
            return f"is {by_label}" if by_label else "stands outside the reading order"
        is_title_page = title.casefold() == self._book.title.casefold() and len(text_of(tree).split()) < 40
        return "is the title page" if is_title_page and len(self._book.spine) > 1 else ""

    def _chapter(self, tree: HtmlElement, file: str, origin: str, label: str, *, may_go_on: bool) -> Chapter:
        heading = _heading(tree)
        title = label or heading or ("" if may_go_on else _page_title(tree))
        self._notes.attach(tree, file)
        links, pictures = self._point(tree, file)
        masthead = self._take_masthead(tree, title)
        lower_headings(tree)
        body = tree_to_markdown(tree, base_url=None)
        assets = tuple(_asset(name, member) for name, member in pictures.items() if name in body)
        kept = {written: target for written, target in links.items() if written in body}
        return Chapter(origin, title, body, masthead.authors, masthead.date, assets, kept)

    def _point(self, tree: HtmlElement, file: str) -> tuple[dict[str, str], dict[str, Member]]:
        """Gives links and pictures the names that their files have in the book; notes them as they will be written."""
        folder = posixpath.dirname(file)
        pictures: dict[str, Member] = {}
        for image in list(tree.iter("img", "image")):
            reference = image.get("src") or image.get("href") or image.get("xlink:href") or ""
            name = resolve_href(folder, reference)
            written = safe_address(None, name)
            if name in self._members and written:
                image.set("src", name)
                pictures[written] = self._members[name]
            _out_of_drawing(image)
        links: dict[str, str] = {}
        for link in tree.iter("a"):
            fragment = urldefrag(link.get("href") or "")[1]
            name = resolve_href(folder, link.get("href") or "")
            if name in self._members:
                whole = f"{name}#{fragment}" if fragment else name
                written = safe_address(None, whole)
                link.set("href", whole)
                if written:
                    links[written] = self._targets.get((name, unquote(fragment)), name)
        return links, pictures

    def _take_masthead(self, tree: HtmlElement, title: str) -> Masthead:
        """Removes the heading that is the title from the text, and the byline and date below it."""
        masthead = Masthead(title)
        blocks = [each for each in tree.iter(*_HEADINGS, "p") if text_of(each)][: _LINES_BELOW_TITLE + 2]
        for number, block in enumerate(blocks):
            words = text_of(block)
            if block.tag == "p":
                is_title = letters_only(words) == letters_only(title)
            else:
                is_title = _is_title(words, title, blocks[:number])
            if not is_title and not masthead.add_line(words, day_first=self._day_first, may_repeat=True):
                break
            block.drop_tree()
        return masthead


def _origin(entry: TocEntry) -> str:
    return f"{entry.file}#{entry.fragment}" if entry.fragment else entry.file


def _joined(chapter: Chapter, more: Chapter) -> Chapter:
    return replace(
        chapter,
        body=f"{chapter.body}\n\n{more.body}".strip(),
        assets=chapter.assets + more.assets,
        links={**chapter.links, **more.links},
    )


def _types(tree: HtmlElement) -> Iterator[str]:
    """What the body of a page, or the one section in it, says that it is."""
    body = next(tree.iter("body"), tree)
    while body is not None:
        yield from (body.get("data-type") or "").lower().split()
        inner = [each for each in body if each.tag in ("section", "div", "article", "nav")]
        body = inner[0] if len(inner) == 1 and len(body) == 1 else None


def _cut(tree: HtmlElement, starts: list[TocEntry]) -> list[tuple[TocEntry | None, HtmlElement]]:
    """The parts of a page, each from one start to the next; what stands before the first belongs to none."""
    places = {each.get("id") or each.get("name"): each for each in tree.iter() if each.get("id") or each.get("name")}
    known = [entry for entry in starts if entry.fragment in places]
    order = {element: number for number, element in enumerate(tree.iter())}
    known.sort(key=lambda entry: order[places[entry.fragment]])
    unplaced = next((entry for entry in starts if entry not in known), None)
    pieces: list[tuple[TocEntry | None, HtmlElement]] = []
    for number, start in enumerate([unplaced, *known]):
        first = order[places[start.fragment]] if start in known and start else None
        after = order[places[known[number].fragment]] if number < len(known) else None
        piece = _between(tree, first, after)
        if start is not None or len(text_of(piece).split()) > 20:
            pieces.append((start, piece))
    return pieces


def _between(tree: HtmlElement, first: int | None, after: int | None) -> HtmlElement:
    """A copy of a tree with what lies between two of its elements, given by their number in the order of the page."""
    piece = copy.deepcopy(tree)
    elements = list(piece.iter())
    if after is not None:
        _remove_from(_block(elements[after]))
    if first is not None:
        _remove_before(_block(elements[first]))
    return piece


def _block(element: HtmlElement) -> HtmlElement:
    """The block that an anchor stands at the head of."""
    while element.tag not in _BLOCKS and element.getparent() is not None and element.getparent().tag != "body":
        element = element.getparent()
    return element


def _remove_from(element: HtmlElement) -> None:
    """Removes an element and all that follows it in its page."""
    _remove_after(element)
    element.drop_tree()


def _remove_after(element: HtmlElement) -> None:
    """Removes all that follows an element in its page."""
    while element.tag != "body" and element.getparent() is not None:
        parent = element.getparent()
        for later in list(element.itersiblings()):
            parent.remove(later)
        element.tail = None
        element = parent


def _remove_before(element: HtmlElement) -> None:
    """Removes all that stands before an element in its page."""
    while element.tag != "body" and element.getparent() is not None:
        parent = element.getparent()
        for earlier in list(element.itersiblings(preceding=True)):
            parent.remove(earlier)
        parent.text = None
        element = parent


def _out_of_drawing(image: HtmlElement) -> None:
    """Takes a picture out of the drawing (SVG) that only frames it."""
    frame = next(image.iterancestors("svg"), None)
    if frame is not None and frame.getparent() is not None:
        image.tag = "img"
        image.tail = frame.tail
        frame.getparent().replace(frame, image)


def _asset(name: str, member: Member) -> Asset:
    return Asset(name, member.read)


def _heading(tree: HtmlElement) -> str:
    """The heading that a page begins with, if it begins with one."""
    for each in tree.iter("h1", "h2", "h3", "p", "table", "pre"):
        if text_of(each):
            return text_of(each) if each.tag in _HEADINGS else ""
    return ""


def _page_title(tree: HtmlElement) -> str:
    words = text_of(next(tree.iter("title"), None))
    return "" if re.search(r"\.x?html?\Z", words) else words


def _is_title(heading: str, title: str, above: list[HtmlElement]) -> bool:
    """Whether a heading is the title, or a part of one that is set in two lines (`Chapter 1`, `The ferry`)."""
    bare, whole = letters_only(heading), letters_only(title)
    joined = letters_only("".join(map(text_of, above)) + heading)
    return bool(bare) and (whole.startswith(bare) or whole.endswith(bare) or joined == whole)

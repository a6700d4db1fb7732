"""Chapters of a book: where they begin, their titles, files that are split, and files that are skipped.

The table of contents gives the beginnings of chapters. A file with several of them is split; a file with none and
without a heading continues the chapter before, as converters split long chapters.
"""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import lower_headings, safe_address, text_of
from backfile.archive.importers.common.masthead import Masthead, letters_only
from backfile.archive.importers.common.xml_trees import parse_xhtml
from backfile.archive.importers.formats.epub.book_notes import BookNotes
from backfile.archive.importers.formats.epub.package_document import Book, SpineItem, TocEntry, resolve_href
from backfile.archive.importers.item import ITEM_FAILURES, Asset, ImportEvent, Item, Skipped, problem_from
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.importers.sources.containers import Member
from backfile.archive.model import ArticleMetadata
from backfile.archive.web_addresses import fragment_of

# Type of a file (https://www.w3.org/TR/epub-ssv-11/, the guide of OPF 2) → its name in reports.
_SKIPPED_TYPES = {
    "cover": "the cover", "titlepage": "the title page", "title-page": "the title page",
    "halftitlepage": "the half title", "copyright-page": "the copyright page", "copyright": "the copyright page",
    "toc": "the table of contents", "landmarks": "the table of contents", "loi": "a list of illustrations",
    "lot": "a list of tables", "page-list": "a list of pages", "imprint": "the imprint", "colophon": "the colophon",
    "index": "the index",
}  # fmt: skip
# The same by title, for books without types.
_SKIPPED_TITLES = (
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
"""Bytes of a file that may hold more than one chapter: some 20,000 words."""

MAX_SPLITS = 400
MAX_COPIED = 256 * 1024 * 1024
"""Limits of the chapters that one file is split into, and of the bytes copied for that."""


class Chapters:
    """Chapters of a book in order, with skipped files and problems between them.

    The origin of a chapter is its address in the book, and its links are those to other chapters. `begin` is called
    before each file is read.
    """

    def __init__(
        self, book: Book, members: Mapping[str, Member], *, day_first: bool | None, begin: Callable[[], None]
    ) -> None:
        self._book, self._members, self._day_first, self._begin = book, members, day_first, begin
        self._notes = BookNotes(members)
        self._starts: dict[str, list[TocEntry]] = {}
        self._targets: dict[tuple[str, str], str] = {}

    def __iter__(self) -> Iterator[ImportEvent]:
        self._read_toc()
        pending: Item | None = None
        for page in self._book.spine:
            for found in self._chapters_in(page, may_continue=pending is not None):
                if isinstance(found, Item) and pending is not None and not found.metadata.title and self._starts:
                    pending = _merged(pending, found)
                    continue
                if pending is not None:
                    yield pending
                pending = found if isinstance(found, Item) else None
                if pending is None:
                    yield found
        if pending is not None:
            yield pending

    def _read_toc(self) -> None:
        self._starts = {}
        for entry in self._book.toc:
            self._starts.setdefault(entry.file, []).append(entry)
        self._targets = {(e.file, e.fragment): _origin(e) for e in self._split_starts() if e.fragment}

    def _split_starts(self) -> Iterator[TocEntry]:
        for file in self._starts:
            starts = self._chapter_starts(file)
            yield from starts if len(starts) > 1 else ()

    def _chapter_starts(self, file: str) -> list[TocEntry]:
        """Entries at which chapters begin in a file: the highest level of the contents, except the book's title.

        In a long file with one such entry, as for a part of a book, the level below.
        """
        entries = self._starts.get(file, [])
        own = [entry for entry in entries if entry.label.casefold() != self._book.metadata.title.casefold()] or entries
        top = min((entry.depth for entry in own), default=0)
        highest = [entry for entry in own if entry.depth == top]
        if len(highest) == 1 and file in self._members and self._members[file].size > LONG_FILE:
            below = [entry for entry in own if entry.depth == top + 1]
            highest = [*highest, *below] if len(below) > 1 else highest
        starts = list({entry.fragment: entry for entry in highest}.values())[:MAX_SPLITS]
        is_much = file in self._members and len(starts) * self._members[file].size > MAX_COPIED
        return starts[:1] if is_much else starts

    def _chapters_in(self, page: SpineItem, *, may_continue: bool) -> Iterator[ImportEvent]:
        starts = self._chapter_starts(page.file)
        label = starts[0].label if starts else ""
        try:
            self._begin()
            tree = parse_xhtml(self._members[page.file].read())
            reason = self._skip_reason(page, tree, label)
            if reason:
                yield Skipped(page.file, reason)
                return
            if self._notes.holds_attached_notes(page.file):
                yield Skipped(page.file, "its notes stand with the chapters")
                return
            pieces = _split_tree(tree, starts) if len(starts) > 1 else [(starts[0] if starts else None, tree)]
            for start, piece in pieces:
                origin = _origin(start) if start and len(pieces) > 1 else page.file
                yield self._chapter(piece, page.file, origin, start.label if start else "", may_continue=may_continue)
        except ITEM_FAILURES as error:
            yield problem_from(page.file, error)

    def _skip_reason(self, page: SpineItem, tree: HtmlElement, label: str) -> str:
        """Reason why a file is no chapter; empty if it is one."""
        typed = [self._book.types.get(page.file, ""), *_semantic_types(tree)]
        named = next((_SKIPPED_TYPES[each] for each in typed if each in _SKIPPED_TYPES), "")
        if page.is_toc or named:
            return f"is {named or 'the table of toc'}"
        title = label or _heading(tree)
        by_label = next((said for form, said in _SKIPPED_TITLES if form.fullmatch(title.strip())), "")
        if by_label or not page.is_linear:
            return f"is {by_label}" if by_label else "stands outside the reading order"
        is_title_page = title.casefold() == self._book.metadata.title.casefold() and len(text_of(tree).split()) < 40
        return "is the title page" if is_title_page and len(self._book.spine) > 1 else ""

    def _chapter(self, tree: HtmlElement, file: str, origin: str, label: str, *, may_continue: bool) -> Item:
        heading = _heading(tree)
        title = label or heading or ("" if may_continue else _page_title(tree))
        self._notes.attach(tree, file)
        links, pictures = self._resolve_references(tree, file)
        masthead = self._take_masthead(tree, title)
        lower_headings(tree)
        body = tree_to_markdown(tree, base_url=None)
        assets = tuple(Asset(name, member.read) for name, member in pictures.items() if name in body)
        kept = {written: target for written, target in links.items() if written in body}
        metadata = ArticleMetadata(title, masthead.authors, date=masthead.date)
        return Item(origin, metadata, body, assets=assets, links=kept)

    def _resolve_references(self, tree: HtmlElement, file: str) -> tuple[dict[str, str], dict[str, Member]]:
        """Names the targets of links and images by their files in the book; returns both by written address."""
        folder = posixpath.dirname(file)
        pictures: dict[str, Member] = {}
        for image in list(tree.iter("img", "image")):
            reference = image.get("src") or image.get("href") or image.get("xlink:href") or ""
            name = resolve_href(folder, reference)
            written = safe_address(None, name)
            if name in self._members and written:
                image.set("src", name)
                pictures[written] = self._members[name]
            _unwrap_svg(image)
        links: dict[str, str] = {}
        for link in tree.iter("a"):
            fragment = fragment_of(link.get("href") or "")
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


def _merged(chapter: Item, more: Item) -> Item:
    return replace(
        chapter,
        body=f"{chapter.body}\n\n{more.body}".strip(),
        assets=chapter.assets + more.assets,
        links={**chapter.links, **more.links},
    )


def _semantic_types(tree: HtmlElement) -> Iterator[str]:
    """Types (`epub:type`) of the body of a page, or of its only section."""
    body = next(tree.iter("body"), tree)
    while body is not None:
        yield from (body.get("data-type") or "").lower().split()
        inner = [each for each in body if each.tag in ("section", "div", "article", "nav")]
        body = inner[0] if len(inner) == 1 and len(body) == 1 else None


def _split_tree(tree: HtmlElement, starts: list[TocEntry]) -> list[tuple[TocEntry | None, HtmlElement]]:
    """Parts of a page, each from one start to the next; text before the first start belongs to no entry."""
    elements_by_id = {
        each.get("id") or each.get("name"): each for each in tree.iter() if each.get("id") or each.get("name")
    }
    placed = [entry for entry in starts if entry.fragment in elements_by_id]
    order = {element: number for number, element in enumerate(tree.iter())}
    placed.sort(key=lambda entry: order[elements_by_id[entry.fragment]])
    unanchored = next((entry for entry in starts if entry not in placed), None)
    pieces: list[tuple[TocEntry | None, HtmlElement]] = []
    for number, start in enumerate([unanchored, *placed]):
        first = order[elements_by_id[start.fragment]] if start in placed and start else None
        after = order[elements_by_id[placed[number].fragment]] if number < len(placed) else None
        piece = _between(tree, first, after)
        if start is not None or len(text_of(piece).split()) > 20:
            pieces.append((start, piece))
    return pieces


def _between(tree: HtmlElement, first: int | None, after: int | None) -> HtmlElement:
    """Copy of a tree with the content between two elements, given by their numbers in document order."""
    piece = copy.deepcopy(tree)
    elements = list(piece.iter())
    if after is not None:
        block = _block(elements[after])
        _remove_beside(block, preceding=False)
        block.drop_tree()
    if first is not None:
        _remove_beside(_block(elements[first]), preceding=True)
    return piece


def _block(element: HtmlElement) -> HtmlElement:
    """Block at whose beginning an anchor is."""
    while element.tag not in _BLOCKS and element.getparent() is not None and element.getparent().tag != "body":
        element = element.getparent()
    return element


def _remove_beside(element: HtmlElement, *, preceding: bool) -> None:
    """Removes everything before an element, or else everything after it."""
    while element.tag != "body" and element.getparent() is not None:
        parent = element.getparent()
        for sibling in list(element.itersiblings(preceding=preceding)):
            parent.remove(sibling)
        if preceding:
            parent.text = None
        else:
            element.tail = None
        element = parent


def _unwrap_svg(image: HtmlElement) -> None:
    """Replaces an SVG drawing that only frames an image by the image."""
    frame = next(image.iterancestors("svg"), None)
    if frame is not None and frame.getparent() is not None:
        image.tag = "img"
        image.tail = frame.tail
        frame.getparent().replace(frame, image)


def _heading(tree: HtmlElement) -> str:
    """Heading at the beginning of a page; empty if it begins otherwise."""
    for each in tree.iter("h1", "h2", "h3", "p", "table", "pre"):
        if text_of(each):
            return text_of(each) if each.tag in _HEADINGS else ""
    return ""


def _page_title(tree: HtmlElement) -> str:
    words = text_of(next(tree.iter("title"), None))
    return "" if re.search(r"\.x?html?\Z", words) else words


def _is_title(heading: str, title: str, above: list[HtmlElement]) -> bool:
    """Whether a heading is the title, or a part of a title set in two lines (`Chapter 1`, `The ferry`)."""
    bare, whole = letters_only(heading), letters_only(title)
    joined = letters_only("".join(map(text_of, above)) + heading)
    return bool(bare) and (whole.startswith(bare) or whole.endswith(bare) or joined == whole)

"""The blocks of a page (paragraphs, headings, items, cells) and which of them are its article."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from lxml.html import HtmlElement

from backfile.archive.importers.extraction.cleaning import innermost_blocks
from backfile.archive.importers.extraction.text_similarity import (
    MIN_SHARE,
    SHORT_PASSAGE,
    shingles,
    similarity,
    word_ngrams,
    words,
)

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NEAR = 6
_LINKED = 0.8
_MOST = 0.8
_SAME = 0.8
_POINTER = 3
_STANDFIRST = 40
"""Words of a block above the text that may be its standfirst; more are another text."""
_ORNAMENT = re.compile(r"avatar|author|logo|icon|profile|share|badge|banner|sponsor|promo", re.IGNORECASE)
_TAG = re.compile(r"/(?:tags?|tag-results|categor(?:y|ies)|topics?|labels?)[/.?=]", re.IGNORECASE)
_FILE = re.compile(r"\.(?:pdf|docx?|odt|xlsx?|pptx?|csv|txt|zip|epub|mp3|mp4)(?:[?#]|\Z)", re.IGNORECASE)
_LABELLED = re.compile(
    r"(?:related|read (?:more|also|next)|see also|also read|more|watch|recommended|don['’]t miss|must read|lire aussi|"
    r"à lire|lesen sie auch|mehr|lees ook|leia (?:também|mais)|lea también|leer más|ver también|leggi anche|"
    r"читайте также|смотрите также|関連記事)\b[^.!?]{0,30}?[:|»>–—]",
    re.IGNORECASE,
)


@dataclass(eq=False, slots=True)
class PageBlock:
    """A block without further blocks in it; `place` counts from the beginning of the page."""

    element: HtmlElement
    place: int
    text: str
    words: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.words = words(self.text)

    @property
    def is_heading(self) -> bool:
        """Whether it is called a heading."""
        return self.element.tag in HEADINGS

    def linked(self) -> float:
        """The share of its words that is in links."""
        inside = sum(len(words(link.text_content())) for link in self.element.iter("a"))
        around = next(self.element.iterancestors("a"), None) is not None
        return 1.0 if around else inside / max(1, len(self.words))

    def leads_to_file(self) -> bool:
        """Whether there is a link to a document in it."""
        return any(_FILE.search(link.get("href") or "") for link in self.element.iter("a"))

    def shows_picture(self) -> bool:
        """Whether there is a picture in it and no text."""
        return not self.words and (self.element.tag == "img" or self.element.find(".//img") is not None)

    def is_part_of_picture(self) -> bool:
        """Whether it is a picture or the caption of one."""
        return self.element.tag == "figcaption" or self.shows_picture()

    def is_in_figure(self) -> bool:
        """Whether it is a figure or stands in one."""
        return self.element.tag == "figure" or next(self.element.iterancestors("figure"), None) is not None

    def is_ornament(self) -> bool:
        """Whether a picture is called one of the site or of its author."""
        boxes = [*self.element.iter("img"), self.element, *islice(self.element.iterancestors(), 2)]
        return any(_ORNAMENT.search(f"{each.get('class') or ''} {each.get('id') or ''}") for each in boxes)


def page_blocks(tree: HtmlElement) -> list[PageBlock]:
    """All blocks in the order of the page."""
    return [PageBlock(each, place, each.text_content()) for place, each in enumerate(innermost_blocks(tree))]


def article_element(blocks: list[PageBlock], found: set[PageBlock], title: str, summary: str) -> HtmlElement | None:
    """The innermost part of a page that holds an article, cleared of all else; None if there is none.

    `blocks` are all blocks of the page, `found` those that were found to belong to the article; its title and its
    summary, which a library shows by themselves, are left out.
    """
    below = _below_headline([block for block in blocks if block in found], blocks, words(title))
    kept = _without_strays(_without_copies(below))
    if not kept:
        return None
    kept = _with_companions(blocks, kept, found - set(kept))
    kept = _without_ends([block for block in kept if not _points_elsewhere(block)], words(summary))
    kept = [*_pictures_above(blocks, kept), *kept]
    whole = common_ancestor(block.element for block in kept)
    elements = {block.element for block in kept}
    held = {ancestor for element in elements for ancestor in element.iterancestors()} | elements
    for block in blocks:
        if block.element not in held:
            _remove(block.element, held)
    return whole


def _below_headline(found: list[PageBlock], blocks: list[PageBlock], named: list[str]) -> list[PageBlock]:
    """The blocks without the headline of the page, and without what stands above it unless that is most of them."""
    rest = [block for block in found if not _is_headline(block, named)]
    place = next((block.place for block in blocks if block.element.tag == "h1" and _is_headline(block, named)), -1)
    below = [block for block in rest if block.place > place]
    enough = sum(len(block.words) for block in below) >= _MOST * sum(len(block.words) for block in rest)
    return below if enough else rest


def _is_headline(block: PageBlock, named: list[str]) -> bool:
    if not named or block.words == named:
        return bool(named)
    short, long = sorted((block.words, named), key=len)
    is_part = f" {' '.join(short)} " in f" {' '.join(long)} "
    return block.element.tag in ("h1", "h2") and bool(short) and is_part and 2 * len(short) >= len(long)


def _without_copies(kept: list[PageBlock]) -> list[PageBlock]:
    """The blocks without those that say again what stands in another box: teasers, pull quotes, copies for machines."""
    total = sum(len(block.words) for block in kept)
    kept = [block for block in kept if 4 * len(block.words) < total or not _is_flat_copy(block, kept)]
    boxes = {block: _box(block) for block in kept}
    amount = Counter(dict.fromkeys(boxes.values(), 0))
    for block, box in boxes.items():
        amount[box] += len(block.words)
    often = Counter(run for block in kept for run in set(word_ngrams(block.words)))
    dropped = set()
    for block in sorted(kept, key=lambda each: amount[boxes[each]]):
        found = set(word_ngrams(block.words))
        said_again = sum(often[run] > 1 for run in found) >= _SAME * len(found)
        if len(block.words) >= SHORT_PASSAGE and said_again and 2 * amount[boxes[block]] < total:
            dropped.add(block)
            often.subtract(found)
    return [block for block in kept if block not in dropped]


def _box(block: PageBlock) -> tuple[HtmlElement | None, object, str | None]:
    """Where a block stands: stanzas and sections, which are boxes of one kind in a box, count as one."""
    box = block.element.getparent()
    return (None, None, None) if box is None else (box.getparent(), box.tag, box.get("class"))


def _is_flat_copy(block: PageBlock, kept: list[PageBlock]) -> bool:
    """Whether a block is the whole text once more, without its paragraphs, as pages keep it for machines."""
    parts = [each for each in kept if 2 * len(each.words) <= len(block.words)]
    return similarity(shingles(block.text), shingles(" ".join(each.text for each in parts))).precision >= MIN_SHARE


def _without_strays(kept: list[PageBlock]) -> list[PageBlock]:
    """The blocks without short ones far from all longer ones: words that chance to be in the text as well."""
    long = [block.place for block in kept if len(block.words) >= SHORT_PASSAGE]
    if not long:
        return kept
    near = {place + step for place in long for step in range(-_NEAR, _NEAR + 1)}
    return [block for block in kept if block.place in near or long[0] < block.place < long[-1]]


def _with_companions(blocks: list[PageBlock], kept: list[PageBlock], out_of_place: set[PageBlock]) -> list[PageBlock]:
    """The blocks of an article and those between them that belong to one."""
    first, last = kept[0].place, kept[-1].place
    chosen = {block.element for block in kept}
    held = {ancestor for element in chosen for ancestor in element.iterancestors()}
    for block in reversed(blocks[first:last]):
        following = blocks[block.place + 1].element
        if block not in out_of_place and _goes_along(block, following, chosen, held):
            chosen.add(block.element)
    return [block for block in blocks[first : last + 1] if block.element in chosen]


def _goes_along(block: PageBlock, following: HtmlElement, chosen: set[HtmlElement], held: set[HtmlElement]) -> bool:
    """Whether a block between those of an article belongs to it, though no library took it."""
    tag = block.element.tag
    if tag in ("hr", "pre", "figcaption") or block.shows_picture() or block.leads_to_file():
        return True
    if tag in ("td", "th"):
        return any(table in held for table in block.element.iterancestors("table"))
    if block.is_heading:
        return following in chosen
    if next(block.element.iterancestors("blockquote"), None) is not None:
        return True
    box = block.element.getparent()
    return tag == "li" and box is not None and any(item in chosen for item in box) and block.linked() < _LINKED


def _pictures_above(blocks: list[PageBlock], kept: list[PageBlock]) -> list[PageBlock]:
    """The picture that opens an article and its caption: right above the text, or a figure near it below a headline."""
    above: list[PageBlock] = []
    first = kept[0].place if kept else 0
    for block in reversed(blocks[max(0, first - _NEAR) : first]):
        is_near = block.place == first - 1 - len(above)
        if block.element.tag == "h1" or len(block.words) > _STANDFIRST:
            break
        if block.is_part_of_picture() and (is_near or block.is_in_figure()) and not block.is_ornament():
            above.insert(0, block)
    return above


def _without_ends(kept: list[PageBlock], summary: list[str]) -> list[PageBlock]:
    """The blocks without the summary above the text, and without headings and rules after it."""
    ends = (at for at in range(len(kept), 0, -1) if not (kept[at - 1].is_heading or kept[at - 1].element.tag == "hr"))
    kept = kept[: next(ends, None)]
    is_above = len(kept) > 1 and kept[0].element.getparent() is not kept[1].element.getparent()
    return kept[1:] if summary and is_above and kept[0].words == summary else kept


def _points_elsewhere(block: PageBlock) -> bool:
    """Whether a line only leads to other articles; files and addresses that are written out are references."""
    if block.element.tag in ("td", "th", "pre", "figcaption"):
        return False
    linked = block.linked()
    links = list(block.element.iter("a"))
    if linked == 1 and links and all(link.get("rel") == "tag" or _TAG.search(link.get("href") or "") for link in links):
        return True
    if block.element.tag == "li" or len(block.text.split()) < _POINTER:
        return False
    if linked == 1:
        return not block.is_heading and not block.leads_to_file()
    return linked > 0.5 and _LABELLED.match(block.text.strip()) is not None


def common_ancestor(elements: Iterable[HtmlElement]) -> HtmlElement | None:
    """The innermost element that holds all of these."""
    shared: list[HtmlElement] | None = None
    for element in elements:
        path = [*reversed(list(element.iterancestors())), element]
        if shared is None:
            shared = path
        else:
            pairs = zip(shared, path, strict=False)
            length = next((at for at, pair in enumerate(pairs) if pair[0] is not pair[1]), min(len(shared), len(path)))
            shared = shared[:length]
    return shared[-1] if shared else None


def _remove(block: HtmlElement, held: set[HtmlElement]) -> None:
    """Takes a block out, and the boxes that are empty without it."""
    while True:
        parent = block.getparent()
        if parent is None:
            return
        block.drop_tree()
        if parent in held or len(parent) or (parent.text or "").strip():
            return
        block = parent

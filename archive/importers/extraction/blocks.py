"""Blocks of a page (paragraphs, headings, items, cells), and the selection of those that are its article."""

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
    precision,
    shingles,
    word_ngrams,
    words,
)

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_MAX_GAP = 6
_LINK_LIST = 0.8
_MIN_KEPT = 0.8
_COPIED = 0.8
_SHORTEST_POINTER = 3
_STANDFIRST = 40
"""Most words of a standfirst above the text; a longer block is another text."""
_ORNAMENT = re.compile(r"avatar|author|logo|icon|profile|share|badge|banner|sponsor|promo", re.IGNORECASE)
_TAG = re.compile(r"/(?:tags?|tag-results|categor(?:y|ies)|topics?|labels?)[/.?=]", re.IGNORECASE)
_FILE = re.compile(r"\.(?:pdf|docx?|odt|xlsx?|pptx?|csv|txt|zip|epub|mp3|mp4)(?:[?#]|\Z)", re.IGNORECASE)
_POINTER_LABEL = re.compile(
    r"(?:related|read (?:more|also|next)|see also|also read|more|watch|recommended|don['’]t miss|must read|lire aussi|"
    r"à lire|lesen sie auch|mehr|lees ook|leia (?:também|mais)|lea también|leer más|ver también|leggi anche|"
    r"читайте также|смотрите также|関連記事)\b[^.!?]{0,30}?[:|»>–—]",
    re.IGNORECASE,
)


@dataclass(eq=False, slots=True)
class PageBlock:
    """A block without inner blocks; `position` is its number on the page."""

    element: HtmlElement
    position: int
    text: str
    words: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.words = words(self.text)

    @property
    def is_heading(self) -> bool:
        """Whether the element is a heading."""
        return self.element.tag in HEADINGS

    def link_density(self) -> float:
        """Share of the words that are in links."""
        inside = sum(len(words(link.text_content())) for link in self.element.iter("a"))
        around = next(self.element.iterancestors("a"), None) is not None
        return 1.0 if around else inside / max(1, len(self.words))

    def links_to_file(self) -> bool:
        """Whether it links to a document."""
        return any(_FILE.search(link.get("href") or "") for link in self.element.iter("a"))

    def is_image(self) -> bool:
        """Whether it holds an image and no text."""
        return not self.words and (self.element.tag == "img" or self.element.find(".//img") is not None)

    def is_image_or_caption(self) -> bool:
        """Whether it is an image or a caption."""
        return self.element.tag == "figcaption" or self.is_image()

    def is_in_figure(self) -> bool:
        """Whether it is a figure or in one."""
        return self.element.tag == "figure" or next(self.element.iterancestors("figure"), None) is not None

    def is_decorative(self) -> bool:
        """Whether the class or id of an image names a logo, an avatar or the like."""
        boxes = [*self.element.iter("img"), self.element, *islice(self.element.iterancestors(), 2)]
        return any(_ORNAMENT.search(f"{each.get('class') or ''} {each.get('id') or ''}") for each in boxes)


def page_blocks(tree: HtmlElement) -> list[PageBlock]:
    """All blocks in document order."""
    return [PageBlock(each, position, each.text_content()) for position, each in enumerate(innermost_blocks(tree))]


def article_element(blocks: list[PageBlock], found: set[PageBlock], title: str, summary: str) -> HtmlElement | None:
    """Innermost element that holds the article, pruned of all other blocks; None if there is no article.

    `blocks` are all blocks of the page, `found` those that belong to the article. Its title and summary are dropped,
    because a library shows them separately.
    """
    below = _drop_headline([block for block in blocks if block in found], blocks, words(title))
    kept = _drop_strays(_drop_copies(below))
    if not kept:
        return None
    kept = _fill_gaps(blocks, kept, found - set(kept))
    kept = _trim_ends([block for block in kept if not _is_pointer(block)], words(summary))
    kept = [*_lead_images(blocks, kept), *kept]
    whole = common_ancestor(block.element for block in kept)
    elements = {block.element for block in kept}
    held = {ancestor for element in elements for ancestor in element.iterancestors()} | elements
    for block in blocks:
        if block.element not in held:
            _remove(block.element, held)
    return whole


def _drop_headline(found: list[PageBlock], blocks: list[PageBlock], title_words: list[str]) -> list[PageBlock]:
    """Drops the headline and the blocks above it, unless these are most of the text."""
    rest = [block for block in found if not _is_headline(block, title_words)]
    position = next(
        (block.position for block in blocks if block.element.tag == "h1" and _is_headline(block, title_words)), -1
    )
    below = [block for block in rest if block.position > position]
    enough = sum(len(block.words) for block in below) >= _MIN_KEPT * sum(len(block.words) for block in rest)
    return below if enough else rest


def _is_headline(block: PageBlock, title_words: list[str]) -> bool:
    if not title_words or block.words == title_words:
        return bool(title_words)
    short, long = sorted((block.words, title_words), key=len)
    is_part = f" {' '.join(short)} " in f" {' '.join(long)} "
    return block.element.tag in ("h1", "h2") and bool(short) and is_part and 2 * len(short) >= len(long)


def _drop_copies(kept: list[PageBlock]) -> list[PageBlock]:
    """Drops blocks that repeat text of another container: teasers, pull quotes, copies for machines."""
    total = sum(len(block.words) for block in kept)
    kept = [block for block in kept if 4 * len(block.words) < total or not _is_flat_copy(block, kept)]
    boxes = {block: _container_key(block) for block in kept}
    amount = Counter(dict.fromkeys(boxes.values(), 0))
    for block, box in boxes.items():
        amount[box] += len(block.words)
    often = Counter(run for block in kept for run in set(word_ngrams(block.words)))
    dropped = set()
    for block in sorted(kept, key=lambda each: amount[boxes[each]]):
        found = set(word_ngrams(block.words))
        is_copied = sum(often[run] > 1 for run in found) >= _COPIED * len(found)
        if len(block.words) >= SHORT_PASSAGE and is_copied and 2 * amount[boxes[block]] < total:
            dropped.add(block)
            often.subtract(found)
    return [block for block in kept if block not in dropped]


def _container_key(block: PageBlock) -> tuple[HtmlElement | None, object, str | None]:
    """Container of a block; sibling containers of the same kind (stanzas, sections) count as one."""
    box = block.element.getparent()
    return (None, None, None) if box is None else (box.getparent(), box.tag, box.get("class"))


def _is_flat_copy(block: PageBlock, kept: list[PageBlock]) -> bool:
    """Whether a block is the whole text again without its paragraphs, as some pages keep it for machines."""
    parts = [each for each in kept if 2 * len(each.words) <= len(block.words)]
    return precision(shingles(block.text), shingles(" ".join(each.text for each in parts))) >= MIN_SHARE


def _drop_strays(kept: list[PageBlock]) -> list[PageBlock]:
    """Drops short blocks far from all long ones: words that occur in the article by chance."""
    long = [block.position for block in kept if len(block.words) >= SHORT_PASSAGE]
    if not long:
        return kept
    near = {position + step for position in long for step in range(-_MAX_GAP, _MAX_GAP + 1)}
    return [block for block in kept if block.position in near or long[0] < block.position < long[-1]]


def _fill_gaps(blocks: list[PageBlock], kept: list[PageBlock], out_of_place: set[PageBlock]) -> list[PageBlock]:
    """Adds blocks between those of the article that belong to it."""
    first, last = kept[0].position, kept[-1].position
    chosen = {block.element for block in kept}
    held = {ancestor for element in chosen for ancestor in element.iterancestors()}
    for block in reversed(blocks[first:last]):
        following = blocks[block.position + 1].element
        if block not in out_of_place and _belongs_between(block, following, chosen, held):
            chosen.add(block.element)
    return [block for block in blocks[first : last + 1] if block.element in chosen]


def _belongs_between(
    block: PageBlock, following: HtmlElement, chosen: set[HtmlElement], held: set[HtmlElement]
) -> bool:
    """Whether a block between those of the article belongs to it, though no candidate has it."""
    tag = block.element.tag
    if tag in ("hr", "pre", "figcaption") or block.is_image() or block.links_to_file():
        return True
    if tag in ("td", "th"):
        return any(table in held for table in block.element.iterancestors("table"))
    if block.is_heading:
        return following in chosen
    if next(block.element.iterancestors("blockquote"), None) is not None:
        return True
    box = block.element.getparent()
    return tag == "li" and box is not None and any(item in chosen for item in box) and block.link_density() < _LINK_LIST


def _lead_images(blocks: list[PageBlock], kept: list[PageBlock]) -> list[PageBlock]:
    """Image that opens the article, with its caption: directly above the text, or a figure near it."""
    above: list[PageBlock] = []
    first = kept[0].position if kept else 0
    for block in reversed(blocks[max(0, first - _MAX_GAP) : first]):
        is_near = block.position == first - 1 - len(above)
        if block.element.tag == "h1" or len(block.words) > _STANDFIRST:
            break
        if block.is_image_or_caption() and (is_near or block.is_in_figure()) and not block.is_decorative():
            above.insert(0, block)
    return above


def _trim_ends(kept: list[PageBlock], summary: list[str]) -> list[PageBlock]:
    """Drops the summary above the text, and headings and rules after it."""
    ends = (at for at in range(len(kept), 0, -1) if not (kept[at - 1].is_heading or kept[at - 1].element.tag == "hr"))
    kept = kept[: next(ends, None)]
    is_above = len(kept) > 1 and kept[0].element.getparent() is not kept[1].element.getparent()
    return kept[1:] if summary and is_above and kept[0].words == summary else kept


def _is_pointer(block: PageBlock) -> bool:
    """Whether a line only links to other articles; links to files and written-out addresses are references."""
    if block.element.tag in ("td", "th", "pre", "figcaption"):
        return False
    density = block.link_density()
    links = list(block.element.iter("a"))
    is_tags = all(link.get("rel") == "tag" or _TAG.search(link.get("href") or "") for link in links)
    if density == 1 and links and is_tags:
        return True
    if block.element.tag == "li" or len(block.text.split()) < _SHORTEST_POINTER:
        return False
    if density == 1:
        return not block.is_heading and not block.links_to_file()
    return density > 0.5 and _POINTER_LABEL.match(block.text.strip()) is not None


def common_ancestor(elements: Iterable[HtmlElement]) -> HtmlElement | None:
    """Innermost element that contains all elements."""
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
    """Removes a block, and containers that it leaves empty."""
    while True:
        parent = block.getparent()
        if parent is None:
            return
        block.drop_tree()
        if parent in held or len(parent) or (parent.text or "").strip():
            return
        block = parent

"""Repair of a selection of blocks, and the element of the page that holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lxml.html import HtmlElement

from backfile.archive.importers.extraction.page_blocks import PageBlock
from backfile.archive.importers.extraction.text_similarity import (
    MIN_SHARE,
    SHORT_PASSAGE,
    precision,
    shingles,
    word_ngrams,
    words,
)

_MAX_GAP = 6
_LINK_LIST = 0.8
_LEAST_SCORE = -1.5
"""Score of a heading or a line that is taken for what is around it."""
_MIN_KEPT = 0.8
_COPIED = 0.8
_STANDFIRST = 40
"""Most words of a standfirst above the text; a longer block is another text."""


def article_element(blocks: list[PageBlock], title: str) -> HtmlElement | None:
    """Innermost element that holds the article, pruned of all other blocks; None if there is no article.

    `blocks` are all blocks of the page with their scores. The title is dropped, because a library shows it separately.
    """
    chosen = [block for block in blocks if block.words and block.score > 0 and not block.is_embed()]
    kept = _drop_strays(_drop_copies(_drop_headline(chosen, blocks, words(title))))
    if not kept:
        return None
    kept = _fill_gaps(blocks, kept, set(chosen) - set(kept))
    kept = _trim_end([block for block in kept if not block.is_pointer(block.link_density())])
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


def _fill_gaps(blocks: list[PageBlock], kept: list[PageBlock], dropped: set[PageBlock]) -> list[PageBlock]:
    """Adds blocks between those of the article that belong to it."""
    first, last = kept[0].position, kept[-1].position
    gaps = _gaps(kept)
    for block in reversed(blocks[first:last]):
        if block not in dropped and gaps.hold(block, blocks[block.position + 1]):
            gaps.chosen.add(block.element)
    return [block for block in blocks[first : last + 1] if block.element in gaps.chosen]


def _gaps(kept: list[PageBlock]) -> _Gaps:
    chosen = {block.element for block in kept}
    spans: dict[HtmlElement, tuple[int, int]] = {}
    for block in kept:
        box = block.element.getparent()
        if box is not None:
            spans[box] = spans.get(box, (block.position, 0))[0], block.position
    return _Gaps(chosen, {ancestor for element in chosen for ancestor in element.iterancestors()}, spans)


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Elements of the article, the elements around them, and the first and last of its blocks in each container."""

    chosen: set[HtmlElement]
    held: set[HtmlElement]
    spans: dict[HtmlElement, tuple[int, int]]

    def hold(self, block: PageBlock, following: PageBlock) -> bool:
        """Whether a block between those of the article belongs to it, though its score is too low."""
        tag = block.element.tag
        if tag in ("hr", "pre", "figcaption") or block.is_image() or block.is_embed() or block.links_to_file():
            return True
        if tag in ("td", "th"):
            return any(table in self.held for table in block.element.iterancestors("table"))
        if block.is_heading:
            return following.element in self.chosen and block.score > _LEAST_SCORE
        if next(block.element.iterancestors("blockquote"), None) is not None:
            return True
        return self._is_line_between(block)

    def _is_line_between(self, block: PageBlock) -> bool:
        """Whether blocks of the article are before and after it in its container, as around `Yes.` in an interview."""
        box = block.element.getparent()
        if box is None:
            return False
        is_item = block.element.tag == "li" and any(item in self.chosen for item in box)
        first, last = self.spans.get(box, (block.position, block.position))
        is_between = first < block.position < last and block.score > _LEAST_SCORE
        return (is_item or is_between) and block.link_density() < _LINK_LIST


def _lead_images(blocks: list[PageBlock], kept: list[PageBlock]) -> list[PageBlock]:
    """Image that opens the article, with its caption: directly above the text, or a figure near it."""
    above: list[PageBlock] = []
    first = kept[0].position if kept else 0
    for block in reversed(blocks[max(0, first - _MAX_GAP) : first]):
        is_near = block.position == first - 1 - len(above)
        if block.element.tag == "h1" or len(block.words) > _STANDFIRST:
            break
        if (
            (block.is_image_or_caption() or block.is_embed())
            and (is_near or block.is_in_figure())
            and not block.is_decorative()
        ):
            above.insert(0, block)
    return above


def _trim_end(kept: list[PageBlock]) -> list[PageBlock]:
    """Drops headings and rules after the text."""
    ends = (at for at in range(len(kept), 0, -1) if not (kept[at - 1].is_heading or kept[at - 1].element.tag == "hr"))
    return kept[: next(ends, None)]


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

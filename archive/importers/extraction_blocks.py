"""The blocks of a page (paragraphs, headings, items, cells) and which of them a text is made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.html import HtmlElement

_WORD = re.compile(r"\w+")
_LISTED = """p h1 h2 h3 h4 h5 h6 dl dt table thead tbody tfoot tr pre figcaption hr summary caption html
    body div article section main td th center blockquote li dd figure header footer aside address details fieldset
    form ul ol"""
_BLOCKS = frozenset(_LISTED.split())
_HOLD_NO_TEXT = frozenset({"html", "head", "table", "thead", "tbody", "tfoot", "tr", "dl", "pre"})
_NEVER = frozenset(
    {"script", "style", "template", "iframe", "object", "embed", "noscript", "form", "button", "select", "textarea"}
    | {"svg", "canvas", "nav", "dialog", "input"}
)
_SHINGLE = 4
_SHORT = 8
_ENOUGH = 0.6
_LONG, _LONGEST = 25, 400
_NEAR = 6


def words(text: str) -> list[str]:
    """The words of a text, as the measure of the benchmark sets takes them, in lower case."""
    return _WORD.findall(text.casefold())


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """How often each run of four words is in a text; one that is shorter is one run."""
    found = words(text)
    return Counter(tuple(found[at : at + _SHINGLE]) for at in range(max(1, len(found) - _SHINGLE + 1)))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two texts agree: the share of the runs of the first that are in the second, and the other way round."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def likeness(one: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> Likeness:
    """The likeness of two texts by their shingles."""
    common = sum((one & other).values())
    return Likeness(common / max(1, one.total()), common / max(1, other.total()))


class Wording:
    """A text that blocks are looked up in."""

    def __init__(self, text: str) -> None:
        lines = [" ".join(words(line)) for line in text.splitlines()]
        cells = [" ".join(words(cell)) for line in text.splitlines() if "|" in line for cell in line.split("|")]
        self._lines = {*lines, *cells}
        self._whole = f" {' '.join(lines)} "
        self._shingles = shingles(text)

    def has(self, block: list[str]) -> bool:
        """Whether a block is part of the text: short ones as a line or in the letter, longer ones mostly."""
        joined = " ".join(block)
        if len(block) < _SHINGLE:
            return joined in self._lines
        if len(block) < _SHORT:
            return f" {joined} " in self._whole
        runs = [tuple(block[at : at + _SHINGLE]) for at in range(len(block) - _SHINGLE + 1)]
        return sum(run in self._shingles for run in runs) >= _ENOUGH * len(runs)


def without_code(tree: HtmlElement) -> None:
    """Takes out what no reader sees, which is most of many pages; the readings are faster without it."""
    for element in list(tree.iter("script", "style", "svg", "template", "iframe", "object", "embed")):
        if element.getparent() is not None:
            element.drop_tree()


def without_machinery(tree: HtmlElement) -> None:
    """Takes out what is never part of a text: scripts, forms, navigation."""
    for element in list(tree.iter(*_NEVER)):
        if element.tag == "noscript" and _is_picture(element):
            element.tag = "div"
            continue
        parent = element.getparent()
        if element.tag == "form" and _holds_text(element):
            element.tag = "div"
        elif parent is not None:
            element.drop_tree()


def _is_picture(element: HtmlElement) -> bool:
    return element.find(".//img") is not None and not element.text_content().strip()


def _holds_text(form: HtmlElement) -> bool:
    """Whether the page is one large form, as those of some builders are."""
    return sum(len(paragraph.text_content()) for paragraph in form.iter("p")) > 500


def wrap_loose_text(tree: HtmlElement) -> None:
    """Puts text that stands beside blocks or between pairs of line breaks into paragraphs of its own."""
    holders = _holders_of_blocks(tree)
    broken = [each.getparent() for each in tree.iter("br") if _is_double(each)]
    for element in dict.fromkeys([*(each for each in tree.iter() if each in holders), *broken]):
        if element is not None and element.tag not in _HOLD_NO_TEXT:
            _wrap_runs(element, holders)
    for line_break in tree.iter("br"):
        line_break.tail = f"\n{line_break.tail or ''}"


def _holders_of_blocks(tree: HtmlElement) -> set[HtmlElement]:
    holders: set[HtmlElement] = set()
    for element in tree.iter(*_BLOCKS):
        for ancestor in element.iterancestors():
            if ancestor in holders:
                break
            holders.add(ancestor)
    return holders


def _is_double(line_break: HtmlElement) -> bool:
    following = line_break.getnext()
    return following is not None and following.tag == "br" and not (line_break.tail or "").strip()


def _wrap_runs(element: HtmlElement, holders: set[HtmlElement]) -> None:
    children = list(element)
    run = etree.Element("p")
    run.text, element.text = element.text, None
    finished: list[HtmlElement] = []
    for child in children:
        is_block = child.tag in _BLOCKS or child in holders
        if is_block or (child.tag == "br" and _is_double(child)):
            finished += [run, *([child] if is_block else [])]
            run = etree.Element("p")
            run.text, child.tail = child.tail, None
        elif not (child.tag == "br" and not len(run) and not (run.text or "").strip()):
            run.append(child)
        else:
            run.text = child.tail
    for child in list(element):
        element.remove(child)
    element.extend([each for each in (*finished, run) if each.tag != "p" or len(each) or (each.text or "").strip()])


def blocks(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The blocks without further blocks in them, in the order of the page."""
    holders = _holders_of_blocks(tree)
    for element in tree.iter(*_BLOCKS):
        if element not in holders:
            yield element


def common_ancestor(elements: Iterable[HtmlElement]) -> HtmlElement | None:
    """The innermost element that holds all of these."""
    shared: list[HtmlElement] | None = None
    for element in elements:
        path = [*reversed(list(element.iterancestors())), element]
        if shared is None:
            shared = path
        else:
            length = next(
                (at for at, pair in enumerate(zip(shared, path, strict=False)) if pair[0] is not pair[1]), None
            )
            shared = shared[: length if length is not None else min(len(shared), len(path))]
    return shared[-1] if shared else None


def substance(tree: HtmlElement) -> list[list[str]]:
    """The words of the blocks that look like running text: many of them, few in links."""
    found = []
    for element in tree.iter("p", "div", "li", "td"):
        text = element.text or ""
        if element.tag != "p" and len(text.split()) < _LONG:
            continue
        block = words(element.text_content())
        linked = sum(len(words(link.text_content())) for link in element.iter("a"))
        if _LONG <= len(block) <= _LONGEST and linked * 3 < len(block):
            found.append(block)
    return found


def without_copies(kept: list[HtmlElement]) -> list[HtmlElement]:
    """The blocks without those that say again what another says, which stands where more of the text does."""
    amount: Counter[HtmlElement] = Counter()
    texts = {block: tuple(words(block.text_content())) for block in kept}
    for block, text in texts.items():
        amount[block.getparent()] += len(text)
    best: dict[tuple[str, ...], HtmlElement] = {}
    for block, text in texts.items():
        if text not in best or amount[block.getparent()] > amount[best[text].getparent()]:
            best[text] = block
    unique = [block for block, text in texts.items() if len(text) < _SHORT or best[text] is block]
    return [block for block in unique if not _is_flat_copy(block, unique, sum(map(len, texts.values())))]


def _is_flat_copy(block: HtmlElement, kept: list[HtmlElement], total: int) -> bool:
    """Whether a block is the whole text once more, without its paragraphs, as pages keep it for machines."""
    if 4 * len(block.text_content().split()) < total:
        return False
    others = shingles(" ".join(each.text_content() for each in kept if each is not block))
    return likeness(shingles(block.text_content()), others).precision >= _ENOUGH


def without_strays(kept: list[HtmlElement], order: dict[HtmlElement, int]) -> list[HtmlElement]:
    """The blocks without short ones far from all longer ones: words that chance to be in the text as well."""
    long = [order[block] for block in kept if len(words(block.text_content())) >= _SHORT]
    if not long:
        return kept
    near = {place + step for place in long for step in range(-_NEAR, _NEAR + 1)}
    return [block for block in kept if order[block] in near or long[0] < order[block] < long[-1]]

"""The article in a page: its metadata, and its body without all that stands around it.

Three readings of a page by libraries of the field are compared: trafilatura twice, once strict and once generous,
and Readability's. The one that the others support most is followed, the strict one when in doubt; a text that the
publisher gives for machines (JSON-LD `articleBody`) has a voice too. What is followed only says which blocks of the
page belong to the article: the body is made of the page's own blocks, so that headings, lists, tables, code, notes
and captions keep their form.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

import trafilatura
from lxml import etree
from lxml.html import HtmlElement
from readability import Document
from readability.readability import Unparseable

from archive.errors import ArchiveError
from archive.importers.extraction_blocks import (
    Wording,
    blocks,
    common_ancestor,
    likeness,
    shingles,
    substance,
    without_code,
    without_copies,
    without_machinery,
    without_strays,
    words,
    wrap_loose_text,
)
from archive.importers.html import parse, tree_to_markdown
from archive.importers.metadata_html import PageMetadata, read_metadata
from archive.model import PartialDate, Source

_AGREED = 0.9
"""Two readings that are this much alike (F1) need no third."""
_STRICT_ADVANTAGE = 0.1
_NO_LONGER = 1.2
_COVERED = 0.6
_PART, _HALF = 0.8, 0.6

_PICTURE_HOLDERS = ("figure", "img", "picture")
Shingles = Counter[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Extracted:
    """An article as its page has it; `body` is Markdown, `canonical` the address the page gives itself."""

    title: str
    body: str
    authors: tuple[str, ...] = ()
    date: PartialDate | None = None
    updated: PartialDate | None = None
    topics: tuple[str, ...] = ()
    summary: str | None = None
    source: Source | None = None
    language: str | None = None
    canonical: str | None = None


def extract(html: bytes | str, *, url: str | None = None) -> Extracted:
    """The article in a page that was found at `url`; its body is empty if the page has none.

    Raises `ArchiveError` for what is too large or cannot be parsed.
    """
    return extract_from(parse(html), url=url)


def extract_from(tree: HtmlElement, *, url: str | None = None) -> Extracted:
    """As `extract`, of a parsed page, which is changed on the way."""
    metadata = read_metadata(tree, url)
    body = article_body(tree, metadata)
    return Extracted(
        title=metadata.title,
        body=tree_to_markdown(body, base_url=metadata.base) if body is not None else "",
        authors=metadata.authors,
        date=metadata.date,
        updated=metadata.updated,
        topics=metadata.topics,
        summary=metadata.summary,
        source=metadata.source,
        language=metadata.language,
        canonical=metadata.canonical,
    )


def article_body(tree: HtmlElement, metadata: PageMetadata) -> HtmlElement | None:
    """The innermost part of a page that holds its article, cleared of all else; None if there is no article."""
    without_code(tree)
    text = chosen_text(Readings(tree), metadata.article_body)
    if not text.strip():
        return None
    without_machinery(tree)
    wrap_loose_text(tree)
    return _kept(tree, Wording(text), metadata.title)


class Readings:
    """What the libraries take for the text of a page, each asked when it is needed."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree

    @cached_property
    def strict(self) -> str:
        """What trafilatura takes when it prefers to leave out."""
        return _trafilatura(self._tree, strict=True)

    @cached_property
    def generous(self) -> str:
        """What trafilatura takes by itself, unaided."""
        return _trafilatura(self._tree, strict=False)

    def covers_substance(self, text: str) -> bool:
        """Whether a text has most of what looks like running text in the page."""
        wording = Wording(text)
        paragraphs = substance(self._tree)
        had = sum(len(block) for block in paragraphs if wording.has(block))
        return had >= _COVERED * sum(map(len, paragraphs))

    @cached_property
    def readability(self) -> str:
        """What Readability takes."""
        try:
            summary = Document(etree.tostring(self._tree, encoding="unicode", method="html")).summary()
            return "\n".join(parse(summary).itertext())
        except (Unparseable, ArchiveError, etree.LxmlError):
            return ""


def _trafilatura(tree: HtmlElement, *, strict: bool) -> str:
    text = trafilatura.extract(
        deepcopy(tree), include_comments=False, favor_precision=strict, fast=not strict, output_format="txt"
    )
    return text or ""


def chosen_text(readings: Readings, declared: str) -> str:
    """The reading that is followed: the one most like the others; `declared` is the publisher's own, if it gives it."""
    strict, generous = shingles(readings.strict), shingles(readings.generous)
    if not declared and likeness(strict, generous).f1 >= _AGREED and readings.covers_substance(readings.strict):
        return readings.strict
    texts = {"strict": readings.strict, "generous": readings.generous, "readability": readings.readability}
    if declared:
        texts["declared"] = declared
    counted = {name: shingles(text) for name, text in texts.items() if text.strip()}
    support = {name: _support(name, counted) for name in counted}
    if strict.total() <= _NO_LONGER * generous.total() and "strict" in support:
        support["strict"] += _STRICT_ADVANTAGE
    best = max(support, key=lambda name: support[name], default="strict")
    fuller = counted.get("readability")
    if fuller and best != "readability" and _is_cut_short(counted[best], fuller):
        best = "readability"
    return texts[best]


def _is_cut_short(text: Shingles, fuller: Shingles) -> bool:
    """Whether a reading is no more than a part of another that is far longer."""
    alike = likeness(text, fuller)
    return alike.precision >= _PART and alike.recall <= _HALF


def _support(name: str, counted: dict[str, Shingles]) -> float:
    return sum(likeness(counted[name], counted[other]).f1 for other in counted if other != name)


def _kept(tree: HtmlElement, wording: Wording, title: str) -> HtmlElement | None:
    """The part of the page that holds the blocks of a text, without its other blocks."""
    everything = list(blocks(tree))
    found = [block for block in everything if _belongs(block, wording, title)]
    unique = without_copies(found)
    order = {block: at for at, block in enumerate(everything)}
    kept = without_strays(unique, order)
    whole = common_ancestor(kept)
    if whole is None:
        return None
    held = {ancestor for block in kept for ancestor in block.iterancestors()} | set(kept)
    between = range(order[kept[0]], order[kept[-1]])
    out_of_place = set(found) - set(kept)
    for block in everything:
        goes_along = order[block] in between and block not in out_of_place and _goes_along(block, held)
        if block not in held and not goes_along:
            _remove(block, held)
    return whole


def _belongs(block: HtmlElement, wording: Wording, title: str) -> bool:
    found = words(block.text_content())
    if not found or (block.tag in ("h1", "h2") and found == words(title)):
        return False
    return wording.has(found)


def _goes_along(block: HtmlElement, held: set[HtmlElement]) -> bool:
    """Whether a block between those of the article belongs to one: a picture and its caption, code, a rule, a cell."""
    if block.tag in ("hr", "pre"):
        return True
    if block.tag in ("td", "th"):
        return any(cell in held for table in block.iterancestors("table") for cell in table.iter("td", "th"))
    if next(block.iter("img"), None) is not None and not words(block.text_content()):
        return True
    if block.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
        return False
    in_figure = block.tag == "figcaption" or next(block.iterancestors("figure"), None) is not None
    return in_figure and not any(len(link.text_content()) > 20 for link in block.iter("a"))


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

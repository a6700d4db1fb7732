"""Readings of a page by extraction libraries: the blocks that each takes for the article.

trafilatura and Readability err in different ways. Neither decides: which of them has a block is a feature of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy

import trafilatura
from lxml import etree
from lxml.html import HtmlElement
from trafilatura.readability_lxml import Document

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction.page_blocks import PageBlock
from backfile.archive.importers.extraction.text_similarity import (
    MIN_SHARE,
    NGRAM,
    SHORT_PASSAGE,
    word_ngrams,
    words,
)


class PassageIndex:
    """Text in which passages are looked up."""

    def __init__(self, text: str) -> None:
        lines = [words(line) for line in text.splitlines()]
        cells = [" ".join(words(cell)) for line in text.splitlines() if "|" in line for cell in line.split("|")]
        every = [word for line in lines for word in line]
        self._lines = {*map(" ".join, lines), *cells}
        self._whole = f" {' '.join(every)} "
        self._ngrams = set(word_ngrams(every))

    def contains(self, passage: list[str]) -> bool:
        """Whether a passage is in the text: short ones as a line or verbatim, longer ones by most of their n-grams."""
        if len(passage) < NGRAM:
            return " ".join(passage) in self._lines
        if len(passage) < SHORT_PASSAGE:
            return f" {' '.join(passage)} " in self._whole
        tokens = word_ngrams(passage)
        return sum(map(self._ngrams.__contains__, tokens)) >= MIN_SHARE * len(tokens)


def read_page(tree: HtmlElement) -> dict[str, str]:
    """Text of the article by each library, by its name; the tree is not modified."""
    return {name: read(tree) for name, read in READINGS.items()}


def read_blocks(blocks: Sequence[PageBlock], texts: Mapping[str, str]) -> dict[str, list[bool]]:
    """Blocks that are in the text of each library, in the order of the blocks."""
    indexes = {name: PassageIndex(text) for name, text in texts.items()}
    return {
        name: [bool(block.words) and index.contains(block.words) for block in blocks] for name, index in indexes.items()
    }


def _trafilatura(tree: HtmlElement) -> str:
    return trafilatura.extract(deepcopy(tree), include_comments=False, fast=True, favor_recall=True) or ""


def _readability(tree: HtmlElement) -> str:
    """Text by trafilatura's fork of Readability, which takes trees."""
    try:
        return "\n".join(parse_html(Document(deepcopy(tree)).summary()).itertext())
    except (ArchiveError, etree.LxmlError):
        return ""


READINGS: Mapping[str, Callable[[HtmlElement], str]] = {"trafilatura": _trafilatura, "Readability": _readability}

"""Pages with strings that must be in their article and strings that must not: html-pages, its scores and their causes.

A string counts as there if the text has it, Markdown signs, addresses and white space aside. Precision is the share of
strings that belong there among those found, recall the share found among those that belong there, over all pages.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction.article_blocks import article_element
from backfile.archive.importers.extraction.block_weights import WEIGHTS
from backfile.archive.importers.extraction.extractor import described_blocks, score_blocks
from backfile.archive.importers.extraction.page_metadata import read_metadata
from backfile.archive.importers.extraction.readings import READINGS
from bench import corpora_folder

_SIGNS = re.compile(r"[\s\\*_`#>|\[\]~]+")
_ADDRESS = re.compile(r'\]\((?:<[^>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"]*")?\)')


@dataclass(frozen=True, slots=True)
class StringPage:
    """A page with the strings that must and must not be in its article, in normal form."""

    url: str
    html: bytes
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]


@dataclass(slots=True)
class StringScore:
    """Strings that were found, lost and let in."""

    found: int = 0
    lost: int = 0
    let_in: int = 0

    def add(self, page: StringPage, text: str) -> None:
        """Counts the strings of a page in its text, which is in normal form."""
        there = sum(string in text for string in page.wanted)
        self.found += there
        self.lost += len(page.wanted) - there
        self.let_in += sum(string in text for string in page.unwanted)

    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.found / (2 * self.found + self.lost + self.let_in)

    def __str__(self) -> str:
        precision, recall = self.found / (self.found + self.let_in), self.found / (self.found + self.lost)
        return f"F1 {self.f1():.4f}  precision {precision:.4f}  recall {recall:.4f}"


def normal_form(text: str) -> str:
    """Text without white space and signs of Markdown, characters composed."""
    return unicodedata.normalize("NFC", _SIGNS.sub("", text))


def markdown_normal_form(markdown: str) -> str:
    """Normal form of Markdown, whose addresses are left out."""
    return normal_form(_ADDRESS.sub("", markdown).replace("&amp;", "&").replace("&#58;", ":").replace("![", ""))


def string_pages() -> Iterator[StringPage]:
    """Pages of html-pages."""
    folder = corpora_folder() / "html-pages"
    for url, page in json.loads((folder / "expected.json").read_text(encoding="utf-8")).items():
        wanted, unwanted = (tuple(map(normal_form, page[key])) for key in ("with", "without"))
        yield StringPage(url, (folder / "pages" / page["file"]).read_bytes(), wanted, unwanted)


@dataclass(frozen=True, slots=True)
class Stages:
    """Text of a page at the stages of extraction, in normal form; `readings` counts those that have each block."""

    shown: str
    texts: list[str]
    is_caption: list[bool]
    readings: list[int]
    selected: str
    result: str

    def why_lost(self, string: str) -> str:
        """Stage at which a string is lost."""
        if string not in self.shown:
            return "lost: not in the page as parsed"
        if string not in "".join(self.texts):
            return "lost: cleaning"
        return "lost: repair" if string in self.selected else f"lost: not selected, {self._readings_with(string)}"

    def why_let_in(self, string: str) -> str:
        """Stage at which a string is let in."""
        if string in self.selected:
            return f"let in: selected, {self._readings_with(string)}"
        captions = [text for text, is_caption in zip(self.texts, self.is_caption, strict=True) if is_caption]
        return "let in: caption" if any(string in text for text in captions) else "let in: repair"

    def _readings_with(self, string: str) -> str:
        numbers = [number for text, number in zip(self.texts, self.readings, strict=True) if string in text]
        return f"in {('no reading', 'one reading', 'both readings')[max(numbers, default=0)]}"


def stages(page: StringPage) -> Stages:
    """Extraction of a page, stage by stage."""
    tree = parse_html(page.html)
    shown = normal_form(tree.text_content())
    metadata = read_metadata(tree, page.url).metadata
    blocks, features = described_blocks(tree, metadata, page.url)
    score_blocks(blocks, features, WEIGHTS)
    texts = [normal_form(block.text) for block in blocks]
    picked = [text for block, text in zip(blocks, texts, strict=True) if block.score > 0]
    body = article_element(blocks, metadata.title)
    return Stages(
        shown,
        texts,
        [block.element.tag == "figcaption" for block in blocks],
        [sum(f"read by {name}" in row for name in READINGS) for row in features],
        "".join(picked),
        normal_form(body.text_content()) if body is not None else "",
    )


def causes(page: StringPage) -> Counter[str]:
    """Number of the strings of a page that are lost or let in at each stage."""
    found = stages(page)
    lost = [found.why_lost(string) for string in page.wanted if string not in found.result]
    return Counter([*lost, *(found.why_let_in(string) for string in page.unwanted if string in found.result)])

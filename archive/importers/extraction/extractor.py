"""Article extraction from web pages: metadata, and the body without navigation, teasers and comments.

Extraction libraries only select blocks; the body consists of the page's own elements, so that headings, lists, tables,
code, notes and captions keep their form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape

from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction.article_blocks import article_element
from backfile.archive.importers.extraction.block_features import Features, block_features
from backfile.archive.importers.extraction.block_weights import BIAS, WEIGHTS
from backfile.archive.importers.extraction.cleaning import clean_page, wrap_loose_text
from backfile.archive.importers.extraction.page_blocks import PageBlock, page_blocks
from backfile.archive.importers.extraction.page_metadata import read_metadata
from backfile.archive.importers.extraction.readings import read_blocks, read_page
from backfile.archive.importers.extraction.text_similarity import words
from backfile.archive.importers.markdown.footnotes import append_footnotes, mark_footnotes
from backfile.archive.importers.markdown.formulas import mark_formulas
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.model import ArticleMetadata

_MOST_BEFORE_SUMMARY = 60
"""Words of captions and the like before a summary with which a text begins."""
_MARKUP = re.compile(r"<(?:p|br|div)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ExtractedArticle:
    """Article of a page; `body` is Markdown, `canonical` the address that the page declares."""

    metadata: ArticleMetadata
    body: str
    canonical: str | None = None


def extract(tree: HtmlElement, *, url: str | None = None) -> ExtractedArticle:
    """Extracts the article of a parsed page found at `url`; the tree is modified.

    The body is empty if there is no article.
    """
    page = read_metadata(tree, url)
    mark_formulas(tree)
    notes = mark_footnotes(tree)
    body = article_body(tree, page.metadata, page.base)
    if body is not None:
        append_footnotes(body, notes)
    if _is_truncated(body, page.article_body):
        body = _declared_tree(page.article_body)
    return ExtractedArticle(
        metadata=_without_repeated_summary(page.metadata, body),
        body=tree_to_markdown(body, base_url=page.base) if body is not None else "",
        canonical=page.canonical,
    )


def _without_repeated_summary(metadata: ArticleMetadata, body: HtmlElement | None) -> ArticleMetadata:
    """Metadata without a summary that the text begins with, which readers would see twice."""
    summary = words((metadata.summary or "").rstrip(" .…"))
    text = " ".join(body.itertext()) if body is not None else ""
    beginning = words(text)[: len(summary) + _MOST_BEFORE_SUMMARY] if summary else []
    is_repeated = bool(summary) and f" {' '.join(summary)} " in f" {' '.join(beginning)} "
    return replace(metadata, summary=None) if is_repeated else metadata


def article_body(tree: HtmlElement, metadata: ArticleMetadata, base_url: str | None) -> HtmlElement | None:
    """Innermost element that holds the article, pruned of everything else; None if there is no article."""
    blocks, features = described_blocks(tree, metadata, base_url)
    score_blocks(blocks, features, WEIGHTS)
    return article_element(blocks, metadata.title)


def described_blocks(
    tree: HtmlElement, metadata: ArticleMetadata, base_url: str | None
) -> tuple[list[PageBlock], list[Features]]:
    """Blocks of a page, and the features of each; the tree is cleaned for it."""
    clean_page(tree, base_url)
    texts = read_page(tree)
    wrap_loose_text(tree)
    blocks = page_blocks(tree)
    votes = read_blocks(blocks, texts)
    return blocks, block_features(blocks, votes, words(metadata.title), words(metadata.summary or ""))


def score_blocks(blocks: list[PageBlock], features: list[Features], weights: Mapping[str, float]) -> None:
    """Sets the scores of blocks to their weighted features."""
    for block, row in zip(blocks, features, strict=True):
        block.score = weights[BIAS] + sum(weights.get(name, 0) * value for name, value in row.items())


def _is_truncated(body: HtmlElement | None, declared: str) -> bool:
    """Whether a page shows less than half of the text that it declares for machines, as a script would load it."""
    shown = len(body.text_content().split()) if body is not None else 0
    return 2 * shown < len(declared.split())


def _declared_tree(text: str) -> HtmlElement:
    """Tree of a declared text (`articleBody` of schema.org), which may contain markup."""
    if _MARKUP.search(text):
        return parse_html(text)
    return parse_html("".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip()))

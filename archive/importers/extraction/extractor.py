"""Article extraction from web pages: metadata, and the body without navigation, teasers and comments.

Extraction libraries only select blocks; the body consists of the page's own elements, so that headings, lists, tables,
code, notes and captions keep their form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction.blocks import article_element, page_blocks
from backfile.archive.importers.extraction.candidates import agreed_blocks, primary_candidates
from backfile.archive.importers.extraction.cleaning import clean_page, wrap_loose_text
from backfile.archive.importers.extraction.page_metadata import read_metadata
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.model import ArticleMetadata

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
    body = article_body(tree, page.metadata)
    if _is_truncated(body, page.article_body):
        body = _declared_tree(page.article_body)
    return ExtractedArticle(
        metadata=page.metadata,
        body=tree_to_markdown(body, base_url=page.base) if body is not None else "",
        canonical=page.canonical,
    )


def article_body(tree: HtmlElement, metadata: ArticleMetadata) -> HtmlElement | None:
    """Innermost element that holds the article, pruned of everything else; None if there is no article."""
    clean_page(tree)
    texts = primary_candidates(tree)
    wrap_loose_text(tree)
    blocks = page_blocks(tree)
    found = agreed_blocks(blocks, texts, tree)
    return article_element(blocks, found, metadata.title, metadata.summary or "")


def _is_truncated(body: HtmlElement | None, declared: str) -> bool:
    """Whether a page shows less than half of the text that it declares for machines, as a script would load it."""
    shown = len(body.text_content().split()) if body is not None else 0
    return 2 * shown < len(declared.split())


def _declared_tree(text: str) -> HtmlElement:
    """Tree of a declared text (`articleBody` of schema.org), which may contain markup."""
    if _MARKUP.search(text):
        return parse_html(text)
    return parse_html("".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip()))

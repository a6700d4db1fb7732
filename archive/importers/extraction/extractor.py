"""The article in a page: its metadata, and its body without all that stands around it.

Readings of the page by libraries of the field only say which of its blocks are the article: the body is made of the
page's own blocks, so that headings, lists, tables, code, notes and captions keep their form.
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
    """An article as its page has it; `body` is Markdown, `canonical` the address the page gives itself."""

    metadata: ArticleMetadata
    body: str
    canonical: str | None = None


def extract(html: bytes | str, *, url: str | None = None) -> ExtractedArticle:
    """The article in a page that was found at `url`; its body is empty if the page has none.

    Raises `ArchiveError` for what is too large or cannot be parsed.
    """
    return extract_from(parse_html(html), url=url)


def extract_from(tree: HtmlElement, *, url: str | None = None) -> ExtractedArticle:
    """As `extract`, of a parsed page, which is changed on the way."""
    page = read_metadata(tree, url)
    body = article_body(tree, page.metadata)
    if _is_far_shorter(body, page.article_body):
        body = _declared(page.article_body)
    return ExtractedArticle(
        metadata=page.metadata,
        body=tree_to_markdown(body, base_url=page.base) if body is not None else "",
        canonical=page.canonical,
    )


def article_body(tree: HtmlElement, metadata: ArticleMetadata) -> HtmlElement | None:
    """The innermost part of a page that holds its article, cleared of all else; None if there is no article."""
    clean_page(tree)
    texts = primary_candidates(tree)
    wrap_loose_text(tree)
    blocks = page_blocks(tree)
    found = agreed_blocks(blocks, texts, tree)
    return article_element(blocks, found, metadata.title, metadata.summary or "")


def _is_far_shorter(body: HtmlElement | None, declared: str) -> bool:
    """Whether a page shows less than half of what it gives to machines, because a script would load the rest."""
    shown = len(body.text_content().split()) if body is not None else 0
    return 2 * shown < len(declared.split())


def _declared(text: str) -> HtmlElement:
    """The text that a page gives to machines (`articleBody` of schema.org), which has markup at times."""
    if _MARKUP.search(text):
        return parse_html(text)
    return parse_html("".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip()))

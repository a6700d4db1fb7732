"""The text behind an address, for items of which a source has no more than a link or a teaser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction.extractor import ExtractedArticle, extract
from backfile.archive.importers.item import FetchResponse, Item
from backfile.archive.importers.markdown.html_to_markdown import html_to_markdown

ONLY_A_LINK = "only a link; use --fetch"

_PAGES = frozenset({"", "text/html", "application/xhtml+xml", "application/xml", "text/xml"})


def fetch_article(url: str, fetch: Callable[[str], FetchResponse]) -> ExtractedArticle:
    """The article in the page at `url`. Raises `ArchiveError` or `OSError` if it cannot be had or there is none."""
    answer = fetch(url)
    content_type = answer.content_type.partition(";")[0].strip().lower()
    if content_type not in _PAGES:
        raise ArchiveError(f"{url} is {content_type} and no page", hint="save it and import the file")
    page = extract(answer.body, url=answer.url)
    if not page.body.strip():
        raise ArchiveError(f"no article was found in the page at {url}")
    return page


def complete_from_page(item: Item, page: ExtractedArticle) -> Item:
    """Item with the text of its page, and with the metadata of the page where it has none of its own."""
    known = {each.name: getattr(item.metadata, each.name) for each in fields(item.metadata)}
    metadata = replace(page.metadata, **{name: value for name, value in known.items() if value})
    return replace(item, body=page.body, metadata=metadata)


def fragment_to_markdown(html: str, base_url: str | None) -> str:
    """A piece of HTML as Markdown, as `html_to_markdown` has it; empty also for one that holds only comments."""
    return html_to_markdown(f"<div>{html}</div>", base_url=base_url)


def html_to_line(html: str | None) -> str:
    """The words of a piece of HTML (a title, a summary) on one line; of plain text, the text."""
    text = html or ""
    if "<" in text or "&" in text:
        text = parse_html(f"<div>{text}</div>").text_content()
    return " ".join(text.split())

"""Full text of items with only a link or a teaser, fetched from their pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import decode_html, parse_html
from backfile.archive.importers.extraction.extractor import ExtractedArticle, extract
from backfile.archive.importers.item import FetchResponse, Item

_PAGE_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "application/xml", "text/xml"})


def fetch_article(url: str, fetch: Callable[[str], FetchResponse]) -> ExtractedArticle:
    """Fetches a page and extracts its article. Raises `ArchiveError` or `OSError` if there is none."""
    response = fetch(url)
    if response.media_type not in _PAGE_TYPES:
        raise ArchiveError(f"{url} is {response.media_type} and no page", hint="save it and import the file")
    page = extract(parse_html(decode_html(response.body, response.charset)), url=response.url)
    if not page.body.strip():
        raise ArchiveError(f"no article was found in the page at {url}")
    return page


def complete_from_page(item: Item, page: ExtractedArticle) -> Item:
    """Item with the text of its page, and with the metadata of the page where it has none of its own."""
    known = {each.name: getattr(item.metadata, each.name) for each in fields(item.metadata)}
    metadata = replace(page.metadata, **{name: value for name, value in known.items() if value})
    return replace(item, body=page.body, metadata=metadata)

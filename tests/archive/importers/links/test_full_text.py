"""Full text: fetched pages, their encoding and their metadata."""

from __future__ import annotations

import pytest

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import FetchResponse, Item
from backfile.archive.importers.links.full_text import complete_from_page, fetch_article
from backfile.archive.model import ArticleMetadata

URL = "https://post.example/ferry"
PAGE = "<html><head><title>Le café</title><meta name='author' content='Edna Marsh'></head><body><article>{}</article>"
TEXT = "".join(
    f"<p>{number}. La nuit, le bac quitte le café du port avec tous ses passagers.</p>" for number in range(9)
)


def test_the_declared_charset_decodes_a_page_and_its_metadata_fills_gaps() -> None:
    content = PAGE.format(TEXT).encode("cp1252")
    page = fetch_article(URL, lambda url: FetchResponse(url, "text/html; charset=windows-1252", content))
    assert "café du port" in page.body
    item = complete_from_page(Item("1", ArticleMetadata("Le bac"), "Court."), page)
    assert (item.metadata.title, item.metadata.authors, item.body) == ("Le bac", ("Edna Marsh",), page.body)


@pytest.mark.parametrize(("content_type", "content"), [("application/pdf", b"%PDF"), ("text/html", b"<p></p>")])
def test_a_response_without_an_article_is_an_error(content_type: str, content: bytes) -> None:
    with pytest.raises(ArchiveError):
        fetch_article(URL, lambda url: FetchResponse(url, content_type, content))

"""JSON-LD of an article by schema.org."""

from __future__ import annotations

from typing import Any

from backfile.archive.metadata.corrections import read_corrections
from backfile.archive.metadata.identifiers import read_identifiers
from backfile.archive.model import Article
from backfile.archive.web_addresses import address_parts


def is_web_address(address: str | None) -> bool:
    """Whether an address is http or https, with a host, and so safe to link to."""
    parts = address_parts(address)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def url_of_source(article: Article) -> str | None:
    """Address at which an article was first published, if it is safe to link to."""
    source = article.metadata.source
    return source.url if source and is_web_address(source.url) else None


def json_ld(article: Article, url: str, source_url: str | None, archive_title: str) -> dict[str, Any]:
    """Builds a schema.org `NewsArticle` if a source is named, else an `Article`; keys without a value are left out.

    https://schema.org/NewsArticle
    """
    publisher = article.metadata.source.name if article.metadata.source else None
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle" if publisher else "Article",
        "headline": article.metadata.title,
        "url": url,
        "datePublished": article.metadata.date.isoformat() if article.metadata.date else None,
        "dateModified": article.metadata.updated.isoformat() if article.metadata.updated else None,
        "author": [{"@type": "Person", "name": name} for name in article.metadata.authors],
        "keywords": list(article.metadata.topics),
        "description": article.metadata.summary,
        "inLanguage": article.metadata.language,
        "isBasedOn": source_url,
        "identifier": [each.url or each.value for each in read_identifiers(article.extra)],
        "correction": [each.text for each in read_corrections(article.extra) if each.text],
        "publisher": {"@type": "Organization", "name": publisher or archive_title},
    }
    return {key: value for key, value in data.items() if value}

"""What an article says about itself to programs: JSON-LD by schema.org."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from backfile.archive.model import Article


def is_web_address(address: str | None) -> bool:
    """Whether an address can be linked to without harm: http or https, with a host."""
    if not address:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def json_ld(article: Article, url: str, source_url: str | None, archive_title: str) -> dict[str, Any]:
    """schema.org `NewsArticle` if a source is named, else `Article`; keys without a value are left out.

    https://schema.org/NewsArticle
    """
    newspaper = article.metadata.source.name if article.metadata.source else None
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle" if newspaper else "Article",
        "headline": article.metadata.title,
        "url": url,
        "datePublished": article.metadata.date.isoformat() if article.metadata.date else None,
        "dateModified": article.metadata.updated.isoformat() if article.metadata.updated else None,
        "author": [{"@type": "Person", "name": name} for name in article.metadata.authors],
        "keywords": list(article.metadata.topics),
        "description": article.metadata.summary,
        "inLanguage": article.metadata.language,
        "isBasedOn": source_url,
        "publisher": {"@type": "Organization", "name": newspaper or archive_title},
    }
    return {key: value for key, value in data.items() if value}

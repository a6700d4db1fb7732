"""Citations of an article: a plain line, BibTeX, RIS and CSL-JSON.

Formats: BibTeX (`@article` of biblatex, with `date` in ISO 8601), RIS (type NEWS, tags as Zotero and EndNote read
them) and CSL-JSON 1.0 (type `article-newspaper`). Names are given literally: which part of a name is the family name
cannot be known.
"""

from __future__ import annotations

import re
from typing import Any

from archive.model import Article
from web.wording import gettext, spoken

_BIBTEX_SPECIAL = re.compile(r"[\\{}$&#_%~^]")
_BIBTEX_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_LINE_END = re.compile(r"[\r\n]+")


def plain(article: Article, url: str, archive_title: str) -> str:
    """`Author, “Title”, Source, 14 March 2019. https://…`"""
    parts = [
        ", ".join(article.authors),
        gettext("“%(title)s”", title=article.title),
        _publication(article, archive_title),
        spoken(article.date) if article.date else "",
    ]
    return ", ".join(part for part in parts if part) + f". {url}"


def bibtex(article: Article, url: str, archive_title: str) -> str:
    """One `@article` entry; its key is the article's id with nothing but letters, digits, `-`, `.` and `/`."""
    fields = {
        "author": " and ".join("{" + _escape(author) + "}" for author in article.authors),
        "title": "{" + _escape(article.title) + "}",
        "journaltitle": _escape(_publication(article, archive_title)),
        "date": article.date.isoformat() if article.date else "",
        "keywords": _escape(", ".join(article.topics)),
        "langid": article.language or "",
        "url": url,
    }
    key = re.sub(r"[^A-Za-z0-9./-]+", "-", article.id)
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@article{{{key},", *lines, "}", ""])


def ris(article: Article, url: str, archive_title: str) -> str:
    """One RIS record with CRLF line ends."""
    date = article.date
    known = date.isoformat().split("-") if date and date.month else []
    day = "/".join([*known, *[""] * (4 - len(known))]) if known else ""
    fields = [
        ("TY", "NEWS"),
        *(("AU", author) for author in article.authors),
        ("TI", article.title),
        ("T2", _publication(article, archive_title)),
        ("PY", f"{date.year:04d}" if date else ""),
        ("DA", day),
        ("AB", article.summary or ""),
        *(("KW", topic) for topic in article.topics),
        ("LA", article.language or ""),
        ("UR", url),
    ]
    lines = [f"{tag}  - {_LINE_END.sub(' ', value)}" for tag, value in fields if value]
    return "\r\n".join([*lines, "ER  - ", ""])


def csl(article: Article, url: str, archive_title: str) -> list[dict[str, Any]]:
    """A CSL-JSON list with the one item."""
    item: dict[str, Any] = {
        "id": article.id,
        "type": "article-newspaper",
        "title": article.title,
        "container-title": _publication(article, archive_title),
        "URL": url,
    }
    if article.authors:
        item["author"] = [{"literal": author} for author in article.authors]
    if article.date:
        known = (article.date.year, article.date.month, article.date.day)
        item["issued"] = {"date-parts": [[part for part in known if part is not None]]}
    if article.summary:
        item["abstract"] = article.summary
    if article.topics:
        item["keyword"] = ", ".join(article.topics)
    if article.language:
        item["language"] = article.language
    return [item]


def _publication(article: Article, archive_title: str) -> str:
    return article.source.name if article.source and article.source.name else archive_title


def _escape(text: str) -> str:
    return _BIBTEX_SPECIAL.sub(lambda found: _BIBTEX_ESCAPES.get(found[0], "\\" + found[0]), _LINE_END.sub(" ", text))

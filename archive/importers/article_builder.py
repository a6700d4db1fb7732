"""Builds the article of an item: cleans its texts, and converts its values to types that front matter can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time

from backfile.archive.importers.item import Item
from backfile.archive.importers.library.provenance import ALSO_AT, KEY
from backfile.archive.languages import language_code
from backfile.archive.markdown.headings import LONGEST_TITLE, plain_words, title_heading, words_of_value
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.model import Article, ArticleMetadata, PartialDate, Source
from backfile.archive.storage.file_titles import without_suffix

MAX_EXTRA = 32_768
"""Most characters of the further keys; front matter is read up to twice that."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_NEWLINE = re.compile(r"\r\n?|[\x0c\x85\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_PROVENANCE_KEYS = frozenset({KEY, ALSO_AT})
_MAX_TITLE_FROM_BODY = 80
_MAX_LABEL = 25
_ROW = re.compile(r"\s*(?:\||[-*_=`~]{3,})")
_IMAGE_OR_LINK = re.compile(r"\[?!\[[^\]]{0,1000}\]\([^()]*\)(?:\]\([^()]*\))?|\[[^\[\]]*\]\([^()]*\)")


def build_article(item: Item, language: str | None = None) -> Article | None:
    """Article of an item, without a path yet (its path is its title); None if it has neither title nor text.

    `language` is the language of an item that does not state its own.
    """
    body, stated = text(item.body).strip("\n"), item.metadata
    title = _as_read(line(stated.title)[:LONGEST_TITLE]) or _title_from_body(body)
    if not title:
        return None
    return Article(
        id=title,
        path=title,
        metadata=ArticleMetadata(
            title,
            authors=_lines(stated.authors),
            topics=_lines(stated.topics),
            date=stated.date,
            updated=stated.updated if stated.updated != stated.date else None,
            summary=_as_read(line(stated.summary or "")) or None,
            source=_source(stated.source),
            language=language_code(stated.language or "") or language_code(language or ""),
        ),
        body=f"\n{body}\n" if body else "",
        extra=_extra(item.extra),
    )


def place_article(article: Article, path: str, body: str) -> Article:
    """Article at a path below the library, with the body that it has there."""
    return replace(article, id=without_suffix(path), path=path, body=body)


def limit_extra(article: Article) -> tuple[Article, tuple[str, ...]]:
    """Article without its further keys if they are more than its front matter can hold, and a note that says so."""
    if len(repr(article.extra)) <= MAX_EXTRA:
        return article, ()
    return replace(article, extra={}), ("its further keys were too much for front matter and are left out",)


def text(value: str) -> str:
    """Text with `\\n` as line end, without control characters and surrogates."""
    return _SURROGATE.sub("\ufffd", _CONTROLS.sub("", _NEWLINE.sub("\n", value)))


def line(value: str) -> str:
    """Text on one line, with single spaces."""
    return " ".join(text(value).split())


def _as_read(words: str) -> str:
    """Words of a title or summary as a reader of front matter gives them back: without markup."""
    while (read := words_of_value(words)) != words:
        words = read
    return words


def _lines(values: tuple[str, ...]) -> tuple[str, ...]:
    named = (line(value) for value in values)
    return tuple({value.casefold(): value for value in named if value}.values())


def _title_from_body(body: str) -> str:
    """Title for an item without one: a heading of its text, else its first line of running text, shortened."""
    heading = title_heading(body)
    words = heading.text if heading and heading.text else _first_text_line(body)
    if len(words) <= _MAX_TITLE_FROM_BODY:
        return words
    short = words[:_MAX_TITLE_FROM_BODY]
    return (short.rpartition(" ")[0] if " " in short else short) + "…"


def _first_text_line(body: str) -> str:
    """First line that is no table row, image or link, nor a label of these (`Together with`)."""
    lines = [each for each in body.split("\n") if each.strip()]
    for index, each in enumerate(lines):
        is_label = len(each) <= _MAX_LABEL and index + 1 < len(lines) and not _is_text_line(lines[index + 1])
        words = plain_words(each) if _is_text_line(each) and not is_label else ""
        if words:
            return words
    return " ".join(plain_words(lines[0]).replace("|", " ").split()) if lines else ""


def _is_text_line(line: str) -> bool:
    """Whether a line is no table row, rule or fence, and has more than images, links and a label."""
    if _ROW.match(line):
        return False
    others = _IMAGE_OR_LINK.sub("", line)
    return others == line or len(plain_words(others)) > _MAX_LABEL


def _source(source: Source | None) -> Source | None:
    name, url = (line(source.name or ""), line(source.url or "")) if source else ("", "")
    return Source(name or None, url or None) if name or url else None


def _extra(extra: Mapping[str, object]) -> dict[str, object]:
    """Further keys. A key that would be read as an invalid date or language of the article becomes `original_…`."""
    named = {line(str(key)): _plain(value) for key, value in extra.items() if key not in _PROVENANCE_KEYS}
    unclear = {problem.key for problem in map_metadata(named, "", "x.md").problems}
    return {f"original_{key}" if key in unclear else key: value for key, value in named.items() if key}


def _plain(value: object) -> object:
    """Value of a type that front matter can hold; subclasses of `str` and other types become text."""
    if value is None or isinstance(value, bool | int | float | date | time | PartialDate):
        return value
    if isinstance(value, str):
        return text(str(value))
    if isinstance(value, Mapping):
        return {line(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return text(str(value))

"""TEI: editions of texts, corpora of them, and issues of newspapers with several articles.

Format: https://tei-c.org/guidelines/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_entries import read_xml_elements
from backfile.archive.importers.common.xml_to_html import attribute, children, find, find_all, tag_in, xml_text
from backfile.archive.importers.common.xml_trees import local_name, root_name
from backfile.archive.importers.formats.scholarly.tei_text import tei_to_markdown
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem

KIND = "tei"
TITLE = "TEI: editions of texts"

MAX_ENTRY = 50 * 1024 * 1024
"""Limit of one text in bytes."""

_TAG = re.compile(rb"<((?:\w{1,20}:)?TEI(?:\.2)?)[\s>]")
_ROOTS = frozenset({"TEI", "TEI.2", "teiCorpus", "teiCorpus.2"})
_ARTICLE = re.compile(r"(?:news)?articles?\Z|news\Z", re.IGNORECASE)
_BY = re.compile(r"\A(?:by|von|par|por|door|di)\s+", re.IGNORECASE)
_LIFE = re.compile(r",?\s\(?(?:\d{4}\??[-–](?:\d{4}\??)?|b\.\s?\d{4}|d\.\s?\d{4})\)?\.?\Z")
_MIN_REST = 25
"""Words outside the articles of an issue from which they are an article of their own."""


def detect(probe: Probe) -> int:
    """By the first element."""
    return 95 if not probe.is_folder and root_name(probe.head) in _ROOTS else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of texts."""
    return count_matches(path, _TAG)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Texts in the order of the file; each division of type `article` if a text has several. Raises `OSError`."""
    number = 0
    for number, entry in enumerate(read_xml_elements(path, tag_in(path, _TAG, "TEI"), MAX_ENTRY), start=1):
        try:
            if isinstance(entry, Problem):
                context.begin()
                yield entry
            else:
                yield from _events(entry.parse(), path.name if number == 1 else f"text {number}", context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"text {number}: {error}", "look at it in the file")
    if not number:
        yield Problem("", None, "no text is in it", "check what it holds")


def _events(root: Any, name: str, context: ImportContext) -> Iterator[ImportEvent]:
    header = find(root, "teiHeader")
    metadata, extra = _described(root, header, context)
    origin = attribute(root, "id") or name
    texts = children(root, "text") or [root]
    articles = [each for text in texts for each in find_all(text, "div", "div1", "div2") if _is_article(each)]
    if len(articles) < 2:
        context.begin()
        yield _item(texts, root, metadata, extra, origin)
        return
    for number, division in enumerate(articles, start=1):
        try:
            context.begin()
            division.getparent().remove(division)
            own = _described_by_division(division, metadata, context)
            yield _item([division], root, own, extra, attribute(division, "id") or f"{origin}#{number}")
        except ITEM_FAILURES as error:
            yield Problem("", None, f"article {number} of {name}: {error}", "look at it in the file")
    if sum(len(xml_text(each).split()) for each in texts) >= _MIN_REST:
        context.begin()
        yield _item(texts, root, metadata, extra, origin)


def _is_article(division: Any) -> bool:
    if not _ARTICLE.match(attribute(division, "type")):
        return False
    return not any(_ARTICLE.match(attribute(each, "type")) for each in division.iterancestors())


def _item(parts: list[Any], whole: Any, metadata: ArticleMetadata, extra: dict[str, object], origin: str) -> Item:
    body, notes = tei_to_markdown(parts, whole, metadata.title)
    if not body:
        notes = (*notes, "has no text, only its header")
    return Item(origin=origin, metadata=metadata, body=body, extra=extra, notes=notes)


def _described(root: Any, header: Any, context: ImportContext) -> tuple[ArticleMetadata, dict[str, object]]:
    """Metadata and further keys of the header."""
    if header is None:
        return ArticleMetadata(), {}
    statement, published = find(header, "titleStmt"), find(header, "publicationStmt")
    source, creation = find(header, "sourceDesc"), find(header, "creation")
    titles = children(statement, "title")
    main = [each for each in titles if attribute(each, "type") in ("", "main", "full", "a")] or titles
    below = [xml_text(each) for each in titles if attribute(each, "type") in ("sub", "subtitle")]
    journal = [xml_text(each) for each in _all(source, "title") if attribute(each, "level") in ("j", "s", "m")]
    publishers = (_own_text(each) for each in _all(published, "publisher", "authority", "distributor"))
    publisher = next(filter(None, publishers), "")
    dates = (_date(each, context) for holder in (source, creation, published) for each in _all(holder, "date"))
    numbers = {attribute(each, "type").lower(): xml_text(each) for each in _all(header, "idno")}
    address = next((value for value in numbers.values() if value.startswith(("http://", "https://"))), "")
    language = attribute(next(iter(_all(header, "language")), None), "ident") or attribute(find(root, "text"), "lang")
    metadata = ArticleMetadata(
        title=": ".join(filter(None, [xml_text(main[0]) if main else "", *below])),
        authors=_names(children(statement, "author")) or _names(_all(source, "author")),
        topics=tuple(dict.fromkeys(word for each in _all(header, "keywords") for word in _keywords(each))),
        date=next(filter(None, dates), None),
        summary=xml_text(find(header, "profileDesc", "abstract")) or None,
        source=source_of(journal[0] if journal else publisher, address),
        language=language_code(language or attribute(root, "lang")),
    )
    editors = "; ".join(_names(children(statement, "editor")))
    extra = {"editor": editors, "doi": numbers.get("doi", ""), "publisher": publisher if journal else ""}
    return metadata, {key: value for key, value in extra.items() if value}


def _described_by_division(division: Any, issue: ArticleMetadata, context: ImportContext) -> ArticleMetadata:
    """Metadata of an article of an issue: its own headline, byline and date, the rest of the issue."""
    heads = [xml_text(each) for each in children(division, "head") if xml_text(each)]
    bylines = _names(list(find_all(division, "docAuthor"))) or _names(children(division, "byline"))
    dated = next(filter(None, (_date(each, context) for each in find_all(division, "docDate", "date"))), None)
    source = issue.source or source_of(issue.title)
    return replace(
        issue,
        title=heads[0] if heads else "",
        authors=bylines or issue.authors,
        date=dated if issue.date is None else issue.date,
        source=source,
        summary=None,
    )


def _all(holder: Any, *names: str) -> list[Any]:
    return list(find_all(holder, *names)) if holder is not None else []


def _own_text(element: Any) -> str:
    """Name at the beginning of an element, without the address that may follow in elements of its own."""
    return " ".join((element.text or "").split()) or xml_text(element)


def _keywords(holder: Any) -> list[str]:
    terms = [xml_text(each) for each in find_all(holder, "term", "item")]
    return [term for term in terms if term] or [word.strip() for word in xml_text(holder).split(",") if word.strip()]


def _names(elements: list[Any]) -> tuple[str, ...]:
    """Names of persons; one in parts is put together."""
    found: list[str] = []
    for element in elements:
        parts = [xml_text(each) for each in find_all(element, "forename", "surname", "nameLink", "genName")]
        order = [local_name(each.tag) for each in find_all(element, "forename", "surname")]
        if parts and "surname" in order:
            surname_first = order[0] == "surname"
            whole = " ".join(parts[1:] + parts[:1]) if surname_first else " ".join(parts)
        else:
            named = next(iter(find_all(element, "persName", "orgName")), element)
            whole = _LIFE.sub("", _BY.sub("", xml_text(named)))
        found += author_names(whole)
    return tuple(dict.fromkeys(found))


def _date(element: Any, context: ImportContext) -> PartialDate | None:
    """Date of an element by its attributes, else by its words."""
    for written in (attribute(element, "when", "when-iso", "from", "notBefore"), xml_text(element)):
        date, note = date_with_note(written.partition("T")[0] or None, day_first=context.day_first)
        if date is not None and not note:
            return date
    return None

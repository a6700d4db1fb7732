"""JATS and NLM: articles of journals, one a file or several in a set.

Format: https://jats.nlm.nih.gov/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_entries import read_xml_elements
from backfile.archive.importers.common.xml_to_html import attribute, children, find, find_all, tag_in, xml_text
from backfile.archive.importers.common.xml_trees import root_name
from backfile.archive.importers.formats.scholarly.jats_text import jats_to_markdown
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.languages import language_code
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem

KIND = "jats"
TITLE = "JATS: articles of journals"

MAX_ENTRY = 50 * 1024 * 1024
"""Limit of one article in bytes."""

_TAG = re.compile(rb"<((?:\w{1,20}:)?article)[\s>]")
_SIGNS = re.compile(
    rb"//NLM//DTD|<(?:front|article-meta|journal-meta)[\s>]|article-type=|dtd-version=|jats\.nlm\.nih\.gov"
)
_ROOTS = frozenset({"article", "pmc-articleset", "articles", "OAI-PMH"})
_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}  # fmt: skip
_BEST_DATES = ("pub", "epub", "ppub", "epub-ppub", "collection", "preprint", "")


def detect(probe: Probe) -> int:
    """By the first element and the names that only JATS has."""
    if probe.is_folder or root_name(probe.head) not in _ROOTS:
        return 0
    return 95 if _SIGNS.search(probe.head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of articles."""
    return count_matches(path, _TAG)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Articles in the order of the file. Raises `OSError`."""
    number = 0
    for number, entry in enumerate(read_xml_elements(path, tag_in(path, _TAG, "article"), MAX_ENTRY), start=1):
        try:
            context.begin()
            name = path.name if number == 1 else f"article {number}"
            yield entry if isinstance(entry, Problem) else _item(entry.parse(), name)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"article {number}: {error}", "look at it in the file")
    if not number:
        yield Problem("", None, "no article is in it", "check what it holds")


def _item(root: Any, name: str) -> Item:
    front = next(iter(children(root, "front")), None)
    meta, journal = find(root, "article-meta"), find(root, "journal-meta")
    numbers = {attribute(each, "pub-id-type"): xml_text(each) for each in children(meta, "article-id")}
    doi = numbers.get("doi", "")
    address = f"https://doi.org/{doi}" if doi else attribute(next(iter(children(meta, "self-uri")), None), "href")
    body, notes = jats_to_markdown(root, address or None)
    abstracts = [each for each in children(meta, "abstract") if not attribute(each, "abstract-type")]
    summary = "\n\n".join(xml_text(each) for abstract in abstracts for each in _paragraphs(abstract))
    if not body:
        body = plain_to_markdown(summary)
        notes = (*notes, "has no text, only its abstract" if summary else "has no text, only its metadata")
        summary = ""
    metadata = ArticleMetadata(
        title=_title(meta, front),
        authors=_authors(meta),
        topics=tuple(dict.fromkeys(filter(None, (xml_text(each) for each in _all(meta, "kwd"))))),
        date=_date(meta),
        summary=" ".join(summary.split()) or None,
        source=source_of(xml_text(find(journal, "journal-title")) if journal is not None else "", address),
        language=language_code(attribute(root, "lang")),
    )
    return Item(doi or name, metadata, body, extra=_extra(meta, journal, numbers), notes=notes)


def _all(holder: Any, *names: str) -> list[Any]:
    return list(find_all(holder, *names)) if holder is not None else []


def _paragraphs(abstract: Any) -> list[Any]:
    return [each for each in find_all(abstract, "p", "title") if xml_text(each).lower() != "abstract"] or [abstract]


def _title(meta: Any, front: Any) -> str:
    group = next(iter(children(meta, "title-group")), None)
    title = xml_text(find(group, "article-title")) if group is not None else ""
    below = xml_text(find(group, "subtitle")) if group is not None else ""
    if not title and front is not None:
        title = xml_text(find(front, "product", "article-title")) or xml_text(find(front, "product", "source"))
    return ": ".join(filter(None, (title, below)))


def _authors(meta: Any) -> tuple[str, ...]:
    """Authors: persons and groups, not the members of groups; contributors of no type count as authors."""
    found = [
        _person(each)
        for group in children(meta, "contrib-group")
        for each in children(group, "contrib")
        if attribute(each, "contrib-type") in ("author", "")
    ]
    return tuple(dict.fromkeys(filter(None, found)))


def _person(contributor: Any) -> str:
    """Name of a person or a group."""
    groups = children(contributor, "collab")
    for members in [each for group in groups for each in find_all(group, "contrib-group")]:
        members.getparent().remove(members)
    for name in find_all(contributor, "name", "string-name"):
        parts = [xml_text(find(name, part)) for part in ("given-names", "surname", "suffix")]
        surname_first = attribute(name, "name-style") == "eastern"
        whole = " ".join(filter(None, [parts[1], parts[0]] if surname_first else parts))
        return whole or xml_text(name)
    return xml_text(groups[0]) if groups else ""


def _date(meta: Any) -> PartialDate | None:
    """Date of publication: that of the best type that is known to the day, else the first."""
    dates: list[tuple[int, int, PartialDate]] = []
    for each in children(meta, "pub-date"):
        kind = attribute(each, "date-type", "pub-type", "publication-format")
        parts = [_number(xml_text(find(each, name))) for name in ("year", "month", "day")]
        known = parts if all(parts) else parts[:2] if all(parts[:2]) else parts[:1]
        try:
            date = PartialDate(*known)  # type: ignore[arg-type]
        except (ValueError, TypeError):
            continue
        rank = _BEST_DATES.index(kind) if kind in _BEST_DATES else len(_BEST_DATES)
        dates.append((-len(known), rank, date))
    return min(dates, key=lambda each: each[:2])[2] if dates else None


def _number(text: str) -> int | None:
    """Number of a year, month or day; a month may be named."""
    return int(text) if text.isdecimal() else _MONTHS.get(text[:3].lower())


def _extra(meta: Any, journal: Any, numbers: dict[str, str]) -> dict[str, object]:
    """Further keys: numbers of the article and of its place in the journal, section, licence."""
    pages = "–".join(filter(None, (xml_text(next(iter(children(meta, name)), None)) for name in ("fpage", "lpage"))))
    section = next(iter(_all(meta, "subject")), None)
    licence = next(iter(_all(meta, "license")), None)
    found = {
        "doi": numbers.get("doi", ""),
        "pmid": numbers.get("pmid", ""),
        "pmcid": numbers.get("pmc", "") or numbers.get("pmcid", ""),
        "section": xml_text(section),
        "volume": xml_text(next(iter(children(meta, "volume")), None)),
        "issue": xml_text(next(iter(children(meta, "issue")), None)),
        "pages": pages or xml_text(next(iter(children(meta, "elocation-id")), None)),
        "issn": xml_text(next(iter(_all(journal, "issn")), None)),
        "copyright": xml_text(next(iter(_all(meta, "copyright-statement")), None)),
        "license": attribute(licence, "href") or xml_text(licence),
    }
    return {key: value for key, value in found.items() if value}

"""Entries of Zotero RDF, with notes, files and collections.

Format: https://www.zotero.org/support/kb/item_types_and_fields, written by Zotero's translator `Zotero RDF`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.xml_to_html import attribute, children, find, find_all, xml_text
from backfile.archive.importers.common.xml_trees import local_name, parse_xml
from backfile.archive.importers.formats.scholarly.bibliography_entry import BibliographyEntry, named
from backfile.archive.report import Problem

MAX_BYTES = 64 * 1024 * 1024
"""Limit of one file, which is parsed at once: its parts refer to one another."""

NAMESPACE = b"zotero.org/namespaces/export#"
_NO_ENTRIES = frozenset({"Attachment", "Collection", "Memo", "Journal", "Series", "Newspaper", "Periodical"})


def read_zotero_rdf(path: Path) -> Iterator[BibliographyEntry | Problem]:
    """Yields the entries of a file. Raises `OSError`, and `ArchiveError` for a file that is too large or broken."""
    if path.stat().st_size > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="export one collection after another")
    root = parse_xml(path.read_bytes())
    parts = {attribute(each, "about"): each for each in root if isinstance(each.tag, str) and attribute(each, "about")}
    collections = _collections(root)
    for element in root:
        if not isinstance(element.tag, str) or local_name(element.tag) in _NO_ENTRIES:
            continue
        if _text(element, "itemType") in ("attachment", "note", "annotation"):
            continue
        try:
            yield _entry(element, parts, collections)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            yield Problem("", element.sourceline, f"the entry cannot be read: {error}", "look at it in Zotero")


def _collections(root: Any) -> dict[str, list[str]]:
    """Entry → names of its collections."""
    found: dict[str, list[str]] = {}
    for collection in children(root, "Collection"):
        for part in children(collection, "hasPart"):
            found.setdefault(attribute(part, "resource"), []).append(_text(collection, "title"))
    return found


def _text(element: Any, name: str) -> str:
    """Text of the first child of a name."""
    return xml_text(next(iter(children(element, name)), None))


def _entry(element: Any, parts: Mapping[str, Any], collections: Mapping[str, list[str]]) -> BibliographyEntry:
    about = attribute(element, "about")
    entry = BibliographyEntry(about)
    identifiers = [xml_text(each) for each in children(element, "identifier")]
    entry.url = next((each for each in identifiers if each.startswith(("http://", "https://"))), "")
    entry.url = entry.url or (about if about.startswith(("http://", "https://")) else "")
    holder = _holder(element, parts)
    identifiers += [xml_text(each) for each in children(holder, "identifier")]
    entry.doi = next((each.partition(" ")[2] for each in identifiers if each.upper().startswith("DOI")), "")
    subjects = [xml_text(each) for each in children(element, "subject")]
    entry.describe(
        title=_text(element, "title"),
        authors=_names(element, "authors") or _names(element, "editors") or _names(element, "contributors"),
        topics=tuple(dict.fromkeys(filter(None, [*subjects, *collections.get(about, [])]))),
        date=_text(element, "date"),
        language=_text(element, "language"),
    )
    publisher = xml_text(find(element, "publisher", "name"))
    entry.container = _text(holder, "title") if holder is not None else publisher
    entry.abstract = _text(element, "abstract")
    memos = [parts.get(attribute(each, "resource")) for each in children(element, "isReferencedBy")]
    entry.notes = [value for memo in memos if memo is not None and (value := "".join(_values(memo)).strip())]
    attached = [parts.get(attribute(each, "resource")) for each in children(element, "link")]
    entry.files = [path for each in attached if each is not None and (path := _path(each))]
    numbers = {name: _text(element, name) or (_text(holder, name) if holder is not None else "")
               for name in ("volume", "number", "pages", "itemType")}  # fmt: skip
    numbers |= {kind: next((each[len(kind) + 1 :] for each in identifiers if each.upper().startswith(kind)), "")
                for kind in ("ISSN", "ISBN")}  # fmt: skip
    entry.details = named(
        numbers, type="itemType", volume="volume", issue="number", pages="pages", issn="ISSN", isbn="ISBN"
    )
    if entry.container != publisher:
        entry.details["publisher"] = publisher
    return entry


def _values(memo: Any) -> Iterator[str]:
    for value in children(memo, "value"):
        yield from value.itertext()


def _holder(element: Any, parts: Mapping[str, Any]) -> Any:
    """Journal, newspaper or book that an entry is part of; None if it is part of none."""
    for part in children(element, "isPartOf"):
        inner = next((each for each in part if isinstance(each.tag, str)), None)
        return inner if inner is not None else parts.get(attribute(part, "resource"))
    return None


def _names(element: Any, role: str) -> tuple[str, ...]:
    """Names of the persons in a role."""
    found: list[str] = []
    for holder in children(element, role):
        for person in find_all(holder, "Person"):
            given, family = (
                xml_text(
                    find(
                        person,
                        "givenName",
                    )
                ),
                xml_text(find(person, "surname")),
            )
            found.append(" ".join(filter(None, (given or xml_text(find(person, "givenname")), family))))
    return tuple(dict.fromkeys(filter(None, found)))


def _path(attachment: Any) -> str:
    """Path of an attached file; empty for a link to the web."""
    resource = next(iter(children(attachment, "resource")), None)
    path = attribute(resource, "resource") if resource is not None else ""
    return "" if path.startswith(("http://", "https://")) else path

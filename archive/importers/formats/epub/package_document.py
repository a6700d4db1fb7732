"""Package document of an EPUB: metadata, spine, table of contents, landmarks.

EPUB 2 (OPF 2.0.1, NCX) and EPUB 3 (https://www.w3.org/TR/epub-33/).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.xml_trees import local_name, parse_xhtml, parse_xml
from backfile.archive.importers.sources.containers import Member
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.web_addresses import fragment_of

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_FONTS_ONLY = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_ISBN = re.compile(r"(?:urn:)?isbn[:\s]*([\dXx -]{10,17})\Z|(97[89][\d -]{10,14})\Z", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_OLDEST_YEAR = 1000  # the year 101 is a placeholder of some programs
MAX_DEPTH = 12
MAX_XML = 16 * 1024 * 1024
"""Limit of one file that describes the book; that of a whole library in one volume has a tenth of it."""


@dataclass(frozen=True, slots=True)
class TocEntry:
    """Entry of the table of contents: depth (0 on top), label, file and fragment."""

    depth: int
    label: str
    file: str
    fragment: str


@dataclass(frozen=True, slots=True)
class SpineItem:
    """File of the spine, by its name in the archive. `is_linear` is false for auxiliary files."""

    file: str
    is_linear: bool
    is_toc: bool


@dataclass(slots=True)
class Book:
    """Metadata of a book, and its structure. `types` maps files to their type, such as `cover`."""

    metadata: ArticleMetadata
    extra: dict[str, object] = field(default_factory=dict)
    spine: list[SpineItem] = field(default_factory=list)
    toc: list[TocEntry] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)


def read_book(members: Mapping[str, Member]) -> Book:
    """Book in an archive. Raises `ArchiveError` if it is none or is encrypted."""
    path = _package_path(members)
    package = parse_xml(_required(members, path))
    folder = posixpath.dirname(path)
    manifest = {
        each.get("id", ""): (
            resolve_href(folder, each.get("href", "")),
            each.get("media-type", ""),
            each.get("properties", ""),
        )
        for each in _elements(package, "item")
    }
    book = Book(*_metadata(package))
    for each in _elements(package, "itemref"):
        file, kind, properties = manifest.get(each.get("idref", ""), ("", "", ""))
        if file in members and kind in _PAGES:
            book.spine.append(SpineItem(file, each.get("linear") != "no", "nav" in properties.split()))
    if not book.spine:
        raise ArchiveError("is no book: nothing in it is to be read")
    _refuse_encrypted(members, {page.file for page in book.spine})
    for each in _elements(package, "reference"):
        book.types.setdefault(resolve_href(folder, each.get("href", "")), each.get("type", "").lower())
    _read_toc(book, members, manifest.values())
    return book


def _package_path(members: Mapping[str, Member]) -> str:
    root = next(_elements(parse_xml(_required(members, _CONTAINER)), "rootfile"), None)
    return posixpath.normpath(root.get("full-path", "") if root is not None else "")


def _required(members: Mapping[str, Member], name: str) -> bytes:
    if name not in members:
        raise ArchiveError(f"is no whole EPUB: {name} is missing", hint="get it anew")
    return _read(members[name])


def _read(member: Member) -> bytes:
    """Content of a file that describes the book. Raises `ArchiveError` if it exceeds `MAX_XML`."""
    content = member.read()
    if len(content) > MAX_XML:
        raise ArchiveError(f"{member.name}: is larger than {MAX_XML >> 20} MB")
    return content


def _refuse_encrypted(members: Mapping[str, Member], files: set[str]) -> None:
    """Raises `ArchiveError` if chapters are encrypted; obfuscated fonts are harmless."""
    if _ENCRYPTION not in members:
        return
    for data in _elements(parse_xml(_read(members[_ENCRYPTION])), "EncryptedData"):
        method = next(_elements(data, "EncryptionMethod"), None)
        element = next(_elements(data, "CipherReference"), None)
        if method is not None and method.get("Algorithm") in _FONTS_ONLY:
            continue
        if element is not None and resolve_href("", element.get("URI", "")) in files:
            raise ArchiveError("is locked by its seller (DRM)", hint="import a copy that is not")


def _metadata(package: Any) -> tuple[ArticleMetadata, dict[str, object]]:
    """Metadata (Dublin Core) of a book, and its publisher and ISBN."""
    values: dict[str, list[Any]] = {}
    for each in package.iter("{http://purl.org/dc/elements/1.1/}*"):
        values.setdefault(local_name(each.tag), []).append(each)
    refined = {
        (each.get("refines", "").lstrip("#"), each.get("property", "")): _text(each)
        for each in _elements(package, "meta")
    }
    titles = values.get("title", [])
    title = next((each for each in titles if refined.get((each.get("id", ""), "title-type")) == "main"), None)
    title = title if title is not None else next(iter(titles), None)
    metadata = ArticleMetadata(
        title=_text(title) if title is not None else "",
        authors=author_names([_text(each) for each in values.get("creator", []) if _is_author(each, refined)]),
        date=_date(values.get("date", [])),
        language=next(map(_text, values.get("language", [])), "") or None,
        topics=topic_names([_text(each) for each in values.get("subject", [])], key="topics", path=""),
    )
    publisher = next(filter(None, map(_text, values.get("publisher", []))), "")
    isbn = next(filter(None, map(_isbn, values.get("identifier", []))), "")
    return metadata, {key: value for key, value in (("publisher", publisher), ("isbn", isbn)) if value}


def _is_author(creator: Any, refined: Mapping[tuple[str, str], str]) -> bool:
    roles = [value for name, value in creator.attrib.items() if local_name(name) == "role"]
    role = roles[0] if roles else refined.get((creator.get("id", ""), "role"), "aut")
    return role.lower() in ("", "aut", "author") and bool(_text(creator))


def _date(dates: list[Any]) -> PartialDate | None:
    """Date of publication: the date marked so, else one without a mark."""

    def event(each: Any) -> str:
        return next((value for name, value in each.attrib.items() if local_name(name) == "event"), "")

    chosen = next((each for each in dates if "publication" in event(each)), None)
    chosen = chosen if chosen is not None else next((each for each in dates if not event(each)), None)
    date, note = date_with_note(_text(chosen) if chosen is not None else None)
    return date if date and not note and date.year >= _OLDEST_YEAR else None


def _isbn(identifier: Any) -> str:
    scheme = next((v for n, v in identifier.attrib.items() if local_name(n) == "scheme"), "")
    found = _ISBN.match(f"isbn:{_text(identifier)}" if scheme.lower() == "isbn" else _text(identifier))
    return re.sub(r"[ -]", "", found[1] or found[2]) if found else ""


def _read_toc(book: Book, members: Mapping[str, Member], manifest: Iterable[tuple[str, str, str]]) -> None:
    """Reads the table of contents, of EPUB 3 or else of EPUB 2; either may be missing or broken."""
    found: list[TocEntry] = []
    for file, kind, properties in manifest:
        if file not in members:
            continue
        if "nav" in properties.split():
            tree = parse_xhtml(_read(members[file]))
            folder = posixpath.dirname(file)
            found = list(_nav_entries(tree, folder)) or found
            book.types.update(_landmarks(tree, folder))
        elif kind == "application/x-dtbncx+xml" and not found:
            found = list(_ncx_entries(parse_xml(_read(members[file])), posixpath.dirname(file)))
    book.toc = [entry for entry in found if entry.label]


def _nav_entries(tree: Any, folder: str) -> Iterator[TocEntry]:
    for nav in tree.iter("nav"):
        if "toc" in (nav.get("data-type") or "").split():
            for link in nav.iter("a"):
                depth = sum(1 for each in link.iterancestors("ol")) - 1
                yield TocEntry(min(depth, MAX_DEPTH), _text(link), *_target(folder, link.get("href", "")))


def _landmarks(tree: Any, folder: str) -> dict[str, str]:
    links = (link for nav in tree.iter("nav") if nav.get("data-type") == "landmarks" for link in nav.iter("a"))
    return {resolve_href(folder, link.get("href", "")): (link.get("data-type") or "").lower() for link in links}


def _ncx_entries(tree: Any, folder: str) -> Iterator[TocEntry]:
    for point in _elements(tree, "navPoint"):
        label, element = next(_elements(point, "text"), None), next(_elements(point, "content"), None)
        if label is not None and element is not None:
            depth = sum(1 for each in point.iterancestors() if local_name(each.tag) == "navPoint")
            yield TocEntry(min(depth, MAX_DEPTH), _text(label), *_target(folder, element.get("src", "")))


def _target(folder: str, reference: str) -> tuple[str, str]:
    return resolve_href(folder, reference), unquote(fragment_of(reference))


def resolve_href(folder: str, reference: str) -> str:
    """Name in the archive of the target of a reference from `folder`; empty for external targets."""
    if not reference or reference.startswith("#") or _SCHEME.match(reference):
        return ""
    return posixpath.normpath(posixpath.join(folder, unquote(reference.partition("#")[0]))).lstrip("/")


def _elements(tree: Any, name: str) -> Iterator[Any]:
    """Elements with a local name, in any namespace."""
    return (each for each in tree.iter("{*}" + name))


def _text(element: Any) -> str:
    return " ".join("".join(map(str, element.itertext())).split())

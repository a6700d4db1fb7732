"""Persistent identifiers of an article: DOI, ARK, Handle, URN and others in its front matter.

Forms: DOI Handbook §2 (`10.prefix/suffix`), ARK (draft-kunze-ark: `ark:NAAN/name`), Handle (RFC 3650), URN (RFC 8141).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from backfile.archive.metadata.corrections import further_keys
from backfile.archive.metadata.mapping import words
from backfile.archive.metadata.publications import is_url

_KEYS = frozenset(
    (
        *("doi", "citationdoi", "ark", "arkid", "handle", "hdl", "urn", "pid", "purl", "isbn", "issn"),
        *("identifier", "identifiers", "dcidentifier", "persistentidentifier", "permanentidentifier"),
    )
)
_SCHEMES = {"citationdoi": "doi", "arkid": "ark", "hdl": "handle"}
_UNNAMED = frozenset(
    ("identifier", "identifiers", "dcidentifier", "persistentidentifier", "permanentidentifier", "pid", "purl")
)
_TYPES = ("type", "scheme", "kind", "name", "propertyid")
_VALUES = ("value", "id", "identifier", "url", "content")
_DOI = re.compile(
    r"(?:https?://(?:dx\.|www\.)?doi\.org/|(?:info:)?doi[:/]\s*)?(10\.\d{4,9}(?:\.\d+)*/\S+)\Z", re.IGNORECASE
)
_ARK = re.compile(r"(?:https?://[^/\s]+/)?ark:\s*/?([0-9bcdfghjkmnpqrstvwxz]{5,9}/\S+)\Z", re.IGNORECASE)
_HANDLE = re.compile(r"(?:https?://hdl\.handle\.net/|(?:info:)?hdl[:/]\s*)([\w.]+/\S+)\Z", re.IGNORECASE)
_BARE_HANDLE = re.compile(r"[\w.]+/\S+\Z")
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{0,31}:\S+\Z", re.IGNORECASE)


class Identifier(NamedTuple):
    """Identifier: its scheme in lower case (`doi`, `ark`, `handle`, `urn`, `url`; empty if unknown) and its value."""

    scheme: str
    value: str

    @property
    def url(self) -> str | None:
        """Web address that resolves the identifier; None if there is no resolver for all of its scheme."""
        if self.scheme == "url":
            return self.value
        resolvers = {"doi": "https://doi.org/", "ark": "https://n2t.net/", "handle": "https://hdl.handle.net/"}
        base = resolvers.get(self.scheme)
        return base + quote(self.value, safe="/:;()._-~") if base else None


def read_identifiers(extra: Mapping[str, object]) -> tuple[Identifier, ...]:
    """Identifiers in the further front matter of an article, each once, in the order in which they stand there."""
    found = [
        identifier
        for key, value in further_keys(extra)
        if key in _KEYS
        for identifier in _read(value, "" if key in _UNNAMED else _SCHEMES.get(key, key))
    ]
    return tuple(dict.fromkeys(found))


def _read(value: object, scheme: str) -> Iterator[Identifier]:
    if isinstance(value, list):
        for inner in value:
            yield from _read(inner, scheme)
    elif isinstance(value, Mapping):
        yield from _from_mapping({str(key).casefold(): inner for key, inner in value.items()}, scheme)
    elif not isinstance(value, bool) and (text := words(value)):
        yield from _from_text(text, scheme)


def _from_mapping(value: Mapping[str, object], scheme: str) -> Iterator[Identifier]:
    """Yields the identifier of a table with type and value, or those of one from schemes to values."""
    kind = next((words(value[key]).casefold() for key in _TYPES if words(value.get(key))), scheme)
    stated = next((value[key] for key in _VALUES if value.get(key) not in (None, "")), None)
    if stated is not None:
        yield from _read(stated, _SCHEMES.get(kind, kind))
        return
    for key, inner in value.items():
        yield from _read(inner, _SCHEMES.get(key, key))


def _from_text(text: str, scheme: str) -> Iterator[Identifier]:
    """Yields the identifier of a text, by its form; a DOI or ARK that is none (`pending`) is left out."""
    if found := _DOI.match(text):
        yield Identifier("doi", found[1].rstrip(".,;"))
    elif found := _ARK.match(text):
        yield Identifier("ark", f"ark:/{found[1]}")
    elif (found := _HANDLE.match(text)) or (scheme == "handle" and _BARE_HANDLE.match(text)):
        yield Identifier("handle", found[1] if found else text)
    elif _URN.match(text):
        yield Identifier("urn", text)
    elif is_url(text):
        yield Identifier("url", text)
    elif scheme not in ("doi", "ark", "handle", "urn"):
        yield Identifier(scheme, text)

"""Source of an article: name of a publication and URL, found under many keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backfile.archive.metadata.author_names import name_in
from backfile.archive.metadata.name_keys import without_wiki_links
from backfile.archive.model import Source
from backfile.archive.web_addresses import host_of

_URL = re.compile(r"https?://[^\s<>\"]+\Z", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+\Z", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^\s()]+)\)\Z", re.IGNORECASE)
_BRACKETED = re.compile(r"<(https?://[^\s<>]+)>\Z", re.IGNORECASE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_URL_KEYS = ("url", "link", "href", "address")


@dataclass(frozen=True, slots=True)
class SourceMatch:
    """Source with the keys it came from, and the refused addresses that are no web URLs."""

    source: Source | None
    used: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def find_source(names: Iterable[tuple[str, object]], urls: Iterable[tuple[str, object]]) -> SourceMatch:
    """Finds a source in (key, value) pairs that may hold a name and pairs that may hold a URL, best first."""
    name, url = None, None
    used: list[str] = []
    refused: list[tuple[str, str]] = []
    for key, value in names:
        its_name, its_url = _name_and_url(value)
        if (its_name and name is None) or (its_url and url is None):
            name, url = name or its_name, url or its_url
            used.append(key)
    for key, value in urls:
        if key in used or not isinstance(value, str):
            continue
        its_url = _address(value.strip())
        if its_url and url is None:
            url = its_url
            used.append(key)
        elif its_url is None and _SCHEME.match(value.strip()):
            refused.append((key, value.strip()))
    return SourceMatch(Source(name, url) if name or url else None, tuple(used), tuple(refused))


def is_url(text: str) -> bool:
    """Whether a text is an http(s) URL."""
    return _ADDRESS.match(text) is not None


def source_of(name: str, address: str = "") -> Source | None:
    """Source with a name, a web address or both; None if there is neither. Addresses of other schemes are dropped."""
    url = address if is_url(address) else None
    return Source(name or None, url) if name or url else None


def _name_and_url(value: object) -> tuple[str | None, str | None]:
    if isinstance(value, list) and value:
        return _name_and_url(value[0])
    if isinstance(value, Mapping):
        lowered = {str(key).casefold(): inner for key, inner in value.items()}
        address = next((lowered[key] for key in _URL_KEYS if isinstance(lowered.get(key), str)), None)
        return _line(name_in(value)), _address(str(address).strip()) if address else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None, None
    text = without_wiki_links(str(value)).strip()
    linked = _LINK.match(text)
    if linked is not None:
        return _line(linked[1]), _address(linked[2])
    address = _address(text)
    return (None, address) if address else (None if _SCHEME.match(text + " ") and "//" in text else _line(text), None)


def _address(text: str) -> str | None:
    """Web URL (http or https, with a host), or None."""
    bracketed = _BRACKETED.match(text)
    text = bracketed[1] if bracketed else text
    if not _URL.match(text):
        return None
    return text if host_of(text) else None


def _line(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None

"""Addresses on the web: what those of one page have in common, and which ones an article's file gives itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from backfile.archive.metadata.field_names import SOURCE_URL, normal

_FRONT = re.compile(r"\ufeff?\s*(-{3,}|\+\+\+)[ \t]*\r?\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_ENTRY = re.compile(r"^[\"']?([A-Za-z][\w .-]{0,30})[\"']?[ \t]*[:=][ \t]*(.*(?:\n[ \t-]+.*)*)", re.MULTILINE)
_ADDRESS = re.compile(r"https?://(?:[^\s\"'<>,\]}]|,(?=[^\s\"'<>,\]}])(?!https?:))+", re.IGNORECASE)
_ORIGIN = re.compile(rf"\bfrom[\"']?\s*[:=]\s*[\"']?({_ADDRESS.pattern})", re.IGNORECASE)
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|ref|ref_src|cmpid|smid|igshid|share", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ArticleUrls:
    """The addresses in an article's front matter: its `own`, which are that of its source and that from which it was
    imported, and `others` where the same text is."""

    own: tuple[str, ...]
    others: tuple[str, ...]


def url_key(address: str) -> str | None:
    """What addresses of one page have in common; None if the address is none of a single page.

    The scheme, `www.`, a final slash, the fragment and parameters that only say how a reader came there are not told
    apart. A host alone names a publication, not an article.
    """
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc:
        return None
    path = unquote(parts.path).rstrip("/")
    query = urlencode(sorted((k, v) for k, v in parse_qsl(parts.query) if not _TRACKING.fullmatch(k)))
    if not path and not query:
        return None
    return f"{_host(parts.netloc)}{path}?{query}"


def url_host(address: str) -> str | None:
    """The host of an address of the web as `url_key` has it; None for what is no such address."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    return _host(parts.netloc) or None if parts.scheme.lower() in {"http", "https"} else None


def _host(netloc: str) -> str:
    return netloc.lower().removeprefix("www.")


def front_entries(text: str) -> tuple[dict[str, str], str]:
    """The entries of an article's front matter, as they are written, by `archive.spellings.normal` key; and its body.

    The front matter is read line by line, not parsed, to be quick.
    """
    found = _FRONT.match(text)
    block, body = (found[2], text[found.end() :]) if found else ("", text)
    return {normal(entry[1]): entry[2] for entry in _ENTRY.finditer(block)}, body


def addresses_given(entries: dict[str, str]) -> ArticleUrls:
    """The addresses among the entries of an article's front matter."""
    own = [address for key in SOURCE_URL for address in _ADDRESS.findall(entries.get(key, ""))]
    own += _ORIGIN.findall(entries.get("imported", ""))
    return ArticleUrls(tuple(dict.fromkeys(own)), tuple(_ADDRESS.findall(entries.get("alsoat", ""))))

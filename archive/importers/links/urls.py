"""URLs of web pages: the key that different URLs of one page share, and the host of a URL."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode

from backfile.archive.web_addresses import split_address

_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)\Z", re.IGNORECASE)
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|ref|ref_src|cmpid|smid|igshid|share", re.IGNORECASE)


def doi_in(text: str) -> str:
    """DOI in lower case, from its bare form or an address of the resolver; empty if the text is none."""
    found = _DOI.match(text.strip())
    return found[1].rstrip(".,;").lower() if found else ""


def url_key(url: str) -> str | None:
    """Key shared by all URLs of one page; None if `url` is not the URL of a single page.

    The key ignores the scheme, `www.`, a final slash, the fragment, tracking parameters and the order of parameters.
    A URL without path and query names a publication, not an article.
    """
    parts = _split(url)
    if parts is None or not parts.netloc:
        return None
    path = unquote(parts.path).rstrip("/")
    query = urlencode(_parameters(parts.query), errors="backslashreplace")
    return f"{_host(parts)}{path}?{query}" if path or query else None


def _parameters(query: str) -> list[tuple[str, str]]:
    """Parameters of a query in order, without those that track readers; none if it has too many to be one."""
    try:
        return sorted((key, value) for key, value in parse_qsl(query) if not _TRACKING.fullmatch(key))
    except ValueError:
        return [(query, "")]


def origin_key(origin: str) -> str:
    """Key by which origins are compared: `url_key` of a URL, any other origin itself."""
    return url_key(origin) or origin


def url_host(url: str) -> str | None:
    """Host of an http(s) URL without `www.`; None for anything else."""
    parts = _split(url)
    return _host(parts) or None if parts is not None else None


def _split(url: str) -> SplitResult | None:
    parts = split_address(url.strip())
    return parts if parts is not None and parts.scheme in {"http", "https"} else None


def _host(parts: SplitResult) -> str:
    return parts.netloc.lower().removeprefix("www.")

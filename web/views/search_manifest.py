"""Manifest of a search, and the words that cite it: a list that is kept can be understood and made again."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from backfile.archive.model import PartialDate
from backfile.index.caching import Cache, bounded_cache
from backfile.index.engine import MAX_DEPTH, Engine, Fingerprint, Page
from backfile.index.query import Node, to_text
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import format_date, gettext, ngettext
from backfile.web.service.services import services

MANIFEST_PATH = "/search.manifest.json"
FORMAT = 1
MAX_NAME = 60  # characters of a file name before the date
MAX_FINGERPRINTED = 2_000_000  # articles; of more no digest is made

_digests: Cache[str] = bounded_cache(4)
_BETWEEN_WORDS = re.compile(r"[^\w]+")


def export_name(arguments: SearchArguments, day: date | None = None) -> str:
    """Name of a file with a search, without its ending: `night-ferry-2026-11-28`, from its query or its filters."""
    words = arguments.query or " ".join((*arguments.authors, *arguments.topics, arguments.first, arguments.last))
    name = _BETWEEN_WORDS.sub("-", unicodedata.normalize("NFC", words)).strip("-").casefold()[:MAX_NAME].rstrip("-")
    return f"{name or 'articles'}-{(day or datetime.now(UTC).date()).isoformat()}"


def search_manifest(arguments: SearchArguments, query: Node, page: Page, engine: Engine) -> dict[str, Any]:
    """JSON object that describes a search and its exports (docs/api.md); `query` is the one that was carried out.

    `fingerprint` is null for an archive of more than 2,000,000 articles. Raises the errors of the engine.
    """
    status = engine.status()
    return {
        "format": FORMAT,
        "software": f"Backfile {_version()}",
        "archive": services().title,
        "address": services().absolute(arguments.url(page=1)),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "query": {"typed": arguments.query, "read": to_text(query)},
        "filters": {
            "authors": list(arguments.authors),
            "topics": list(arguments.topics),
            "from": arguments.first or None,
            "to": arguments.last or None,
        },
        "order": arguments.sort.value,
        "counts": "articles",
        "total": page.total,
        "stories": page.stories,
        "given": min(page.total, MAX_DEPTH),
        "relaxed": {"required": page.relaxed.required, "of": page.relaxed.of} if page.relaxed else None,
        "notices": [*arguments.notices, *page.notices],
        "articles": status.documents,
        "generation": status.generation,
        "fingerprint": archive_fingerprint(engine) if status.documents <= MAX_FINGERPRINTED else None,
    }


def archive_fingerprint(engine: Engine) -> str:
    """SHA-256 of an archive, `sha256:<hex>`: the same for the same articles, wherever they are. Kept by generation."""
    key = (services().settings.index_folder, engine.status().generation)
    return _digests(key, lambda: digest_of(engine.fingerprints()))


def digest_of(fingerprints: Mapping[str, tuple[str, Fingerprint]]) -> str:
    """SHA-256 over the lines `<id> TAB <digest of the content> LF` in the order of the ids' code points, as UTF-8."""
    digest = hashlib.sha256()
    for article_id, (_, fingerprint) in sorted(fingerprints.items()):
        digest.update(f"{article_id}\t{fingerprint.digest}\n".encode("utf-8", "surrogatepass"))
    return f"sha256:{digest.hexdigest()}"


def cite_search(arguments: SearchArguments, heading: str, total: int) -> str:
    """Words that cite a search: `Search for “night ferry”, 214 articles. The Harbour Post, 28 November 2026. https://…`."""
    today = datetime.now(UTC).date()
    return gettext(
        "Search for “%(heading)s”, %(articles)s. %(archive)s, %(day)s. %(address)s",
        heading=heading,
        articles=ngettext("%(num)s article", "%(num)s articles", total),
        archive=services().title,
        day=format_date(PartialDate(today.year, today.month, today.day)),
        address=services().absolute(arguments.url(page=1)),
    )


@lru_cache(1)
def _version() -> str:
    """Version of the installed package; `(not installed)` when the code runs from a folder."""
    try:
        return version("backfile")
    except PackageNotFoundError:
        return "(not installed)"

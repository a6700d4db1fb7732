"""Provenance of imported articles in their front matter, and the checksum that detects edits.

`imported: {from, kind, on, sha256}` is the last line of the front matter; `also_at: […]` is the line before it if the
text was found elsewhere too. The checksum covers the file without these two lines, and the assets in the article's own
folder. A file whose checksum is the recorded one is as the import left it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.frontmatter.rewriter import yaml_block
from backfile.archive.importers.links.urls import origin_key
from backfile.archive.metadata.field_names import SOURCE_URL, normal
from backfile.archive.model import Source

KEY = "imported"
ALSO_AT = "also_at"

CLOSING = "\n---\n"
"""End of the front matter that `archive.frontmatter.article_text.compose` writes."""

# Controls, line separators, surrogates and other characters that front matter does not give back.
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_OWN_LINES = (f"{KEY}:", f"{ALSO_AT}:")
_ABSOLUTE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+://|urn:|tag:|mid:)\S+\Z")
_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Origin of the imported file at `path`.

    `origin` identifies the item for good, `kind` is its format, `sha256` the checksum of the file as it was written.
    `within` is the label of its source if another source has the same origin with less text; else empty.
    """

    path: str
    origin: str
    kind: str
    sha256: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class ArticleUrls:
    """URLs in an article's front matter: its `own` (its source, its origin), and `others` that have the same text."""

    own: tuple[str, ...]
    others: tuple[str, ...]


def storable(name: str) -> str:
    """Origin, label or address as front matter gives it back; the same name comes out the same at every import."""
    return _UNSTORABLE.sub("\ufffd", name)


def front_data(text: str) -> Mapping[str, object]:
    """Front matter of an article's file; of front matter that is broken, the entries of this module alone."""
    front = parse(text)
    if front.data or not front.problems:
        return front.data
    own = "".join(line for line in front.block.splitlines(keepends=True) if line.startswith(_OWN_LINES))
    return parse(f"---\n{own}---\n").data


def read_provenance(path: str, data: Mapping[str, object]) -> Provenance | None:
    """Provenance in the front matter of the file at `path`; None if it was not imported.

    The kind and the checksum are empty if they were removed.
    """
    value = data.get(KEY)
    if not isinstance(value, Mapping) or not isinstance(value.get("from"), str) or not value["from"]:
        return None
    kind, sha256, within = (str(value.get(key, "")) for key in ("kind", "sha256", "in"))
    return Provenance(path, storable(value["from"]), kind, sha256, within)


def also_at(data: Mapping[str, object]) -> list[str]:
    """Further addresses in the front matter of an article."""
    value = data.get(ALSO_AT)
    addresses = value if isinstance(value, list) else [value] if value else []
    return [storable(str(address)) for address in addresses]


def article_urls(data: Mapping[str, object]) -> ArticleUrls:
    """URLs in the front matter of an article."""
    own = [url for key, value in data.items() if normal(key) in SOURCE_URL for url in _urls(value)]
    imported = data.get(KEY)
    own += _urls(imported.get("from")) if isinstance(imported, Mapping) else ()
    return ArticleUrls(tuple(dict.fromkeys(own)), tuple(_urls(data.get(ALSO_AT))))


def _urls(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _URL.findall(value)
    elif isinstance(value, list | Mapping):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _urls(inner)


def with_provenance(text: str, provenance: Provenance, day: date, also_at: Iterable[str] = ()) -> str:
    """Adds the provenance to the text of a file that `compose` wrote; `day` is that of the import."""
    lines: dict[str, object] = {ALSO_AT: list(also_at)} if also_at else {}
    within = {"in": provenance.within} if provenance.within else {}
    origin = {"from": provenance.origin, **within}
    lines[KEY] = {**origin, "kind": provenance.kind, "on": day, "sha256": provenance.sha256}
    head, closing, body = text.partition(CLOSING)
    return f"{head}\n{yaml_block(lines).rstrip()}{closing}{body}"


def without_provenance(text: str) -> str:
    """Removes the lines that `with_provenance` added."""
    head, closing, body = text.partition(CLOSING)
    return "\n".join(line for line in head.split("\n") if not line.startswith(_OWN_LINES)) + closing + body


def checksum(text: str, assets: Mapping[str, str]) -> str:
    """SHA-256 of an article's file without its provenance, and of its assets (name → their SHA-256)."""
    digest = hashlib.sha256(without_provenance(text.replace("\r\n", "\n")).encode())
    for name, sha256 in sorted(assets.items()):
        digest.update(f"\0{name}\0{sha256}".encode())
    return digest.hexdigest()


def origin_of(label: str, is_folder: bool, name: str) -> str:
    """Origin of an item: a URL, GUID or Message-ID is its own origin; any other name is joined to the source's label.

    `site/posts/a.md`, `export.csv#12`: the same wherever the source lies.
    """
    if _ABSOLUTE.match(name):
        return storable(name)
    if not is_folder and (name == label or label.endswith(f"/{name}")):  # the only item of a file
        return storable(label)
    return storable(f"{label}/{name}" if is_folder else f"{label}#{name}")


def other_addresses(addresses: Iterable[str], origin: str, source: Source | None) -> list[str]:
    """Further addresses of an article: each once, and none that is its source or origin."""
    own = {origin_key(address) for address in (origin, source.url if source else None) if address}
    others: dict[str, str] = {}
    for address in map(storable, filter(None, addresses)):
        others.setdefault(origin_key(address), address)
    return [address for key, address in others.items() if key not in own]

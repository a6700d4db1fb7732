"""What an imported article says of where it came from, and how it is told whether somebody changed it since.

`imported: {from, kind, on, sha256}` is the last line of its front matter, `also_at: […]` the line before, if the same
text was found elsewhere too. The sum is taken over the file without these two lines, and over the files beside it: a
file whose sum is the recorded one is as the import left it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.frontmatter.rewriter import yaml_block
from backfile.archive.frontmatter.yaml_reader import read_yaml

KEY = "imported"
ALSO_AT = "also_at"

CLOSING = "\n---\n"
"""Ends the front matter that `archive.frontmatter.article_text.compose` writes."""

_OWN_LINES = (f"{KEY}:", f"{ALSO_AT}:")
_ABSOLUTE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+://|urn:|tag:|mid:)\S+\Z")
_STAMP = re.compile(rf"^{KEY}: (\{{.*\}})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where an article came from: `origin` for good, the kind of source, the day, and the sum of what was written.

    `within` is the source that it is from if another has the same origin with less text; else empty.
    """

    origin: str
    kind: str
    on: date
    sha256: str
    within: str = ""


def checksum(text: str, beside: Mapping[str, str]) -> str:
    """SHA-256 of an article's file without the lines of this module, and of the files beside it (name → their sum)."""
    head, closing, body = text.replace("\r\n", "\n").partition(CLOSING)
    kept = [line for line in head.split("\n") if not line.startswith(_OWN_LINES)]
    digest = hashlib.sha256("\n".join(kept).encode() + closing.encode() + body.encode())
    for name, sum_of_file in sorted(beside.items()):
        digest.update(f"\0{name}\0{sum_of_file}".encode())
    return digest.hexdigest()


def stamped(text: str, stamp: Stamp, also_at: Iterable[str] = ()) -> str:
    """The text of an article's file, as `archive.frontmatter.article_text.compose` gives it, with its provenance."""
    lines: dict[str, object] = {ALSO_AT: list(also_at)} if also_at else {}
    within = {"in": stamp.within} if stamp.within else {}
    lines[KEY] = {"from": stamp.origin, **within, "kind": stamp.kind, "on": stamp.on, "sha256": stamp.sha256}
    head, closing, body = text.partition(CLOSING)
    return f"{head}\n{yaml_block(lines).rstrip()}{closing}{body}"


def bare(text: str) -> str:
    """An article's file without its provenance, as it was before `stamped`."""
    head, closing, body = text.partition(CLOSING)
    kept = (line for line in head.split("\n") if not line.startswith(_OWN_LINES))
    return "\n".join(kept) + closing + body


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a file says of where it came from: the kind and the sum are empty if they are no longer there."""

    origin: str
    kind: str
    sha256: str
    within: str = ""


def read_stamp(text: str) -> Recorded | None:
    """What a file's front matter records; None if it was not imported.

    Of a file that a person brought into another form the whole front matter is read.
    """
    if KEY not in text[:65_536]:
        return None
    found = _STAMP.search(text, 0, text.find(CLOSING) + 1)
    try:
        value = read_yaml(found[1])[0] if found else parse(text).data.get(KEY)
    except FrontMatterInvalid:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("from"), str):
        return None
    named = (str(value.get(key, "")) for key in ("kind", "sha256", "in"))
    return Recorded(str(value["from"]), *named)


def also_at(text: str) -> list[str]:
    """The further addresses that a file's front matter gives."""
    if ALSO_AT not in text:
        return []
    value = parse(text).data.get(ALSO_AT)
    listed = value if isinstance(value, list) else [value] if value else []
    return [str(address) for address in listed]


def origin_of(label: str, is_folder: bool, name: str) -> str:
    """The origin of an item for good, the same wherever its source lies: an address or GUID as it is, a name within
    a source with the source's own (`label`) before it: `site/posts/a.md`, `export.csv#12`.
    """
    if _ABSOLUTE.match(name):
        return name
    if not is_folder and (name == label or label.endswith(f"/{name}")):  # the one item of a file
        return label
    return f"{label}/{name}" if is_folder else f"{label}#{name}"

"""Web archives: WARC (ISO 28500), also packed with gzip or zstandard, and WACZ, which is a zip of them.

Each page that was answered with success is an article, if there is one in it; pictures, scripts and the rest of a
crawl are passed over in silence.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from backfile.archive.importers.common.html_parser import MAX_BYTES
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.formats.web_pages import read_page
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.sources.containers import ContainerRefused, Member, open_members
from backfile.archive.report import Problem

KIND = "warc"
TITLE = "Web archives: WARC and WACZ"

_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_GZIP, _ZSTANDARD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_RESPONSE = re.compile(rb"^WARC-Type: response", re.MULTILINE | re.IGNORECASE)


def detect(probe: Probe) -> int:
    """By the first line of a record, or by the name of a packed file."""
    if probe.is_folder:
        return 0
    name = probe.path.name.lower()
    if probe.head.startswith(b"WARC/"):
        return 100
    if probe.head.startswith(_ZIP):
        return 95 if name.endswith(".wacz") or b"datapackage.json" in probe.head else 0
    return 95 if probe.head.startswith((_GZIP, _ZSTANDARD)) and re.search(r"\.warc(\.gz|\.zst)?\Z", name) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """How many answers a file that is not packed has; None if it is packed."""
    with path.open("rb") as file:
        is_plain = file.read(5) == b"WARC/"
    return count_matches(path, _RESPONSE) if is_plain else None


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """The articles in the order of the archive."""
    with path.open("rb") as file:
        is_zip = file.read(4) == _ZIP
    if not is_zip:
        with path.open("rb") as stream:
            yield from _articles(stream, path.name)
        return
    try:
        with open_members(path) as members:
            for member in members:
                yield from _member(member, path.name)
    except ContainerRefused as error:
        yield Problem(path.name, None, str(error))


def _member(member: Member | ContainerRefused, name: str) -> Iterator[ImportEvent]:
    if isinstance(member, ContainerRefused):
        yield Problem(name, None, str(member))
    elif re.search(r"\.warc(\.gz|\.zst)?\Z", member.name):
        yield from _articles(io.BytesIO(member.read()), f"{name}/{member.name}")


def _articles(stream: IO[bytes], name: str) -> Iterator[ImportEvent]:
    """The articles of one WARC file. What is broken in it ends it, after all that came before."""
    seen: set[str] = set()
    found_any = False
    try:
        records = ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True)
        for record in records:
            found_any = True
            url = str(record.headers.get("WARC-Target-URI") or "").strip("<>")
            found = _article(record, url)
            if found is not None and url not in seen:
                seen.add(url)
                yield found
    except (OSError, ValueError, EOFError, RuntimeError) as error:
        yield Problem(name, None, f"is broken after {len(seen):,} pages: {error}", "all before came in")
        return
    if not found_any:
        yield Problem(name, None, "has no records of answers in it", "is it a WARC file?")


def _article(record: WarcRecord, url: str) -> ImportEvent | None:
    """What became of one answer; None for what is no page."""
    headers = record.http_headers
    if headers is None:
        return None
    kind = str(record.http_content_type or headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if kind not in _PAGE_TYPES:
        return None
    if headers.status_code != 200:
        return Skipped(url, f"the server answered {headers.status_code}")
    content = record.reader.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        return Problem(url, None, f"is larger than {MAX_BYTES >> 20} MB")
    charset = _CHARSET.search(str(headers.get("Content-Type") or ""))
    found = read_page(content, name=url, url=url, declared=charset[1] if charset else None)
    return _with_time(found, record.record_date)


def _with_time(found: ImportEvent, captured: datetime | None) -> ImportEvent:
    """Notes when a page was captured, for its article may say no date of its own."""
    if not isinstance(found, Item) or captured is None:
        return found
    return replace(found, extra={**found.extra, "captured": captured.date().isoformat()})

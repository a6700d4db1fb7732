"""Web archives: WARC (ISO 28500), also compressed with gzip or Zstandard, and WACZ, a zip of WARC files.

Each successful response with a page is an item. Images, scripts and other responses of a crawl are ignored.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from backfile.archive.importers.common.html_parser import MAX_BYTES
from backfile.archive.importers.common.http_bodies import decode_body
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.formats.web_pages import PAGE_TYPES, read_response
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    FetchResponse,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
)
from backfile.archive.importers.sources.containers import ContainerRefused, Member, open_members
from backfile.archive.report import Problem

KIND = "warc"
TITLE = "Web archives: WARC and WACZ"

_GZIP, _ZSTANDARD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_RESPONSE = re.compile(rb"^WARC-Type: response", re.MULTILINE | re.IGNORECASE)


def detect(probe: Probe) -> int:
    """Confidence from the first line of a record, or from the name of a compressed file."""
    if probe.is_folder:
        return 0
    name = probe.path.name.lower()
    if probe.head.startswith(b"WARC/"):
        return 100
    if probe.head.startswith(_ZIP):
        return 95 if name.endswith(".wacz") or b"datapackage.json" in probe.head else 0
    return 95 if probe.head.startswith((_GZIP, _ZSTANDARD)) and re.search(r"\.warc(\.gz|\.zst)?\Z", name) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of responses in an uncompressed file; None if it is compressed."""
    with path.open("rb") as file:
        is_plain = file.read(5) == b"WARC/"
    return count_matches(path, _RESPONSE) if is_plain else None


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the articles in the order of the archive."""
    with path.open("rb") as file:
        is_zip = file.read(4) == _ZIP
    if not is_zip:
        with path.open("rb") as stream:
            yield from _articles(stream, path.name, context)
        return
    try:
        with open_members(path) as members:
            for member in members:
                yield from _member(member, path.name, context)
    except ContainerRefused as error:
        yield Problem(path.name, None, str(error))


def _member(member: Member | ContainerRefused, name: str, context: ImportContext) -> Iterator[ImportEvent]:
    if isinstance(member, ContainerRefused):
        yield Problem(name, None, str(member))
    elif re.search(r"\.warc(\.gz|\.zst)?\Z", member.name):
        try:
            stream = io.BytesIO(member.read())
        except ContainerRefused as error:
            yield problem_from(f"{name}/{member.name}", error)
            return
        yield from _articles(stream, f"{name}/{member.name}", context)


def _articles(stream: IO[bytes], name: str, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the articles of one WARC file; a broken record ends it."""
    seen: set[str] = set()
    has_responses = False
    try:
        records = ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True)
        for record in records:
            has_responses = True
            url = str(record.headers.get("WARC-Target-URI") or "").strip("<>")
            if url not in seen and _is_page(record):
                content = record.reader.read(MAX_BYTES + 1)
                seen.add(url)
                yield _event(record, url, content, context)
    except (OSError, ValueError, EOFError, RuntimeError) as error:
        yield Problem(name, None, f"is broken after {len(seen):,} pages: {error}", "all before came in")
        return
    if not has_responses:
        yield Problem(name, None, "has no records of answers in it", "is it a WARC file?")


def _is_page(record: WarcRecord) -> bool:
    return record.http_headers is not None and (record.http_content_type or "").lower() in PAGE_TYPES


def _event(record: WarcRecord, url: str, content: bytes, context: ImportContext) -> ImportEvent:
    try:
        context.begin()
        return _article(record, url, content)
    except ITEM_FAILURES as error:
        return problem_from(url, error)


def _article(record: WarcRecord, url: str, content: bytes) -> ImportEvent:
    """Article of one page, with the day of its capture."""
    headers = record.http_headers
    if headers.status_code != 200:
        return Skipped(url, f"the server answered {headers.status_code}")
    if len(content) > MAX_BYTES:
        return Problem(url, None, f"is larger than {MAX_BYTES >> 20} MB")
    codings = {name: str(headers.get(name) or "") for name in ("transfer-encoding", "content-encoding")}
    content, note = decode_body(content, codings, MAX_BYTES)
    event = read_response(FetchResponse(url, str(headers.get("Content-Type") or ""), content), url)
    if not isinstance(event, Item):
        return Problem(url, None, note, "crawl the page again") if note else event
    day = {"captured": record.record_date.date().isoformat()} if record.record_date else {}
    return replace(event, extra={**event.extra, **day}, notes=(*event.notes, *filter(None, (note,))))

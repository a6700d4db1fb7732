"""MHTML: pages saved with their images as one MIME message (RFC 2557), by Chromium, Edge, Opera and Word."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.web_pages import read_page
from backfile.archive.importers.item import (
    Asset,
    ImportContext,
    ImportEvent,
    Probe,
    Skipped,
    problem_from,
    read_file,
)

KIND = "mhtml"
TITLE = "MHTML: pages saved in one file with their pictures"

_MULTIPART = re.compile(rb"^Content-Type:\s*multipart/related", re.IGNORECASE | re.MULTILINE)
_PAGE_HEADER = re.compile(rb"^(?:Snapshot-Content-Location|X-MimeOLE|X-Snapshot):|Saved by|text/html", re.I | re.M)


def detect(probe: Probe) -> int:
    """Confidence from the headers of a `multipart/related` message with a page; a mail has a recipient."""
    if probe.is_folder or not _MULTIPART.search(probe.head[:4096]):
        return 0
    if probe.path.name.lower().endswith((".mhtml", ".mht")) or b"Snapshot-Content-Location:" in probe.head[:4096]:
        return 95
    is_mail = re.search(rb"^(?:To|Received|Delivered-To):", probe.head[:4096], re.IGNORECASE | re.MULTILINE)
    return 60 if _PAGE_HEADER.search(probe.head[:4096]) and not is_mail else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of articles: one."""
    return 1


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the page of the file."""
    try:
        message = email.message_from_bytes(read_file(path), policy=email.policy.default)
    except (ArchiveError, OSError) as error:
        yield problem_from(path.name, error)
        return
    parts = [part for part in message.walk() if isinstance(part, EmailMessage) and not part.is_multipart()]
    page = next((part for part in parts if part.get_content_type() in ("text/html", "application/xhtml+xml")), None)
    if page is None:
        yield Skipped(path.name, "has no page in it")
        return
    url = _header(message, "Snapshot-Content-Location") or _header(page, "Content-Location") or context.url
    url = url if url and url.lower().startswith(("http://", "https://")) else None
    others = (part for part in parts if part is not page)
    files = {name: Asset("", partial(_payload, part)) for part in others for name in _references(part)}
    yield read_page(_payload(page), name=path.name, url=url, charset=page.get_content_charset(), find_file=files.get)


def _header(message: object, name: str) -> str:
    """Raw header, unfolded, because the parser of the standard library rejects some that browsers write."""
    raw = dict(getattr(message, "raw_items", list)()).get(name, "")
    return "".join(str(raw).split())


def _references(part: EmailMessage) -> Iterator[str]:
    """Yields the URLs by which the page may refer to a part: its location, and `cid:` with its id (RFC 2392)."""
    if _header(part, "Content-Location"):
        yield _header(part, "Content-Location")
    if _header(part, "Content-ID"):
        yield f"cid:{_header(part, 'Content-ID').strip('<>')}"


def _payload(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""

"""Newsletters and other e-mail: single messages (EML, EMLX) and mailboxes (mbox), read message by message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from pathlib import Path
from typing import IO

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.formats.mail.message_body import read_body
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata, Source
from backfile.archive.report import Problem

KIND = "newsletter"
TITLE = "Newsletters and other e-mail: EML, EMLX and mbox"

MAX_BYTES = 50 * 1024 * 1024
"""Limit of one message; mail servers accept less."""

_MBOX = re.compile(rb"From \S.*\r?\n(?:[!-9;-~]+:|>?From )")
_HEADER_LINE = re.compile(rb"[!-9;-~]+:|>?From ")
_ESCAPED_FROM = re.compile(rb">+From ")
_EMLX = re.compile(rb"\A[ \t]*(\d{1,10})[ \t]*\r?\n(?=[!-9;-~]+:)")
_LONGEST_LINE = 1 << 20
_FIELD = re.compile(rb"^([!-9;-~]{1,70}):", re.MULTILINE)
_COMMON_FIELDS = frozenset(
    {b"from", b"subject", b"date", b"message-id", b"mime-version", b"received", b"to", b"return-path"}
)
_ADDRESS = re.compile(r"https?://[^\s<>,]+")
_SEPARATOR_LINE = re.compile(rb"^From (?=\S+ +\S)", re.MULTILINE)


def detect(probe: Probe) -> int:
    """By the separator line of a mailbox, or by at least three header fields common to all messages."""
    head = _EMLX.sub(b"", probe.head.lstrip(b"\xef\xbb\xbf\r\n"))
    if _MBOX.match(head):
        return 96
    top = head.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    fields = {name.lower() for name in _FIELD.findall(top)}
    is_head = _FIELD.match(top) is not None and len(fields & _COMMON_FIELDS) >= 3
    is_page = b"snapshot-content-location" in fields  # MHTML of a browser
    return 88 if is_head and b"from" in fields and not is_page else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of separator lines in a mailbox; one for a single message."""
    return max(1, count_matches(path, _SEPARATOR_LINE))


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Messages in the order of the mailbox. Raises `OSError`."""
    with path.open("rb") as file:
        is_mbox = _MBOX.match(file.read(4096).lstrip(b"\xef\xbb\xbf\r\n")) is not None
    for number, content in enumerate(_mailbox(path) if is_mbox else _single_message(path), start=1):
        if content is None:
            reason = f"message {number} is larger than {MAX_BYTES >> 20} MB"
            yield Problem("", None, reason, "remove what is attached to it")
            continue
        try:
            context.begin()
            yield _event(_parse(content), number)
        except (*ITEM_FAILURES, MessageError, LookupError, TypeError, AttributeError) as error:
            # the standard parser raises each of these for some kind of broken header
            yield Problem("", None, f"message {number} cannot be read: {error}", "open it in a mail program")


def _single_message(path: Path) -> Iterator[bytes | None]:
    """Raw message of a file; of one of Apple Mail (EMLX) without the length above it and the properties below."""
    if path.stat().st_size > MAX_BYTES:
        yield None
        return
    content = path.read_bytes()
    length = _EMLX.match(content)
    yield content[length.end() :][: int(length[1])] if length else content


def _mailbox(path: Path) -> Iterator[bytes | None]:
    """Raw messages of a mailbox, one in memory at a time; None for one that is too large."""
    with path.open("rb") as file:
        yield from _messages(file)


def _messages(file: IO[bytes]) -> Iterator[bytes | None]:
    """Raw messages between the separator lines of a mailbox (RFC 4155); None for one larger than `MAX_BYTES`.

    A line of text that begins with `From ` separates nothing: a header line follows a separator. The mark before such
    a line (`>From `) is taken away.
    """
    pieces: list[bytes] | None = None
    size = 0
    line = file.readline(_LONGEST_LINE)
    while line:
        below = file.readline(_LONGEST_LINE)
        if line.startswith(b"From ") and _HEADER_LINE.match(below):
            if pieces is not None:
                yield b"".join(pieces) if size <= MAX_BYTES else None
            pieces, size = [], 0
        elif pieces is not None:
            if _ESCAPED_FROM.match(line):
                line = line[1:]
            size += len(line)
            if size <= MAX_BYTES:
                pieces.append(line)
        line = below
    if pieces is not None:
        yield b"".join(pieces) if size <= MAX_BYTES else None


def _parse(content: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(content)


def _event(message: EmailMessage, number: int) -> ImportEvent:
    title = _header(message, "Subject")
    origin = _origin(message, number)
    if not message.keys():
        return Problem("", None, f"message {number} has no head", "check that it is an e-mail")
    if _header(message, "Auto-Submitted").lower() == "auto-replied" or message.get_content_type() == "multipart/report":
        return Skipped(origin, "an automatic answer")
    address = _address(message)
    body = read_body(message)
    left_out = f"left out what is attached: {', '.join(body.left_out)}" if body.left_out else ""
    if not title and not body.text:
        return Skipped(origin, "has neither subject nor text")
    date, note = date_with_note(_header(message, "Date"))
    name, mailbox_address = parseaddr(_header(message, "From"))
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=title,
            authors=author_names([name]) if name and "@" not in name else (),
            date=date,
            source=_source(message, name or mailbox_address, address),
            language=_header(message, "Content-Language").partition(",")[0] or None,
        ),
        body=body.text,
        assets=tuple(body.pictures.values()),
        notes=tuple(filter(None, (left_out, note))),
    )


def _header(message: EmailMessage, name: str) -> str:
    """Header on one line, decoded; empty if missing."""
    return " ".join(str(message.get(name, "")).split())


def _origin(message: EmailMessage, number: int) -> str:
    """Address of a message by its id (RFC 2392), else its number in the mailbox."""
    named = _header(message, "Message-ID").strip("<> ")
    return f"mid:{named}" if named and " " not in named else f"message-{number}"


def _address(message: EmailMessage) -> str:
    """Address of the message in a web archive (RFC 5064); empty if it gives none."""
    found = _ADDRESS.search(_header(message, "Archived-At") or _header(message, "X-Archived-At"))
    return found[0] if found else ""


def _source(message: EmailMessage, sender: str, address: str) -> Source | None:
    """Name of the mailing list (`The Post <post.example.org>`, RFC 2919), else the sender."""
    list_name = _header(message, "List-Id").partition("<")[0].strip(' "')
    return source_of(list_name or sender, address)

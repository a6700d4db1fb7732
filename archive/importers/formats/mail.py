"""Newsletters and other e-mail: single messages (EML) and mailboxes (mbox), read message by message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import IO, cast

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.item import ITEM_FAILURES, Asset, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.library.file_names import asset_name
from backfile.archive.importers.markdown.email_html import email_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata, Source
from backfile.archive.report import Problem

KIND = "newsletter"
TITLE = "Newsletters: EML and mbox"

MAX_BYTES = 50 * 1024 * 1024
"""Limit of one message; mail servers accept less."""

_MBOX = re.compile(rb"From \S.*\r?\n(?:[!-9;-~]+:|>?From )")
_HEADER_LINE = re.compile(rb"[!-9;-~]+:|>?From ")
_LONGEST_LINE = 1 << 20
_FIELD = re.compile(rb"^([!-9;-~]{1,70}):", re.MULTILINE)
_COMMON_FIELDS = frozenset(
    {b"from", b"subject", b"date", b"message-id", b"mime-version", b"received", b"to", b"return-path"}
)
_ADDRESS = re.compile(r"https?://[^\s<>,]+")
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_MAX_PICTURE = 10 * 1024 * 1024
_SEPARATOR_LINE = re.compile(rb"^From (?=\S+ +\S)", re.MULTILINE)


def detect(probe: Probe) -> int:
    """By the separator line of a mailbox, or by at least three header fields common to all messages."""
    head = probe.head.lstrip(b"\xef\xbb\xbf\r\n")
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
    yield path.read_bytes() if path.stat().st_size <= MAX_BYTES else None


def _mailbox(path: Path) -> Iterator[bytes | None]:
    """Raw messages of a mailbox, one in memory at a time; None for one that is too large."""
    with path.open("rb") as file:
        yield from _messages(file)


def _messages(file: IO[bytes]) -> Iterator[bytes | None]:
    """Raw messages between the separator lines of a mailbox (RFC 4155); None for one larger than `MAX_BYTES`.

    A line of text that begins with `From ` separates nothing: a header line follows a separator.
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
    body, assets, notes = _body(message)
    if not title and not body:
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
        body=body,
        assets=assets,
        notes=(*notes, *filter(None, (note,))),
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


def _body(message: EmailMessage) -> tuple[str, tuple[Asset, ...], tuple[str, ...]]:
    """Text of a message, HTML preferred; its inline images; a note on attachments that are left out."""
    part = message.get_body(preferencelist=("html", "plain"))
    pictures, others = _attachments(message)
    notes = (f"left out what is attached: {', '.join(others)}",) if others else ()
    if part is None:
        return "", (), notes
    text = _text(part)
    if part.get_content_type() != "text/html":
        return plain_to_markdown(text.replace("\r\n", "\n").strip("\n")), (), notes
    names = {cid: name for cid, (name, _) in pictures.items()}
    body = email_to_markdown(text, pictures=names)
    assets = tuple(Asset(name, partial(_load_picture, content)) for name, content in pictures.values() if name in body)
    return body, assets, notes


def _text(part: MIMEPart) -> str:
    """Text of a part; as UTF-8 if its encoding is unknown."""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        return cast(bytes, part.get_payload(decode=True) or b"").decode("utf-8", errors="replace")


def _attachments(message: EmailMessage) -> tuple[dict[str, tuple[str, EmailMessage]], list[str]]:
    """Content id → file name and part of each inline image; file names of all other attachments."""
    pictures: dict[str, tuple[str, EmailMessage]] = {}
    others = []
    for part in message.walk():
        file_name = part.get_filename() or ""
        cid = str(part.get("Content-ID", "")).strip("<> ")
        if cid and part.get_content_type() in _PICTURES:
            ending = part.get_content_subtype().replace("jpeg", "jpg")
            stem = Path(asset_name(file_name) or "picture").stem
            pictures[cid] = (f"{stem}-{len(pictures) + 1}.{ending}", part)
        elif file_name and part.get_content_disposition() == "attachment":
            others.append(" ".join(file_name.split()))
    return pictures, others


def _load_picture(part: MIMEPart) -> bytes:
    content = cast(bytes, part.get_payload(decode=True) or b"")
    if len(content) > _MAX_PICTURE:
        raise ArchiveError(f"is larger than {_MAX_PICTURE >> 20} MB", hint="leave it out")
    return content

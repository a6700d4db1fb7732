"""Body of an e-mail: its parts in their order (RFC 2046), the better of alternatives, forwarded messages, pictures."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from backfile.archive.errors import ArchiveError, ArticleUnreadable
from backfile.archive.importers.common.html_parser import decode_html
from backfile.archive.importers.formats.mail.plain_body import plain_part_to_markdown
from backfile.archive.importers.item import Asset
from backfile.archive.importers.library.file_names import asset_name
from backfile.archive.importers.markdown.email_html import email_to_markdown
from backfile.archive.importers.markdown.escaping import escape_inline
from backfile.archive.importers.markdown.plain_to_markdown import looks_like_html
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.storage.decoding import detect_encoding

MAX_DEPTH = 8
"""Limit of messages and parts in each other."""

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_MAX_PICTURE = 10 * 1024 * 1024
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_OTHER_SCREENS = frozenset({"text/x-amp-html", "text/watch-html"})  # the same once more, for other programs
_NO_TEXT = frozenset(
    {"calendar", "csv", "vcard", "x-vcard", "directory", "rtf", "richtext", "xml", "css", "javascript"}
)
_DATA_SOURCE = re.compile(
    r"(?<=src=[\"'])data:image/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s]{400,})(?=[\"'])", re.IGNORECASE
)
# Encodings that programs state for their extensions (https://encoding.spec.whatwg.org/#names-and-labels).
_WIDER_ENCODINGS = {
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk"), "gb18030"),
    **dict.fromkeys(("iso-8859-1", "latin1", "us-ascii", "ascii"), "cp1252"),
    "iso-8859-9": "cp1254",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_IN_ASCII = re.compile(r"utf-?7|utf-?16|iso-2022|hz", re.IGNORECASE)  # of these the bytes are UTF-8 as well
_CID = re.compile(r"cid:([^\"'\s<>)]+)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_SHORTER = 4
"""Times as many words has a plain text beside which an HTML text is no more than a frame around nothing."""


@dataclass(slots=True)
class MessageBody:
    """Body of a message or a part: Markdown in `pieces`, `pictures` by file name, names of what is `left_out`."""

    pieces: list[str] = field(default_factory=list)
    pictures: dict[str, Asset] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    is_html: bool = False

    @property
    def text(self) -> str:
        """Markdown, with a remark for readers on what was attached."""
        remark = [f"*(attached, not imported: {escape_inline(', '.join(self.left_out))})*"] if self.left_out else []
        return "\n\n".join([*self.pieces, *remark])

    @property
    def words(self) -> int:
        """Number of words."""
        return sum(len(_WORD.findall(piece)) for piece in self.pieces)

    def add(self, other: MessageBody) -> None:
        """Adds the body of a part below."""
        self.pieces += other.pieces
        self.pictures |= other.pictures
        self.left_out += other.left_out
        self.is_html = self.is_html or other.is_html


def read_body(message: EmailMessage) -> MessageBody:
    """Body of a message. Raises `ArchiveError` for HTML that is too large or cannot be parsed."""
    reader = _BodyReader(_pictures_by_id(message))
    body = reader.part(message, 0)
    body.pieces = [piece for piece in body.pieces if piece not in reader.shown_in_html()]
    body.left_out = list(dict.fromkeys(body.left_out))
    text = body.text
    body.pictures = {name: asset for name, asset in body.pictures.items() if name in text}
    return body


def _pictures_by_id(message: EmailMessage) -> dict[str, tuple[str, MIMEPart]]:
    """Content id → file name and part of each picture that has one."""
    found: dict[str, tuple[str, MIMEPart]] = {}
    for part in message.walk():
        cid = str(part.get("Content-ID", "")).strip("<> ")
        if cid and part.get_content_type() in _PICTURES:
            found[cid] = (_picture_name(part, len(found) + 1), part)
    return found


def _picture_name(part: MIMEPart, number: int) -> str:
    ending = part.get_content_subtype().replace("jpeg", "jpg")
    return f"{Path(asset_name(part.get_filename() or '') or 'picture').stem}-{number}.{ending}"


class _BodyReader:
    """Reader of one message; `pictures` maps content ids to the pictures of all its parts."""

    def __init__(self, pictures: dict[str, tuple[str, MIMEPart]]) -> None:
        self._pictures = pictures
        self._number = len(pictures)
        self._referenced: set[str] = set()

    def shown_in_html(self) -> set[str]:
        """Pieces with pictures that HTML shows at its own place, or hides."""
        return {f"![]({name})" for cid, (name, _) in self._pictures.items() if cid in self._referenced}

    def part(self, part: MIMEPart, depth: int) -> MessageBody:
        """Body of a part and of all parts in it."""
        kind = part.get_content_type()
        if depth > MAX_DEPTH:
            return MessageBody(left_out=["parts in parts"])
        if kind == "multipart/encrypted":
            return MessageBody(left_out=["its text, which is encrypted"])
        if kind in ("message/rfc822", "message/global"):
            return self._forwarded(part, depth)
        if not part.is_multipart():
            return self._single(part)
        children = list(part.iter_parts())
        if kind == "multipart/related":
            return self._related(part, children, depth)
        bodies = [
            _below_subject(each, self.part(each, depth + 1))
            for each in children[: 1 if kind == "multipart/signed" else None]
        ]
        return _best(bodies) if kind == "multipart/alternative" else _joined(bodies)

    def _related(self, part: MIMEPart, children: list[MIMEPart], depth: int) -> MessageBody:
        """Root of related parts, with the pictures that it shows; others come below."""
        start = str(part.get_param("start", ""))
        root = next((each for each in children if start and str(each.get("Content-ID", "")).strip() == start), None)
        root = root or next((each for each in children if each.get_content_maintype() in ("text", "multipart")), None)
        body = self.part(root, depth + 1) if root is not None else MessageBody()
        for each in children:
            if each is not root:
                body.add(self._single(each))
        return body

    def _forwarded(self, part: MIMEPart, depth: int) -> MessageBody:
        """Message in a message, below a line with its subject, sender and date."""
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        if not isinstance(inner, EmailMessage):
            return MessageBody(left_out=["a forwarded message"])
        sender, address = parseaddr(_header(inner, "From"))
        day = date_with_note(_header(inner, "Date"))[0]
        subject = _header(inner, "Subject")
        named = ", ".join(filter(None, (sender or address.partition("@")[0], day.isoformat() if day else "")))
        lines = [f"**{escape_inline(subject)}**"] if subject else []
        body = MessageBody(["---", "\\\n".join([*lines, *([escape_inline(named)] if named else [])])])
        body.add(self.part(inner, depth + 1))
        return body

    def _single(self, part: MIMEPart) -> MessageBody:
        kind, name = part.get_content_type(), " ".join((part.get_filename() or "").split())
        if kind in _PICTURES:
            return self._picture(part)
        if kind in _OTHER_SCREENS or kind in _SIGNATURES:
            return MessageBody()
        is_text = part.get_content_maintype() == "text" and part.get_content_subtype() not in _NO_TEXT
        is_broken = part.get_content_maintype() == "multipart"  # without the boundary that it announces
        if part.get_content_disposition() == "attachment" or not (is_text or is_broken):
            return MessageBody(left_out=[name or kind] if part.get_payload() else [])
        text = _text(part)
        if kind == "text/html" and looks_like_html(text):
            return self._html(text)
        markdown, files = plain_part_to_markdown(part, text)
        return MessageBody([markdown] if markdown else [], left_out=list(files))

    def _html(self, text: str) -> MessageBody:
        pictures = {name: Asset(name, partial(_load_picture, part)) for name, part in self._pictures.values()}

        def name_embedded(found: re.Match[str]) -> str:
            self._number += 1
            name = f"embedded-{self._number}.{found[1].lower().replace('jpeg', 'jpg')}"
            pictures[name] = Asset(name, partial(_decoded, found[2]))
            return f"cid:{name}"

        html = _DATA_SOURCE.sub(name_embedded, text)
        self._referenced |= {unquote(cid) for cid in _CID.findall(html)}
        names = {cid: name for cid, (name, _) in self._pictures.items()} | {name: name for name in pictures}
        markdown = email_to_markdown(html, pictures=names)
        return MessageBody([markdown] if markdown else [], pictures, is_html=True)

    def _picture(self, part: MIMEPart) -> MessageBody:
        """Picture between texts, unless HTML shows it by its id."""
        cid = str(part.get("Content-ID", "")).strip("<> ")
        if cid in self._pictures:
            name = self._pictures[cid][0]
        else:
            self._number += 1
            name = _picture_name(part, self._number)
        return MessageBody([f"![]({name})"], {name: Asset(name, partial(_load_picture, part))})


def _below_subject(part: MIMEPart, body: MessageBody) -> MessageBody:
    """Body of a part below its own subject, which the parts of a digest have."""
    subject = _header(part, "Subject")
    if subject and body.pieces and part.get_content_maintype() == "text":
        body.pieces.insert(0, f"**{escape_inline(subject)}**")
    return body


def _joined(bodies: list[MessageBody]) -> MessageBody:
    joined = MessageBody()
    for body in bodies:
        joined.add(body)
    return joined


def _best(bodies: list[MessageBody]) -> MessageBody:
    """Best of alternatives: the last in HTML, unless a plain one has much more text; names what no program shows."""
    readable = [body for body in bodies if body.pieces]
    if not readable:
        return bodies[-1] if bodies else MessageBody()
    rich = next((body for body in reversed(readable) if body.is_html), readable[-1])
    fullest = max(readable, key=lambda body: body.words)
    best = fullest if fullest.words > _SHORTER * (rich.words + 1) else rich
    best.left_out += [name for body in bodies if not body.pieces for name in body.left_out]
    return best


def _header(message: MIMEPart, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _text(part: MIMEPart) -> str:
    """Text of a part: in UTF-8 if it is that, else as it states, else as its HTML states or as is detected."""
    content = cast(bytes, part.get_payload(decode=True) or b"")
    stated = str(part.get_param("charset", "")).strip("'\" ").lower()
    wider = _WIDER_ENCODINGS.get(stated, stated)
    for encoding in (wider,) if _IN_ASCII.match(wider) else ("utf-8", wider):
        try:
            return content.decode(encoding)
        except (LookupError, UnicodeError):
            continue
    try:
        is_html = part.get_content_type() == "text/html"
        return decode_html(content) if is_html else content.decode(detect_encoding(content), errors="replace")
    except ArticleUnreadable:
        return content.decode("utf-8", errors="replace")


def _load_picture(part: MIMEPart) -> bytes:
    return _limited(cast(bytes, part.get_payload(decode=True) or b""))


def _decoded(text: str) -> bytes:
    try:
        return _limited(base64.b64decode(text, validate=False))
    except binascii.Error as error:
        raise ArchiveError(f"is broken: {error}", hint="save it from the message") from error


def _limited(content: bytes) -> bytes:
    if len(content) > _MAX_PICTURE:
        raise ArchiveError(f"is larger than {_MAX_PICTURE >> 20} MB", hint="leave it out")
    return content

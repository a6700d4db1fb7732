"""Plain text of an e-mail as paragraphs: flowed lines joined, signatures of PGP and encoded files taken out."""

from __future__ import annotations

import re
from email.message import MIMEPart

from backfile.archive.importers.markdown.plain_paragraphs import Paragraph, ParagraphKind
from backfile.archive.importers.markdown.plain_to_markdown import paragraphs_to_markdown, plain_to_markdown

_SIGNATURE_LINE = "-- "
_LONGEST_SIGNATURE = 10
_PGP_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Z][\w-]*: [^\n]*\n)*\n?", re.MULTILINE)
_PGP_SIGNATURE = re.compile(
    r"^-----BEGIN PGP SIGNATURE-----\n(?:[^\n]{0,100}\n){0,200}?-----END PGP SIGNATURE-----[^\n]*$", re.MULTILINE
)
_ENCODED_FILE = re.compile(r"^begin [0-7]{3,4} ([^\n]{1,200})\n(?:[ -`]{1,62}\n){1,}?`?\n?end$", re.MULTILINE)
_DOUBLED_ADDRESS = re.compile(r"(?<!\S)(https?://[^\s<>]{1,2000})(\s{1,3}<\1/?>)", re.IGNORECASE)


def plain_part_to_markdown(part: MIMEPart, text: str) -> tuple[str, tuple[str, ...]]:
    """Markdown of a part with plain text, and the names of files that are encoded in it (uuencode)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if str(part.get_param("format", "")).lower() == "flowed":
        lines = unflowed(lines, delete_space=str(part.get_param("delsp", "")).lower() == "yes")
    bare, files = _without_encoded_files(_without_pgp(lines))
    letter, signature = _signature_apart(_DOUBLED_ADDRESS.sub(r"\1", bare).strip("\n"))
    below = paragraphs_to_markdown([Paragraph(signature, ParagraphKind.LINES)] if signature else [])
    return "\n\n".join(filter(None, (plain_to_markdown(letter), below))), files


def unflowed(text: str, *, delete_space: bool) -> str:
    """Text with each flowed paragraph on one line (RFC 3676): a line that ends in a space goes on in the next.

    Quotation marks (`>`) belong to no line; a space that was put before a line is taken away.
    """
    done: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        is_signature = content == _SIGNATURE_LINE
        if open_depth == depth and not is_signature:
            done[-1] += content
        else:
            done.append(f"{'>' * depth} {content}" if depth else content)
        goes_on = content.endswith(" ") and not is_signature
        if goes_on and delete_space:
            done[-1] = done[-1][:-1]
        open_depth = depth if goes_on else None
    return "\n".join(done)


def _signature_apart(text: str) -> tuple[str, tuple[str, ...]]:
    """Text above the last line of two dashes, and the lines of the signature below it, if these are but a few."""
    lines = text.split("\n")
    number = max((number for number, line in enumerate(lines) if line.rstrip() == "--"), default=len(lines))
    signature = tuple(line.strip() for line in lines[number + 1 :] if line.strip())
    return ("\n".join(lines[:number]), signature) if 0 < len(signature) <= _LONGEST_SIGNATURE else (text, ())


def _without_pgp(text: str) -> str:
    if "-----BEGIN PGP SIGNED MESSAGE-----" not in text:
        return text
    return re.sub(r"^- (?=-)", "", _PGP_SIGNATURE.sub("", _PGP_SIGNED.sub("", text)), flags=re.MULTILINE)


def _without_encoded_files(text: str) -> tuple[str, tuple[str, ...]]:
    names = tuple(found[1].strip() for found in _ENCODED_FILE.finditer(text))
    return (_ENCODED_FILE.sub("", text) if names else text), names

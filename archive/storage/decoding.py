"""Decoding of files: lossless where possible, with a warning where the encoding is a guess."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from backfile.archive.errors import ArticleUnreadable

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE = 65_536
_DETECTION_SAMPLE = 200_000
_FEW_LETTERS = 12
_LATIN_1 = {"ISO-8859-1", "WINDOWS-1252"}  # browsers too read the one as the other: https://encoding.spec.whatwg.org


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded text of a file, line ends and byte order mark unchanged.

    `text.encode(encoding)` gives the bytes back if `exact`. `warning` is a note for the report.
    """

    text: str
    encoding: str
    exact: bool = True
    warning: str = ""


def decode(raw: bytes) -> Decoded:
    """Decodes UTF-8, UTF-16 and UTF-32 with their marks, and Windows-1252 or Latin-1 as the last resort.

    Raises `ArticleUnreadable` for what is no text in any of them.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(raw, error)
    if "\x00" in text:
        return _with_nulls(raw, text)
    return Decoded(text, "utf-8")


def detect_encoding(raw: bytes) -> str:
    """Name of a text's encoding, as Python knows it.

    UTF-8, UTF-16 and UTF-32 are certain. Other encodings are guessed from the letters (cchardet) if there are enough of
    them; Windows-1252 is the default. Raises `ArticleUnreadable` for binary data.
    """
    certain = decode(raw).encoding
    sample = raw[:_DETECTION_SAMPLE]
    if certain not in {"cp1252", "latin-1"} or len(sample) - len(sample.decode("ascii", "ignore")) < _FEW_LETTERS:
        return certain
    import cchardet  # noqa: PLC0415 - most files need no guessing

    guessed = cchardet.detect(sample)["encoding"] or certain
    try:
        raw.decode(guessed)
    except (LookupError, UnicodeDecodeError):
        return certain
    return certain if guessed in _LATIN_1 else guessed.lower()


def _with_nulls(raw: bytes, text: str) -> Decoded:
    """Decodes valid UTF-8 that has NUL characters: ASCII in UTF-16 without a mark, a binary file, or a stray NUL."""
    wide = _wide_without_mark(raw)
    if wide is not None:
        return wide
    if _is_binary(text):
        raise ArticleUnreadable("not a text file", hint="move it elsewhere or leave its folder out in library.toml")
    return Decoded(text, "utf-8", warning="contains NUL characters, shown as �")


def _not_utf8(raw: bytes, error: UnicodeDecodeError) -> Decoded:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _wide(raw, encoding)
    wide = _wide_without_mark(raw)
    if wide is not None:
        return wide
    patched = raw.decode("utf-8", errors="replace")
    if _is_binary(patched):
        raise ArticleUnreadable("not a text file", hint="move it elsewhere or leave its folder out in library.toml")
    line = raw.count(b"\n", 0, error.start) + 1
    if _mostly_utf8(raw, patched):
        return Decoded(patched, "utf-8", exact=False, warning=f"is not valid UTF-8 in line {line}, shown as �")
    try:
        return Decoded(raw.decode("cp1252"), "cp1252", warning=f"is not UTF-8 (line {line}); read as Windows-1252")
    except UnicodeDecodeError:
        return Decoded(raw.decode("latin-1"), "latin-1", warning=f"is not UTF-8 (line {line}); read as Latin-1")


def _wide(raw: bytes, encoding: str) -> Decoded:
    name = encoding[:6].upper()
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ArticleUnreadable(f"begins as {name} but is not: {error.reason}", hint="save it as UTF-8") from error
    return Decoded(text, encoding, warning=f"is {name}, not UTF-8")


def _wide_without_mark(raw: bytes) -> Decoded | None:
    """UTF-16 without a byte order mark shows in mostly Latin text: every other byte is NUL."""
    sample = raw[:_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if len(raw) % 2 or half < 2 or max(even, odd) < 0.4 * half or min(even, odd) > 0.05 * half:
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    try:
        return Decoded(raw.decode(encoding), encoding, warning="is UTF-16 without a byte order mark, not UTF-8")
    except UnicodeDecodeError:
        return None


def _mostly_utf8(raw: bytes, patched: str) -> bool:
    """True if more non-ASCII characters decoded as UTF-8 than failed to."""
    wrong = patched.count("�")
    right = len(patched) - len(patched.encode("ascii", "ignore")) - wrong
    return right > wrong


def _is_binary(text: str) -> bool:
    sample = text[:_SAMPLE]
    strange = sample.count("\x00") + len(_CONTROLS.findall(sample))
    return strange > max(1, len(sample) // 100)

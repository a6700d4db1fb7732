"""Encodings of texts that do not say theirs."""

from __future__ import annotations

from backfile.archive.storage.decoding import decode

_SAMPLE = 200_000
_FEW = 12
_LATIN_1 = {"ISO-8859-1", "WINDOWS-1252"}  # browsers too read the one as the other: https://encoding.spec.whatwg.org


def detect_encoding(raw: bytes) -> str:
    """What a text is written in, as a name that Python knows.

    UTF-8, UTF-16 and UTF-32 are seen for sure. Other encodings are told by the words that they give, if there are
    letters enough to tell by; else Windows-1252 is meant, as it mostly is. Raises `ArticleUnreadable` for what is no
    text.
    """
    sure = decode(raw).encoding
    if sure not in {"cp1252", "latin-1"} or len(raw[:_SAMPLE]) - len(raw[:_SAMPLE].decode("ascii", "ignore")) < _FEW:
        return sure
    import cchardet  # noqa: PLC0415 - most files need no guessing

    guessed = cchardet.detect(raw[:_SAMPLE])["encoding"] or sure
    try:
        raw.decode(guessed)
    except (LookupError, UnicodeDecodeError):
        return sure
    return sure if guessed in _LATIN_1 else guessed.lower()

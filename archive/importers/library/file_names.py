"""File names of imported articles and assets: readable, the same at every import, valid on every file system.

Slugs are in lower case, Latin letters without accents, other scripts unchanged (NFC), words joined by hyphens. No name
has a character that Windows forbids, ends in a period, or differs from another only by case or Unicode normalization.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import dropwhile
from urllib.parse import unquote

from backfile.archive.model import PartialDate

MAX_BYTES = 100
"""Limit for a name without its suffix; eCryptfs, the strictest file system in use, allows 143 bytes with it."""

UNDATED = "undated"

_LATIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ＇](?=\w)")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = frozenset({"con", "prn", "aux", "nul", "conin", "conout"}) | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}
_SUFFIX = re.compile(r"\.([a-z0-9]{1,8})\Z")


def slug(text: str, *, max_bytes: int = MAX_BYTES) -> str:
    """Slug of a text, `The Night Ferry’s Café` → `the-night-ferrys-cafe`; empty if it has no letters.

    At most `max_bytes` in UTF-8, cut between words where possible.
    """
    folded = unicodedata.normalize("NFKC", text[:1_000]).casefold().translate(_LATIN)
    bare = "".join(map(_without_accents, unicodedata.normalize("NFC", _APOSTROPHES.sub("", folded))))
    joined = unicodedata.normalize("NFC", "-".join(filter(None, _words(bare))))
    return _safe(_cut(joined, max_bytes))


def _words(text: str) -> list[str]:
    """Runs of letters, digits and their combining marks (which `\\w` leaves out in many scripts)."""
    kept = "".join(c if c.isalnum() or _is_mark(c) else " " for c in text)
    return ["".join(dropwhile(_is_mark, word)) for word in kept.split()]


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _without_accents(letter: str) -> str:
    """Latin letter without its accents; letters of other scripts keep their marks."""
    if letter.isascii():
        return letter
    parts = unicodedata.normalize("NFD", letter)
    return parts[0] if parts[0].isascii() and parts[0].isalpha() else letter


def _cut(name: str, max_bytes: int) -> str:
    if len(name.encode()) <= max_bytes:
        return name
    short = name.encode()[:max_bytes].decode(errors="ignore")
    between_words = short.rpartition("-")[0]
    if 2 * len(between_words) >= len(short):
        return between_words
    return short.rstrip("-")


def _safe(name: str) -> str:
    return f"{name}-" if name in _RESERVED else name


def article_path(title: str, date: PartialDate | None) -> str:
    """Path below the library of a new article, without number or suffix: `2019/2019-03-14-night-ferry`.

    An undated article is in `undated`. A year alone is only in the folder, because at the head of a name it would be
    read as part of the title.
    """
    name = slug(title) or "untitled"
    if date is None:
        return f"{UNDATED}/{name}"
    dated = f"{date.isoformat()}-{name}" if date.month else name
    return f"{date.year:04d}/{dated}"


def numbered(path: str, number: int) -> str:
    """Path of the `number`-th article with the same path: `night-ferry`, `night-ferry-2`."""
    return path if number == 1 else f"{path.rstrip('-')}-{number}"


def asset_name(name: str) -> str:
    """File name of an asset: `images/Photo One.JPG?w=2` → `photo-one.jpg`."""
    bare = unquote(re.split(r"[?#]", name)[0]).replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    ending = _SUFFIX.search(bare)
    stem = slug(bare[: ending.start()] if ending else bare, max_bytes=60) or "file"
    return f"{stem}.{ending[1]}" if ending else stem


def collision_key(path: str) -> str:
    """Key that is equal for paths that some file system treats as one."""
    return unicodedata.normalize("NFC", path.casefold())

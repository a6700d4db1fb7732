"""Names for what comes in: readable, the same at every import, and good on every file system.

Letters are those of the title in lower case, Latin ones without their accents, other scripts as they are (NFC).
What separates words is a hyphen. So no name holds what Windows forbids, ends in a point, or differs from another by
case or by the encoding of accents alone.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import dropwhile
from urllib.parse import unquote

from backfile.archive.model import PartialDate

MAX_BYTES = 100
"""Of a name without its ending; eCryptfs, the strictest in use, allows 143 bytes for a name with it."""

UNDATED = "undated"

_LATIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ＇](?=\w)")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = frozenset({"con", "prn", "aux", "nul", "conin", "conout"}) | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}
_ENDING = re.compile(r"\.([a-z0-9]{1,8})\Z")


def slug(text: str, *, max_bytes: int = MAX_BYTES) -> str:
    """The name that a text gives, `The Night Ferry’s Café` → `the-night-ferrys-cafe`; empty if it has no letters.

    No longer than `max_bytes` in UTF-8, cut between words where it can be.
    """
    folded = unicodedata.normalize("NFKC", text[:1_000]).casefold().translate(_LATIN)
    bare = "".join(map(_without_accents, unicodedata.normalize("NFC", _APOSTROPHES.sub("", folded))))
    joined = unicodedata.normalize("NFC", "-".join(filter(None, _words(bare))))
    return _safe(_cut(joined, max_bytes))


def _words(text: str) -> list[str]:
    """Runs of letters, digits and the marks that belong to them (which `\\w` leaves out in many scripts)."""
    kept = "".join(c if c.isalnum() or _is_mark(c) else " " for c in text)
    return ["".join(dropwhile(_is_mark, word)) for word in kept.split()]


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _without_accents(letter: str) -> str:
    """A Latin letter without its marks; letters of other scripts keep theirs, which are more than accents."""
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
    """The path below the library of a new article, without number or ending: `2019/2019-03-14-night-ferry`.

    As much of the date as is known; what has none lies in `undated`. A year is told by the folder alone, for at the
    head of a name it would be taken for part of the title.
    """
    name = slug(title) or "untitled"
    if date is None:
        return f"{UNDATED}/{name}"
    dated = f"{date.isoformat()}-{name}" if date.month else name
    return f"{date.year:04d}/{dated}"


def numbered(path: str, number: int) -> str:
    """The path for the second, third … of articles that would have the same: `night-ferry`, `night-ferry-2`."""
    return path if number == 1 else f"{path.rstrip('-')}-{number}"


def asset_name(name: str) -> str:
    """The name of a file beside an article: `images/Photo One.JPG?w=2` → `photo-one.jpg`."""
    bare = unquote(re.split(r"[?#]", name)[0]).replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    ending = _ENDING.search(bare)
    stem = slug(bare[: ending.start()] if ending else bare, max_bytes=60) or "file"
    return f"{stem}.{ending[1]}" if ending else stem


def collision_key(path: str) -> str:
    """What two paths share that some file system takes for one."""
    return unicodedata.normalize("NFC", path.casefold())

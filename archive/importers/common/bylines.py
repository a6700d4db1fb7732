"""Bylines and datelines of plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backfile.archive.metadata.author_names import author_names

_BY = re.compile(
    r"(?:(?:words|written|reported|story|posted|text|article|report|reporting|an? \w+)\s+)?"
    r"by(?::\s*|\s+)(?P<names>\S.*)\Z",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:authors?|writers?|words|autore?n?|auteurs?|verfasser(?:in)?)\s*:\s*(?P<names>\S.*)\Z", re.IGNORECASE
)
_ROLE_AFTER = re.compile(
    r"(?<!\s)\s*+(?:,|\(|\|)\s*+(?:[\w’' -]*\b(?:correspondent|editor|reporter|writer|staff|columnist)\b.*)\Z", re.I
)
_PLACE_AFTER = re.compile(r"(?:,\s+The\s|\s+(?:for|in|at)\s+[^\W\d_a-z])(?:(?!\sand\s|,)[^\n])*\Z")

_NAME = (
    r"[^\W\d_a-z][\w.'’-]*(?:\s+(?:[^\W\d_a-z][\w.'’-]*|(?:de|da|di|del|der|den|van|von|la|le|bin|al|ter|zu)\b)){1,4}"
)
_NAMES = rf"(?P<names>{_NAME}(?:(?:,\s+|\s+(?:and|&)\s+|,\s+and\s+){_NAME}){{0,3}})"
_WITH_ROLE = re.compile(
    rf"{_NAMES}(?:,\s+|\s+\|\s+)(?:[\w’'-]+\s+){{0,3}}?(?i:correspondent|editor|reporter|writer|columnist|journalist)s?\Z"
)
_BY_ELSEWHERE = re.compile(rf"(?:[Vv]on|[Pp]ar|[Pp]or|[Dd]oor|[Dd]i|[Aa]v):?\s+{_NAMES}\Z")
_LONGEST_BYLINE = 400

_DATELINE = re.compile(
    r"""\s*(?P<place>[^\W\d_a-z](?:[^\W\d_a-z]|[.'’ -])+(?:,\s+[^\W\d_][\w.'’ ]{1,25})??)
        (?:,\s+(?P<date>[^\W\d_]{3,9}\.?\s+\d{1,2}(?:,\s+\d{4})?|\d{1,2}\.?\s+[^\W\d_]{3,9}(?:\s+\d{4})?))?
        \s*(?:\([^()\n]{2,30}\)\s*)?(?:—|–|--|(?<=[\s)])-(?=\s))\s*(?=\S)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Dateline:
    """Place of filing of a report, and the words of its date (empty without one)."""

    place: str
    date: str


def byline_authors(line: str) -> tuple[str, ...]:
    """Authors in a line that is a byline: `By Edna Marsh and John Roe, staff writers`."""
    bare = line.strip().strip("*_")
    if len(bare) > _LONGEST_BYLINE:
        return ()
    found = _BY.match(bare) or _LABEL.match(bare) or _BY_ELSEWHERE.match(bare) or _WITH_ROLE.match(bare)
    if found is None:
        return ()
    named = _PLACE_AFTER.sub("", _ROLE_AFTER.sub("", found["names"].strip().rstrip(".")))
    looks_named = all(word[0].isupper() or not word[0].isalpha() or len(word) <= 3 for word in named.split())
    if not looks_named or len(named.split()) > 14:
        return ()
    return tuple(map(mixed_case, author_names(named)))


def mixed_case(name: str) -> str:
    """Name in mixed case: `J. P. O'NEILL` → `J. P. O'Neill`; other names unchanged."""
    if not name.isupper() or " " not in name:
        return name
    words = re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), name)
    return re.sub(r"\b(Van|Von|De|Der|Y)\b", lambda word: word[0].lower(), words)


def parse_dateline(text: str) -> Dateline | None:
    """Dateline at the beginning of a text: `LONDON, March 3 — `, `WASHINGTON, D.C., 3 March 2020 (AP) — `."""
    found = _DATELINE.match(text[:200])
    if found is None or not any(letter.isupper() for letter in found["place"][:2]):
        return None
    place = found["place"].strip()
    town = place.partition(",")[0]
    if not town.isupper() or len(town) < 3:
        return None
    return Dateline(town.title() + place[len(town) :], found["date"] or "")

"""Bylines, closing lines about the author, and datelines of plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backfile.archive.metadata.author_names import author_names

_BY = re.compile(
    r"(?:(?:words|written|reported|story|posted|text|article|report|reporting|an? \w+)\s+)?"
    r"by(?::\s*|\s+)(?P<names>\S.*)\Z",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:authors?|writers?|autore?n?|auteurs?|verfasser(?:in)?)\s*:\s*(?P<names>\S.*)\Z", re.IGNORECASE)
_ROLE_AFTER = re.compile(
    r"(?<!\s)\s*+(?:,|\(|\|)\s*+(?:[\w’' -]*\b(?:correspondent|editor|reporter|writer|staff|columnist)\b.*)\Z", re.I
)

_PERSON = r"(?:[^\W\d_a-z][\w.'’-]*|(?:de|da|di|del|der|den|van|von|la|le|bin|al|ter|zu)\b)"
_NAME = rf"[^\W\d_a-z][\w.'’-]*(?:\s+{_PERSON}){{1,4}}"
_NAMES = rf"(?P<names>{_NAME}(?:(?:,\s+|\s+(?:and|&)\s+|,\s+and\s+){_NAME}){{0,3}})"
_ROLE = (
    r"(?:editor|writer|reporter|correspondent|journalist|columnist|author|novelist|poet|critic|historian|essayist|"
    r"professor|lecturer|researcher|fellow|scientist|economist|student|director|photographer|contributor|producer|"
    r"teacher|lawyer|blogger|translator|consultant|executive|chief|head|founder|co-founder|member|manager|"
    r"specialist|analyst|engineer|librarian|archivist|freelancer?)s?\b"
)
_PERSON_IS = re.compile(
    rf"{_NAMES}(?:,[^,.]{{2,60}},)?\s+(?:is|are|was|were)\s+(?:(?!\.\s)[^\n]){{0,80}}?\b{_ROLE}", re.UNICODE
)
_PERSON_DOES = re.compile(
    rf"{_NAMES}\s+(?:writes?|covers?|reports?|edits?|teach(?:es)?|lives?|works?|blogs?|contributed)\s+"
    r"(?:about|on|for|from|in|at|to|as|the|and|with)\b"
)
_BY_ELSEWHERE = re.compile(rf"(?:[Vv]on|[Pp]ar|[Pp]or|[Dd]oor|[Dd]i|[Aa]v):?\s+{_NAMES}\Z")
_REPORTING = re.compile(r"\(?(?:additional\s+)?reporting\s+by\s+(?P<names>[^;.()]+)", re.IGNORECASE)
_SIGNED = re.compile(rf"(?:—|–|--?)\s*(?P<names>{_NAME})\.?\Z")
_LONGEST_LAST_LINE = 400

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
    if len(bare) > _LONGEST_LAST_LINE:
        return ()
    found = _BY.match(bare) or _LABEL.match(bare) or _BY_ELSEWHERE.match(bare)
    if found is None:
        return ()
    named = _ROLE_AFTER.sub("", found["names"].strip().rstrip("."))
    looks_named = all(word[0].isupper() or not word[0].isalpha() or len(word) <= 3 for word in named.split())
    if not looks_named or len(named.split()) > 14:
        return ()
    return tuple(_title_case(name) if name.isupper() and " " in name else name for name in author_names(named))


def _title_case(shouted: str) -> str:
    """Name in mixed case: `J. P. O'NEILL` → `J. P. O'Neill`."""
    words = re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), shouted)
    return re.sub(r"\b(Van|Von|De|Der|Y)\b", lambda word: word[0].lower(), words)


def closing_line_authors(paragraph: str) -> tuple[str, ...]:
    """Authors named in the last paragraph of a text if it is a note about them or a credit.

    `Edna Marsh is senior editor at The Harbour Post.`, `Reporting by John Roe; editing by Ada Quill`, `— Edna Marsh`.
    """
    line = " ".join(paragraph.split()).strip("*_()[] ")
    if not line or len(line) > _LONGEST_LAST_LINE:
        return ()
    for form in (_PERSON_IS, _PERSON_DOES, _REPORTING, _SIGNED):
        found = form.match(line)
        if found is not None:
            return author_names(found["names"].strip())
    return ()


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

"""Articles that are there already: by the address they were published at, or by nearly the same text.

Texts are compared by their shingles of three words: MinHash estimates the share that two have in common (Jaccard), and
locality-sensitive hashing finds the few that are worth comparing (Broder 1997; Leskovec, Rajaraman, Ullman: Mining of
Massive Datasets, chapter 3). How the thresholds were measured is told in docs/decisions/importer.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]

from backfile.archive.importers.links.web_addresses import addresses_given, front_entries, url_key
from backfile.archive.metadata.dates import DateUnclear, parse_date
from backfile.archive.metadata.field_names import DATE, TITLE
from backfile.archive.metadata.path_dates import date_in_path
from backfile.archive.model import PartialDate

SAME_TEXT = 0.9
"""Texts with at least this share of their shingles in common are one, if one title says all that the other does."""

SAME_TEXT_OTHER_TITLE = 0.95
"""The same where each title has a word of its own, as of two notices alike but for whom they address."""

SAME_PAGE = 0.5
"""With the same address even texts that differ more are one: a page that was corrected or saved otherwise."""

RICHER = 1.5
"""A text that is this many times as long, and not by a few words only, is the full text where there was a teaser."""

MIN_WORDS = 40
"""Shorter texts are compared by their address alone: notices and teasers are alike without being the same."""

MAX_WORDS = 20_000
MAX_DAYS = 31
"""Articles whose dates lie farther apart are two: the same notice each year, a story told again."""

_SHINGLE, _HASHES, _BANDS, _SEED = 3, 128, 16, 1

_LINKED = re.compile(r"\]\([^()\s]*\)|<[^<>]{1,500}>|https?://\S+")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is compared of an article: its title, date, addresses on the web, and text (Markdown)."""

    title: str
    date: PartialDate | None
    addresses: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The article at `path` is the same as the one that was asked for: by `address` or, if that is None, by its text.

    `poorer` says that it has much less text, as a teaser has.
    """

    path: str
    address: str | None
    poorer: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    path: str
    title: str
    numbers: tuple[str, ...]
    days: tuple[date, date] | None
    sketch: RMinHash | None
    words: int


class DuplicateIndex:
    """The articles of a library, to be asked for the twin of a new one."""

    def __init__(self) -> None:
        self._known: list[_Known] = []
        self._by_path: dict[str, int] = {}
        self._by_address: dict[str, int] = {}
        self._by_text = RMinHashLSH(SAME_TEXT, _HASHES, _BANDS)
        self._asked: tuple[Candidate, _Known] | None = None

    def add(self, path: str, candidate: Candidate) -> None:
        """Makes an article known."""
        known, number = replace(self._describe(candidate), path=path), len(self._known)
        self._known.append(known)
        self._by_path[path] = number
        self.add_addresses(path, candidate.addresses)
        if known.sketch is not None:
            self._by_text.insert(number, known.sketch)

    def add_addresses(self, path: str, addresses: Iterable[str]) -> None:
        """Makes further addresses of a known article known."""
        for key in filter(None, map(url_key, addresses)):
            self._by_address.setdefault(key, self._by_path[path])

    def twin(self, candidate: Candidate) -> Duplicate | None:
        """The known article that is the same as `candidate`, if there is one."""
        wanted = self._describe(candidate)
        for address in candidate.addresses:
            number = self._by_address.get(url_key(address) or "")
            if number is not None and _same_page(self._known[number], wanted):
                return Duplicate(self._known[number].path, address, _is_poorer(self._known[number], wanted))
        if wanted.sketch is None:
            return None
        for number in sorted(self._by_text.query(wanted.sketch)):
            if _same_text(self._known[number], wanted):
                return Duplicate(self._known[number].path, None)
        return None

    def _describe(self, candidate: Candidate) -> _Known:
        """What is compared; remembered, because who is asked for in vain is added next."""
        if self._asked is None or self._asked[0] is not candidate:
            self._asked = candidate, _describe(candidate)
        return self._asked[1]


def read_candidate(path: str, text: str) -> Candidate:
    """What is compared of an article's file."""
    entries, body = front_entries(text)
    given = addresses_given(entries)
    title = next((entries[key] for key in TITLE if key in entries), "").strip().strip("\"'")
    addresses = tuple(dict.fromkeys((*given.own, *given.others)))
    return Candidate(title, _date(entries) or date_in_path(path), addresses, body)


def _date(entries: dict[str, str]) -> PartialDate | None:
    written = next((entries[key] for key in DATE if entries.get(key)), "").strip().strip("\"'")
    try:
        return parse_date(written) if written else None
    except DateUnclear as unclear:
        return unclear.known


def _describe(candidate: Candidate) -> _Known:
    words = _WORD.findall(_LINKED.sub(" ", candidate.text).casefold())
    days = (candidate.date.first, candidate.date.last) if candidate.date else None
    title = " ".join(_WORD.findall(candidate.title.casefold()))
    return _Known("", title, tuple(_NUMBER.findall(title)), days, _sketch(words), len(words))


def _sketch(words: list[str]) -> RMinHash | None:
    if len(words) < MIN_WORDS:
        return None
    del words[MAX_WORDS:]
    sketch = RMinHash(num_perm=_HASHES, seed=_SEED)
    sketch.update({" ".join(three) for three in zip(*(words[n:] for n in range(_SHINGLE)), strict=False)})
    return sketch


def _is_poorer(known: _Known, wanted: _Known) -> bool:
    return wanted.words > RICHER * known.words + MIN_WORDS


def _same_page(known: _Known, wanted: _Known) -> bool:
    """Whether two texts at one address are one article; an address may also be that of a page with many."""
    if known.title == wanted.title or not (known.words and wanted.words):
        return True
    return _likeness(known, wanted) >= SAME_PAGE


def _same_text(known: _Known, wanted: _Known) -> bool:
    """Whether two texts that may be alike are. Series tell their instances apart by the numbers in the title."""
    if known.numbers != wanted.numbers or not _near(known, wanted):
        return False
    ours, theirs = set(known.title.split()), set(wanted.title.split())
    share = SAME_TEXT if ours <= theirs or theirs <= ours else SAME_TEXT_OTHER_TITLE
    return _likeness(known, wanted) >= share


def _near(known: _Known, wanted: _Known) -> bool:
    if known.days is None or wanted.days is None:
        return True
    apart = max(known.days[0], wanted.days[0]) - min(known.days[1], wanted.days[1])
    return apart.days <= MAX_DAYS


def _likeness(known: _Known, wanted: _Known) -> float:
    if known.sketch is None or wanted.sketch is None:
        return 0.0
    return float(known.sketch.jaccard(wanted.sketch))

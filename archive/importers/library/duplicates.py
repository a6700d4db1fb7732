"""Duplicates of an article in the library, by URL or by near-identical text.

Texts are compared by their shingles of three words: MinHash estimates the share that two have in common (Jaccard), and
locality-sensitive hashing finds the few that are worth comparing (Broder 1997; Leskovec, Rajaraman, Ullman: Mining of
Massive Datasets, chapter 3). docs/decisions/importing.md gives the measurements behind the thresholds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]

from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.importers.library.provenance import article_urls
from backfile.archive.importers.links.urls import url_key
from backfile.archive.metadata.dates import DateUnclear, parse_date
from backfile.archive.metadata.field_names import DATE, TITLE, normal
from backfile.archive.metadata.mapping import words
from backfile.archive.metadata.path_dates import date_in_path
from backfile.archive.model import PartialDate

SAME_TEXT = 0.9
"""Least share of common shingles in two texts that are one, if one title says all that the other does."""

SAME_TEXT_OTHER_TITLE = 0.95
"""The same if each title has a word of its own, as two notices have that differ only in whom they address."""

SAME_PAGE = 0.5
"""The same for texts with one URL: a page that was corrected or saved in another way."""

RICHER = 1.5
"""Least ratio of lengths between a full text and a teaser; `MIN_WORDS` more is required as well."""

MIN_WORDS = 40
"""Shorter texts are compared by their URL alone: notices and teasers are alike without being the same."""

MAX_WORDS = 20_000
MAX_DAYS = 31
"""Most days between the dates of duplicates; the same notice is published each year, a story is told again."""

_SHINGLE, _HASHES, _BANDS, _SEED = 3, 128, 16, 1

_LINK = re.compile(r"\]\([^()\s]*\)|<[^<>]{1,500}>|https?://\S+")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Compared values of an article: title, date, addresses (URLs among them), and text (Markdown)."""

    title: str
    date: PartialDate | None
    addresses: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Article at `path` that is the same as the candidate, by `address` or, if that is None, by its text.

    `is_teaser` if it has much less text than the candidate.
    """

    path: str
    address: str | None
    is_teaser: bool = False


@dataclass(frozen=True, slots=True)
class _TextFingerprint:
    """Title in lower case, its numbers, first and last day, MinHash of the text (None if short), number of words."""

    title: str
    numbers: tuple[str, ...]
    days: tuple[date, date] | None
    minhash: RMinHash | None
    words: int


class DuplicateIndex:
    """Fingerprints of the articles of a library, searched for duplicates of a new one."""

    def __init__(self) -> None:
        self._known: list[tuple[str, _TextFingerprint]] = []
        self._by_path: dict[str, int] = {}
        self._by_url: dict[str, int] = {}
        self._by_text = RMinHashLSH(SAME_TEXT, _HASHES, _BANDS)
        self._latest: tuple[Candidate, _TextFingerprint] | None = None

    def add(self, path: str, candidate: Candidate) -> None:
        """Adds the article at `path`."""
        fingerprint, number = self._fingerprint(candidate), len(self._known)
        self._known.append((path, fingerprint))
        self._by_path[path] = number
        self.add_addresses(path, candidate.addresses)
        if fingerprint.minhash is not None:
            self._by_text.insert(number, fingerprint.minhash)

    def add_addresses(self, path: str, addresses: Iterable[str]) -> None:
        """Adds further addresses of an article that was added."""
        for key in filter(None, map(url_key, addresses)):
            self._by_url.setdefault(key, self._by_path[path])

    def find(self, candidate: Candidate) -> Duplicate | None:
        """First article that is the same as `candidate`."""
        wanted = self._fingerprint(candidate)
        for address in candidate.addresses:
            number = self._by_url.get(url_key(address) or "")
            if number is not None:
                path, known = self._known[number]
                if _is_same_page(known, wanted):
                    return Duplicate(path, address, wanted.words > RICHER * known.words + MIN_WORDS)
        if wanted.minhash is None:
            return None
        for path, known in map(self._known.__getitem__, sorted(self._by_text.query(wanted.minhash))):
            if _is_same_text(known, wanted):
                return Duplicate(path, None)
        return None

    def _fingerprint(self, candidate: Candidate) -> _TextFingerprint:
        """Fingerprint of a candidate; the latest is cached, because a candidate without duplicates is added next."""
        if self._latest is None or self._latest[0] is not candidate:
            self._latest = candidate, _text_fingerprint(candidate)
        return self._latest[1]


def read_candidate(path: str, text: str) -> Candidate:
    """Compared values of the article in the file at `path`."""
    front = parse(text)
    entries = {normal(key): value for key, value in front.data.items()}
    title = next((words(entries[key]) for key in TITLE if key in entries), "")
    urls = article_urls(front.data)
    addresses = tuple(dict.fromkeys((*urls.own, *urls.others)))
    return Candidate(title, _date(entries) or date_in_path(path), addresses, front.body)


def _date(entries: dict[str, object]) -> PartialDate | None:
    try:
        return parse_date(next((entries[key] for key in DATE if entries.get(key)), None))
    except DateUnclear as unclear:
        return unclear.known


def _text_fingerprint(candidate: Candidate) -> _TextFingerprint:
    tokens = _WORD.findall(_LINK.sub(" ", candidate.text).casefold())[:MAX_WORDS]
    days = (candidate.date.first, candidate.date.last) if candidate.date else None
    title = " ".join(_WORD.findall(candidate.title.casefold()))
    return _TextFingerprint(title, tuple(_NUMBER.findall(title)), days, _minhash(tokens), len(tokens))


def _minhash(tokens: list[str]) -> RMinHash | None:
    if len(tokens) < MIN_WORDS:
        return None
    shingles = zip(*(tokens[start:] for start in range(_SHINGLE)), strict=False)
    minhash = RMinHash(num_perm=_HASHES, seed=_SEED)
    minhash.update({" ".join(shingle) for shingle in shingles})
    return minhash


def _is_same_page(known: _TextFingerprint, wanted: _TextFingerprint) -> bool:
    """Whether two texts with one URL are one article; a URL may also be that of a page with many."""
    if known.title == wanted.title or not (known.words and wanted.words):
        return True
    return _jaccard(known, wanted) >= SAME_PAGE


def _is_same_text(known: _TextFingerprint, wanted: _TextFingerprint) -> bool:
    """Whether two similar texts are one article. The issues of a series differ in the numbers of their titles."""
    if known.numbers != wanted.numbers or not _is_near(known, wanted):
        return False
    ours, theirs = set(known.title.split()), set(wanted.title.split())
    threshold = SAME_TEXT if ours <= theirs or theirs <= ours else SAME_TEXT_OTHER_TITLE
    return _jaccard(known, wanted) >= threshold


def _is_near(known: _TextFingerprint, wanted: _TextFingerprint) -> bool:
    if known.days is None or wanted.days is None:
        return True
    gap = max(known.days[0], wanted.days[0]) - min(known.days[1], wanted.days[1])
    return gap.days <= MAX_DAYS


def _jaccard(known: _TextFingerprint, wanted: _TextFingerprint) -> float:
    if known.minhash is None or wanted.minhash is None:
        return 0.0
    return float(known.minhash.jaccard(wanted.minhash))

"""Arrangement of the lines of a concordance: orders by neighbouring words and articles, and random samples."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from backfile.archive.metadata.name_keys import author_key
from backfile.index.analysis.normalization import fold
from backfile.index.concordance.contexts import NEIGHBOURS, words_after, words_before
from backfile.index.concordance.lines import Mark, field_text
from backfile.index.engine import Document


class Arrangement(StrEnum):
    """Orders of lines. `SEARCH` is that of the search's articles; `L1` is the word before the match, `R1` after it.

    Words are compared without regard to case and accents. Ties: the words further out, then the order of the search, of
    a sample that of the ids.
    """

    SEARCH = "search"
    MATCH = "match"
    L1 = "l1"
    L2 = "l2"
    L3 = "l3"
    R1 = "r1"
    R2 = "r2"
    R3 = "r3"
    DATE = "date"
    AUTHOR = "author"
    ARTICLE = "article"

    @property
    def is_of_words(self) -> bool:
        """Whether lines are compared by words, which can be counted."""
        return self in _OF_WORDS

    @property
    def follows_search(self) -> bool:
        """Whether lines stand in the order of the articles as the engine sorts them."""
        return self in (Arrangement.SEARCH, Arrangement.DATE)


_BEFORE = (Arrangement.L1, Arrangement.L2, Arrangement.L3)
_AFTER = (Arrangement.R1, Arrangement.R2, Arrangement.R3)
_OF_WORDS = (Arrangement.MATCH, *_BEFORE, *_AFTER)

Key = tuple[str, ...]


class KeyedMark(NamedTuple):
    """Mark and what it is sorted by, the word that is counted first."""

    key: Key
    mark: Mark


def keyed(arrangement: Arrangement, document: Document, mark: Mark) -> KeyedMark:
    """Sort key of a mark of a document."""
    if not arrangement.is_of_words:
        return KeyedMark(_article_key(arrangement, document), mark)
    text = field_text(document, mark.field)
    after = words_after(text, mark.end)
    if arrangement is Arrangement.MATCH:
        return KeyedMark((fold(" ".join(text[mark.start : mark.end].split())), *after), mark)
    if arrangement in _AFTER:
        return KeyedMark(_from(after, _AFTER.index(arrangement)), mark)
    return KeyedMark(_from(words_before(text, mark.start), _BEFORE.index(arrangement)), mark)


def _article_key(arrangement: Arrangement, document: Document) -> Key:
    """Sort key of the lines of an article; one without an author or a date comes last."""
    authors, date = document.metadata.authors, document.metadata.date
    match arrangement:
        case Arrangement.AUTHOR:
            return ("", author_key(authors[0])) if authors else ("1",)
        case Arrangement.DATE:
            return ("", date.first.isoformat()) if date else ("1",)
        case Arrangement.ARTICLE:
            return (document.id,)
    return ()


def _from(words: tuple[str, ...], first: int) -> Key:
    """Words from one on, then those nearer to the match; "" for a word that is not there."""
    padded = (*words, *[""] * (NEIGHBOURS - len(words)))
    return (*padded[first:], *padded[:first])


def arranged(marks: Sequence[KeyedMark], *, frequent: bool) -> list[Mark]:
    """Marks in order; with `frequent` those first whose word most of them have. Ties: rank of the hit, id, number."""
    counts = Counter(each.key[0] for each in marks) if frequent else Counter[str]()

    def order(each: KeyedMark) -> tuple[int, Key, int, str, int]:
        mark = each.mark
        return -counts[each.key[0]] if frequent else 0, each.key, mark.rank, mark.article_id, mark.number

    return [each.mark for each in sorted(marks, key=order)]


Place = tuple[str, int]
"""Id of an article and number of a mark: a line that is not read yet."""


def sampled(places: Iterable[Place], size: int, seed: int) -> list[Place]:
    """Random sample without replacement, sorted; the whole list if it is not longer.

    Each line gets a number from a hash of the seed, its article and its number there; the smallest are taken. So the
    sample does not depend on the order of the search, nor on the engine, and an added article changes little of it.
    """

    def chance(place: Place) -> bytes:
        return blake2b(f"{seed}\0{place[0]}\0{place[1]}".encode("utf-8", "surrogatepass"), digest_size=8).digest()

    return sorted(heapq.nsmallest(size, places, key=chance))

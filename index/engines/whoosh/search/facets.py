"""Facet and period counting: one `bincount` per column of ordinals, exact for any number of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backfile.index.engine import Facet, FacetValue
from backfile.index.engines.whoosh.search.doc_set import DocSet, expand_ranges
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.segment import FacetColumn
from backfile.index.fields import name_words, spelling_rank
from backfile.index.periods import MONTHS, Period

_EPOCH = 719_163  # ordinal of 1970-01-01
_EPOCH_MONTHS = 1970 * MONTHS
_MIN_FILL = 4  # a further slot is made while one document in so many has a value for it


@dataclass(frozen=True)
class FacetTable:
    """Ordinals of a facet's values by document, laid out for counting (multi-valued doc values).

    `values` are in code point order, years in numeric order. Each stands for all spellings with its key: it is the one
    that most live documents have, by `spelling_rank` among equals. `slots[k]` holds the ordinal of every
    document's value k, or `len(values)` if it has no such value (int32[size]). Further values, of the few documents
    that have more than there are slots, are pairs of `overflow_doc_ids` (ascending) and `overflow_ordinals`.
    """

    values: list[str]
    slots: list[Array]
    overflow_doc_ids: Array
    overflow_ordinals: Array
    live_docs: DocSet
    key: Callable[[str], str] = str

    def count(self, docs: DocSet) -> Array:
        """Number of documents with each value (int64[len(values)])."""
        if docs is self.live_docs:
            return self.totals
        if len(docs) * 2 > docs.size:
            return self._totals_with_deleted - self._count(docs.complement)
        return self._count(docs)

    @cached_property
    def _ordinals(self) -> dict[str, int]:
        """Ordinal of each key."""
        return {self.key(value): ordinal for ordinal, value in enumerate(self.values)}

    @cached_property
    def _by_words(self) -> dict[str, list[int]]:
        """Ordinals by the words of their names."""
        found: dict[str, list[int]] = {}
        for ordinal, value in enumerate(self.values):
            found.setdefault(name_words(value), []).append(ordinal)
        return found

    def named(self, words: str) -> list[FacetValue]:
        """Values whose names have these words (`name_words`) and no others, with their counts over all documents."""
        found = self._by_words.get(words, ())
        return [FacetValue(self.values[each], int(self.totals[each])) for each in found if self.totals[each]]

    @cached_property
    def totals(self) -> Array:
        """Counts over all live documents."""
        return self._count(self.live_docs)

    @cached_property
    def _totals_with_deleted(self) -> Array:
        return self._count(DocSet.from_mask(np.ones(len(self.slots[0]), np.bool_)))

    def _count(self, docs: DocSet) -> Array:
        missing = len(self.values)
        counts = np.zeros(missing + 1, np.int64)
        for slot in self.slots:
            counts += np.bincount(slot.take(docs.doc_ids), minlength=missing + 1)
        if len(self.overflow_doc_ids):
            counts += np.bincount(self.overflow_ordinals.take(self._overflow_of(docs)), minlength=missing + 1)
        return counts[:missing]

    def _overflow_of(self, docs: DocSet) -> Array:
        """Indexes of the documents' overflow pairs."""
        if len(docs) * 16 < len(self.overflow_doc_ids):
            low = self.overflow_doc_ids.searchsorted(docs.doc_ids)
            high = self.overflow_doc_ids.searchsorted(docs.doc_ids, side="right")
            return expand_ranges(low, high - low)
        return np.flatnonzero(docs.mask.take(self.overflow_doc_ids))

    def mask(self, chosen: Sequence[str]) -> Array:
        """Documents with at least one of the chosen values, in any of their spellings (bool[size])."""
        is_chosen = np.zeros(len(self.values) + 1, np.bool_)
        is_chosen[[self._ordinals[key] for key in map(self.key, chosen) if key in self._ordinals]] = True
        found = is_chosen.take(self.slots[0])
        for slot in self.slots[1:]:
            found |= is_chosen.take(slot)
        found[self.overflow_doc_ids[np.flatnonzero(is_chosen.take(self.overflow_ordinals))]] = True
        return found

    def largest(self, name: str, counts: Array, size: int | None) -> Facet:
        """Facet with its `size` largest values; values with equal counts are in code point order."""
        present = int(np.count_nonzero(counts))
        kept = present if size is None else min(size, present)
        keys = counts * len(counts) - np.arange(len(counts))
        if kept < len(keys):
            best = np.argpartition(keys, len(keys) - kept)[len(keys) - kept :] if kept else keys[:0]
        else:
            best = np.arange(len(keys))
        return self._facet(name, counts, best[np.argsort(-keys[best])], present)

    def latest(self, name: str, counts: Array, size: int | None) -> Facet:
        """Facet with its `size` last values, last one first: years."""
        present = np.flatnonzero(counts != 0)[::-1]
        return self._facet(name, counts, present[:size], len(present))

    def _facet(self, name: str, counts: Array, ordinals: Array, total: int) -> Facet:
        values = (FacetValue(self.values[ordinal], int(counts[ordinal])) for ordinal in ordinals.tolist())
        return Facet(name, tuple(values), total)


def facet_table(columns: Sequence[FacetColumn], live_docs: DocSet, key: Callable[[str], str] = str) -> FacetTable:
    """Facet table over segments, given the column of each; values with equal keys are one."""
    values, ordinals = _merge_columns(columns)
    lengths = np.concatenate([np.empty(0, np.intp), *(np.diff(column.starts) for column in columns)]).astype(np.intp)
    groups = _group_spellings(values, key)
    if groups is not None:
        values, ordinals, lengths = _merge_spellings(values, groups, ordinals, lengths, live_docs)
    starts = lengths.cumsum() - lengths
    slots: list[Array] = []
    longer = np.flatnonzero(lengths > 0)
    while not slots or (len(longer) and len(longer) * _MIN_FILL >= len(lengths)):
        slot = np.full(len(lengths), len(values), np.int32)
        slot[longer] = ordinals.take(starts.take(longer) + len(slots))
        slots.append(slot)
        longer = np.flatnonzero(lengths > len(slots))
    rest = lengths.take(longer) - len(slots)
    overflow = expand_ranges(starts.take(longer) + len(slots), rest)
    return FacetTable(values, slots, longer.repeat(rest), ordinals.take(overflow), live_docs, key)


def _group_spellings(values: Sequence[str], key: Callable[[str], str]) -> Array | None:
    """Number of the group of each value, values with equal keys being one group; None if every value is its own."""
    numbers: dict[str, int] = {}
    groups = [numbers.setdefault(each, len(numbers)) for each in map(key, values)]
    return np.array(groups, np.intp) if len(numbers) < len(values) else None


def _merge_spellings(
    values: Sequence[str], groups: Array, ordinals: Array, lengths: Array, live_docs: DocSet
) -> tuple[list[str], Array, Array]:
    """Values, ordinals and lengths of the documents' values with each group replaced by its most frequent spelling."""
    doc_ids = np.arange(len(lengths)).repeat(lengths)
    counts = np.bincount(ordinals[live_docs.mask.take(doc_ids)], minlength=len(values))
    is_shared = (np.bincount(groups) > 1).take(groups)  # values with other spellings
    ranks = np.zeros(len(values), np.intp)
    shared = sorted(np.flatnonzero(is_shared).tolist(), key=lambda ordinal: spelling_rank(values[ordinal]))
    ranks[shared] = np.arange(len(shared))
    by_count = np.lexsort((ranks, -counts, groups))
    shown = by_count[np.unique(groups[by_count], return_index=True)[1]]  # the first of each group
    chosen = np.sort(shown)
    renumbered = chosen.searchsorted(shown).take(groups).astype(np.int32).take(ordinals)
    # A document with two spellings of a name has the name once.
    candidates = np.flatnonzero(is_shared.take(ordinals))
    pairs = doc_ids.take(candidates) * len(chosen) + renumbered.take(candidates)
    again = np.delete(candidates, np.unique(pairs, return_index=True)[1])
    lengths = lengths - np.bincount(doc_ids.take(again), minlength=len(lengths))
    return [values[each] for each in chosen.tolist()], np.delete(renumbered, again), lengths


def _merge_columns(columns: Sequence[FacetColumn]) -> tuple[list[str], Array]:
    """Values of all segments, and the ordinals among them of all documents' values, end to end."""
    dictionaries = [column.values.texts() for column in columns]
    if len(columns) == 1:
        return dictionaries[0], columns[0].ordinals.astype(np.int32)
    values = sorted(set().union(*dictionaries))
    merged = {value: ordinal for ordinal, value in enumerate(values)}
    parts = [np.empty(0, np.int32)]
    for texts, column in zip(dictionaries, columns, strict=True):
        ordinals = np.fromiter(map(merged.__getitem__, texts), np.int32, len(texts))
        parts.append(ordinals.take(column.ordinals))
    return values, np.concatenate(parts)


def year_table(years: Array, live_docs: DocSet) -> FacetTable:
    """Facet table of years, given every document's year (0: undated)."""
    dated = years[years != 0]
    first, last = (int(dated.min()), int(dated.max())) if len(dated) else (1, 0)
    values = list(map(str, range(first, last + 1)))
    slot = np.where(years != 0, years.astype(np.int32) - first, len(values)).astype(np.int32)
    nothing = np.empty(0, np.intp)
    return FacetTable(values, [slot], nothing, nothing, live_docs)


@dataclass(frozen=True)
class PeriodTable:
    """Periods of every document's date, laid out for counting.

    `firsts` and `lasts` hold the places of the first and last period of each document (int32[size]; 0: undated). Place
    1 is the period numbered `earliest`; `latest` is the greatest place. `is_vague`: documents of several periods
    (bool[size]); None without any.
    """

    firsts: Array
    lasts: Array
    earliest: int
    latest: int
    is_vague: Array | None

    def sums(self, doc_ids: Array, weights: Array | None = None) -> Array:
        """Number of documents, or sum of their weights, at each place (int64[latest + 1]).

        A document counts in all its periods: sums of the differences between neighbouring places.
        """
        found = np.bincount(self.firsts.take(doc_ids), weights, minlength=self.latest + 2)
        if self.is_vague is not None:
            found = (found - np.bincount(self.lasts.take(doc_ids) + 1, weights, minlength=self.latest + 2)).cumsum()
        return np.rint(found[:-1]).astype(np.int64)

    def by_number(self, sums: Array, bounds: range) -> dict[int, int]:
        """Sums other than 0 by the number of the period, of the periods in `bounds`."""
        places = np.flatnonzero(sums[1:])
        numbers = (places + self.earliest).tolist()
        counts = sums[1:].take(places).tolist()
        return {number: count for number, count in zip(numbers, counts, strict=True) if number in bounds}


def period_table(first_days: Array, last_days: Array, period: Period) -> PeriodTable:
    """Period table, given the first and last day of every document's date as ordinals (0: undated)."""
    numbers = [_period_numbers(days, period) for days in (first_days, last_days)]
    dated = first_days != 0
    earliest = int(numbers[0][dated].min()) if dated.any() else 0
    firsts, lasts = (np.where(dated, each - (earliest - 1), 0).astype(np.int32) for each in numbers)
    is_vague = firsts != lasts
    return PeriodTable(firsts, lasts, earliest, int(lasts.max(initial=0)), is_vague if is_vague.any() else None)


def _period_numbers(days: Array, period: Period) -> Array:
    """Numbers of the periods of days (int32), as `Period.number`."""
    months = (days.astype(np.int64) - _EPOCH).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    divisor = {Period.MONTH: 1, Period.YEAR: MONTHS, Period.DECADE: 10 * MONTHS}[period]
    return ((months + _EPOCH_MONTHS) // divisor).astype(np.int32)

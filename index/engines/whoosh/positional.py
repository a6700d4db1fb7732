"""Phrases, words within a distance and neighbouring words, from sorted *places*: document << 32 | position.

A place is one int64, so that "three positions further on in the same document" is an addition, and looking for many
places at once is one bisection. Where they are very many, a byte for each position of some documents at a time is
quicker: setting and testing one costs less than a tenth of a bisection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from index.engines.whoosh.gathering import POSITION_BITS, Run

Array = npt.NDArray[Any]

_MANY = 30_000  # starts from which on bytes are set instead of bisecting
_STEPS = 8  # positions tested each; from here on bisecting is quicker again
_BYTES = 1 << 22  # set at a time; they should stay in the processor's cache
_THIN = 64  # bytes a place: clearing more of them costs more than bisecting
_DOCUMENTS = 4_096  # looked at together at most
_POSITION = (1 << POSITION_BITS) - 1


def documents_of(places: Array) -> Run:
    """The documents of sorted places, each with the number of its places."""
    documents = places >> POSITION_BITS
    new = np.ones(len(documents), np.bool_)
    np.not_equal(documents[1:], documents[:-1], out=new[1:])
    first = np.flatnonzero(new)
    return Run(documents.take(first), np.diff(first, append=len(documents)), ascending=True)


def union(parts: Sequence[Array]) -> Array:
    """Places of several lists, sorted, each once."""
    if len(parts) == 1:
        return parts[0]
    joined = np.concatenate([np.empty(0, np.int64), *parts])
    joined.sort(kind="stable")  # finds and merges the runs that are sorted already
    return distinct(joined)


def distinct(places: Array) -> Array:
    """Sorted places, each once."""
    if not len(places):
        return places
    new = np.ones(len(places), np.bool_)
    np.not_equal(places[1:], places[:-1], out=new[1:])
    return places if new.all() else places.take(np.flatnonzero(new))


def near(places: Sequence[Array], reach: int) -> Array:
    """Places where one of the words stands and each of them within the `reach` positions that follow or there."""
    starts = union(places)
    for part in places:
        starts = starts.take(np.flatnonzero(follows(starts, part, 0, reach)))
    return starts


def follows(starts: Array, places: Array, least: int, most: int) -> Array:
    """For each start (sorted) whether one of the places is `least` to `most` positions further on, or back if < 0."""
    if not len(places) or not len(starts):
        return np.zeros(len(starts), np.bool_)
    if len(starts) < _MANY or most - least > _STEPS:
        return _bisected(starts, places, least, most)
    return np.concatenate([_near_by(*piece, least, most) for piece in _pieces(starts, places)])


def _bisected(starts: Array, places: Array, least: int, most: int) -> Array:
    after = places.searchsorted(starts + least)
    distance = places.take(after, mode="clip") - starts
    found: Array = (distance >= least) & (distance <= most)
    return found


def _pieces(starts: Array, places: Array) -> Iterator[tuple[Array, Array]]:
    """Starts and places cut at the same documents, some documents at a time."""
    first, last = int(starts[0]) >> POSITION_BITS, int(starts[-1]) >> POSITION_BITS
    edges = np.arange(first, last + 1 + _DOCUMENTS, _DOCUMENTS) << POSITION_BITS
    cuts = zip(starts.searchsorted(edges).tolist(), places.searchsorted(edges).tolist(), strict=True)
    low, begin = next(cuts)
    for high, end in cuts:
        yield starts[low:high], places[begin:end]
        low, begin = high, end


def _near_by(starts: Array, places: Array, least: int, most: int) -> Array:
    """`follows` for starts and places of a few documents."""
    if not len(places) or not len(starts):
        return np.zeros(len(starts), np.bool_)
    first = min(int(starts[0]), int(places[0])) >> POSITION_BITS
    documents = (max(int(starts[-1]), int(places[-1])) >> POSITION_BITS) - first + 1
    room = max(abs(least), abs(most)) + 1
    row = max(int((starts & _POSITION).max()), int((places & _POSITION).max())) + room
    if documents * row > _THIN * (len(starts) + len(places)):
        return _bisected(starts, places, least, most)
    if documents > 1 and documents * row > _BYTES:
        return _halved(starts, places, least, most, first + documents // 2)
    there = np.zeros(documents * row + 2 * room, np.bool_)
    there[_offsets(places, first, row) + room] = True
    asked = _offsets(starts, first, row) + room
    found = there.take(asked + least)
    for step in range(least + 1, most + 1):
        found |= there.take(asked + step)
    return found


def _halved(starts: Array, places: Array, least: int, most: int, document: int) -> Array:
    edge = document << POSITION_BITS
    cut, end = int(starts.searchsorted(edge)), int(places.searchsorted(edge))
    parts = (starts[:cut], places[:end]), (starts[cut:], places[end:])
    return np.concatenate([_near_by(*part, least, most) for part in parts])


def _offsets(places: Array, first: int, row: int) -> Array:
    """Places as numbers in a table with a row for each document from `first` on."""
    return ((places >> POSITION_BITS) - first) * row + (places & _POSITION)

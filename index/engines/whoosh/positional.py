"""Phrases, words within a distance and neighbouring words, from sorted *places*: document << 32 | position.

A place is one int64, so that "three positions further on in the same document" is an addition, and looking for many
places at once is one bisection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from index.engines.whoosh.gathering import POSITION_BITS, Run

Array = npt.NDArray[Any]


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


def standing(starts: Array, places: Array, offset: int) -> Array:
    """The starts from which one of the places is `offset` positions further on."""
    if not len(places):
        return starts[:0]
    wanted = starts + offset
    return starts.take(np.flatnonzero(places.take(places.searchsorted(wanted), mode="clip") == wanted))


def near(places: Sequence[Array], reach: int) -> Array:
    """Places where one of the words stands and each of them within the `reach` positions that follow or there."""
    starts = union(places)
    for part in places:
        starts = starts.take(np.flatnonzero(follows(starts, part, 0, reach)))
    return starts


def follows(starts: Array, places: Array, least: int, most: int) -> Array:
    """For each start (sorted) whether one of the places is `least` to `most` positions further on."""
    if not len(places):
        return np.zeros(len(starts), np.bool_)
    after = places.searchsorted(starts + least)
    distance = places.take(after, mode="clip") - starts
    found: Array = (distance >= least) & (distance <= most)
    return found

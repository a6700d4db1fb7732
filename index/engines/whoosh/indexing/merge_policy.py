"""Which segments to merge: a search should meet a handful of them, whatever the history of updates."""

from __future__ import annotations

from collections.abc import Sequence

RATIO = 4
"""A segment is left alone as long as it is this many times as large as all smaller ones together."""
SMALL = 256
"""Segments of up to so many documents are merged as soon as there are more than `MOST_SMALL` of them."""
MOST_SMALL = 4
MOST_DELETED = 0.4
"""A segment with a larger part of its documents deleted is written anew without them."""


def segments_to_merge(segments: Sequence[tuple[int, int]]) -> list[int]:
    """Places of the segments to merge into one now, given the (size, live documents) of all; [] when all is well.

    At most one segment is left for each power of `RATIO`, and each document is copied once for each such power that
    its segment grows through.
    """
    order = sorted(range(len(segments)), key=lambda place: segments[place][1])
    small = sum(live <= SMALL for _, live in segments)
    count = small if small > MOST_SMALL else 0
    smaller = 0
    for number, place in enumerate(order):
        live = segments[place][1]
        if live > SMALL and live < RATIO * smaller:
            count = number + 1
        smaller += live
    if count:
        return sorted(order[:count])
    decayed = [place for place, (size, live) in enumerate(segments) if size - live > MOST_DELETED * size]
    return decayed[:1]

"""Merge policy: keeps the number of segments logarithmic in the number of documents."""

from __future__ import annotations

from collections.abc import Sequence

RATIO = 4
"""Size ratio of a segment to all smaller ones together from which on it is not merged with them."""
SMALL = 256
"""Documents of a small segment; more than `MOST_SMALL` small segments are merged."""
MOST_SMALL = 4
MOST_DELETED = 0.4
"""Share of deleted documents above which a segment is rewritten."""


def segments_to_merge(segments: Sequence[tuple[int, int]]) -> list[int]:
    """Indexes of the segments to merge into one, given (size, live documents) of all; [] for none.

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

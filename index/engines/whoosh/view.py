"""A generation in one piece: columns over all its documents, and what is worth keeping while it is the newest.

Searching works on *global* document numbers, a segment's own plus its base, so that an operation costs one call of
numpy and not one a segment.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from index.engine import Filters
from index.engines.whoosh.facets import FacetTable, year_table
from index.engines.whoosh.generation import Generation
from index.engines.whoosh.segments import Segment

Array = npt.NDArray[Any]

_KEPT_FILTERS = 64  # masks of a byte a document
_KEPT_COUNTS = 4096


class View:
    """Columns of a generation. Everything here is computed at first use and never changes; threads may share it."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.segments = [segment for segment in generation.segments if segment.size]
        self.size = sum(segment.size for segment in self.segments)
        self.counts: dict[object, int] = {}
        self.filter_mask = lru_cache(_KEPT_FILTERS)(self._filter_mask)

    def column(self, part: Callable[[Segment], Array], dtype: npt.DTypeLike) -> Array:
        """What `part` gives for each segment, end to end."""
        parts = [part(segment) for segment in self.segments]
        if len(parts) == 1:
            return parts[0].astype(dtype, copy=False)
        return np.concatenate([np.empty(0, dtype), *parts], dtype=dtype, casting="unsafe")

    @cached_property
    def live(self) -> Array | None:
        """True for documents that are not deleted (bool[size]); None when none is."""
        if all(segment.live is None for segment in self.segments):
            return None
        return self.column(lambda s: np.ones(s.size, np.bool_) if s.live is None else s.live, np.bool_)

    @cached_property
    def all_documents(self) -> Array:
        """The numbers of the live documents, ascending."""
        return np.arange(self.size) if self.live is None else np.flatnonzero(self.live)

    @cached_property
    def first_days(self) -> Array:
        """First day of every document's date as an ordinal; 0 for the undated."""
        return self.column(lambda segment: segment.first_day, np.int32)

    @cached_property
    def last_days(self) -> Array:
        """Last day of every document's date as an ordinal; 0 for the undated."""
        return self.column(lambda segment: segment.last_day, np.int32)

    @lru_cache(maxsize=None)  # noqa: B019  (views are few and short-lived; fields are six)
    def lengths(self, field: str) -> Array:
        """Length of a word field of every document, as float64."""
        return self.column(lambda segment: segment.lengths(field), np.float64)

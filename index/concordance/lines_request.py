"""Request for lines of a concordance, and its answer."""

from __future__ import annotations

from dataclasses import dataclass

from backfile.index.concordance.arrangement import Arrangement
from backfile.index.concordance.lines import COLUMNS, ConcordanceLine
from backfile.index.engine import Relaxed, Request
from backfile.index.errors import QueryRefused

MOST_LINES = 100_000
MOST_ARRANGED = 2_000  # lines that a page arranges by their words or articles
MOST_SAMPLED = 10_000


@dataclass(frozen=True, slots=True)
class LinesRequest:
    """Lines `start` to `stop - 1` of the lines of a search, counted from 0.

    `search` gives query, filters, order and deadline of the search; `seconds` bounds the whole. At most `most` lines
    are arranged, the first ones of the search; a `sample` is drawn from all lines of its first MAX_DEPTH articles.
    """

    search: Request
    arrangement: Arrangement = Arrangement.SEARCH
    frequent: bool = False
    sample: int | None = None
    seed: int = 1
    start: int = 0
    stop: int = 50
    most: int = MOST_ARRANGED
    columns: int = COLUMNS
    seconds: float = 6.0

    def check_bounds(self) -> None:
        """Raises `QueryRefused` for lines outside the first MOST_LINES and for samples of an impossible size."""
        if not 0 <= self.start < self.stop <= MOST_LINES:
            raise QueryRefused(
                f"lines {self.start + 1:,} to {self.stop:,} lie outside the first {MOST_LINES:,} lines",
                hint="narrow the search by another word, an author, a topic or a date, or draw a sample",
            )
        if self.sample is not None and not 0 < self.sample <= MOST_SAMPLED:
            raise QueryRefused(f"a sample has 1 to {MOST_SAMPLED:,} lines, not {self.sample:,}")


@dataclass(frozen=True, slots=True)
class Concordance:
    """Lines of a request, and what they are lines of. Nothing that was left out is left unsaid.

    `articles` is the total of the search, `total` the number of all its lines, None if they were not all counted.
    The list, from which `lines` are a part, was made from `lines_read` lines of the first `articles_read` articles;
    `listed` is its length, None if it goes on and its end is not known. `cut` of these articles are so long that only
    their beginning was searched.
    """

    lines: tuple[ConcordanceLine, ...]
    articles: int
    total: int | None
    articles_read: int
    lines_read: int
    listed: int | None
    cut: int = 0
    relaxed: Relaxed | None = None
    notices: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether the search has articles, or lines of them, that are not in the list for its bounds."""
        return self.articles_read < self.articles or (self.total is not None and self.lines_read < self.total)

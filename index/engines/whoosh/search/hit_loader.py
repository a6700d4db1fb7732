"""Documents as hits: stored values, marks and passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backfile.index.engine import Hit
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.highlight.highlighter import Highlighter, Highlights
from backfile.index.highlight.hits import build_hit

_UNMARKED = Highlights()
_AT_ONCE = 10  # hits whose texts are held together; as many again hardly gain


def present(
    searcher: Searcher,
    found: Sequence[tuple[int, float]],
    highlighter: Highlighter,
    limit: int,
    check: Callable[[], None],
) -> Iterator[Hit]:
    """The hits of documents (global numbers, each with its score), with at most `limit` passages each.

    `check` is called every few hits.
    """
    for first in range(0, len(found), _AT_ONCE):
        check()
        some = found[first : first + _AT_ONCE]
        prepared = [searcher.prepared(number) for number, _ in some]
        for each, marks, (_, score) in zip(prepared, highlighter.highlight_all(prepared), some, strict=True):
            yield build_hit(each.document, marks or _UNMARKED, score=score, limit=limit)

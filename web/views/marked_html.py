"""Highlights in the HTML of an article: spans of its plain text, each wrapped in `<mark>`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

from backfile.archive.markdown.plain_text import SourceMap, TextRun, text_runs
from backfile.index.engine import Span


def mark_html(html: str, spans: Sequence[Span], *, first: int = 1) -> str:
    """Marks spans of `plain_text(html)`, sorted and disjoint, in HTML that `archive.markdown.renderer` wrote.

    Mark number `n`, counted from `first`, is `<mark id="mn">`; where it continues in another element,
    `<mark data-mark="n">`. All other characters of the HTML stay as they are.
    """
    written: list[str] = []
    copied = 0
    begun: set[int] = set()
    ranges = sorted(
        _wrapped_ranges(html, text_runs(html), spans), key=itemgetter(1)
    )  # readings stand after their block
    for number, start, end in ranges:
        attribute = 'data-mark="' if number in begun else 'id="m'
        begun.add(number)
        written += (html[copied:start], f'<mark {attribute}{first + number}">', html[start:end], "</mark>")
        copied = end
    written.append(html[copied:])
    return "".join(written)


def _wrapped_ranges(html: str, runs: Sequence[TextRun], spans: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
    """Ranges of the HTML to wrap, in order: index of the span, start, end."""
    number = position = 0
    for run in runs:
        position += len(run.before)
        after = position + len(run.text)
        source: SourceMap | None = None
        while number < len(spans) and spans[number][0] < after:
            begin, until = max(spans[number][0], position), min(spans[number][1], after)
            if begin < until and run.start < run.end:
                source = source or SourceMap.of(html, run)
                yield number, *source.locate(begin - position, until - position)
            if spans[number][1] > after:
                break
            number += 1
        position = after

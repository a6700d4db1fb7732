"""Marks in the HTML of an article: the spans that the one matcher finds in its plain text, each in `<mark>`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from backfile.archive.markdown.plain_text import Run, SourceMap, text_runs
from backfile.index.engine import Span
from backfile.index.highlight.highlighter import Highlights


class MarksTexts(Protocol):
    """Highlighter of one text: sorted, disjoint spans; see `index.highlight.highlighter.Highlighter`."""

    def highlight_text(self, text: str, field: str = "text", *, hit: Highlights | None = None) -> Sequence[Span]: ...


@dataclass(frozen=True, slots=True)
class MarkedHtml:
    """HTML with its marks, and how many there are; a mark that crosses elements is several `<mark>` but counts once."""

    html: str
    count: int


def mark_html(html: str, highlighter: MarksTexts, *, hit: Highlights | None = None, first: int = 1) -> MarkedHtml:
    """Marks an article's HTML, which must come from `archive.markdown.to_html`.

    The matcher sees exactly the text that the index keeps of this article. Mark number `n`, counted from `first`,
    is `<mark id="mn">`; where it goes on in another element it is `<mark data-mark="n">` there. Everything else of
    the HTML stays as it is, character by character; `hit` is handed to the matcher.
    """
    runs = text_runs(html)
    text = "".join([part for run in runs for part in (run.before, run.text)])
    spans = highlighter.highlight_text(text, hit=hit)
    written: list[str] = []
    copied = begun = 0
    for number, start, end in _places(html, runs, spans):
        attribute = 'id="m' if number >= begun else 'data-mark="'
        begun = max(begun, number + 1)
        written += (html[copied:start], f'<mark {attribute}{first + number}">', html[start:end], "</mark>")
        copied = end
    written.append(html[copied:])
    return MarkedHtml("".join(written), begun)


def _places(html: str, runs: Sequence[Run], spans: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
    """The stretches of the HTML to wrap, in order: number of the span (from 0), start, end."""
    number = position = 0
    for run in runs:
        position += len(run.before)
        after = position + len(run.text)
        source: SourceMap | None = None
        while number < len(spans) and spans[number][0] < after:
            begin, until = max(spans[number][0], position), min(spans[number][1], after)
            if begin < until and run.start < run.end:
                source = source or SourceMap(html, run)
                yield number, *source.locate(begin - position, until - position)
            if spans[number][1] > after:
                break
            number += 1
        position = after

"""Quotations and passages as marked texts: what is the same, missing, added, changed or left out; their JSON form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

from backfile.index.analysis.tokenizer import find_raw_tokens
from backfile.index.highlight.sentences import sentence_starts
from backfile.index.quotations.alignment import Difference, Step, differences
from backfile.index.quotations.quotation_finder import QuotationMatch, QuotationReport
from backfile.index.quotations.word_stream import WordStream

CONTEXT = 160  # characters around a passage at most
_MARKED, _LONGEST_MARKED = 16, 40  # words of a passage that its article marks; characters of each, which may be a run
_LEFT_OUT = 200  # characters that an ellipsis leaves out and that are shown

Mark = tuple[int, int, Difference]
"""Span of a text (start, end; code points) and what it is."""


@dataclass(frozen=True, slots=True)
class MarkedText:
    """Plain text with marks, sorted and disjoint. `begins_inside`, `ends_inside`: it is cut out of a longer text."""

    text: str
    marks: tuple[Mark, ...]
    begins_inside: bool = False
    ends_inside: bool = False

    @property
    def parts(self) -> tuple[tuple[Difference | None, str], ...]:
        """Pieces of the text in order, each with its mark; None: context."""
        pieces: list[tuple[Difference | None, str]] = []
        done = 0
        for start, end, difference in self.marks:
            pieces += [(None, self.text[done:start]), (difference, self.text[start:end])]
            done = end
        return tuple((mark, text) for mark, text in [*pieces, (None, self.text[done:])] if text)


@dataclass(frozen=True, slots=True)
class Change:
    """Difference between a quotation and a passage, with the words of each as they are written."""

    difference: Difference
    quoted: str
    article: str


def mark_quotation(match: QuotationMatch, typed: str, stream: WordStream) -> MarkedText:
    """Quotation as typed, with marks by what a match has in place of its words."""
    steps = ((step.difference, step.quoted) for step in match.alignment.steps)
    return MarkedText(typed, tuple(_marks(stream, steps)))


def mark_passages(match: QuotationMatch) -> tuple[MarkedText, ...]:
    """Passages of a match in their context; of parts far apart one each."""
    groups: list[list[Mark]] = []
    steps = [(step.difference, step.text) for step in match.alignment.steps]
    for mark in _marks(match.stream, steps):
        if not groups or (mark[2] is Difference.LEFT_OUT and mark[1] - mark[0] > _LEFT_OUT):
            groups.append([])
        if mark[2] is not Difference.LEFT_OUT or mark[1] - mark[0] <= _LEFT_OUT:
            groups[-1].append(mark)
    language = match.document.metadata.language
    return tuple(_in_context(match.text, marks, language) for marks in groups if marks)


def list_changes(match: QuotationMatch, typed: str, stream: WordStream) -> tuple[Change, ...]:
    """Differences between a quotation and a match, in order."""
    return tuple(
        Change(step.difference, _written(typed, stream, step.quoted), _written(match.text, match.stream, step.text))
        for step in differences(match.alignment.steps)
    )


def quoted_words(match: QuotationMatch) -> str:
    """Words of the passage as the article writes them, without what ellipses leave out."""
    steps = [step for step in match.alignment.steps if step.text[0] < step.text[1]]
    runs = groupby(steps, key=lambda step: step.difference is Difference.LEFT_OUT)
    spans = [_span_of(list(run)) for is_left_out, run in runs if not is_left_out]
    return " … ".join(_written(match.text, match.stream, span) for span in spans)


def passage_query(match: QuotationMatch) -> str:
    """Query, a phrase, that marks the passage in its article: the words of its first part, or the first of them."""
    first = next(step for step in match.alignment.steps if step.text[0] < step.text[1])
    steps = takewhile(lambda step: step.difference is not Difference.LEFT_OUT, match.alignment.steps)
    placed = [step for step in steps if step.text[0] < step.text[1]] or [first]
    written = _written(match.text, match.stream, _span_of(placed))
    words = [token[:_LONGEST_MARKED] for token in find_raw_tokens(written)[:_MARKED]]
    return f'"{" ".join(words)}"'


def _span_of(steps: Sequence[Step]) -> tuple[int, int]:
    return steps[0].text[0], steps[-1].text[1]


def _written(text: str, stream: WordStream, words: tuple[int, int]) -> str:
    first, after = words
    return text[stream.starts[first] : stream.ends[after - 1]] if first < after else ""


def _marks(stream: WordStream, steps: Iterable[tuple[Difference, tuple[int, int]]]) -> Iterator[Mark]:
    """Marks of words; neighbours of the same kind are one."""
    placed = [(difference, words) for difference, words in steps if words[0] < words[1]]
    for difference, run in groupby(placed, key=lambda each: each[0]):
        spans = [words for _, words in run]
        yield stream.starts[spans[0][0]], stream.ends[spans[-1][1] - 1], difference


def _in_context(text: str, marks: Sequence[Mark], language: str | None) -> MarkedText:
    """Marked passage with the rest of its sentence, or as much of it as CONTEXT allows."""
    start, end = marks[0][0], marks[-1][1]
    low, high = max(start - CONTEXT, 0), min(end + CONTEXT, len(text))
    begin = next((edge for edge in sentence_starts(text, low, start, language)), None)
    if begin is None:
        blank = max(text.find(each, low, start) for each in " \n")
        begin = blank + 1 if low and blank >= 0 else low
    edge = next((each for each in sentence_starts(text, end, high, language) if each > end), None)
    stop = edge or (high if high == len(text) else max(text.rfind(" ", end, high), end))
    piece = text[begin:stop].rstrip()
    moved = tuple((first - begin, last - begin, difference) for first, last, difference in marks)
    is_sentence = begin == 0 or text[begin - 1] == "\n" or text[:begin].rstrip()[-1:] in ".!?…。！？"
    return MarkedText(piece, moved, not is_sentence, stop < len(text) and edge is None)


def report_to_json(report: QuotationReport, url_of: Callable[[QuotationMatch], str]) -> dict[str, Any]:
    """JSON object of a report (docs/api.md). Spans count characters (code points) of their text."""
    return {
        "quotation": report.quotation.text,
        "words": len(report.quotation.stream.words),
        "verdict": report.verdict.value,
        "articles": report.articles,
        "took_ms": round(report.took_ms, 3),
        "is_cut": report.is_cut,
        "matches": [_match_to_json(match, report, url_of(match)) for match in report.matches],
    }


def _match_to_json(match: QuotationMatch, report: QuotationReport, url: str) -> dict[str, Any]:
    metadata, quotation = match.document.metadata, report.quotation
    source = metadata.source
    return {
        "id": match.document.id,
        "title": metadata.title,
        "authors": list(metadata.authors),
        "date": metadata.date.isoformat() if metadata.date else None,
        "source": {"name": source.name, "url": source.url} if source else None,
        "url": url,
        "verdict": match.verdict.value,
        "percent": match.percent,
        "field": match.field,
        "left_out": match.alignment.left_out,
        "quotation": _marked_to_json(mark_quotation(match, quotation.text, quotation.stream)),
        "passages": [_marked_to_json(passage) for passage in mark_passages(match)],
        "changes": [
            {"kind": each.difference.value, "quotation": each.quoted, "article": each.article}
            for each in list_changes(match, quotation.text, quotation.stream)
        ],
    }


def _marked_to_json(marked: MarkedText) -> dict[str, Any]:
    return {"text": marked.text, "marks": [[start, end, kind.value] for start, end, kind in marked.marks]}

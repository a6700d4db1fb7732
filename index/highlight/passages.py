"""Passages: the parts of a text with its highlights that a result list shows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backfile.index.engine import HighlightedText, Span

SHORTEST = 200  # characters, if the text has as many
LONGEST = 280
_CORE = 180  # characters of a cluster of spans
_CONSIDERED = 400  # spans of a text that are examined
_NEAR = 100  # characters searched first for the start of a sentence
_CLOSING = 8  # characters between a full stop and the next sentence, as a rule: quotation marks, spaces

# A full stop after an initial or a short form of address ends no sentence. The expression begins with one set of
# characters, so that `re` passes over all others at full speed.
_NO_END = "".join(rf"(?<!\b{before}\.)" for before in ("[A-Z]", "[DMSJ]r", "M[st]", "St", "Mrs", "No", "vs", "etc"))
_SENTENCE_END = re.compile(
    rf"""[.!?…。！？।؟\n](?:(?<=[.!?…]){_NO_END}["'’”»)\]]*\s+(?=["'‘“«(\[]*[^\W_])"""
    r"""|(?<=[。！？।؟])["'’”」』）]*|(?<=\n)\s*)"""
)
_SPACE = re.compile(r"\s")


class _Lengths(NamedTuple):
    """Bounds of a passage in characters, and of the cluster of spans in it."""

    shortest: int
    longest: int
    core: int

    @property
    def spare(self) -> int:
        return self.longest - self.shortest


_USUAL = _Lengths(SHORTEST, LONGEST, _CORE)
_WIDE = _Lengths(SHORTEST // 2, LONGEST // 2, _CORE // 2)
_WIDE_LETTERS = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")


def _lengths(text: str, place: int) -> _Lengths:
    """Bounds by the script around a place: Chinese, Japanese and Korean say as much in half the characters."""
    near = text[max(place - SHORTEST, 0) : place + SHORTEST]
    return _WIDE if not near.isascii() and 2 * len(_WIDE_LETTERS.findall(near)) > len(near) else _USUAL


def select_passages(text: str, spans: Sequence[Span], limit: int = 3) -> tuple[HighlightedText, ...]:
    """Best passages of a text with spans, at most `limit`, in reading order.

    `spans` are sorted and disjoint. Passages are disjoint and have 200 to 280 characters (half as many of Chinese,
    Japanese and Korean), if the text has as many; they begin and end with a sentence or a line where that fits,
    else between words. Order of preference: most different words, most spans, first. Without spans: the beginning
    of the text.
    """
    if limit < 1 or not text or text.isspace():
        return ()
    if not spans:
        return (_cut(text, *_widened(text, 0, 0, (0, len(text)), _lengths(text, 0)), ()),)
    chosen: list[Span] = []
    lengths = _lengths(text, spans[0][0])
    for first, last in _clusters(text, spans[:_CONSIDERED], lengths.core):
        if len(chosen) == limit:
            break
        room = _room(chosen, first, len(text)) if chosen else (0, len(text))
        if room[0] <= first and last <= room[1]:
            chosen.append(_widened(text, first, last, room, lengths))
    return tuple(_cut(text, start, end, spans) for start, end in sorted(chosen))


def _room(chosen: Sequence[Span], place: int, length: int) -> Span:
    """Part of the text around `place` outside of all passages; empty if the place is in one."""
    before = max((end for start, end in chosen if start <= place), default=0)
    after = min((start for start, _ in chosen if start > place), default=length)
    return before, after


def _clusters(text: str, spans: Sequence[Span], core: int) -> Iterator[Span]:
    """Clusters of spans (start, end), the best first: most different words, then most spans."""
    starts, ends = zip(*spans, strict=True)
    # Spans of the cluster that begins with span `index - 1`: up to `afters[index - 1]`.
    afters = [bisect_right(ends, start + core, index) for index, start in enumerate(starts, 1)]
    words = [text[start:end].casefold() for start, end in spans]
    if len(set(words)) == 1:
        best = sorted([(index - after, index) for index, after in enumerate(afters)])
    else:
        ranked = sorted([(-len(set(words[index:after])), index - after, index) for index, after in enumerate(afters)])
        best = [(size, index) for _, size, index in ranked]
    return ((starts[index], ends[index - size - 1]) for size, index in best)


def _widened(text: str, first: int, last: int, room: Span, lengths: _Lengths) -> Span:
    """Passage around text[first:last], inside `room`: whole sentences where they fit, else whole words."""
    start = _start(text, first, max(room[0], last - lengths.longest), room[0], lengths)
    end = _end(text, start, last, room[1], lengths)
    if end - start < lengths.shortest:
        start = next(_edges(text, max(room[0], end - lengths.longest), start), start)
    if end - start < lengths.shortest:
        end = _word_end(text, start, last, min(room[1], start + lengths.longest))
    return start, end


def _start(text: str, first: int, earliest: int, floor: int, lengths: _Lengths) -> int:
    """Start of the sentence around `first`, or of a word before it."""
    for low in (max(first - _NEAR, earliest), earliest):
        *_, edge = -1, *_edges(text, low, first)
        if edge >= 0:
            return edge
    if earliest == floor:
        return floor
    space = _SPACE.search(text, max(earliest, first - lengths.spare), first)
    return space.end() if space else max(earliest, first - lengths.spare // 2)


def _end(text: str, start: int, last: int, ceiling: int, lengths: _Lengths) -> int:
    """End of the first sentence that makes the passage long enough, else of the last that fits, else of a word."""
    latest = min(ceiling, start + lengths.longest)
    enough = max(last, start + lengths.shortest)
    for edge in _edges(text, max(enough - _CLOSING, start), latest):
        if edge >= enough:
            return edge
    if latest == len(text):
        return latest
    *_, edge = -1, *_edges(text, max(last - _CLOSING, start), min(enough, latest))
    if edge >= last:
        return edge
    return _word_end(text, start, last, latest)


def _word_end(text: str, start: int, last: int, latest: int) -> int:
    if latest == len(text) or text[latest].isspace():
        return latest
    place = latest - 1
    while place >= max(last, start + 1):
        if text[place].isspace():
            return place
        place -= 1
    return max(latest, start + 1)


def _edges(text: str, low: int, high: int) -> Iterator[int]:
    """Starts of sentences or lines in text[low:high + 1], in order, without `low` itself unless it is 0."""
    if not low:
        yield 0
    for found in _SENTENCE_END.finditer(text, low, high + 1):
        edge = found.end()
        if low < edge <= high:
            yield edge


def _cut(text: str, start: int, end: int, spans: Sequence[Span]) -> HighlightedText:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    piece = piece.strip()
    end = start + len(piece)
    inside: list[Span] = []
    # Only the span before those that begin here may reach into the passage.
    for low, high in spans[max(bisect_left(spans, (start,)) - 1, 0) :]:
        if low >= end:
            break
        if high > start:
            inside.append((max(low, start) - start, min(high, end) - start))
    return HighlightedText(piece, tuple(inside))

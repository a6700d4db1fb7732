"""Passages: the parts of a text with its highlights that a result list shows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from backfile.index.engine import HighlightedText, Span
from backfile.index.highlight.sentences import ends_sentence, is_file_name, is_prose, sentence_starts

SHORTEST = 160  # characters, if the text has as many
LONGEST = 240
_CORE = 160  # characters of a cluster of spans
_CONSIDERED = 400  # spans of a text that are examined
_TRIED = 50  # clusters of a text that are widened to passages
_LEAD = 2_000  # characters at the beginning of a text, in which its first prose is searched
_NEAR = 100  # characters searched first for the start of a sentence
_CLOSING = 8  # characters between a full stop and the next sentence, as a rule: quotation marks, spaces

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


class _Sentences(NamedTuple):
    """Sentences of a text, as borders of passages."""

    text: str
    lengths: _Lengths
    language: str | None

    def widened(self, first: int, last: int, room: Span) -> Span:
        """Passage around text[first:last], inside `room`: whole sentences where they fit, else whole words."""
        shortest, longest, _ = self.lengths
        start = self._start(first, max(room[0], last - longest), room[0])
        end, whole = self._end(start, last, room[1])
        if end - start < shortest:
            start = next(self._edges(max(room[0], end - longest), start), start)
        if end - start < (shortest // 2 if whole else shortest):
            end = _word_end(self.text, start, last, min(room[1], start + longest))
        return start, self._without_rest(start, last, end)

    def _without_rest(self, start: int, last: int, end: int) -> int:
        """End of a passage without the lines after its last span that end with no sentence: headings, code, a part."""
        least = max(last, start + self.lengths.shortest // 2)
        while not ends_sentence(self.text[least:end]):
            line = self.text.rfind("\n", least, end)
            if line < 0:
                break
            end = line
        return end

    def stand_apart(self, passage: Span, room: Span) -> bool:
        """True if a sentence or line begins between a passage and each of its neighbours, which bound the `room`."""
        start, end = passage
        before, after = room
        return (not before or self._begins(before, start)) and (after == len(self.text) or self._begins(end, after))

    def _begins(self, low: int, high: int) -> bool:
        return any(edge >= low for edge in self._edges(max(low - _CLOSING, 0), high))

    def _edges(self, low: int, high: int) -> Iterator[int]:
        return sentence_starts(self.text, low, high, self.language)

    def _start(self, first: int, earliest: int, floor: int) -> int:
        """Start of the sentence around `first`, or of a word before it."""
        for low in (max(first - _NEAR, earliest), earliest):
            *_, edge = -1, *self._edges(low, first)
            if edge >= 0:
                return edge
        if earliest == floor:
            return floor
        spare = self.lengths.spare
        space = _SPACE.search(self.text, max(earliest, first - spare), first)
        return space.end() if space else max(earliest, first - spare // 2)

    def _end(self, start: int, last: int, ceiling: int) -> tuple[int, bool]:
        """End of the first sentence that makes the passage long enough, else of the last that fits, else of a word.

        With it: whether it is the end of a sentence.
        """
        latest = min(ceiling, start + self.lengths.longest)
        enough = max(last, start + self.lengths.shortest)
        for edge in self._edges(max(enough - _CLOSING, start), latest):
            if edge >= enough:
                return edge, True
        if latest == len(self.text):
            return latest, True
        *_, edge = -1, *self._edges(max(last - _CLOSING, start), min(enough, latest))
        if edge >= last:
            return edge, True
        return _word_end(self.text, start, last, latest), False


def select_passages(
    text: str, spans: Sequence[Span], limit: int = 3, language: str | None = None
) -> tuple[HighlightedText, ...]:
    """Best passages of a text with spans, at most `limit`, in reading order.

    `spans` are sorted and disjoint. Passages are disjoint and have up to 240 characters (half as many of Chinese,
    Japanese and Korean), and 160 if the text has as many; they begin and end with a sentence or a line where that
    fits, by the abbreviations of the `language`, else between words. Two passages never are parts of one sentence.
    Order of preference: most different words, prose, most spans, first. Without spans: the first prose of the text.
    """
    if limit < 1 or not text or text.isspace():
        return ()
    if not spans:
        start = _lead(text)
        sentences = _Sentences(text, _lengths(text, start), language)
        return (_cut(text, *sentences.widened(start, start, (start, len(text))), ()),)
    sentences = _Sentences(text, _lengths(text, spans[0][0]), language)
    chosen: list[Span] = []
    tried = 0
    for first, last in _clusters(text, spans[:_CONSIDERED], sentences.lengths.core):
        if len(chosen) == limit or tried == _TRIED:
            break
        room = _room(chosen, first, len(text)) if chosen else (0, len(text))
        if room[0] <= first and last <= room[1]:
            tried += 1
            found = sentences.widened(first, last, room)
            if not chosen or (sentences.stand_apart(found, room) and not is_file_name(text[slice(*found)])):
                chosen.append(found)
    return tuple(_cut(text, start, end, spans) for start, end in sorted(chosen))


def _lead(text: str) -> int:
    """Start of the first line of prose near the beginning of a long text, else 0."""
    start = 0
    while len(text) > LONGEST and 0 <= start < _LEAD:
        end = text.find("\n", start)
        if is_prose(text[start : end if end >= 0 else None]):
            return start
        start = end + 1 if end >= 0 else -1
    return 0


def _room(chosen: Sequence[Span], place: int, length: int) -> Span:
    """Part of the text around `place` outside of all passages; empty if the place is in one."""
    before = max((end for start, end in chosen if start <= place), default=0)
    after = min((start for start, _ in chosen if start > place), default=length)
    return before, after


def _clusters(text: str, spans: Sequence[Span], core: int) -> Iterator[Span]:
    """Clusters of spans (start, end), the best first: most different words, then in prose, then most spans."""
    starts, ends = zip(*spans, strict=True)
    # Spans of the cluster that begins with span `index - 1`: up to `afters[index - 1]`.
    afters = [bisect_right(ends, start + core, index) for index, start in enumerate(starts, 1)]
    words = [text[start:end].casefold() for start, end in spans]
    prose = list(accumulate(_in_prose(text, starts), initial=0))
    one = len(set(words)) == 1
    ranked = sorted(
        [
            (
                -1 if one else -len(set(words[index - 1 : after])),
                prose[after] == prose[index - 1],
                index - 1 - after,
                index - 1,
            )
            for index, after in enumerate(afters, 1)
        ]
    )
    return ((starts[index], ends[index - size - 1]) for _, _, size, index in ranked)


def _in_prose(text: str, starts: Sequence[int]) -> Iterator[bool]:
    """True for each place that is in a line of prose."""
    end, prose = -1, False
    for start in starts:
        if start > end:
            begin = text.rfind("\n", 0, start) + 1
            end = text.find("\n", start)
            end = end if end >= 0 else len(text)
            prose = is_prose(text[begin:end])
        yield prose


def _word_end(text: str, start: int, last: int, latest: int) -> int:
    if latest == len(text) or text[latest].isspace():
        return latest
    place = latest - 1
    while place >= max(last, start + 1):
        if text[place].isspace():
            return place
        place -= 1
    return max(latest, start + 1)


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

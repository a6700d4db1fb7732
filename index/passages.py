"""A text and its marks → the few passages to show of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import takewhile

from index.engine import Marked, Span

SHORTEST = 200  # characters that a passage has if the text gives them
LONGEST = 280
_CORE = 180  # characters within which marks are taken for neighbours
_CONSIDERED = 400  # marks looked at; an article with more of them has good passages among these

# A full stop after an initial or a short form of address ends no sentence. The expression begins with one set of
# characters, so that `re` passes over all others at full speed.
_NO_END = "".join(rf"(?<!\b{before}\.)" for before in ("[A-Z]", "[DMSJ]r", "M[st]", "St", "Mrs", "No", "vs", "etc"))
_SENTENCE_END = re.compile(
    rf"""[.!?…。！？।؟\n](?:(?<=[.!?…]){_NO_END}["'’”»)\]]*\s+(?=["'‘“«(\[]*[^\W_])"""
    r"""|(?<=[。！？।؟])["'’”」』）]*|(?<=\n)\s*)"""
)
_SPACE = re.compile(r"\s")


def passages(text: str, spans: Sequence[Span], limit: int = 3) -> tuple[Marked, ...]:
    """The best passages of `text` that hold marks, at most `limit`, in the order of reading.

    `spans` are sorted and disjoint, as `Matcher` gives them. A passage has 200 to 280 characters if the text has,
    begins and ends with a sentence or a line where that fits, else between words, and overlaps no other; the best
    have most different marked words, then most marks, then come first. Without spans: the beginning of the text.
    """
    if limit < 1 or not text.strip():
        return ()
    if not spans:
        return (_cut(text, *_widened(text, 0, 0, (0, len(text))), ()),)
    chosen: list[Span] = []
    for _, _, first, last in sorted(_clusters(text, spans[:_CONSIDERED])):
        if len(chosen) == limit:
            break
        room = _room(chosen, first, len(text))
        if room[0] <= first and last <= room[1]:
            chosen.append(_widened(text, first, last, room))
    return tuple(_cut(text, start, end, spans) for start, end in sorted(chosen))


def _room(taken: Sequence[Span], place: int, length: int) -> Span:
    """The part of the text around `place` that no passage has taken; empty if the place itself is taken."""
    before = max((end for start, end in taken if start <= place), default=0)
    after = min((start for start, _ in taken if start > place), default=length)
    return before, after


def _clusters(text: str, spans: Sequence[Span]) -> Iterator[tuple[int, int, int, int]]:
    """Marks close together as (-different words, -marks, first character, end): sorts by worth."""
    words = [text[start:end].casefold() for start, end in spans]
    alike = len(set(words)) == 1
    after = 0
    for index, (first, end) in enumerate(spans):
        while after < len(spans) and spans[after][1] <= first + _CORE:
            after += 1
        after = max(after, index + 1)
        different = 1 if alike else len(set(words[index:after]))
        yield -different, index - after, first, max(end, spans[after - 1][1])


def _widened(text: str, first: int, last: int, room: Span) -> Span:
    """The passage around text[first:last], inside `room`: whole sentences where they fit, else whole words."""
    start = _start(text, first, max(room[0], last - LONGEST), room[0])
    end = _end(text, start, last, room[1])
    if end - start < SHORTEST:
        earlier = [edge for edge in _edges(text, max(room[0], end - LONGEST), start) if end - edge <= LONGEST]
        start = min([start, *earlier])
    if end - start < SHORTEST:
        end = _word_end(text, start, last, min(room[1], start + LONGEST))
    return start, end


def _start(text: str, first: int, earliest: int, floor: int) -> int:
    """The beginning of the sentence around `first`, or of a word some way before it."""
    edges = _edges(text, earliest, first)
    if edges:
        return edges[-1]
    if earliest == floor:
        return floor
    space = _SPACE.search(text, max(earliest, first - (LONGEST - SHORTEST)), first)
    return space.end() if space else max(earliest, first - (LONGEST - SHORTEST) // 2)


def _end(text: str, start: int, last: int, ceiling: int) -> int:
    """The end of the first sentence that makes the passage long enough, else of the last that fits, else of a word."""
    latest = min(ceiling, start + LONGEST)
    edges = [edge for edge in _edges(text, start, latest) if edge >= last]
    if latest == len(text):
        edges.append(latest)
    long_enough = [edge for edge in edges if edge - start >= SHORTEST]
    if edges:
        return min(long_enough) if long_enough else edges[-1]
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


def _edges(text: str, low: int, high: int) -> list[int]:
    """Where sentences or lines begin in text[low:high + 1]."""
    edges = [match.end() for match in _SENTENCE_END.finditer(text, low, min(high + 1, len(text)))]
    return [edge for edge in edges if low < edge <= high] if low else [0, *(edge for edge in edges if 0 < edge <= high)]


def _cut(text: str, start: int, end: int, spans: Sequence[Span]) -> Marked:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    piece = piece.strip()
    end = start + len(piece)
    inside = takewhile(lambda span: span[0] < end, spans[bisect_left(spans, start, key=lambda span: span[1]) :])
    clipped = ((max(low, start) - start, min(high, end) - start) for low, high in inside)
    return Marked(piece, tuple(span for span in clipped if span[0] < span[1]))

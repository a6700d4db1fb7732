"""Alignment of a quotation with the passage of a text that is nearest to it, and what differs between them.

Likely places are found by the diagonals (place in the text minus place in the quotation) on which words of both meet,
as FASTA does (Pearson & Lipman 1988); there the words are aligned by Levenshtein's distance (rapidfuzz).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from backfile.index.quotations.word_stream import Quotation, WordStream

_PLACES = 3  # likely places of a part that are aligned
_LEAST_WINDOW = 8  # words
_MOST_PAIRS = 50_000  # pairs of equal words in quotation and text that a word may bring
_OTHER, _MISSING = 10, 9  # distances of an added or changed word, and of a missing one: quotations drop words
_HEAVIEST = 8  # letters of a word that count
_WINDOW = 6  # times the words of a part
_LIKELY = 0.7  # of the votes of the best window, for another to be looked at
_ALIKE = 0.5  # similarity of two words of which one is a change of the other


_Ids = npt.NDArray[np.int64]


class Difference(StrEnum):
    """Words of a passage or a quotation, by what the other has in their place.

    `SAME`: the same; `MISSING`: nothing, they are in the article only; `ADDED`: nothing, they are in the quotation
    only; `CHANGED`: other words; `LEFT_OUT`: an ellipsis.
    """

    SAME = "same"
    MISSING = "missing"
    ADDED = "added"
    CHANGED = "changed"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Step:
    """Words `quoted` of a quotation and words `text` of a text, each (first, after), that stand for each other."""

    difference: Difference
    quoted: tuple[int, int]
    text: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Steps through a quotation and a passage in order. `similarity` from 0 to 1; `verbatim`: word for word.

    `left_out` is the number of words of the text for which ellipses stand.
    """

    steps: tuple[Step, ...]
    similarity: float
    verbatim: bool
    left_out: int = 0


def align_verbatim(quotation: Quotation, text: WordStream) -> Alignment | None:
    """Alignment of a quotation that stands word for word in a text; None if it does not."""
    places = quotation.find_verbatim(text)
    if places is None:
        return None
    steps: list[Step] = []
    first = 0
    for part, place in zip(quotation.parts, places, strict=True):
        if steps and steps[-1].text[1] < place[0]:
            steps.append(Step(Difference.LEFT_OUT, (first, first), (steps[-1].text[1], place[0])))
        steps.append(Step(Difference.SAME, (first, first + len(part.words)), place))
        first += len(part.words)
    return Alignment(tuple(steps), 1.0, verbatim=True, left_out=_count_left_out(steps))


@dataclass(frozen=True, slots=True)
class Guess:
    """Likely places of a quotation in a text, as windows of its `rough_words`, the best first.

    `share`: part of the words of the quotation that stand near one another there, roughly; longer ones count more.
    """

    share: float
    windows: tuple[tuple[int, int], ...]


def guess_places(quotation: Quotation, words: Sequence[str]) -> Guess:
    """Guesses where a quotation stands in a text; of one with ellipses one window holds all parts."""
    total = sum(_weight(word) for part in quotation.rough for word in part)
    found = [list(_windows(part, words)) for part in quotation.rough]
    share = sum(windows[0][0] for windows in found if windows) / max(total, 1)
    if len(found) == 1:
        likely = (window for votes, window in found[0] if votes >= _LIKELY * found[0][0][0])
        return Guess(share, tuple(likely))
    every = [window for windows in found for _, window in windows]
    return Guess(share, ((min(every)[0], max(after for _, after in every)),) if every else ())


def align(quotation: Quotation, text: WordStream) -> Alignment | None:
    """Alignment of a quotation with the nearest passage of a text, its parts in order; None if they share no word.

    The similarity is the share of the words that agree, of the passage or the quotation, whichever has more; changed
    ones count by the share of their letters that agree. It is below 1 even where only the borders of words differ.
    """
    chosen = _chosen_places(quotation, text)
    if not any(chosen):
        return None
    steps: list[Step] = []
    first = 0
    agreed = total = 0.0
    for part, place in zip(quotation.parts, chosen, strict=True):
        before = next((step.text[1] for step in reversed(steps) if step.text[0] < step.text[1]), None)
        if place and before is not None and before < place[0]:
            steps.append(Step(Difference.LEFT_OUT, (first, first), (before, place[0])))
        for step in _steps(part, text, place or (0, 0), first):
            words = max(step.quoted[1] - step.quoted[0], step.text[1] - step.text[0])
            total += words
            agreed += words * _agreement(step, quotation.stream, text)
            steps.append(step)
        first += len(part.words)
    return Alignment(tuple(steps), min(agreed / total, 0.999), verbatim=False, left_out=_count_left_out(steps))


def _chosen_places(quotation: Quotation, text: WordStream) -> list[tuple[int, int] | None]:
    """Passage of each part; of a single part in a text that is a window already, without looking for others."""
    if len(quotation.parts) == 1 and len(text.words) <= _WINDOW * len(quotation.stream.words) + _LEAST_WINDOW:
        place = _passage(quotation.stream.words, text.words)
        return [text.whole_compounds(*place) if place else None]
    return _in_order([list(_places(part.words, text)) for part in quotation.parts])


def _agreement(step: Step, quoted: WordStream, text: WordStream) -> float:
    """Share of the words of a step that agree."""
    if step.difference is Difference.SAME:
        return 1.0
    if step.difference is not Difference.CHANGED:
        return 0.0
    one, other = (" ".join(stream.words[slice(*place)]) for stream, place in ((quoted, step.quoted), (text, step.text)))
    return float(Levenshtein.normalized_similarity(one, other))


def _count_left_out(steps: Iterable[Step]) -> int:
    return sum(step.text[1] - step.text[0] for step in steps if step.difference is Difference.LEFT_OUT)


def _weight(word: str) -> int:
    return min(len(word), _HEAVIEST)


def _windows(quoted: Sequence[str], words: Sequence[str]) -> Iterator[tuple[float, tuple[int, int]]]:
    """Likely places of a part as (weight of the words that meet there, window of words), the best first."""
    places = defaultdict(list)
    wanted = Counter(quoted)
    for index, word in enumerate(words):
        if word in wanted:
            places[word].append(index)
    if not places:
        return
    fewest = min(len(places[word]) * wanted[word] for word in places)
    diagonals, weights = [], []
    for index, word in enumerate(quoted):
        if (found := places.get(word)) and len(found) * wanted[word] <= max(_MOST_PAIRS, fewest):
            diagonals.append(np.array(found) - index)
            weights.append(np.full(len(found), _weight(word) / wanted[word]))
    width = max(_LEAST_WINDOW, len(quoted) // 2)
    slots = (np.concatenate(diagonals) + len(quoted)) // width
    votes = np.bincount(slots, np.concatenate(weights))
    together = votes + np.append(votes[1:], 0.0)
    for _ in range(_PLACES):
        best = int(together.argmax())
        if together[best] <= 0:
            return
        low = best * width - len(quoted)
        yield (
            float(together[best]),
            (max(low - width // 2, 0), min(low + 2 * width + len(quoted) + width // 2, len(words))),
        )
        together[max(best - 1, 0) : best + 2] = 0.0


def _places(quoted: Sequence[str], text: WordStream) -> Iterator[tuple[int, int]]:
    """Passages (first word, after the last) that are aligned with a part, from its likely places."""
    seen = set()
    for _, (low, high) in _windows(quoted, text.words):
        place = _passage(quoted, text.words[low:high])
        if place and (found := text.whole_compounds(low + place[0], low + place[1])) not in seen:
            seen.add(found)
            yield found


def _passage(quoted: Sequence[str], window: Sequence[str]) -> tuple[int, int] | None:
    """Passage of a window with the least distance from a part; None if they have no word in common.

    At its ends words of the part that are not in the passage stand for their neighbours if these are alike.
    """
    known = {word: number for number, word in enumerate(dict.fromkeys(quoted))}
    wanted = np.array([known[word] for word in quoted])
    words = np.array([known.get(word, -1) for word in window])
    end = _end_of_passage(wanted, words)
    start = end - _end_of_passage(wanted[::-1], words[:end][::-1])
    codes = Levenshtein.opcodes(quoted, window[start:end])
    equal = [op for op in codes if op.tag == "equal"]
    if not equal:
        return None
    before, first = equal[0].src_start, start + equal[0].dest_start
    after, last = equal[-1].src_end, start + equal[-1].dest_end
    while before and first and _alike(quoted[before - 1], window[first - 1]):
        before, first = before - 1, first - 1
    while after < len(quoted) and last < len(window) and _alike(quoted[after], window[last]):
        after, last = after + 1, last + 1
    return first, last


def _end_of_passage(wanted: _Ids, words: _Ids) -> int:
    """End of the shortest passage of words that has the least Levenshtein distance from some wanted ones.

    Sellers' algorithm (1980), a row of the table at a time.
    """
    places = np.arange(len(words) + 1) * _MISSING
    row = np.zeros(len(words) + 1, np.int64)
    for number, word in enumerate(wanted.tolist(), 1):
        following = np.empty_like(row)
        following[0] = number * _OTHER
        np.minimum(row[:-1] + _OTHER * (words != word), row[1:] + _OTHER, out=following[1:])
        row = np.minimum.accumulate(following - places) + places
    return int(row.argmin())


def _alike(one: str, other: str) -> bool:
    return Levenshtein.normalized_similarity(one, other) >= _ALIKE


def _in_order(choices: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int] | None]:
    """One place for each part, each after the one before; parts without such a place get None.

    The best place of each part is kept unless a part before it stands behind.
    """
    chosen: list[tuple[int, int] | None] = []
    reached = 0
    for places in choices:
        place = next((each for each in places if each[0] >= reached), None)
        chosen.append(place)
        reached = place[1] if place else reached
    return chosen


def _steps(quoted: WordStream, text: WordStream, place: tuple[int, int], first: int) -> Iterator[Step]:
    """Steps of a part, whose first word is word `first` of the quotation, through its passage."""
    start, end = place
    kinds = {"equal": Difference.SAME, "replace": Difference.CHANGED}
    kinds |= {"insert": Difference.MISSING, "delete": Difference.ADDED}
    for tag, own, other in _joined(Levenshtein.opcodes(quoted.words, text.words[start:end])):
        words = text.part(start + other[0], start + other[1])
        is_same = tag == "replace" and words.equals(quoted.part(*own))
        difference = Difference.SAME if is_same else kinds[tag]
        yield Step(difference, (first + own[0], first + own[1]), (start + other[0], start + other[1]))


_Op = tuple[str, tuple[int, int], tuple[int, int]]


def _joined(codes: Iterable[object]) -> Iterator[_Op]:
    """Operations in order; neighbours of which one adds and one takes away become one change."""
    ops: list[_Op] = [
        (op.tag, (op.src_start, op.src_end), (op.dest_start, op.dest_end))  # type: ignore[attr-defined]
        for op in codes
    ]
    for is_equal, run in groupby(ops, key=lambda op: op[0] == "equal"):
        found = list(run)
        if is_equal or len(found) == 1:
            yield from found
            continue
        yield "replace", (found[0][1][0], found[-1][1][1]), (found[0][2][0], found[-1][2][1])


def differences(steps: Sequence[Step]) -> list[Step]:
    """Steps at which quotation and passage differ."""
    return [step for step in steps if step.difference not in (Difference.SAME, Difference.LEFT_OUT)]

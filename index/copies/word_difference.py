"""Word differences of two texts: words in one and not in the other, compared in their folded form, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.tokenizer import UNSPACED_CHARACTER, iter_raw_tokens

MAX_WORDS = 20_000
"""Words of a text up to which `compare` compares: two of so many take 0.4 s and 50 MB."""
MAX_COUNTED = 5_000
"""Words of a text up to which `count_difference` compares: two of so many take 20 ms."""


class WordDifference(NamedTuple):
    """Numbers of words that a text has more (`added`) and less (`removed`) than another one."""

    added: int
    removed: int


class ComparedPart(NamedTuple):
    """Part of two texts: `kind` is `same`, `added` or `removed`; `text` is as written in the text that has it."""

    kind: str
    text: str


class WordList(NamedTuple):
    """Words of a text, folded, and the start and end of each (code points)."""

    text: str
    folded: list[str]
    spans: list[tuple[int, int]]


def read_words(text: str) -> WordList:
    """Words of a text; of scripts without spaces each character is one."""
    folded: list[str] = []
    spans: list[tuple[int, int]] = []
    for token in iter_raw_tokens(text):
        word, start, end = token[0], token.start(), token.end()
        if UNSPACED_CHARACTER.match(word):
            found = [(start + each.start(), start + each.end()) for each in UNSPACED_CHARACTER.finditer(word)]
        else:
            found = [(start, end)]
        spans += found
        folded += [fold(text[first:last]) for first, last in found]
    return WordList(text, folded, spans)


def count_difference(text: str, other: str) -> WordDifference | None:
    """Number of words that `other` has more and less than `text`; None if one is longer than MAX_COUNTED."""
    if text == other:
        return WordDifference(0, 0)
    words, others = read_words(text).folded, read_words(other).folded
    if max(len(words), len(others)) > MAX_COUNTED:
        return None
    common = int(LCSseq.similarity(words, others))
    return WordDifference(len(others) - common, len(words) - common)


def compare(text: str, other: str) -> list[ComparedPart] | None:
    """Both texts in one: what they share as `other` has it, what only it has, and what only `text` has.

    The same pieces in the same order give `other` without those removed, and `text`, but for signs between words,
    without those added. None if one is longer than MAX_WORDS.
    """
    one, two = read_words(text), read_words(other)
    if max(len(one.folded), len(two.folded)) > MAX_WORDS:
        return None
    found: list[ComparedPart] = []
    last = 0
    for step in LCSseq.opcodes(one.folded, two.folded):
        if step.tag == "delete":
            found.append(ComparedPart("removed", _written(one, step.src_start, step.src_end)))
            continue
        until = _end(two, step.dest_end)
        found.append(ComparedPart("same" if step.tag == "equal" else "added", other[last:until]))
        last = until
    return _joined([*found, ComparedPart("same", other[last:])])


def count_parts(parts: Sequence[ComparedPart]) -> WordDifference:
    """Number of words added and removed in a comparison."""
    counts = {
        kind: sum(len(read_words(part.text).folded) for part in parts if part.kind == kind)
        for kind in ("added", "removed")
    }
    return WordDifference(counts["added"], counts["removed"])


def _end(words: WordList, stop: int) -> int:
    """Place in a text up to which its first words reach: the beginning of the next one, or the end."""
    return words.spans[stop][0] if stop < len(words.spans) else len(words.text)


def _written(words: WordList, first: int, end: int) -> str:
    return words.text[words.spans[first][0] : _end(words, end)]


def _joined(segments: Sequence[ComparedPart]) -> list[ComparedPart]:
    """Segments without empty ones, neighbours of one kind as one."""
    found: list[ComparedPart] = []
    for each in segments:
        before = found.pop().text if each.text and found and found[-1].kind == each.kind else ""
        if each.text:
            found.append(ComparedPart(each.kind, before + each.text))
    return found

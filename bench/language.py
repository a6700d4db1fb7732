"""Language model of a corpus: the words of real articles, their frequencies, and the frames of their sentences.

A *frame* is a real sentence with the commonest words and the punctuation in place and a slot for every other word.
Filled slots give text with the stop-word phrases, sentence lengths and word frequencies of the source.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backfile.archive.markdown.renderer import to_text
from backfile.archive.storage.library import Library

SAMPLE = Path(__file__).parents[1] / "archive" / "sample"
MAX_TEXTS = 5_000  # read of a source: enough for its words and sentences
KEPT_IN_PLACE = 120  # commonest words, which stay in the frames
FULL_VOCABULARY = 150_000  # words; invented ones fill up a smaller source
RARE = 0.06  # share of slots with invented words when nearly all of the vocabulary is invented
SLOT = -1
PUNCTUATION = (",", ";", ":", ".", "?", "!")

_SENTENCE = re.compile(r"[^.?!\n]+[.?!]?")
_PIECE = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:[.,]\d+)*|[,;:.?!]")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Frames:
    """Concatenated frames: `pieces` are word numbers, SLOT, or -2, -3, … for PUNCTUATION.

    Frame i begins at `starts[i]` and has `lengths[i]` pieces.
    """

    pieces: Ints
    starts: Ints
    lengths: Ints


@dataclass(frozen=True, slots=True)
class Language:
    """Vocabulary, commonest word first, and frames of sentences and titles.

    `weights[i]` is the share of word i in slots, 0 for words that stay in place. `characters` is the mean length of a
    sentence with its final space.
    """

    words: list[str]
    weights: npt.NDArray[np.float64]
    sentences: Frames
    titles: Frames
    characters: float


def learn(source: Path | None = None) -> Language:
    """Learns the language of a library folder or a `docs.jsonl` (an article a line, with `title` and `text`).

    Without a source it is that of the sample library. Raises `OSError` for an unreadable source and `ValueError` for
    one without sentences.
    """
    titles: list[list[str]] = []
    sentences: list[list[str]] = []
    for title, text in islice(_texts(source or SAMPLE), MAX_TEXTS):
        titles.append(_PIECE.findall(title))
        sentences += [_PIECE.findall(sentence) for sentence in _SENTENCE.findall(text)]
    sentences = [pieces for pieces in sentences if 2 < len(pieces) < 80]
    if not sentences:
        raise ValueError(f"there is no sentence to learn from in {source}")
    forms = _forms(sentences)
    ranks = {key: rank for rank, key in enumerate(forms)}
    words = [form for form, _ in forms.values()]
    counts = np.array([count for _, count in forms.values()], dtype=np.float64)
    words, weights = _fill_up(words, counts)
    return Language(
        words,
        weights,
        _frames(sentences, ranks),
        _frames([pieces for pieces in titles if len(pieces) > 1] or sentences[:100], ranks),
        float(np.mean([sum(map(len, pieces)) + len(pieces) for pieces in sentences])),
    )


def _texts(source: Path) -> Iterator[tuple[str, str]]:
    if source.is_file():
        with source.open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                yield record.get("title") or "", record["text"]
        return
    library = Library(source)
    for entry in library.walk():
        article = library.read(entry.path).article
        if article is not None and article.metadata.language in (None, "en"):
            yield article.metadata.title, to_text(article.body)


def _forms(sentences: Iterable[list[str]]) -> dict[str, tuple[str, int]]:
    """Most frequent spelling inside sentences and frequency of every folded word, commonest first."""
    within, counts = Counter[str](), Counter[str]()
    for pieces in sentences:
        words = [piece for piece in pieces if piece not in PUNCTUATION]
        within.update(words[1:])
        counts.update(word.lower() for word in words)
    usual: dict[str, str] = {}
    for form, _ in within.most_common():
        usual.setdefault(form.lower(), form)
    return {key: (usual.get(key, key), count) for key, count in counts.most_common()}


def _fill_up(words: list[str], counts: npt.NDArray[np.float64]) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Vocabulary and weights with a tail of rare invented words, spliced from real ones and weighted by Zipf's law."""
    known = set(map(str.lower, words))
    parts = [word for word in words[KEPT_IN_PLACE:] if word.isalpha() and len(word) > 4]
    invented: dict[str, None] = {}
    beginnings = [word[: len(word) // 2 + 1].lower() for word in parts]
    tails = [word[len(word) // 2 :].lower() for word in parts]
    for step in range(1, len(parts)):
        if len(words) + len(invented) >= FULL_VOCABULARY:
            break
        invented.update(dict.fromkeys(map(str.__add__, beginnings, tails[step:] + tails[:step])))
    rare = [word for word in invented if word not in known][: FULL_VOCABULARY - len(words)]
    counts[:KEPT_IN_PLACE] = 0
    zipf = 1 / np.arange(len(words), len(words) + len(rare), dtype=np.float64)
    mass = counts.sum() * RARE * len(rare) / FULL_VOCABULARY
    weights = np.concatenate([counts, zipf * mass / zipf.sum()]) if rare else counts
    return words + rare, weights / weights.sum()


def _frames(sentences: Iterable[list[str]], ranks: dict[str, int]) -> Frames:
    marks = {mark: SLOT - 1 - place for place, mark in enumerate(PUNCTUATION)}
    framed = []
    for pieces in sentences:
        numbers = [marks[piece] if piece in marks else ranks.get(piece.lower(), KEPT_IN_PLACE) for piece in pieces]
        while numbers and numbers[0] < SLOT:
            numbers.pop(0)
        framed.append([SLOT if number >= KEPT_IN_PLACE else number for number in numbers])
    lengths = np.array([len(numbers) for numbers in framed if numbers], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return Frames(np.array([number for numbers in framed for number in numbers], dtype=np.int64), starts, lengths)

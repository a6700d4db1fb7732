"""Corpus generator: articles of recombined real words and sentences, reproducible by seed.

A corpus of 10,000 articles is the beginning of that of 100,000 with the same seed, so growth is measured on one text.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.index.engine import Document
from bench.language import KEPT_IN_PLACE, PUNCTUATION, SLOT, Frames, Ints, Language, learn

AUTHORS = 14_000
TOPICS = 160
TOPIC_WORDS = 512  # entries of a topic's word table; a common word fills several
CHARACTERS = 4_000  # of text an article, in the mean
BATCH = 500
FIRST_YEAR, YEARS = 1985, 41
TABLE = 1 << 21  # entries of the sampling table; the rarest word has about one
FROM_TOPIC, FROM_BURST = 0.30, 0.16  # shares of slots; the rest is filled from the whole vocabulary
BURST = 16  # words that an article repeats


@dataclass(frozen=True, slots=True)
class _Model:
    """Distributions that articles are drawn from.

    `pieces` has every word three times: after a space, capitalised after a space, capitalised after a line break; then
    the punctuation.
    """

    language: Language
    pieces: npt.NDArray[np.object_]
    draws: Ints
    topic_words: Ints
    topics: list[str]
    authors: list[str]


@dataclass(frozen=True, slots=True)
class _Subjects:
    """Subjects of a batch: three topics an article (BATCH, 3) and the words it repeats (BATCH, BURST)."""

    topics: Ints
    bursts: Ints


def generate(articles: int, seed: int = 1, source: Path | None = None) -> Iterator[Document]:
    """Generates the first articles of a seed, in the language of `source` (see `bench.language.learn`)."""
    model = _model(seed, source)
    batches = (_batch(model, seed, number) for number in range(-(-articles // BATCH)))
    return islice((document for batch in batches for document in batch), articles)


@lru_cache(maxsize=2)
def _model(seed: int, source: Path | None) -> _Model:
    rng = np.random.default_rng([seed, 0])
    language = learn(source)
    words = language.words
    capitals = [word[:1].upper() + word[1:] for word in words]
    pieces = [f" {word}" for word in words] + [f" {word}" for word in capitals] + [f"\n{word}" for word in capitals]
    draws = np.searchsorted(np.cumsum(language.weights), (np.arange(TABLE) + 0.5) / TABLE).clip(max=len(words) - 1)
    usual = np.arange(KEPT_IN_PLACE, min(len(words), 8_000))
    vocabularies = rng.choice(usual, (TOPICS, 300))
    steep = (rng.random((TOPICS, TOPIC_WORDS)) ** 2 * 300).astype(np.int64)
    longer = [rank for rank in range(KEPT_IN_PLACE, len(words)) if len(words[rank]) > 4 and words[rank].isalpha()]
    return _Model(
        language,
        np.array([*pieces, *PUNCTUATION], dtype=object),
        draws,
        np.take_along_axis(vocabularies, steep, axis=1),
        [words[rank].lower() for rank in longer[TOPICS : 2 * TOPICS]],
        _names([capitals[rank] for rank in longer], rng),
    )


def _names(words: list[str], rng: np.random.Generator) -> list[str]:
    """Invented author names, all different."""
    firsts, lasts = words[:400], words[400:8_000] or words
    names: dict[str, None] = {}
    while len(names) < AUTHORS:
        for first, last in zip(rng.choice(firsts, AUTHORS), rng.choice(lasts, AUTHORS), strict=True):
            names.setdefault(f"{first} {last}")
    return list(names)[:AUTHORS]


def _batch(model: _Model, seed: int, number: int) -> list[Document]:
    """Articles from number × BATCH on; independent of other batches."""
    rng = np.random.default_rng([seed, 1, number])
    topics = _skewed(rng, TOPICS, (BATCH, 3), 1.6)
    bursts = np.where(
        rng.random((BATCH, BURST)) < 0.5,
        model.topic_words[topics[:, :1], rng.integers(0, TOPIC_WORDS, (BATCH, BURST))],
        model.draws[rng.integers(0, TABLE, (BATCH, BURST))],
    )
    sentences = rng.lognormal(np.log(CHARACTERS / model.language.characters) - 0.2, 0.63, BATCH)
    subjects = _Subjects(topics, bursts)
    texts = _texts(model, rng, subjects, model.language.sentences, sentences.astype(np.int64).clip(1))
    titles = _texts(model, rng, subjects, model.language.titles, np.ones(BATCH, dtype=np.int64))
    summaries = _texts(model, rng, subjects, model.language.sentences, rng.integers(1, 3, BATCH))
    fields = _Fields(model, rng, topics)
    return [
        fields.document(number * BATCH + row, row, title, text, " ".join(summary.split()))
        for row, (title, text, summary) in enumerate(zip(titles, texts, summaries, strict=True))
    ]


def _skewed(rng: np.random.Generator, size: int, shape: tuple[int, ...], power: float) -> Ints:
    """Random numbers below `size`, skewed to small ones as authors and topics of real archives are."""
    return (rng.random(shape) ** (power * 2) * size).astype(np.int64)


def _texts(model: _Model, rng: np.random.Generator, subjects: _Subjects, frames: Frames, counts: Ints) -> list[str]:
    """One text an article, of `counts` sentences each."""
    chosen = rng.integers(0, len(frames.starts), int(counts.sum()))
    lengths = frames.lengths[chosen]
    ends = np.cumsum(lengths)
    begins = ends - lengths
    ids = frames.pieces[np.repeat(frames.starts[chosen] - begins, lengths) + np.arange(ends[-1])]
    owners = np.repeat(np.repeat(np.arange(len(counts)), counts), lengths)
    slots = np.flatnonzero(ids == SLOT)
    ids[slots] = _words(model, rng, subjects, owners[slots])
    size = len(model.language.words)
    marks = np.flatnonzero(ids < 0)
    ids[marks] = 3 * size + SLOT - 1 - ids[marks]
    ids[begins] += np.where(rng.random(len(begins)) < 0.2, 2 * size, size)
    pieces = model.pieces[ids].tolist()
    borders = [0, *ends[np.cumsum(counts) - 1].tolist()]
    return ["".join(pieces[start:end])[1:] for start, end in pairwise(borders)]


def _words(model: _Model, rng: np.random.Generator, subjects: _Subjects, owners: Ints) -> Ints:
    """Words for slots: of the article's topics, of its repeated words, or of the vocabulary."""
    count = len(owners)
    kinds = rng.random(count)
    found = model.draws[rng.integers(0, TABLE, count)]
    ours = np.flatnonzero(kinds < FROM_TOPIC)
    topic = subjects.topics[owners[ours], rng.integers(0, 3, len(ours))]
    found[ours] = model.topic_words[topic, rng.integers(0, TOPIC_WORDS, len(ours))]
    ours = np.flatnonzero(kinds > 1 - FROM_BURST)
    found[ours] = subjects.bursts[owners[ours], (rng.random(len(ours)) ** 2 * BURST).astype(np.int64)]
    return found


class _Fields:
    """Authors, topics, dates and sources of a batch."""

    def __init__(self, model: _Model, rng: np.random.Generator, topics: Ints) -> None:
        self._model = model
        self._topics = topics
        self._authors = _skewed(rng, AUTHORS, (BATCH, 3), 1.5)
        self._counts = np.searchsorted([0.03, 0.86, 0.97], rng.random((2, BATCH)))
        self._years = FIRST_YEAR + (rng.random(BATCH) ** 0.7 * YEARS).astype(np.int64)
        self._days = rng.integers([1, 1], [13, 29], (BATCH, 2))
        self._draws = rng.random((3, BATCH))

    def document(self, number: int, row: int, title: str, text: str, summary: str) -> Document:
        """Article `number`, at `row` of the batch."""
        model = self._model
        authors, topics = self._authors[row, : self._counts[0, row]], self._topics[row, : self._counts[1, row] + 1]
        name = f"{number // 1_000:04d}/{number:07d}"
        return Document(
            id=name,
            path=f"{name}.md",
            metadata=ArticleMetadata(
                title.rstrip(" .,;:") or "Untitled",
                authors=tuple(dict.fromkeys(model.authors[author] for author in authors)),
                topics=tuple(dict.fromkeys(model.topics[topic % len(model.topics)] for topic in topics)),
                date=self._date(row),
                summary=summary if self._draws[0, row] < 0.6 else None,
                source=Source(url=f"https://archive.example/{name}") if self._draws[1, row] < 0.4 else None,
            ),
            text=text,
        )

    def _date(self, row: int) -> PartialDate | None:
        draw, year = self._draws[2, row], int(self._years[row])
        month, day = self._days[row].tolist()
        if draw < 0.02:
            return None
        if draw < 0.05:
            return PartialDate(year)
        return PartialDate(year, month) if draw < 0.09 else PartialDate(year, month, day)


def as_markdown(document: Document) -> str:
    """Markdown file of a document; front matter values are JSON, which YAML reads."""
    values = {
        "title": document.metadata.title,
        "authors": document.metadata.authors,
        "topics": document.metadata.topics,
        "date": document.metadata.date.isoformat() if document.metadata.date else None,
        "summary": document.metadata.summary,
        "source": document.metadata.source.url if document.metadata.source else None,
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return "\n".join(["---", *lines, "---", "", document.text.replace("\n", "\n\n"), ""])


def as_record(document: Document) -> dict[str, object]:
    """JSON object of a document, for a line of `docs.jsonl`."""
    return {
        "id": document.id,
        "title": document.metadata.title,
        "text": document.text,
        "author": list(document.metadata.authors),
        "date": document.metadata.date.isoformat() if document.metadata.date else None,
        "topics": list(document.metadata.topics),
        "source": document.metadata.source.url if document.metadata.source else None,
    }


def write_library(documents: Iterator[Document], folder: Path) -> int:
    """Writes a library, a thousand articles a folder, over existing files; returns the number of articles."""
    count = 0
    for count, document in enumerate(documents, 1):
        path = folder / document.path
        if count % 1_000 == 1:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_markdown(document), encoding="utf-8")
    return count


def write_lines(documents: Iterator[Document], file: Path) -> int:
    """Writes a `docs.jsonl`; returns the number of articles."""
    with file.open("w", encoding="utf-8") as lines:
        return sum(
            lines.write(json.dumps(as_record(document), ensure_ascii=False) + "\n") > 0 for document in documents
        )


def main() -> None:
    """Writes a corpus as a library or as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, required=True, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other articles (default 1)")
    parser.add_argument("--source", type=Path, help="library folder or docs.jsonl to take words and sentences from")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, help="folder to write a library of Markdown files to")
    target.add_argument("--jsonl", type=Path, help="file to write a line an article to")
    options = parser.parse_args()
    begin = time.perf_counter()
    documents = generate(options.articles, options.seed, options.source)
    count = write_library(documents, options.out) if options.out else write_lines(documents, options.jsonl)
    seconds = time.perf_counter() - begin
    print(f"{count:,} articles in {seconds:.1f} s ({count / seconds:,.0f} a second)", file=sys.stderr)

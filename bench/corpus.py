"""Makes big archives: real words and sentences put together anew, the same for the same seed.

The articles of a seed are numbered: a corpus of 10,000 is the beginning of the one of 100,000, so that growth can be
measured on one text.
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

from backfile.archive.model import PartialDate, Source
from backfile.index.engine import Document
from bench.language import KEPT_IN_PLACE, PUNCTUATION, SLOT, Frames, Ints, Language, learn

AUTHORS = 14_000
TOPICS = 160
TOPIC_WORDS = 512  # entries of a topic's table of words; common ones fill several
CHARACTERS = 4_000  # of text an article, in the mean
BATCH = 500
FIRST_YEAR, YEARS = 1985, 41
TABLE = 1 << 21  # entries of the table by which words are drawn: the rarest has about one
FROM_TOPIC, FROM_BURST = 0.30, 0.16  # of the words of slots; the rest comes from the whole vocabulary
BURST = 16  # words that an article is about and comes back to


@dataclass(frozen=True, slots=True)
class _World:
    """All that articles are drawn from. `pieces` has every word three times: after a space, capitalised after a
    space, capitalised after a line break; then the punctuation."""

    language: Language
    pieces: npt.NDArray[np.object_]
    draws: Ints
    topic_words: Ints
    topics: list[str]
    authors: list[str]


@dataclass(frozen=True, slots=True)
class _Themes:
    """What the articles of a batch are about: three topics each (BATCH, 3), the words they keep to (BATCH, BURST)."""

    topics: Ints
    bursts: Ints


def generate(articles: int, seed: int = 1, source: Path | None = None) -> Iterator[Document]:
    """The first `articles` articles of a seed, in the language of `source` (see `bench.language.learn`)."""
    world = _world(seed, source)
    batches = (_batch(world, seed, number) for number in range(-(-articles // BATCH)))
    return islice((document for batch in batches for document in batch), articles)


@lru_cache(maxsize=2)
def _world(seed: int, source: Path | None) -> _World:
    chance = np.random.default_rng([seed, 0])
    language = learn(source)
    words = language.words
    capitals = [word[:1].upper() + word[1:] for word in words]
    pieces = [f" {word}" for word in words] + [f" {word}" for word in capitals] + [f"\n{word}" for word in capitals]
    draws = np.searchsorted(np.cumsum(language.weights), (np.arange(TABLE) + 0.5) / TABLE).clip(max=len(words) - 1)
    usual = np.arange(KEPT_IN_PLACE, min(len(words), 8_000))
    themes = chance.choice(usual, (TOPICS, 300))
    steep = (chance.random((TOPICS, TOPIC_WORDS)) ** 2 * 300).astype(np.int64)
    longer = [place for place in range(KEPT_IN_PLACE, len(words)) if len(words[place]) > 4 and words[place].isalpha()]
    return _World(
        language,
        np.array([*pieces, *PUNCTUATION], dtype=object),
        draws,
        np.take_along_axis(themes, steep, axis=1),
        [words[place].lower() for place in longer[TOPICS : 2 * TOPICS]],
        _names([capitals[place] for place in longer], chance),
    )


def _names(words: list[str], chance: np.random.Generator) -> list[str]:
    """Invented names of authors, each once."""
    firsts, lasts = words[:400], words[400:8_000] or words
    names: dict[str, None] = {}
    while len(names) < AUTHORS:
        for first, last in zip(chance.choice(firsts, AUTHORS), chance.choice(lasts, AUTHORS), strict=True):
            names.setdefault(f"{first} {last}")
    return list(names)[:AUTHORS]


def _batch(world: _World, seed: int, number: int) -> list[Document]:
    """Articles number × BATCH and on, whatever has been drawn before."""
    chance = np.random.default_rng([seed, 1, number])
    topics = _skewed(chance, TOPICS, (BATCH, 3), 1.6)
    bursts = np.where(
        chance.random((BATCH, BURST)) < 0.5,
        world.topic_words[topics[:, :1], chance.integers(0, TOPIC_WORDS, (BATCH, BURST))],
        world.draws[chance.integers(0, TABLE, (BATCH, BURST))],
    )
    sentences = chance.lognormal(np.log(CHARACTERS / world.language.characters) - 0.2, 0.63, BATCH)
    themes = _Themes(topics, bursts)
    texts = _texts(world, chance, themes, world.language.sentences, sentences.astype(np.int64).clip(1))
    titles = _texts(world, chance, themes, world.language.titles, np.ones(BATCH, dtype=np.int64))
    summaries = _texts(world, chance, themes, world.language.sentences, chance.integers(1, 3, BATCH))
    fields = _Fields(world, chance, topics)
    return [
        fields.document(number * BATCH + place, place, title, text, " ".join(summary.split()))
        for place, (title, text, summary) in enumerate(zip(titles, texts, summaries, strict=True))
    ]


def _skewed(chance: np.random.Generator, size: int, shape: tuple[int, ...], power: float) -> Ints:
    """Numbers below `size`, small ones much oftener, as authors and topics of real archives are."""
    return (chance.random(shape) ** (power * 2) * size).astype(np.int64)


def _texts(world: _World, chance: np.random.Generator, themes: _Themes, frames: Frames, counts: Ints) -> list[str]:
    """A text an article, of `counts` sentences each."""
    chosen = chance.integers(0, len(frames.starts), int(counts.sum()))
    lengths = frames.lengths[chosen]
    ends = np.cumsum(lengths)
    begins = ends - lengths
    ids = frames.pieces[np.repeat(frames.starts[chosen] - begins, lengths) + np.arange(ends[-1])]
    owners = np.repeat(np.repeat(np.arange(len(counts)), counts), lengths)
    slots = np.flatnonzero(ids == SLOT)
    ids[slots] = _words(world, chance, themes, owners[slots])
    size = len(world.language.words)
    marks = np.flatnonzero(ids < 0)
    ids[marks] = 3 * size + SLOT - 1 - ids[marks]
    ids[begins] += np.where(chance.random(len(begins)) < 0.2, 2 * size, size)
    pieces = world.pieces[ids].tolist()
    borders = [0, *ends[np.cumsum(counts) - 1].tolist()]
    return ["".join(pieces[start:end])[1:] for start, end in pairwise(borders)]


def _words(world: _World, chance: np.random.Generator, themes: _Themes, owners: Ints) -> Ints:
    """Words for slots: of the article's topics, of those that it keeps coming back to, or any."""
    count = len(owners)
    kinds = chance.random(count)
    found = world.draws[chance.integers(0, TABLE, count)]
    ours = np.flatnonzero(kinds < FROM_TOPIC)
    theme = themes.topics[owners[ours], chance.integers(0, 3, len(ours))]
    found[ours] = world.topic_words[theme, chance.integers(0, TOPIC_WORDS, len(ours))]
    ours = np.flatnonzero(kinds > 1 - FROM_BURST)
    found[ours] = themes.bursts[owners[ours], (chance.random(len(ours)) ** 2 * BURST).astype(np.int64)]
    return found


class _Fields:
    """Authors, topics, dates and sources of one batch."""

    def __init__(self, world: _World, chance: np.random.Generator, topics: Ints) -> None:
        self._world = world
        self._topics = topics
        self._authors = _skewed(chance, AUTHORS, (BATCH, 3), 1.5)
        self._many = np.searchsorted([0.03, 0.86, 0.97], chance.random((2, BATCH)))
        self._years = FIRST_YEAR + (chance.random(BATCH) ** 0.7 * YEARS).astype(np.int64)
        self._days = chance.integers([1, 1], [13, 29], (BATCH, 2))
        self._luck = chance.random((3, BATCH))

    def document(self, number: int, place: int, title: str, text: str, summary: str) -> Document:
        """Article `number`, the one at `place` in the batch."""
        world = self._world
        authors, topics = self._authors[place, : self._many[0, place]], self._topics[place, : self._many[1, place] + 1]
        name = f"{number // 1_000:04d}/{number:07d}"
        return Document(
            id=name,
            path=f"{name}.md",
            title=title.rstrip(" .,;:") or "Untitled",
            text=text,
            authors=tuple(dict.fromkeys(world.authors[author] for author in authors)),
            topics=tuple(dict.fromkeys(world.topics[topic % len(world.topics)] for topic in topics)),
            date=self._date(place),
            summary=summary if self._luck[0, place] < 0.6 else None,
            source=Source(url=f"https://archive.example/{name}") if self._luck[1, place] < 0.4 else None,
        )

    def _date(self, place: int) -> PartialDate | None:
        luck, year = self._luck[2, place], int(self._years[place])
        month, day = self._days[place].tolist()
        if luck < 0.02:
            return None
        if luck < 0.05:
            return PartialDate(year)
        return PartialDate(year, month) if luck < 0.09 else PartialDate(year, month, day)


def as_markdown(document: Document) -> str:
    """The document as a Markdown file with front matter; values are JSON, which YAML reads."""
    values = {
        "title": document.title,
        "authors": document.authors,
        "topics": document.topics,
        "date": document.date.isoformat() if document.date else None,
        "summary": document.summary,
        "source": document.source.url if document.source else None,
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return "\n".join(["---", *lines, "---", "", document.text.replace("\n", "\n\n"), ""])


def as_record(document: Document) -> dict[str, object]:
    """The document as a line of a `docs.jsonl`."""
    return {
        "id": document.id,
        "title": document.title,
        "text": document.text,
        "author": list(document.authors),
        "date": document.date.isoformat() if document.date else None,
        "topics": list(document.topics),
        "source": document.source.url if document.source else None,
    }


def write_library(documents: Iterator[Document], folder: Path) -> int:
    """Writes a library, a thousand articles a folder; returns how many. Existing files are written over."""
    count = 0
    for count, document in enumerate(documents, 1):
        path = folder / document.path
        if count % 1_000 == 1:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_markdown(document), encoding="utf-8")
    return count


def write_lines(documents: Iterator[Document], file: Path) -> int:
    """Writes a `docs.jsonl`; returns how many articles."""
    with file.open("w", encoding="utf-8") as lines:
        return sum(
            lines.write(json.dumps(as_record(document), ensure_ascii=False) + "\n") > 0 for document in documents
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, required=True, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other articles (default 1)")
    parser.add_argument("--source", type=Path, help="library folder or docs.jsonl to take words and sentences from")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, help="folder to write a library of Markdown files to")
    target.add_argument("--jsonl", type=Path, help="file to write a line an article to")
    asked = parser.parse_args()
    begin = time.perf_counter()
    documents = generate(asked.articles, asked.seed, asked.source)
    count = write_library(documents, asked.out) if asked.out else write_lines(documents, asked.jsonl)
    seconds = time.perf_counter() - begin
    print(f"{count:,} articles in {seconds:.1f} s ({count / seconds:,.0f} a second)", file=sys.stderr)

"""Half-remembered sentences: how often the article is among the first three, and the cost of such a search.

    python -m bench remembered [--library DIR …] [--sentences 500] [--seed 1] [--misses]

takes random sentences of 12 to 22 words out of a library, each from one article only; drops a fifth of the words and
replaces one by a word that is not in the article. The article should be found all the same. An article is
*similar* if it fits the memory as well: one of its sentences has all the words that are left. The times of these
searches are compared with those of the same sentences as they stand, which have hits.
Default: the corpora digitalgov, do-tutorials and nodejs-blog.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from backfile.archive.storage.library import Library
from backfile.index.analysis.tokenizer import find_raw_tokens, tokenize
from backfile.index.engine import Document, Engine, Page, Request
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.query import parse
from backfile.index.sync.synchronization import update_index
from bench import corpora_folder

CORPORA = ("digitalgov", "do-tutorials", "nodejs-blog")
WORDS = range(12, 23)
DROPPED = 5  # one word in so many
FIRST = 3
DEADLINE = 60.0
COLUMNS = (
    "sentences",
    "first page",
    "first",
    "first 3",
    "or similar",
    "none",
    "median",
    "p95",
    "as written",
    "p95",
    "ratio p95",
)

_SENTENCE = re.compile(r"[^.?!\n]+[.?!](?=\s|\Z)")


class Remembered(NamedTuple):
    """Sentence of an article, as written and as remembered, with the words that are left of it."""

    article_id: str
    written: str
    remembered: str
    left: frozenset[str]


def main() -> None:
    """Prints a row for each library; with `--misses` the sentences whose article is not among the first three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", action="append", type=Path, metavar="DIR")
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", action="store_true", help="print what was not among the first three")
    options = parser.parse_args()
    print(f"{'':16}" + "".join(f"{column:>11}" for column in COLUMNS))
    for folder in options.library or [corpora_folder() / name for name in CORPORA]:
        with tempfile.TemporaryDirectory(prefix="backfile-bench-") as cache:
            update_index(Library(folder), Path(cache), DEFAULT)
            with closing(open_engine(DEFAULT, Path(cache) / "index")) as engine:
                documents = [engine.document(article_id) for article_id in engine.ids()]
                sentences = list(remember(documents, options.sentences, options.seed))
                measure(folder.name, engine, sentences, SimilarSentences(documents), misses=options.misses)


def remember(documents: Sequence[Document], count: int, seed: int) -> Iterator[Remembered]:
    """Draws sentences, each of another article as far as there are enough, and forgets some of their words."""
    rng = random.Random(seed)
    owners = Counter(sentence for document in documents for sentence in set(_sentences(document)))
    vocabulary = sorted({token.term for document in documents for token in tokenize(document.text[:2_000])})
    vocabulary = [word for word in vocabulary if word.isalpha() and len(word) > 4]
    chosen: set[str] = set()
    for _ in range(20):
        for document in rng.sample(documents, len(documents)):
            own = [text for text in _sentences(document) if owners[text] == 1 and text not in chosen]
            if own:
                written = rng.choice(own)
                chosen.add(written)
                yield Remembered(document.id, written, *_forget(written, document, vocabulary, rng))
            if len(chosen) == count:
                return


def _sentences(document: Document) -> list[str]:
    """Sentences with so many words, as words side by side in lower case, as one would type them."""
    found = (find_raw_tokens(sentence) for sentence in _SENTENCE.findall(document.text))
    return [" ".join(words).lower() for words in found if len(words) in WORDS]


def _forget(
    written: str, document: Document, vocabulary: Sequence[str], rng: random.Random
) -> tuple[str, frozenset[str]]:
    """Sentence without a fifth of its words and with one replaced by a word that the article lacks; what is left."""
    words = written.split(" ")
    kept = sorted(rng.sample(range(len(words)), len(words) - round(len(words) / DROPPED)))
    known = document.text.casefold()
    wrong = next(word for word in iter(lambda: rng.choice(vocabulary), "") if word not in known)
    replaced = rng.choice(kept)
    remembered = " ".join(wrong if place == replaced else words[place] for place in kept)
    return remembered, frozenset(words[place] for place in kept if place != replaced)


class SimilarSentences:
    """Index of sentences by their words."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._sentences = [
            (document.id, frozenset(word.lower() for word in find_raw_tokens(sentence)))
            for document in documents
            for sentence in _SENTENCE.findall(document.text)
        ]
        self._having: dict[str, list[int]] = {}
        for number, (_, words) in enumerate(self._sentences):
            for word in words:
                self._having.setdefault(word, []).append(number)

    def of(self, left: frozenset[str]) -> set[str]:
        """Ids of articles with a sentence that has all of some words."""
        rarest = min(left, key=lambda word: len(self._having.get(word, ())))
        numbers = self._having.get(rarest, ())
        return {self._sentences[number][0] for number in numbers if left <= self._sentences[number][1]}


def measure(
    name: str, engine: Engine, sentences: Sequence[Remembered], similar: SimilarSentences, *, misses: bool = False
) -> list[float]:
    """Prints the row of a library: shares of the sentences, and milliseconds; returns the figures."""
    found: list[list[str]] = []
    forgotten, known = [], []
    for each in sentences:
        for text, times in ((each.written, known), (each.remembered, forgotten)):
            began = time.process_time()
            page = _search(engine, text)
            times.append((time.process_time() - began) * 1000)
        found.append([hit.id for hit in page.hits])
        if misses and each.article_id not in found[-1][:FIRST]:
            print(f"    {each.article_id}: {each.remembered}")
    pairs = list(zip(sentences, found, strict=True))
    shares = [
        statistics.mean(each.article_id in ids for each, ids in pairs),
        statistics.mean(each.article_id in ids[:1] for each, ids in pairs),
        statistics.mean(each.article_id in ids[:FIRST] for each, ids in pairs),
        statistics.mean(
            bool({each.article_id, *similar.of(each.left)}.intersection(ids[:FIRST])) for each, ids in pairs
        ),
        statistics.mean(not ids for _, ids in pairs),
    ]
    costs = [figure for times in (forgotten, known) for figure in (statistics.median(times), p95(times))]
    ratio = costs[1] / costs[3]
    cells = [f"{len(sentences):,}", *(f"{share:.1%}" for share in shares), *(f"{cost:.1f}" for cost in costs)]
    print(f"{name:16}" + "".join(f"{cell:>11}" for cell in [*cells, f"{ratio:.2f}"]), flush=True)
    return [*shares, *costs, ratio]


def _search(engine: Engine, text: str) -> Page:
    return engine.search(Request(parse(text).tree, deadline=DEADLINE, relax=True))


def p95(times: Sequence[float]) -> float:
    """95th percentile."""
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main()

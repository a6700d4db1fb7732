"""Quotations with mistakes: how often the article is found, the cost, and whether any is called word for word wrongly.

    python -m bench quotations [FOLDER …] [--sentences 1000] [--words 12] [--seed 1] [--misses]
    python -m bench quotations --articles 100000 [--keep FOLDER] …

takes random sentences of 12 words or more out of a library and spoils each in one of three ways in turn: a fifth of
the words dropped, two words swapped, 5 % of the letters replaced. An article counts as found if it has the sentence as
it was. With `--articles` the library is a generated one (`bench/corpus.py`) of that size, kept in `--keep`.
What is called word for word is compared with the plain sequence of words, in lower case, of the article.
Default: the corpora digitalgov, do-tutorials and nodejs-blog.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import string
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from backfile.archive.storage.library import Library
from backfile.index.engine import Document, Engine
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.quotations.quotation_finder import QuotationReport, Verdict, find_quotation
from backfile.index.sync.synchronization import update_index
from bench import corpora_folder
from bench.corpus import generate
from bench.drivers.backfile import Backfile
from bench.remembered import CORPORA, p95

SPOILED = ("dropped", "swapped", "letters", "as it is")
DROPPED = 5  # one word in so many
NOISE = 0.05  # of the letters
DEADLINE = 60.0
LONGEST = 2_000
COLUMNS = ("sentences", "first", "first 5", "none", "verbatim", "wrongly", "median ms", "p95 ms", "longest")

_SENTENCE = re.compile(r"[^.?!\n]+[.?!](?=\s|\Z)")
_WORD = re.compile(r"[^\W_]+")


@dataclass
class _Row:
    """Figures of one kind of mistake."""

    ranks: list[int | None] = field(default_factory=list)
    verbatim: int = 0
    wrong: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def cells(self) -> list[str]:
        def share(most: int) -> str:
            return f"{statistics.mean(rank is not None and rank < most for rank in self.ranks):.1%}"

        nothing = statistics.mean(rank is None for rank in self.ranks)
        costs = (statistics.median(self.times), p95(self.times), max(self.times))
        counts = [f"{nothing:.1%}", str(self.verbatim), str(len(self.wrong))]
        return [f"{len(self.ranks):,}", share(1), share(5), *counts, *(f"{cost:.1f}" for cost in costs)]


def main() -> None:
    """Prints a row for each library and kind of mistake; times are processor time of this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--sentences", type=int, default=1_000)
    parser.add_argument("--articles", type=int, help="size of a generated library to measure")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the generated index here, and use it again")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--words", type=int, default=12, help="fewest words of a sentence")
    parser.add_argument("--misses", action="store_true", help="print what was not among the first five")
    options = parser.parse_args()
    print(f"{'':16}{'':10}" + "".join(f"{column:>11}" for column in COLUMNS))
    with tempfile.TemporaryDirectory(prefix="backfile-bench-") as temporary:
        for name, engine in _engines(options, Path(temporary)):
            with closing(engine):
                measure(name, engine, options.sentences, options.seed, options.words, misses=options.misses)


def _engines(options: argparse.Namespace, temporary: Path) -> Iterator[tuple[str, Engine]]:
    if options.articles:
        folder = options.keep or temporary
        if not any(folder.glob("*.toc")) and not any(folder.glob("MAIN_*")):
            folder.mkdir(parents=True, exist_ok=True)
            Backfile(folder).build(generate(options.articles))
        yield f"{options.articles:,}", open_engine(DEFAULT, folder)
        return
    for number, folder in enumerate(options.folders or [corpora_folder() / name for name in CORPORA]):
        update_index(Library(folder), temporary / str(number), DEFAULT)
        yield folder.name, open_engine(DEFAULT, temporary / str(number) / "index")


def measure(
    name: str, engine: Engine, count: int, seed: int, words: int = 12, *, misses: bool = False
) -> dict[str, _Row]:
    """Prints the rows of a library and returns them by the kind of mistake."""
    rng = random.Random(seed)
    rows = {kind: _Row() for kind in SPOILED}
    for number, (document, sentence) in enumerate(_sentences(engine, count, words, rng)):
        kind = SPOILED[number % 3]
        _measure_one(engine, rows[kind], document, sentence, spoil(sentence, kind, rng), misses=misses)
        if number % 10 == 0:
            _measure_one(engine, rows["as it is"], document, sentence, sentence, misses=misses)
    for kind, row in rows.items():
        print(f"{name:16}{kind:10}" + "".join(f"{cell:>11}" for cell in row.cells()), flush=True)
        for each in row.wrong:
            print(f"    word for word? {each}")
    return rows


def _measure_one(engine: Engine, row: _Row, document: Document, sentence: str, quoted: str, *, misses: bool) -> None:
    began = time.process_time()
    report = find_quotation(engine, quoted, deadline=DEADLINE)
    row.times.append((time.process_time() - began) * 1000)
    rank = _rank(report, document.id, sentence)
    row.ranks.append(rank)
    for match in report.matches:
        if match.verdict is Verdict.VERBATIM:
            row.verbatim += 1
            if not _stands_in(quoted, match.text):
                row.wrong.append(f"{match.document.id}: {quoted}")
    if misses and (rank is None or rank >= 5):
        print(f"    {document.id} ({rank}): {quoted}\n        {sentence}")


def _rank(report: QuotationReport, article_id: str, sentence: str) -> int | None:
    """Rank of the first article that has the sentence, from 0."""
    for rank, match in enumerate(report.matches):
        if match.document.id == article_id or _stands_in(sentence, match.text):
            return rank
    return None


def _stands_in(quoted: str, text: str) -> bool:
    """Test for the words of a quotation side by side in a text, letters and digits in lower case alone compared."""
    return f" {' '.join(_WORD.findall(quoted.lower()))} " in f" {' '.join(_WORD.findall(text.lower()))} "


def _sentences(engine: Engine, count: int, words: int, rng: random.Random) -> Iterator[tuple[Document, str]]:
    ids = engine.ids()
    chosen: set[str] = set()
    for _ in range(50 * count):
        document = engine.document(rng.choice(ids))
        own = [text.strip() for text in _SENTENCE.findall(document.text) if len(text.split()) >= words]
        sentence = rng.choice(own) if own else ""
        if sentence and sentence not in chosen and len(sentence) <= LONGEST:
            chosen.add(sentence)
            yield document, sentence
        if len(chosen) == count:
            return


def spoil(sentence: str, kind: str, rng: random.Random) -> str:
    """Sentence with a fifth of its words dropped, two of them swapped, or 5 % of its letters replaced."""
    words = sentence.split()
    if kind == "dropped":
        gone = set(rng.sample(range(len(words)), round(len(words) / DROPPED)))
        return " ".join(word for number, word in enumerate(words) if number not in gone)
    if kind == "swapped":
        one, other = rng.sample(range(len(words)), 2)
        words[one], words[other] = words[other], words[one]
        return " ".join(words)
    letters = string.ascii_lowercase
    return "".join(rng.choice(letters) if sign.isalpha() and rng.random() < NOISE else sign for sign in sentence)


if __name__ == "__main__":
    main()

"""Copies of one story: how many planted ones are found, and what finding and folding them costs.

    python -m bench copies [FOLDER] [--planted 600] [--rounds 3] [--seed 1]
    python -m bench copies --articles 50000 [--rounds 3]

prints ratios only, both sides measured in turn in one run. The first form plants copies of random articles of a
library (default: the corpus digitalgov) in eight kinds, some of them at the limit of similarity or beyond, and counts
which are found; a pair found counts as wrong unless it was planted or the two were alike before. Then it indexes the
library with and without finding copies (processor time of one process). The second indexes a generated library of that
size, a twentieth of it copies, and compares folded searches with plain ones.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from backfile.archive.storage.library import Library
from backfile.index.copies.grouping import MIN_WORDS
from backfile.index.copies.shingles import ShingleReader, jaccard
from backfile.index.copies.signature_table import FILE_NAME, SignatureTable
from backfile.index.engine import Changes, Document, Engine, Fingerprint, Request, Sort
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.query import parse
from backfile.index.sync.copy_update import SIMILARITY
from backfile.index.sync.reader import read_documents
from backfile.index.sync.synchronization import update_index
from bench import corpora_folder
from bench.corpus import generate

SEARCHES = 200
ONE_IN = 20  # articles of the generated library that are copies
FOLDER = "digitalgov"


def main() -> None:
    """Reads the arguments and prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--planted", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--articles", type=int)
    arguments = parser.parse_args()
    if arguments.articles:
        compare_searches(arguments.articles, arguments.rounds, arguments.seed)
        return
    folder = arguments.folder or corpora_folder() / FOLDER
    if arguments.planted:
        find_planted(folder, arguments.planted, arguments.seed)
    if arguments.rounds:
        compare_indexing(folder, arguments.rounds)


def _cut(words: list[str], share: float) -> list[str]:
    return words[: int(len(words) * share)]


def _edited(words: list[str], chance: random.Random, one_in: int) -> list[str]:
    """Words of which one in so many, at random, is dropped, doubled or another one."""
    changed: list[str] = []
    for word in words:
        if chance.random() * one_in >= 1:
            changed.append(word)
        else:
            changed += chance.choice([[], [word, word], [chance.choice(words)]])
    return changed


Kind = Callable[[list[str], random.Random, list[str]], list[str]]
KINDS: dict[str, Kind] = {
    "word for word": lambda words, chance, others: words,
    "cut to 90 %": lambda words, chance, others: _cut(words, 0.9),
    "cut to 80 %": lambda words, chance, others: _cut(words, 0.8),
    "lead paragraph added": lambda words, chance, others: others[:30] + words,
    "one word in 50 edited": lambda words, chance, others: _edited(words, chance, 50),
    "one word in 25 edited": lambda words, chance, others: _edited(words, chance, 25),
    "cut to 90 %, lead added": lambda words, chance, others: others[:30] + _cut(words, 0.9),
    "cut to half": lambda words, chance, others: _cut(words, 0.5),
}


def find_planted(folder: Path, planted: int, seed: int) -> None:
    """Plants copies in a copy of a library, half of them with the title of another article, and counts those found."""
    chance = random.Random(seed)
    documents = _documents(folder)
    originals = [each for each in documents if len(each.text.split()) >= MIN_WORDS + 20 and each.metadata.date]
    before = _stories(folder)
    with tempfile.TemporaryDirectory() as temporary:
        library = Path(temporary) / "library"
        shutil.copytree(folder, library, ignore=shutil.ignore_patterns(".backfile"))
        copies: dict[str, tuple[str, str]] = {}
        for number, original in enumerate(chance.sample(originals, min(planted, len(originals)))):
            kind = list(KINDS)[number % len(KINDS)]
            other = chance.choice(originals)
            words = KINDS[kind](original.text.split(), chance, other.text.split())
            title = other.metadata.title if number // len(KINDS) % 2 else original.metadata.title
            copies[_plant(library, number, title, original, words)] = kind, original.id
        _print_found(_documents(library), before, _stories(library), copies)


def _plant(library: Path, number: int, title: str, original: Document, words: list[str]) -> str:
    date = original.metadata.date
    text = " ".join(words).replace("<", " ").replace("{{", " ").replace("{%", " ")
    (library / f"planted-{number}.md").write_text(f"---\ntitle: {title!r}\ndate: {date}\n---\n\n{text}\n")
    return f"planted-{number}"


def _documents(folder: Path) -> list[Document]:
    library = Library(folder)
    return [
        each.document for each in read_documents(library, [entry.path for entry in library.walk()]) if each.document
    ]


def _stories(folder: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as temporary:
        update_index(Library(folder), Path(temporary) / "cache", DEFAULT)
        with closing(SignatureTable.open(Path(temporary) / "cache" / FILE_NAME)) as table:
            return table.stories()


def _print_found(
    documents: list[Document], before: dict[str, str], after: dict[str, str], copies: dict[str, tuple[str, str]]
) -> None:
    reader, texts = ShingleReader(), {each.id: each.text for each in documents}
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for article_id, (kind, original) in copies.items():
        alike = jaccard(reader.shingles(texts[article_id]), reader.shingles(texts[original])) >= SIMILARITY
        is_found = after.get(article_id) is not None and after.get(article_id) == after.get(original)
        counts = found[kind]
        counts[0 if alike else 2] += 1
        counts[1 if alike else 3] += is_found
    print(f"{'planted':26} {'similar ≥ .8':>12} {'found':>6} {'below':>6} {'found':>6}")
    for kind, counts in found.items():
        print(f"{kind:26} {counts[0]:12} {counts[1]:6} {counts[2]:6} {counts[3]:6}")
    similar, recalled = (sum(counts[place] for counts in found.values()) for place in (0, 1))
    true, wrong = _pairs(before, after, copies)
    print(f"recall of those similar ≥ .8: {recalled / similar:.4f}")
    print(f"precision: {true / (true + wrong):.4f} ({wrong} of {true + wrong} articles in a story that is not theirs)")
    print(f"articles in stories before: {len(before)}, copies among them {len(before) - len(set(before.values()))}")


def _pairs(before: dict[str, str], after: dict[str, str], copies: dict[str, tuple[str, str]]) -> tuple[int, int]:
    """Members that belong to their lead's story, and those that do not."""

    def origin(article_id: str) -> str:
        own = copies[article_id][1] if article_id in copies else article_id
        return before.get(own, own)

    members = [(article_id, lead) for article_id, lead in after.items() if article_id != lead]
    true = sum(origin(article_id) == origin(lead) for article_id, lead in members)
    return true, len(members) - true


def compare_indexing(folder: Path, rounds: int) -> None:
    """Indexes a library with and without finding copies, in turn, in one process on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    times: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as temporary:
        library = Path(temporary) / "library"
        shutil.copytree(folder, library, ignore=shutil.ignore_patterns(".backfile"))
        settings = library / "library.toml"
        known = settings.read_text() if settings.exists() else ""
        for number in range(2 * rounds):
            finds = bool(number % 2)
            settings.write_text(f"find_copies = {str(finds).lower()}\n{known}")
            began = time.process_time()
            update_index(Library(library), Path(temporary) / f"cache{number}", DEFAULT)
            times[finds].append(time.process_time() - began)
    ratio = statistics.median(times[True]) / statistics.median(times[False])
    print(f"processor time of indexing with copies / without: {ratio:.3f} (median of {rounds} each)")


def _articles(count: int, seed: int) -> Iterator[tuple[Document, str]]:
    """Generated articles, each with the id of its story's lead: one in `ONE_IN` is a copy of the one before."""
    last: Document | None = None
    for number, document in enumerate(generate(count, seed)):
        if last is not None and number % ONE_IN == 0:
            yield replace(document, text=last.text, metadata=last.metadata), last.id
        else:
            last = document
            yield document, document.id


def compare_searches(count: int, rounds: int, seed: int) -> None:
    """Searches a generated library plainly and folded, in turn."""
    stories: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary, closing(open_engine(DEFAULT, Path(temporary) / "index")) as engine:

        def put() -> Iterator[tuple[Document, Fingerprint]]:
            for document, lead in _articles(count, seed):
                if lead != document.id:
                    stories[document.id] = stories[lead] = lead
                yield document, Fingerprint(1, 1, document.id)

        engine.write(Changes(put=put()))
        engine.write(Changes(stories=stories))
        _compare(engine, count, rounds, seed)


def _compare(engine: Engine, count: int, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    queries = []
    for _ in range(SEARCHES):
        words = engine.document(chance.choice(engine.ids())).text.split()
        queries.append(" ".join(chance.sample([each for each in words if each.isalpha()], chance.randint(1, 3))))
    for sort in (Sort.RELEVANCE, Sort.NEWEST):
        times: dict[bool, list[float]] = {True: [], False: []}
        for number in range(rounds):
            for query in queries:
                # The first of three is not counted: it fills the caches for both, which then take turns to be first.
                for turn, fold in enumerate((True, bool(number % 2), not number % 2)):
                    request = Request(parse(query).tree, sort=sort, fold=fold, deadline=60, relax=True)
                    began = time.perf_counter()
                    engine.search(request)
                    if turn:
                        times[fold].append(1000 * (time.perf_counter() - began))
        medians = {fold: statistics.median(each) for fold, each in times.items()}
        means = {fold: statistics.mean(each) for fold, each in times.items()}
        print(
            f"{count:,} articles, by {sort}: folded / plain search, median {medians[True] / medians[False]:.3f} "
            f"(+{medians[True] - medians[False]:.2f} ms), mean {means[True] / means[False]:.3f} "
            f"(+{means[True] - means[False]:.2f} ms); {os.cpu_count()} processors"
        )


if __name__ == "__main__":
    main()

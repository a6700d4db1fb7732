"""Quality of ranking: nDCG@10, MAP and recall@100 on judged collections, against the best of the baselines.

    python -m bench ranking [--collection DIR …] [--engine NAME …] [--depth N] [--json OUT] [--runs DIR]

A collection is a folder with docs.jsonl {id, title, text}, queries.jsonl {id, text} and qrels.tsv (query, document,
grade). The query language reads each query text; the engine runs it as "any of these words" and returns the 1,000 best
hits (`--depth`: fewer, which is faster and does not change nDCG@10). `--runs` writes query TAB document TAB score a
line, for other tools to judge.

The baseline is the best nDCG@10 of plain BM25 (`bench.plain_bm25`) and, for the three collections of the project, of
the figures in BEST_KNOWN. The margin is the share by which the engine is above it. The interval is that of the
difference to plain BM25 (95 %, bootstrap over the queries, paired): a margin whose interval holds 0 may be chance.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backfile.archive.model import ArticleMetadata
from backfile.index.analysis.tokenizer import find_raw_tokens
from backfile.index.engine import Changes, Document, Engine, Fingerprint, Request
from backfile.index.engines import DEFAULT, names, open_engine
from backfile.index.query import And, InField, Node, Not, Or, Word, normalize, parse
from bench import corpora_folder
from bench.plain_bm25 import all_rankings

COLLECTIONS = ("ir-cranfield", "ir-cacm", "ir-npl")
DEPTH = 1_000
BEST_KNOWN = {"ir-cranfield": 0.382, "ir-cacm": 0.494, "ir-npl": 0.438}
"""Best nDCG@10 of other programs and of BM25 in other hands, by collection (docs/decisions/ranking.md)."""
SAMPLES = 10_000

HEAD = (
    f"{'collection':16}{'engine':9}{'nDCG@10':>9}{'MAP':>8}{'R@100':>8}{'queries':>9}{'baseline':>10}{'margin':>8}"
    "   nDCG@10 above plain BM25, 95 %"
)

Ranking = Sequence[tuple[str, float]]  # ids of documents with their scores, best first


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, queries by id, and for each query that has a relevant document the grades of those judged."""

    name: str
    documents: tuple[Document, ...]
    queries: Mapping[str, str]
    grades: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the judged queries. The gain of nDCG is the grade, discounted by log2(rank + 1)."""

    ndcg10: float
    map: float
    recall100: float
    queries: int


def read_collection(folder: Path) -> Collection:
    """Judged collection of a folder; raises `OSError` for a missing file."""
    documents = tuple(
        Document(line["id"], f"{line['id']}.md", ArticleMetadata(line.get("title") or ""), line["text"])
        for line in _lines(folder / "docs.jsonl")
    )
    queries = {line["id"]: line["text"] for line in _lines(folder / "queries.jsonl")}
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, document, grade = line.split("\t")
        grades[query][document] = int(grade)
    judged = {query: found for query, found in grades.items() if any(grade > 0 for grade in found.values())}
    return Collection(folder.name, documents, queries, judged)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def question(text: str) -> Node:
    """Query for any of the words of an ordinary text.

    Phrases stay phrases; groups, exclusions and fields are flattened to words. A text beyond the limits of the query
    language is split into words.
    """
    parsed = parse(text)
    operands = map(Word, find_raw_tokens(text)) if parsed.refusal else _operands(parsed.tree)
    return normalize(Or(tuple(operands)))


def _operands(tree: Node) -> Iterator[Node]:
    match tree:
        case And() | Or():
            for node in tree.nodes:
                yield from _operands(node)
        case Not():
            yield from _operands(tree.node)
        case InField():
            yield Word(tree.field)
            yield from _operands(tree.node)
        case _:
            yield tree


def search_all(engine: Engine, collection: Collection, depth: int = DEPTH) -> dict[str, Ranking]:
    """Best `depth` hits of every query."""
    rankings: dict[str, Ranking] = {}
    for query, text in collection.queries.items():
        page = engine.search(Request(question(text), per_page=depth, passages=0, facet_size=0, deadline=60.0))
        rankings[query] = [(hit.id, hit.score) for hit in page.hits]
    return rankings


def fill(engine: Engine, collection: Collection) -> None:
    """Indexes the documents of a collection."""
    engine.write(Changes(put=((document, Fingerprint(0, 0, "")) for document in collection.documents)))


@dataclass(frozen=True, slots=True)
class Baseline:
    """Best nDCG@10 of the baselines, and that of the best plain BM25 for each judged query."""

    ndcg10: float
    by_query: Sequence[float]


def baseline(collection: Collection) -> Baseline:
    """Baseline of a collection."""
    tried = [
        ndcg_by_query(found, collection.grades) for found in all_rankings(collection.documents, collection.queries)
    ]
    best = max(tried, key=sum)
    return Baseline(max(sum(best) / len(best), BEST_KNOWN.get(collection.name, 0.0)), best)


def ndcg_by_query(rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Mapping[str, int]]) -> list[float]:
    """nDCG@10 of each judged query, in the order of `grades`."""
    return [_measure(rankings.get(query, ()), judged)[0] for query, judged in grades.items()]


def difference_interval(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean difference between two measures of the same queries (percentile bootstrap)."""
    differences = np.array(ours) - np.array(theirs)
    random = np.random.default_rng(1)
    means = differences[random.integers(0, len(differences), (SAMPLES, len(differences)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return low, high


def quality(rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Mapping[str, int]]) -> Quality:
    """Measures of ranked ids by query; a judged query without hits counts 0."""
    rows = [_measure(rankings.get(query, ()), judged) for query, judged in grades.items()]
    ndcg, precision, recall = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return Quality(ndcg, precision, recall, len(rows))


def _measure(ranking: Sequence[str], judged: Mapping[str, int]) -> tuple[float, float, float]:
    """(nDCG@10, average precision at 1,000, recall@100) of one query."""
    relevant = {document for document, grade in judged.items() if grade > 0}
    ideal = _gain(sorted((judged[document] for document in relevant), reverse=True)[:10])
    gain = _gain([max(judged.get(document, 0), 0) for document in ranking[:10]])
    ranks = [rank for rank, document in enumerate(ranking[:DEPTH], 1) if document in relevant]
    precision = sum(count / rank for count, rank in enumerate(ranks, 1)) / len(relevant)
    return gain / ideal, precision, len(relevant.intersection(ranking[:100])) / len(relevant)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def judge_engine(name: str, collection: Collection, depth: int = DEPTH) -> tuple[Quality, dict[str, Ranking]]:
    """Indexes the collection with an engine of the registry, runs every query and judges the rankings."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(name, Path(folder) / "index")
        fill(engine, collection)
        rankings = search_all(engine, collection, depth)
        engine.close()
    ids = {query: [article_id for article_id, _ in ranking] for query, ranking in rankings.items()}
    return quality(ids, collection.grades), rankings


def write_rankings(path: Path, rankings: Mapping[str, Ranking]) -> None:
    """Writes query TAB document TAB score, one hit a line, best first."""
    lines = (f"{query}\t{id_}\t{score!r}\n" for query, ranking in rankings.items() for id_, score in ranking)
    path.write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Prints a row for each collection and engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collection", action="append", type=Path, metavar="DIR", help="default: the project's three")
    parser.add_argument(
        "--engine", action="append", metavar="NAME", help=f"of {', '.join(names())} (default: {DEFAULT})"
    )
    parser.add_argument("--depth", type=int, default=DEPTH, metavar="N", help=f"hits a query (default: {DEPTH})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="write the rankings there")
    options = parser.parse_args()
    figures = []
    print(HEAD)
    for folder in options.collection or [corpora_folder() / name for name in COLLECTIONS]:
        collection = read_collection(folder)
        best = baseline(collection)
        for name in options.engine or [DEFAULT]:
            got, rankings = judge_engine(name, collection, options.depth)
            figures.append(print_row(collection, name, got, best, rankings))
            if options.runs:
                options.runs.mkdir(parents=True, exist_ok=True)
                write_rankings(options.runs / f"{collection.name}-{name}.tsv", rankings)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def print_row(
    collection: Collection, engine: str, got: Quality, best: Baseline, rankings: Mapping[str, Ranking]
) -> dict[str, Any]:
    """Prints the figures of an engine on a collection and returns them."""
    ids = {query: [article_id for article_id, _ in ranking] for query, ranking in rankings.items()}
    low, high = difference_interval(ndcg_by_query(ids, collection.grades), best.by_query)
    margin = got.ndcg10 / best.ndcg10 - 1
    print(
        f"{collection.name:16}{engine:9}{got.ndcg10:9.4f}{got.map:8.4f}{got.recall100:8.4f}{got.queries:9}"
        f"{best.ndcg10:10.4f}{margin:+8.1%}   {low:+.3f} … {high:+.3f}",
        flush=True,
    )
    figures = {"baseline": best.ndcg10, "margin": margin, "interval": (low, high)}
    return {"collection": collection.name, "engine": engine, **asdict(got), **figures}


if __name__ == "__main__":
    main()

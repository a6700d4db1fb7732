"""Quality of ranking: nDCG@10, MAP and recall@100 on judged collections.

    python -m bench ranking [--collection DIR …] [--engine NAME …] [--depth N] [--json OUT] [--runs DIR]

A collection is a folder with docs.jsonl {id, title, text}, queries.jsonl {id, text} and qrels.tsv (query, document,
grade). The query language reads each query text; the engine runs it as "any of these words" and returns the 1,000 best
hits (`--depth`: fewer, which is faster and does not change nDCG@10). `--runs` writes query TAB document TAB score a
line, for other tools to judge.
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

from backfile.archive.model import ArticleMetadata
from backfile.index.analysis.tokenizer import find_raw_tokens
from backfile.index.engine import Changes, Document, Engine, Fingerprint, Request
from backfile.index.engines import DEFAULT, names, open_engine
from backfile.index.query import And, InField, Node, Not, Or, Word, normalize, parse
from bench import corpora_folder

COLLECTIONS = ("ir-cranfield", "ir-cacm")
DEPTH = 1_000

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
    parser.add_argument("--collection", action="append", type=Path, metavar="DIR", help="default: Cranfield and CACM")
    parser.add_argument(
        "--engine", action="append", metavar="NAME", help=f"of {', '.join(names())} (default: {DEFAULT})"
    )
    parser.add_argument("--depth", type=int, default=DEPTH, metavar="N", help=f"hits a query (default: {DEPTH})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="write the rankings there")
    options = parser.parse_args()
    figures = []
    print(f"{'collection':16}{'engine':9}{'nDCG@10':>9}{'MAP':>8}{'R@100':>8}{'queries':>9}")
    for folder in options.collection or [corpora_folder() / name for name in COLLECTIONS]:
        collection = read_collection(folder)
        for name in options.engine or [DEFAULT]:
            got, rankings = judge_engine(name, collection, options.depth)
            print(
                f"{collection.name:16}{name:9}{got.ndcg10:9.4f}{got.map:8.4f}{got.recall100:8.4f}{got.queries:9}",
                flush=True,
            )
            figures.append({"collection": collection.name, "engine": name, **asdict(got)})
            if options.runs:
                options.runs.mkdir(parents=True, exist_ok=True)
                write_rankings(options.runs / f"{collection.name}-{name}.tsv", rankings)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

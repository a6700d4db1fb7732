"""Driver of SQLite FTS5: Porter stemmer, facets as joins over the matching rows, passages by `snippet()`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from backfile.index.engine import Document, Filters, Sort
from backfile.index.query import And, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from bench.drivers.base import Answer, Question

SCHEMA = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
CREATE TABLE article (n INTEGER PRIMARY KEY, id TEXT, day TEXT, year INTEGER);
CREATE TABLE author (n INTEGER, value TEXT, PRIMARY KEY (n, value)) WITHOUT ROWID;
CREATE TABLE topic (n INTEGER, value TEXT, PRIMARY KEY (n, value)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(title, summary, text, tokenize = 'porter unicode61 remove_diacritics 2');
"""
INDEXES = """
CREATE INDEX author_value ON author (value, n);
CREATE INDEX topic_value ON topic (value, n);
CREATE INDEX article_day ON article (day);
INSERT INTO words (words) VALUES ('optimize');
INSERT INTO words (words, rank) VALUES ('rank', 'bm25(3.0, 2.0, 1.0)');
ANALYZE;
"""
SNIPPET = "snippet(words, 2, '<b>', '</b>', '…', 40)"
TOP = f"SELECT a.id, {SNIPPET} FROM words JOIN article a ON a.n = words.rowid WHERE %s ORDER BY %s LIMIT 10"  # noqa: S608
ORDERS = {Sort.RELEVANCE: "rank", Sort.NEWEST: "a.day DESC"}
FACET = "SELECT value, count(*) FROM found JOIN {0} USING (n) GROUP BY value ORDER BY 2 DESC LIMIT 10"
YEARS = "SELECT year, count(*) FROM found JOIN article USING (n) GROUP BY year ORDER BY 2 DESC LIMIT 10"


class Sqlite:
    """Driver of SQLite FTS5."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "fts.db"

    def build(self, documents: Iterable[Document]) -> None:
        with sqlite3.connect(self.path) as db:
            db.executescript(SCHEMA)
            for n, d in enumerate(documents):
                day, year = (
                    (d.metadata.date.first.isoformat(), d.metadata.date.year) if d.metadata.date else (None, None)
                )
                db.execute("INSERT INTO article VALUES (?, ?, ?, ?)", (n, d.id, day, year))
                db.executemany("INSERT OR IGNORE INTO author VALUES (?, ?)", [(n, name) for name in d.metadata.authors])
                db.executemany("INSERT OR IGNORE INTO topic VALUES (?, ?)", [(n, name) for name in d.metadata.topics])
                row = (n, d.metadata.title, d.metadata.summary, d.text)
                db.execute("INSERT INTO words (rowid, title, summary, text) VALUES (?, ?, ?, ?)", row)
            db.executescript(INDEXES)
        db.close()

    def open(self) -> None:
        self.db = sqlite3.connect(self.path)
        self.db.executescript("PRAGMA mmap_size = 4000000000; PRAGMA cache_size = -200000; PRAGMA temp_store = MEMORY")

    def answer(self, question: Question) -> Answer:
        where, values = _where(question.query, question.filters)
        self.db.execute("DROP TABLE IF EXISTS temp.found")
        self.db.execute(f"CREATE TEMP TABLE found AS SELECT rowid AS n FROM words WHERE {where}", values)  # noqa: S608
        total = self.db.execute("SELECT count(*) FROM found").fetchone()[0]
        facets = {name: self.db.execute(FACET.format(name)).fetchall() for name in ("author", "topic")}
        facets["year"] = self.db.execute(YEARS).fetchall()
        top = self.db.execute(TOP % (where, ORDERS[question.sort]), values).fetchall()
        return Answer(total, tuple(row[0] for row in top), facets, tuple(row[1] for row in top))


def _where(query: Node, filters: Filters) -> tuple[str, list[str]]:
    clauses, values = ["1"], []
    if not isinstance(query, MatchAll):
        clauses, values = ["words MATCH ?"], [_match(query)]
    for name, chosen in (("author", filters.authors), ("topic", filters.topics)):
        if chosen:
            marks = ", ".join("?" * len(chosen))
            clauses.append(f"words.rowid IN (SELECT n FROM {name} WHERE value IN ({marks}))")  # noqa: S608
            values += chosen
    if filters.first and filters.last:
        clauses.append("words.rowid IN (SELECT n FROM article WHERE day BETWEEN ? AND ?)")
        values += [filters.first.isoformat(), filters.last.isoformat()]
    return " AND ".join(clauses), values


def _match(node: Node) -> str:
    match node:
        case Word(text=text) | Phrase(text=text):
            return f'"{text}"'
        case Wildcard(text=text):
            return f'"{text.rstrip("*")}" *'
        case And(nodes=nodes):
            positive = " AND ".join(_match(child) for child in nodes if not isinstance(child, Not))
            negative = [f" NOT {_match(child.node)}" for child in nodes if isinstance(child, Not)]
            return f"(({positive}){''.join(negative)})"
        case Or(nodes=nodes):
            return "(" + " OR ".join(_match(child) for child in nodes) + ")"
    raise ValueError(f"not in the mix: {node}")

"""Driver of stock Whoosh: stemming analyser, sortable columns for facets, its own searcher, highlighter and codec."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

from whoosh import fields, index, sorting
from whoosh import query as q
from whoosh.analysis import StemmingAnalyzer

from backfile.index.engine import Document, Filters, Sort
from backfile.index.query import And, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from bench.drivers.base import Answer, Question

TEXTS = ("title", "summary", "text")


class StockWhoosh:
    """Driver of stock Whoosh."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self, documents: Iterable[Document]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        analyser = StemmingAnalyzer(stoplist=None, minsize=1, cachesize=-1)
        schema = fields.Schema(
            id=fields.ID(stored=True),
            title=fields.TEXT(analyser, stored=True, field_boost=3.0),
            summary=fields.TEXT(analyser, stored=True, field_boost=2.0),
            text=fields.TEXT(analyser, stored=True),
            author=fields.KEYWORD(stored=True, commas=True, sortable=True),
            topic=fields.KEYWORD(stored=True, commas=True, sortable=True),
            year=fields.NUMERIC(int, sortable=True),
            day=fields.DATETIME(sortable=True),
        )
        writer = index.create_in(str(self.folder), schema).writer(limitmb=512)
        for d in documents:
            day = datetime.datetime.combine(d.metadata.date.first, datetime.time()) if d.metadata.date else None
            dates = {"day": day, "year": d.metadata.date.year} if d.metadata.date else {}
            names = {"author": ",".join(d.metadata.authors), "topic": ",".join(d.metadata.topics)}
            writer.add_document(
                id=d.id, title=d.metadata.title, summary=d.metadata.summary or "", text=d.text, **names, **dates
            )
        writer.commit(optimize=True)

    def open(self) -> None:
        self.searcher = index.open_dir(str(self.folder)).searcher()

    def answer(self, question: Question) -> Answer:
        facets = sorting.Facets()
        for name in ("author", "topic", "year"):
            facets.add_facet(name, sorting.FieldFacet(name, allow_overlap=name != "year", maptype=sorting.Count))
        order = None if question.sort is Sort.RELEVANCE else sorting.FieldFacet("day", reverse=True)
        results = self.searcher.search(
            self._node(question.query), limit=10, filter=_filter(question.filters), groupedby=facets, sortedby=order
        )
        counts = {name: sorted(results.groups(name).items(), key=lambda item: -item[1])[:10] for name in facets.names()}
        marked = tuple(hit.highlights("text", top=1) for hit in results)
        return Answer(len(results), tuple(hit["id"] for hit in results), counts, marked)

    def _node(self, node: Node) -> q.Query:  # noqa: PLR0911  (one return a kind of node)
        match node:
            case MatchAll():
                return q.Every()
            case Word(text=text):
                return q.Or([q.Term(name, self._stem(name, text)) for name in TEXTS])
            case Phrase(text=text):
                words = [self._stem("text", word) for word in text.split()]
                return q.Or([q.Phrase(name, words) for name in TEXTS])
            case Wildcard(text=text):
                return q.Or([q.Prefix(name, text.rstrip("*")) for name in TEXTS])
            case And(nodes=nodes):
                return q.And([self._node(child) for child in nodes])
            case Or(nodes=nodes):
                return q.Or([self._node(child) for child in nodes])
            case Not(node=inner):
                return q.Not(self._node(inner))
        raise ValueError(f"not in the mix: {node}")

    def _stem(self, name: str, word: str) -> str:
        return next(t.text for t in self.searcher.schema[name].analyzer(word, mode="query"))


def _filter(filters: Filters) -> q.Query | None:
    clauses: list[q.Query] = []
    for name, values in (("author", filters.authors), ("topic", filters.topics)):
        if values:
            clauses.append(q.Or([q.Term(name, value) for value in values]))
    if filters.first and filters.last:
        first, last = (datetime.datetime.combine(d, datetime.time()) for d in (filters.first, filters.last))
        clauses.append(q.DateRange("day", first, last))
    return q.And(clauses) if clauses else None

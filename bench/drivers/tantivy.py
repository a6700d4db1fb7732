"""Driver of tantivy-py: English stemmer, positions, fast fields for facets and dates, one writer thread.

Searching and counting facets are two calls in tantivy-py (`search`, `aggregate`); snippets are its `SnippetGenerator`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query

from backfile.index.engine import Document, Sort
from backfile.index.query import And, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from bench.drivers.base import Answer, Question

FIELDS = ["title", "summary", "text"]
BOOSTS = {"title": 3.0, "summary": 2.0, "text": 1.0}
HEAP_BYTES = 512_000_000
FACETS = {
    "author": {"terms": {"field": "author", "size": 10}},
    "topic": {"terms": {"field": "topic", "size": 10}},
    "year": {"terms": {"field": "year", "size": 10}},
}


class Tantivy:
    """Driver of tantivy."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        builder = tantivy.SchemaBuilder().add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        for name in FIELDS:
            builder.add_text_field(name, stored=True, tokenizer_name="en_stem")
        for name in ("author", "topic"):
            builder.add_text_field(name, stored=True, fast=True, tokenizer_name="raw", index_option="basic")
        builder.add_unsigned_field("year", fast=True).add_date_field("day", stored=True, fast=True, indexed=True)
        self.schema = builder.build()
        self.index = tantivy.Index(self.schema, path=str(folder))

    def build(self, documents: Iterable[Document]) -> None:
        writer = self.index.writer(heap_size=HEAP_BYTES, num_threads=1)
        for document in documents:
            writer.add_document(_fields(document))
        writer.commit()
        writer.wait_merging_threads()

    def open(self) -> None:
        self.index.reload()
        self.searcher = self.index.searcher()

    def answer(self, question: Question) -> Answer:
        query = self._query(question)
        order = {} if question.sort is Sort.RELEVANCE else {"order_by_field": "day"}
        result = self.searcher.search(query, limit=10, count=True, **order)
        facets = self.searcher.aggregate(query, FACETS)
        snippets = tantivy.SnippetGenerator.create(self.searcher, query, self.schema, "text")
        snippets.set_max_num_chars(250)
        found = [self.searcher.doc(address) for _, address in result.hits]
        return Answer(
            result.count,
            tuple(document["id"][0] for document in found),
            {name: [(b["key"], b["doc_count"]) for b in facets[name]["buckets"]] for name in FACETS},
            tuple(snippets.snippet_from_doc(document).to_html() for document in found),
        )

    def _query(self, question: Question) -> Query:
        clauses = [(Occur.Must, self._node(question.query))]
        chosen = question.filters
        for name, values in (("author", chosen.authors), ("topic", chosen.topics)):
            if values:
                terms = [(Occur.Should, Query.term_query(self.schema, name, value)) for value in values]
                clauses.append((Occur.Must, Query.const_score_query(Query.boolean_query(terms), 0.0)))
        if chosen.first and chosen.last:
            days = Query.range_query(self.schema, "day", FieldType.Date, _time(chosen.first), _time(chosen.last))
            clauses.append((Occur.Must, Query.const_score_query(days, 0.0)))
        return Query.boolean_query(clauses) if len(clauses) > 1 else clauses[0][1]

    def _node(self, node: Node) -> Query:
        match node:
            case MatchAll():
                return Query.all_query()
            case Word(text=text):
                return self.index.parse_query(text, FIELDS, field_boosts=BOOSTS)
            case Phrase(text=text):
                return self.index.parse_query(f'"{text}"', FIELDS, field_boosts=BOOSTS)
            case Wildcard(text=text):
                pattern = text.replace("*", ".*")
                return Query.boolean_query([(Occur.Should, Query.regex_query(self.schema, f, pattern)) for f in FIELDS])
            case And(nodes=nodes):
                return Query.boolean_query([self._clause(child) for child in nodes])
            case Or(nodes=nodes):
                return Query.boolean_query([(Occur.Should, self._node(child)) for child in nodes])
        raise ValueError(f"not in the mix: {node}")

    def _clause(self, node: Node) -> tuple[Any, Query]:
        return (Occur.MustNot, self._node(node.node)) if isinstance(node, Not) else (Occur.Must, self._node(node))


def _time(day: datetime.date) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)


def _fields(document: Document) -> tantivy.Document:
    made = tantivy.Document(
        id=document.id, title=document.metadata.title, summary=document.metadata.summary or "", text=document.text
    )
    for author in document.metadata.authors:
        made.add_text("author", author)
    for topic in document.metadata.topics:
        made.add_text("topic", topic)
    if document.metadata.date:
        made.add_unsigned("year", document.metadata.date.year)
        made.add_date("day", _time(document.metadata.date.first))
    return made

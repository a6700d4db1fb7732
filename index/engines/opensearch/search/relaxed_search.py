"""Search with most of the words of a query (`index.query.relaxation`).

Words are counted by OpenSearch. The best passages of the first articles are found here, in their stored texts, as the
highlighter finds words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backfile.index.analysis.stemming import stemming_languages
from backfile.index.engines.opensearch.document_source import stored_document
from backfile.index.engines.opensearch.search.cluster_reader import ClusterReader
from backfile.index.engines.opensearch.search.match_queries import EVERYTHING, Query, all_of, any_of, none_of
from backfile.index.engines.opensearch.search.score_queries import (
    ScoredTerm,
    ScoreQueries,
    constant,
    scored_terms,
    word_pairs,
)
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.highlight.term_matcher import find_occurrences
from backfile.index.highlight.token_table import Array, TokenizedDocument, TokenTable, tokenize_documents
from backfile.index.query import Node, RelaxedQuery, Word, relax, required_words
from backfile.index.ranking import bm25f
from backfile.index.ranking.bm25f import PASSAGE_BLOCK, PASSAGE_FIELDS, ROUNDING, WEIGHTS, is_single_term

_NAME = "word-"


@dataclass(frozen=True)
class RelaxedWords:
    """Relaxed query and the number of its words that hits have."""

    query: RelaxedQuery
    required: int

    @property
    def marked(self) -> Node:
        """Query that marks what matches in the hits."""
        return self.query.any_word if self.required else self.query.rest

    def missing(self, matched: Sequence[str]) -> tuple[str, ...]:
        """Words that a hit lacks, as typed, given the names of the queries that it matches."""
        return tuple(word.text for number, word in enumerate(self.query.words) if f"{_NAME}{number}" not in matched)


def relax_words(reader: ClusterReader, node: Node, complete: int, filters: Query) -> RelaxedWords | None:
    """Relaxed form of a query that finds `complete` documents; None if it is not to be relaxed."""
    query = relax(node, reader.languages)
    if query is None or not query.applies(complete):
        return None
    allowed = all_of([reader.matches.match(query.rest), none_of(reader.matches.match(node)), filters])
    required = required_words(
        _most_words(reader, query, allowed), len(query.words), least=0 if query.may_lack_all else 1
    )
    return None if required is None else RelaxedWords(query, required)


def most_words(reader: ClusterReader, node: Node, filters: Query) -> int:
    """Greatest number of words of a query, relaxed, that a document has; 0 if it cannot be relaxed."""
    query = relax(node, reader.languages)
    if query is None:
        return 0
    return _most_words(reader, query, all_of([reader.matches.match(query.rest), filters]))


def _most_words(reader: ClusterReader, query: RelaxedQuery, allowed: Query) -> int:
    words = [constant(reader.matches.match(word), 1.0) for word in query.words]
    body = {"query": {"bool": {"filter": [allowed], "should": words}}, "size": 1, "_source": False}
    hits = reader.search(body)["hits"]["hits"]
    return round(hits[0]["_score"]) if hits else 0


@dataclass(frozen=True)
class RelaxedQueries:
    """Queries for the documents that have enough words."""

    reader: ClusterReader
    words: RelaxedWords

    def match(self, node: Node) -> Query:
        """Query for the documents with enough of the words, and those that match the query as written."""
        matches, required = self.reader.matches, self.words.required
        enough = any_of(map(matches.match, self.words.query.words), required) if required else EVERYTHING
        return any_of([all_of([enough, matches.match(self.words.query.rest)]), matches.match(node)])

    @cached_property
    def _pairs(self) -> list[tuple[Word, Word]]:
        return list(word_pairs(self.words.query.conjunction))

    @cached_property
    def _scores(self) -> ScoreQueries:
        terms: list[ScoredTerm] = [*scored_terms(self.words.marked)]
        terms += [(word, DEFAULT_FIELDS) for pair in self._pairs for word in pair]
        terms += [(word, DEFAULT_FIELDS) for word in self.words.query.words]
        return self.reader.scores(terms)

    def named_words(self) -> list[Query]:
        """Queries whose names in a hit tell which words it has; each scores for its word."""
        named = []
        for number, word in enumerate(self.words.query.words):
            score = WEIGHTS.coverage * self._weight(word) if self.words.required else 0.0
            named.append(constant(self.reader.matches.match(word), score, _name=f"{_NAME}{number}"))
        return named

    @cached_property
    def _weights(self) -> dict[Word, float]:
        words = self.words.query.words
        weights = [self._scores.weight(word, DEFAULT_FIELDS) for word in words]
        return dict(zip(words, bm25f.remembered_weights(weights), strict=True))

    def _weight(self, word: Word) -> float:
        return self._weights[word]

    def score(self) -> list[Query]:
        """Queries for the score without passages."""
        return [*self.named_words(), *self._scores.score(self.words.marked, near=False)]

    def search_with_passages(self, body: dict[str, Any], stop: int) -> tuple[Any, list[Any]]:
        """Answer, and the hits up to `stop` or more of them, with the score of their passages.

        Passages count for the first documents by the score without them; the others follow in its order.
        """
        answer = self.reader.search({**body, "from": 0, "size": max(stop, bm25f.PASSAGES)})
        hits = answer["hits"]["hits"]
        if self.words.required:
            least = hits[bm25f.PASSAGES - 1]["_score"] - ROUNDING if len(hits) > bm25f.PASSAGES else 0.0
            self._add_passages([hit for hit in hits if hit["_score"] >= least])
        hits.sort(key=lambda hit: -hit["_score"])  # stable: ties stay in the order of the search
        return answer, hits

    def _add_passages(self, hits: Sequence[Any]) -> None:
        languages = self.reader.statistics.state.languages
        documents = [TokenizedDocument(stored_document(hit)[0]) for hit in hits]
        if not documents:
            return
        tokenize_documents(documents)
        for hit, document in zip(hits, documents, strict=True):
            own = stemming_languages(document.document.metadata.language, languages)
            hit["_score"] += WEIGHTS.passage * self._best_passage(document, own)

    def _best_passage(self, document: TokenizedDocument, languages: tuple[str, ...]) -> float:
        """Weight of the words and pairs in the best passage of a document."""
        best = 0.0
        if document.table is None:
            return best
        for (field, _), table in zip(document.texts, document.table.split([1] * len(document.texts)), strict=True):
            if field in PASSAGE_FIELDS:
                best = max(best, _heaviest_passage(self._found(table, languages)))
        return best

    def _found(self, table: TokenTable, languages: tuple[str, ...]) -> Iterator[tuple[Array, float]]:
        """Positions in a text, counted from 0, at which a word or a pair stands, with its weight."""
        places: dict[Word, Array] = {}

        def find(word: Word) -> Array:
            if word not in places:
                tokens = find_occurrences(word, table, languages).tokens
                first = table.positions[0] if len(table.positions) else 0
                places[word] = np.unique(table.positions[tokens] - first)
            return places[word]

        for word in filter(is_single_term, self.words.query.words):
            yield find(word), self._weight(word)
        for first, second in self._pairs:
            rarity = min(self._scores.idf(word, DEFAULT_FIELDS) for word in (first, second))
            near = np.isin(find(first)[:, None] + np.arange(1, WEIGHTS.window + 1), find(second)).any(axis=1)
            yield find(first)[near], WEIGHTS.passage_pair * rarity


def _heaviest_passage(found: Iterator[tuple[Array, float]]) -> float:
    """Greatest sum of weights in two neighbouring blocks of a text."""
    sums: dict[int, float] = {}
    for positions, weight in found:
        blocks = set((positions // PASSAGE_BLOCK).tolist())
        for passage in blocks.union(block - 1 for block in blocks):
            sums[passage] = sums.get(passage, 0.0) + weight
    return max(sums.values(), default=0.0)

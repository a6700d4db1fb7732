"""Score queries: the query tree as queries of OpenSearch whose score is that of `index.ranking.bm25f`.

The frequency of a term in a field is a query's score (similarity `frequency` of the mapping). A script divides it by
the length of the field, another one saturates the sum over the fields. Statistics are ours and come as parameters:
OpenSearch counts deleted documents, and each shard its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backfile.index.analysis.phrase_terms import is_pattern, phrase_sequences
from backfile.index.analysis.tokenizer import TermSequence, term_sequences
from backfile.index.engines.opensearch.index_mapping import keys_field, length_field
from backfile.index.engines.opensearch.position_tokens import GAP, stacked, typed_keys
from backfile.index.engines.opensearch.search.match_queries import (
    NOTHING,
    MatchQueries,
    Query,
    Scope,
    TermNode,
    all_of,
    any_of,
    phrase_query,
    single_terms,
    term_query,
    wildcard_query,
)
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.query import And, DateRange, Fuzzy, InField, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from backfile.index.ranking.bm25f import WEIGHTS, idf, neighbour_pairs, query_weight

ScoredTerm = tuple[TermNode, Scope]

_NORM = "_score * params.weight / (params.fixed + params.by_length * doc[params.length].value)"
_SATURATE = "params.weight * (_score * (params.k1 + 1) / (_score + params.k1) + params.presence)"
_MOST_PATTERN_TERMS = "top_terms_200"  # of a pattern, whose frequencies add up


def scored_terms(node: Node, scope: Scope = DEFAULT_FIELDS) -> Iterator[ScoredTerm]:
    """Terms of a query that count for the score, with their fields."""
    match node:
        case InField(field=field) if field in DEFAULT_FIELDS:
            yield from scored_terms(node.node, (field,))
        case And() | Or():
            for child in node.nodes:
                yield from scored_terms(child, scope)
        case Word() | Phrase() | Wildcard() | Fuzzy():
            yield node, scope


@dataclass(frozen=True)
class ScoreQueries:
    """Score queries for one state of an index.

    `documents`: number of documents; `averages`: average lengths of the fields; `frequencies`: document frequency of
    each scored term of the query.
    """

    matches: MatchQueries
    documents: int
    averages: Mapping[str, float]
    frequencies: Mapping[ScoredTerm, int]

    def score(self, node: Node, *, near: bool = True) -> list[Query]:
        """Queries whose scores add up to the score of a document that matches; `near`: with the bonus of neighbours."""
        terms = list(scored_terms(node))
        parts = list(self._parts(node, DEFAULT_FIELDS, near=near))
        if terms and all("title" in scope for _, scope in terms):
            titles = all_of(self.matches.match_in_field(term, "title") for term, _ in terms)
            parts.append(constant(titles, WEIGHTS.whole_title))
        return [part for part in parts if part != NOTHING]

    def _parts(self, node: Node, scope: Scope, *, near: bool) -> Iterator[Query]:
        match node:
            case InField(field=field) if field in DEFAULT_FIELDS:
                yield from self._parts(node.node, (field,), near=near)
            case Not() | MatchAll() | DateRange() | InField():
                return
            case And() | Or():
                yield from self._compound_parts(node, scope, near=near)
            case _:
                yield self.term_score(node, scope, self.weight(node, scope))

    def _compound_parts(self, node: And | Or, scope: Scope, *, near: bool) -> Iterator[Query]:
        for child in node.nodes:
            own = [part for part in self._parts(child, scope, near=near) if part != NOTHING]
            if own and isinstance(node, Or) and not isinstance(child, Word | Phrase | Wildcard | Fuzzy):
                # An alternative with several terms counts only where all of it matches.
                yield {"bool": {"filter": [self.matches.match(child, scope)], "should": own}}
            else:
                yield from own
        for first, second in word_pairs(node) if near else ():
            yield self._pair_score(first, second, scope)

    def weight(self, node: TermNode, scope: Scope) -> float:
        """Query weight of a scored term."""
        return query_weight(node, self.frequencies[node, scope], self.documents, self.matches.languages)

    def idf(self, node: TermNode, scope: Scope) -> float:
        """Inverse document frequency of a scored term."""
        return idf(self.frequencies[node, scope], self.documents)

    def term_score(self, node: TermNode, scope: Scope, weight: float) -> Query:
        """Query for the score of one term."""
        if not self.frequencies[node, scope]:
            return NOTHING
        return self.saturated({field: self._frequency(node, field) for field in scope}, weight, WEIGHTS.presence)

    def saturated(self, frequencies: Mapping[str, Query], weight: float, presence: float = 0.0) -> Query:
        """Query for weight · (saturate(tf~) + presence), given a query for the frequency in each field."""
        normed = any_of(self._normed(query, field) for field, query in frequencies.items())
        if normed == NOTHING:
            return NOTHING
        return scripted(normed, _SATURATE, weight=weight, k1=WEIGHTS.k1, presence=presence)

    def _normed(self, frequency: Query, field: str) -> Query:
        if frequency == NOTHING:
            return NOTHING
        average = self.averages.get(field, 0.0)
        return scripted(
            frequency,
            _NORM,
            weight=WEIGHTS.of(field),
            fixed=1 - WEIGHTS.b if average else 1.0,
            by_length=WEIGHTS.b / average if average else 0.0,
            length=length_field(field),
        )

    def _frequency(self, node: TermNode, field: str) -> Query:
        """Query whose score is the frequency of a term in a field."""
        match node:
            case Word():
                return self._word_frequency(node, field)
            case Phrase():
                sequences = phrase_sequences(node.text)
                return _greatest([_phrase_frequency(sequence, field, node.within) for sequence in sequences])
            case Wildcard():
                return wildcard_query(node.text, field, rewrite=_MOST_PATTERN_TERMS)
        return self.matches.match_in_field(node, field)  # a fuzzy word counts once

    def _word_frequency(self, word: Word, field: str) -> Query:
        sequences = term_sequences(word.text)
        spellings = []
        for sequence in sequences:
            single = single_terms([sequence])
            if single and not word.exact:
                spellings.append(self._family_frequency(single[0], field))
            else:
                spellings.append(phrase_query(sequence, field))
        return _greatest(spellings)

    def _family_frequency(self, term: str, field: str) -> Query:
        # The keys count the typed form as well as its siblings. Those of all languages are one clause (SynonymQuery).
        share = WEIGHTS.stem_sibling
        keys = {"match": {keys_field(field): {"query": stacked(self.matches.keys(term)), "boost": share}}}
        family = any_of([term_query(term, field, 1 - share), keys])
        return family if self.matches.keys_cover_terms else _greatest([family, term_query(term, field)])

    def _pair_score(self, first: Word, second: Word, scope: Scope) -> Query:
        if not self.frequencies[first, scope] or not self.frequencies[second, scope]:
            return NOTHING
        rarity = min(self.idf(first, scope), self.idf(second, scope))
        return self.saturated({field: self._neighbours(first, second, field) for field in scope}, WEIGHTS.pair * rarity)

    def _neighbours(self, first: Word, second: Word, field: str) -> Query:
        """Query whose score is the number of times that one word follows another within the window."""
        one, other = (self._keys(word) for word in (first, second))
        phrases = [(one[language], other[language]) for language in one.keys() & other.keys()]
        name = keys_field(field)
        return any_of(
            {"match_phrase": {name: {"query": " ".join([key, *gaps, next_key]), "boost": 1 / 2}}}
            for key, next_key in sorted(phrases)
            for gaps in ([GAP] * distance for distance in range(WEIGHTS.window))
        )

    def _keys(self, word: Word) -> dict[str, str]:
        """Stem key of a single term in each language."""
        return typed_keys(single_terms(term_sequences(word.text))[0], self.matches.key_languages)


def word_pairs(node: And | Or) -> Iterator[tuple[Word, Word]]:
    """Neighbouring single words of a node."""
    for one, other in neighbour_pairs(node):
        first, second = node.nodes[one], node.nodes[other]
        if isinstance(first, Word) and isinstance(second, Word):
            yield first, second


def _phrase_frequency(sequence: TermSequence, field: str, within: int | None) -> Query:
    terms = {term for term, _ in sequence[0]}
    if len(terms) == 1 and is_pattern(pattern := min(terms)) and (within is not None or len(sequence[0]) == 1):
        return wildcard_query(pattern, field, rewrite=_MOST_PATTERN_TERMS)  # as it would count outside a phrase
    return phrase_query(sequence, field, within)


def constant(query: Query, score: float, **options: Any) -> Query:
    """Query with the same score for every document that matches."""
    return {"constant_score": {"filter": query, "boost": score, **options}}


def scripted(query: Query, source: str, **parameters: Any) -> Query:
    """Query whose score a script computes of that of another one."""
    return {"script_score": {"query": query, "script": {"source": source, "params": parameters}}}


def _greatest(queries: list[Query]) -> Query:
    """Query with the greatest of some scores: spellings of one word stand at the same positions."""
    several = [query for query in queries if query != NOTHING]
    if len(several) < 2:
        return several[0] if several else NOTHING
    return {"dis_max": {"queries": several}}

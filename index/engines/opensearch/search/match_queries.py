"""Match queries: the query tree as queries of OpenSearch that find the same documents; they do not score.

Text is only ever the value of a term, of a pattern or of position tokens: OpenSearch parses no query syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Day
from functools import cached_property
from typing import Any

from backfile.index.analysis.phrase_terms import is_pattern, phrase_sequences
from backfile.index.analysis.tokenizer import POSITION_GAP, TermSequence, term_sequences
from backfile.index.analysis.wildcards import fuzzy_term, literal_prefix, wildcard_term
from backfile.index.engine import Filters
from backfile.index.engines.opensearch.document_source import document_id, keyword_part
from backfile.index.engines.opensearch.index_mapping import keys_field, words_field
from backfile.index.engines.opensearch.position_tokens import indexed_term, key_languages, phrase_text, typed_keys
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS, facet_key
from backfile.index.query import (
    And,
    DateRange,
    Fuzzy,
    InField,
    MatchAll,
    Node,
    Not,
    Or,
    Phrase,
    Wildcard,
    Word,
    language_of,
    optional_words,
)
from backfile.index.query.language_filter import language_matches

Query = dict[str, Any]
TermNode = Word | Phrase | Wildcard | Fuzzy
Scope = tuple[str, ...]

EVERYTHING: Query = {"match_all": {}}
NOTHING: Query = {"match_none": {}}


def all_of(queries: Iterable[Query]) -> Query:
    """Query for the documents that match every query."""
    several = [query for query in queries if query != EVERYTHING]
    if len(several) < 2:
        return several[0] if several else EVERYTHING
    return {"bool": {"filter": several}}


def any_of(queries: Iterable[Query], least: int = 1) -> Query:
    """Query for the documents that match one query or more, at least so many."""
    several = [query for query in queries if query != NOTHING]
    if len(several) == 1 == least:
        return several[0]
    return {"bool": {"should": several, "minimum_should_match": least}} if len(several) >= least else NOTHING


def none_of(*queries: Query) -> Query:
    """Query for the documents that match no query."""
    return {"bool": {"must_not": [query for query in queries if query != NOTHING]}}


@dataclass(frozen=True)
class MatchQueries:
    """Match queries for an index: its `languages`, and the language codes that its documents name ("" for none).

    `brief` leaves out what only documents written a moment ago need, in a language that no other names.
    """

    languages: tuple[str, ...]
    codes: tuple[str, ...]
    brief: bool = False

    @cached_property
    def key_languages(self) -> tuple[str, ...]:
        """Languages of the stem keys that a typed word is looked up by: those of the documents and of the index."""
        return tuple(sorted(self._languages_of_keys & {*self.languages, ""}))

    @property
    def keys_cover_terms(self) -> bool:
        """Whether the keys of a typed word find all documents with it: the index has the languages of all."""
        return self._languages_of_keys <= {*self.languages, ""}

    @cached_property
    def _languages_of_keys(self) -> set[str]:
        main = self.languages[0] if self.languages else ""
        return {each for code in self.codes for each in key_languages(code or None, main) or ("",)}

    def match(self, node: Node, scope: Scope = DEFAULT_FIELDS) -> Query:  # noqa: PLR0911
        """Query for the documents that a node matches in some fields."""
        match node:
            case MatchAll():
                return EVERYTHING
            case DateRange():
                return date_query(node.first, node.last)
            case InField(field="lang"):
                return self._language(lambda code: language_matches(node.node, code or None))
            case InField():
                return self.match(node.node, (node.field,))
            case Not():
                return none_of(self.match(node.node, scope))
            case And():
                return self._conjunction(node, scope)
            case Or():
                return any_of(self.match(child, scope) for child in node.nodes)
        return any_of(self.match_in_field(node, field) for field in scope)

    def match_in_field(self, node: TermNode, field: str) -> Query:
        """Query for the documents that a term of a query matches in one field."""
        match node:
            case Word():
                return self._word(node, field)
            case Phrase():
                return any_of(phrase_query(sequence, field, node.within) for sequence in phrase_sequences(node.text))
            case Wildcard():
                return wildcard_query(node.text, field)
        return fuzzy_query(node, field)

    def _word(self, word: Word, field: str) -> Query:
        sequences = term_sequences(word.text)
        keys = [] if word.exact else sorted({key for term in single_terms(sequences) for key in self.keys(term)})
        if self.brief and keys and self.keys_cover_terms:
            sequences = tuple(each for each in sequences if not single_terms([each]))  # their keys find them
        queries = [phrase_query(sequence, field) for sequence in sequences]
        return any_of([*queries, *([{"terms": {keys_field(field): keys}}] if keys else [])])

    def keys(self, term: str) -> list[str]:
        """Stem keys of a typed term."""
        return list(typed_keys(term, self.key_languages).values())

    def _language(self, accepts: Callable[[str], bool]) -> Query:
        found = [code for code in self.codes if accepts(code)]
        if len(found) == len(self.codes):
            return EVERYTHING
        return {"terms": {"language": found}} if found else NOTHING

    def _conjunction(self, node: And, scope: Scope) -> Query:
        """Conjunction; documents need not match the stop words of their language."""
        children = {child: self.match(child, scope) for child in node.nodes}
        if scope[0] not in CONTENT_FIELDS:
            return all_of(children.values())
        by_words: dict[frozenset[Node], list[str]] = {}
        for code in self.codes or ("",):
            optional = optional_words(node, language_of(code or None, self.languages))
            by_words.setdefault(optional, []).append(code)
        found = []
        for optional, codes in by_words.items():
            required = [query for child, query in children.items() if child not in optional]
            language = EVERYTHING if len(by_words) == 1 else self._language(codes.__contains__)
            found.append(all_of([language, *required]))
        return any_of(found)


def single_terms(sequences: Sequence[TermSequence]) -> list[str]:
    """Terms of the sequences of a single term: they have stem siblings."""
    return [terms[0][0] for terms, _ in sequences if len(terms) == 1]


def date_query(first: Day | None, last: Day | None) -> Query:
    """Query for the documents whose date may lie between two days, both included; None: no limit."""
    return all_of(
        [
            {"range": {"first_day": {"lte": last.toordinal() if last else Day.max.toordinal()}}},
            *([{"range": {"last_day": {"gte": first.toordinal()}}}] if first else []),
        ]
    )


def filter_queries(filters: Filters) -> dict[str, Query]:
    """Queries of the chosen filters by the name of their facet."""
    queries = {
        facet: {"terms": {f"{facet}_key": [keyword_part(facet_key(facet, name)) for name in names]}}
        for facet, names in (("author", filters.authors), ("topic", filters.topics))
        if names
    }
    if filters.first or filters.last:
        queries["year"] = date_query(filters.first, filters.last)
    if filters.ids:
        queries["ids"] = {"ids": {"values": [document_id(each) for each in filters.ids]}}
    return queries


def term_query(term: str, field: str, boost: float = 1.0) -> Query:
    """Query for a term in a field; its score is the boost times the frequency."""
    return {"term": {words_field(field): {"value": indexed_term(term), "boost": boost}}}


def phrase_query(sequence: TermSequence, field: str, within: int | None = None, boost: float = 1.0) -> Query:
    """Query for a term sequence in a field: in order, or all terms within so many positions.

    Its score is the boost times the number of its occurrences; with `within` or patterns, less for wide ones.
    """
    terms = [term for term, _ in sequence[0]]
    if len(set(terms)) == 1 and (within is not None or len(terms) == 1):
        return wildcard_query(terms[0], field) if is_pattern(terms[0]) else term_query(terms[0], field, boost)
    if within is not None:
        return _within_query(sorted(set(terms)), field, min(within, POSITION_GAP - 1))
    if any(map(is_pattern, terms)):
        return _span_sequence(sequence, field)
    # The similarity adds up the frequency over the terms of a phrase.
    share = boost / len(terms)
    return {"match_phrase": {words_field(field): {"query": phrase_text(sequence), "boost": share}}}


def _within_query(terms: Sequence[str], field: str, within: int) -> Query:
    # Slop counts the positions of the window that no term takes; it is negative where terms share a position.
    slop = within + 1 - len(terms)
    return {"span_near": {"clauses": [_span(term, field) for term in terms], "slop": slop, "in_order": False}}


def _span_sequence(sequence: TermSequence, field: str) -> Query:
    clauses: list[Query] = []
    position: int | None = None
    for term, offset in sequence[0]:
        if position is not None and offset > position:
            clauses.append({"span_gap": {words_field(field): offset - position}})
        clauses.append(_span(term, field))
        position = offset + 1
    return {"span_near": {"clauses": clauses, "slop": 0, "in_order": True}}


def _span(term: str, field: str) -> Query:
    if is_pattern(term):
        return {"span_multi": {"match": wildcard_query(term, field)}}
    return {"span_term": {words_field(field): indexed_term(term)}}


def wildcard_query(text: str, field: str, **options: Any) -> Query:
    """Query for the terms that match a pattern; it has no signs but letters, `*`, `?` and those of terms."""
    pattern = wildcard_term(text)
    if not pattern:
        return NOTHING
    prefix = literal_prefix(text)
    if pattern == f"{prefix}*":
        return {"prefix": {words_field(field): {"value": prefix, **options}}}
    return {"wildcard": {words_field(field): {"value": pattern, **options}}}


def fuzzy_query(node: Fuzzy, field: str) -> Query:
    """Query for the terms within the edit distance of a word and with its first letter."""
    word = fuzzy_term(node.text)
    if not word:
        return NOTHING
    parameters = {"value": word, "fuzziness": node.distance, "prefix_length": 1, "transpositions": True}
    # Rewritten so, it stands for all terms that match, and not for the nearest fifty.
    return {"fuzzy": {words_field(field): {**parameters, "rewrite": "constant_score"}}}

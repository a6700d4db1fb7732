"""Matching and scoring by definition, a document at a time, over lists of tokens.

The oracle of the tests: it shares the analysis, the formulas of `index.ranking` and the tests of single terms with
the other engines, but nothing of how they find, and nothing with the matcher.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from backfile.index.analysis.phrase_terms import is_pattern, phrase_sequences
from backfile.index.analysis.stemming import sibling_keys, stemming_languages
from backfile.index.analysis.tokenizer import POSITION_GAP, TermSequence, Token, stem_keys, term_sequences, tokenize
from backfile.index.analysis.wildcards import fuzzy_test, wildcard_test
from backfile.index.engine import Document
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS, WORD_FIELDS, values
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
    RelaxedQuery,
    Wildcard,
    Word,
    language_of,
    optional_words,
)
from backfile.index.query.language_filter import language_matches
from backfile.index.ranking import bm25f
from backfile.index.ranking.bm25f import WEIGHTS

TermNode = Word | Phrase | Wildcard | Fuzzy
Scope = tuple[str, ...]


@dataclass(frozen=True)
class NaiveDocument:
    """A document and the tokens of every value of its word fields."""

    document: Document

    @cached_property
    def values(self) -> dict[str, list[list[Token]]]:
        """Field → a list of tokens a value."""
        return {field: [list(tokenize(text)) for text in values(self.document, field)] for field in WORD_FIELDS}

    @cached_property
    def lengths(self) -> dict[str, int]:
        """Field → number of positions taken, for the fields that scores are made of."""
        return {field: sum(value[-1].position + 1 for value in self.values[field] if value) for field in DEFAULT_FIELDS}


class NaiveSearcher:
    """Answers about documents as they are now: which one a query finds, and with what score."""

    def __init__(self, documents: Sequence[NaiveDocument], languages: tuple[str, ...]) -> None:
        self._documents = documents
        self._languages = languages
        self._frequencies: dict[tuple[TermNode, Scope], int] = {}
        self._keys: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}
        self._averages = {
            field: _average([words.lengths[field] for words in documents if words.lengths[field]])
            for field in DEFAULT_FIELDS
        }

    def finds(self, node: Node, words: NaiveDocument, scope: Scope = DEFAULT_FIELDS) -> bool:
        """Whether a query finds a document."""
        match node:
            case And():
                optional = optional_words(node, self.language_of(words)) if scope[0] in CONTENT_FIELDS else ()
                return all(child in optional or self.finds(child, words, scope) for child in node.nodes)
            case Or():
                return any(self.finds(child, words, scope) for child in node.nodes)
            case Not():
                return not self.finds(node.node, words, scope)
            case InField() if node.field != "lang":
                return self.finds(node.node, words, (node.field,))
            case MatchAll() | DateRange() | InField():
                return _holds(node, words.document)
        return any(self.frequency(node, words, field) > 0 for field in scope)

    def language_of(self, words: NaiveDocument) -> str:
        """Language of a document."""
        return language_of(words.document.metadata.language, self._languages)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the documents, the main one first."""
        main = language_of(None, self._languages)
        found = set(map(self.language_of, self._documents))
        return tuple(sorted(found, key=lambda language: (language != main, language)))

    def count(self, query: RelaxedQuery, words: NaiveDocument) -> int:
        """Number of the words of a relaxed query that a document has."""
        return sum(self.finds(word, words) for word in query.words)

    def relaxed_scores(self, query: RelaxedQuery, node: Node, found: Sequence[NaiveDocument]) -> list[float]:
        """Scores of hits of a relaxed query; `node` marks what matches."""
        scores = []
        weights = self._remembered_weights(query)
        for words in found:
            coverage = sum(weight for word, weight in weights.items() if self.finds(word, words))
            scores.append(self.score(node, words, near=False) + WEIGHTS.coverage * coverage)
        most = bm25f.PASSAGES
        least = sorted(scores, reverse=True)[most - 1] if len(scores) > most else -math.inf
        return [
            score + (WEIGHTS.passage * self._best_passage(query, words) if score >= least - bm25f.ROUNDING else 0.0)
            for score, words in zip(scores, found, strict=True)
        ]

    def _remembered_weights(self, query: RelaxedQuery) -> dict[Word, float]:
        weights = [self._weight(word, DEFAULT_FIELDS) for word in query.words]
        most = WEIGHTS.passage_cap * statistics.median(weights)
        return {word: min(weight, most) for word, weight in zip(query.words, weights, strict=True)}

    def _best_passage(self, query: RelaxedQuery, words: NaiveDocument) -> float:
        """Weight of the single terms and pairs in the best two neighbouring blocks of a field."""
        nodes = query.conjunction.nodes
        pairs = [(nodes[one], nodes[other]) for one, other in bm25f.neighbour_pairs(query.conjunction)]
        weights: dict[object, float] = {
            word: weight for word, weight in self._remembered_weights(query).items() if bm25f.is_single_term(word)
        }
        for pair in pairs:
            weights[pair] = WEIGHTS.passage_pair * min(self._idf(word, DEFAULT_FIELDS) for word in pair)
        best = 0.0
        for field in bm25f.PASSAGE_FIELDS:
            blocks: dict[int, set[object]] = {}
            for each in weights:
                find = self._pair_places if each in pairs else self._places
                for place in find(each, words, field):
                    blocks.setdefault(place // bm25f.PASSAGE_BLOCK, set()).add(each)
            passages = [found | blocks.get(block + 1, set()) for block, found in blocks.items()]
            best = max([best, *(sum(weights[each] for each in found) for found in passages)])
        return best

    def _places(self, word: Word, words: NaiveDocument, field: str) -> set[int]:
        languages = self._languages_of(words)
        return {
            token.position
            for value in words.values[field]
            for token in value
            if self._frequency(word, [token], languages) > 0
        }

    def _pair_places(self, pair: tuple[Word, Word], words: NaiveDocument, field: str) -> set[int]:
        first, second = (self._places(word, words, field) for word in pair)
        return {place for place in first if any(place + step in second for step in range(1, WEIGHTS.window + 1))}

    def scores(self, node: Node, found: Sequence[NaiveDocument]) -> list[float]:
        """Scores of all documents that match."""
        if len(found) <= bm25f.BEST:
            return [self.score(node, words) for words in found]
        apart = [self.score(node, words, near=False) for words in found]
        least = sorted(apart, reverse=True)[bm25f.BEST - 1] - bm25f.ROUNDING
        return [self.score(node, words) if score >= least else score for words, score in zip(found, apart, strict=True)]

    def score(self, node: Node, words: NaiveDocument, *, near: bool = True) -> float:
        """Score of a document that matches; not `near`: without the bonus of neighbouring words."""
        scored = list(_scoring_terms(node, DEFAULT_FIELDS))
        in_title = ["title" in scope and self.frequency(node, words, "title") > 0 for node, scope in scored]
        bonus = WEIGHTS.whole_title if scored and all(in_title) else 0.0
        return self._score(node, words, DEFAULT_FIELDS, near) + bonus

    def _score(self, node: Node, words: NaiveDocument, scope: Scope, near: bool) -> float:
        match node:
            case InField(field=field) if field in DEFAULT_FIELDS:
                return self._score(node.node, words, (field,), near)
            case Not() | MatchAll() | DateRange() | InField():
                return 0.0
            case And() | Or():
                return self._compound_score(node, words, scope, near)
        return self._weight(node, scope) * bm25f.term_score(self._term_frequency(node, words, scope))

    def likeness(self, node: TermNode, words: NaiveDocument, scope: Scope) -> float:
        """Share of one term in the score of a similar document."""
        return self._weight(node, scope) * bm25f.saturate(self._term_frequency(node, words, scope))

    def _term_frequency(self, node: TermNode, words: NaiveDocument, scope: Scope) -> float:
        return self._normed(words, scope, lambda field: self.frequency(node, words, field))

    def _compound_score(self, node: And | Or, words: NaiveDocument, scope: Scope, near: bool) -> float:
        found = [self.finds(child, words, scope) for child in node.nodes]
        own = sum(self._score(child, words, scope, near) for child, hit in zip(node.nodes, found, strict=True) if hit)
        pairs = [pair for pair in bm25f.neighbour_pairs(node) if near and found[pair[0]] and found[pair[1]]]
        return own + sum(
            self._pair_score(node.nodes[first], node.nodes[second], words, scope) for first, second in pairs
        )

    def _pair_score(self, first: Node, second: Node, words: NaiveDocument, scope: Scope) -> float:
        if not (isinstance(first, Word) and isinstance(second, Word)):
            raise TypeError("a pair is made of words")
        frequency = self._normed(words, scope, lambda field: self._neighbours(first, second, words, field))
        rarity = min(self._idf(first, scope), self._idf(second, scope))
        return WEIGHTS.pair * rarity * bm25f.saturate(frequency)

    def _normed(self, words: NaiveDocument, scope: Scope, count: Callable[[str], float]) -> float:
        lengths, averages = words.lengths, self._averages
        return sum(bm25f.weighted_frequency(count(name), lengths[name], averages[name], name) for name in scope)

    def _weight(self, node: TermNode, scope: Scope) -> float:
        return bm25f.query_weight(node, self._df(node, scope), len(self._documents), self._languages)

    def _idf(self, node: TermNode, scope: Scope) -> float:
        return bm25f.idf(self._df(node, scope), len(self._documents))

    def _df(self, node: TermNode, scope: Scope) -> int:
        if (node, scope) not in self._frequencies:
            self._frequencies[node, scope] = sum(self.finds(node, words, scope) for words in self._documents)
        return self._frequencies[node, scope]

    def frequency(self, node: TermNode, words: NaiveDocument, field: str) -> float:
        """Frequency of a term in a field of a document, as `index.ranking` counts."""
        languages = self._languages_of(words)
        return sum(self._frequency(node, value, languages) for value in words.values[field])

    def occurrences(self, node: TermNode, words: NaiveDocument, field: str) -> int:
        """Number of places where a term or one of its stem siblings stands in a field of a document."""
        languages = self._languages_of(words)
        return round(sum(self._frequency(node, value, languages, sibling=1.0) for value in words.values[field]))

    def _languages_of(self, words: NaiveDocument) -> tuple[str, ...]:
        return stemming_languages(words.document.metadata.language, self._languages)

    def _frequency(
        self,
        node: TermNode,
        value: Sequence[Token],
        languages: tuple[str, ...],
        sibling: float = WEIGHTS.stem_sibling,
    ) -> float:
        match node:
            case Wildcard():
                fits = wildcard_test(node.text)
                return sum(fits(token.term) for token in value)
            case Fuzzy():
                fits = fuzzy_test(node.text, node.distance)
                return sum(fits(token.term) for token in value)
            case Phrase(within=None):
                return len({start for sequence in phrase_sequences(node.text) for start in _starts(sequence, value)})
            case Phrase():
                within = node.within or 0
                return len(
                    {start for sequence in phrase_sequences(node.text) for start in _windows(sequence, within, value)}
                )
        typed = {start for sequence in term_sequences(node.text) for start in _starts(sequence, value)}
        others = 0 if node.exact else sum(self._is_stem_sibling(token.term, node, languages) for token in value)
        return len(typed) + sibling * others

    def _is_stem_sibling(self, term: str, word: Word, languages: tuple[str, ...]) -> bool:
        """Test for a stem sibling that is not a spelling of the word itself."""
        typed = {terms[0][0] for terms, _ in term_sequences(word.text) if len(terms) == 1}
        keys = self._sibling_keys(term, languages)
        return term not in typed and any(not keys.isdisjoint(stem_keys(own, languages)) for own in typed)

    def _sibling_keys(self, term: str, languages: tuple[str, ...]) -> frozenset[str]:
        if (term, languages) not in self._keys:
            self._keys[term, languages] = sibling_keys(term, languages)
        return self._keys[term, languages]

    def _neighbours(self, first: Word, second: Word, words: NaiveDocument, field: str) -> int:
        count, languages = 0, self._languages_of(words)
        for value in words.values[field]:
            following = {token.position for token in value if self._frequency(second, [token], languages) > 0}
            own = {token.position for token in value if self._frequency(first, [token], languages) > 0}
            count += sum(any(place + step in following for step in range(1, WEIGHTS.window + 1)) for place in own)
        return count


def _average(lengths: Sequence[int]) -> float:
    return sum(lengths) / len(lengths) if lengths else 0.0


def _holds(node: MatchAll | DateRange | InField, document: Document) -> bool:
    match node:
        case DateRange():
            return node.overlaps(document.metadata.date)
        case InField():
            return language_matches(node.node, document.metadata.language)
    return True


def _starts(sequence: TermSequence, value: Sequence[Token]) -> set[int]:
    """Positions at which the terms of a sequence stand at their offsets."""
    places = [({token.position for token in _tokens_of(term, value)}, offset) for term, offset in sequence[0]]
    first, offset = places[0]
    return {place - offset for place in first if all(place - offset + step in own for own, step in places)}


def _tokens_of(term: str, value: Sequence[Token]) -> list[Token]:
    """Tokens with a term of a phrase."""
    fits = wildcard_test(term) if is_pattern(term) else term.__eq__
    return [token for token in value if fits(token.term)]


def _windows(sequence: TermSequence, within: int, value: Sequence[Token]) -> set[int]:
    """Positions at which a term of the sequence stands with all of them from there to `within` positions on."""
    own = [{token.position for token in _tokens_of(term, value)} for term in {term for term, _ in sequence[0]}]
    reach = min(within, POSITION_GAP - 1)
    return {
        first
        for first in set().union(*own)
        if all(any(0 <= place - first <= reach for place in places) for places in own)
    }


def _scoring_terms(node: Node, scope: Scope) -> Iterator[tuple[TermNode, Scope]]:
    match node:
        case InField(field=field) if field in DEFAULT_FIELDS:
            yield from _scoring_terms(node.node, (field,))
        case And() | Or():
            for child in node.nodes:
                yield from _scoring_terms(child, scope)
        case Word() | Phrase() | Wildcard() | Fuzzy():
            yield node, scope

"""Occurrences of one word, phrase, wildcard or fuzzy word of a query in a table of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from backfile.index.analysis.phrase_terms import is_pattern, phrase_sequences
from backfile.index.analysis.stemming import sibling_keys, stem_prefixes
from backfile.index.analysis.tokenizer import POSITION_GAP, TermSequence, stem_keys, term_sequences
from backfile.index.analysis.wildcards import fuzzy_term, fuzzy_test, matching_lines
from backfile.index.highlight.token_table import Array, TokenTable
from backfile.index.query import Fuzzy, Phrase, Wildcard, Word

Term = Word | Phrase | Wildcard | Fuzzy
StemSiblings = Callable[[str], frozenset[str]]
"""All terms of some texts that share a stem with a term, which itself need not be among them."""


class Occurrences(NamedTuple):
    """Occurrences in no order; they may overlap. `tokens`: number of the first token; `ends`: end in its text."""

    tokens: Array
    ends: Array

    @classmethod
    def of(cls, table: TokenTable, tokens: Array) -> Occurrences:
        """Occurrences of one token each."""
        return cls(tokens, table.ends[tokens])

    @classmethod
    def joined(cls, parts: Sequence[Occurrences]) -> Occurrences:
        """Occurrences of several."""
        if len(parts) == 1:
            return parts[0]
        tokens, ends = zip(*parts, strict=True) if parts else (((),), ((),))
        return cls(np.concatenate(tokens).astype(np.intp), np.concatenate(ends).astype(np.int32))


def find_occurrences(
    node: Term, table: TokenTable, languages: tuple[str, ...], siblings: StemSiblings | None = None
) -> Occurrences:
    """Occurrences of a term of a query.

    Without `siblings`, terms of the texts are stemmed by the languages. `siblings` must know all terms of the texts.
    """
    match node:
        case Wildcard():
            terms, ids = table.vocabulary
            return Occurrences.of(table, table.tokens_with(ids[matching_lines(node.text, "\n".join(terms))]))
        case Fuzzy():
            first, fits = fuzzy_term(node.text)[:1], fuzzy_test(node.text, node.distance)
            candidates = [term for term in table.vocabulary[0] if term.startswith(first)]
            return Occurrences.of(table, table.tokens_of(filter(fits, candidates)))
        case Phrase(within=None):
            return Occurrences.joined([_in_order(table, sequence) for sequence in phrase_sequences(node.text)])
        case Phrase():
            reach = min(node.within or 0, POSITION_GAP - 1)
            return Occurrences.joined([_near(table, sequence, reach) for sequence in phrase_sequences(node.text)])
        case Word():
            spellings = [_spelling(table, node, each, languages, siblings) for each in term_sequences(node.text)]
            return Occurrences.joined(spellings)


def _spelling(
    table: TokenTable, word: Word, sequence: TermSequence, languages: tuple[str, ...], siblings: StemSiblings | None
) -> Occurrences:
    terms, _ = sequence
    term = terms[0][0]
    if len(terms) > 1:
        return _in_order(table, sequence)
    if word.exact:
        return Occurrences.of(table, table.tokens_of([term]))
    others = siblings(term) if siblings else _stem_siblings(term, table.vocabulary[0], languages)
    return Occurrences.of(table, table.tokens_of({term, *others}))


def _stem_siblings(term: str, vocabulary: Sequence[str], languages: tuple[str, ...]) -> Iterator[str]:
    keys = stem_keys(term, languages)
    prefixes = tuple(stem_prefixes(term, languages))
    for other in vocabulary:
        # Stemming is slow; a sibling that does not begin with a prefix can only have an elision before it.
        if (other.startswith(prefixes) or "'" in other) and not keys.isdisjoint(_sibling_keys(other, languages)):
            yield other


_sibling_keys = lru_cache(maxsize=20_000)(sibling_keys)


def _in_order(table: TokenTable, sequence: TermSequence) -> Occurrences:
    """Terms at their offsets."""
    (first, _), *others = sequence[0]
    tokens = _tokens_of(table, first)
    ends = table.ends[tokens]
    for term, offset in others:
        candidates = _tokens_of(table, term)
        positions = table.positions[candidates]
        wanted = table.positions[tokens] + offset
        place = positions.searchsorted(wanted, side="right") - 1
        if not len(positions):
            return Occurrences(candidates, table.ends[candidates])
        found = np.flatnonzero((place >= 0) & (positions.take(place, mode="clip") == wanted))
        tokens, ends = tokens[found], np.maximum(ends[found], table.ends[candidates[place[found]]])
    return Occurrences(tokens, ends)


def _tokens_of(table: TokenTable, term: str) -> Array:
    """Numbers of the tokens with a term of a phrase, ascending."""
    if not is_pattern(term):
        return table.tokens_of([term])
    terms, ids = table.vocabulary
    return table.tokens_with(ids[matching_lines(term, "\n".join(terms))])


def _near(table: TokenTable, sequence: TermSequence, reach: int) -> Occurrences:
    """Terms in any order, each occurrence one token: those in windows of `reach` positions that have all terms."""
    wanted = sorted({term for term, _ in sequence[0]})
    found = [_tokens_of(table, term) for term in wanted]
    tokens = np.concatenate(found)
    order = tokens.argsort(kind="stable")
    tokens = tokens[order]
    ids = np.arange(len(wanted)).repeat([len(each) for each in found])[order].tolist()
    positions = table.positions[tokens].tolist()
    counts: Counter[int] = Counter()
    after = covered = 0
    kept: list[int] = []
    for index, first in enumerate(ids):
        while after < len(ids) and positions[after] - positions[index] <= reach:
            counts[ids[after]] += 1
            after += 1
        if len(counts) == len(wanted):
            kept.extend(range(max(index, covered), after))
            covered = after
        counts[first] -= 1
        if not counts[first]:
            del counts[first]
    return Occurrences.of(table, tokens[np.array(kept, np.intp)])

"""Concordance by definition: every match of a query in one document, from lists of tokens, one clause after another.

It shares the analysis and the tests of single terms with the highlighter, but nothing of how that finds or merges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backfile.index.analysis.phrase_terms import phrase_sequences
from backfile.index.analysis.stemming import stemming_languages
from backfile.index.analysis.tokenizer import POSITION_GAP, TermSequence, Token, term_sequences
from backfile.index.analysis.wildcards import fuzzy_test, wildcard_test
from backfile.index.engine import Document
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS
from backfile.index.query import And, Fuzzy, InField, Node, Or, Phrase, Wildcard, Word, optional_words
from oracle.naive_search import NaiveDocument, NaiveSearcher, Scope, TermNode, _starts, _tokens_of

Match = tuple[str, int, int]
"""Field, start and end."""


def naive_matches(query: Node, document: Document, languages: tuple[str, ...]) -> list[Match]:
    """Matches of a query in a document that it finds: title, summary, text, each in order."""
    words = NaiveDocument(document)
    searcher = NaiveSearcher([words], languages)
    found: dict[str, set[tuple[int, int]]] = {field: set() for field in CONTENT_FIELDS}
    for term, scope in _clauses(searcher, query, words, DEFAULT_FIELDS):
        for field in set(scope) & set(CONTENT_FIELDS):
            for value in words.values[field]:
                stemmed = stemming_languages(document.metadata.language, languages)
                found[field].update(_spans(searcher, term, value, stemmed))
    return [(field, start, end) for field in CONTENT_FIELDS for start, end in _merged(found[field])]


def _clauses(
    searcher: NaiveSearcher, node: Node, words: NaiveDocument, scope: Scope
) -> Iterator[tuple[TermNode, Scope]]:
    """Terms of the clauses that hold in the document, and none below a `Not`."""
    match node:
        case And():
            optional = optional_words(node, searcher.language_of(words)) if scope[0] in CONTENT_FIELDS else ()
            for child in node.nodes:
                if child not in optional and searcher.finds(child, words, scope):
                    yield from _clauses(searcher, child, words, scope)
        case Or():
            for child in node.nodes:
                if searcher.finds(child, words, scope):
                    yield from _clauses(searcher, child, words, scope)
        case InField() if node.field != "lang":
            yield from _clauses(searcher, node.node, words, (node.field,))
        case Word() | Phrase() | Wildcard() | Fuzzy():
            yield node, scope


def _spans(
    searcher: NaiveSearcher, node: TermNode, value: Sequence[Token], languages: tuple[str, ...]
) -> Iterator[tuple[int, int]]:
    match node:
        case Wildcard():
            yield from ((each.start, each.end) for each in value if wildcard_test(node.text)(each.term))
        case Fuzzy():
            yield from ((each.start, each.end) for each in value if fuzzy_test(node.text, node.distance)(each.term))
        case Phrase(within=None):
            for sequence in phrase_sequences(node.text):
                yield from _in_order(sequence, value)
        case Phrase():
            for sequence in phrase_sequences(node.text):
                yield from _near(sequence, node.within or 0, value)
        case Word():
            for sequence in term_sequences(node.text):
                yield from _in_order(sequence, value)
            if not node.exact:
                siblings = [each for each in value if searcher._is_stem_sibling(each.term, node, languages)]
                yield from ((each.start, each.end) for each in siblings)


def _in_order(sequence: TermSequence, value: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """From the first token of a sequence to the furthest end of its tokens."""
    for place in _starts(sequence, value):
        tokens = [
            each for term, step in sequence[0] for each in _tokens_of(term, value) if each.position == place + step
        ]
        (first, offset) = sequence[0][0]
        for start in (each.start for each in _tokens_of(first, value) if each.position == place + offset):
            yield start, max(each.end for each in tokens)


def _near(sequence: TermSequence, within: int, value: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Each token of a term in a window of positions that has all terms."""
    own = [_tokens_of(term, value) for term in {term for term, _ in sequence[0]}]
    reach = min(within, POSITION_GAP - 1)
    for first in {each.position for tokens in own for each in tokens}:
        window = [[each for each in tokens if 0 <= each.position - first <= reach] for tokens in own]
        if all(window):
            yield from ((each.start, each.end) for tokens in window for each in tokens)


def _merged(spans: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of characters in a match; matches that only touch stay two."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged

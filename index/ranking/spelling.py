"""Spelling correction: a query with its rare words replaced by words of the archive (“did you mean”)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from rapidfuzz.distance import OSA

from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.query import And, Node, Or, Word, to_text
from backfile.index.ranking.bm25f import is_single_term

CORRECTED_BELOW = 3
"""Number of hits from which on no correction is offered."""

_MIN_LETTERS = 4  # shorter words are near too many others
_LONG = 8  # letters, from which on a word may have two edits
_MIN_RATIO = 10  # articles with the correction to articles with the word


def correct_query(query: Node, best: Callable[[str], str | None]) -> str | None:
    """Corrected query as text; None if no word has a correction.

    `best` maps the folded term of a word to its correction, or None. Words in fields, in phrases and below a Not are
    not corrected.
    """
    corrected = _correct(query, best)
    return None if corrected == query else to_text(corrected)


def _correct(node: Node, best: Callable[[str], str | None]) -> Node:
    match node:
        case And() | Or():
            return replace(node, nodes=tuple(_correct(child, best) for child in node.nodes))
        case Word(exact=False):
            if is_single_term(node) and (found := best(term_sequences(node.text)[0][0][0][0])):
                return Word(found)
    return node


def nearest_word(term: str, known: int, vocabulary: Iterable[tuple[str, int]]) -> str | None:
    """Most probable correction of a term in a vocabulary of (term, number of articles); None if there is none.

    `known` is the number of articles with `term` or a stem sibling. A candidate has the same first letter, at most one
    edit (optimal string alignment; two from eight letters on) and more than ten times as many articles as `known`.
    Order of preference: fewest edits, most articles, first in alphabetical order.
    """
    if len(term) < _MIN_LETTERS or not term.isalpha():
        return None
    edits = 2 if len(term) >= _LONG else 1
    frequent = [(word, count) for word, count in vocabulary if count > _MIN_RATIO * known and word[0] == term[0]]
    distances = ((OSA.distance(term, word, score_cutoff=edits), -count, word) for word, count in frequent)
    near = [found for found in distances if 0 < found[0] <= edits]
    return min(near)[2] if near else None

"""“Did you mean”: a query with its unknown words replaced by words of the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from rapidfuzz.distance import OSA

from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.query import And, Node, Or, Word, to_text

CORRECTED_BELOW = 3  # hits; with more the reader has probably found what was meant
_SHORTEST = 4  # letters; shorter words are near to too many others


def correct_query(query: Node, best: Callable[[str], str | None]) -> str | None:
    """The query as text with the words that `best` knows a better word for; None if there is none.

    `best` is given the folded term of a plain word. Words in fields, phrases and below a Not stay as they are.
    """
    better = _better(query, best)
    return None if better == query else to_text(better)


def _better(node: Node, best: Callable[[str], str | None]) -> Node:
    match node:
        case And() | Or():
            return replace(node, nodes=tuple(_better(child, best) for child in node.nodes))
        case Word(exact=False):
            forms = term_sequences(node.text)
            if len(forms) == 1 and len(forms[0][0]) == 1 and (found := best(forms[0][0][0][0])):
                return Word(found)
    return node


def nearest_word(term: str, known: int, vocabulary: Iterable[tuple[str, int]]) -> str | None:
    """The word of a vocabulary (term, number of articles) that `term` was most probably meant to be.

    `known` is the number of articles that have `term` or its family. A word is near if it begins alike and is one
    edit away (optimal string alignment; two from eight letters on); it must stand in more articles than ten times
    `known`. The nearest wins, of those the most frequent, then the first in order.
    """
    if len(term) < _SHORTEST or not term.isalpha():
        return None
    edits = 2 if len(term) >= 8 else 1
    frequent = [(word, count) for word, count in vocabulary if count > 10 * known and word[0] == term[0]]
    distances = ((OSA.distance(term, word, score_cutoff=edits), -count, word) for word, count in frequent)
    near = [found for found in distances if 0 < found[0] <= edits]
    return min(near)[2] if near else None

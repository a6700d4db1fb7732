"""Spelling correction: a query with its unknown words replaced by words of the archive (“did you mean”)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from rapidfuzz.distance import OSA

from backfile.index.analysis.normalization import INVISIBLE
from backfile.index.analysis.tokenizer import term_sequences, tokenize
from backfile.index.query import And, Node, Or, Word, parse, to_text
from backfile.index.ranking.bm25f import is_single_term

CORRECTED_BELOW = 3
"""Number of hits from which on no correction is offered."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_MIN_LETTERS = 4  # shorter words are near too many others
_LONG = 8  # letters, from which on a word may have two edits
WRITTEN_IN = 3
"""Articles, the newest ones with a word, that show how it is written."""


def correct_query(query: Node, best: Callable[[str], str | None]) -> str | None:
    """Corrected query as text; None if no word has a correction.

    `best` maps the folded term of a word to its correction as written, or None. Words in fields, in phrases and below
    a Not are not corrected.
    """
    corrected = _correct(query, best)
    return None if corrected == query else to_text(corrected)


def better_query(
    query: Node,
    best: Callable[[str], str | None],
    complete: int,
    count: Callable[[Node], int],
    most_words: Callable[[Node], int] | None,
) -> str | None:
    """Correction of a query that all words of `complete` documents match; None if there is no better one.

    It is better if more documents have all words; if none has, and the request may be relaxed, if one has more words:
    `most_words` gives the greatest number of words of a query that a document has.
    """
    corrected = correct_query(query, best)
    if corrected is None:
        return None
    tree = parse(corrected).tree
    if count(tree) > complete:
        return corrected
    if complete or most_words is None:
        return None
    return corrected if most_words(tree) > most_words(query) else None


def _correct(node: Node, best: Callable[[str], str | None]) -> Node:
    match node:
        case And() | Or():
            return replace(node, nodes=tuple(_correct(child, best) for child in node.nodes))
        case Word(exact=False):
            if is_single_term(node) and (found := best(term_sequences(node.text)[0][0][0][0])):
                return replace(node, text=found)
    return node


def nearest_word(term: str, vocabulary: Iterable[tuple[str, int]]) -> str | None:
    """Most probable correction of an unknown term in a vocabulary of (term, number of articles); None if there is none.

    A candidate has the same first letter and at most one edit (optimal string alignment; two from eight letters on).
    Order of preference: fewest edits, most articles, first in alphabetical order.
    """
    if len(term) < _MIN_LETTERS or not term.isalpha():
        return None
    edits = 2 if len(term) >= _LONG else 1
    similar = [(word, count) for word, count in vocabulary if count and word[0] == term[0]]
    distances = ((OSA.distance(term, word, score_cutoff=edits), -count, word) for word, count in similar)
    near = [found for found in distances if 0 < found[0] <= edits]
    return min(near)[2] if near else None


def written_form(term: str, texts: Iterable[str]) -> str:
    """Form in which texts write a term: the most frequent one; of several the one in lower case, then the first."""
    forms = Counter(
        _INVISIBLE.sub("", text[token.start : token.end])
        for text in texts
        for token in tokenize(text)
        if token.term == term
    )
    return min(forms, key=lambda form: (-forms[form], not form.islower(), form), default=term)

"""Terms of a phrase, with patterns (`"night ferr*"`) and gaps (`"night * ferry"`)."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice, product

from backfile.index.analysis.tokenizer import MAX_SEQUENCES, TermSequence, concatenate, term_sequences
from backfile.index.analysis.wildcards import wildcard_term

GAP = "*"
"""Piece of a phrase that stands for any one word."""
_GAP_SEQUENCES: tuple[TermSequence, ...] = (((), 1),)


def is_pattern(term: str) -> bool:
    """Test of a term of a phrase: `ferr*` stands for all terms that match; tokens have no `*`."""
    return "*" in term


@lru_cache(maxsize=1024)
def phrase_sequences(text: str) -> tuple[TermSequence, ...]:
    """Spellings of a phrase as term sequences, as `term_sequences` gives them; a term may be a pattern.

    Pieces between spaces that hold a `*` are patterns, a `*` alone a gap of one position. Gaps at the ends count for
    nothing.
    """
    if "*" not in text:
        return term_sequences(text)
    alternatives = [found for piece in text.split() if (found := _piece_sequences(piece))]
    while alternatives and alternatives[0] == _GAP_SEQUENCES:
        del alternatives[0]
    while alternatives and alternatives[-1] == _GAP_SEQUENCES:
        del alternatives[-1]
    chosen = islice(product(*alternatives), MAX_SEQUENCES) if alternatives else ()
    return tuple(map(concatenate, chosen))


def _piece_sequences(piece: str) -> tuple[TermSequence, ...]:
    if "*" not in piece:
        return term_sequences(piece)
    term = wildcard_term(piece.replace("?", ""))
    if not term.strip("*"):
        return _GAP_SEQUENCES
    return ((((term, 0),), 1),)

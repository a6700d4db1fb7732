"""Phrases and words within a distance: places where they begin, segment by segment, from the rarest word to the others.

Of every word but the first only the positions are read that are needed to tell whether it stands where it should
(docs/decisions/execution.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from backfile.index.analysis.tokenizer import POSITION_GAP, TermSequence, term_sequences
from backfile.index.engines.whoosh.search.positions import TermPositions, count_by_doc, union
from backfile.index.engines.whoosh.search.posting_lists import SparsePostings
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.query import Phrase

Array = npt.NDArray[Any]
_Following = tuple[TermPositions, int, int]  # a term, and how many positions on it must stand, at least and at most


def phrase_postings(searcher: Searcher, field: str, phrase: Phrase) -> SparsePostings:
    """The documents of a phrase with the number of places where one of its forms begins."""
    reach = None if phrase.within is None else min(phrase.within, POSITION_GAP - 1)
    return sequence_postings(searcher, field, term_sequences(phrase.text), reach)


def sequence_postings(
    searcher: Searcher, field: str, forms: tuple[TermSequence, ...], reach: int | None = None
) -> SparsePostings:
    """The documents of any of the forms with the number of places where one of them begins.

    The words stand in order (`reach` None), or each at the place or in the `reach` positions that follow.
    """
    return count_by_doc(union([_starts(searcher, field, form, reach) for form in forms]))


def _starts(searcher: Searcher, field: str, form: TermSequence, reach: int | None) -> Array:
    found = [np.empty(0, np.int64)]
    for segment in searcher.segments:
        terms = dict(_terms(searcher, segment, field, form))
        if len(terms) < len({term for term, _ in form[0]}):
            continue
        if reach is None:
            found.append(_in_order([(terms[term], offset) for term, offset in form[0]]))
        else:
            found.append(_near(list(terms.values()), reach))
    return np.concatenate(found)


def _terms(searcher: Searcher, segment: Segment, field: str, form: TermSequence) -> Iterator[tuple[str, TermPositions]]:
    """The terms of a form that the segment holds, each once."""
    postings = segment.field(field)
    for term in dict.fromkeys(term for term, _ in form[0]):
        number = searcher.number(postings, term)
        if number >= 0:
            yield term, TermPositions(segment, postings, number)


def _in_order(terms: list[tuple[TermPositions, int]]) -> Array:
    """Where a phrase of terms with offsets begins."""
    (first, begin), *others = sorted(terms, key=lambda found: len(found[0]))
    return _places(first, [(term, offset - begin, offset - begin) for term, offset in others]) - begin


def _near(terms: list[TermPositions], reach: int) -> Array:
    """Places where one of the terms stands and each of them within the `reach` positions that follow or there."""
    rarest_first = sorted(terms, key=len)
    return union([_places(term, [(o, 0, reach) for o in rarest_first if o is not term]) for term in terms])


def _places(first: TermPositions, others: list[_Following]) -> Array:
    """The places of a term that the others follow."""
    documents, occurrences = first.documents, None
    for term, least, most in others:
        kept, postings = term.among(documents)
        occurrences = first.occurrences(kept) if occurrences is None else occurrences.of(kept)
        occurrences = occurrences.take(term.follows(occurrences, postings, least, most))
        documents = occurrences.documents
    if occurrences is None:
        occurrences = first.occurrences(np.arange(len(first)))
    return first.places_of(occurrences)

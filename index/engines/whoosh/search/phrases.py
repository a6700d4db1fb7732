"""Phrase and proximity matching: positions where a phrase begins, segment by segment, from the rarest term on.

Only the rarest term's positions are gathered; those of every other term are bisected, and only in the documents that
are still candidates (docs/decisions/execution.md).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backfile.index.analysis.phrase_terms import is_pattern, phrase_sequences
from backfile.index.analysis.tokenizer import POSITION_GAP, TermSequence
from backfile.index.engines.whoosh.search.positions import TermPositions, count_by_doc, has_within, merge_sorted
from backfile.index.engines.whoosh.search.posting_lists import SparsePostings
from backfile.index.engines.whoosh.search.posting_reader import PostingReader, term_reader, wildcard_reader
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.query import Phrase

_Distance = tuple[TermPositions, int, int]  # a term, and the least and greatest distance at which it must follow


def phrase_postings(searcher: Searcher, field: str, phrase: Phrase) -> SparsePostings:
    """Documents of a phrase with the number of positions where one of its term sequences begins."""
    return count_by_doc(phrase_starts(searcher, field, phrase))


def phrase_starts(searcher: Searcher, field: str, phrase: Phrase) -> Array:
    """Packed positions where a term sequence of a phrase begins, sorted."""
    within = None if phrase.within is None else min(phrase.within, POSITION_GAP - 1)
    sequences = phrase_sequences(phrase.text)
    return merge_sorted([_match(searcher, field, sequence, within) for sequence in sequences])


def sequence_postings(searcher: Searcher, field: str, sequences: tuple[TermSequence, ...]) -> SparsePostings:
    """Documents of any of the term sequences, its terms in order and adjacent, with the number of starts."""
    return count_by_doc(merge_sorted([_match(searcher, field, sequence, None) for sequence in sequences]))


def _match(searcher: Searcher, field: str, sequence: TermSequence, within: int | None) -> Array:
    """Packed positions at which a term sequence begins.

    The terms stand in order and adjacent (`within` None), or each at the position or in the `within` positions after.
    """
    if any(is_pattern(term) for term, _ in sequence[0]):
        return _match_patterns(searcher, field, sequence, within)
    found = [np.empty(0, np.int64)]
    for segment in searcher.segments:
        terms = dict(_read_terms(searcher, segment, field, sequence))
        if len(terms) < len({term for term, _ in sequence[0]}):
            continue
        if within is None:
            found.append(_match_ordered([(terms[term], offset) for term, offset in sequence[0]]))
        else:
            found.append(_match_unordered(list(terms.values()), within))
    return np.concatenate(found)


def _match_patterns(searcher: Searcher, field: str, sequence: TermSequence, within: int | None) -> Array:
    """Packed positions at which a sequence with patterns begins; patterns are read where the plain terms are."""
    terms = sorted(sequence[0], key=lambda each: is_pattern(each[0]))
    readers = {term: _reader(searcher, field, term) for term, _ in terms}
    doc_ids: Array | None = None
    for reader in readers.values():
        own = np.unique(reader.read_doc_ids())
        doc_ids = own if doc_ids is None else doc_ids[np.isin(doc_ids, own, assume_unique=True)]
    if doc_ids is None or not len(doc_ids):
        return np.empty(0, np.int64)
    positions = {term: reader.read_positions(doc_ids) for term, reader in readers.items()}
    if within is not None:
        others = [[positions[other] for other in positions if other != term] for term in positions]
        return merge_sorted(
            [_near(own, *rest, most=within) for own, rest in zip(positions.values(), others, strict=True)]
        )
    (first, first_offset), *following = terms
    starts = positions[first] - first_offset
    for term, offset in following:
        starts = starts[has_within(starts, positions[term], offset, offset)]
    return starts


def _near(own: Array, *others: Array, most: int) -> Array:
    """Positions that have one of each of the others there or in the `most` positions after."""
    for other in others:
        own = own[has_within(own, other, 0, most)]
    return own


def _reader(searcher: Searcher, field: str, term: str) -> PostingReader:
    return wildcard_reader(searcher, field, term) if is_pattern(term) else term_reader(searcher, field, term)


def _read_terms(
    searcher: Searcher, segment: Segment, field: str, sequence: TermSequence
) -> Iterator[tuple[str, TermPositions]]:
    """Distinct terms of a sequence that the segment has."""
    postings = segment.field(field)
    for term in dict.fromkeys(term for term, _ in sequence[0]):
        ordinal = searcher.term_ordinal(postings, term)
        if ordinal >= 0:
            yield term, TermPositions(segment, postings, ordinal)


def _match_ordered(terms: list[tuple[TermPositions, int]]) -> Array:
    """Packed positions at which terms stand at their offsets."""
    (rarest, first_offset), *others = sorted(terms, key=lambda found: len(found[0]))
    distances = [(term, offset - first_offset, offset - first_offset) for term, offset in others]
    return _match_distances(rarest, distances) - first_offset


def _match_unordered(terms: list[TermPositions], within: int) -> Array:
    """Packed positions of any term that have each of the others there or in the `within` positions after."""
    rarest_first = sorted(terms, key=len)
    return merge_sorted(
        [_match_distances(term, [(o, 0, within) for o in rarest_first if o is not term]) for term in terms]
    )


def _match_distances(first: TermPositions, others: list[_Distance]) -> Array:
    """Packed positions of a term that have all others at their distances."""
    doc_ids, candidates = first.doc_ids, None
    for term, least, most in others:
        kept, postings = term.intersect(doc_ids)
        candidates = first.candidates(kept) if candidates is None else candidates.take_docs(kept)
        candidates = candidates.take(term.test_distance(candidates, postings, least, most))
        doc_ids = candidates.doc_ids
    return first.pack(first.candidates() if candidates is None else candidates)

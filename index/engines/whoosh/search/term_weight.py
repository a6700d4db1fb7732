"""Term weights: postings per field of a word, phrase, pattern or fuzzy word, with their boosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.analysis.wildcards import fuzzy_term
from backfile.index.engines.whoosh.search.doc_set import DocBatch
from backfile.index.engines.whoosh.search.phrases import phrase_postings, sequence_postings
from backfile.index.engines.whoosh.search.positions import merge_sorted
from backfile.index.engines.whoosh.search.posting_lists import PostingList, choose_layout
from backfile.index.engines.whoosh.search.posting_reader import (
    PostingReader,
    create_reader,
    term_reader,
    wildcard_reader,
)
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.query import Fuzzy, Phrase, Wildcard, Word
from backfile.index.ranking.bm25f import WEIGHTS, is_single_term

TermNode = Word | Phrase | Wildcard | Fuzzy
Boosted = tuple[PostingList, float]  # a posting list and the boost of each occurrence in it

_OBJECTS = 2_500  # bytes of Python objects of one term, measured


@dataclass(frozen=True, eq=False)
class TermWeight:
    """Matches and term frequencies of a query term, deleted documents included save in `doc_frequency`.

    `postings` holds the posting lists of each field searched, with the boost of each occurrence. `readers` holds, for
    a single term, the readers of the term and of its stem siblings by field; it is empty for other nodes.
    """

    node: TermNode
    postings: dict[str, list[Boosted]]
    readers: dict[str, list[PostingReader]]
    size: int
    live_docs: Array | None

    @property
    def nbytes(self) -> int:
        """Approximate memory in bytes, of which a rare term has most in objects around its arrays."""
        return _OBJECTS + sum(postings.nbytes for postings in self._lists())

    def _lists(self) -> Iterator[PostingList]:
        return (postings for in_field in self.postings.values() for postings, _ in in_field)

    def count_postings(self, field: str) -> int:
        """Number of postings in a field."""
        return sum(len(postings) for postings, _ in self.postings.get(field, ()))

    def doc_ids_in(self, field: str) -> Array:
        """Documents that match in a field, ascending."""
        return merge_sorted([postings.list_doc_ids() for postings, _ in self.postings.get(field, ())])

    def matches_in(self, field: str, doc_ids: Array) -> Array:
        """Tests which of ascending doc ids match in a field (bool[len(doc_ids)])."""
        found = [postings.contains(doc_ids) for postings, _ in self.postings.get(field, ())]
        return reduce(np.logical_or, found) if found else np.zeros(len(doc_ids), np.bool_)

    def read_positions(self, field: str, doc_ids: Array) -> Array:
        """Packed positions of a single term and its stem siblings in ascending doc ids: sorted, distinct."""
        return merge_sorted([reader.read_positions(doc_ids) for reader in self.readers[field]])

    def build_mask(self) -> Array:
        """Builds a mask of the documents that match in any field (bool[size])."""
        mask = np.zeros(self.size, np.bool_)
        for postings in self._lists():
            postings.mark(mask)
        return mask

    @cached_property
    def doc_frequency(self) -> int:
        """Number of live documents that match."""
        mask = self.build_mask()
        return int(np.count_nonzero(mask if self.live_docs is None else mask & self.live_docs))

    def weighted_frequencies(self, batch: DocBatch, norms: Callable[[str], Array]) -> Array:
        """BM25F's tf~ of each document of a batch (float64[len(batch)]), given the norms of each field."""
        totals = np.zeros(len(batch))
        for field, in_field in self.postings.items():
            field_norms = norms(field)
            for postings, boost in in_field:
                postings.add_weighted(totals, batch, field_norms, boost)
        return totals


def create_term_weight(searcher: Searcher, node: TermNode, fields: tuple[str, ...]) -> TermWeight:
    """Reads the postings of a query term in some fields."""
    readers: dict[str, list[PostingReader]] = {}
    if isinstance(node, Word) and is_single_term(node):
        term = term_sequences(node.text)[0][0][0][0]
        readers = {field: _single_term_readers(searcher, field, term, exact=node.exact) for field in fields}
    postings = {
        field: [boosted for boosted in _read(searcher, field, node, readers.get(field, [])) if len(boosted[0])]
        for field in fields
    }
    return TermWeight(node, postings, readers, searcher.size, searcher.live_docs)


def _read(searcher: Searcher, field: str, node: TermNode, single: Sequence[PostingReader]) -> list[Boosted]:
    match node:
        case Wildcard():
            return [(wildcard_reader(searcher, field, node.text).read(), 1.0)]
        case Fuzzy():
            return [(_fuzzy_reader(searcher, field, node.text, node.distance).read(), 1.0)]
        case Phrase():
            return [(choose_layout(phrase_postings(searcher, field, node), searcher.size), 1.0)]
    if single:
        return [(reader.read(), boost) for reader, boost in zip(single, (1.0, WEIGHTS.stem_sibling), strict=False)]
    return _read_compound(searcher, field, node)


def _single_term_readers(searcher: Searcher, field: str, term: str, *, exact: bool) -> list[PostingReader]:
    """Readers of a term and, unless `exact`, of its stem siblings, if it has any."""
    siblings = [] if exact else [_sibling_reader(searcher, field, (term,))]
    return [term_reader(searcher, field, term), *filter(None, siblings)]


def _sibling_reader(searcher: Searcher, field: str, terms: tuple[str, ...]) -> PostingReader:
    """Reader of the stem siblings, each in the articles in whose language it is one."""
    readers: list[PostingReader] = []
    groups = {key for segment in searcher.segments for key in searcher.grouped_siblings(segment.field(field), terms)}
    for key in sorted(groups):

        def find(postings: FieldPostings, key: tuple[int, ...] = key) -> Iterable[int]:
            return searcher.grouped_siblings(postings, terms).get(key, ())

        readers.append(create_reader(searcher, field, find, searcher.stem_group_mask(key)))
    return PostingReader(searcher.size, [part for reader in readers for part in reader.ranges])


def _read_compound(searcher: Searcher, field: str, word: Word) -> list[Boosted]:
    """Posting lists of a word with several term sequences (`e-mail`), and of the stem siblings of single terms."""
    sequences = term_sequences(word.text)
    starts = choose_layout(sequence_postings(searcher, field, sequences), searcher.size)
    if word.exact:
        return [(starts, 1.0)]
    single = tuple(terms[0][0] for terms, _ in sequences if len(terms) == 1)
    return [(starts, 1.0), (_sibling_reader(searcher, field, single).read(), WEIGHTS.stem_sibling)]


def _fuzzy_reader(searcher: Searcher, field: str, text: str, distance: int) -> PostingReader:
    """Reader of the terms within an edit distance of a word."""
    word = fuzzy_term(text)
    return create_reader(
        searcher, field, lambda postings: find_close_terms(postings, word, distance).tolist() if word else ()
    )


def find_close_terms(postings: FieldPostings, word: str, distance: int) -> Array:
    """Ordinals of the terms with the first letter of `word` within an edit distance (optimal string alignment)."""
    low, high = postings.prefix(word[0])
    if low == high:
        return np.empty(0, np.intp)
    lengths = np.diff(postings.terms.offsets[low : high + 1].astype(np.int64)) - 1  # in bytes, one to four a letter
    similar_length = np.flatnonzero((lengths >= len(word) - distance) & (lengths <= 4 * (len(word) + distance)))
    texts = postings.terms.texts(low, high)
    candidates = [texts[number] for number in similar_length.tolist()]
    edits = cdist([word], candidates, scorer=OSA.distance, score_cutoff=distance, dtype=np.uint8)[0]
    return low + similar_length.take(np.flatnonzero(edits <= distance))

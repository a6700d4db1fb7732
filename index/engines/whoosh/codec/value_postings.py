"""Postings of whole values, built from the columns of a segment: ids, facet values, dates, years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfile.index.engines.whoosh.codec.document_reader import microseconds
from backfile.index.engines.whoosh.codec.schema import EXACT_VALUES
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary, pack, sizes_between

_SIGN = 1 << 63  # added by Whoosh to signed numbers of 64 bits, so that their bytes sort as the numbers do


@dataclass(frozen=True, eq=False)
class ValuePostings:
    """Terms without positions. Term `i` is held by `docs[starts[i] : starts[i + 1]]`, once in each."""

    terms: TermDictionary
    starts: Array
    docs: Array

    def postings(self, term: int) -> tuple[Array, Array]:
        """(Documents u32, ascending; frequencies, all 1) of a term."""
        docs = self.docs[self.starts[term] : self.starts[term + 1]]
        return docs, np.ones(len(docs), np.uint8)


def value_postings(segment: Segment, field: str) -> ValuePostings:
    """Postings of `id`, `author`, `topic`, `language`, `date` or `year`; empty for any other field."""
    if field in EXACT_VALUES:
        column = segment.facet(field)
        docs = np.repeat(np.arange(segment.size, dtype=np.uint32), sizes_between(column.starts))
        return _inverted(column.values, column.ordinals, docs)
    match field:
        case "id":
            starts = np.arange(segment.size + 1)
            return ValuePostings(segment.ids, starts, segment.data.file.array("id_documents"))
        case "date":
            return _numbers(microseconds(segment.first_day), ">u8", _SIGN)
        case "year":
            return _numbers(segment.years, ">u4")
    return ValuePostings(TermDictionary.of(()), np.zeros(1, np.intp), np.zeros(0, np.uint32))


def _numbers(values: Array, dtype: str, offset: int = 0) -> ValuePostings:
    """Postings of the numbers above 0, as terms of Whoosh's `NUMERIC`: the shift (0) and the number, big-endian."""
    docs = np.flatnonzero(values > 0).astype(np.uint32)
    distinct, ordinals = np.unique(values[docs], return_inverse=True)
    encoded = (distinct.astype(np.uint64) + np.uint64(offset)).astype(dtype)
    width, image = encoded.itemsize, encoded.tobytes()
    data, offsets = pack(b"\0" + image[at : at + width] for at in range(0, len(image), width))
    return _inverted(TermDictionary(memoryview(data), offsets), ordinals, docs)


def _inverted(terms: TermDictionary, ordinals: Array, docs: Array) -> ValuePostings:
    order = np.argsort(ordinals, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ordinals, minlength=len(terms)))])
    return ValuePostings(terms, starts, docs[order])

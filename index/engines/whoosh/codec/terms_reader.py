"""Whoosh's interfaces to the terms and postings of a segment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from whoosh.codec import base
from whoosh.matching.mcore import LeafMatcher, ReadTooFar
from whoosh.reading import TermInfo, TermNotFound

from backfile.index.engines.whoosh.codec.schema import EXACT_VALUES, INDEXED_WORDS
from backfile.index.engines.whoosh.codec.value_postings import ValuePostings, value_postings
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary

_FIELDS = sorted((*INDEXED_WORDS, *EXACT_VALUES, "id", "date", "year"))

Term = tuple[str, bytes]


class ArrayTermsReader(base.TermsReader):
    """Terms and postings of one segment. Deleted documents are included, as Whoosh expects."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._values: dict[str, ValuePostings] = {}

    def _field(self, name: str) -> FieldPostings | ValuePostings:
        if name in INDEXED_WORDS:
            return self._segment.field(INDEXED_WORDS[name])
        if name not in self._values:
            self._values[name] = value_postings(self._segment, name)
        return self._values[name]

    def _number(self, field: str, text: bytes) -> int:
        number = self._field(field).terms.find_bytes(text)
        if number < 0:
            raise TermNotFound(f"{field}:{text!r}")
        return number

    def __contains__(self, term: Term) -> bool:
        return self._field(term[0]).terms.find_bytes(term[1]) >= 0

    def indexed_field_names(self) -> Iterable[str]:
        """Names of the fields with terms."""
        return _FIELDS

    def cursor(self, fieldname: str, fieldobj: Any) -> ArrayCursor:
        """Cursor over the terms of a field."""
        return ArrayCursor(self, fieldname, self._field(fieldname).terms)

    def terms(self) -> Iterator[Term]:
        """All (field, term) pairs in order."""
        return ((field, term) for field in _FIELDS for term in self._field(field).terms.all_bytes())

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[Term]:
        """All terms from one of a field on, running on into the fields after it, as Whoosh's own codec does."""
        for field in _FIELDS:
            if field >= fieldname:
                terms = self._field(field).terms
                for number in range(terms.lower_bound(prefix) if field == fieldname else 0, len(terms)):
                    yield field, terms.bytes_at(number)

    def items(self) -> Iterator[tuple[Term, TermInfo]]:
        """All terms with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[Term, TermInfo]]:
        """The terms of `terms_from` with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """Frequencies and bounds of a term; raises `TermNotFound`."""
        return self._term_info(fieldname, *self._field(fieldname).postings(self._number(fieldname, text)))

    def _term_info(self, field: str, docs: Array, freqs: Array) -> TermInfo:
        name = INDEXED_WORDS.get(field)
        lengths = self._segment.lengths(name)[docs] if name else np.ones(1, np.uint32)
        return TermInfo(
            weight=float(freqs.sum(dtype=np.int64)),
            df=len(docs),
            minlength=int(lengths.min()),
            maxlength=int(lengths.max()),
            maxweight=float(freqs.max()),
            minid=int(docs[0]),
            maxid=int(docs[-1]),
        )

    def frequency(self, fieldname: str, text: bytes) -> float:
        """Total number of occurrences of a term."""
        return float(self.term_info(fieldname, text).weight())

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """Number of documents that hold a term; 0 for an unknown one."""
        number = self._field(fieldname).terms.find_bytes(text)
        return len(self._field(fieldname).postings(number)[0]) if number >= 0 else 0

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> ArrayMatcher:
        """Matcher over the postings of a term; raises `TermNotFound`."""
        number, field = self._number(fieldname, text), self._field(fieldname)
        docs, freqs = field.postings(number)
        positions = field.positions(number) if isinstance(field, FieldPostings) else None
        info = self._term_info(fieldname, docs, freqs)
        return ArrayMatcher(_TermPostings((fieldname, text), docs, freqs, positions, info), format_, scorer)


class ArrayCursor(base.FieldCursor):
    """Whoosh's cursor over the terms of one field."""

    def __init__(self, reader: ArrayTermsReader, fieldname: str, terms: TermDictionary) -> None:
        self._reader = reader
        self._field = fieldname
        self._terms = terms
        self._number = 0

    def first(self) -> str | None:
        """Moves to the first term."""
        self._number = 0
        return self.text()

    def find(self, string: str | bytes) -> str | None:
        """Moves to the first term at or after `string`."""
        self._number = self._terms.lower_bound(string if isinstance(string, bytes) else string.encode())
        return self.text()

    def next(self) -> str | None:
        """Moves one step on."""
        self._number += 1
        return self.text()

    def text(self) -> str | None:
        """Current term; None at the end."""
        return self._terms[self._number] if self.is_valid() else None

    def term_info(self) -> TermInfo | None:
        """Statistics of the current term; None at the end."""
        return self._reader.term_info(self._field, self._terms.bytes_at(self._number)) if self.is_valid() else None

    def is_valid(self) -> bool:
        """Whether there is a current term."""
        return self._number < len(self._terms)


@dataclass(frozen=True, eq=False)
class _TermPostings:
    term: Term
    docs: Array
    freqs: Array
    positions: Array | None
    info: TermInfo

    @cached_property
    def ends(self) -> Array:
        """End of each posting's positions."""
        return np.cumsum(self.freqs, dtype=np.int64)

    def positions_at(self, posting: int) -> list[int]:
        """Positions of one posting; none for a field without them."""
        if self.positions is None:
            return []
        stop = int(self.ends[posting])
        positions: list[int] = self.positions[stop - int(self.freqs[posting]) : stop].tolist()
        return positions


class ArrayMatcher(LeafMatcher):
    """Whoosh's matcher over the postings of one term, which are a single block to it."""

    def __init__(self, postings: _TermPostings, format_: Any, scorer: Any) -> None:
        self._postings = postings
        self._term = postings.term
        self.format = format_
        self.scorer = scorer
        self._at = 0

    def is_active(self) -> bool:
        """Whether a posting is left."""
        return self._at < len(self._postings.docs)

    def reset(self) -> None:
        """Moves back to the first posting."""
        self._at = 0

    def copy(self) -> ArrayMatcher:
        """Independent matcher at the same posting."""
        copied = ArrayMatcher(self._postings, self.format, self.scorer)
        copied._at = self._at
        return copied

    def id(self) -> int:
        """Doc id of the posting."""
        return int(self._postings.docs[self._at])

    def all_ids(self) -> Iterator[int]:
        """Doc ids of all postings."""
        return iter(self._postings.docs.tolist())

    def next(self) -> None:
        """Moves one step on."""
        if not self.is_active():
            raise ReadTooFar
        self._at += 1

    def skip_to(self, id: int) -> None:
        """Moves to the first posting from here on whose doc id is at least `id`."""
        if not self.is_active():
            raise ReadTooFar
        self._at += int(np.searchsorted(self._postings.docs[self._at :], id))

    def skip_to_quality(self, minquality: float) -> int:
        """Goes to the end when the one block cannot exceed `minquality`."""
        if self.scorer.block_quality(self) <= minquality:
            self._at = len(self._postings.docs)
        return 0

    def weight(self) -> float:
        """Frequency of the term in the document."""
        return float(self._postings.freqs[self._at])

    def value_as(self, astype: str) -> Any:
        """Positions, frequency or weight of the posting."""
        if astype == "positions" and self._postings.positions is not None:
            return self._postings.positions_at(self._at)
        if astype in ("frequency", "weight"):
            return self.weight()
        return self.format.decoder(astype)(self.value())

    def value(self) -> bytes:
        """The posting's value in the encoding of Whoosh's format."""
        if self._postings.positions is None:
            return b""
        encoded: bytes = self.format.encode(self._postings.positions_at(self._at))
        return encoded

    def block_min_length(self) -> int:
        """Shortest field that holds the term."""
        return int(self._postings.info.min_length() or 0)

    def block_max_length(self) -> int:
        """Longest field that holds the term."""
        return int(self._postings.info.max_length())

    def block_max_weight(self) -> float:
        """Highest frequency of the term."""
        return float(self._postings.info.max_weight())

"""Whoosh's reader interfaces over our arrays, so that any Whoosh program can open and search the index.

Backfile itself searches the arrays directly (`generation.Generation`); that Whoosh's own `Searcher` gives the same
answers on the same files is what the tests hold it to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from whoosh.codec import base
from whoosh.filedb.filestore import RamStorage
from whoosh.index import TOC
from whoosh.matching.mcore import LeafMatcher, ReadTooFar
from whoosh.reading import TermInfo, TermNotFound
from whoosh.util import random_name

from backfile.index.engines.whoosh.codec.document_reader import ArrayDocumentReader
from backfile.index.engines.whoosh.codec.schema import whoosh_schema
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.commit_reader import open_segment
from backfile.index.engines.whoosh.storage.index_layout import INDEX_NAME, WORD_FIELDS
from backfile.index.engines.whoosh.storage.manifest import SegmentEntry, toc_name
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary

_EXACT_FIELDS = ("id", "language")
_FIELDS = sorted((*WORD_FIELDS, *_EXACT_FIELDS))


class ArraySegment(base.Segment):
    """A segment in Whoosh's table of contents: what of it Whoosh asks without opening it, and its files."""

    def __init__(self, entry: SegmentEntry, size: int, live_count: int) -> None:
        self.indexname = INDEX_NAME
        self.segid = entry.name.removeprefix(f"{INDEX_NAME}_")
        self.compound = False
        self.entry = entry
        self._size = size
        self._deleted = size - live_count

    def codec(self) -> ArrayCodec:
        """The codec that reads it."""
        return ArrayCodec()

    def doc_count_all(self) -> int:
        """Number of documents, deleted ones included."""
        return self._size

    def deleted_count(self) -> int:
        """Number of deleted documents."""
        return self._deleted

    def deleted_docs(self) -> NoReturn:
        """Not known here but to the reader of a segment: raises `TypeError`."""
        raise TypeError("deletions lie in a file: ask the reader of the segment")

    def is_deleted(self, docnum: int) -> NoReturn:
        """Not known here but to the reader of a segment: raises `TypeError`."""
        raise TypeError("deletions lie in a file: ask the reader of the segment")

    def delete_document(self, docnum: int, delete: bool = True) -> NoReturn:
        """Not possible: raises `TypeError`."""
        raise _only_backfile_writes()

    def should_assemble(self) -> bool:
        """Never packed into a compound file: it is one file already."""
        return False


def table_of_contents(segments: list[ArraySegment], generation: int) -> bytes:
    """Whoosh's table of contents of a commit, as Whoosh writes it."""
    storage = RamStorage()
    TOC(whoosh_schema(), segments, generation).write(storage, INDEX_NAME)
    content: bytes = storage.files[toc_name(generation)]
    return content


def new_segment_name() -> str:
    """A name that no segment had before, made by Whoosh."""
    return f"{INDEX_NAME}_{random_name(16)}"


class ArrayCodec(base.Codec):
    """Reads segments of arrays. Writing is `writer.write`'s alone."""

    def terms_reader(self, storage: Any, segment: ArraySegment) -> ArrayTermsReader:
        """Terms and postings of a segment."""
        return ArrayTermsReader(open_segment(Path(storage.folder), segment.entry, 0))

    def per_document_reader(self, storage: Any, segment: ArraySegment) -> ArrayDocumentReader:
        """Stored values, lengths and columns of a segment."""
        return ArrayDocumentReader(open_segment(Path(storage.folder), segment.entry, 0))

    def per_document_writer(self, storage: Any, segment: ArraySegment) -> NoReturn:
        """Not possible: raises `TypeError`."""
        raise _only_backfile_writes()

    def field_writer(self, storage: Any, segment: ArraySegment) -> NoReturn:
        """Not possible: raises `TypeError`."""
        raise _only_backfile_writes()

    def new_segment(self, storage: Any, indexname: str) -> NoReturn:
        """Not possible: raises `TypeError`."""
        raise _only_backfile_writes()

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> NoReturn:
        """Not possible: raises `TypeError`."""
        raise _only_backfile_writes()

    def postings_reader(
        self, dbfile: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None
    ) -> NoReturn:
        """Postings do not lie in a file of their own; `ArrayTermsReader.matcher` reads them. Raises `TypeError`."""
        raise TypeError("ask the terms reader for a matcher")


def _only_backfile_writes() -> TypeError:
    return TypeError("this index is written by Backfile only")


class ArrayTermsReader(base.TermsReader):
    """Whoosh's `TermsReader`. The terms of `id` and `language` are the exact values."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    def _terms(self, field: str) -> TermDictionary:
        if field in WORD_FIELDS:
            return self._segment.field(field).terms
        if field == "id":
            return self._segment.ids
        return self._segment.facet("language").values if field == "language" else TermDictionary.of(())

    def _postings(self, field: str, number: int) -> tuple[Array, Array]:
        if field in WORD_FIELDS:
            return self._segment.field(field).postings(number)
        if field == "id":
            docs = np.flatnonzero(self._segment.id_order == number)
        else:
            column = self._segment.facet(field)
            docs = np.repeat(np.arange(self._segment.size), np.diff(column.starts))[column.ordinals == number]
        return docs.astype(np.uint32), np.ones(len(docs), np.uint8)

    def _number(self, field: str, text: bytes) -> int:
        number = self._terms(field).find_bytes(text)
        if number < 0:
            raise TermNotFound(f"{field}:{text!r}")
        return number

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return self._terms(term[0]).find_bytes(term[1]) >= 0

    def indexed_field_names(self) -> Iterable[str]:
        """The fields that can be searched."""
        return _FIELDS

    def cursor(self, fieldname: str, fieldobj: Any) -> ArrayCursor:
        """A cursor over the terms of a field."""
        return ArrayCursor(self, fieldname, self._terms(fieldname))

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """All (field, term), in order."""
        return ((field, term) for field in _FIELDS for term in self._terms(field).all_bytes())

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """All (field, term) from a term of a field on, into the fields behind it, as Whoosh's own codec does."""
        for field in _FIELDS:
            if field >= fieldname:
                terms = self._terms(field)
                for number in range(terms.lower_bound(prefix) if field == fieldname else 0, len(terms)):
                    yield field, terms.bytes_at(number)

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """All ((field, term), what is known of it)."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """`terms_from` with what is known of each."""
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """Frequencies and bounds of a term; raises `TermNotFound`."""
        docs, freqs = self._postings(fieldname, self._number(fieldname, text))
        lengths = self._segment.lengths(fieldname)[docs] if fieldname in WORD_FIELDS else np.ones(1, np.uint32)
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
        """How often a term occurs in all."""
        return float(self.term_info(fieldname, text).weight())

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """How many documents hold a term, deleted ones included; 0 for a term that there is not."""
        if (fieldname, text) not in self:
            return 0
        return len(self._postings(fieldname, self._number(fieldname, text))[0])

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> ArrayMatcher:
        """The postings of a term as Whoosh's searcher walks them; raises `TermNotFound`."""
        number = self._number(fieldname, text)
        docs, freqs = self._postings(fieldname, number)
        positions = self._segment.field(fieldname).positions(number) if fieldname in WORD_FIELDS else None
        info = self.term_info(fieldname, text)
        return ArrayMatcher(_TermPostings((fieldname, text), docs, freqs, positions, info), format_, scorer)


class ArrayCursor(base.FieldCursor):
    """Whoosh's cursor over the terms of one field."""

    def __init__(self, reader: ArrayTermsReader, fieldname: str, terms: TermDictionary) -> None:
        self._reader = reader
        self._field = fieldname
        self._terms = terms
        self._number = 0

    def first(self) -> str | None:
        """Goes to the first term."""
        self._number = 0
        return self.text()

    def find(self, string: str | bytes) -> str | None:
        """Goes to the first term that does not sort before `string`."""
        self._number = self._terms.lower_bound(string if isinstance(string, bytes) else string.encode())
        return self.text()

    def next(self) -> str | None:
        """Goes one term on."""
        self._number += 1
        return self.text()

    def text(self) -> str | None:
        """The term where it stands; None at the end."""
        return self._terms[self._number] if self.is_valid() else None

    def term_info(self) -> TermInfo | None:
        """What is known of the term where it stands."""
        return self._reader.term_info(self._field, self._terms.bytes_at(self._number)) if self.is_valid() else None

    def is_valid(self) -> bool:
        """Whether it stands at a term."""
        return self._number < len(self._terms)


@dataclass(frozen=True, eq=False)
class _TermPostings:
    term: tuple[str, bytes]
    docs: Array
    freqs: Array
    positions: Array | None
    info: TermInfo


class ArrayMatcher(LeafMatcher):
    """Whoosh's walk over the postings of one term; all of them are one block to it."""

    def __init__(self, postings: _TermPostings, format_: Any, scorer: Any) -> None:
        self._postings = postings
        self._term = postings.term
        self._ends = np.cumsum(postings.freqs, dtype=np.int64)
        self.format = format_
        self.scorer = scorer
        self._at = 0

    def is_active(self) -> bool:
        """Whether there is a posting left."""
        return self._at < len(self._postings.docs)

    def reset(self) -> None:
        """Goes back to the first posting."""
        self._at = 0

    def copy(self) -> ArrayMatcher:
        """An independent walk that stands at the same posting."""
        twin = ArrayMatcher(self._postings, self.format, self.scorer)
        twin._at = self._at
        return twin

    def id(self) -> int:
        """The document of the posting."""
        return int(self._postings.docs[self._at])

    def all_ids(self) -> Iterator[int]:
        """The documents of all postings."""
        return iter(self._postings.docs.tolist())

    def next(self) -> None:
        """Goes one posting on."""
        if not self.is_active():
            raise ReadTooFar
        self._at += 1

    def skip_to(self, id: int) -> None:
        """Goes to the first posting from here on whose document is not before `id`."""
        if not self.is_active():
            raise ReadTooFar
        self._at += int(np.searchsorted(self._postings.docs[self._at :], id))

    def skip_to_quality(self, minquality: float) -> int:
        """Goes to the end when no posting can be better: there is only one block."""
        if self.scorer.block_quality(self) <= minquality:
            self._at = len(self._postings.docs)
        return 0

    def weight(self) -> float:
        """How often the term occurs in the document."""
        return float(self._postings.freqs[self._at])

    def value_as(self, astype: str) -> Any:
        """Positions, frequency or weight at the posting."""
        if astype == "positions" and self._postings.positions is not None:
            stop = int(self._ends[self._at])
            return self._postings.positions[stop - int(self._postings.freqs[self._at]) : stop].tolist()
        if astype in ("frequency", "weight"):
            return self.weight()
        return self.format.decoder(astype)(self.value())

    def value(self) -> bytes:
        """The posting's value as Whoosh's format encodes it."""
        encoded: bytes = self.format.encode(self.value_as("positions")) if self._postings.positions is not None else b""
        return encoded

    def block_min_length(self) -> int:
        """The shortest of the fields that hold the term."""
        return int(self._postings.info.min_length() or 0)

    def block_max_length(self) -> int:
        """The longest of the fields that hold the term."""
        return int(self._postings.info.max_length())

    def block_max_weight(self) -> float:
        """The highest frequency of the term in a document."""
        return float(self._postings.info.max_weight())

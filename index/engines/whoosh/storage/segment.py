"""Segment: postings, columns, facets and stored documents of a number of articles."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress, repeat

import numpy as np

from backfile.index.caching import Cache, bounded_cache
from backfile.index.engine import Document, Fingerprint
from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFile, decode
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.engines.whoosh.storage.stored_fields import (
    StoredFields,
    TextStore,
    fields_crc,
    unpack_stored_fields,
)
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary, sizes_between
from backfile.index.errors import IndexUnusable
from backfile.index.highlight.token_table import TokenizedDocument

_HELD_BYTES = 16 << 20  # of a segment's texts with their tokens, for another page of the same result
_EACH = 4  # bytes a character of a text: the text, and its tokens as arrays


ID_ARRAYS = ("ids", "ids.offsets", "id_order", "id_documents")
"""Arrays between article ids and doc ids."""


@dataclass(frozen=True)
class FacetColumn:
    """Exact values of a facet.

    Document `n` has the values numbered `ordinals[starts[n] : starts[n + 1]]`, each once, ascending. `values` may hold
    some that only deleted documents have.
    """

    values: TermDictionary
    starts: Array
    ordinals: Array


class SegmentData:
    """Immutable part of a segment: its array file and its stem tables, shared by all commits with the segment."""

    def __init__(self, name: str, file: ArrayFile) -> None:
        self.name = name
        self.file = file
        self.size = int(file.facts["documents"])
        self.stem_files: dict[str, ArrayFile] = {}
        self.texts = TextStore(file)
        self.documents: Cache[TokenizedDocument] = bounded_cache(
            _HELD_BYTES, lambda each: _EACH * len(each.document.text)
        )
        self._fields: dict[str, FieldPostings] = {}

    def field(self, name: str) -> FieldPostings:
        """Postings of a field; empty ones when the segment has none."""
        found = self._fields.get(name)
        if found is None:
            found = self._fields[name] = FieldPostings(name, self.file, self.stem_files)
        return found


@dataclass(eq=False)
class Segment:
    """Segment of `size` documents; their doc ids count from 0, and from `base` in the commit.

    `live_docs` (bool[size]) is None when no document is deleted. Everything else includes deleted documents. `name`
    is unique for ever and thus a cache key for values that do not depend on `live_docs`; `state` changes with these.
    """

    data: SegmentData
    base: int
    fingerprint_file: ArrayFile
    live_docs_file: ArrayFile | None = None
    stories_file: ArrayFile | None = None
    live_docs: Array | None = field(init=False, default=None)
    live_count: int = field(init=False)

    def __post_init__(self) -> None:
        self.set_live_docs(self.live_docs_file.array("live_docs").view(np.bool_) if self.live_docs_file else None)

    def set_live_docs(self, live: Array | None) -> None:
        """Sets the live documents: for the writer, on segments that no reader holds."""
        self.live_docs = live
        self.live_count = self.size if self.live_docs is None else int(np.count_nonzero(self.live_docs))

    @property
    def state(self) -> str:
        """Name that changes with `live_docs`, "" while nothing is deleted."""
        return self.live_docs_file.path.name if self.live_docs_file else ""

    @property
    def name(self) -> str:
        """Unique name of the segment."""
        return self.data.name

    @property
    def size(self) -> int:
        """Number of documents, deleted ones included."""
        return self.data.size

    def field(self, name: str) -> FieldPostings:
        """Postings of a word field: title, summary, text, author, topic or source."""
        return self.data.field(name)

    def lengths(self, name: str) -> Array:
        """Length of a word field in each document, in positions (u32[size])."""
        return self.data.file.array(f"{name}.lengths")

    def total_length(self, name: str) -> int:
        """Sum of the lengths of the live documents."""
        return int(self._live_lengths(name).sum(dtype=np.int64))

    def count_having(self, name: str) -> int:
        """Number of live documents that have a word in a field."""
        return int(np.count_nonzero(self._live_lengths(name)))

    def _live_lengths(self, name: str) -> Array:
        lengths = self.lengths(name)
        return lengths if self.live_docs is None else lengths[self.live_docs]

    def facet(self, name: str) -> FacetColumn:
        """Column of author, topic or language, exactly as written."""
        file = self.data.file
        values = TermDictionary.read(file, f"facet.{name}")
        return FacetColumn(values, file.array(f"facet.{name}.starts"), file.array(f"facet.{name}.ordinals"))

    @property
    def stored_bytes(self) -> Array:
        """Bytes of text and stored fields of every document (i64[size])."""
        file = self.data.file
        records: Array = np.diff(file.array("stored_fields.offsets").astype(np.int64))
        return records + file.array("texts.sizes")

    @property
    def years(self) -> Array:
        """Year of every document's date (i16[size]); 0 for undated ones."""
        return self.data.file.array("years")

    @property
    def first_day(self) -> Array:
        """First day of every document's date, as `date.toordinal()` (i32[size]); 0 for undated ones."""
        return self.data.file.array("first_day")

    @property
    def last_day(self) -> Array:
        """Last day of every document's date, as `date.toordinal()` (i32[size]); 0 for undated ones."""
        return self.data.file.array("last_day")

    @cached_property
    def titles(self) -> TermDictionary:
        """Distinct sort keys of the titles, in order; their UTF-8 compares across segments."""
        return TermDictionary.read(self.data.file, "titles")

    @property
    def title_order(self) -> Array:
        """Number of every document's sort key in `titles` (u32[size])."""
        return self.data.file.array("title_order")

    @cached_property
    def ids(self) -> TermDictionary:
        """Ids of the documents, in order."""
        return TermDictionary.read(self.data.file, "ids")

    @cached_property
    def paths(self) -> TermDictionary:
        """Path of every document, by doc id."""
        return TermDictionary.read(self.data.file, "paths")

    @property
    def id_order(self) -> Array:
        """Number of every document's id in `ids` (u32[size])."""
        return self.data.file.array("id_order")

    def number(self, article_id: str) -> int:
        """Doc id of the live document with that article id, or -1."""
        place = self.ids.find(article_id)
        if place < 0:
            return -1
        document = int(self.data.file.array("id_documents")[place])
        return document if self.live_docs is None or self.live_docs[document] else -1

    def live_ids(self, low: int, high: int) -> list[str]:
        """Ids numbered `low` to `high - 1` in `ids`, without those of deleted documents."""
        found = self.ids.texts(low, high)
        if self.live_docs is None:
            return found
        return list(compress(found, self.live_docs[self.data.file.array("id_documents")[low:high]].tolist()))

    def live_ids_before(self) -> Array | range:
        """Number of live documents with an earlier id, for every index into `ids` and its end."""
        if self.live_docs is None:
            return range(self.size + 1)
        return np.concatenate([[0], np.cumsum(self.live_docs[self.data.file.array("id_documents")])])

    def story_leads(self) -> tuple[Array, list[str]]:
        """Doc ids of the documents that are copies in a story (u32, ascending), and the id of the lead of each.

        Includes deleted documents.
        """
        file = self.stories_file
        if file is None:
            return np.empty(0, np.uint32), []
        file.require()
        leads = TermDictionary.read(file, "leads").texts()
        return file.array("docs"), [leads[ordinal] for ordinal in file.array("ordinals").tolist()]

    def language_counts(self) -> dict[str, int]:
        """Number of live documents in each language."""
        column = self.facet("language")
        live = slice(None) if self.live_docs is None else self.live_docs.repeat(sizes_between(column.starts))
        counts = np.bincount(column.ordinals[live], minlength=len(column.values)).tolist()
        return {value: count for value, count in zip(column.values.texts(), counts, strict=True) if count}

    def stored_fields(self, document: int) -> StoredFields:
        """Stored fields of a document, without its text. Raises `IndexUnusable` if they are not as written."""
        file = self.data.file
        start, stop = file.array("stored_fields.offsets")[document : document + 2].tolist()
        record = bytes(file.data("stored_fields")[start : stop - 1])
        article_id, path = self.ids.bytes_at(int(self.id_order[document])), self.paths.bytes_at(document)
        if fields_crc(article_id, path, record) != self._fields_crc(document):
            raise IndexUnusable(f"{file.path.name}: the fields of document {document} are not as they were written")
        return unpack_stored_fields(record, article_id=decode(article_id), path=decode(path))

    def _fields_crc(self, document: int) -> int:
        return int(self.data.file.array("stored_fields.crc")[document])

    def text(self, document: int) -> str:
        """Plain text of a document, from its compressed block. Raises `IndexUnusable` if it is not as written."""
        return self.data.texts.text(document, self._fields_crc(document))

    def document(self, document: int) -> Document:
        """Document as it was written."""
        return self.prepared(document).document

    def prepared(self, document: int) -> TokenizedDocument:
        """Document prepared for matchers, cached with the results of matching."""
        return self.data.documents(
            document, lambda: TokenizedDocument(self.stored_fields(document).document(self.text(document)))
        )

    def files(self) -> list[ArrayFile]:
        """Its array files, each once."""
        files = (
            self.data.file,
            self.fingerprint_file,
            self.live_docs_file,
            self.stories_file,
            *self.data.stem_files.values(),
        )
        return list(dict.fromkeys(file for file in files if file is not None))

    def fingerprints(self) -> dict[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every live document, verified. Raises `IndexUnusable`."""
        self.data.file.require((*ID_ARRAYS, "paths", "paths.offsets"))
        self.fingerprint_file.require(("sizes", "mtimes", "digests", "digests.offsets"))
        if self.live_docs_file:
            self.live_docs_file.require()
        ids, paths = self.ids.texts(), self.paths.texts()
        columns = (
            map(ids.__getitem__, self.id_order.tolist()),
            paths,
            self.fingerprint_file.array("sizes").tolist(),
            self.fingerprint_file.array("mtimes").tolist(),
            TermDictionary.read(self.fingerprint_file, "digests").texts(),
        )
        live = repeat(True) if self.live_docs is None else self.live_docs.tolist()
        keys, places, sizes, mtimes, digests = (compress(column, live) for column in columns)
        return dict(zip(keys, zip(places, map(Fingerprint, sizes, mtimes, digests), strict=True), strict=True))

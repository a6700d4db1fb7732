"""Whoosh's interface to what a segment keeps of each document: lengths, deletions, columns, stored fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from whoosh import columns
from whoosh.codec import base

from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.index_layout import WORD_FIELDS
from backfile.index.engines.whoosh.storage.segment import Segment


class ArrayDocumentReader(base.PerDocumentReader):
    """Whoosh's `PerDocumentReader`."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    def doc_count(self) -> int:
        """Number of live documents."""
        return self._segment.live_count

    def doc_count_all(self) -> int:
        """Number of documents, deleted ones included."""
        return self._segment.size

    def has_deletions(self) -> bool:
        """Whether any document is deleted."""
        return self._segment.live_count < self._segment.size

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted; False behind the last one, which Whoosh's walk over a negation asks for."""
        live = self._segment.live_docs
        return live is not None and docnum < len(live) and not live[docnum]

    def deleted_docs(self) -> Iterator[int]:
        """The deleted documents."""
        live = self._segment.live_docs
        return iter([] if live is None else np.flatnonzero(~live).tolist())

    def supports_columns(self) -> bool:
        """Columns can be read."""
        return True

    def has_column(self, fieldname: str) -> bool:
        """There is one column, `day`."""
        return fieldname == "day"

    def column_reader(self, fieldname: str, column: Any) -> ArrayColumnReader:
        """The column of that name."""
        return ArrayColumnReader(self._segment.first_day)

    def _lengths(self, fieldname: str) -> Array:
        return self._segment.lengths(fieldname) if fieldname in WORD_FIELDS else np.ones(1, np.uint32)

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        """Words in a field of a document."""
        return int(self._segment.lengths(fieldname)[docnum]) if fieldname in WORD_FIELDS else default

    def field_length(self, fieldname: str) -> int:
        """Words in a field of all documents, deleted ones included."""
        return int(self._lengths(fieldname).sum(dtype=np.int64))

    def min_field_length(self, fieldname: str) -> int:
        """The shortest field there is."""
        return int(self._lengths(fieldname).min())

    def max_field_length(self, fieldname: str) -> int:
        """The longest field there is."""
        return int(self._lengths(fieldname).max())

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        """The stored values of a document; those that it does not have are missing."""
        document = self._segment.document(docnum)
        source = document.source
        values = {
            "id": document.id,
            "path": document.path,
            "title": document.title,
            "summary": document.summary,
            "text": document.text,
            "author": list(document.authors),
            "topic": list(document.topics),
            "source": source and (source.name or source.url),
            "language": document.language,
            "date": document.date and document.date.isoformat(),
        }
        return {name: value for name, value in values.items() if value}


class ArrayColumnReader(columns.ColumnReader):
    """A column of numbers for Whoosh's sorting."""

    def __init__(self, values: Array) -> None:
        self._doccount = len(values)
        self._values = values
        self._sign = 1

    def __getitem__(self, docnum: int) -> int:
        return int(self._values[docnum])

    def sort_key(self, docnum: int) -> int:  # type: ignore[override] # bytes in the declaration only
        """What documents are sorted by."""
        return self._sign * self[docnum]

    def set_reverse(self) -> None:
        """Sorts the other way round."""
        self._sign = -1

"""Whoosh's `PerDocumentReader` over a segment: lengths, deletions, columns, stored fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from whoosh import columns
from whoosh.codec import base

from backfile.index.engines.whoosh.codec.schema import EXACT_VALUES, INDEXED_WORDS, UNDATED
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.segment import FacetColumn, Segment

_COLUMNS = ("title", "date", "year", *EXACT_VALUES)
_MICROSECONDS_A_DAY = 86_400_000_000


class ArrayDocumentReader(base.PerDocumentReader):
    """Per-document data of one segment. Lengths and columns include deleted documents."""

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
        """Whether a document is deleted; False past the last one, where Whoosh looks while it inverts a query."""
        live = self._segment.live_docs
        return live is not None and docnum < len(live) and not live[docnum]

    def deleted_docs(self) -> Iterator[int]:
        """Doc ids of the deleted documents."""
        live = self._segment.live_docs
        return iter([] if live is None else np.flatnonzero(~live).tolist())

    def supports_columns(self) -> bool:
        """True: columns can be read."""
        return True

    def has_column(self, fieldname: str) -> bool:
        """Whether a field has a column."""
        return fieldname in _COLUMNS

    def list_columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return _COLUMNS

    def column_reader(self, fieldname: str, column: Any) -> columns.ColumnReader:
        """Column of a field. Raises `KeyError` for a field without one."""
        if fieldname in EXACT_VALUES:
            return ValuesColumnReader(self._segment.facet(fieldname))
        match fieldname:
            case "title":
                return TitleColumnReader(self._segment)
            case "date":
                return NumberColumnReader(microseconds(self._segment.first_day))
            case "year":
                return NumberColumnReader(self._segment.years.astype(np.int64))
        raise KeyError(fieldname)

    def _lengths(self, fieldname: str) -> Array:
        name = INDEXED_WORDS.get(fieldname)
        return self._segment.lengths(name) if name else np.ones(1, np.uint32)

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        """Length in positions of a field of words; `default` for others."""
        return int(self._lengths(fieldname)[docnum]) if fieldname in INDEXED_WORDS else default

    def field_length(self, fieldname: str) -> int:
        """Total length of a field, deleted documents included."""
        return int(self._lengths(fieldname).sum(dtype=np.int64))

    def min_field_length(self, fieldname: str) -> int:
        """Shortest length of a field."""
        return int(self._lengths(fieldname).min())

    def max_field_length(self, fieldname: str) -> int:
        """Longest length of a field."""
        return int(self._lengths(fieldname).max())

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        """Stored values of a document, those it lacks left out; `date` as ISO 8601 text, which may be partial."""
        document = self._segment.document(docnum)
        source = document.metadata.source
        values = {
            "id": document.id,
            "path": document.path,
            "title": document.metadata.title,
            "summary": document.metadata.summary,
            "text": document.text,
            "author": list(document.metadata.authors),
            "topic": list(document.metadata.topics),
            "source": source and (source.name or source.url),
            "language": document.metadata.language,
            "date": document.metadata.date and document.metadata.date.isoformat(),
        }
        return {name: value for name, value in values.items() if value}


def microseconds(days: Array) -> Array:
    """Day ordinals → Whoosh's numbers of their first moments (i64); 0 stays 0."""
    return np.where(days > 0, (days.astype(np.int64) - 1) * _MICROSECONDS_A_DAY, 0)


class NumberColumnReader(columns.ColumnReader):
    """Column of positive numbers; 0 (undated) reads as `UNDATED`, which sorts last in either direction."""

    def __init__(self, values: Array) -> None:
        self._doccount = len(values)
        self._values = values
        self._sign = 1

    def __getitem__(self, docnum: int) -> int:
        return int(self._values[docnum]) or UNDATED

    def sort_key(self, docnum: int) -> int:  # type: ignore[override] # bytes in the declaration only
        """The number, negated in reverse order."""
        value = self[docnum]
        return value if value == UNDATED else self._sign * value

    def set_reverse(self) -> None:
        """Reverses the order of the sort keys."""
        self._sign = -1


class TitleColumnReader(columns.ColumnReader):
    """Column of the folded titles, as UTF-8."""

    def __init__(self, segment: Segment) -> None:
        self._doccount = segment.size
        self._titles = segment.titles
        self._order = segment.title_order

    def __getitem__(self, docnum: int) -> bytes:
        return self._titles.bytes_at(int(self._order[docnum]))


class ValuesColumnReader(columns.ColumnReader):
    """Column of whole values: a list for each document, [None] where there are none; sorted by the first."""

    def __init__(self, column: FacetColumn) -> None:
        self._doccount = len(column.starts) - 1
        self._column = column

    def __getitem__(self, docnum: int) -> list[str | None]:
        start, stop = self._column.starts[docnum : docnum + 2].tolist()
        return [self._column.values[number] for number in self._column.ordinals[start:stop].tolist()] or [None]

    def sort_key(self, docnum: int) -> str:  # type: ignore[override] # bytes in the declaration only
        """The first value, "" without one."""
        return self[docnum][0] or ""

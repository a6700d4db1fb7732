"""Our segments as a Whoosh codec: any Whoosh program opens and searches the index through it.

Backfile itself searches the arrays directly (`search`). Tests hold Whoosh's own `Searcher` to the same answers on the
same files; docs/whoosh.md shows its use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from whoosh.codec import base
from whoosh.filedb.filestore import RamStorage
from whoosh.index import TOC
from whoosh.util import random_name

from backfile.index.engines.whoosh.codec.document_reader import ArrayDocumentReader
from backfile.index.engines.whoosh.codec.schema import whoosh_schema
from backfile.index.engines.whoosh.codec.terms_reader import ArrayTermsReader
from backfile.index.engines.whoosh.storage.commit_reader import open_segment
from backfile.index.engines.whoosh.storage.index_layout import INDEX_NAME
from backfile.index.engines.whoosh.storage.manifest import SegmentEntry, toc_name


class ArraySegment(base.Segment):
    """A segment in Whoosh's table of contents: its files and the counts that Whoosh reads without opening them.

    Deletions lie in a file that the segment's reader opens: the methods about single documents raise `TypeError`.
    """

    def __init__(self, entry: SegmentEntry, size: int, live_count: int) -> None:
        self.indexname = INDEX_NAME
        self.segid = entry.name.removeprefix(f"{INDEX_NAME}_")
        self.compound = False
        self.entry = entry
        self._size = size
        self._deleted = size - live_count

    def codec(self) -> ArrayCodec:
        """Codec that reads the segment."""
        return ArrayCodec()

    def doc_count_all(self) -> int:
        """Number of documents, deleted ones included."""
        return self._size

    def deleted_count(self) -> int:
        """Number of deleted documents."""
        return self._deleted

    def deleted_docs(self) -> NoReturn:
        """Raises `TypeError`."""
        raise TypeError("deletions lie in a file: ask the reader of the segment")

    def is_deleted(self, docnum: int) -> NoReturn:
        """Raises `TypeError`."""
        raise TypeError("deletions lie in a file: ask the reader of the segment")

    def delete_document(self, docnum: int, delete: bool = True) -> NoReturn:
        """Raises `TypeError`."""
        raise _only_backfile_writes()

    def should_assemble(self) -> bool:
        """False: a segment is one file already."""
        return False


class ArrayCodec(base.Codec):
    """Codec that reads our segments. Its writing methods raise `TypeError`: `indexing.writer` alone writes."""

    def terms_reader(self, storage: Any, segment: ArraySegment) -> ArrayTermsReader:
        """Reader of terms and postings."""
        return ArrayTermsReader(open_segment(Path(storage.folder), segment.entry, 0))

    def per_document_reader(self, storage: Any, segment: ArraySegment) -> ArrayDocumentReader:
        """Reader of stored fields, lengths and columns."""
        return ArrayDocumentReader(open_segment(Path(storage.folder), segment.entry, 0))

    def per_document_writer(self, storage: Any, segment: ArraySegment) -> NoReturn:
        """Raises `TypeError`."""
        raise _only_backfile_writes()

    def field_writer(self, storage: Any, segment: ArraySegment) -> NoReturn:
        """Raises `TypeError`."""
        raise _only_backfile_writes()

    def new_segment(self, storage: Any, indexname: str) -> NoReturn:
        """Raises `TypeError`."""
        raise _only_backfile_writes()

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> NoReturn:
        """Raises `TypeError`."""
        raise _only_backfile_writes()

    def postings_reader(
        self, dbfile: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None
    ) -> NoReturn:
        """Raises `TypeError`: `ArrayTermsReader.matcher` reads postings, which have no file of their own."""
        raise TypeError("ask the terms reader for a matcher")


def _only_backfile_writes() -> TypeError:
    return TypeError("this index is written by Backfile only")


def new_segment_name() -> str:
    """New segment name, random as Whoosh's are."""
    return f"{INDEX_NAME}_{random_name(16)}"


def table_of_contents(segments: list[ArraySegment], generation: int) -> bytes:
    """Whoosh's table of contents of a commit, as Whoosh writes it."""
    storage = RamStorage()
    TOC(whoosh_schema(), segments, generation).write(storage, INDEX_NAME)
    content: bytes = storage.files[toc_name(generation)]
    return content

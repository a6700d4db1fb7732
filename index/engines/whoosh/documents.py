"""Stored documents: a small record each for what a hit shows, and the texts in compressed blocks."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock, local

import numpy as np
import zstandard

from archive.model import PartialDate, Source
from index.engine import Document
from index.engines.whoosh.files import Array, ArrayFile, decode, encode

BLOCK_BYTES = 16_384
"""A block of texts is closed when it holds this many bytes. Measured (docs/decisions/codec.md)."""
_CACHED_BYTES = 8 << 20
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Head:
    """A stored document without its text."""

    id: str
    path: str
    title: str
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    date: PartialDate | None
    updated: PartialDate | None
    summary: str | None
    source: Source | None
    language: str | None

    def document(self, text: str) -> Document:
        """The whole document."""
        return Document(
            id=self.id,
            path=self.path,
            title=self.title,
            text=text,
            authors=self.authors,
            topics=self.topics,
            date=self.date,
            updated=self.updated,
            summary=self.summary,
            source=self.source,
            language=self.language,
        )


def pack_head(document: Document) -> bytes:
    """The record of a document: a JSON list in the order of `Head`, the source as [name, url]."""
    source = document.source
    record = [
        document.id,
        document.path,
        document.title,
        document.authors,
        document.topics,
        document.date and document.date.isoformat(),
        document.updated and document.updated.isoformat(),
        document.summary,
        source and [source.name, source.url],
        document.language,
    ]
    return encode(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


def read_head(file: ArrayFile, document: int) -> Head:
    """Reads the record of one document."""
    start, stop = file.array("heads.offsets")[document : document + 2].tolist()
    id_, path, title, authors, topics, date, updated, summary, source, language = json.loads(
        decode(file.data("heads")[start:stop])
    )
    return Head(
        id=id_,
        path=path,
        title=title,
        authors=tuple(authors),
        topics=tuple(topics),
        date=PartialDate.parse(date) if date else None,
        updated=PartialDate.parse(updated) if updated else None,
        summary=summary,
        source=Source(*source) if source else None,
        language=language,
    )


class TextBlocks:
    """The texts of a segment: blocks of zstd, each of several documents.

    Arrays: `texts` (the blocks), `texts.offsets` (where each begins, blocks + 1), `texts.first` (the first document of
    each block), `texts.sizes` (bytes of every document's text as UTF-8, within its block one after the other).
    """

    def __init__(self, file: ArrayFile) -> None:
        self._file = file
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._cached = 0
        self._lock = Lock()

    def text(self, document: int) -> str:
        """The text of one document."""
        first = self._file.array("texts.first")
        block = int(np.searchsorted(first, document, side="right")) - 1
        sizes = self._file.array("texts.sizes")
        start = int(sizes[int(first[block]) : document].sum(dtype=np.int64))
        return decode(self.block(block)[start : start + int(sizes[document])])

    def block(self, number: int) -> bytes:
        """A block, decompressed; the latest few MB of blocks are kept."""
        with self._lock:
            found = self._cache.get(number)
            if found is not None:
                self._cache.move_to_end(number)
                return found
        data = _decompressor().decompress(self.packed(number))
        with self._lock:
            if number not in self._cache:
                self._cache[number] = data
                self._cached += len(data)
            while self._cached > _CACHED_BYTES and len(self._cache) > 1:
                self._cached -= len(self._cache.popitem(last=False)[1])
        return data

    def packed(self, number: int) -> memoryview:
        """A block as it is stored."""
        start, stop = self._file.array("texts.offsets")[number : number + 2].tolist()
        return self._file.data("texts")[start:stop]


_threads = local()


def _decompressor() -> zstandard.ZstdDecompressor:
    # zstandard's objects must not be used by two threads at once.
    if not hasattr(_threads, "decompressor"):
        _threads.decompressor = zstandard.ZstdDecompressor()
    found: zstandard.ZstdDecompressor = _threads.decompressor
    return found


def pack_blocks(texts: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Texts → (number of texts, compressed block), in order."""
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    gathered: list[bytes] = []
    size = 0
    for text in texts:
        gathered.append(text)
        size += len(text)
        if size >= BLOCK_BYTES:
            yield len(gathered), compressor.compress(b"".join(gathered))
            gathered, size = [], 0
    if gathered:
        yield len(gathered), compressor.compress(b"".join(gathered))


__all__ = ["BLOCK_BYTES", "Array", "Head", "TextBlocks", "pack_blocks", "pack_head", "read_head"]

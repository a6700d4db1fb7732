"""Stored documents: a JSON record each with the metadata, and the texts in compressed blocks."""

from __future__ import annotations

import json
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from threading import local

import numpy as np
import numpy.typing as npt
import zstandard

from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.index.engine import Document
from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFile, ArrayFileWriter, decode, encode
from backfile.index.errors import IndexUnusable

BLOCK_BYTES = 4_096
"""Bytes from which on a block of texts is closed; measured in docs/decisions/codec.md."""
_LEVEL = 3
_MAX_RATIO = 1 << 16  # zstd stores 128 kB of one character in about ten bytes


@dataclass(frozen=True, slots=True)
class StoredFields:
    """Stored document without its text."""

    id: str
    path: str
    metadata: ArticleMetadata

    def document(self, text: str) -> Document:
        """Document with these fields and the given text."""
        return Document(self.id, self.path, self.metadata, text)


def pack_stored_fields(document: Document) -> bytes:
    """JSON list of a document's metadata in the order of `ArticleMetadata`; the source as [name, url]."""
    known = document.metadata
    record = [
        known.title,
        known.authors,
        known.topics,
        known.date and known.date.isoformat(),
        known.updated and known.updated.isoformat(),
        known.summary,
        known.source and [known.source.name, known.source.url],
        known.language,
    ]
    return encode(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


def fields_crc(article_id: bytes, path: bytes, record: bytes) -> int:
    """CRC-32 of everything stored of a document but its text."""
    return zlib.crc32(b"%b\0%b\0%b" % (article_id, path, record))


def unpack_stored_fields(data: bytes, *, article_id: str, path: str) -> StoredFields:
    """Inverse of `pack_stored_fields`."""
    title, authors, topics, date, updated, summary, source, language = json.loads(decode(data))
    metadata = ArticleMetadata(
        title=title,
        authors=tuple(authors),
        topics=tuple(topics),
        date=PartialDate.parse(date) if date else None,
        updated=PartialDate.parse(updated) if updated else None,
        summary=summary,
        source=Source(*source) if source else None,
        language=language,
    )
    return StoredFields(article_id, path, metadata)


class TextStore:
    """Texts of a segment in zstd blocks of several documents each.

    Arrays: `texts` (the blocks), `texts.offsets` (start of each, blocks + 1), `texts.first` (first document of each
    block), `texts.sizes` (bytes of every document's text as UTF-8; the texts of a block follow one another),
    `texts.crc` (CRC-32 of every text, continued from that of the document's stored fields).
    """

    def __init__(self, file: ArrayFile) -> None:
        self._file = file

    def text(self, document: int, crc: int) -> str:
        """Text of one document, given the CRC of its stored fields; raises `IndexUnusable` if it is not as written."""
        first = self._file.array("texts.first")
        block = bisect_right(first.data, document) - 1
        sizes = self._file.array("texts.sizes")[int(first[block]) : document + 1].tolist()
        start = sum(sizes[:-1])
        data = self.block(block)[start : start + sizes[-1]]
        if zlib.crc32(data, crc) != int(self._file.array("texts.crc")[document]):
            raise IndexUnusable(f"{self._file.path.name}: the text of document {document} is not as it was written")
        return decode(data)

    def block(self, number: int) -> bytes:
        """Decompressed block. Raises `IndexUnusable`."""
        packed = self.packed(number)
        try:
            # A damaged frame may state any size, and zstandard allocates it before it decompresses.
            if zstandard.frame_content_size(packed) > _MAX_RATIO * len(packed):
                raise IndexUnusable(f"{self._file.path.name}: block {number} of the texts states an impossible size")
            return _decompressor().decompress(packed)
        except zstandard.ZstdError as error:
            raise IndexUnusable(f"{self._file.path.name}: block {number} of the texts is damaged ({error})") from error

    def packed(self, first: int, last: int | None = None) -> memoryview:
        """Compressed block, or the blocks `first` to `last - 1`, one after the other."""
        offsets = self._file.array("texts.offsets")
        return self._file.data("texts")[int(offsets[first]) : int(offsets[first + 1 if last is None else last])]


_threads = local()


def _decompressor() -> zstandard.ZstdDecompressor:
    # zstandard's objects must not be used by two threads at once.
    if not hasattr(_threads, "decompressor"):
        _threads.decompressor = zstandard.ZstdDecompressor()
    found: zstandard.ZstdDecompressor = _threads.decompressor
    return found


class TextStoreWriter:
    """Writer of compressed blocks: `add` and `flush` yield them, `write_index` writes their offsets and sizes."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._open: list[bytes] = []
        self._open_bytes = 0
        self._sizes = array("I")
        self._firsts = array("I")
        self._ends = array("Q")

    def add(self, text: bytes) -> Iterator[bytes]:
        """Adds the text of the next document; yields the block that it completes, if any."""
        self._open.append(text)
        self._open_bytes += len(text)
        if self._open_bytes >= BLOCK_BYTES:
            yield from self.flush()

    def flush(self) -> Iterator[bytes]:
        """Closes the current block and yields it."""
        if self._open:
            packed = self._compressor.compress(b"".join(self._open))
            sizes = np.fromiter(map(len, self._open), np.uint32, len(self._open))
            self._open, self._open_bytes = [], 0
            self.add_packed([len(packed)], [len(sizes)], sizes)
            yield packed

    def add_packed(self, lengths: npt.ArrayLike, counts: npt.ArrayLike, sizes: Array) -> None:
        """Registers compressed blocks: bytes and number of texts of each, and the sizes of all texts."""
        lengths, counts = np.asarray(lengths, np.uint64), np.asarray(counts, np.uint32)
        firsts = np.cumsum(counts, dtype=np.uint32) - counts + np.uint32(len(self._sizes))
        ends = np.cumsum(lengths, dtype=np.uint64) + np.uint64(self._ends[-1] if self._ends else 0)
        self._firsts.frombytes(firsts.tobytes())
        self._ends.frombytes(ends.tobytes())
        self._sizes.frombytes(np.asarray(sizes, np.uint32).tobytes())

    def write_index(self, file: ArrayFileWriter) -> None:
        """Writes the offsets of the blocks and the sizes of the texts."""
        file.add("texts.sizes", np.frombuffer(self._sizes, np.uint32))
        file.add("texts.first", np.frombuffer(self._firsts, np.uint32))
        file.add("texts.offsets", np.concatenate(([0], np.frombuffer(self._ends, np.uint64))).astype(np.uint64))

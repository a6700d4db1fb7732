"""Segment writer: a batch of documents → one segment file."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from backfile.index.analysis.term_ids import Encoder
from backfile.index.engine import Document, Fingerprint, FingerprintedDocument
from backfile.index.engines.whoosh.indexing.inverter import encode_field, write_postings
from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFileWriter, encode, writing
from backfile.index.engines.whoosh.storage.index_layout import (
    FACET_COLUMNS,
    WORD_FIELDS,
    facet_values,
    title_key,
    word_values,
)
from backfile.index.engines.whoosh.storage.stored_fields import TextStoreWriter, fields_crc, pack_stored_fields
from backfile.index.engines.whoosh.storage.term_dictionary import pack, write_terms


def write_segment(path: Path, items: Sequence[FingerprintedDocument], encoder: Encoder) -> None:
    """Writes the segment file of documents of different ids, in their order, durably."""
    documents = [document for document, _ in items]
    with writing(path) as file:
        file.facts["documents"] = len(documents)
        for name in WORD_FIELDS:
            found = encode_field(encoder, [word_values(document, name) for document in documents])
            write_postings(file, name, found, encoder.terms)
        for name in FACET_COLUMNS:
            _write_facet(file, name, [facet_values(document, name) for document in documents])
        _write_dates(file, documents)
        write_order(
            file, "titles", "title_order", [encode(title_key(document.metadata.title)) for document in documents]
        )
        write_ids(file, [encode(document.id) for document in documents])
        write_strings(file, "paths", (encode(document.path) for document in documents))
        _write_stored(file, documents)
        write_fingerprints(file, [fingerprint for _, fingerprint in items])


def _write_facet(file: ArrayFileWriter, name: str, rows: Sequence[tuple[str, ...]]) -> None:
    """`facet.NAME` with `.starts` and `.ordinals` in the layout of `FacetColumn`."""
    distinct = [set(row) for row in rows]
    values = sorted(set().union(*distinct))
    numbers = {value: number for number, value in enumerate(values)}
    write_terms(file, f"facet.{name}", map(encode, values))
    counts = np.fromiter(map(len, distinct), np.uint32, len(rows))
    file.add(f"facet.{name}.starts", starts_of(counts))
    ordinals = array("I", (number for row in distinct for number in sorted(map(numbers.__getitem__, row))))
    file.add(f"facet.{name}.ordinals", np.frombuffer(ordinals, np.uint32))


def starts_of(counts: Array) -> Array:
    """Counts → starts and the end (u32, one more than counts)."""
    starts = np.zeros(len(counts) + 1, np.uint32)
    np.cumsum(counts, out=starts[1:])
    return starts


def _write_dates(file: ArrayFileWriter, documents: Sequence[Document]) -> None:
    dates = [document.metadata.date for document in documents]
    file.add("years", np.array([date.year if date else 0 for date in dates], np.int16))
    file.add("first_day", np.array([date.first.toordinal() if date else 0 for date in dates], np.int32))
    file.add("last_day", np.array([date.last.toordinal() if date else 0 for date in dates], np.int32))


def write_order(file: ArrayFileWriter, keys: str, order: str, rows: Sequence[bytes]) -> None:
    """Writes the distinct keys, sorted, and for every document the number of its key (u32)."""
    distinct = sorted(set(rows))
    numbers = {key: number for number, key in enumerate(distinct)}
    write_terms(file, keys, distinct)
    file.add(order, np.fromiter(map(numbers.__getitem__, rows), np.uint32, len(rows)))


def write_ids(file: ArrayFileWriter, ids: Sequence[bytes]) -> None:
    """Writes the sorted ids, the rank of every document, and the document of every id."""
    documents = sorted(range(len(ids)), key=ids.__getitem__)
    order = np.empty(len(ids), np.uint32)
    order[documents] = np.arange(len(ids), dtype=np.uint32)
    write_terms(file, "ids", (ids[document] for document in documents))
    file.add("id_order", order)
    file.add("id_documents", np.array(documents, np.uint32))


def write_strings(file: ArrayFileWriter, name: str, rows: Iterable[bytes]) -> None:
    """Writes a string for every document, as an unsorted `TermDictionary`."""
    data, offsets = pack(rows)
    file.add(name, np.frombuffer(data, np.uint8))
    file.add(f"{name}.offsets", offsets)


def _write_stored(file: ArrayFileWriter, documents: Sequence[Document]) -> None:
    records = [pack_stored_fields(document) for document in documents]
    write_strings(file, "stored_fields", records)
    crcs = [
        fields_crc(encode(document.id), encode(document.path), record)
        for document, record in zip(documents, records, strict=True)
    ]
    file.add("stored_fields.crc", np.array(crcs, np.uint32))
    blocks = TextStoreWriter()

    def chunks() -> Iterator[Array]:
        for document in documents:
            for block in blocks.add(encode(document.text)):
                yield np.frombuffer(block, np.uint8)
        for block in blocks.flush():
            yield np.frombuffer(block, np.uint8)

    file.stream("texts", np.uint8, chunks())
    blocks.write_index(file)
    crcs = [zlib.crc32(encode(document.text), crc) for document, crc in zip(documents, crcs, strict=True)]
    file.add("texts.crc", np.array(crcs, np.uint32))


def write_fingerprints(file: ArrayFileWriter, fingerprints: Sequence[Fingerprint]) -> None:
    """Writes fingerprints as `sizes`, `mtimes` and `digests`."""
    file.add("sizes", np.array([each.size for each in fingerprints], np.int64))
    file.add("mtimes", np.array([each.mtime_ns for each in fingerprints], np.int64))
    write_strings(file, "digests", (encode(each.digest) for each in fingerprints))

"""Merging of the columns, facets and stored documents of several segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from backfile.index.engines.whoosh.indexing.segment_writer import starts_of, write_ids
from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFile, ArrayFileWriter
from backfile.index.engines.whoosh.storage.index_layout import FACET_COLUMNS
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.engines.whoosh.storage.stored_fields import BLOCK_BYTES, TextStoreWriter
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary, narrowest, sizes_between, write_terms

_Part = tuple[ArrayFile, Array | None]  # a file with the column, and which documents to take (None: all)


def write_columns(file: ArrayFileWriter, segments: Sequence[Segment]) -> None:
    """Writes the live documents of some segments, in their order, without their postings."""
    for name in FACET_COLUMNS:
        _gather_facet(file, name, segments)
    stored = [(segment.data.file, segment.live_docs) for segment in segments]
    for name in ("years", "first_day", "last_day", "stored_fields.crc", "texts.crc"):
        _gather_column(file, name, stored)
    rows = [s.title_order if s.live_docs is None else s.title_order[s.live_docs] for s in segments]
    file.add("title_order", _gather_keys(file, "titles", [segment.titles for segment in segments], rows))
    write_ids(file, [article_id for segment in segments for article_id in _ids(segment)])
    for name in ("paths", "stored_fields"):
        _gather_strings(file, name, stored)
    _gather_texts(file, segments)
    fingerprints = [(segment.fingerprint_file, segment.live_docs) for segment in segments]
    for name in ("sizes", "mtimes"):
        _gather_column(file, name, fingerprints)
    _gather_strings(file, "digests", fingerprints)


def _gather_column(file: ArrayFileWriter, name: str, parts: Sequence[_Part]) -> None:
    columns = [(source.array(name), live) for source, live in parts]
    kept = (column if live is None else column[live] for column, live in columns)
    file.stream(name, columns[0][0].dtype, kept)


def _gather_strings(file: ArrayFileWriter, name: str, parts: Sequence[_Part]) -> None:
    sizes: list[Array] = []

    def chunks() -> Iterator[Array]:
        for source, live in parts:
            size = sizes_between(source.array(f"{name}.offsets"))
            sizes.append(size if live is None else size[live])
            data = source.array(name)
            yield data if live is None else data[np.repeat(live, size)]

    file.stream(name, np.uint8, chunks())
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    file.add(f"{name}.offsets", narrowest(offsets.astype(np.uint64)))


def _gather_facet(file: ArrayFileWriter, name: str, segments: Sequence[Segment]) -> None:
    facets = [segment.facet(name) for segment in segments]
    counts, rows = [], []
    for segment, facet in zip(segments, facets, strict=True):
        count = sizes_between(facet.starts)
        counts.append(count if segment.live_docs is None else count[segment.live_docs])
        rows.append(
            facet.ordinals if segment.live_docs is None else facet.ordinals[np.repeat(segment.live_docs, count)]
        )
    gathered = _gather_keys(file, f"facet.{name}", [facet.values for facet in facets], rows)
    file.add(f"facet.{name}.starts", starts_of(np.concatenate(counts)))
    file.add(f"facet.{name}.ordinals", gathered)


def _gather_keys(
    file: ArrayFileWriter, name: str, dictionaries: Sequence[TermDictionary], rows: Sequence[Array]
) -> Array:
    """Writes the union of the keys that `rows` (numbers in each dictionary) use; returns all rows, renumbered."""
    used = [np.unique(row) for row in rows]
    keys = [[d.bytes_at(number) for number in own] for d, own in zip(dictionaries, used, strict=True)]
    union = sorted(set().union(*keys))
    write_terms(file, name, union)
    numbers = {key: number for number, key in enumerate(union)}
    renumbered = []
    for row, own, mine in zip(rows, used, keys, strict=True):
        target = np.fromiter(map(numbers.__getitem__, mine), np.uint32, len(mine))
        renumbered.append(target[np.searchsorted(own, row)])
    return np.concatenate(renumbered)


def _ids(segment: Segment) -> Iterator[bytes]:
    """Ids of the live documents, in the order of their doc ids."""
    ids = segment.ids.all_bytes()
    order = segment.id_order if segment.live_docs is None else segment.id_order[segment.live_docs]
    return map(ids.__getitem__, order.tolist())


def _gather_texts(file: ArrayFileWriter, segments: Sequence[Segment]) -> None:
    blocks = TextStoreWriter()

    def chunks() -> Iterator[Array]:
        for segment in segments:
            for block in _text_blocks(segment, blocks):
                yield np.frombuffer(block, np.uint8)
        for block in blocks.flush():
            yield np.frombuffer(block, np.uint8)

    file.stream("texts", np.uint8, chunks())
    blocks.write_index(file)


def _text_blocks(segment: Segment, blocks: TextStoreWriter) -> Iterator[bytes | memoryview]:
    """Text blocks of a segment, unchanged; small blocks and those with deleted documents are packed again."""
    file, texts = segment.data.file, segment.data.texts
    sizes, firsts = file.array("texts.sizes"), file.array("texts.first")
    live = np.ones(segment.size, np.bool_) if segment.live_docs is None else segment.live_docs
    whole = np.logical_and.reduceat(live, firsts) & (np.add.reduceat(sizes, firsts, dtype=np.int64) >= BLOCK_BYTES // 2)
    changes = np.flatnonzero(whole[1:] != whole[:-1]) + 1
    for first, last in pairwise([0, *changes.tolist(), len(firsts)] if len(firsts) else ()):
        start, stop = int(firsts[first]), int(firsts[last]) if last < len(firsts) else segment.size
        if whole[first]:
            yield from blocks.flush()
            counts = np.diff(firsts[first:last], append=np.uint32(stop))
            blocks.add_packed(sizes_between(file.array("texts.offsets")[first : last + 1]), counts, sizes[start:stop])
            yield texts.packed(first, last)
        else:
            for number in range(first, last):
                yield from _repacked(segment, number, blocks)


def _repacked(segment: Segment, number: int, blocks: TextStoreWriter) -> Iterator[bytes]:
    firsts = segment.data.file.array("texts.first")
    start, stop = int(firsts[number]), int(firsts[number + 1]) if number + 1 < len(firsts) else segment.size
    live = [True] * (stop - start) if segment.live_docs is None else segment.live_docs[start:stop].tolist()
    if not any(live):
        return
    data, place = segment.data.texts.block(number), 0
    for is_live, size in zip(live, segment.data.file.array("texts.sizes")[start:stop].tolist(), strict=True):
        if is_live:
            yield from blocks.add(data[place : place + size])
        place += size

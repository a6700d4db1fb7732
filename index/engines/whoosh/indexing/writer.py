"""Writer: a batch of changes becomes new segments, deletions and merges, committed as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from backfile.index.analysis.term_ids import Encoder
from backfile.index.engine import Changes, FingerprintedDocument
from backfile.index.engines.repeated_ids import RepeatedIds
from backfile.index.engines.whoosh.codec.whoosh_codec import new_segment_name
from backfile.index.engines.whoosh.indexing.merge_policy import segments_to_merge
from backfile.index.engines.whoosh.indexing.pending_commit import PendingCommit, PendingSegment, data_name
from backfile.index.engines.whoosh.indexing.segment_merger import merge_segments
from backfile.index.engines.whoosh.indexing.segment_workers import segment_workers
from backfile.index.engines.whoosh.indexing.segment_writer import write_segment
from backfile.index.errors import SearchError
from backfile.index.processes import cores

SEGMENT_TEXT = 16 << 20
"""Characters of text inverted together; inversion takes about thirteen times as many bytes of memory."""
SEGMENT_DOCUMENTS = 1 << 16
MOST_WORKERS = 6
"""Processes that invert at the same time at most, so that together they stay below 2 GB."""


def write(folder: Path, changes: Changes) -> None:
    """Commits a batch of changes; see `index.engine.Engine.write`. The caller holds the write lock.

    Raises `IndexUnusable`, and `SearchError` when the disk is full or fails; then nothing has changed.
    """
    with _disk_errors(folder):
        pending = PendingCommit(folder, changes.languages, changes.stamp, changes.stories)
    old = list(pending.segments)
    try:
        _apply(pending, old, changes)
        with _disk_errors(folder):
            _commit(pending)
    finally:
        with _disk_errors(folder):
            pending.remove_leftovers()


def _commit(pending: PendingCommit) -> None:
    if not pending.differs():
        return
    pending.commit()
    # Readers see the commit already: merging delays none of them.
    while chosen := _to_merge(pending):
        _merge(pending, chosen)
        pending.commit()


def _to_merge(pending: PendingCommit) -> list[PendingSegment]:
    places = segments_to_merge([(each.segment.size, each.segment.live_count) for each in pending.segments])
    return [pending.segments[place] for place in places]


def _apply(pending: PendingCommit, old: list[PendingSegment], changes: Changes) -> None:
    new, put = _put(pending, changes.put)
    removed = put.union(changes.drop)
    for segment in old:
        segment.delete(removed)
        segment.touch(changes.touch)
    if len(new) > 1:
        with _disk_errors(pending.folder):
            _merge_new(pending, new)


def _merge_new(pending: PendingCommit, new: list[PendingSegment]) -> None:
    """Merges the segments of a large batch before its commit, with those that the merge policy adds to them."""
    chosen = _to_merge(pending)
    touched = any(segment.touched for segment in chosen)  # only a commit writes their new fingerprints
    _merge(pending, new if touched or len(chosen) < len(new) else chosen)


def _put(pending: PendingCommit, items: Iterable[FingerprintedDocument]) -> tuple[list[PendingSegment], set[str]]:
    """Writes documents as new segments; returns these and the ids. The last document of an id counts."""
    ids = RepeatedIds()
    new = _write_batches(pending, _batches(ids.first(items)))
    for segment in new:
        segment.delete(ids.again)
    new += _write_batches(pending, _batches(iter(ids.again.values())))
    return new, ids.seen


def _batches(items: Iterator[FingerprintedDocument]) -> Iterator[list[FingerprintedDocument]]:
    batch: list[FingerprintedDocument] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item[0].text)
        if size >= SEGMENT_TEXT or len(batch) >= SEGMENT_DOCUMENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write_batches(pending: PendingCommit, batches: Iterator[list[FingerprintedDocument]]) -> list[PendingSegment]:
    """Writes a segment a batch; several batches are written on all cores."""
    first = next(batches, None)
    if first is None:
        return []
    second = next(batches, None)
    workers_wanted = min(cores(), MOST_WORKERS)
    if second is None or workers_wanted == 1:
        encoder = Encoder()
        rest = batches if second is None else chain([second], batches)
        return [_write_batch(pending, batch, encoder) for batch in chain([first], rest)]
    names = []
    with segment_workers(workers_wanted) as workers:
        for batch in chain([first, second], batches):
            names.append(new_segment_name())
            with _disk_errors(pending.folder):
                workers.write(pending.folder / data_name(names[-1]), batch)
        with _disk_errors(pending.folder):
            workers.finish()
    return [pending.add(name) for name in names]


def _write_batch(pending: PendingCommit, batch: list[FingerprintedDocument], encoder: Encoder) -> PendingSegment:
    name = new_segment_name()
    with _disk_errors(pending.folder):
        write_segment(pending.folder / data_name(name), batch, encoder)
    return pending.add(name)


def _merge(pending: PendingCommit, segments: list[PendingSegment]) -> None:
    live = [segment.segment for segment in segments if segment.segment.live_count]
    name = new_segment_name() if live else None
    if name:
        merge_segments(pending.folder / data_name(name), live)
    pending.replace_segments(segments, name)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SearchError(
            f"the index in {folder} could not be written: {error}",
            hint="the last commit is untouched; make room or mend the disk, then run `backfile index`",
        ) from error

"""Pending commit: segments with their deletions and renewed fingerprints, made durable as a whole."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from backfile.index.engine import Fingerprint
from backfile.index.engines.whoosh.codec.whoosh_codec import ArraySegment, table_of_contents
from backfile.index.engines.whoosh.codec.write_lock import LOCK_NAME
from backfile.index.engines.whoosh.indexing.segment_writer import write_fingerprints
from backfile.index.engines.whoosh.storage.array_file import (
    Array,
    ArrayFile,
    ArrayFileWriter,
    encode,
    sync_folder,
    write_durably,
    writing,
)
from backfile.index.engines.whoosh.storage.commit_reader import open_commit, open_segment
from backfile.index.engines.whoosh.storage.damage import DAMAGE_MARK
from backfile.index.engines.whoosh.storage.manifest import Manifest, SegmentEntry, is_ours, manifest_name, toc_name
from backfile.index.engines.whoosh.storage.segment import ID_ARRAYS, Segment
from backfile.index.engines.whoosh.storage.stem_table import write_stem_table
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary, write_terms

_LOOKUP_COST = 16  # ids read in the time of one look-up


@dataclass
class PendingSegment:
    """Segment of a pending commit: its files, and the changes that they do not hold yet."""

    entry: SegmentEntry
    segment: Segment
    changed: bool = False
    touched: dict[int, Fingerprint] = field(default_factory=dict)
    has_leads: bool = False  # those of the commit
    leads: dict[int, str] | None = None  # that differ from those in its file: lead by doc id

    def set_stories(self, stories: Mapping[str, str]) -> None:
        """Sets the leads of all its documents, by the ids of both."""
        numbers = self._numbers(stories).tolist()
        leads = {number: stories[self._id(number)] for number in sorted(numbers)}
        docs, known = self.segment.story_leads()
        self.has_leads = True
        self.leads = None if leads == dict(zip(docs.tolist(), known, strict=True)) else leads

    def stories(self) -> dict[str, str]:
        """Id of each live document that is a copy → id of its lead."""
        docs, leads = self.segment.story_leads()
        live = self.segment.live_docs
        found = zip(docs.tolist(), leads, strict=True) if self.leads is None else self.leads.items()
        return {self._id(number): lead for number, lead in found if live is None or live[number]}

    def _id(self, number: int) -> str:
        return self.segment.ids[int(self.segment.id_order[number])]

    def delete(self, ids: Collection[str]) -> None:
        """Deletes the documents with these ids, as far as the segment has them."""
        numbers = self._numbers(ids)
        if len(numbers):
            live = (
                np.ones(self.segment.size, np.bool_)
                if self.segment.live_docs is None
                else self.segment.live_docs.copy()
            )
            live[numbers] = False
            self.segment.set_live_docs(live)
            self.changed = True

    def touch(self, fingerprints: Mapping[str, Fingerprint]) -> None:
        """Renews the fingerprints of the live documents with these ids, as far as the segment has them."""
        for number in self._numbers(fingerprints).tolist():
            self.touched[number] = fingerprints[self._id(number)]

    def _numbers(self, ids: Collection[str]) -> Array:
        """Doc ids of the live documents with these ids."""
        segment = self.segment
        if len(ids) * _LOOKUP_COST < segment.size:
            found = [segment.number(article_id) for article_id in ids]
            return np.array([number for number in found if number >= 0], np.int64)
        wanted = ids if isinstance(ids, set | Mapping) else set(ids)
        known = segment.ids.texts()
        places = [place for place, article_id in enumerate(known) if article_id in wanted]
        numbers = segment.data.file.array("id_documents")[places].astype(np.int64)
        return numbers if segment.live_docs is None else numbers[segment.live_docs[numbers]]


class PendingCommit:
    """Next commit of an index whose write lock is held."""

    def __init__(
        self, folder: Path, languages: tuple[str, ...], stamp: str, stories: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.languages = languages
        self.stamp = stamp
        self._commit = open_commit(folder)
        self.segments = [
            PendingSegment(entry, segment)
            for entry, segment in zip(self._entries(), self._commit.segments, strict=True)
        ]
        self._require_ids()
        self.remove_leftovers()
        self._stories = self._take_over(stories)

    def _take_over(self, stories: Mapping[str, str] | None) -> Mapping[str, str]:
        """Stories of the commit: those given, or else those of the commit before it, which its segments have."""
        known = {article_id: lead for each in self.segments for article_id, lead in each.stories().items()}
        for segment in self.segments:
            segment.has_leads = stories is None or stories == known
        return known if stories is None else stories

    def _require_ids(self) -> None:
        """Verifies the arrays by which documents are replaced. Raises `IndexUnusable`."""
        for segment in self._commit.segments:
            segment.data.file.require(ID_ARRAYS)

    def _entries(self) -> tuple[SegmentEntry, ...]:
        return self._commit.manifest.segments if self._commit.manifest else ()

    def add(self, name: str) -> PendingSegment:
        """Adds a new segment whose file is written."""
        entry = SegmentEntry(name, data_name(name))
        added = PendingSegment(entry, open_segment(self.folder, entry, 0))
        self.segments.append(added)
        return added

    def replace_segments(self, old: Iterable[PendingSegment], name: str | None) -> None:
        """Replaces merged segments by the new one (None: no live documents were left)."""
        gone = {id(segment) for segment in old}
        self.segments = [segment for segment in self.segments if id(segment) not in gone]
        if name:
            self.add(name)

    def differs(self) -> bool:
        """Whether there is a change to commit."""
        self._set_stories()
        manifest = self._commit.manifest
        return (
            manifest is None
            or (manifest.languages, manifest.stamp) != (self.languages, self.stamp)
            or tuple(segment.entry for segment in self.segments) != manifest.segments
            or any(each.changed or each.touched or each.leads is not None for each in self.segments)
        )

    def _set_stories(self) -> None:
        for segment in self.segments:
            if not segment.has_leads:
                segment.set_stories(self._stories)

    def commit(self) -> None:
        """Makes this the newest commit, durable against a loss of power when it returns."""
        number = self._commit.number + 1
        self.segments = [segment for segment in self.segments if segment.segment.live_count]
        self._set_stories()
        for segment in self.segments:
            self._finish(segment, number)
        # Largest first, so that most documents get small doc ids.
        self.segments.sort(key=lambda segment: -segment.segment.size)
        entries = tuple(segment.entry for segment in self.segments)
        toc = table_of_contents(
            [ArraySegment(each.entry, each.segment.size, each.segment.live_count) for each in self.segments], number
        )
        manifest = Manifest(
            generation=number,
            languages=self.languages,
            stamp=self.stamp,
            segments=entries,
            files={
                name: ArrayFile.open(self.folder / name, budget=0).crc for entry in entries for name in entry.files()
            },
            toc=(len(toc), zlib.crc32(toc)),
        )
        write_durably(self.folder / manifest_name(number), manifest.pack())
        sync_folder(self.folder)  # the files must be durable before the table of contents that names them
        write_durably(self.folder / toc_name(number), toc)
        sync_folder(self.folder)
        self._commit = open_commit(self.folder, self._commit)
        for pending, opened in zip(self.segments, self._commit.segments, strict=True):
            pending.segment, pending.changed, pending.touched, pending.leads = opened, False, {}, None
        self.remove_leftovers()

    def _finish(self, pending: PendingSegment, number: int) -> None:
        """Writes the changes of a segment as new files; files named by a commit never change."""
        entry, segment = pending.entry, pending.segment
        if pending.changed and segment.live_docs is not None:
            entry = replace(entry, live_docs=f"{entry.name}.{number}.livedocs")
            with writing(self.folder / str(entry.live_docs)) as file:
                file.add("live_docs", segment.live_docs.view(np.uint8))
        if pending.touched:
            entry = replace(entry, fingerprints=f"{entry.name}.{number}.fingerprints")
            _write_touched(self.folder / str(entry.fingerprints), segment, pending.touched)
        if pending.leads is not None:
            entry = replace(entry, stories=f"{entry.name}.{number}.stories")
            with writing(self.folder / str(entry.stories)) as file:
                _write_stories(file, pending.leads)
        stems = {}
        for language in self.languages:
            stems[language] = entry.stems.get(language) or f"{entry.name}.{language}.stems"
            if language not in entry.stems:
                write_stem_table(self.folder / stems[language], segment.data.file, language)
        pending.entry = replace(entry, stems=stems)

    def remove_leftovers(self) -> None:
        """Removes files of earlier commits and of killed writers."""
        kept = {LOCK_NAME, DAMAGE_MARK}
        manifest = self._commit.manifest
        if manifest:
            kept |= {*manifest.files, toc_name(manifest.generation), manifest_name(manifest.generation)}
        leftovers = [path for path in self.folder.iterdir() if is_ours(path.name) and path.name not in kept]
        # Tables of contents first: none may remain without the files that it names.
        for path in sorted(leftovers, key=lambda path: path.suffix != ".toc"):
            path.unlink()


def data_name(segment_name: str) -> str:
    """Name of the file of a segment."""
    return f"{segment_name}.arrays"


def _write_stories(file: ArrayFileWriter, leads: Mapping[int, str]) -> None:
    """Writes the leads by doc id as `docs`, `leads` (each once) and `ordinals`."""
    distinct = sorted(set(map(encode, leads.values())))
    numbers = {lead: number for number, lead in enumerate(distinct)}
    file.add("docs", np.array(list(leads), np.uint32))
    write_terms(file, "leads", distinct)
    file.add("ordinals", np.array([numbers[encode(lead)] for lead in leads.values()], np.uint32))


def _write_touched(path: Path, segment: Segment, touched: Mapping[int, Fingerprint]) -> None:
    segment.fingerprint_file.require(("sizes", "mtimes", "digests", "digests.offsets"))
    digests = TermDictionary.read(segment.fingerprint_file, "digests").texts()
    sizes, mtimes = segment.fingerprint_file.array("sizes").tolist(), segment.fingerprint_file.array("mtimes").tolist()
    fingerprints = [Fingerprint(*known) for known in zip(sizes, mtimes, digests, strict=True)]
    for number, fingerprint in touched.items():
        fingerprints[number] = fingerprint
    with writing(path) as file:
        write_fingerprints(file, fingerprints)

"""Update of the stories of an archive: the signatures of what a synchronization read, and who is a copy of whom.

Signatures are kept beside the index, by id and the digest of the file; those that are missing or of another file are
made of the texts in the index. docs/decisions/copies.md gives the reasons.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from backfile.archive.storage.library_settings import LibrarySettings
from backfile.index.copies.grouping import Grouping, SignedArticle
from backfile.index.copies.series_test import TitledText, are_series
from backfile.index.copies.shingles import ShingleReader, Shingles, jaccard
from backfile.index.copies.signature_table import FILE_NAME, SignatureTable, SignedFile
from backfile.index.engine import Document
from backfile.index.status import Status
from backfile.index.sync.reader import ReadResult

log = logging.getLogger("backfile.index")

ReadDocument = Callable[[str], Document]
"""Reader of a document by its id."""

SIMILARITY = 0.8
"""Jaccard index of the shingles from which on two texts are copies."""
_RULES = 2  # version of the rules by which articles are copies: under another one all are grouped anew
_AT_ONCE = 1_000  # articles a transaction
_MOST_CHANGED = 200  # articles that are grouped one by one; more are grouped together with all others
_COMPARED = 1_000  # texts held for the comparison with others

_Value = TypeVar("_Value")


class CopyUpdate:
    """Update of the table of signatures in a cache folder, and of the stories in the index.

    `stamp` is that of the reading rules: signatures of another one are forgotten.
    """

    def __init__(self, folder: Path, settings: LibrarySettings, stamp: str, status: Status) -> None:
        self._table = SignatureTable.open(folder / FILE_NAME)
        self._is_on, self._days = settings.find_copies, settings.copies_days
        self._rules = f"{_RULES} {stamp} {self._days}" if self._is_on else "off"
        self._stamp, self._status = stamp, status
        self._pending: list[SignedFile] = []
        self._before: list[SignedArticle] = []  # the changed articles as they were
        self._changed: set[str] = set()
        self._is_settled = self._safely(lambda: self._begin(status))

    def close(self) -> None:
        """Closes the table."""
        self._table.close()

    def _begin(self, status: Status) -> bool:
        """Whether the table has the stories that the index has; else all articles are grouped."""
        if self._table.state("stamp") != self._stamp:
            self._table.clear()
            self._table.set_state("stamp", self._stamp)
        return self._table.state("settled") == self._token(status)

    def _token(self, status: Status) -> str:
        return f"{self._rules} {status.generation} {status.documents}"

    def record(self, result: ReadResult, digest: str) -> None:
        """Records the signature of an article that was read from a file with a digest."""
        if result.document is None or result.signature is None:
            return
        article = SignedArticle.of(result.document.id, result.document.metadata.date, result.signature)
        self._pending.append(SignedFile(article, digest))
        if len(self._pending) >= _AT_ONCE:
            self._safely(self._flush)

    def find_stories(
        self, dropped: Collection[str], files: Mapping[str, str], read: ReadDocument
    ) -> Mapping[str, str] | None:
        """Stories after the next commit, as `Changes.stories`; None if they are as in the index.

        `files` maps the ids of all articles to digests, without those `dropped` with that commit; `read` gives their
        documents, as far as they are needed.
        """
        if self._is_on:
            return self._safely(lambda: self._find_stories(dropped, files, read))
        is_known = self._is_settled or not self._status.copies
        self._is_settled = True
        return None if is_known else {}

    def settle(self, status: Status) -> None:
        """Notes that the newest commit, of which this is the status, has the stories found last."""
        token = self._token(status)
        if self._safely(lambda: self._table.state("settled")) != token:
            self._safely(lambda: self._table.set_state("settled", token))

    def _safely(self, action: Callable[[], _Value]) -> _Value:
        """Carries out an action; anew, on an empty table, if the one that was there is damaged."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            log.warning("The signatures of copies are damaged (%s): they are made anew.", error)
            self._table.rebuild()
            self._table.set_state("stamp", self._stamp)
            self._is_settled = False
            return action()

    def _flush(self) -> None:
        """Writes what was recorded. From then on the stories are not settled until they were found."""
        if not self._pending:
            return
        with self._table.transaction():
            self._table.set_state("settled", "")
            self._note_changed([each.article.id for each in self._pending])
            self._table.put(self._pending)
        self._pending.clear()

    def _note_changed(self, article_ids: Collection[str]) -> None:
        if self._is_settled:
            self._before += self._table.find(article_ids)
            self._changed.update(article_ids)
            self._is_settled = len(self._changed) <= _MOST_CHANGED

    def _find_stories(
        self, dropped: Collection[str], files: Mapping[str, str], read: ReadDocument
    ) -> Mapping[str, str] | None:
        self._flush()
        if self._is_settled:
            self._remove(dropped)
        if not self._is_settled:  # after a killed run, or one of another machine, anything may be missing
            self._complete(files, read)
        if self._is_settled and not self._changed:
            return None
        reader = _Comparison(read)
        grouping = Grouping(self._table.articles(), self._days, reader.is_copy)
        stories = self._update_around(grouping) if self._is_settled else grouping.stories()
        with self._table.transaction():
            self._table.set_stories(stories)
        had_none = not self._is_settled and not self._status.copies
        self._before, self._changed, self._is_settled = [], set(), True
        return None if had_none and not stories else stories

    def _update_around(self, grouping: Grouping) -> dict[str, str]:
        """Stories after the changes: those of all articles that they do not touch stay."""
        changed = [*self._before, *(each for each in grouping.articles if each.id in self._changed)]
        found, touched = grouping.stories_around(changed)
        known = self._table.stories()
        return {each: known[each] for each in known if each not in touched and each not in self._changed} | found

    def _remove(self, article_ids: Collection[str]) -> None:
        if article_ids:
            with self._table.transaction():
                self._table.set_state("settled", "")
                self._note_changed(article_ids)
                self._table.remove(article_ids)

    def _complete(self, files: Mapping[str, str], read: ReadDocument) -> None:
        """Removes articles that are gone, and signs those without a signature of their file."""
        known = self._table.digests()
        self._remove(known.keys() - files.keys())
        unsigned = [each for each in files if known.get(each) != files[each]]
        shingles = ShingleReader()
        with self._table.transaction():
            for start in range(0, len(unsigned), _AT_ONCE):
                documents = [read(each) for each in unsigned[start : start + _AT_ONCE]]
                signatures = shingles.signatures([each.text for each in documents])
                self._table.put(
                    SignedFile(SignedArticle.of(each.id, each.metadata.date, signature), files[each.id])
                    for each, signature in zip(documents, signatures, strict=True)
                )


class _Comparison:
    """Comparison of articles by their texts, which are read when they are needed."""

    def __init__(self, read: ReadDocument) -> None:
        self._shingles = ShingleReader()
        self._read = lru_cache(_COMPARED)(read)
        self._shingles_of = lru_cache(_COMPARED)(self._read_shingles)
        self._titled = lru_cache(_COMPARED)(self._read_titled)

    def _read_shingles(self, article_id: str) -> Shingles:
        return self._shingles.shingles(self._read(article_id).text)

    def _read_titled(self, article_id: str) -> TitledText:
        document = self._read(article_id)
        return TitledText(document.metadata.title, document.text)

    def is_copy(self, one: SignedArticle, other: SignedArticle) -> bool:
        """Whether the texts of two articles are copies of each other."""
        if jaccard(self._shingles_of(one.id), self._shingles_of(other.id)) < SIMILARITY:
            return False
        return not are_series(self._titled(one.id), self._titled(other.id), same_day=one.is_of_day(other))

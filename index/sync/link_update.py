"""Update of the index of links: the addresses and links of the articles that a synchronization read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from backfile.archive.availability.states import READABLE, State
from backfile.archive.links.link_index import FILE_NAME, LinkIndex
from backfile.archive.links.link_resolver import LinkResolver, resolve_open_links
from backfile.archive.metadata.series import SeriesEntry, SeriesPart
from backfile.archive.storage.library import Library, printable
from backfile.index.engine import Document
from backfile.index.sync.move_update import refresh_moves
from backfile.index.sync.reader import ReadResult

_CHUNK = 1_000  # articles a transaction


class LinkUpdate:
    """Update of the index of links in a cache folder, in steps that readers see as a whole."""

    def __init__(self, folder: Path, library: Library, now: datetime) -> None:
        self._index = LinkIndex.write(folder / FILE_NAME)
        self._library, self._now = library, now
        self._pending: list[ReadResult] = []  # without their texts
        self._seen: set[str] = set()

    @property
    def stamp(self) -> str:
        """Stamp under which the index has every article."""
        return self._index.stamp

    def begin_anew(self, stamp: str) -> None:
        """Empties the index, for a search index without articles."""
        self._index.begin()
        self._index.clear()
        self._index.set_stamp(stamp)
        self._index.commit()

    def record(self, result: ReadResult) -> None:
        """Records a file that was read; one that is no article, or is not to be read now, is removed."""
        document = result.document and replace(result.document, text="")
        self._pending.append(replace(result, document=document))
        if len(self._pending) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Writes what was recorded."""
        if not self._pending:
            return
        self._index.begin()
        for result in self._pending:
            put_links(self._index, result, self._now)
            self._seen.add(result.path)
        self._index.commit()
        self._pending.clear()

    def finish(self, stamp: str, removed: Iterable[str], *, read_all: bool) -> None:
        """Removes articles that are gone, notes the files beside them and the moves, and resolves links."""
        self.flush()
        index = self._index
        index.begin()
        index.remove([*removed, *(index.paths() - self._seen if read_all else ())])
        refresh_moves(index, self._library)
        resolve_links(index, self._library)
        if index.stamp != stamp:
            index.set_stamp(stamp)
        index.commit()
        index.seal()

    def close(self) -> None:
        """Closes the index."""
        self._index.close()


def put_links(index: LinkIndex, result: ReadResult, now: datetime) -> None:
    """Puts the addresses and links of a file that was read into an index.

    One that is no article, or cannot be read at the moment `now`, is removed.
    """
    state = result.availability.state(now)
    if result.document is not None and state in READABLE:
        is_listed = state is State.PUBLISHED
        index.put(
            result.path,
            result.document.id,
            result.addresses,
            result.links,
            former=result.former,
            series=series_entries(result.document, result.series),
            is_listed=is_listed,
        )
    elif printable(result.path) == result.path:  # a file whose name is not UTF-8 was never an article
        index.remove([result.path])


def series_entries(document: Document, parts: Iterable[SeriesPart]) -> list[SeriesEntry]:
    """Entries of an article in the series that it is a part of."""
    metadata = document.metadata
    date, language = str(metadata.date or ""), metadata.language or ""
    return [SeriesEntry(each.key, each.number, date, document.id, language) for each in parts]


def resolve_links(index: LinkIndex, library: Library) -> None:
    """Notes the files beside the articles of a library and resolves the links that are not yet, or no longer."""
    index.put_files(chain(library.walk_assets(), library.walk_sections()))
    resolve_open_links(index, LinkResolver(index, library.names.known))

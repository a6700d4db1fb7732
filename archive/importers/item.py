"""Contract of an import format: the `Format` protocol, the probe it detects a source by, and the items it reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from backfile.archive.errors import ArchiveError
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import read_bytes

PROBE_BYTES = 64 * 1024

ITEM_FAILURES = (ArchiveError, OSError, ValueError, RecursionError)
"""Errors of one item: it is reported, and the others of its source come in all the same."""

ONLY_A_LINK = "only a link; use --fetch"
"""Reason why an entry without text is skipped if nothing may be fetched."""

_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asset:
    """File that belongs to an item, such as an image: `name` as the body refers to it, `load` reads its bytes."""

    name: str
    load: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Item:
    """Article of a source, its body already clean Markdown.

    `origin` identifies it within the source for good (a URL, a GUID, a path below the source): it is the same at every
    import, whatever else changed. `also_at` holds further addresses of the same text. `links` maps destinations in the
    body to the origins of the items that they lead to. `extra` holds further front matter keys. `notes` are warnings
    for a person: an unclear date, a missing image.
    """

    origin: str
    metadata: ArticleMetadata
    body: str
    also_at: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    assets: tuple[Asset, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Entry of a source that is left out on purpose (a draft, a menu entry, an empty page), with the reason."""

    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Entry of a bibliography, as the article that it would be.

    The article has a body if there is an abstract, a note or a file. An entry without one is only a reference, which
    can fill in what an article that is there already lacks: its `abstract` is a summary there.
    """

    item: Item
    abstract: str = ""


ImportEvent = Item | Reference | Skipped | Problem


@dataclass(frozen=True, slots=True)
class Probe:
    """Evidence that a format detects a source by: its path and its first `PROBE_BYTES` bytes.

    For a folder `head` is empty and `names` holds up to 1,000 relative paths below it.
    """

    path: Path
    is_folder: bool
    head: bytes
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchResponse:
    """Response to a fetch: the URL after redirects, the value of the Content-Type header, and the body."""

    url: str
    content_type: str
    body: bytes

    @property
    def media_type(self) -> str:
        """Media type in lower case, without parameters; empty if the header is missing."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """Encoding that the header declares."""
        found = _CHARSET.search(self.content_type)
        return found[1] if found else None


def _unlimited() -> None:
    """Begins an item that may take any time."""


@dataclass(frozen=True, slots=True)
class ImportContext:
    """Options of an import, and the services that a format may use.

    `fetch` is the only access to the web, or None if nothing may be fetched. `columns` maps field names to the column
    names of a table. `language` is for items that do not state theirs. `url` is the URL that the source was fetched
    from, if it was. `day_first`: whether `3/4/2019` is 3 April; None if unknown. `begin` is called before each item
    of a source with several, `begin_part` before each part of one whose items may go on in the next part (files of a
    book): both raise `ArchiveError` for one that takes too long to read.
    """

    fetch: Callable[[str], FetchResponse] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    url: str | None = None
    day_first: bool | None = None
    begin: Callable[[], None] = _unlimited
    begin_part: Callable[[], None] = _unlimited


class Format(Protocol):
    """Import format. Modules in `formats` satisfy it by their module-level names; `sources.registry` lists them."""

    KIND: str
    """Name of the format on the command line (`--as`) and in the provenance of its articles."""

    TITLE: str
    """Name of the format for people."""

    def detect(self, probe: Probe) -> int:
        """Confidence that the source has this format, from 0 (not at all) to 100 (its signature is there).

        Reads nothing but the probe.
        """

    def count(self, path: Path, context: ImportContext) -> int | None:
        """Approximate number of items, for the progress display; None if only reading all of it would tell.

        May raise `ArchiveError`, `OSError` or `ValueError`.
        """

    def read(self, path: Path, context: ImportContext) -> Iterator[ImportEvent]:
        """Yields the items of the source one by one, in flat memory.

        A bad item is a `Problem`. `ArchiveError`, `OSError` and `ValueError` end the import of the source.
        """


def read_file(path: Path) -> bytes:
    """Content of a source file. Raises `ArticleUnreadable` if it is too large or no regular file, and `OSError`."""
    real = path.resolve()
    return read_bytes(str(real), str(real.parent))


def problem_from(path: str, error: Exception) -> Problem:
    """Problem of the item at `path` for which `error` was raised."""
    if isinstance(error, OSError) and error.strerror:
        return Problem(path, None, error.strerror + (f": {error.filename}" if error.filename else ""))
    return Problem(path, None, str(error) or type(error).__name__, getattr(error, "hint", ""))

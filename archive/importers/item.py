"""What an importer hands over: items on their way to becoming articles, and the probe it detect a source by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

PROBE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that belongs to an item (an image, say): `name` as the body refers to it, `load` reads its bytes."""

    name: str
    load: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Item:
    """One article as a source has it, its body already clean Markdown.

    `origin` names it within the source for good (a URL, a GUID, a path below the source): the same item has the same
    origin at every import, whatever else about it changed. `also_at` are further addresses of the same text. `links`
    are addresses in the body that lead to other items of the source: as it stands there → the origin of that item.
    `notes` say what a person should look at although the item came through: a date that is none, a missing picture.
    """

    origin: str
    title: str
    body: str
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    date: PartialDate | None = None
    updated: PartialDate | None = None
    summary: str | None = None
    source: Source | None = None
    language: str | None = None
    also_at: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    assets: tuple[Asset, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a source that is left out on purpose (a draft, a menu entry, an empty page), and why."""

    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What a kind is recognised by: where the source is, whether it is a folder, and its first `PROBE_BYTES` bytes.

    For a folder `head` is empty and `names` holds up to 1,000 relative paths below it.
    """

    path: Path
    is_folder: bool
    head: bytes
    names: tuple[str, ...] = ()


ImportEvent = Item | Skipped | Problem


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What the person asked for and what an importer may use.

    `fetch` gets the bytes and content type of a URL through the one fetcher, or is None when nothing may be fetched;
    `columns` maps our field names to the column names of a table; `language` is for items that leave theirs out.
    `url` is the address that the file at `path` was fetched from, if the source was named by one. `day_first` says how
    `3/4/2019` is meant, None that it is not known.
    """

    fetch: Callable[[str], FetchResponse] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    url: str | None = None
    day_first: bool | None = None


@dataclass(frozen=True, slots=True)
class FetchResponse:
    """An answer of the fetcher: the address it came from after redirects, its content type and its bytes."""

    url: str
    content_type: str
    body: bytes


class Format(Protocol):
    """A kind of source. Modules in this package satisfy it by their module-level names.

    A module may also have `count(path, context) -> int | None`: how many items there will be, roughly and at little
    cost, for the remaining time that is shown; None if this would mean reading it all.
    """

    KIND: str
    TITLE: str

    def detect(self, probe: Probe) -> int:
        """How surely this source is of the kind, 0 (not at all) to 100 (its signature is there). Reads nothing more."""

    def read(self, path: Path, context: ImportContext) -> Iterator[ImportEvent]:
        """The items of the source one by one, in flat memory; a bad item is a `Problem`, never an exception."""

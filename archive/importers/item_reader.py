"""Reader of the items of sources in a helper process: each item within a time, after which the next one follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from backfile.archive.errors import ArchiveError, HelperEnded
from backfile.archive.helper_process import HelperProcess, begin_step, end_step
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    Asset,
    FetchResponse,
    ImportContext,
    ImportEvent,
    Item,
    Reference,
)
from backfile.archive.importers.library.assets import is_admitted
from backfile.archive.importers.sources.detection import AnySource, ImportSource
from backfile.archive.storage.durable_files import MAX_BYTES

MAX_LOST = 20  # items of one source that end the helper, before the source is given up


@dataclass(frozen=True, slots=True)
class _Request:
    """Request to read a source, or to count its items.

    Items or parts with numbers in `lost` ended an earlier helper, with these errors. Items up to the last of them are
    left out. The parts of a source that has any (`is_in_parts`) are read again, because an item may consist of several,
    and the first `sent` events are left out.
    """

    source: ImportSource
    context: ImportContext
    may_fetch: bool
    counts_only: bool = False
    lost: Mapping[int, HelperEnded] = field(default_factory=dict)
    is_in_parts: bool = False
    sent: int = 0

    @property
    def resume_at(self) -> int:
        """Number of the last item that ended a helper; 0 if none did."""
        return max(self.lost, default=0)


@dataclass(frozen=True, slots=True)
class _Begun:
    """Message of the helper that an item begins, or a part of one."""

    is_part: bool


@dataclass(frozen=True, slots=True)
class _Fetch:
    """Message of the helper that it needs the page at a URL."""

    url: str


@dataclass(frozen=True, slots=True)
class _End:
    """Last message about a request: a number of items, or the error with which reading ended."""

    count: int | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _LoadedAsset:
    """Content of an asset, or the error of loading it; called in the place of `Asset.load`."""

    content: bytes = b""
    error: OSError | ArchiveError | None = None

    def __call__(self) -> bytes:
        if self.error is not None:
            raise self.error
        return self.content


class ItemReader:
    """Reader that spends at most `seconds` on an item; without a limit it reads in this process.

    The helper process is started by the first source, used for all, and replaced when it ends.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._helper: HelperProcess | None = None

    def count(self, source: AnySource, context: ImportContext) -> int | None:
        """Approximate number of items of a source; None if its format cannot tell."""
        if self._seconds is None or not isinstance(source, ImportSource):
            return source.count(context)
        try:
            helper = self._request(_Request(source, replace(context, fetch=None), may_fetch=False, counts_only=True))
            counted: _End = helper.receive()
        except HelperEnded:  # `read` reports it
            self.close()
            return None
        return counted.count

    def read(self, source: ImportSource, context: ImportContext) -> Iterator[ImportEvent]:
        """Yields the events of a source as `ImportSource.read` does.

        An item that takes too long becomes an error of `ImportContext.begin`; the items after it are read by another
        helper. Fetching takes place in this process and does not count. Raises as `ImportSource.read` does, and
        `HelperEnded` if the helper ends while no item has begun.
        """
        if self._seconds is None:
            yield from source.read(context)
            return
        request = _Request(source, replace(context, fetch=None), context.fetch is not None)
        for _ in range(MAX_LOST):
            begun, sent, is_in_parts = 0, request.sent, request.is_in_parts
            try:
                for message in self._messages(request, context):
                    if isinstance(message, _Begun):
                        begun += 1
                        is_in_parts |= message.is_part
                    else:
                        sent += 1
                        yield message
            except HelperEnded as error:
                if begun <= request.resume_at:
                    raise
                request = replace(request, lost={**request.lost, begun: error}, is_in_parts=is_in_parts, sent=sent)
            else:
                return
        raise HelperEnded(f"{MAX_LOST} of its items could not be read in time; those after them were not read")

    def _messages(self, request: _Request, context: ImportContext) -> Iterator[Any]:
        """Yields the events of a request and `_Begun` before each; fetches what the helper needs."""
        try:
            helper = self._request(request)
            while not isinstance(message := helper.receive(), _End):
                if isinstance(message, _Fetch):
                    helper.send(_fetched(message.url, context))
                else:
                    yield message
        except BaseException:  # the helper has ended, or would go on with this source
            self.close()
            raise
        if message.error is not None:
            raise message.error

    def close(self) -> None:
        """Ends the helper."""
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.close()

    def _request(self, request: _Request) -> HelperProcess:
        if self._helper is None:
            self._helper = HelperProcess.start(partial(_answer, self._seconds))
        self._helper.send(request)
        return self._helper


def _fetched(url: str, context: ImportContext) -> FetchResponse | Exception:
    if context.fetch is None:
        return ArchiveError("nothing may be fetched")
    try:
        return context.fetch(url)
    except ITEM_FAILURES as error:
        return error


def _answer(seconds: float | None, connection: Connection) -> None:
    """Answers requests in the helper process, until the parent ends it."""
    while True:
        request: _Request = connection.recv()
        progress = _Progress(connection, seconds, request)
        begin_step(seconds)
        end = _End(request.source.count(request.context)) if request.counts_only else _read(request, progress)
        end_step()
        connection.send(end)


def _read(request: _Request, progress: _Progress) -> _End:
    fetch = progress.fetch if request.may_fetch else None
    context = replace(request.context, begin=progress.begin, begin_part=progress.begin_part, fetch=fetch)
    try:
        for count, event in enumerate(request.source.read(context)):
            loaded = _loaded(event)
            if count >= request.sent if request.is_in_parts else progress.number >= request.resume_at:
                progress.send(loaded)
    except (ConnectionError, EOFError):
        raise
    except (*ITEM_FAILURES, ModuleNotFoundError) as error:
        return _End(error=error)
    return _End()


class _Progress:
    """Progress of the helper process, which it reports: number of the item in work, pages that it needs."""

    def __init__(self, connection: Connection, seconds: float | None, request: _Request) -> None:
        self.number = 0
        self._connection, self._seconds, self._request = connection, seconds, request

    def begin(self) -> None:
        """Begins the next item. Raises `ArchiveError` for one that an earlier helper has sent or ended with."""
        self._begin(is_part=False)
        if self.number < self._request.resume_at:
            raise ArchiveError("was read before")

    def begin_part(self) -> None:
        """Begins the next part. Raises `HelperEnded` for one that an earlier helper ended with."""
        self._begin(is_part=True)

    def _begin(self, *, is_part: bool) -> None:
        self.number += 1
        self.send(_Begun(is_part))
        if self.number in self._request.lost:
            raise self._request.lost[self.number]

    def fetch(self, url: str) -> FetchResponse:
        """Response for a URL, fetched by the parent."""
        self.send(_Fetch(url))
        end_step()
        response = self._connection.recv()
        begin_step(self._seconds)
        if isinstance(response, Exception):
            raise response
        return response  # type: ignore[no-any-return]

    def send(self, message: object) -> None:
        """Sends a message, for which the parent may take its time, and begins the next step."""
        end_step()
        self._connection.send(message)
        begin_step(self._seconds)


def _loaded(event: ImportEvent) -> ImportEvent:
    """Event whose assets are in memory."""
    if isinstance(event, Reference):
        return replace(event, item=_with_loaded_assets(event.item))
    return _with_loaded_assets(event) if isinstance(event, Item) else event


def _with_loaded_assets(item: Item) -> Item:
    """Item whose assets are in memory, as far as its article can take them."""
    loaded: list[Asset] = []
    total = 0
    for asset in item.assets:
        content = _LoadedAsset()
        if is_admitted(asset.name) and total <= MAX_BYTES:
            try:
                content = _LoadedAsset(asset.load())
            except (OSError, ArchiveError) as error:
                content = _LoadedAsset(error=error)
        total += len(content.content)
        loaded.append(Asset(asset.name, content))
    return replace(item, assets=tuple(loaded))

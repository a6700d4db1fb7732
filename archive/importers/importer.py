"""Bringing sources of any kind into a library, item by item, so that it can be done again at any time.

An item is known by its origin. One that is new is written, unless the library has it already from elsewhere; one that
its source changed is written anew; one that a person edited since is left alone. Each article is written whole or not
at all, so an import may be interrupted anywhere and run again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from backfile.archive.errors import ArchiveError
from backfile.archive.frontmatter.article_text import compose
from backfile.archive.frontmatter.rewriter import rewrite
from backfile.archive.importers.article_builder import at, build_article, is_too_much, without_extra
from backfile.archive.importers.import_report import Action, ImportReport, ItemResult
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.library.assets import PlacedAssets, place_assets
from backfile.archive.importers.library.duplicates import Candidate, Duplicate, DuplicateIndex, read_candidate
from backfile.archive.importers.library.file_names import article_path
from backfile.archive.importers.library.import_log import ImportLog, ImportRecord
from backfile.archive.importers.library.provenance import ALSO_AT, Stamp, also_at, bare, checksum, origin_of, stamped
from backfile.archive.importers.links.pending_links import PendingLinks
from backfile.archive.importers.links.web_addresses import url_key
from backfile.archive.importers.sources.detection import AnySource, ImportSource, RejectedSource
from backfile.archive.model import Article
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import MAX_BYTES, Batch
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.library import Library

_BATCH = 64  # files that may be written and not yet in their places
_FATAL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_UNREADABLE = (ArchiveError, OSError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class _PreparedItem:
    """An item on its way: what it is compared by, and the article without a place yet."""

    item: Item
    article: Article
    origin: str
    kind: str
    candidate: Candidate
    notes: tuple[str, ...]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _RenderedArticle:
    """An article as it would be written at `article.path`: its file without provenance, and the sum of it."""

    article: Article
    text: str
    beside: PlacedAssets
    sha256: str


class Importer:
    """One import into a library. `report` grows with each item, so that it says what was done when one is interrupted.

    To be used in a `with` statement, at whose end everything is in its place. With `dry_run` nothing is written, and
    all else is the same. `tell` is called with each outcome.
    """

    def __init__(
        self,
        library: Library,
        *,
        today: date,
        dry_run: bool = False,
        tell: Callable[[ItemResult], None] | None = None,
    ) -> None:
        self.report = ImportReport()
        self._library, self._today, self._dry_run, self._tell = library, today, dry_run, tell
        self._log = ImportLog(str(library.root.resolve()))
        self._seen: dict[str, str] = {}
        self._batch = Batch()
        self._pending = PendingLinks()

    def read(self, source: AnySource, context: ImportContext) -> None:
        """Takes in every item of a source. What is wrong with it is in the report, and never raised.

        Raises `OSError` when the disk is full or cannot be written to.
        """
        if isinstance(source, RejectedSource):
            action = Action.SKIPPED if source.in_mixed_folder else Action.FAILED
            self._note(ItemResult(action, source.label, None, source.reason))
            return
        try:
            for found in source.read(context):
                self._settle(found, source, context)
        except _UNREADABLE as error:
            if isinstance(error, OSError) and error.errno in _FATAL:
                raise
            self._note(ItemResult(Action.FAILED, source.label, None, _reason(error)))
        self._connect()

    def _connect(self) -> None:
        """Leads links to the articles that came after those that link to them."""
        self._batch.finish()
        if not self._dry_run:
            self._relink(self._pending.late(self._log))
        self._pending = PendingLinks()

    def _connect_sites(self) -> None:
        """The same of links by absolute address, in whatever source of a site the two articles were."""
        self._batch.finish()
        if not self._dry_run:
            self._relink(self._log.sites.late(self._log.text))

    def _relink(self, linked: Iterable[tuple[str, str]]) -> None:
        """Writes articles (path → new text) of which only links are new; edited ones are left alone."""
        for path, text in linked:
            origin = self._log.origin_at(path) or ""
            record = self._log.find(origin)
            if record is None or record.path != path or self._log.checksum(path) != record.sha256:
                continue
            stamp = Stamp(origin, record.kind, self._today, self._log.checksum_of(path, text), record.within)
            self._library.write(path, stamped(bare(text), stamp, also_at(text)).encode(), self._batch)
            self._log.put(origin, ImportRecord(path, record.kind, stamp.sha256, record.within))
            self.report.wrote = True
            if len(self._batch) >= _BATCH:
                self._batch.finish()

    @cached_property
    def _duplicates(self) -> DuplicateIndex:
        """All that is in the library already; read when the first new item comes, which in many imports none does."""
        known = DuplicateIndex()
        for path, text in self._log.texts():
            known.add(path, read_candidate(path, text))
        return known

    def _note(self, outcome: ItemResult) -> None:
        self.report.add(outcome)
        if self._tell is not None:
            self._tell(outcome)

    def _settle(self, found: ImportEvent, source: ImportSource, context: ImportContext) -> None:
        if isinstance(found, Problem):
            self._note(ItemResult(Action.FAILED, _place(source, found), None, _with_hint(found)))
        elif isinstance(found, Skipped):
            origin = origin_of(source.label, source.is_folder, found.origin)
            self._note(ItemResult(Action.SKIPPED, origin, None, found.reason))
        else:
            self._note(self._take(found, source, context))

    def _take(self, item: Item, source: ImportSource, context: ImportContext) -> ItemResult:
        origin = origin_of(source.label, source.is_folder, item.origin)
        links = {each: origin_of(source.label, source.is_folder, target) for each, target in item.links.items()}
        incoming = _incoming(item, origin, source.kind, context, links)
        if incoming is None:
            return ItemResult(Action.SKIPPED, origin, None, "neither title nor text")
        elsewhere = self._seen.get(origin, source.label) != source.label
        if not elsewhere:
            incoming = self._numbered(incoming)
        self._seen[incoming.origin] = source.label
        try:
            record = self._log.find(incoming.origin)
            is_own = record is not None and (record.within == source.label if record.within else not elsewhere)
            if record is not None and record.kind == incoming.kind and is_own:
                return self._again(incoming, record)
            return self._new(incoming, record, source.label)
        except OSError as error:
            if error.errno in _FATAL:
                raise
            return ItemResult(Action.FAILED, incoming.origin, None, _reason(error))
        except (ArchiveError, ValueError) as error:
            return ItemResult(Action.FAILED, incoming.origin, None, _reason(error))

    def _numbered(self, incoming: _PreparedItem) -> _PreparedItem:
        """Tells items apart that one source gives the same origin."""
        origin, number = incoming.origin, 1
        while origin in self._seen:
            number += 1
            origin = f"{incoming.origin}#{number}"
        return replace(incoming, origin=origin)

    def _again(self, incoming: _PreparedItem, record: ImportRecord) -> ItemResult:
        """An item whose article is there."""
        written = self._rendered(incoming, record.path)
        outcome = _Outcomes(incoming, written)
        if written.sha256 == record.sha256:
            return outcome(Action.UNCHANGED)
        now = self._log.checksum(record.path)
        if now not in (record.sha256, written.sha256):
            as_linked = self._rendered(incoming, record.path, only=self._log.text(record.path))
            if as_linked.sha256 == record.sha256:
                return outcome(Action.UNCHANGED)  # only articles that it links to came since
            return outcome(Action.KEPT, "its source changed, but so did somebody here: left alone")
        self._write(incoming, written, also_at(self._log.text(record.path)), record.within)
        return outcome(Action.UNCHANGED if now == written.sha256 else Action.CHANGED)

    def _new(self, incoming: _PreparedItem, record: ImportRecord | None, label: str) -> ItemResult:
        twin = self._duplicates.twin(incoming.candidate)
        if twin is None and record is not None:
            twin = Duplicate(record.path, incoming.origin)
        if twin is not None and twin.poorer and self._is_as_imported(twin.path):
            return self._complete(incoming, twin, label if record is not None else "")
        if twin is not None:
            return self._link(incoming, twin)
        path = self._log.new_path(article_path(incoming.article.title, incoming.article.date))
        written = self._rendered(incoming, path)
        self._write(incoming, written, incoming.item.also_at)
        self._duplicates.add(path, incoming.candidate)
        return _Outcomes(incoming, written)(Action.ADDED)

    def _rendered(self, incoming: _PreparedItem, path: str, only: str | None = None) -> _RenderedArticle:
        """The article as it would be at `path`; with `only` just those links are set that stand in this text."""
        folder = without_suffix(path).rpartition("/")[2]
        beside = place_assets(incoming.article.body, incoming.item.assets, folder)
        body = self._pending.settle(beside.body, path, incoming.links, self._log, only=only)
        article = at(incoming.article, path, body)
        text = self._log.sites.settle(compose(article), path, incoming.origin, only=only)
        return _RenderedArticle(article, text, beside, checksum(text, beside.sums))

    def _is_as_imported(self, path: str) -> bool:
        origin = self._log.origin_at(path)
        record = self._log.find(origin) if origin is not None else None
        self._batch.finish()
        return record is not None and self._log.checksum(path) == record.sha256

    def _complete(self, incoming: _PreparedItem, twin: Duplicate, within: str) -> ItemResult:
        """Puts a full text in the place of a teaser, which from now on is a duplicate of it.

        `within` is the source, if the teaser has the same origin: else it would come back from its own.
        """
        self._batch.finish()
        before = self._log.text(twin.path)
        former = self._log.origin_at(twin.path) or ""
        written = self._rendered(incoming, twin.path)
        addresses = [*also_at(before), *incoming.item.also_at, former]
        self._write(incoming, written, _others(addresses, incoming.origin, incoming.article), within)
        return _Outcomes(incoming, written)(Action.CHANGED, f"has the full text, where {former} had the beginning")

    def _link(self, incoming: _PreparedItem, twin: Duplicate) -> ItemResult:
        """Notes at an article where else it was found."""
        self._batch.finish()
        text = self._log.text(twin.path)
        known = [*read_candidate(twin.path, text).addresses, *also_at(text), self._log.origin_at(twin.path) or ""]
        keys = {url_key(address) or address for address in known}
        here = incoming.candidate.addresses or (incoming.origin,)
        new = [address for address in here if (url_key(address) or address) not in keys]
        if new and text and not self._dry_run:
            linked = rewrite(text, {ALSO_AT: [*also_at(text), *new]})
            self._library.write(twin.path, linked.encode())
            self._log.sites.note(twin.path, linked, self._log.origin_at(twin.path) or "")
            self.report.wrote = True
        self._duplicates.add_addresses(twin.path, new)
        how = "the same address" if twin.address else "nearly the same text"
        return ItemResult(Action.DUPLICATE, incoming.origin, twin.path, how, incoming.notes)

    def __enter__(self) -> Importer:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Puts in place what is written but not there yet, also when the import is interrupted."""
        try:
            if error is None:
                self._connect_sites()
        finally:
            self._batch.finish()

    def _write(
        self,
        incoming: _PreparedItem,
        written: _RenderedArticle,
        addresses: tuple[str, ...] | list[str],
        within: str = "",
    ) -> None:
        """Writes an article, the files beside it first, and notes it in the log."""
        path, files = written.article.path, written.beside.files
        stamp = Stamp(incoming.origin, incoming.kind, self._today, written.sha256, within)
        text = stamped(written.text, stamp, _others(addresses, incoming.origin, written.article))
        content = text.encode()
        if len(content) > MAX_BYTES:
            raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="split it")
        if not self._dry_run:
            folder = without_suffix(path)
            for name, asset in files.items():
                self._library.write(f"{folder}/{name}", asset, self._batch)
            for name in set(self._log.beside(path)) - files.keys():
                self._library.remove(f"{folder}/{name}")
            self._library.write(path, content, self._batch)
            self._log.sites.note(path, text, incoming.origin)
            self.report.wrote = True
            if len(self._batch) >= _BATCH:
                self._batch.finish()
        self._log.put(incoming.origin, ImportRecord(path, incoming.kind, written.sha256, within))


class _Outcomes:
    """Makes the outcomes of an item that was rendered."""

    def __init__(self, incoming: _PreparedItem, written: _RenderedArticle) -> None:
        self._origin, self._path = incoming.origin, written.article.path
        self._notes = (*incoming.notes, *written.beside.notes)

    def __call__(self, action: Action, reason: str = "") -> ItemResult:
        """The outcome; of an unchanged article nothing is noted again."""
        return ItemResult(action, self._origin, self._path, reason, () if action is Action.UNCHANGED else self._notes)


def _incoming(
    item: Item, origin: str, kind: str, context: ImportContext, links: Mapping[str, str]
) -> _PreparedItem | None:
    article = build_article(item, context.language)
    if article is None:
        return None
    notes = item.notes
    if is_too_much(article):
        article = without_extra(article)
        notes = (*notes, "its further keys were too much for front matter and are left out")
    named = [article.source.url if article.source and article.source.url else "", origin, *item.also_at]
    addresses = tuple(dict.fromkeys(address for address in named if url_key(address)))
    return _PreparedItem(
        item, article, origin, kind, Candidate(article.title, article.date, addresses, article.body), notes, links
    )


def _others(addresses: tuple[str, ...] | list[str], origin: str, article: Article) -> list[str]:
    """Further addresses of an article: each once, and none that it gives itself."""
    own = {url_key(url) for url in (origin, article.source.url if article.source else None) if url} | {origin}
    listed: dict[str, str] = {}
    for address in filter(None, addresses):
        key = url_key(address) or address
        if key not in own:
            listed.setdefault(key, address)
    return list(listed.values())


def _place(source: ImportSource, problem: Problem) -> str:
    where = origin_of(source.label, source.is_folder, problem.path) if problem.path else source.label
    return where if problem.line is None else f"{where}:{problem.line}"


def _with_hint(problem: Problem) -> str:
    return problem.reason + (f" ({problem.hint})" if problem.hint else "")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}"
    hint = getattr(error, "hint", "")
    return (str(error) or type(error).__name__) + (f" ({hint})" if hint else "")

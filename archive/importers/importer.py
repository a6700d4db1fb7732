"""Importer: brings the items of sources of any format into a library, repeatably.

An item is known by its origin. A new item is written, unless the library has it already from elsewhere. An item that
changed in its source is written again, unless a person edited its article since. Each article is written whole or not
at all, so an import may be interrupted anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from backfile.archive.errors import ArchiveError
from backfile.archive.frontmatter.article_text import compose
from backfile.archive.frontmatter.rewriter import rewrite
from backfile.archive.importers.article_builder import build_article, limit_extra, place_article
from backfile.archive.importers.import_report import SAVED_MEANWHILE, Action, ImportReport, ItemResult, failure
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Reference, Skipped
from backfile.archive.importers.item_reader import ItemReader
from backfile.archive.importers.library.assets import PlacedAssets, place_assets
from backfile.archive.importers.library.duplicates import Candidate, Duplicate, DuplicateIndex, read_candidate
from backfile.archive.importers.library.enrichment import Enrichment
from backfile.archive.importers.library.file_names import article_path
from backfile.archive.importers.library.import_lock import ImportLock
from backfile.archive.importers.library.import_log import ImportLog, PendingLinks, StoredArticle
from backfile.archive.importers.library.interrupted_changes import InterruptedChanges
from backfile.archive.importers.library.provenance import (
    ALSO_AT,
    KEY,
    ArticleUrls,
    Provenance,
    also_at,
    article_urls,
    checksum,
    front_data,
    other_addresses,
    storable,
    with_provenance,
    without_provenance,
)
from backfile.archive.importers.links.published_links import url_hosts
from backfile.archive.importers.links.urls import origin_key, url_key
from backfile.archive.importers.sources.detection import AnySource, ImportSource, RejectedSource
from backfile.archive.model import Article
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import MAX_BYTES, Batch, remove_temporary_files
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.library import Library

_BATCH = 64  # files written together before they are moved into place
_NONE_STORED = StoredArticle()


@dataclass(frozen=True, slots=True)
class _PreparedItem:
    """Item with its article, which has no path yet, and the values it is compared by.

    `links` maps destinations in the body to the origins of their targets.
    """

    item: Item
    article: Article
    origin: str
    kind: str
    candidate: Candidate
    notes: tuple[str, ...]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _RenderedArticle:
    """Article as it would be written at `article.path`: its file without provenance, its assets, their checksum."""

    article: Article
    text: str
    assets: PlacedAssets
    sha256: str


class Importer:
    """One import into a library, used as a context manager: at its end everything is in its place.

    `report` grows with each item, so that it is complete when the import is interrupted. With `dry_run` nothing is
    written and all else is the same. `on_result` is called with each result. One import at a time writes to a library:
    another waits for it up to `wait` seconds, then entering raises `LibraryLocked`. With `seconds` sources are read in
    helper processes, and an item that takes longer has failed. With `enrich` the entries of bibliographies fill in what
    articles that have their DOI or address lack.
    """

    def __init__(
        self,
        library: Library,
        *,
        today: date,
        dry_run: bool = False,
        wait: float = 10.0,
        seconds: float | None = None,
        enrich: bool = False,
        on_result: Callable[[ItemResult], None] | None = None,
    ) -> None:
        self.report = ImportReport()
        self._library, self._today, self._dry_run, self._on_result = library, today, dry_run, on_result
        self._root, self._wait = str(library.root.resolve()), wait
        self._reader = ItemReader(seconds)
        self._lock = ImportLock(self._root)
        self._log = ImportLog(self._root)
        self._pending = PendingLinks(self._log)
        self._seen: dict[str, str] = {}
        self._batch = Batch()
        self._changes = InterruptedChanges(self._root)
        self._obsolete: dict[str, str] = {}
        self._not_written: set[str] = set()
        self._duplicates: DuplicateIndex | None = None
        self._enrichment = Enrichment(library, self._log, dry_run=dry_run) if enrich else None

    def __enter__(self) -> Importer:
        if not self._dry_run:
            self._lock.acquire(self._wait)
        try:
            if not self._dry_run:
                remove_temporary_files(self._root)
            self._log.load()
            self._changes.load()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Moves what is written into place, also when the import is interrupted."""
        self._reader.close()
        try:
            if error is None:
                self._relink(self._log.published.resolve_new(self._log.text))
        finally:
            try:
                self._finish_batch()
            finally:
                self._lock.release()

    def count(self, source: AnySource, context: ImportContext) -> int | None:
        """Approximate number of items of a source; None if its format cannot tell."""
        return self._reader.count(source, context)

    def import_source(self, source: AnySource, context: ImportContext) -> None:
        """Imports every item of a source; failures are in the report.

        Raises `OSError` when the disk is full or read-only.
        """
        source = replace(source, label=storable(source.label))
        if isinstance(source, RejectedSource):
            action = Action.SKIPPED if source.in_mixed_folder else Action.FAILED
            self._add_result(ItemResult(action, source.label, None, source.reason))
            return
        try:
            for event in self._reader.read(source, context):
                self._add_result(self._import_event(event, source, context))
        except ITEM_FAILURES as error:
            self._add_result(failure(source.label, error))
        self._relink(self._pending.resolve_pending())

    def _add_result(self, result: ItemResult) -> None:
        self.report.add(result)
        if self._on_result is not None:
            self._on_result(result)

    def _import_event(self, event: ImportEvent, source: ImportSource, context: ImportContext) -> ItemResult:
        if isinstance(event, Problem):
            where = source.origin_of(event.path) if event.path else source.label
            reason = event.reason + (f" ({event.hint})" if event.hint else "")
            return ItemResult(Action.FAILED, where if event.line is None else f"{where}:{event.line}", None, reason)
        if isinstance(event, Skipped):
            return ItemResult(Action.SKIPPED, source.origin_of(event.origin), None, event.reason)
        if isinstance(event, Reference):
            return self._import_reference(event, source, context)
        return self._import_item(event, source, context)

    def _import_reference(self, reference: Reference, source: ImportSource, context: ImportContext) -> ItemResult:
        """Fills in the article of an entry of a bibliography, or imports the entry if it has a text or a file."""
        item = reference.item
        origin = source.origin_of(item.origin)
        if self._enrichment is not None:
            self._finish_batch()
            try:
                result = self._enrichment.fill_in(reference, origin)
            except ITEM_FAILURES as error:
                result = failure(origin, error)
            self.report.wrote |= self._enrichment.wrote
            if result is not None:
                return result
        if item.body or item.assets:
            return self._import_item(item, source, context)
        hint = "no article has" if self._enrichment else "--enrich fills in articles with"
        return ItemResult(Action.SKIPPED, origin, None, f"only a reference; {hint} its DOI or address")

    def _import_item(self, item: Item, source: ImportSource, context: ImportContext) -> ItemResult:
        try:
            prepared = _prepare(item, source, context)
        except ITEM_FAILURES as error:
            return failure(source.origin_of(item.origin), error)
        if prepared is None:
            return ItemResult(Action.SKIPPED, source.origin_of(item.origin), None, "neither title nor text")
        is_shared = self._seen.get(prepared.origin, source.label) != source.label
        if not is_shared:
            prepared = self._numbered(prepared)
        self._seen[prepared.origin] = source.label
        try:
            known = self._log.find(prepared.origin)
            is_own = known is not None and (known.within == source.label if known.within else not is_shared)
            if known is not None and is_own and known.kind == prepared.kind:
                return self._update(prepared, known)
            return self._add(prepared, known, source.label)
        except ITEM_FAILURES as error:
            return failure(prepared.origin, error)

    def _numbered(self, prepared: _PreparedItem) -> _PreparedItem:
        """Numbers the origins of items to which one source gives the same origin."""
        origin, number = prepared.origin, 1
        while origin in self._seen:
            number += 1
            origin = f"{prepared.origin}#{number}"
        return replace(prepared, origin=origin)

    def _update(self, prepared: _PreparedItem, known: Provenance) -> ItemResult:
        """Writes the article of an item again if the item changed and nobody edited the article."""
        rendered = self._render(prepared, known.path)
        was_interrupted = known.path in self._changes
        if rendered.sha256 == known.sha256 and not was_interrupted:
            return _result(Action.UNCHANGED, prepared, rendered)
        stored = self._log.stored(known.path)
        current = stored.checksum()
        if current not in (known.sha256, rendered.sha256) and not was_interrupted:
            if self._render(prepared, known.path, only=stored.text).sha256 == known.sha256:
                return _result(Action.UNCHANGED, prepared, rendered)  # only targets of its links are new
            return _result(Action.KEPT, prepared, rendered, "its source changed, but so did somebody here: left alone")
        self._write(prepared, rendered, also_at(front_data(stored.text)), stored, known.within)
        return _result(Action.UNCHANGED if current == rendered.sha256 else Action.CHANGED, prepared, rendered)

    def _add(self, prepared: _PreparedItem, known: Provenance | None, label: str) -> ItemResult:
        """Writes a new article, or joins the item to its duplicate; `known` is the file with the same origin."""
        duplicates = self._duplicate_index()
        duplicate = duplicates.find(prepared.candidate)
        if duplicate is None and known is not None:
            duplicate = Duplicate(known.path, prepared.origin)
        if duplicate is not None:
            self._finish_batch()
            if duplicate.path in self._not_written:
                raise ArchiveError(f"is the same as {duplicate.path}, which could not be written", hint="import again")
            unedited = self._log.unedited(duplicate.path) if duplicate.is_teaser else None
            if unedited is not None:
                within = label if known is not None else ""
                return self._replace_teaser(prepared, duplicate.path, unedited[1], within)
            return self._join(prepared, duplicate)
        stem = article_path(prepared.article.metadata.title, prepared.article.metadata.date)
        path = self._log.new_path(stem, lambda: place_assets("", prepared.item.assets, "").checksums())
        rendered = self._render(prepared, path)
        self._write(prepared, rendered, prepared.item.also_at)
        duplicates.add(path, prepared.candidate)
        return _result(Action.ADDED, prepared, rendered)

    def _replace_teaser(self, prepared: _PreparedItem, path: str, stored: StoredArticle, within: str) -> ItemResult:
        """Puts a full text in the place of a teaser, which is a duplicate of it from now on.

        `within` is the label of the source if the teaser has the same origin: else the teaser would come back.
        """
        former = self._log.origin_at(path)
        rendered = self._render(prepared, path)
        addresses = [*also_at(front_data(stored.text)), *prepared.item.also_at, former]
        self._write(prepared, rendered, addresses, stored, within)
        reason = f"has the full text, where {former} had the beginning"
        return _result(Action.CHANGED, prepared, rendered, reason)

    def _join(self, prepared: _PreparedItem, duplicate: Duplicate) -> ItemResult:
        """Adds the addresses of an item to the front matter of its duplicate."""
        path = duplicate.path
        stored, origin = self._log.stored(path), self._log.origin_at(path)
        data = front_data(stored.text)
        former = also_at(data)
        known = set(map(origin_key, (*article_urls(data).own, *former, origin)))
        addresses = prepared.candidate.addresses or (prepared.origin,)
        new = [address for address in addresses if origin_key(address) not in known]
        if new and stored.text and not self._dry_run:
            entries = {ALSO_AT: [*former, *new]}
            if not self._library.write(path, rewrite(stored.text, entries).encode(), stored.digest):
                return ItemResult(Action.KEPT, prepared.origin, path, SAVED_MEANWHILE)
            self._log.published.add_new(path, article_urls({**data, **entries}), origin)
            self.report.wrote = True
        self._duplicate_index().add_addresses(path, new)
        reason = "the same address" if duplicate.address else "nearly the same text"
        return ItemResult(Action.DUPLICATE, prepared.origin, path, reason, prepared.notes)

    def _duplicate_index(self) -> DuplicateIndex:
        """Index of the library, built for the first new item; many imports have none."""
        if self._duplicates is None:
            self._duplicates = DuplicateIndex()
            for path, text in self._log.texts():
                self._duplicates.add(path, read_candidate(path, text))
        return self._duplicates

    def _render(self, prepared: _PreparedItem, path: str, only: str | None = None) -> _RenderedArticle:
        """Article as it would be at `path`; with `only`, no more than the links in that text are set."""
        assets = place_assets(prepared.article.body, prepared.item.assets, without_suffix(path).rpartition("/")[2])
        hosts = url_hosts((*_article_urls(prepared.article).own, prepared.origin))
        body = self._pending.resolve(assets.body, path, prepared.links, only=only)
        body = self._log.published.resolve(body, path, hosts, only=only)
        article = place_article(prepared.article, path, body)
        text = compose(article)
        return _RenderedArticle(article, text, assets, checksum(text, assets.checksums()))

    def _write(
        self,
        prepared: _PreparedItem,
        rendered: _RenderedArticle,
        addresses: Iterable[str],
        stored: StoredArticle = _NONE_STORED,
        within: str = "",
    ) -> None:
        """Writes an article in the place of `stored`, its assets first, and logs it."""
        path, origin = rendered.article.path, prepared.origin
        provenance = Provenance(path, origin, prepared.kind, rendered.sha256, within)
        others = other_addresses(addresses, origin, rendered.article.metadata.source)
        content = with_provenance(rendered.text, provenance, self._today, others).encode()
        if len(content) > MAX_BYTES:
            raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="split it")
        if not self._dry_run:
            folder = without_suffix(path)
            for name, asset in rendered.assets.files.items():
                self._library.write(f"{folder}/{name}", asset, stored.assets.get(name), self._batch)
            for name in stored.assets.keys() - rendered.assets.files.keys():
                self._obsolete[f"{folder}/{name}"] = stored.assets[name]
            if stored.digest is not None:
                self._changes.add(path, content, stored, rendered.assets.files)
            self._write_article(path, content, stored.digest)
            self._log.published.add_new(path, _article_urls(rendered.article, origin, others), origin)
        if self._enrichment is not None:
            self._enrichment.add(path, content.decode())
        self._log.put(provenance)

    def _write_article(self, path: str, content: bytes, replaces: str | None) -> None:
        self._library.write(path, content, replaces, self._batch)
        self.report.wrote = True
        if len(self._batch) >= _BATCH:
            self._finish_batch()

    def _finish_batch(self) -> None:
        """Moves what is written into place, except over files that somebody else made or saved meanwhile."""
        with self._changes.noted():
            left_alone = self._batch.finish()
            obsolete, self._obsolete = self._obsolete, {}
            left_alone += [path for path, digest in obsolete.items() if not self._library.remove(path, digest)]
        for path in left_alone:
            if self.report.leave_alone(path, SAVED_MEANWHILE).action is Action.FAILED:
                self._not_written.add(path)
                self._log.forget(path)

    def _relink(self, linked: Iterable[tuple[str, str]]) -> None:
        """Writes articles (path, new text) of which only links are new; edited articles are left alone."""
        self._finish_batch()
        if self._dry_run:
            return
        for path, text in linked:
            unedited = self._log.unedited(path)
            if unedited is not None:
                known, stored = unedited
                updated = replace(known, sha256=stored.checksum(text))
                addresses = also_at(front_data(text))
                text_with_provenance = with_provenance(without_provenance(text), updated, self._today, addresses)
                self._write_article(path, text_with_provenance.encode(), stored.digest)
                self._log.put(updated)


def _prepare(item: Item, source: ImportSource, context: ImportContext) -> _PreparedItem | None:
    article = build_article(item, context.language)
    if article is None:
        return None
    article, notes = limit_extra(article)
    origin = source.origin_of(item.origin)
    named = (
        article.metadata.source.url if article.metadata.source and article.metadata.source.url else "",
        origin,
        *map(storable, item.also_at),
    )
    addresses = tuple(dict.fromkeys(address for address in named if url_key(address)))
    candidate = Candidate(article.metadata.title, article.metadata.date, addresses, article.body)
    links = {link: source.origin_of(target) for link, target in item.links.items()}
    return _PreparedItem(item, article, origin, source.kind, candidate, (*item.notes, *notes), links)


def _result(action: Action, prepared: _PreparedItem, rendered: _RenderedArticle, reason: str = "") -> ItemResult:
    """Result for an item that was rendered; an unchanged article has no notes."""
    notes = () if action is Action.UNCHANGED else (*prepared.notes, *rendered.assets.notes)
    return ItemResult(action, prepared.origin, rendered.article.path, reason, notes)


def _article_urls(article: Article, origin: str = "", addresses: Iterable[str] = ()) -> ArticleUrls:
    """URLs in the front matter that an article will have."""
    source = {"source": article.metadata.source.url} if article.metadata.source else {}
    return article_urls({**article.extra, **source, KEY: {"from": origin}, ALSO_AT: list(addresses)})

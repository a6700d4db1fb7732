"""Enrichment: fills in what articles lack from the entries of bibliographies, by DOI or address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from backfile.archive.frontmatter.article_text import revise
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.importers.article_builder import build_article
from backfile.archive.importers.import_report import SAVED_MEANWHILE, Action, ItemResult
from backfile.archive.importers.item import Item, Reference
from backfile.archive.importers.library.import_log import ImportLog
from backfile.archive.importers.library.provenance import article_urls, front_data
from backfile.archive.importers.links.urls import doi_in, url_key
from backfile.archive.metadata.field_names import FIELDS, normal
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.model import Article, ArticleMetadata
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.library import Library

_FIELDS = tuple(each.name for each in fields(ArticleMetadata) if each.name not in ("title", "updated"))
_EMPTY: tuple[object, ...] = (None, "", [], {})
_NOT_FILLED = frozenset({"type"})  # of the entry, not of the article


class Enrichment:
    """Articles of a library by DOI and address, which the entries of bibliographies fill in.

    A field that has a value is never changed. An article that was imported counts as edited afterwards, so that no
    import takes what was filled in away again.
    """

    def __init__(self, library: Library, log: ImportLog, *, dry_run: bool) -> None:
        self._library, self._log, self._dry_run = library, log, dry_run
        self._paths: dict[str, str] | None = None
        self.wrote = False

    def add(self, path: str, text: str) -> None:
        """Adds an article that was written since."""
        if self._paths is not None:
            for key in _keys_of(front_data(text)):
                self._paths.setdefault(key, path)

    def fill_in(self, reference: Reference, origin: str) -> ItemResult | None:
        """Fills in the article that has the DOI or an address of an entry; None if there is none but its own.

        Raises `ArchiveError` if the front matter of the article cannot be changed, and `OSError`.
        """
        item = reference.item
        path = next((path for key in _keys(item) if (path := self._known().get(key)) is not None), None)
        if path is None or self._log.origin_at(path) == origin:
            return None
        stored = self._log.stored(path)
        summary = item.metadata.summary or reference.abstract or None
        entry = build_article(replace(item, metadata=replace(item.metadata, summary=summary)))
        text, missing = _filled(stored.text, path, entry) if entry is not None else (stored.text, [])
        if not missing:
            return ItemResult(Action.UNCHANGED, origin, path)
        if not self._dry_run:
            if not self._library.write(path, text.encode(), stored.digest):
                return ItemResult(Action.KEPT, origin, path, SAVED_MEANWHILE)
            self._log.published.add_new(path, article_urls(front_data(text)), self._log.origin_at(path))
            self.wrote = True
        return ItemResult(Action.CHANGED, origin, path, f"filled in: {', '.join(missing)}")

    def _known(self) -> dict[str, str]:
        """Paths of the articles by their DOIs and addresses; the first of several counts."""
        if self._paths is None:
            self._paths = {}
            for path, text in self._log.texts():
                for key in _keys_of(front_data(text)):
                    self._paths.setdefault(key, path)
        return self._paths


def _keys(item: Item) -> Iterator[str]:
    """Keys of an entry: its DOI, then its addresses."""
    doi = doi_in(str(item.extra.get("doi") or ""))
    if doi:
        yield f"doi:{doi}"
    source = item.metadata.source
    for address in (source.url if source else None, *item.also_at):
        key = _address_key(address or "")
        if key:
            yield key


def _keys_of(data: Mapping[str, object]) -> Iterator[str]:
    """Keys of an article by its front matter."""
    for name, value in data.items():
        if normal(name) == "doi" and (doi := doi_in(str(value))):
            yield f"doi:{doi}"
    urls = article_urls(data)
    for address in (*urls.own, *urls.others):
        key = _address_key(address)
        if key:
            yield key


def _address_key(address: str) -> str | None:
    doi = doi_in(address)
    return f"doi:{doi}" if doi else url_key(address)


def _filled(text: str, path: str, entry: Article) -> tuple[str, list[str]]:
    """Text of an article with the values that it lacks and an entry has, and their names."""
    front = parse(text)
    mapped = map_metadata(front.data, front.body, path)
    taken = {normal(name) for name, value in front.data.items() if value not in _EMPTY}
    lacking = [each for each in _FIELDS if not getattr(mapped.metadata, each) and not _is_given(each, taken)]
    values = {name: value for name in lacking if (value := getattr(entry.metadata, name))}
    further = {
        name: value
        for name, value in entry.extra.items()
        if value and normal(name) not in taken and name not in _NOT_FILLED
    }
    article = Article(without_suffix(path), path, mapped.metadata, front.body, mapped.extra)
    metadata, extra = replace(article.metadata, **values), {**article.extra, **further}
    filled = replace(article, metadata=metadata, extra=extra)
    return revise(front, mapped, article, filled), [*values, *further]


def _is_given(name: str, taken: set[str]) -> bool:
    """Whether a person gave a field a value, be it one that is not understood."""
    keys = (*FIELDS[name], *(FIELDS["source_url"] if name == "source" else ()))
    return not taken.isdisjoint(keys)

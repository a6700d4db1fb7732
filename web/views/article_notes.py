"""Notes on an article: corrections, identifiers, series with the parts before and after, an archived copy."""

from __future__ import annotations

import logging
from typing import NamedTuple

from backfile.archive.errors import ArchiveError, LinkIndexUnusable
from backfile.archive.links.link_index import FILE_NAME, LinkIndex
from backfile.archive.metadata.corrections import CorrectionKind, read_corrections
from backfile.archive.metadata.identifiers import read_identifiers
from backfile.archive.metadata.series import SeriesEntry, SeriesPart, read_series
from backfile.archive.model import Article, PartialDate
from backfile.archive.web_addresses import host_of
from backfile.index.engine import Document
from backfile.index.sync.link_update import series_entries
from backfile.web.service.i18n import gettext, gettext_noop
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url
from backfile.web.views.hit_views import Link

HEADINGS = {
    CorrectionKind.CORRECTION: gettext_noop("Correction"),
    CorrectionKind.RETRACTION: gettext_noop("Retraction"),
    CorrectionKind.NOTE: gettext_noop("Editor’s note"),
}
SCHEMES = {"doi": "DOI", "ark": "ARK", "handle": "Handle", "urn": "URN", "isbn": "ISBN", "issn": "ISSN", "url": "URL"}
_ARCHIVES = frozenset({"web.archive.org", "archive.org", "www.archive.org"})

log = logging.getLogger("backfile.web")


class CorrectionNote(NamedTuple):
    """Note on an article: heading, date (None: unknown), text (empty: none is stated)."""

    heading: str
    date: PartialDate | None
    text: str


class IdentifierLink(NamedTuple):
    """Identifier of an article: name of its scheme, its value, and the address that resolves it, if there is one."""

    name: str
    value: str
    url: str | None


class SeriesNote(NamedTuple):
    """Series of an article: its name, the part in words (empty: none is stated), links to the parts around it."""

    name: str
    part: str
    previous: Link | None
    next: Link | None


def correction_notes(article: Article) -> tuple[CorrectionNote, ...]:
    """Notes of an article in their order."""
    return tuple(
        CorrectionNote(gettext(HEADINGS[each.kind]), each.date, each.text) for each in read_corrections(article.extra)
    )


def identifier_links(article: Article) -> tuple[IdentifierLink, ...]:
    """Identifiers of an article in their order."""
    return tuple(
        IdentifierLink(SCHEMES.get(each.scheme, each.scheme) or gettext("Identifier"), each.value, each.url)
        for each in read_identifiers(article.extra)
    )


def series_notes(article: Article) -> tuple[SeriesNote, ...]:
    """Series of an article; without the parts around it while the index of links cannot be used."""
    parts = read_series(article.extra)
    if not parts:
        return ()
    entries = series_entries(Document(article.id, article.path, article.metadata, ""), parts)
    around: list[tuple[SeriesEntry | None, SeriesEntry | None]] = [(None, None)] * len(parts)
    try:
        with LinkIndex.read(services().settings.cache_folder / FILE_NAME) as index:
            around = [index.series_neighbours(entry) for entry in entries]
    except LinkIndexUnusable as error:
        log.warning("The series of %s is shown without its other parts: %s", article.id, error)
    return tuple(
        SeriesNote(part.series, _part_words(part), _link(before), _link(after))
        for part, (before, after) in zip(parts, around, strict=True)
    )


def _part_words(part: SeriesPart) -> str:
    if part.part and part.total:
        return gettext("part %(part)s of %(all)s", part=part.part, all=part.total)
    return gettext("part %(part)s", part=part.part) if part.part else ""


def _link(entry: SeriesEntry | None) -> Link | None:
    """Link to another part; none if it is gone or held back by now."""
    if entry is None:
        return None
    try:
        found, _ = services().library.get_public(entry.id, services().now())
    except (ArchiveError, OSError):
        return None
    return Link(found.metadata.title, article_url(found.id))


def archived_url(article: Article, source_url: str | None) -> str | None:
    """Address of the copy of the source nearest to the article's date in the Wayback Machine of the Internet Archive.

    Form: `/web/YYYYMMDD/URL`, of which the date may be shortened. None without a date or source, and for an address in
    that archive.
    """
    date = article.metadata.date
    if date is None or not source_url or host_of(source_url) in _ARCHIVES:
        return None
    return f"https://web.archive.org/web/{str(date).replace('-', '')}/{source_url.partition('#')[0]}"

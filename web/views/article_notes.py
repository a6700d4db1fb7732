"""Notes above the text of an article, and its identifiers as links."""

from __future__ import annotations

from typing import NamedTuple

from backfile.archive.metadata.corrections import CorrectionKind, read_corrections
from backfile.archive.metadata.identifiers import read_identifiers
from backfile.archive.model import Article, PartialDate
from backfile.web.service.i18n import gettext, gettext_noop

HEADINGS = {
    CorrectionKind.CORRECTION: gettext_noop("Correction"),
    CorrectionKind.RETRACTION: gettext_noop("Retraction"),
    CorrectionKind.NOTE: gettext_noop("Editor’s note"),
}
SCHEMES = {"doi": "DOI", "ark": "ARK", "handle": "Handle", "urn": "URN", "isbn": "ISBN", "issn": "ISSN", "url": "URL"}


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

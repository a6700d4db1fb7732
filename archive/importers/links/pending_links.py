"""Links between articles that were imported together: from the address that a source has to where the article lies.

Which article an address means is known by its importer; where that article lies is known when it was written, which may
be after the one that links to it. So what cannot be told at once waits for the end of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backfile.archive.importers.library.assets import point
from backfile.archive.importers.library.import_log import ImportLog
from backfile.archive.importers.library.provenance import CLOSING
from backfile.archive.importers.links.published_links import place_of


@dataclass(slots=True)
class PendingLinks:
    """The links of the articles of one source. `waiting` is the path of an article → its links that wait."""

    waiting: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def settle(self, body: str, path: str, links: Mapping[str, str], log: ImportLog, *, only: str | None = None) -> str:
        """The body of the article at `path` with the links whose targets are there; the others are noted.

        `links` gives for addresses in the body the origins of the articles that they lead to. With `only` those links
        are set whose new address is in this text, and none waits.
        """
        known, unknown = _known(path, links, log)
        if only is not None:
            return point(body, {address: place for address, place in known.items() if place in only})
        if unknown:
            self.waiting[path] = unknown
        else:
            self.waiting.pop(path, None)
        return point(body, known)

    def late(self, log: ImportLog) -> Iterator[tuple[str, str]]:
        """Path and new text of every article that has links whose targets came after it."""
        for path, links in self.waiting.items():
            known, _ = _known(path, links, log)
            text = log.text(path) if known else ""
            head, closing, body = text.partition(CLOSING)
            linked = head + closing + point(body, known)
            if linked != text:
                yield path, linked


def _known(path: str, links: Mapping[str, str], log: ImportLog) -> tuple[dict[str, str], dict[str, str]]:
    """The new addresses of links whose targets are there, and the links to the others."""
    known: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for address, origin in links.items():
        record = log.find(origin)
        if record is None:
            unknown[address] = origin
        else:
            known[address] = place_of(record.path, path, address)
    return known, unknown

"""Links between items of one source, by the origins of their targets.

A format knows which item a link means; the path of that item's article is known when it is written, which may be after
the article that links to it. Links whose targets are not there yet are pending until the end of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backfile.archive.importers.library.import_log import ImportLog
from backfile.archive.importers.library.provenance import CLOSING
from backfile.archive.importers.links.markdown_links import replace_literally
from backfile.archive.importers.links.published_links import relative_link


class PendingLinks:
    """Links of the articles of one source whose targets are not written yet: path → destination → origin."""

    def __init__(self, log: ImportLog) -> None:
        self._log = log
        self._pending: dict[str, Mapping[str, str]] = {}

    def resolve(self, body: str, path: str, links: Mapping[str, str], *, only: str | None = None) -> str:
        """Body of the article at `path` with the links whose targets are there; the others become pending.

        `links` maps destinations in the body to the origins of their targets. With `only`, no more than the links whose
        new destination is in that text are set, and none becomes pending.
        """
        known = self._known(path, links)
        if only is not None:
            return replace_literally(body, {link: new for link, new in known.items() if new in only})
        if len(known) < len(links):
            self._pending[path] = {link: origin for link, origin in links.items() if link not in known}
        else:
            self._pending.pop(path, None)
        return replace_literally(body, known)

    def resolve_pending(self) -> Iterator[tuple[str, str]]:
        """Yields path and new text of every article with links whose targets came after it."""
        pending, self._pending = self._pending, {}
        for path, links in pending.items():
            known = self._known(path, links)
            text = self._log.text(path) if known else ""
            head, closing, body = text.partition(CLOSING)
            linked = head + closing + replace_literally(body, known)
            if linked != text:
                yield path, linked

    def _known(self, path: str, links: Mapping[str, str]) -> dict[str, str]:
        """Destinations → relative links to the targets that are in the library."""
        targets = ((link, self._log.find(origin)) for link, origin in links.items())
        return {link: relative_link(target.path, path, link) for link, target in targets if target is not None}

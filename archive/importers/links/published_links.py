"""Links by absolute address from one article of a site to another: they lead to where that one lies in the library.

Only addresses of the host that an article is from itself are looked at. What is known is what was in the library when
the import began, so that an article comes out the same whichever is read first; links to what came since are set in
one pass at the end.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urldefrag

from backfile.archive.importers.library.provenance import CLOSING
from backfile.archive.importers.links.markdown_links import replace_destinations
from backfile.archive.importers.links.web_addresses import addresses_given, front_entries, url_host, url_key


@dataclass(frozen=True, slots=True)
class _Published:
    """The article at `path`; `origin` is empty if it was not imported, `hosts` are those of its own addresses."""

    path: str
    origin: str
    hosts: tuple[str, ...]


_SHARED = _Published("", "", ())


class PublishedLinks:
    """The articles of a library by the addresses that they were published at. One that several have leads to none."""

    def __init__(self) -> None:
        self._known: dict[str, _Published] = {}
        self._new: dict[str, _Published] = {}
        self._imported: dict[str, _Published] = {}
        self._hosts: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, path: str, text: str, origin: str = "") -> None:
        """Makes an article known that is there when the import begins; of copies the one that is added last counts."""
        self._add(self._known, path, text, origin)

    def note(self, path: str, text: str, origin: str) -> None:
        """Makes an article known that was written since. Links lead there when `late` has set them."""
        self._add(self._new, path, text, origin)

    def _add(self, articles: dict[str, _Published], path: str, text: str, origin: str) -> None:
        given = addresses_given(front_entries(text)[0])
        hosts = _hosts((*given.own, origin))
        article = _Published(path, origin, self._hosts.setdefault(hosts, hosts))
        if origin and hosts:
            self._imported[path] = article
        for address in (*given.own, *given.others):
            key = url_key(address)
            if key is not None:
                _put(articles, key, article)

    def settle(self, text: str, path: str, origin: str, *, only: str | None = None) -> str:
        """The text of the file of an article at `path`, in which the links are led to the articles that are known.

        With `only` those links are whose new address is in this text.
        """
        if "://" not in text:
            return text
        head, closing, body = text.partition(CLOSING)
        hosts = _hosts((*addresses_given(front_entries(head + closing)[0]).own, origin))

        def place(address: str, is_picture: bool) -> str | None:
            is_ours = not is_picture and url_host(address) in hosts
            target = self._known.get(url_key(address) or "") if is_ours else None
            if target is None or target is _SHARED or target.path == path:
                return None
            led = place_of(target.path, path, address)
            return led if only is None or led in only else None

        return head + closing + replace_destinations(body, place) if hosts else text

    def late(self, read: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """Path and new text of every imported article that has links to what came since; `read` gives its text."""
        new, self._new = self._new, {}
        hosts = {host for key, article in new.items() if self._is_new(key, article) for host in (_host_in(key),)}
        for key, article in new.items():
            _put(self._known, key, article)
        if not hosts:
            return
        for path, article in list(self._imported.items()):
            if hosts.isdisjoint(article.hosts):
                continue
            text = read(path)
            linked = self.settle(text, path, article.origin)
            if linked != text:
                yield path, linked

    def _is_new(self, key: str, article: _Published) -> bool:
        known = self._known.get(key)
        return known is None or (known.path != article.path and known is not _SHARED)


def place_of(target: str, path: str, address: str) -> str:
    """How the article at `path` refers to the one at `target`, for which it has an address, whose fragment is kept."""
    place = quote(posixpath.relpath(target, posixpath.dirname(path)))
    fragment = urldefrag(address)[1]
    return f"{place}#{fragment}" if fragment else place


def _put(articles: dict[str, _Published], key: str, article: _Published) -> None:
    there = articles.get(key)
    is_same = there is None or there.path == article.path or (there.origin != "" and there.origin == article.origin)
    articles[key] = article if is_same else _SHARED


def _hosts(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({host for host in map(url_host, addresses) if host}))


def _host_in(key: str) -> str:
    return re.split("[/?]", key, maxsplit=1)[0]

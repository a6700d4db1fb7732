"""Links by absolute URL between articles of one site, pointed to where the target lies in the library.

Only URLs of a host that the article itself is from are resolved. Known targets are those in the library when the import
began, so that an article comes out the same whichever is read first; links to newer ones are set in one pass at the
end.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from backfile.archive.importers.library.provenance import CLOSING, ArticleUrls
from backfile.archive.importers.links.markdown_links import replace_destinations
from backfile.archive.importers.links.urls import url_host, url_key
from backfile.archive.web_addresses import fragment_of


@dataclass(frozen=True, slots=True)
class _PublishedArticle:
    """Article at `path`; `origin` is empty if it was not imported, `hosts` are those of its own URLs."""

    path: str
    origin: str
    hosts: tuple[str, ...]


_AMBIGUOUS = _PublishedArticle("", "", ())


class PublishedLinks:
    """Articles of a library by the URLs that they were published at. A URL of several articles resolves to none."""

    def __init__(self) -> None:
        self._known: dict[str, _PublishedArticle] = {}
        self._new: dict[str, _PublishedArticle] = {}
        self._imported: dict[str, _PublishedArticle] = {}
        self._interned: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, path: str, urls: ArticleUrls, origin: str = "") -> None:
        """Adds an article that is there when the import begins; of copies the last one added counts."""
        self._add(self._known, path, urls, origin)

    def add_new(self, path: str, urls: ArticleUrls, origin: str) -> None:
        """Adds an article that was written since; links to it are set by `resolve_new`."""
        self._add(self._new, path, urls, origin)

    def forget(self, path: str) -> None:
        """Forgets an article that was added as new but could not be written."""
        self._new = {key: article for key, article in self._new.items() if article.path != path}
        self._imported.pop(path, None)

    def _add(self, articles: dict[str, _PublishedArticle], path: str, urls: ArticleUrls, origin: str) -> None:
        hosts = url_hosts((*urls.own, origin))
        article = _PublishedArticle(path, origin, self._interned.setdefault(hosts, hosts))
        if origin and hosts:
            self._imported[path] = article
        for key in filter(None, map(url_key, (*urls.own, *urls.others))):
            _put(articles, key, article)

    def resolve(self, body: str, path: str, hosts: tuple[str, ...], *, only: str | None = None) -> str:
        """Body of the article at `path`, with links to URLs on its own `hosts` pointed to the articles known there.

        With `only`, no more than the links whose new destination is in that text are set.
        """
        if not hosts or "://" not in body:
            return body

        def target_of(url: str, is_image: bool) -> str | None:
            is_own_host = not is_image and url_host(url) in hosts
            target = self._known.get(url_key(url) or "") if is_own_host else None
            if target is None or target is _AMBIGUOUS or target.path == path:
                return None
            link = relative_link(target.path, path, url)
            return link if only is None or link in only else None

        return replace_destinations(body, target_of)

    def resolve_new(self, read: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """Yields path and new text of every imported article with links to newer ones; `read` returns its text."""
        new, self._new = self._new, {}
        hosts = {re.split("[/?]", key, maxsplit=1)[0] for key, article in new.items() if self._is_news(key, article)}
        for key, article in new.items():
            _put(self._known, key, article)
        for path, article in list(self._imported.items()):
            if hosts.isdisjoint(article.hosts):
                continue
            text = read(path)
            head, closing, body = text.partition(CLOSING)
            linked = head + closing + self.resolve(body, path, article.hosts)
            if linked != text:
                yield path, linked

    def _is_news(self, key: str, article: _PublishedArticle) -> bool:
        known = self._known.get(key)
        return known is None or (known.path != article.path and known is not _AMBIGUOUS)


def relative_link(target: str, path: str, url: str) -> str:
    """Relative link from the article at `path` to the one at `target`, with the fragment of `url`."""
    link = quote(posixpath.relpath(target, posixpath.dirname(path)))
    fragment = fragment_of(url)
    return f"{link}#{fragment}" if fragment else link


def url_hosts(urls: Iterable[str]) -> tuple[str, ...]:
    """Hosts of URLs, sorted, each once; other origins have none."""
    return tuple(sorted({host for host in map(url_host, urls) if host}))


def _put(articles: dict[str, _PublishedArticle], key: str, article: _PublishedArticle) -> None:
    known = articles.get(key)
    is_same = known is None or known.path == article.path or (known.origin != "" and known.origin == article.origin)
    articles[key] = article if is_same else _AMBIGUOUS

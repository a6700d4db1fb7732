"""Links of the articles of a tree that is imported: to each other, and to the rest of their published site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterable
from contextlib import suppress
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.links.markdown_links import link_destinations, replace_destinations
from backfile.archive.importers.links.urls import url_host
from backfile.archive.links.article_addresses import article_addresses, stated_addresses
from backfile.archive.links.destinations import REFERENCE
from backfile.archive.links.link_index import LinkIndex
from backfile.archive.links.link_resolver import LinkedArticle, LinkResolver
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.model import ArticleMetadata
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.web_addresses import address_parts, join_address

_SUFFIX = re.compile(r"\.(?:md|mdx|markdown|html?)\Z", re.IGNORECASE)
_ARTICLE = re.compile(r"\.(?:md|mdx|markdown)\Z", re.IGNORECASE)
_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_SECTION = re.compile(r"(?:\A|(?<=/))_?index\Z", re.IGNORECASE)
_DATE_PREFIX = re.compile(r"\d{4}-\d\d-\d\d-")


class TreeLinks:
    """Links of a tree by the rules of `LinkResolver`.

    `site_url` is the URL of the published site, with a final `/`; empty if unknown.
    """

    def __init__(self, site: SiteLayout, site_url: str = "") -> None:
        self._site, self._site_url = site, site_url
        self._index = LinkIndex.temporary()
        self.resolver = LinkResolver(self._index)

    def add_pages(self, paths: Iterable[str]) -> None:
        """Adds articles by their paths alone."""
        for path in paths:
            self._index.put(path, path, article_addresses(path, ArticleMetadata(), ()))

    def add_articles(self, root: Path, paths: Iterable[str]) -> None:
        """Adds articles below `root` by their paths and their front matter; an unreadable one by its path alone."""
        real = str(root.resolve())
        for path in paths:
            self.add_pages([path])
            with suppress(ArticleUnreadable, OSError):
                front = parse(decode(read_bytes(f"{real}/{path}", real)).text)
                metadata = map_metadata(front.data, front.body, path).metadata
                stated = map(self._without_site, stated_addresses(path, front.data))
                self._index.put(path, path, article_addresses(path, metadata, stated))

    def add_assets(self, paths: Iterable[str]) -> None:
        """Adds the files beside the articles."""
        self._index.put_files(paths)

    def resolve(self, path: str, body: str) -> tuple[str, dict[str, str]]:
        """Body of the article at `path` in plain Markdown; its destinations → paths of the articles they lead to."""
        links: dict[str, str] = {}
        for link, is_image in link_destinations(body):
            target = None if is_image else self.target(path, link)
            if target is not None:
                links[link.removeprefix(REFERENCE)] = target
        return replace_destinations(body, _without_scheme) if REFERENCE in body else body, links

    def target(self, path: str, link: str) -> str | None:
        """Path of the article that a link in the article at `path` leads to."""
        found = self.resolver.target(path, "link", self._without_site(link))
        return found.path if isinstance(found, LinkedArticle) else None

    def with_absolute_links(self, path: str, body: str, kept: Container[str]) -> str:
        """Body with links to the rest of the site as absolute URLs, because only articles and files are imported.

        Links whose meaning is uncertain stay as they are.
        """
        if not self._site_url:
            return body
        return replace_destinations(body, lambda link, _: None if link in kept else self._absolute(path, link))

    def _absolute(self, path: str, link: str) -> str | None:
        """URL of a root-relative link or a link to a Markdown file; None for any other link."""
        link_path, suffix = re.fullmatch(r"([^?#]*)(.*)", link, re.DOTALL).groups()  # type: ignore[union-attr]
        if not link_path or _EXTERNAL.match(link):
            return None
        if not _ARTICLE.search(link_path):
            return f"{self._from_root(link_path)}{suffix}" if link_path.startswith("/") else None
        target = link_path.removeprefix("@").lstrip("/")
        if not link_path.startswith(("/", "@/")):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link_path))
            if not self._site.holds(target):
                return None
        for folder in self._site.folders:
            target = target.removeprefix(f"{folder}/")
        stem = _SECTION.sub("", _SUFFIX.sub("", target)).strip("/")
        *folders, name = target.split("/")
        if any(each.startswith(("..", "_")) for each in folders) or _DATE_PREFIX.match(name):
            return None  # the URL of a post or a collection is not its path
        return f"{self._site_url}{stem}{'/' if stem else ''}{suffix}"

    def _from_root(self, link_path: str) -> str:
        """URL of a root-relative path: below the site for Jekyll and Docusaurus, below the host for others."""
        root = address_parts(self._site_url).path
        if self._site.builder in ("Docusaurus", "Jekyll") and not link_path.startswith(root):
            return self._site_url + link_path.lstrip("/")
        return join_address(self._site_url, link_path) or link_path

    def _without_site(self, link: str) -> str:
        """Root-relative path of an absolute URL on the site; any other link unchanged."""
        if not self._site_url or url_host(link) != url_host(self._site_url):
            return link
        root, parts = address_parts(self._site_url).path, address_parts(link)
        return f"/{parts.path.removeprefix(root).lstrip('/')}"


def _without_scheme(link: str, is_image: bool) -> str | None:
    return link.removeprefix(REFERENCE) if link.startswith(REFERENCE) else None

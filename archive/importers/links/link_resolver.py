"""Resolves links between the articles of a tree, by the rules of the site builders."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from urllib.parse import unquote

from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.links.markdown_links import link_destinations, replace_destinations
from backfile.archive.importers.links.urls import url_host
from backfile.archive.metadata.field_names import normal
from backfile.archive.web_addresses import address_parts, join_address

_SUFFIX = re.compile(r"\.(?:md|mdx|markdown|html?)\Z", re.IGNORECASE)
_ARTICLE = re.compile(r"\.(?:md|mdx|markdown)\Z", re.IGNORECASE)
_INDEX = re.compile(r"(?:\A|/)index(?:\.[a-z]{2,3}(?:-[a-z]{2})?)?\Z", re.IGNORECASE)
_POST = re.compile(
    r"(?=(?:.*/)?\d{4}-\d\d-\d\d-[^/]+\Z)(?P<folder>(?:.*/)?)_posts/(?:.*/)?(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)-(?P<slug>[^/]+)\Z"
)
_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_DATED_URL = re.compile(r"(?:\A|/)(\d{4}/\d\d/\d\d/[^/]+)\Z")
_SECTION = re.compile(r"(?:\A|(?<=/))_?index\Z", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"',\[\]]+")
_PLACEHOLDER = re.compile(r"(?:\A|/):")  # filled in by the site builder: /:year/:title/
_DATE_PREFIX = re.compile(r"\d{4}-\d\d-\d\d-")


class LinkResolver:
    """Articles of a tree by every path and name that a link may use for them.

    `site_url` is the URL of the published site, with a final `/`; empty if unknown.
    """

    def __init__(self, site: SiteLayout, site_url: str = "") -> None:
        self._site, self._site_url = site, site_url
        self._by_url_path: dict[str, str] = {}
        self._by_name: dict[str, str | None] = {}

    def add_articles(self, paths: Iterable[str]) -> None:
        """Adds articles by their paths below the root of the tree."""
        for path in paths:
            stem = _SUFFIX.sub("", path)
            for url_path in _url_paths(stem, self._site):
                self._by_url_path.setdefault(url_path.casefold(), path)
            page_name = posixpath.basename(_INDEX.sub("", stem) or stem)
            for name in {page_name.casefold(), _DATE_PREFIX.sub("", posixpath.basename(stem)).casefold()}:
                known = self._by_name.setdefault(name, path)
                self._by_name[name] = path if known == path else None

    def add_permalinks(self, permalinks: Iterable[tuple[str, str]]) -> None:
        """Adds addresses in front matter, as path and address; the paths of articles come before them."""
        for path, address in permalinks:
            url_path = unquote(_SUFFIX.sub("", self._without_site(address))).strip("/").casefold()
            self._by_url_path.setdefault(url_path or path, path)

    def links(self, path: str, body: str) -> dict[str, str]:
        """Destinations in the body of the article at `path` → paths of the articles that they lead to."""
        targets = {link: self.target(path, link) for link, is_image in link_destinations(body) if not is_image}
        return {link: target for link, target in targets.items() if target is not None}

    def with_absolute_links(self, path: str, body: str, assets: Container[str]) -> str:
        """Body with links to the rest of the site as absolute URLs, because only articles and `assets` are imported.

        Links whose meaning is uncertain stay as they are.
        """
        if not self._site_url:
            return body
        return replace_destinations(body, lambda link, _: None if link in assets else self._absolute(path, link))

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

    def target(self, path: str, link: str) -> str | None:
        """Path of the article that a link in the article at `path` leads to."""
        link = self._without_site(link)
        if _EXTERNAL.match(link):
            return None
        link_path = unquote(re.split(r"[?#]", link)[0])
        if not link_path.strip("/"):
            return None
        stem = _SUFFIX.sub("", link_path).rstrip("/")
        for candidate in self._candidates(path, stem, is_file=_ARTICLE.search(link_path) is not None):
            target = self._by_url_path.get(_INDEX.sub("", posixpath.normpath(candidate)).casefold())
            if target is not None:
                return target
        is_name = self._site.by_name or _ARTICLE.search(link_path) or _DATE_PREFIX.match(stem)
        return self._by_name.get(posixpath.basename(stem).casefold()) if is_name else None

    def _candidates(self, path: str, stem: str, *, is_file: bool) -> Iterator[str]:
        """Yields the paths that a link may mean: relative to the article, to its own URL, to the root."""
        if stem.startswith(("/", "@/")):
            stem = stem.removeprefix("@").lstrip("/")
            dated = _DATED_URL.search(stem) if self._site.builder == "Jekyll" else None
            if dated is not None:  # the categories of a post come first
                yield dated[1]
        else:
            folder = posixpath.dirname(path)
            yield posixpath.join(folder, stem)
            if not is_file:
                yield posixpath.join(_SUFFIX.sub("", path), stem)
        yield stem
        yield from (posixpath.join(folder, stem) for folder in self._site.folders)


def permalinks(path: str, data: Mapping[str, object]) -> Iterator[str]:
    """Yields the addresses in the front matter of the article at `path`: its own, and its former ones."""
    entries = {normal(key): list(_words(value)) for key, value in data.items()}
    for key in ("path", "permalink", "url"):
        yield from (word for word in entries.get(key, ())[:1] if not _PLACEHOLDER.search(word))
    for key in ("aliases", "alias", "redirectfrom"):
        yield from entries.get(key, ())
    for slug in entries.get("slug", ())[:1]:
        yield posixpath.join(posixpath.dirname(_INDEX.sub("", _SUFFIX.sub("", path))), slug)


def _words(value: object) -> Iterator[str]:
    for text in value if isinstance(value, list) else [value]:
        yield from _WORD.findall(str(text)) if isinstance(text, str | int) else ()


def _url_paths(stem: str, site: SiteLayout) -> Iterator[str]:
    """Yields the path of an article without its suffix, and the URL paths that its site builder makes of it."""
    page = _INDEX.sub("", stem)
    if not page:
        return
    yield page
    for folder in (*site.folders, "content"):
        if page.startswith(f"{folder}/"):
            yield page.removeprefix(f"{folder}/")
    post = _POST.match(stem)
    if post is not None:
        yield f"{post['folder']}{post['year']}/{post['month']}/{post['day']}/{post['slug']}"
        yield f"{post['folder']}{post['year']}/{post['month']}/{post['slug']}"

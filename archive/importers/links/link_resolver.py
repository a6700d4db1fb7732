"""Links from one article of a tree to another: which article an address means, as builders of sites understand it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from urllib.parse import unquote, urljoin, urlsplit

from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.links.markdown_links import link_destinations, replace_destinations
from backfile.archive.importers.links.urls import url_host
from backfile.archive.metadata.field_names import normal

_SUFFIX = re.compile(r"\.(?:md|mdx|markdown|html?)\Z", re.IGNORECASE)
_ARTICLE = re.compile(r"\.(?:md|mdx|markdown)\Z", re.IGNORECASE)
_INDEX = re.compile(r"(?:\A|/)index(?:\.[a-z]{2,3}(?:-[a-z]{2})?)?\Z", re.IGNORECASE)
_POST = re.compile(
    r"(?P<folder>(?:.*/)?)_posts/(?:.*/)?(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)-(?P<slug>[^/]+)\Z"
)
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_DAY_AND_NAME = re.compile(r"(?:\A|/)(\d{4}/\d\d/\d\d/[^/]+)\Z")
_SECTION = re.compile(r"(?:\A|(?<=/))_?index\Z", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"',\[\]]+")
_PLACEHOLDER = re.compile(r"(?:\A|/):")  # filled in by the site builder: /:year/:title/
_DATED = re.compile(r"\d{4}-\d\d-\d\d-")


class LinkResolver:
    """The articles of a tree by all the names that a link may have for them. `paths` lie below the tree's root.

    `address` is that of the site on the web, with `/` at its end; empty if it is not known. `given` are the addresses
    that articles have by their own front matter, as path → address.
    """

    def __init__(
        self, paths: Iterable[str], site: SiteLayout, address: str = "", given: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._site, self._address = site, address
        self._by_place: dict[str, str] = {}
        self._by_name: dict[str, str | None] = {}
        for path in paths:
            stem = _SUFFIX.sub("", path)
            for place in _places(stem, site):
                self._by_place.setdefault(place.casefold(), path)
            for name in {posixpath.basename(_INDEX.sub("", stem) or stem), _DATED.sub("", posixpath.basename(stem))}:
                known = self._by_name.setdefault(name.casefold(), path)
                self._by_name[name.casefold()] = path if known == path else None
        for path, own in given:
            place = unquote(_SUFFIX.sub("", self._within(own))).strip("/").casefold()
            self._by_place.setdefault(place or path, path)

    def links(self, path: str, body: str) -> dict[str, str]:
        """Address as it stands in the body of the article at `path` → the path of the article that it leads to."""
        found = {
            address: self.target(path, address) for address, is_picture in link_destinations(body) if not is_picture
        }
        return {address: target for address, target in found.items() if target is not None}

    def in_full(self, path: str, body: str, beside: Container[str]) -> str:
        """The body with addresses on the site in full, so that they lead somewhere though nothing there comes along.

        Only those are whose meaning is certain, and none of files that are taken along (`beside`).
        """
        if not self._address:
            return body
        return replace_destinations(body, lambda address, _: None if address in beside else self._public(path, address))

    def _public(self, path: str, address: str) -> str | None:
        """What an address from the top of the site, or to a file of Markdown, is on the web; None for others."""
        bare, end = re.fullmatch(r"([^?#]*)(.*)", address, re.DOTALL).groups()  # type: ignore[union-attr]
        if not bare or _ELSEWHERE.match(address):
            return None
        is_file = _ARTICLE.search(bare) is not None
        if not is_file:
            return f"{self._from_top(bare)}{end}" if bare.startswith("/") else None
        place = bare.removeprefix("@").lstrip("/")
        if not bare.startswith(("/", "@/")):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), bare))
            if not self._site.holds(place):
                return None
        for folder in self._site.folders:
            place = place.removeprefix(f"{folder}/")
        stem = _SECTION.sub("", _SUFFIX.sub("", place)).strip("/")
        *folders, name = place.split("/")
        if any(each.startswith(("..", "_")) for each in folders) or _DATED.match(name):
            return None  # of posts and collections the address is not that of the file
        return f"{self._address}{stem}{'/' if stem else ''}{end}"

    def _from_top(self, bare: str) -> str:
        """An address that begins with `/`: the top of the site for Jekyll and Docusaurus, of the host for others."""
        top = urlsplit(self._address).path
        if self._site.builder in ("Docusaurus", "Jekyll") and not bare.startswith(top):
            return self._address + bare.lstrip("/")
        return urljoin(self._address, bare)

    def _within(self, address: str) -> str:
        """The address below the site's top of one that is written in full; others as they are."""
        if not self._address or url_host(address) != url_host(self._address):
            return address
        top, parts = urlsplit(self._address).path, urlsplit(address)
        return f"/{parts.path.removeprefix(top).lstrip('/')}"

    def target(self, path: str, address: str) -> str | None:
        """The path of the article that an address in the article at `path` leads to; None if it leads to none."""
        address = self._within(address)
        if _ELSEWHERE.match(address):
            return None
        bare = unquote(re.split(r"[?#]", address)[0])
        if not bare.strip("/"):
            return None
        stem = _SUFFIX.sub("", bare).rstrip("/")
        for place in self._candidates(path, stem, is_file=_ARTICLE.search(bare) is not None):
            target = self._by_place.get(_INDEX.sub("", posixpath.normpath(place)).casefold())
            if target is not None:
                return target
        is_name = self._site.by_name or _ARTICLE.search(bare) or _DATED.match(stem)
        return self._by_name.get(posixpath.basename(stem).casefold()) if is_name else None

    def _candidates(self, path: str, stem: str, *, is_file: bool) -> Iterator[str]:
        """Where below the root an address may lead: beside the article, below its own address, from the top."""
        if stem.startswith(("/", "@/")):
            stem = stem.removeprefix("@").lstrip("/")
            dated = _DAY_AND_NAME.search(stem) if self._site.builder == "Jekyll" else None
            if dated is not None:  # below the categories of the post
                yield dated[1]
        else:
            folder = posixpath.dirname(path)
            yield posixpath.join(folder, stem)
            if not is_file:
                yield posixpath.join(_SUFFIX.sub("", path), stem)
        yield stem
        yield from (posixpath.join(folder, stem) for folder in self._site.folders)


def addresses_in_front_matter(path: str, data: Mapping[str, object]) -> Iterator[str]:
    """Yields the addresses that front matter gives to the article at `path`: its own, and its former ones."""
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


def _places(stem: str, site: SiteLayout) -> Iterator[str]:
    """The places that an article has: its path without ending, and the address that its builder gives it."""
    place = _INDEX.sub("", stem)
    if not place:
        return
    yield place
    for folder in (*site.folders, "content"):
        if place.startswith(f"{folder}/"):
            yield place.removeprefix(f"{folder}/")
    post = _POST.match(stem)
    if post is not None:
        yield f"{post['folder']}{post['year']}/{post['month']}/{post['day']}/{post['slug']}"
        yield f"{post['folder']}{post['year']}/{post['month']}/{post['slug']}"

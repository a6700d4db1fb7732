"""Links from one article of a tree to another: which article an address means, as builders of sites understand it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from archive.importers.pictures import addresses
from archive.importers.sites import Site

_SUFFIX = re.compile(r"\.(?:md|mdx|markdown|html?)\Z", re.IGNORECASE)
_ARTICLE = re.compile(r"\.(?:md|mdx|markdown)\Z", re.IGNORECASE)
_INDEX = re.compile(r"(?:\A|/)index(?:\.[a-z]{2,3}(?:-[a-z]{2})?)?\Z", re.IGNORECASE)
_POST = re.compile(
    r"(?P<folder>(?:.*/)?)_posts/(?:.*/)?(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)-(?P<slug>[^/]+)\Z"
)
_DATED = re.compile(r"\d{4}-\d\d-\d\d-")


class Crosslinks:
    """The articles of a tree by all the names that a link may have for them. `paths` lie below the tree's root."""

    def __init__(self, paths: Iterable[str], site: Site) -> None:
        self._site = site
        self._by_place: dict[str, str] = {}
        self._by_name: dict[str, str | None] = {}
        for path in paths:
            stem = _SUFFIX.sub("", path)
            for place in _places(stem, site):
                self._by_place.setdefault(place.casefold(), path)
            for name in {posixpath.basename(_INDEX.sub("", stem) or stem), _DATED.sub("", posixpath.basename(stem))}:
                known = self._by_name.setdefault(name.casefold(), path)
                self._by_name[name.casefold()] = path if known == path else None

    def links(self, path: str, body: str) -> dict[str, str]:
        """Address as it stands in the body of the article at `path` → the path of the article that it leads to."""
        found = {address: self.target(path, address) for address, is_picture in addresses(body) if not is_picture}
        return {address: target for address, target in found.items() if target is not None}

    def target(self, path: str, address: str) -> str | None:
        """The path of the article that an address in the article at `path` leads to; None if it leads to none."""
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
        else:
            folder = posixpath.dirname(path)
            yield posixpath.join(folder, stem)
            if not is_file:
                yield posixpath.join(_SUFFIX.sub("", path), stem)
        yield stem
        yield from (posixpath.join(folder, stem) for folder in self._site.folders)


def _places(stem: str, site: Site) -> Iterator[str]:
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

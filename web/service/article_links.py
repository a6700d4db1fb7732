"""URLs for the internal links of an article: pages of the archive, its pictures and files, anchors of its headings."""

from __future__ import annotations

import logging
import posixpath
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from backfile.archive.availability.states import State
from backfile.archive.errors import ArticleGone, ArticleNotFound, LinkIndexUnusable
from backfile.archive.links.destinations import REFERENCE, parse_destination
from backfile.archive.links.link_index import FILE_NAME, LinkIndex
from backfile.archive.links.link_resolver import LinkedArticle, LinkedFacet, LinkedFile, LinkResolver, LinkTarget
from backfile.archive.markdown.html_postprocessor import ID_PREFIX, Anchors
from backfile.archive.markdown.renderer import anchors
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.library import Library
from backfile.archive.storage.readable_body import readable_body
from backfile.archive.storage.walker import has_asset_name
from backfile.index.caching import Cache, bounded_cache
from backfile.index.engine import Engine
from backfile.index.serialising import article_path, facet_path

ANCHORS_SECONDS = 60
MAX_ANCHORS = 20_000  # of articles that others link to, a process

MAX_BELOW = 5_000  # articles of a folder that are looked at for its section page
MAX_LISTED = 200

log = logging.getLogger("backfile.web")


def _anchors_size(found: Anchors) -> int:
    return len(found) + 1


_cached_anchors: Cache[Anchors] = bounded_cache(MAX_ANCHORS, _anchors_size)


@contextmanager
def link_base(library: Library, folder: Path, path: str, root: str) -> Iterator[Callable[[str, str], str | None]]:
    """Resolver of the internal links in the article at `path`, for `to_html`; `folder` is the cache folder.

    URLs begin with `root`, the path that the archive is served under.

    A link to an article gives its page, one to an author or topic theirs, a picture `/media/…`; a link without a target
    gives None. Without an index of links, paths that lead to a file as they are written are all that is resolved.
    """
    with ExitStack() as opened:
        resolver = None
        try:
            index = opened.enter_context(LinkIndex.read(folder / FILE_NAME))
            resolver = LinkResolver(index, library.names.known)
        except LinkIndexUnusable as error:
            log.warning("Links of %s are resolved by their paths alone: %s", path, error)

        def resolve(kind: str, address: str) -> str | None:
            try:
                if resolver is not None:
                    return _url_of(library, root, resolver.target(path, kind, address))
            except LinkIndexUnusable as error:  # damaged where this link is looked up
                log.warning("The link %s of %s is resolved by its path alone: %s", address, path, error)
            return _url_of(library, root, _written_target(library, path, kind, address))

        yield resolve


def _url_of(library: Library, root: str, target: LinkTarget | None) -> str | None:
    if isinstance(target, LinkedArticle):
        anchor = _anchor(library, target) if target.fragment else None
        return root + article_path(target.id) + (f"#{ID_PREFIX}{quote(anchor)}" if anchor else "")
    if isinstance(target, LinkedFacet):
        return root + facet_path(target.facet, target.name)
    return None if target is None else f"{root}/media/{quote(target.path)}"


def section_contents(
    library: Library, engine: Engine, folder: Path, path: str, now: datetime
) -> tuple[tuple[str, str], ...]:
    """Titles and ids of what lies in the folder of the section page at `path`: articles, then sections below it.

    Sections that are not published at the moment `now` are left out.
    """
    section = posixpath.dirname(path)
    try:
        with LinkIndex.read(folder / FILE_NAME) as index:
            below = index.below(section, MAX_BELOW)
    except LinkIndexUnusable as error:
        log.warning("The contents of %s are not listed: %s", path, error)
        return ()
    titles: list[tuple[str, str]] = []
    for each, article_id in below:
        if _is_in(section, each):
            with suppress(ArticleNotFound):  # removed meanwhile
                titles.append((engine.document(article_id).metadata.title, article_id))
    pages: list[tuple[str, str]] = []
    for each in library.walk_sections():
        if each != path and posixpath.dirname(posixpath.dirname(each)) == section:
            with suppress(ArticleNotFound, ArticleGone):  # a draft, or held back
                page, state = library.get_public(without_suffix(each), now)
                if state is State.PUBLISHED:
                    pages.append((page.metadata.title, page.id))
    return (*sorted(titles)[:MAX_LISTED], *sorted(pages)[:MAX_LISTED])


def _is_in(folder: str, path: str) -> bool:
    """Whether an article lies right in a folder, as a file or as a folder of its own."""
    name = path[len(folder) + 1 :] if folder else path
    return "/" not in name or (name.count("/") == 1 and posixpath.basename(name).startswith("index."))


def _anchor(library: Library, target: LinkedArticle) -> str | None:
    """Anchor in the target that the fragment of a link means; the anchors of an article are cached for a minute."""

    def read() -> Anchors:
        article = library.read(target.path, sections=True).article
        return anchors(readable_body(library, article).text) if article else Anchors(())

    key = (library.root, target.path, int(time.monotonic() // ANCHORS_SECONDS))
    return _cached_anchors(key, read).find(target.fragment)


def _written_target(library: Library, path: str, kind: str, address: str) -> LinkTarget | None:
    """Target at the very path that a link has, relative to its article or from the root."""
    destination = parse_destination(address)
    written = unquote(address.removeprefix(REFERENCE).partition("#")[0].partition("?")[0])
    if destination is None or not written:
        return None
    folder = "" if destination.rooted else posixpath.dirname(path)
    wanted = posixpath.normpath(posixpath.join(folder, written.lstrip("/")))
    if kind == "image":
        is_inside = library.find_file(wanted) is not None
        return LinkedFile(wanted) if is_inside and has_asset_name(posixpath.basename(wanted)) else None
    article_id = without_suffix(wanted)
    try:
        found, _ = library.get_public(article_id, datetime.now(UTC))
    except (ArticleNotFound, ArticleGone):
        return None
    return LinkedArticle(found.path, article_id, destination.fragment)

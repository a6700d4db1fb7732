"""Articles at their addresses: as readers may see them now, at the address at which they are now."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from flask import g, request
from werkzeug.routing import RequestRedirect

from backfile.archive.addresses.redirects import Redirects
from backfile.archive.availability.states import State
from backfile.archive.errors import ArticleNotFound, LinkIndexUnusable
from backfile.archive.links.link_index import FILE_NAME, LinkIndex
from backfile.archive.model import Article
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url

log = logging.getLogger("backfile.web")


class MovedPermanently(RequestRedirect):
    """Answer 301 to the address of an article that has another now."""

    code = 301


class OpenArticle(NamedTuple):
    """Article that readers may see; `is_unlisted` if they find it by its address alone."""

    article: Article
    is_unlisted: bool


def open_article(article_id: str, address: Callable[[str], str] = article_url) -> OpenArticle:
    """Article at an id; `address` makes the path of the present request for another id.

    Raises `MovedPermanently` if the article is at another id now, `ArticleGone` if it is no longer to be seen, and
    `ArticleNotFound`.
    """
    try:
        article, state = services().library.get_public(article_id, services().now())
    except ArticleNotFound:
        found = _find_moved(article_id)
        if found is None:
            raise
        raise _moved(address(found)) from None
    g.is_unlisted = state is State.UNLISTED
    return OpenArticle(article, state is State.UNLISTED)


def redirect_of_request() -> RequestRedirect | None:
    """Redirect of an address at which there is no page to the article that a former site had there.

    Raises `ArticleGone` if the article was deleted.
    """
    found = _ask_redirects(lambda redirects: redirects.of_path(request.path))
    return _moved(article_url(found)) if found is not None else None


def _find_moved(article_id: str) -> str | None:
    return _ask_redirects(lambda redirects: redirects.of_id(article_id) or redirects.of_path(f"/article/{article_id}"))


def _ask_redirects(ask: Callable[[Redirects], str | None]) -> str | None:
    """Answer of the redirects; None while there is no index of links."""
    try:
        with LinkIndex.read(services().settings.cache_folder / FILE_NAME) as index:
            return ask(Redirects(index, services().library, services().now()))
    except LinkIndexUnusable as error:
        log.warning("Former addresses are not known: %s", error)
        return None


def _moved(path: str) -> MovedPermanently:
    query = request.query_string.decode("ascii", "replace")
    return MovedPermanently(f"{path}?{query}" if query else path)

"""Comparison of two printings of an article, word by word."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template, request

from backfile.archive.markdown.renderer import read_body
from backfile.archive.model import Article
from backfile.archive.storage.readable_body import readable_body
from backfile.index.copies.word_difference import MAX_WORDS, ComparedPart, compare, count_parts
from backfile.index.sync.reader import document_of
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import gettext
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url, site_path
from backfile.web.views.hit_views import difference_text

KEPT = 160  # characters shown of a long part that both have, at either end
MAX_SHOWN = 2 * KEPT + 200  # characters up to which such a part is shown whole

blueprint = Blueprint("copies", __name__)


class ShownPart(NamedTuple):
    """Part of the comparison: `same`, `added` or `removed`; `left_out` words of it are not shown after the text."""

    kind: str
    text: str
    left_out: int = 0


@blueprint.get("/compare")
def compare_articles() -> str:
    """Page that shows the texts of the articles `a` and `b` in one; what only `b` has is marked, and what only `a` has.

    Raises `PageNotFound` without two ids, and the errors of an article that cannot be seen.
    """
    one, other = (_open(request.args.get(name, "")) for name in ("a", "b"))
    found = compare(_text(one), _text(other))
    difference = count_parts(found) if found is not None else None
    return render_template(
        "compare.html",
        here=site_path("/compare"),
        articles=[(article, article_url(article.id)) for article in (one, other)],
        parts=[] if found is None else [shown for part in found for shown in _shown(part)],
        difference=difference_text(*difference) if difference else "",
        is_same=difference == (0, 0),
        most_words=MAX_WORDS if found is None else 0,
    )


def _open(article_id: str) -> Article:
    if not article_id:
        raise PageNotFound(gettext("Two articles are compared: name their ids as a and b."))
    found, _ = services().library.get_public(article_id, services().now())
    metadata = document_of(found, "", library_language=services().library.settings.language).metadata
    return Article(found.id, found.path, metadata, found.body)


def _text(article: Article) -> str:
    """Plain text of an article as its page shows it."""
    return read_body(readable_body(services().library, article).text).text


def _shown(part: ComparedPart) -> list[ShownPart]:
    """Part as it is shown: of a long one that both texts have, its beginning and its end."""
    if part.kind != "same":
        marked = part.text.rstrip()
        return [ShownPart(part.kind, marked), ShownPart("same", part.text[len(marked) :])]
    if len(part.text) <= MAX_SHOWN:
        return [ShownPart(*part)]
    start, end = part.text[:KEPT].rsplit(maxsplit=1)[0], part.text[-KEPT:].split(maxsplit=1)[-1]
    left_out = len(part.text[len(start) : -len(end)].split())
    return [ShownPart("same", start, left_out), ShownPart("same", end)]

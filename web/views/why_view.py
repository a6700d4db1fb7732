"""View model of the page “Why is it not here?”: sentences, reasons, changes and choices, with finished URLs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from backfile.index.explanation.answer import WhyAnswer
from backfile.index.explanation.smallest_change import SearchChange
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import gettext, translate
from backfile.web.service.site_urls import article_url, site_path
from backfile.web.views.hit_views import Link


class ReasonView(NamedTuple):
    """Sentence on a condition that fails, and those on its parts."""

    sentence: str
    details: tuple[str, ...]


class ChangeView(NamedTuple):
    """Changes in words, the link to the changed search, and the number of its articles."""

    texts: tuple[str, ...]
    link: Link
    total: int


class WhyView(NamedTuple):
    """Answer: the article as far as it is known, sentences, reasons, changes, and articles to choose from.

    `place` leads to the article in the list of the search, if it is there.
    """

    article: Link | None
    sentences: tuple[str, ...]
    reasons: tuple[ReasonView, ...]
    further: int
    changes: tuple[ChangeView, ...]
    is_late: bool
    place: Link | None
    choices: tuple[Link, ...]
    more: bool


def why_view(
    arguments: SearchArguments, answer: WhyAnswer, changed: Callable[[SearchChange], SearchArguments]
) -> WhyView:
    """View of an answer; `changed` gives the arguments of a changed search."""
    lookup, found = answer.lookup, answer.explanation
    url = arguments.article_url(lookup.article_id) if found else article_url(lookup.article_id)
    return WhyView(
        article=Link(lookup.title, url) if lookup.title else None,
        sentences=tuple(map(translate, answer.sentences)),
        reasons=tuple(
            ReasonView(translate(each.sentence), tuple(map(translate, each.details)))
            for each in (found.reasons if found else ())
        ),
        further=found.further if found else 0,
        changes=tuple(_change_view(each, changed(each)) for each in answer.changes),
        is_late=found.is_late if found else False,
        place=_place(arguments, found.rank) if found and found.rank else None,
        choices=tuple(Link(title, _ask_about(arguments, article_id)) for article_id, title in lookup.choices),
        more=lookup.more,
    )


def _change_view(change: SearchChange, arguments: SearchArguments) -> ChangeView:
    shown = change.query_text or gettext("All articles")
    return ChangeView(
        tuple(translate(each.text) for each in change.changes), Link(shown, arguments.url()), change.total
    )


def _place(arguments: SearchArguments, rank: int) -> Link:
    page = -(-rank // arguments.per_page)
    return Link(gettext("page %(page)s of the list", page=page), f"{arguments.url(page=page)}#hit-{rank}")


def _ask_about(arguments: SearchArguments, article_id: str) -> str:
    """URL of this page for an article."""
    return arguments.url_with("/why", article=article_id) if article_id else site_path("/why")

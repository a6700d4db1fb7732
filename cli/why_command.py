"""Command `why`: the reason why a search does not find an article, and the smallest change that admits it."""

from __future__ import annotations

import shlex
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import click

from backfile.archive.storage.library import Library
from backfile.archive.web_addresses import host_of
from backfile.cli.query_options import QueryFilters, open_index, parse_query, split_query, with_filters, with_sort
from backfile.cli.terminal import QueryCommand, as_json, masked, print_json, with_settings
from backfile.config import INDEX_SETTINGS, Settings
from backfile.index.engine import Sort
from backfile.index.explanation.answer import WhyAnswer, answer_to_json, answer_why
from backfile.index.explanation.article_lookup import ArticleFinder, Outcome
from backfile.index.explanation.criteria import SearchCriteria
from backfile.index.explanation.explanation import Explanation, ListView
from backfile.index.explanation.smallest_change import SearchChange
from backfile.index.serialising import article_path


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1)
@with_settings("library", *INDEX_SETTINGS, "per_page", "deadline", "wait", "base_url")
@click.option("--article", required=True, metavar="ARTICLE", help="Its address, path, id, or title (or a part of one).")
@with_filters
@with_sort("The order.")
@click.option("--copies", is_flag=True, help="In the list of every copy of a story, not of the best one alone.")
@as_json
def why(
    settings: Settings,
    *,
    query: tuple[str, ...],
    article: str,
    filters: QueryFilters,
    sort: str,
    copies: bool,
    as_json: bool,
) -> int:
    """Explain why a search does not find an article, and what to change so that it does.

    The exit code is 1 if the article is not in the archive, or if several may be meant.

    \b
    backfile why night ferry -train --article 2019/night-ferry
    backfile why 'harbour lang:de' --from 2019 --article "The strike ends"
    """
    text = " ".join(query)
    parsed = parse_query(text)
    with closing(open_index(settings)) as engine:
        parsed = split_query(engine, parsed)
        finder = ArticleFinder(
            engine=engine,
            library=Library(settings.library),
            folder=settings.cache_folder,
            now=datetime.now(UTC),
            hosts=frozenset(filter(None, [host_of(settings.base_url)])),
            root=settings.base_path,
            seconds=settings.deadline,
            is_owner=True,
        )
        search = SearchCriteria(parsed.tree, filters.for_engine)
        answer = answer_why(finder, search, article, shown=ListView(Sort(sort), fold=not copies))
    notices = [notice.text for notice in parsed.notices]
    if as_json:
        print_json(_to_json(answer, article, text, notices, settings.per_page))
    else:
        _print(answer, article, notices, settings.per_page)
    return 1 if answer.lookup.outcome in (Outcome.UNKNOWN, Outcome.CHOICES) else 0


def _to_json(answer: WhyAnswer, typed: str, query: str, notices: list[str], per_page: int) -> dict[str, Any]:
    return answer_to_json(
        answer,
        typed=typed,
        query=query,
        notices=notices,
        article_url=article_path,
        search_url=_search_path,
        per_page=per_page,
    )


def _search_path(change: SearchChange) -> str:
    filters = change.search.filters
    pairs = [("q", change.query_text)] if change.query_text else []
    pairs += [*(("author", name) for name in filters.authors), *(("topic", name) for name in filters.topics)]
    pairs += [(name, day.isoformat()) for name, day in (("from", filters.first), ("to", filters.last)) if day]
    return f"/search?{urlencode(pairs)}" if pairs else "/search"


def _print(answer: WhyAnswer, typed: str, notices: list[str], per_page: int) -> None:
    """Prints an answer; notices go to stderr."""
    for notice in notices:
        click.echo(masked(notice), err=True)
    lookup, found = answer.lookup, answer.explanation
    click.echo(masked(lookup.title or typed) + (click.style(f"  {masked(lookup.article_id)}", dim=True)))
    for sentence in answer.sentences:
        click.echo(masked(sentence.text))
    for article_id, title in lookup.choices:
        click.echo(f"  {masked(title)}  {click.style(masked(article_id), dim=True)}")
    if lookup.more:
        click.echo("  … and more")
    if found is not None:
        _print_explanation(answer, found, per_page)


def _print_explanation(answer: WhyAnswer, found: Explanation, per_page: int) -> None:
    if found.rank:
        click.echo(f"Page {-(-found.rank // per_page):,} of the list, at {per_page:,} a page")
    for reason in found.reasons:
        click.echo(masked(f"- {reason.sentence.text}"))
        for detail in reason.details:
            click.echo(masked(f"    {detail.text}"))
    if found.further:
        click.echo(f"- It fails {found.further:,} more condition{'s' if found.further != 1 else ''}.")
    for number, change in enumerate(answer.changes):
        texts = "; ".join(each.text.text for each in change.changes)
        count = f"{change.total:,} article{'s' if change.total != 1 else ''}"
        head = "The smallest change that shows it:" if not number else "As small:"
        click.echo(masked(f"{head} {texts} ({count})\n    {_as_command(change)}"))
    if found.is_late:
        click.echo("There was not time enough to find the smallest change.")


def _as_command(change: SearchChange) -> str:
    """Arguments of `backfile search` for a changed search."""
    filters = change.search.filters
    named = [*(("--author", name) for name in filters.authors), *(("--topic", name) for name in filters.topics)]
    named += [(flag, day.isoformat()) for flag, day in (("--from", filters.first), ("--to", filters.last)) if day]
    return shlex.join(
        [
            "backfile",
            "search",
            *([change.query_text] if change.query_text else []),
            *(part for pair in named for part in pair),
        ]
    )

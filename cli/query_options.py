"""Options of the commands that search, the steps before a search, and the index that they open."""

from __future__ import annotations

import functools
import logging
from typing import Any, NamedTuple

import click

from backfile.archive.model import PartialDate
from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.cli.terminal import Command, DateType, ProgressBar
from backfile.config import Settings
from backfile.index.engine import Engine, Filters, Request, Sort
from backfile.index.engines import has_index, open_engine
from backfile.index.errors import QueryRefused
from backfile.index.query import ParsedQuery, parse
from backfile.index.query.unspaced_runs import split_runs
from backfile.index.sync.synchronization import update_index

log = logging.getLogger("backfile")


class QueryFilters(NamedTuple):
    """Filters of a search as a person names them; a partial date stands for its whole span."""

    authors: tuple[str, ...]
    topics: tuple[str, ...]
    first: PartialDate | None
    last: PartialDate | None

    @property
    def for_engine(self) -> Filters:
        """Filters for the engine."""
        first, last = self.first.first if self.first else None, self.last.last if self.last else None
        return Filters(self.authors, self.topics, first, last)

    @property
    def date_texts(self) -> tuple[str, str]:
        """First and last date as in a URL, "" for none."""
        return self.first.isoformat() if self.first else "", self.last.isoformat() if self.last else ""


_FILTERS = (
    click.option(
        "--author", "authors", multiple=True, metavar="NAME", help="Only articles by this author; repeatable."
    ),
    click.option("--topic", "topics", multiple=True, metavar="TOPIC", help="Only articles on this topic; repeatable."),
    click.option("--from", "first", type=DateType(), help="Only articles from 2019, 2019-03 or 2019-03-14 on."),
    click.option("--to", "last", type=DateType(), help="Only articles up to then."),
)


def with_filters(command: Command) -> Command:
    """Adds the options of filters to a command, and passes them as `filters`."""

    @functools.wraps(command)
    def run_with_filters(
        *arguments: Any,
        authors: tuple[str, ...],
        topics: tuple[str, ...],
        first: PartialDate | None,
        last: PartialDate | None,
        **more: Any,
    ) -> Any:
        return command(*arguments, filters=QueryFilters(authors, topics, first, last), **more)

    decorated: Command = run_with_filters
    for option in reversed(_FILTERS):
        decorated = option(decorated)
    return decorated


def with_sort(help: str) -> Command:
    """Option for the order of articles, passed as `sort`."""
    names = click.Choice([each.value for each in Sort])
    return click.option("--sort", type=names, default=Sort.RELEVANCE.value, show_default=True, help=help)


def parse_query(text: str) -> ParsedQuery:
    """Parses a query; raises `QueryRefused` if it exceeds a limit."""
    parsed = parse(text)
    if parsed.refusal:
        raise QueryRefused(parsed.refusal)
    return parsed


def split_query(engine: Engine, parsed: ParsedQuery) -> ParsedQuery:
    """Query whose runs without spaces are split into words where the index has them."""
    return split_runs(parsed, lambda query: engine.search(Request(query, per_page=1, passages=0)).total)


def open_index(settings: Settings) -> Engine:
    """Engine for reading, after building a missing index; raises `IndexUnusable` for a damaged one."""
    Library(settings.library)  # raises LibraryMissing
    if not has_index(settings.engine, settings.index_folder, settings.engine_options):
        log.info("There is no index yet; building it.")
        update_index_of(settings)
    return open_engine(settings.engine, settings.index_folder, settings.engine_options)


def update_index_of(settings: Settings) -> Report:
    """Updates the index from the files of the library, with a progress bar."""
    library = Library(settings.library)
    with ProgressBar("Reading articles") as progress:
        return update_index(
            library,
            settings.cache_folder,
            settings.engine,
            options=settings.engine_options,
            wait=settings.wait,
            seconds=settings.file_seconds,
            progress=progress,
        )

"""The command `trends`: articles of several searches by year, month or decade."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime

import click

from backfile.cli.query_options import QueryFilters, open_index, parse_query, split_query, with_filters
from backfile.cli.terminal import QueryCommand, as_json, masked, print_json, with_settings
from backfile.config import INDEX_SETTINGS, Settings
from backfile.index.periods import Period
from backfile.index.query import ParsedQuery
from backfile.index.serialising import TREND_COLUMNS, trends_to_json, trends_to_rows
from backfile.index.trend_series import MAX_QUERIES, RELIABLE, Measure, Series, TrendRequest, Trends, find_trends
from backfile.web.service.arguments import SearchArguments
from backfile.web.trends.trend_arguments import TrendArguments

BLOCKS = "▁▂▃▄▅▆▇█"
MAX_BLOCKS = 60  # of a sparkline


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1, required=True)
@with_settings("library", *INDEX_SETTINGS, "deadline", "wait")
@click.option(
    "--by",
    type=click.Choice([each.value for each in Period]),
    help="The periods; by default years, or months of a few years.",
)
@click.option(
    "--measure",
    type=click.Choice([each.value for each in Measure]),
    default=Measure.ARTICLES.value,
    show_default=True,
    help="Articles, their share of all articles of the period in percent, or matches per million words.",
)
@with_filters
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: one line for each query and period.")
@as_json
def trends(
    settings: Settings,
    *,
    query: tuple[str, ...],
    by: str | None,
    measure: str,
    filters: QueryFilters,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Count the articles of searches by year, month or decade. Each argument is a query of its own, at most six.

    \b
    backfile trends ferry train
    backfile trends '"night ferry"' --by month --from 2019 --to 2020-06
    backfile trends 'topic:transport' ferry --measure share --csv > trends.csv
    """
    if as_csv and as_json:
        raise click.UsageError("Choose --csv or --json.")
    queries = tuple(dict.fromkeys(query))
    if len(queries) > MAX_QUERIES:
        raise click.UsageError(f"At most {MAX_QUERIES} queries can be compared; these are {len(queries)}.")
    first, last = filters.date_texts
    narrowed = SearchArguments(authors=filters.authors, topics=filters.topics, first=first, last=last)
    arguments = TrendArguments(queries, narrowed, Period(by) if by else None, Measure(measure))
    parsed, found = _find(settings, arguments)
    notices = [*(notice.text for each in parsed for notice in each.notices), *_remarks(found, arguments)]
    urls = [arguments.point_urls(text, each.tree, found.period) for text, each in zip(queries, parsed, strict=True)]

    def url_of(index: int, number: int) -> str:
        return urls[index](number)

    if as_json:
        print_json(trends_to_json(found, queries, url_of, notices=notices))
        return
    for notice in notices:
        click.echo(masked(notice), err=True)
    if as_csv:
        _print_csv(found, queries, url_of)
    else:
        _print_table(found, queries)


def _find(settings: Settings, arguments: TrendArguments) -> tuple[list[ParsedQuery], Trends]:
    parsed = [parse_query(text) for text in arguments.queries]
    with closing(open_index(settings)) as engine:
        parsed = [split_query(engine, each) for each in parsed]
        trees = [each.tree for each in parsed]
        request = TrendRequest(trees, arguments.search.filters, arguments.period, arguments.measure)
        return parsed, find_trends(engine, request, seconds=settings.deadline)


def _remarks(found: Trends, arguments: TrendArguments) -> list[str]:
    """Remarks on numbers that differ from those asked for."""
    remarks = []
    if found.is_coarser:
        remarks.append(f"There are too many periods by {arguments.period}; these are by {found.period}.")
    if found.measure is not arguments.measure:
        remarks.append("The index does not count matches; these are numbers of articles.")
    cut, unfinished = found.partial_periods(arguments.search.filters, datetime.now(UTC).date())
    remarks += [f"{found.period.label(number)} is counted in part only: --from and --to cut it." for number in cut]
    remarks += [f"{found.period.label(number)} is not over yet." for number in unfinished]
    if found.archive.vague:
        remarks.append(
            f"{_articles(found.archive.vague)} dated by a year alone: each counts in every month of its year."
        )
    return remarks


def _print_csv(found: Trends, queries: Sequence[str], url_of: Callable[[int, int], str]) -> None:
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(TREND_COLUMNS)
    lines.writerows(trends_to_rows(found, queries, url_of))


def _print_table(found: Trends, queries: Sequence[str]) -> None:
    """Prints a numbered line for each query, and a table with a column for each."""
    for number, (query, series) in enumerate(zip(queries, found.series, strict=True), 1):
        undated = f", {series.undated:,} without a date" if series.undated else ""
        click.echo(
            f"({number}) {masked(query)}: {_articles(series.total)}{undated}  {_sparkline(found, series)}".rstrip()
        )
    undated = f", {found.archive.undated:,} without a date" if found.archive.undated else ""
    click.echo(f"All: {_articles(found.archive.total)}{undated}")
    columns = [f"({number})" for number in range(1, len(queries) + 1)]
    rows = [["", *columns, "all"]]
    for number in found.numbers:
        label = found.period.label(number) + ("" if found.is_reliable(number) else "*")
        rows.append(
            [
                label,
                *(_value(found, each, number) for each in found.series),
                f"{found.archive.articles.get(number, 0):,}",
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    click.echo()
    for label, *cells in rows:
        numbers = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        click.echo(f"{label:<{widths[0]}}  {numbers}")
    if not all(map(found.is_reliable, found.numbers)):
        click.echo(f"\n* fewer than {RELIABLE} articles in all")


def _articles(number: int) -> str:
    return f"{number:,} article{'s' if number != 1 else ''}"


def _value(found: Trends, series: Series, number: int) -> str:
    value = found.value(series, number)
    if value is None:
        return "–"
    if found.measure is Measure.ARTICLES:
        return f"{value:,}"
    digits = 1 if value >= 10 or not value else 3
    return f"{value:,.{digits}f}" + (" %" if found.measure is Measure.SHARE else "")


def _sparkline(found: Trends, series: Series) -> str:
    """Blocks for the values of a series; "" for more periods than a line of a terminal has."""
    values = [found.value(series, number) or 0 for number in found.numbers]
    most = max(values, default=0)
    if not most or not 1 < len(values) <= MAX_BLOCKS:
        return ""
    return "".join(BLOCKS[round(value / most * (len(BLOCKS) - 1))] if value else " " for value in values)

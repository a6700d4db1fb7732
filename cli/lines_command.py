"""The command `lines`: the matches of a search as aligned lines, each word in its context."""

from __future__ import annotations

import csv
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import chain

import click
from wcwidth import clip, rjust, width

from backfile.cli.query_options import QueryFilters, open_index, parse_query, split_query, with_filters, with_sort
from backfile.cli.terminal import QueryCommand, as_json, masked, print_json, with_settings
from backfile.config import INDEX_SETTINGS, Settings
from backfile.index.concordance.arrangement import Arrangement
from backfile.index.concordance.concordance import concordance
from backfile.index.concordance.contexts import context_after, context_before
from backfile.index.concordance.lines import COLUMNS, LINE_COLUMNS, ConcordanceLine, line_to_json
from backfile.index.concordance.lines_request import MOST_LINES, MOST_SAMPLED, Concordance, LinesRequest
from backfile.index.engine import MAX_DEPTH, Request, Sort
from backfile.index.query import ParsedQuery
from backfile.index.serialising import spreadsheet_text
from backfile.web.lines.lines_service import line_url
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.lines_view import MAX_SEED, LinesView

DEADLINES = 40  # times that of a search: all of its articles may have to be read
ROOM = 130  # columns of a terminal from which on a line tells its article
MATCH = 14  # columns reckoned for a match and the blanks beside it
DATE = 10
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")
ISOLATE, ISOLATE_RTL, END_ISOLATE = "\u2066", "\u2067", "\u2069"  # Unicode TR9


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1, required=True)
@with_settings("library", *INDEX_SETTINGS, "deadline", "wait")
@with_filters
@with_sort("The order of the articles.")
@click.option(
    "--by", type=click.Choice([each.value for each in Arrangement]), default=Arrangement.SEARCH.value,
    show_default=True, help="The order of the lines; l1 is the word before the match, r1 the word after it.",
)  # fmt: skip
@click.option("--frequent", is_flag=True, help="Lines with the most frequent of these words first.")
@click.option("--sample", type=click.IntRange(1, MOST_SAMPLED), help="A random sample of so many lines.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), default=1, show_default=True, help="The seed of the sample.")
@click.option("--limit", type=click.IntRange(1, MOST_LINES), default=MOST_LINES, help="At most so many lines.")
@click.option(
    "--width", "columns", type=click.IntRange(1, 500), help="Columns to each side; by default 60 or what fits."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a line a row.")
@as_json
def lines(
    settings: Settings,
    *,
    query: tuple[str, ...],
    filters: QueryFilters,
    sort: str,
    by: str,
    frequent: bool,
    sample: int | None,
    seed: int,
    limit: int,
    columns: int | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Print the matches of a search, each in its context, aligned (KWIC): a concordance.

    --json prints JSON Lines. What was found and left out is told on stderr.

    \b
    backfile lines ferry
    backfile lines 'ferr*' --by r1 --frequent
    backfile lines '"night ferry"' --sample 500 --seed 1 --csv > lines.csv
    """
    if as_csv and as_json:
        raise click.UsageError("Choose --csv or --json.")
    first, last = filters.date_texts
    arguments = SearchArguments(
        query=" ".join(query),
        authors=filters.authors,
        topics=filters.topics,
        first=first,
        last=last,
        sort=Sort(sort),
    ).as_lines(LinesView(Arrangement(by), frequent, sample, seed))
    shown = columns or (COLUMNS if as_csv or as_json else _fitting_columns())
    parsed, found = _find(settings, arguments, limit, shown)
    if as_json:
        for line in found.lines:
            print_json(line_to_json(line, line_url(arguments, line)))
    elif as_csv:
        _print_csv(found.lines, arguments)
    else:
        _print_aligned(found.lines, shown)
    for remark in (*(notice.text for notice in parsed.notices), *_remarks(found, arguments, limit)):
        click.echo(masked(remark), err=True)


def _find(settings: Settings, arguments: SearchArguments, limit: int, columns: int) -> tuple[ParsedQuery, Concordance]:
    parsed = parse_query(arguments.query)
    view, seconds = arguments.lines or LinesView(), settings.deadline * DEADLINES
    with closing(open_index(settings)) as engine:
        parsed = split_query(engine, parsed)
        request = Request(parsed.tree, arguments.filters, arguments.sort, deadline=seconds, relax=True)
        asked = LinesRequest(
            request, view.arrangement, view.frequent, view.sample, view.seed,
            stop=limit, most=MOST_LINES, columns=columns, seconds=seconds,
        )  # fmt: skip
        return parsed, concordance(engine, asked)


def _fitting_columns() -> int:
    """Columns to each side that a terminal has room for; all of them in a file or a pipe."""
    if not sys.stdout.isatty():
        return COLUMNS
    room = shutil.get_terminal_size().columns
    return max(min(COLUMNS, (room - MATCH - (DATE + 30 if room >= ROOM else 0)) // 2), 10)


def _print_aligned(found: Sequence[ConcordanceLine], columns: int) -> None:
    """Prints lines with their matches below each other; in a narrow terminal without date and id of the article."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    widest = min(max((width(line.match) for line in found), default=0), columns)
    for line in found:
        is_rtl = line.direction == "rtl"
        # Control characters are printed as longer signs, which need another cut.
        before, after = _plain(line.before), _plain(line.after)
        before, after = context_before(before, len(before), columns), context_after(after, 0, columns)
        left, right = (after, before) if is_rtl else (before, after)
        match = clip(_plain(line.match), 0, widest)
        # In a terminal that writes from right to left, what follows stands on the left.
        start = ISOLATE_RTL if is_rtl else ISOLATE if _RTL.search(left + match + right) else ""
        end = END_ISOLATE if start else ""
        text = f"{start}{left}{end}"
        beside = f"{start}{right}{end}"
        padding = " " * (widest - width(match) + columns - width(right))
        origin = f"  {line.metadata.date or ''!s:<{DATE}}  {masked(line.mark.article_id)}"
        told = "" if 0 < room < ROOM else click.style(padding + origin, dim=True)
        shown = f"{rjust(text, columns)}{start}{click.style(match, bold=True)}{end}{beside}{told}"
        click.echo(shown.rstrip())


def _plain(text: str) -> str:
    """Text safe to print in one line."""
    return masked(text).replace("\t", " ")


def _print_csv(found: Sequence[ConcordanceLine], arguments: SearchArguments) -> None:
    """Prints CSV with a byte order mark, as spreadsheets want it."""
    sys.stdout.write("\ufeff")
    written = csv.writer(sys.stdout, lineterminator="\n")
    rows = (line_to_json(line, line_url(arguments, line)).values() for line in found)
    for row in chain([LINE_COLUMNS], rows):
        cells = ("; ".join(value) if isinstance(value, list) else str("" if value is None else value) for value in row)
        written.writerow(map(spreadsheet_text, cells))


def _remarks(found: Concordance, arguments: SearchArguments, limit: int) -> list[str]:
    """Numbers of the search, and what is not in the list."""
    articles = f"{found.articles:,} article{'s' if found.articles != 1 else ''}"
    if found.total is None:
        told = [f"At least {found.lines_read:,} lines in {articles}"]
    else:
        told = [f"{found.total:,} line{'s' if found.total != 1 else ''} in {articles}"]
    if found.relaxed:
        told.append(found.relaxed.notice().text)
    view = arguments.lines or LinesView()
    if view.sample is not None:
        told.append(f"A random sample of {found.listed or 0:,} of {found.lines_read:,} lines, seed {view.seed}")
    if len(found.lines) < (found.listed or found.lines_read):
        told.append(f"Only the first {limit:,} lines are printed (--limit)")
    elif view.sample is None and found.lines_read >= MOST_LINES:
        told.append(f"Only the first {MOST_LINES:,} lines are given")
    if found.articles > MAX_DEPTH and found.articles_read <= MAX_DEPTH:
        told.append(f"They are those of the first {found.articles_read:,} articles")
    if found.cut:
        told.append(f"Searched at their beginning only, because they are so long: {found.cut:,} articles")
    return told

"""The command `backfile import`."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from backfile.archive.importers.common.table_columns import FIELDS
from backfile.archive.importers.import_report import Action, ImportReport, ItemResult
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import ONLY_A_LINK, FetchResponse, ImportContext
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.detection import AnySource, fetch_source, open_sources
from backfile.archive.importers.sources.temporary_folders import temporary_folder
from backfile.archive.metadata.publications import is_url
from backfile.archive.storage.durable_files import make_folders
from backfile.archive.storage.library import Library
from backfile.cli.query_options import update_index_of
from backfile.cli.terminal import masked, print_json, with_settings
from backfile.config import Settings

MAX_LINES = 20  # of each kind of result; the rest is in the JSON
REFRESH_SECONDS = 0.2

_LONG_ADDRESS = re.compile(r"(\S{120})\S{80,}(\S{20})")


class ColumnType(click.ParamType[tuple[str, str]]):
    """Mapping of a field to a column of a table: `title=Headline`."""

    name = "field=column"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Parses FIELD=COLUMN; raises `BadParameter` for an unknown field."""
        field, sign, column = value.partition("=")
        if not sign or field not in FIELDS or not column:
            self.fail(f"{value!r}: write it as FIELD=COLUMN; the fields are {', '.join(FIELDS)}", param, ctx)
        return field, column


@click.command("import")
@click.argument("names", nargs=-1, required=True, metavar="SOURCE...")
@with_settings("library", "index", "engine", "wait", "file_seconds", "contact")
@click.option("--as", "kind", type=click.Choice(list(registry.KINDS)), help="What the sources are, if you know it.")
@click.option("--dry-run", is_flag=True, help="Report what would happen; write nothing.")
@click.option("--fetch", is_flag=True, help="Fetch from the web what sources only name.")
@click.option("--allow-private", is_flag=True, help="Fetch from this machine and its networks too.")
@click.option("--map", "columns", type=ColumnType(), multiple=True, help="Which column of a table is what; repeatable.")
@click.option("--enrich", is_flag=True, help="Fill in what articles lack from bibliographies, by DOI or address.")
@click.option("--language", metavar="CODE", help="The language of articles that do not declare theirs.")
@click.option("--no-index", is_flag=True, help="Leave the index as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def import_command(
    settings: Settings,
    *,
    names: tuple[str, ...],
    kind: str | None,
    dry_run: bool,
    fetch: bool,
    allow_private: bool,
    columns: tuple[tuple[str, str], ...],
    enrich: bool,
    language: str | None,
    no_index: bool,
    as_json: bool,
) -> int:
    """Bring articles into the library from files, folders and addresses of many kinds.

    The format of a SOURCE is detected from its content. An import can be run again at any time: it adds what is new,
    changes what its source changed, and leaves alone what somebody here edited since.

    \b
    backfile import ~/old-blog --dry-run
    backfile import export.xml letters.mbox https://example.org/article
    backfile import archive.csv --map title=Headline --map text=Body
    """
    _refuse_overlap(names, settings.library)
    fetch_page = partial(_fetch, allow_private=allow_private, contact=settings.contact)
    with ExitStack() as stack:
        library = Library(_library_folder(settings.library, dry_run, stack))
        context = ImportContext(
            fetch_page if fetch else None, dict(columns), language, day_first=library.settings.day_first
        )
        sources = _sources(names, kind, fetch_page)
        report = _import(library, sources, context, settings, dry_run=dry_run, enrich=enrich, as_json=as_json)
    if report.wrote and not (dry_run or no_index):
        update_index_of(settings)
    if not (as_json or dry_run):
        click.echo(f"Look at it with: backfile serve {shlex.quote(str(settings.library))}")
    return 1 if report.counts[Action.FAILED] else 0


def _import(
    library: Library,
    sources: Iterable[AnySource],
    context: ImportContext,
    settings: Settings,
    *,
    dry_run: bool,
    enrich: bool,
    as_json: bool,
) -> ImportReport:
    """Imports the sources and prints the report, also when Ctrl-C interrupts it."""
    today = datetime.now().astimezone().date()
    with ImportDisplay(print_results=dry_run and not as_json) as display:
        importer = Importer(
            library,
            today=today,
            dry_run=dry_run,
            wait=settings.wait,
            seconds=settings.file_seconds,
            enrich=enrich,
            on_result=display.show,
        )
        try:
            with importer:
                for source in sources:
                    display.expect(importer.count(source, context))
                    importer.import_source(source, context)
        except KeyboardInterrupt:
            display.clear()
            _print_report(importer.report, as_json=as_json, dry_run=dry_run)
            click.echo("Stopped. What was imported so far is whole; run the same again to go on.", err=True)
            raise
    _print_report(importer.report, as_json=as_json, dry_run=dry_run)
    return importer.report


def _refuse_overlap(names: tuple[str, ...], library: Path) -> None:
    """Raises `UsageError` for a source that does not exist, lies in the library or contains it."""
    here = library.resolve()
    for name in names:
        if is_url(name):
            continue
        source = Path(name).resolve()
        if not source.exists():
            raise click.UsageError(f"There is no {name}.")
        if source == here or here in source.parents:
            raise click.UsageError(f"{name} is in the library already.")
        if source in here.parents:
            raise click.UsageError(f"The library {library} lies in {name}; put it elsewhere with --library.")


def _library_folder(folder: Path, dry_run: bool, stack: ExitStack) -> Path:
    """Folder of the library, created if missing; for a dry run an empty temporary folder instead."""
    if folder.is_dir():
        return folder
    if dry_run:
        return stack.enter_context(temporary_folder())
    make_folders(str(folder.absolute()))
    return folder


def _sources(names: tuple[str, ...], kind: str | None, fetch: Callable[[str], FetchResponse]) -> Iterator[AnySource]:
    for name in names:
        if is_url(name):
            yield from fetch_source(name, fetch, kind)
        else:
            yield from open_sources(Path(name), kind)


def _fetch(url: str, *, allow_private: bool, contact: str) -> FetchResponse:
    """Fetches an address; the HTTP client is imported at the first call."""
    from backfile.archive.importers.sources.fetching import fetch  # noqa: PLC0415 - loads a client of the web

    return fetch(url, allow_private=allow_private, contact=contact)


class ImportDisplay:
    """Display of a running import: each result on stdout, or a status line on a terminal."""

    def __init__(self, *, print_results: bool) -> None:
        self._print_results = print_results
        self._on_terminal = sys.stderr.isatty() and not print_results
        self._began = self._shown = time.monotonic()
        self._done, self._total, self._all_known = 0, 0, True

    def __enter__(self) -> ImportDisplay:
        return self

    def __exit__(self, *error: object) -> None:
        self.clear()

    def expect(self, count: int | None) -> None:
        """Adds the number of items of a source; None if it is unknown."""
        self._all_known = self._all_known and count is not None
        self._total = max(self._total, self._done) + (count or 0)

    def show(self, result: ItemResult) -> None:
        """Counts a result, and prints it or refreshes the status line."""
        self._done += 1
        if self._print_results:
            click.echo(_line(str(result)))
        now = time.monotonic()
        if self._on_terminal and now - self._shown > REFRESH_SECONDS:
            self._shown = now
            click.echo(f"\r\x1b[K{self._status(now)}", err=True, nl=False)

    def _status(self, now: float) -> str:
        rate = self._done / (now - self._began)
        if not self._all_known or self._total < self._done:
            return f"{self._done:,} items, {rate:,.0f} a second"
        left = timedelta(seconds=round((self._total - self._done) / rate))
        return f"{self._done:,} of {self._total:,} items, {rate:,.0f} a second, {left} left"

    def clear(self) -> None:
        """Erases the status line."""
        if self._on_terminal and self._shown != self._began:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._shown = self._began


def _print_report(report: ImportReport, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        counts = {str(action): report.counts[action] for action in Action}
        print_json({"dry_run": dry_run, "counts": counts, "items": [asdict(each) for each in report.results]})
        return
    for action in (Action.KEPT, Action.DUPLICATE, Action.SKIPPED, Action.FAILED):
        if not dry_run:
            shown = [str(result) for result in report.results if result.action is action]
            _print_lines(shown, limited=action is not Action.FAILED)
    _print_lines([f"note      {each.path}: {note}" for each in report.results for note in each.notes])
    click.echo(f"{'Would be: ' if dry_run else ''}{report.summary()}")
    links = sum(result.reason == ONLY_A_LINK for result in report.results)
    if links:
        click.echo(f"Of the skipped, {links:,} {'is' if links == 1 else 'are'} only a link; --fetch takes the pages.")


def _line(text: str) -> str:
    """Line of the report, with long addresses cut; the JSON has them whole."""
    return masked(_LONG_ADDRESS.sub(r"\1…\2", text))


def _print_lines(lines: list[str], *, limited: bool = True) -> None:
    shown = lines[:MAX_LINES] if limited else lines
    for line in shown:
        click.echo(_line(line), err=True)
    if len(lines) > len(shown):
        click.echo(f"          and {len(lines) - len(shown):,} more such; --json has them all", err=True)

"""The `backfile` command. Exit codes: 0 done, 1 done but some articles failed, 2 wrong usage, 3 the archive or the
index cannot be used."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

import config
from archive import errors as archive_errors
from archive.library import Library
from archive.model import PartialDate
from archive.sampling import copy_sample
from cli_import import import_command
from config import Settings
from index import errors as index_errors
from index.checking import DAMAGED
from index.checking import check as check_library
from index.engine import Engine, Filters, Request, Sort
from index.engines import open_engine
from index.intake import document_of, read_documents
from index.query import Everything, parse
from index.records import read_problems
from index.serialising import document_to_json, page_to_json
from index.sync import bring_up_to_date
from terminal import (
    ORIGINS,
    DateType,
    ProgressBar,
    heading,
    print_error,
    print_json,
    print_page,
    print_problems,
    problem_to_json,
    with_settings,
)

if TYPE_CHECKING:
    from flask import Flask

EXIT_CODES: dict[type[archive_errors.BackfileError], int] = {
    archive_errors.BackfileError: 3,
    archive_errors.ArchiveError: 3,
    archive_errors.LibraryMissing: 3,
    archive_errors.LibrarySettingsInvalid: 3,
    archive_errors.ArticleNotFound: 1,
    archive_errors.ArticleUnreadable: 1,
    archive_errors.FrontMatterInvalid: 1,
    index_errors.SearchError: 3,
    index_errors.QueryRefused: 2,
    index_errors.DeadlineExceeded: 3,
    index_errors.IndexUnusable: 3,
    index_errors.IndexLocked: 3,
    index_errors.CacheFolderRefused: 3,
    config.SettingsInvalid: 2,
}
INTERRUPTED = 130  # as a shell says of a command that Ctrl-C ended
PIPE_CLOSED = 141  # as a shell says of a command whose reader went away, such as `head`

log = logging.getLogger("backfile")


def main() -> None:
    """The entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; what goes wrong is said on stderr in a line or two."""
    _log_to_stderr()
    try:
        with backfile.make_context("backfile", list(arguments)) as context:
            code = backfile.invoke(context)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as leaving:  # after --help and the like
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to be flushed goes nowhere
        return PIPE_CLOSED
    except (archive_errors.BackfileError, OSError) as error:
        print_error(error)
        return exit_code(type(error)) if isinstance(error, archive_errors.BackfileError) else 3


def exit_code(error_class: type[archive_errors.BackfileError]) -> int:
    """The exit code for an error class: its own line of the table, or that of its nearest ancestor there."""
    return next(EXIT_CODES[each] for each in error_class.__mro__ if each in EXIT_CODES)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="backfile")
def backfile() -> None:
    """A searchable archive for articles kept as Markdown files with front matter.

    \b
    backfile serve ~/articles          search and read them in a browser
    backfile search "night ferry"      search them here

    Exit codes: 0 done, 1 done but some articles failed, 2 wrong usage, 3 the archive or the index cannot be used.
    """


@backfile.command()
@with_settings(
    "library", "host", "port", "workers", "watch", "index", "engine", "trusted_hosts", "base_url", "proxies",
    "per_page", "deadline", "wait", folder=True,
)  # fmt: skip
def serve(settings: Settings) -> None:
    """Serve the search page; changed files are noticed by themselves.

    Without LIBRARY it serves ./library, which it makes from the sample articles when there is none.

    \b
    backfile serve
    backfile serve ~/articles --port 8080 --workers 4
    """
    from web.server import serve as serve_web

    nobody_named_one = click.get_current_context().meta[ORIGINS]["library"] == "default"
    if nobody_named_one and not settings.library.exists():
        copy_sample(settings.library)
        log.info("There was no library: made %s from the sample articles.", settings.library)
    with ProgressBar("Reading articles") as progress:
        serve_web(settings, _make_app, progress=progress)


def _make_app(settings: Settings) -> Flask:
    """Runs in each worker; the process that starts them answers nothing and need not wait for the app's modules."""
    from app import create_app
    from web.warming import warm

    app = create_app(settings)
    Thread(target=warm, args=(app,), daemon=True).start()
    return app


@backfile.command()
@with_settings("library", "index", "engine", "wait", folder=True)
@as_json
def index(settings: Settings, as_json: bool) -> int:
    """Bring the index up to date with the files of the library.

    The index is a cache: it can be deleted at any time, and this makes it again.

    \b
    backfile index ~/articles
    backfile index --library ~/articles --index /var/cache/articles
    """
    began = time.monotonic()
    with ProgressBar("Reading articles") as progress:
        report = bring_up_to_date(
            Library(settings.library), settings.cache_folder, settings.engine, wait=settings.wait, progress=progress
        )
    if as_json:
        print_json(report.counts() | {"problems": [problem_to_json(problem) for problem in report.failed]})
    else:
        print_problems(report.failed)
        click.echo(f"{report.summary()} ({time.monotonic() - began:.1f} s)")
    return 1 if report.problems else 0


@backfile.command()
@click.argument("query", nargs=-1)
@with_settings("library", "index", "engine", "per_page", "deadline", "wait")
@click.option("--author", "authors", multiple=True, metavar="NAME", help="Only articles by this author; repeatable.")
@click.option("--topic", "topics", multiple=True, metavar="TOPIC", help="Only articles on this topic; repeatable.")
@click.option("--from", "first", type=DateType(), help="Only articles from 2019, 2019-03 or 2019-03-14 on.")
@click.option("--to", "last", type=DateType(), help="Only articles up to then.")
@click.option(
    "--sort",
    type=click.Choice([sort.value for sort in Sort]),
    default=Sort.RELEVANCE.value,
    show_default=True,
    help="The order.",
)
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="The page of results.")
@as_json
def search(
    settings: Settings,
    *,
    query: tuple[str, ...],
    authors: tuple[str, ...],
    topics: tuple[str, ...],
    first: PartialDate | None,
    last: PartialDate | None,
    sort: str,
    page: int,
    as_json: bool,
) -> None:
    """Search the articles. The query language is that of the search page; several arguments are one query.

    \b
    backfile search night ferry
    backfile search '"night ferry" -train' --author "Edna Marsh" --from 2019 --sort newest
    backfile search 'topic:transport harb*' --json
    """
    text = " ".join(query)
    parsed = parse(text)
    if parsed.refusal:
        raise index_errors.QueryRefused(parsed.refusal)
    filters = Filters(authors, topics, first.first if first else None, last.last if last else None)
    request = Request(parsed.tree, filters, Sort(sort), page, settings.per_page, deadline=settings.deadline)
    with closing(_open_index(settings)) as engine:
        found = engine.search(request)
    notices = [notice.text for notice in parsed.notices]
    if as_json:
        print_json(page_to_json(text, found, notices=notices))
    else:
        print_page(found, notices)


@backfile.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@with_settings("library")
@click.option("--all", "everything", is_flag=True, help="Every article of the library, one a line.")
@as_json
def show(settings: Settings, ids: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Show articles as Backfile reads them. An ID is the path of a file in the library without its ending.

    \b
    backfile show 2019/night-ferry
    backfile show --all --json > articles.jsonl
    """
    if bool(ids) == everything:
        raise click.UsageError("Name articles by their ID, or all of them with --all.")
    library = Library(settings.library)
    if everything:
        return _show_all(library, as_json)
    failed = False
    for article_id in ids:
        try:
            article = library.get(article_id)
        except archive_errors.ArticleNotFound as error:
            print_error(error)
            failed = True
            continue
        document = document_of(article)
        if as_json:
            print_json(document_to_json(document))
        else:
            click.echo(heading(document.title, document.authors, document.date, document.topics))
            click.echo(f"\n{article.body.strip()}\n")
    return 1 if failed else 0


def _show_all(library: Library, as_json: bool) -> int:
    failed = False
    for taken in read_documents(library, sorted(entry.path for entry in library.walk())):
        if taken.document is None:
            failed = failed or not taken.left_out
            print_problems(taken.problems)
        elif as_json:
            print_json(document_to_json(taken.document))
        else:
            document = taken.document
            click.echo("\t".join([document.id, str(document.date or ""), document.title]))
    return 1 if failed else 0


backfile.add_command(import_command)


@backfile.command()
@with_settings("library", "index", "engine", folder=True)
@as_json
def check(settings: Settings, as_json: bool) -> int:
    """Read every file and verify the index; say what is wrong and what to do about it. Changes nothing.

    \b
    backfile check ~/articles
    backfile check --json | jq .problems
    """
    with ProgressBar("Reading articles") as progress:
        result = check_library(Library(settings.library), settings.cache_folder, settings.engine, progress=progress)
    if as_json:
        numbers = {"articles": result.articles, "searchable": result.searchable}
        problems = [problem_to_json(problem) for problem in result.problems]
        print_json(numbers | {"problems": problems, "index": result.index})
    else:
        print_problems(result.problems)
        click.echo(f"{result.articles:,} articles, {result.searchable:,} searchable; index: {result.index}")
    for damage in result.damage:
        click.echo(f"Error: the index is damaged: {damage}\n       `backfile index` builds it anew", err=True)
    return 3 if result.index == DAMAGED else 1 if result.problems else 0


@backfile.command()
@with_settings("library", "index", "engine", "wait", folder=True)
@as_json
def stats(settings: Settings, as_json: bool) -> None:
    """Say how much is in the archive and how the index stands.

    \b
    backfile stats ~/articles
    """
    with closing(_open_index(settings)) as engine:
        page = engine.search(Request(Everything(), per_page=1, passages=0, facet_size=None, deadline=60))
        status = engine.status()
    facets = {facet.name: facet for facet in page.facets}
    years = sorted(value.value for value in facets["year"].values)
    numbers = {
        "library": str(settings.library),
        "articles": page.total,
        "authors": facets["author"].total,
        "topics": facets["topic"].total,
        "first_year": int(years[0]) if years else None,
        "last_year": int(years[-1]) if years else None,
        "problems": len(read_problems(settings.cache_folder)),
        "engine": status.engine,
        "generation": status.generation,
        "index_bytes": status.bytes,
        "languages": list(status.languages),
    }
    if as_json:
        print_json(numbers)
    else:
        for name, number in numbers.items():
            shown = f"{number:,}" if isinstance(number, int) and "year" not in name else number
            click.echo(f"{name.replace('_', ' '):<12} {', '.join(shown) if isinstance(shown, list) else shown}")


@backfile.command("settings")
@with_settings(*config.table())
@as_json
def show_settings(settings: Settings, as_json: bool) -> None:
    """Print the settings in force and where each comes from.

    A flag wins over a variable (BACKFILE_PORT), a variable over backfile.toml, that over the default.

    \b
    backfile settings
    backfile settings --port 8080 --json
    """
    origins = click.get_current_context().meta[ORIGINS]
    values = {name: getattr(settings, name) for name in config.table()}
    if as_json:
        print_json({name: {"value": _plain(value), "origin": origins[name]} for name, value in values.items()})
        return
    for name, value in values.items():
        shown = json.dumps(_plain(value), ensure_ascii=False) if value is not None else ""
        click.echo(f"{name:<14} {shown:<24} {'' if origins[name] == 'default' else origins[name]}".rstrip())


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


def _open_index(settings: Settings) -> Engine:
    """The index for reading, built first if there is none; raises `IndexUnusable` for a damaged one."""
    library = Library(settings.library)
    if not settings.index_folder.exists():
        log.info("There is no index yet; building it.")
        with ProgressBar("Reading articles") as progress:
            bring_up_to_date(library, settings.cache_folder, settings.engine, wait=settings.wait, progress=progress)
    return open_engine(settings.engine, settings.index_folder)


if __name__ == "__main__":
    main()

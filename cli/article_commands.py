"""Commands that read articles or search the index: `index`, `search`, `show`, `check`, `stats`."""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict

import click

from backfile.archive import errors as archive_errors
from backfile.archive.availability.states import State
from backfile.archive.storage.library import Library
from backfile.cli.query_options import (
    QueryFilters,
    open_index,
    parse_query,
    split_query,
    update_index_of,
    with_filters,
    with_sort,
)
from backfile.cli.terminal import (
    ProgressBar,
    QueryCommand,
    as_json,
    heading,
    masked,
    print_error,
    print_json,
    print_page,
    print_problems,
    with_settings,
)
from backfile.config import INDEX_SETTINGS, Settings
from backfile.index.engine import Request, Sort
from backfile.index.engines import is_on_server
from backfile.index.query import MatchAll
from backfile.index.serialising import document_to_json, page_to_json
from backfile.index.status import ClusterState
from backfile.index.sync.move_update import keeps_moves
from backfile.index.sync.reader import document_of, read_documents
from backfile.index.sync.state import read_problems
from backfile.index.sync.verification import DAMAGED, UNAVAILABLE, Check, LinkCheck, read_link_check
from backfile.index.sync.verification import check as check_library

REPAIR = {  # by whether the index is on a server
    False: "`backfile index` builds it anew",
    True: "restore it from a snapshot, or delete it on the cluster, and `backfile index` builds it anew",
}
LISTED_LINKS = 20  # dead links that `check` lists without --links

log = logging.getLogger("backfile")


@click.command()
@with_settings("library", *INDEX_SETTINGS, "wait", "file_seconds", folder=True)
@as_json
def index(settings: Settings, as_json: bool) -> int:
    """Bring the index up to date with the files of the library.

    The index is a cache: it can be deleted at any time, and this makes it again.

    \b
    backfile index ~/articles
    backfile index --library ~/articles --index /var/cache/articles
    """
    began = time.monotonic()
    report = update_index_of(settings)
    if as_json:
        problems = [asdict(problem) for problem in report.failed]
        print_json(report.counts() | {"copies": report.copies, "problems": problems})
    else:
        print_problems(report.failed)
        click.echo(f"{report.summary()} ({time.monotonic() - began:.1f} s)")
        if report.copies:
            are = "article is a copy" if report.copies == 1 else "articles are copies"
            click.echo(f"{report.copies:,} {are} of another: a search shows each story once")
        if report.moved and not keeps_moves(Library(settings.library)):
            click.echo("Former addresses of moved articles are not kept: set record_moves = true in library.toml")
    return 1 if report.problems else 0


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1)
@with_settings("library", *INDEX_SETTINGS, "per_page", "deadline", "wait")
@with_filters
@with_sort("The order.")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="The page of results.")
@click.option("--copies", is_flag=True, help="List every copy of a story, not the best one alone.")
@as_json
def search(
    settings: Settings,
    *,
    query: tuple[str, ...],
    filters: QueryFilters,
    sort: str,
    page: int,
    copies: bool,
    as_json: bool,
) -> None:
    """Search the articles. The query language is that of the search page; several arguments are one query.

    \b
    backfile search night ferry
    backfile search night ferry -train
    backfile search '"night ferry"' --author "Edna Marsh" --from 2019 --sort newest
    backfile search 'topic:transport harb*' --json
    """
    text = " ".join(query)
    parsed = parse_query(text)
    with closing(open_index(settings)) as engine:
        parsed = split_query(engine, parsed)
        request = Request(
            parsed.tree,
            filters.for_engine,
            Sort(sort),
            page,
            settings.per_page,
            deadline=settings.deadline,
            relax=True,
            fold=not copies,
        )
        results = engine.search(request)
    notices = [notice.text for notice in parsed.notices]
    if as_json:
        print_json(page_to_json(text, results, notices=notices))
    else:
        print_page(results, notices)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@with_settings("library", "file_seconds")
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
        return _show_all(library, settings.file_seconds, as_json)
    failed = False
    for article_id in ids:
        try:
            article = library.get(article_id)
        except archive_errors.ArticleNotFound as error:
            print_error(error)
            failed = True
            continue
        document = document_of(article, library_language=library.settings.language)
        if as_json:
            print_json(document_to_json(document))
        else:
            metadata = document.metadata
            click.echo(heading(masked(metadata.title), metadata.authors, metadata.date, metadata.topics))
            click.echo(f"\n{masked(article.body.strip())}\n")
    return 1 if failed else 0


def _show_all(library: Library, seconds: float, as_json: bool) -> int:
    failed = False
    for result in read_documents(library, sorted(entry.path for entry in library.walk()), seconds=seconds):
        document = result.document
        if document is None:
            failed = failed or not result.left_out
            print_problems(result.problems)
        elif as_json:
            print_json(document_to_json(document))
        else:
            click.echo(masked("\t".join([document.id, str(document.metadata.date or ""), document.metadata.title])))
    return 1 if failed else 0


@click.command()
@with_settings("library", *INDEX_SETTINGS, "file_seconds", folder=True)
@click.option("--links", "all_links", is_flag=True, help="List every link that leads nowhere, not only the first 20.")
@as_json
def check(settings: Settings, all_links: bool, as_json: bool) -> int:
    """Read every file and verify the index; report what is wrong and how to repair it. Changes nothing.

    Links and pictures without a target are counted and listed; they are no error. So are the articles that are
    embargoed, scheduled, expired, unlisted or withheld, and addresses that several articles state.

    \b
    backfile check ~/articles
    backfile check --json | jq .problems
    backfile check --links
    """
    with ProgressBar("Reading articles") as progress:
        result = check_library(
            Library(settings.library),
            settings.cache_folder,
            settings.engine,
            options=settings.engine_options,
            seconds=settings.file_seconds,
            progress=progress,
        )
    if as_json:
        numbers = {"articles": result.articles, "searchable": result.searchable, "copies": result.copies}
        problems = [asdict(problem) for problem in result.problems]
        held = {"held": [asdict(each) for each in result.held]}
        conflicts = {"conflicting_addresses": [each._asdict() for each in result.conflicts]}
        cluster = {"cluster": asdict(result.cluster)} if result.cluster else {}
        state = {"problems": problems, "index": result.index} | cluster | held | conflicts
        print_json(numbers | state | result.links.to_json())
    else:
        print_problems(result.problems)
        _print_held(result)
        _print_links(result.links, None if all_links else LISTED_LINKS)
        copies = f", {result.copies:,} of them copies of another" if result.copies else ""
        click.echo(f"{result.articles:,} articles, {result.searchable:,} searchable{copies}; index: {result.index}")
        if result.cluster:
            click.echo(_describe_cluster(result.cluster))
    if result.index == UNAVAILABLE:
        click.echo("Error: " + "\n       ".join(result.damage), err=True)
    for damage in result.damage if result.index == DAMAGED else ():
        click.echo(f"Error: the index is damaged: {damage}\n       {REPAIR[is_on_server(settings.engine)]}", err=True)
    return 3 if result.index in (DAMAGED, UNAVAILABLE) else 1 if result.problems else 0


def _describe_cluster(cluster: ClusterState) -> str:
    missing = f", {cluster.unassigned:,} of them on no node" if cluster.unassigned else ""
    nodes = f"{cluster.nodes:,} node{'s' if cluster.nodes != 1 else ''}"
    shards = f"{cluster.shards:,} shard{'s' if cluster.shards != 1 else ''}"
    return f"cluster {masked(cluster.name)}: {cluster.health}, {nodes}, {shards}{missing}; OpenSearch {cluster.version}"


def _print_held(result: Check) -> None:
    for file in result.held:
        until = f" until {file.until}" if file.until else ""
        click.echo(masked(f"{file.path}: {file.state}{until}{f': {file.reason}' if file.reason else ''}"))
    for conflict in result.conflicts:
        first, *others = conflict.paths
        click.echo(masked(f"{first}: its address {conflict.address} is stated by {', '.join(others)} as well"))
    counts: Counter[State] = Counter(file.state for file in result.held if file.state is not State.PUBLISHED)
    if counts:
        click.echo(f"In no list: {', '.join(f'{counts[state]:,} {state}' for state in State if counts[state])}")


def _print_links(links: LinkCheck, limit: int | None) -> None:
    for link in links.listed[:limit]:
        where = f"{link.path}:{link.line}" if link.line else link.path
        click.echo(masked(f"{where}: the {'picture' if link.kind == 'image' else 'link'} {link.address} is dead"))
    if limit is not None and links.unresolved > limit:
        click.echo(f"… and {links.unresolved - limit:,} more dead links; `backfile check --links` lists all")
    lost = links.without_anchor or ()
    for link in lost[:limit]:
        where = f"{link.path}:{link.line}" if link.line else link.path
        click.echo(masked(f"{where}: the link {link.address} names a heading that is not there"))
    if limit is not None and len(lost) > limit:
        click.echo(f"… and {len(lost) - limit:,} more such links; `backfile check --links` lists all")
    if links.resolved or links.unresolved:
        headings = f", {len(lost):,} to a heading that is not there" if lost else ""
        total = links.resolved + links.unresolved
        click.echo(f"{total:,} links within the library, {links.unresolved:,} of them dead{headings}")


@click.command()
@with_settings("library", *INDEX_SETTINGS, "wait", "file_seconds", folder=True)
@as_json
def stats(settings: Settings, as_json: bool) -> None:
    """Print the size of the archive and the state of the index.

    \b
    backfile stats ~/articles
    """
    with closing(open_index(settings)) as engine:
        page = engine.search(Request(MatchAll(), per_page=1, passages=0, facet_size=None, deadline=60))
        status = engine.status(verify=is_on_server(settings.engine))
    facets = {facet.name: facet for facet in page.facets}
    years = sorted(value.value for value in facets["year"].values)
    numbers = {
        "library": str(settings.library),
        "articles": page.total,
        "stories": status.documents - status.copies,
        "copies": status.copies,
        "authors": facets["author"].total,
        "topics": facets["topic"].total,
        "first_year": int(years[0]) if years else None,
        "last_year": int(years[-1]) if years else None,
        "problems": len(read_problems(settings.cache_folder)),
        "dead_links": read_link_check(settings.cache_folder, 0).unresolved,
        "engine": status.engine,
        "generation": status.generation,
        "index_bytes": status.bytes,
        "languages": list(status.languages),
    } | ({"cluster": asdict(status.cluster)} if status.cluster else {})
    if as_json:
        print_json(numbers)
    else:
        for name, number in numbers.items():
            if name == "cluster" and status.cluster:
                click.echo(_describe_cluster(status.cluster))
                continue
            shown = f"{number:,}" if isinstance(number, int) and "year" not in name else number
            click.echo(f"{name.replace('_', ' '):<12} {', '.join(shown) if isinstance(shown, list) else shown}")

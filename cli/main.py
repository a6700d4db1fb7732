"""The `backfile` command: dispatch, exit codes, and the commands `serve` and `settings`.

Exit codes: 0 done, 1 done but some articles failed, 2 wrong usage, 3 the archive or the index cannot be used.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from backfile import config
from backfile.archive import errors as archive_errors
from backfile.cli.terminal import ORIGINS, ProgressBar, as_json, print_error, print_json, with_settings
from backfile.config import Settings
from backfile.index import errors as index_errors
from backfile.index.engines.options import Secret
from backfile.index.processes import log_to_stderr

if TYPE_CHECKING:
    from flask import Flask

EXIT_CODES: dict[type[archive_errors.BackfileError], int] = {
    archive_errors.BackfileError: 3,
    archive_errors.ArchiveError: 3,
    archive_errors.LibraryMissing: 3,
    archive_errors.LibrarySettingsInvalid: 3,
    archive_errors.LinkIndexUnusable: 3,
    archive_errors.LinkIndexDamaged: 3,
    archive_errors.GitUnusable: 3,
    archive_errors.ArticleNotFound: 1,
    archive_errors.ArticleGone: 1,
    archive_errors.ArticleUnreadable: 1,
    archive_errors.FrontMatterInvalid: 1,
    archive_errors.HelperEnded: 1,
    index_errors.SearchError: 3,
    index_errors.QueryRefused: 2,
    index_errors.DeadlineExceeded: 3,
    index_errors.IndexUnusable: 3,
    index_errors.IndexUnavailable: 3,
    index_errors.ClusterUnavailable: 3,
    index_errors.ClusterTimeout: 3,
    index_errors.ClusterBusy: 3,
    index_errors.ClusterReadOnly: 3,
    index_errors.ClusterRefused: 3,
    index_errors.EngineMissing: 3,
    index_errors.IndexLocked: 3,
    index_errors.CacheFolderRefused: 3,
    config.SettingsInvalid: 2,
}
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
PIPE_CLOSED = 141  # 128 + SIGPIPE, as when `head` closes the pipe

log = logging.getLogger("backfile")


def main() -> None:
    """Entry point of the console script.

    Starts anew in Python's UTF-8 mode where the locale has another encoding, which cannot hold every name of a file.
    """
    if sys.getfilesystemencoding() != "utf-8":
        os.environ["PYTHONUTF8"] = "1"
        arguments = [os.fsencode(each) for each in (sys.executable, "-m", "backfile", *sys.argv[1:])]
        os.execv(sys.executable, arguments)  # noqa: S606 - this program again, with its own arguments
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; errors are printed on stderr with their hints."""
    log_to_stderr()
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # discards the unflushed rest
        return PIPE_CLOSED
    except (archive_errors.BackfileError, OSError) as error:
        print_error(error)
        return exit_code(type(error)) if isinstance(error, archive_errors.BackfileError) else 3


def exit_code(error_class: type[archive_errors.BackfileError]) -> int:
    """Exit code of an error class: its own in EXIT_CODES, or that of its nearest base class there."""
    return next(EXIT_CODES[each] for each in error_class.__mro__ if each in EXIT_CODES)


class LazyGroup(click.Group):
    """Group that imports the commands of LAZY when they are called: their imports take long."""

    LAZY: ClassVar[dict[str, str]] = {
        "check": "backfile.cli.article_commands.check",
        "import": "backfile.cli.import_command.import_command",
        "index": "backfile.cli.article_commands.index",
        "lines": "backfile.cli.lines_command.lines",
        "quote": "backfile.cli.quote_command.quote",
        "search": "backfile.cli.article_commands.search",
        "show": "backfile.cli.article_commands.show",
        "stats": "backfile.cli.article_commands.stats",
        "why": "backfile.cli.why_command.why",
        "trends": "backfile.cli.trend_command.trends",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of imported and lazy commands, sorted."""
        return sorted([*super().list_commands(ctx), *self.LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Command of a name, imported if it is lazy; None for an unknown name."""
        if cmd_name not in self.LAZY:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.LAZY[cmd_name].rpartition(".")
        command: click.Command = getattr(import_module(module), name)
        return command

    def by_name(self) -> dict[str, click.Command]:
        """Commands by name, sorted; imports all of them."""
        context = click.Context(self)
        return {name: command for name in self.list_commands(context) if (command := self.get_command(context, name))}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
    "library", "host", "port", "socket", "workers", "watch", *config.INDEX_SETTINGS, "trusted_hosts", "base_url",
    "proxies", "user_header", "metrics", "access_log", "access_log_queries", "per_page", "deadline", "file_seconds",
    "wait", folder=True,
)  # fmt: skip
def serve(settings: Settings) -> None:
    """Serve the search page; changed files are noticed by themselves.

    Without LIBRARY it serves ./library, which it makes from the sample articles when there is none.

    \b
    backfile serve
    backfile serve ~/articles --port 8080 --workers 4
    """
    from backfile.web.server.granian_server import serve as serve_web

    is_default = click.get_current_context().meta[ORIGINS]["library"] == "default"
    if is_default and not settings.library.exists():
        from backfile.archive.storage.sample_library import copy_sample

        copy_sample(settings.library)
        log.info("There was no library: made %s from the sample articles.", settings.library)
    with ProgressBar("Reading articles") as progress:
        serve_web(settings, _make_app, progress=progress)


@cache
def _make_app(settings: Settings) -> Flask:
    """Warmed-up application; cached, so that forked workers inherit it."""
    from backfile.app import create_app
    from backfile.web.server.granian_server import warm_up

    app = create_app(settings)
    warm_up(app)
    return app


@backfile.command("settings")
@with_settings(*config.table())
@as_json
def show_settings(settings: Settings, as_json: bool) -> None:
    """Print the effective settings and where each comes from.

    A flag wins over a variable (BACKFILE_PORT), a variable over backfile.toml, that over the default.

    \b
    backfile settings
    backfile settings --port 8080 --json
    """
    origins = click.get_current_context().meta[ORIGINS]
    values = {name: getattr(settings, name) for name in config.table()}
    if as_json:
        print_json({name: {"value": _to_json(value), "origin": origins[name]} for name, value in values.items()})
        return
    width = max(map(len, values))
    for name, value in values.items():
        shown = json.dumps(_to_json(value), ensure_ascii=False) if value is not None else ""
        click.echo(f"{name:<{width}} {shown:<24} {'' if origins[name] == 'default' else origins[name]}".rstrip())


def _to_json(value: Any) -> Any:
    if isinstance(value, Secret):
        return repr(value) if value else ""
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


if __name__ == "__main__":
    main()

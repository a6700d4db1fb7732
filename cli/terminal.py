"""What the commands share: flags made from the table of settings, a progress bar, and what they print."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backfile import config
from backfile.archive.errors import BackfileError
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem
from backfile.config import SettingsInvalid
from backfile.index.engine import HighlightedText, Page

if TYPE_CHECKING:
    from backfile.index.sync.synchronization import Progress

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

Command = Callable[..., Any]

ORIGINS = "backfile.origins"
"""Where `with_settings` leaves the origins of the settings in the context of the command."""


def with_settings(*names: str, folder: bool = False) -> Callable[[Command], Command]:
    """Gives a command the flags of the settings called `names`, and the settings in force as its first argument.

    With `folder` the library may also be named without a flag. Where each setting comes from is left in the context.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run_with_settings(config_file: Path | None, folder: str | None = None, **arguments: Any) -> Any:
            flags = {name: arguments.pop(name) for name in names}
            if folder is not None and flags["library"] is not None:
                raise click.UsageError("The library is named twice: as an argument and by --library.")
            flags["library"] = folder if folder is not None else flags["library"]
            settings, origins = config.load_with_origins(flags, file=config_file)
            click.get_current_context().meta[ORIGINS] = origins
            return command(settings, **arguments)

        decorated: Command = _config_option(run_with_settings)
        for name in reversed(names):
            decorated = _option(name)(decorated)
        return click.argument("folder", metavar="[LIBRARY]", required=False)(decorated) if folder else decorated

    return decorate


_config_option = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
    help=f"The file of settings; by default {config.FILE} if there is one here.",
)  # fmt: skip


def _option(name: str) -> Callable[[Command], Command]:
    setting = config.table()[name]
    default = config.describe_default(setting)
    help = setting.metadata["help"].replace("`", "") + (f"  [default: {default}]" if default else "")
    flag = config.flag(name)
    if setting.metadata["kind"] is config.TRUTH:
        return click.option(f"{flag}/--no-{flag.removeprefix('--')}", name, default=None, help=help)
    return click.option(flag, name, metavar=setting.metadata["kind"].word.upper(), help=help)


class DateType(click.ParamType[PartialDate]):
    """`2019`, `2019-03` or `2019-03-14`."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PartialDate:
        """Reads the text of an option; a bad one is a usage error."""
        try:
            return PartialDate.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ProgressBar:
    """A bar on stderr, if that is a terminal, for work that takes longer than a second."""

    def __init__(self, label: str) -> None:
        self._label, self._began, self._shown = label, time.monotonic(), 0
        self._bar: Any = None

    def __enter__(self) -> Progress:
        return self._show

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def _show(self, done: int, total: int) -> None:
        if self._bar is None and sys.stderr.isatty() and time.monotonic() - self._began > 1:
            self._bar = click.progressbar(
                length=total, label=self._label, file=sys.stderr, update_min_steps=total // 200 or 1
            )
        if self._bar is not None:
            self._bar.update(done - self._shown)
            self._shown = done


def print_json(value: Any) -> None:
    """One JSON value on one line, so that several are JSON Lines."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_error(error: BackfileError | OSError) -> None:
    """What went wrong and what to do about it, on stderr."""
    for problem in error.problems if isinstance(error, SettingsInvalid) else (str(error),):
        click.echo(f"Error: {problem}", err=True)
    if hint := getattr(error, "hint", ""):
        click.echo(f"       {hint}", err=True)


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """`{"path", "line", "reason", "hint"}`."""
    return {"path": problem.path, "line": problem.line, "reason": problem.reason, "hint": problem.hint}


def print_problems(problems: Iterable[Problem]) -> None:
    """One a line on stderr, as `path:line: reason (hint)`."""
    for problem in problems:
        click.echo(str(problem), err=True)


def print_page(page: Page, notices: Sequence[str]) -> None:
    """A page of results to read; what there is to say about the query goes to stderr."""
    for notice in [*notices, *page.notices]:
        click.echo(notice, err=True)
    place = f", page {page.page:,} of {page.pages:,}" if page.pages > 1 else ""
    click.echo(f"{page.total:,} article{'s' if page.total != 1 else ''}{place}")
    for hit in page.hits:
        click.echo()
        click.echo(heading(_lit(hit.title), hit.authors, hit.date, hit.topics))
        for passage in hit.passages:
            click.echo("    … " + _lit(passage).replace("\n", " "))
        click.echo("    " + click.style(hit.id, dim=True))
    if page.suggestion:
        click.echo(f"\nDid you mean: {page.suggestion}")


def heading(title: str, authors: Sequence[str], date: PartialDate | None, topics: Sequence[str]) -> str:
    """The title, and on a second line date, authors and topics as far as they are known."""
    details = [str(date or ""), ", ".join(authors), ", ".join(topics)]
    return f"{title}\n    {' · '.join(detail for detail in details if detail)}".rstrip()


def _lit(marked: HighlightedText) -> str:
    """The text with its matches in bold, which `click.echo` leaves out where there is no terminal."""
    parts, end = [], 0
    for start, stop in marked.spans:
        parts += [marked.text[end:start], click.style(marked.text[start:stop], bold=True)]
        end = stop
    return "".join([*parts, marked.text[end:]])

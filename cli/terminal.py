"""Options made from the table of settings, the progress bar, and output common to the commands."""

from __future__ import annotations

import functools
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backfile import config
from backfile.archive.errors import BackfileError
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem
from backfile.config import SettingsInvalid
from backfile.index.engine import HighlightedText, Hit, Page

if TYPE_CHECKING:
    from backfile.index.sync.synchronization import Progress

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

Command = Callable[..., Any]

ORIGINS = "backfile.origins"
"""Key of the origins of the settings in `click.Context.meta`."""


def with_settings(*names: str, folder: bool = False) -> Callable[[Command], Command]:
    """Adds the flags of the named settings to a command, and passes the settings in force as its first argument.

    With `folder` an argument may name the library. The origins of the settings are stored in the context under ORIGINS.
    """

    with_flags = tuple(filter(config.flag, names))

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run_with_settings(config_file: Path | None, folder: str | None = None, **arguments: Any) -> Any:
            flags = {name: arguments.pop(name) for name in with_flags}
            if folder is not None and flags["library"] is not None:
                raise click.UsageError("The library is named twice: as an argument and by --library.")
            flags["library"] = folder if folder is not None else flags["library"]
            settings, origins = config.load_with_origins(flags, file=config_file)
            click.get_current_context().meta[ORIGINS] = origins
            return command(settings, **arguments)

        decorated: Command = _config_option(run_with_settings)
        for name in reversed(with_flags):
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
    if setting.metadata["type"] is config.BOOLEAN:
        return click.option(f"{flag}/--no-{flag.removeprefix('--')}", name, default=None, help=help)
    return click.option(flag, name, metavar=setting.metadata["type"].name.upper(), help=help)


_WORD_MARK = "\ue000"  # of the private use area: hides the hyphen of a word from the parser of options
_EXCLUDED_WORD = re.compile(r"-[^-\s](?!\Z)|-[^-h\s]")


class QueryCommand(click.Command):
    """Command with a `query` as its arguments, in which `-train` is a word to leave out and not an option.

    Long options and `-h` are options as ever; an unknown long one is an error that names `--`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the arguments; raises `NoSuchOption` for a long option that does not exist."""
        end = args.index("--") if "--" in args else len(args)
        with_value = {
            name for each in self.get_params(ctx) if not getattr(each, "is_flag", False) for name in each.opts
        }
        marked = [
            _WORD_MARK + argument if _EXCLUDED_WORD.match(argument) and before not in with_value else argument
            for before, argument in zip(["", *args], args[:end], strict=False)
        ]
        self._refuse_unknown(ctx, args[:end])
        rest = super().parse_args(ctx, [*marked, *args[end:]])
        ctx.params["query"] = tuple(word.removeprefix(_WORD_MARK) for word in ctx.params["query"])
        return rest

    def _refuse_unknown(self, ctx: click.Context, args: list[str]) -> None:
        known = [name for each in self.get_params(ctx) for name in (*each.opts, *each.secondary_opts)]
        for name in (argument.partition("=")[0] for argument in args):
            if name.startswith("--") and name not in known:
                message = f"No such option: {name}. A query that begins so is written after --."
                raise click.NoSuchOption(name, message, get_close_matches(name, known), ctx)


class DateType(click.ParamType[PartialDate]):
    """Partial date: `2019`, `2019-03` or `2019-03-14`."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PartialDate:
        """Parses a partial date; raises `BadParameter` for an invalid one."""
        try:
            return PartialDate.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ProgressBar:
    """Progress bar on stderr, shown after one second, on a terminal only."""

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


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def masked(text: str) -> str:
    r"""Text of an archive or a file, safe to print: its control characters as `\x1b`, except line ends and tabs.

    A terminal would obey them: set its title, move its cursor, write to the clipboard.
    """
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n"))


def print_json(value: Any) -> None:
    """Prints a JSON value on one line; several calls print JSON Lines. Control characters are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    click.echo(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_error(error: BackfileError | OSError) -> None:
    """Prints an error and its hint on stderr."""
    for problem in error.problems if isinstance(error, SettingsInvalid) else (str(error),):
        click.echo(f"Error: {masked(problem)}", err=True)
    if hint := getattr(error, "hint", ""):
        click.echo(f"       {masked(hint)}", err=True)


def print_problems(problems: Iterable[Problem]) -> None:
    """Prints problems on stderr, one a line: `path:line: reason (hint)`."""
    for problem in problems:
        click.echo(masked(str(problem)), err=True)


def print_page(page: Page, notices: Sequence[str]) -> None:
    """Prints a page of results; notices go to stderr."""
    for notice in [*notices, *page.notices]:
        click.echo(masked(notice), err=True)
    if page.relaxed:
        click.echo(masked(page.relaxed.notice().text))
    position = f", page {page.page:,} of {page.pages:,}" if page.pages > 1 else ""
    stories = f", {_count(page.stories, 'story', 'stories')}" if page.stories not in (None, page.total) else ""
    click.echo(f"{_count(page.total, 'article', 'articles')}{stories}{position}")
    for name in page.names:
        click.echo(f"{name.facet.capitalize()}: {masked(name.value)} ({name.count:,})")
    for hit in page.hits:
        click.echo()
        click.echo(heading(_bold_spans(hit.title), hit.metadata.authors, hit.metadata.date, hit.metadata.topics))
        for passage in hit.passages:
            click.echo("    … " + _bold_spans(passage).replace("\n", " "))
        if hit.missing:
            click.echo(f"    Missing: {masked(', '.join(hit.missing))}")
        click.echo("    " + click.style(masked(hit.id), dim=True))
        _print_copies(hit)
    if page.suggestion:
        click.echo(f"\nDid you mean: {masked(page.suggestion)}")


def _count(number: int | None, one: str, several: str) -> str:
    return f"{number or 0:,} {one if number == 1 else several}"


def _print_copies(hit: Hit) -> None:
    """Prints where else a story was printed: source, date, words more and less, and the id."""
    if hit.copies:
        click.echo(f"    Also printed in {_count(hit.copy_count, 'place', 'places')}:")
    for copy in hit.copies:
        source = copy.metadata.source.name if copy.metadata.source else None
        words = "" if copy.added is None else f"+{copy.added:,} -{copy.removed:,} words"
        told = [masked(source or copy.metadata.title), str(copy.metadata.date or ""), words]
        told.append(click.style(masked(copy.id), dim=True))
        click.echo(f"      {' · '.join(filter(None, told))}")
    if hit.copy_count > len(hit.copies):
        click.echo(f"      and {hit.copy_count - len(hit.copies):,} more; --copies lists all")


def heading(title: str, authors: Sequence[str], date: PartialDate | None, topics: Sequence[str]) -> str:
    """Title, which is masked already, and on a second line the date, authors and topics that are known."""
    details = [str(date or ""), masked(", ".join(authors)), masked(", ".join(topics))]
    return f"{title}\n    {' · '.join(detail for detail in details if detail)}".rstrip()


def _bold_spans(highlighted: HighlightedText) -> str:
    """Text with its spans in bold; `click.echo` strips the style unless it prints to a terminal."""
    parts, end = [], 0
    for start, stop in highlighted.spans:
        parts += [masked(highlighted.text[end:start]), click.style(masked(highlighted.text[start:stop]), bold=True)]
        end = stop
    return "".join([*parts, masked(highlighted.text[end:])])

"""Writes the pages of the documentation that follow from the code; with --check names the outdated ones and fails.

docs/settings.md from the table of settings, docs/commands.md from the help of the commands, docs/decisions/README.md
from the titles of the decisions.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from backfile import config  # noqa: E402 - the checkout first, so that its pages are made from its own code
from backfile.cli import main as cli  # noqa: E402

NOTE = "<!-- Made by docs/generate.py; `make docs` renews it. -->\n\n"


def settings_page() -> str:
    """Page of all settings and their sources."""
    rows = [
        f"| `{name}` | {_code(config.flag(name))} | `{config.variable(name)}` | {config.describe_type(setting)} "
        f"| {_code(config.describe_default(setting))} | {setting.metadata['help']} |"
        for name, setting in config.table().items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Every setting can be given as a flag of the commands that use it, as an environment variable, or as a "
            "key of a TOML file. A flag wins over a variable, a variable over the file, the file over the default. "
            f"The file is the one that `--config FILE` or `{config.PREFIX}CONFIG` names, else `{config.FILE}` in the "
            "current folder if there is one; paths in it are relative to it. `backfile settings` prints what is in "
            "force and where each value comes from. Mistakes are reported all together, with exit code 2.",
            "",
            f"    # {config.FILE}",
            '    library = "articles"',
            "    workers = 4",
            '    trusted_hosts = ["archive.example.org"]',
            "",
            "What a *library* says about itself, its title, its language, what it leaves out, stands in its own "
            "[`library.toml`](library-format.md).",
            "",
            "| key | flag | variable | kind | default | what it does |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def commands_page() -> str:
    """Page with the help text of every command."""
    parts = ["# Commands\n", _help(cli.backfile, "backfile")]
    for name, command in cli.backfile.by_name().items():
        parts += [f"## backfile {name}\n", _help(command, f"backfile {name}")]
    return "\n".join(parts)


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=90, max_content_width=90)
    return f"```text\n{command.get_help(context)}\n```\n"


def decisions_page() -> str:
    """Page that links the decisions by title."""
    lines = [
        f"- [{_title(page)}]({page.name})"
        for page in sorted((DOCS / "decisions").glob("*.md"))
        if page.name != "README.md"
    ]
    return "\n".join(
        ["# Decisions", "", "What a newcomer would question, and why it is so. One page each.", "", *lines, ""]
    )


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").strip()


PAGES = {
    DOCS / "settings.md": settings_page,
    DOCS / "commands.md": commands_page,
    DOCS / "decisions" / "README.md": decisions_page,
}


def outdated() -> list[Path]:
    """Paths of the pages that differ from what the code gives."""
    return [
        path for path, page in PAGES.items() if not path.exists() or path.read_text(encoding="utf-8") != NOTE + page()
    ]


def main() -> None:
    """Writes the outdated pages, or with --check names them and fails."""
    pages = outdated()
    for path in pages:
        if "--check" in sys.argv:
            click.echo(f"{path.relative_to(DOCS.parent)} is out of date; `make docs` renews it", err=True)
        else:
            path.write_text(NOTE + PAGES[path](), encoding="utf-8")
            click.echo(f"wrote {path.relative_to(DOCS.parent)}")
    sys.exit(1 if pages and "--check" in sys.argv else 0)


if __name__ == "__main__":
    main()

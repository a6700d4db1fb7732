"""Bodies as they are read: files put in as MkDocs does, MDX as Markdown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backfile.archive.model import Article, ArticleMetadata
from backfile.archive.storage.library import Library
from backfile.archive.storage.readable_body import IncludedFile, is_current, readable_body

FILES = {
    "includes/hours.md": "---\ntitle: Hours\n---\nOpen from *nine*.\n",
    "docs/snippets/tide.txt": "low\nhigh\n# --8<-- [start:spring]\nspring\n# --8<-- [end:spring]\nneap\n",
    "docs/fares.md": 'One way 5.\n\n--8<-- "includes/hours.md"\n',
    "docs/loop.md": 'a\n--8<-- "docs/loop.md"\nb\n',
    "docs/beside.md": "Beside.",
    ".secret/key.md": "PRIVATE",
    "library.toml": "title = 'PRIVATE'\n",
    "docs/picture.txt": "\x00\x01\x02",
}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Library(tmp_path)


def read(library: Library, body: str, path: str = "docs/guide/ferry.md") -> tuple[str, list[int]]:
    """Body as read, and the lines that name no file."""
    body_as_read = readable_body(library, Article("docs/guide/ferry", path, ArticleMetadata("Ferry"), body))
    return body_as_read.text, [line for line, _ in body_as_read.missing]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('A\n\n--8<-- "includes/hours.md"\n\nB', "A\n\nOpen from *nine*.\n\nB"),
        ('-8<- "hours.md"', "Open from *nine*."),
        ('--8<-- "beside.md"', "Beside."),
        ('- x\n\n    --8<-- "beside.md"', "- x\n\n    Beside."),
        ('```\n--8<-- "tide.txt"\n```', "```\nlow\nhigh\nspring\nneap\n```"),
        ('--8<-- "tide.txt:spring"', "spring"),
        ('--8<-- "tide.txt:2:2"', "high"),
        ('--8<-- "tide.txt::1"', "low"),
        ('--8<-- "tide.txt:1:1,6:6"', "low\nneap"),
        ('--8<-- "docs/fares.md"', "One way 5.\n\nOpen from *nine*."),
        ("--8<--\nhours.md\n; beside.md\n\nbeside.md\n--8<--\nEnd", "Open from *nine*.\nBeside.\nEnd"),
        ('```\n;--8<-- "hours.md"\n```', '```\n--8<-- "hours.md"\n```'),
        ('```\n--8<-- "gone.md"\n```', '```\n--8<-- "gone.md"\n```'),
        ("A --8<-- in a line\n--8<--\nalone", "A --8<-- in a line\n--8<--\nalone"),
        ('--8<-- "https://e.example/a.md"', '--8<-- "https://e.example/a.md"'),
    ],
)
def test_named_files_are_put_in(library: Library, body: str, text: str) -> None:
    assert read(library, body) == (text, [])


@pytest.mark.parametrize(
    "name", ["gone.md", "tide.txt:flood", ".secret/key.md", "library.toml", "../../key.md", "/etc/hostname", "docs"]
)
def test_files_that_are_not_there_or_not_to_be_shown_are_named(library: Library, name: str) -> None:
    body = f'A\n\n--8<-- "{name}"'
    assert read(library, body) == (body, [3])


def test_a_file_that_puts_itself_in_ends(library: Library) -> None:
    assert read(library, '--8<-- "loop.md"')[0] == 'a\n--8<-- "docs/loop.md"\nb'


def test_a_file_that_was_read_is_current_until_it_changes(library: Library) -> None:
    article = Article("a", "a.md", ArticleMetadata("A"), '--8<-- "hours.md"\n--8<-- "gone.md"\n')
    hours, gone = readable_body(library, article).included
    assert (hours.path, gone) == ("includes/hours.md", IncludedFile("gone.md"))
    assert is_current(library, "a.md", hours)
    assert is_current(library, "a.md", gone)
    os.utime(library.root / hours.path, ns=(1, 1))
    (library.root / "gone.md").write_text("here")
    assert not is_current(library, "a.md", hours)
    assert not is_current(library, "a.md", gone)


def test_mdx_is_read_as_markdown_and_its_title_shown_once(library: Library) -> None:
    (library.root / "a.mdx").write_text(
        "import A from './a';\n\n# The *pier*\n\n<A label='Sea'>\n\nText {a.b}.\n\n</A>\n"
    )
    article = library.get("a")
    assert article.metadata.title == "The pier"
    assert readable_body(library, article).text.split() == ["**Sea**", "Text", "."]

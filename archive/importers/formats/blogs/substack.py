"""Substack: the export of a publication, `posts.csv` with the texts beside it as `posts/ID.SLUG.html`.

Format: https://support.substack.com/hc/en-us/articles/360037466012.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from backfile.archive.importers.common.html_parser import decode_html, html_to_line, parse_html
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import Row, begins_with, read_rows
from backfile.archive.importers.formats.blogs.substack_html import clean_post, find_address
from backfile.archive.importers.formats.documents.pandoc_html import hide_formulas, show_formulas
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
    read_file,
)
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown, tree_to_markdown
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import is_url, source_of
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem

KIND = "substack"
TITLE = "Substack: the export of a publication (posts.csv and posts/)"

_TABLE = "posts.csv"
_LINE = re.compile(rb"\n")
_TEXT_FILE = re.compile(r"posts/(\d++)[^/]*+(?<=\.html)\Z")


def detect(probe: Probe) -> int:
    """By `posts.csv` and the texts beside it; the table alone by its columns."""
    if probe.is_folder:
        return 97 if _TABLE in probe.names and any(map(_TEXT_FILE.match, probe.names)) else 0
    columns = probe.head[:400].partition(b"\n")[0]
    is_table = begins_with(probe.head, (b"post_id,", b'"post_id",')) and b"is_published" in columns
    return 97 if is_table and (probe.path.parent / "posts").is_dir() else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of rows."""
    return count_matches(_table(path), _LINE)


def _table(path: Path) -> Path:
    return path / _TABLE if path.is_dir() else path


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the published posts in the order of the table. Raises `OSError`."""
    table = _table(path)
    texts = {file.name.partition(".")[0]: file for file in sorted((table.parent / "posts").glob("*.html"))}
    for row in read_rows(table):
        if isinstance(row, Problem):
            yield row
            continue
        post_id = str(row.get("post_id") or "").strip()
        try:
            yield _event(row, post_id, texts.pop(post_id.partition(".")[0], None), context)
        except ITEM_FAILURES as error:
            yield problem_from(f"posts/{post_id}.html", error)
    for file in texts.values():
        yield Problem(f"posts/{file.name}", None, f"is in no row of {_TABLE}, which says what was published")
    others = sum(1 for each in table.parent.rglob("*.csv") if each != table)
    if others:
        yield Skipped("subscribers", f"{others:,} tables of subscribers and readers: not read")


def _event(row: Row, post_id: str, file: Path | None, context: ImportContext) -> ImportEvent:
    origin = f"tag:substack.com,2017:post-{post_id.partition('.')[0]}"
    title = html_to_line(str(row.get("title") or ""))
    if str(row.get("is_published") or "").strip().casefold() not in ("true", "1"):
        return Skipped(f"posts/{post_id}", "not published")
    context.begin()
    if file is None or file.is_symlink():
        hint = "export it again: Substack leaves out the newest at times"
        return Problem(f"posts/{post_id}.html", None, f"{title or 'the post'}: its text is not in the export", hint)
    return _item(row, origin, title, file)


def _item(row: Row, origin: str, title: str, file: Path) -> Item:
    slug = file.name.removesuffix(".html").partition(".")[2]
    html = decode_html(read_file(file))
    tree = parse_html(f"<div>{html}</div>")
    notes = clean_post(tree)
    date, unclear = date_with_note(row.get("post_date") or row.get("email_sent_at") or None)
    kind, audience = (str(row.get(name) or "").strip() for name in ("type", "audience"))
    url = find_address(html, slug)
    sound = fragment_to_markdown(_sound(str(row.get("podcast_url") or "").strip()), None)
    formulas = hide_formulas(tree)
    body = show_formulas(tree_to_markdown(tree, base_url=url or None), formulas)
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=title,
            date=date,
            summary=html_to_line(str(row.get("subtitle") or "")) or None,
            source=source_of("", url),
        ),
        body="\n\n".join(filter(None, (sound, body))),
        extra={
            **({"post_type": kind} if kind not in ("", "newsletter") else {}),
            **({"audience": audience} if audience not in ("", "everyone") else {}),
            **({"slug": slug} if slug else {}),
        },
        notes=tuple(filter(None, (*notes, unclear))),
    )


def _sound(url: str) -> str:
    """Link to the recording of a post, named by its file."""
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return f'<a href="{escape(url)}">{escape(name)}</a>' if is_url(url) else ""

"""Tumblr: the export of a blog, a page a post with its media beside it.

Format: https://help.tumblr.com/export-your-blog/; the posts are in a zip within the download, as `html/ID.html`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from backfile.archive.importers.common.html_parser import parse_html, text_of
from backfile.archive.importers.common.local_files import local_asset
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
from backfile.archive.importers.links.markdown_links import link_destinations
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata

KIND = "tumblr"
TITLE = "Tumblr: the export of a blog"

_POST = re.compile(r"(?:.*/)?(?:posts|html)/(\d{6,20})\.html\Z")
_ID = re.compile(r"(\d{6,20})\.html\Z")


def detect(probe: Probe) -> int:
    """By the names of posts, which are numbers."""
    if not probe.is_folder:
        return 0
    pages = [name for name in probe.names if name.endswith(".html") and not name.endswith("index.html")]
    return 96 if pages and sum(1 for name in pages if _POST.match(name)) >= 0.8 * len(pages) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of posts."""
    return len(_pages(path)[0]) if path.is_dir() else None


def _pages(folder: Path) -> tuple[list[str], list[str]]:
    """Posts, and other pages."""
    found = sorted(each for each in folder.rglob("*.html") if each.is_file() and not each.is_symlink())
    names = [each.relative_to(folder).as_posix() for each in found]
    return [name for name in names if _POST.match(name)], [name for name in names if not _POST.match(name)]


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the posts in the order of their numbers."""
    posts, others = _pages(path)
    for name in posts:
        try:
            context.begin()
            yield _post(path, name)
        except ITEM_FAILURES as error:
            yield problem_from(name, error)
    yield from (Skipped(name, "no post but a page of the export") for name in others)


def _post(folder: Path, name: str) -> ImportEvent:
    tree = parse_html(read_file(folder / name))
    body = tree.find("body")
    content = body if body is not None else tree
    stamp = text_of(next(iter(content.xpath("//*[@id='timestamp']")), None))
    tags = [
        text_of(each).removeprefix("#") for each in content.xpath("//*[contains(@class, 'tag')][self::span or self::a]")
    ]
    heading = next(content.iter("h1"), None)
    title = text_of(heading)
    for element in (heading, *content.xpath("//*[@id='footer']")):
        if element is not None and element.getparent() is not None:
            element.drop_tree()
    text = tree_to_markdown(content, base_url=None)
    if not text and not title:
        return Skipped(name, "has neither title nor text")
    date, note = date_with_note(stamp or None)
    links = dict.fromkeys(link for link, _ in link_destinations(text))
    assets = [local_asset(folder, link, name.rpartition("/")[0]) for link in links]
    number = _ID.search(name)
    return Item(
        origin=f"tag:tumblr.com,2007:{number[1]}" if number else name,
        metadata=ArticleMetadata(
            title, topics=topic_names(list(dict.fromkeys(filter(None, tags))), key="topics", path=""), date=date
        ),
        body=text,
        assets=tuple(asset for asset in assets if asset is not None),
        notes=(note,) if note else (),
    )

"""Posts of site builders in other markup: HTML with front matter, reStructuredText, Org, AsciiDoc, Textile.

Jekyll's importers and Hexo write HTML with front matter; Pelican, Nikola and Hugo read the others, which need Pandoc.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.importers.common.html_parser import html_to_line, parse_html
from backfile.archive.importers.formats.documents.markup import MARKUP_BY_SUFFIX, TEXT_MARKUPS, markup_metadata, prepare
from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.item import Asset, read_file
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.storage.decoding import decode

HTML_SUFFIXES = (".html", ".htm")
MARKUP_SUFFIXES = (*HTML_SUFFIXES, *(suffix for suffix, name in MARKUP_BY_SUFFIX.items() if name in TEXT_MARKUPS))
"""Suffixes of posts; HTML counts only with front matter."""

_FENCE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:---|\+\+\+)[ \t]*\r?\n")
_TEMPLATE = re.compile(r"\{%-?\s*(?:for|include|assign|capture|layout|block|extends)\b|\{\{\s*content\s*\}\}")
_POSTS = re.compile(r"(?:.*/)?_(?!(?:includes|layouts|sass|site|data)/)[\w-]+/")
_NOT_POSTS = re.compile(r"(?:.*/)?(?:layouts|archetypes|themes|_includes|_layouts|templates|partials|node_modules)/")


@dataclass(frozen=True, slots=True)
class MarkupPost:
    """Post as it was read: the front matter, the text in Markdown, its embedded pictures, notes on what is missing.

    `has_logic` says whether it has loops or blocks of a template.
    """

    data: Mapping[str, object]
    body: str
    assets: tuple[Asset, ...] = ()
    has_logic: bool = False
    notes: tuple[str, ...] = ()


def has_front_matter(content: bytes) -> bool:
    """Whether a file begins with the fence of front matter."""
    return _FENCE.match(content) is not None


def find_markup_posts(root: Path, site: SiteLayout) -> Iterator[str]:
    """Yields the paths of files below `root` that may be posts in other markup, in order; never through links."""
    for folder, below, names in os.walk(root):
        inside = Path(folder).relative_to(root).as_posix().removeprefix(".")
        below[:] = sorted(name for name in below if name[0] != "." and not Path(folder, name).is_symlink())
        for name in sorted(names):
            path = f"{inside}/{name}" if inside else name
            is_named = name.lower().endswith(MARKUP_SUFFIXES) and name[0] != "." and not Path(folder, name).is_symlink()
            if is_named and site.holds(path) and not _NOT_POSTS.match(path):
                yield path


def is_markup_post(path: str) -> bool:
    """Whether a name alone tells that a file is a post in other markup: by its suffix, or HTML in a folder of posts."""
    name = path.lower()
    return name.endswith(MARKUP_SUFFIXES) and (not name.endswith(HTML_SUFFIXES) or _POSTS.match(path) is not None)


def is_post(file: Path) -> bool:
    """Whether a file in other markup is a post: HTML only with front matter. Raises `OSError`."""
    if not file.name.lower().endswith(HTML_SUFFIXES):
        return True
    with file.open("rb") as opened:
        return has_front_matter(opened.read(64))


def is_template(path: str, post: MarkupPost, site: SiteLayout) -> bool:
    """Whether a page outside the folders of posts is made by the site builder of other texts."""
    return post.has_logic and not (_POSTS.match(path) or site.folders or not site.builder)


def read_markup_post(path: Path) -> MarkupPost:
    """Reads a post. Raises `ArchiveError`, `OSError`, and `ModuleNotFoundError` where Pandoc is needed and missing."""
    content = read_file(path)
    if path.name.lower().endswith(HTML_SUFFIXES):
        front = parse(decode(content).text)
        has_logic = _TEMPLATE.search(front.body) is not None
        notes = tuple(map(str, front.problems))
        return MarkupPost(_readable(front.data), html_body(front.body), has_logic=has_logic, notes=notes)
    from backfile.archive.importers.formats.documents import pandoc, pandoc_html  # noqa: PLC0415 - of the extra `documents`

    front_data: Mapping[str, object] = {}
    if has_front_matter(content):
        front = parse(decode(content).text)
        front_data, content = front.data, front.body.encode()
    markup = MARKUP_BY_SUFFIX[path.suffix.lower()]
    source, notes = prepare(content, markup)
    document = pandoc.convert(source, markup)
    text = pandoc_html.pandoc_tree_to_markdown(pandoc_html.parse_pandoc_html(document.html))
    data = {**markup_metadata(document.metadata), **front_data}
    return MarkupPost(data, text.body, text.assets, notes=(*notes, *document.warnings))


def html_body(html: str) -> str:
    """Markdown of the HTML below front matter; Liquid in it stays as it is."""
    return tree_to_markdown(parse_html(f"<div>{html}</div>"), base_url=None) if html.strip() else ""


def _readable(data: Mapping[str, object]) -> dict[str, object]:
    """Front matter of Jekyll's importers: the title without references, the author of WordPress without the address."""
    title, author = data.get("title"), data.get("author")
    changed: dict[str, object] = dict(data)
    if isinstance(title, str) and "&" in title:
        changed["title"] = html_to_line(title)
    if isinstance(author, Mapping) and author.get("display_name"):
        changed["author"] = author["display_name"]
    for name, usual in (
        ("modified_time", "updated"),
        ("blogger_orig_url", "original_url"),
    ):  # of the importer of Blogger
        if changed.get(name) and usual not in changed:
            changed[usual] = changed.pop(name)
    return changed

"""Markdown files and trees: the sites of Hugo, Jekyll, Docusaurus and Pelican, and Obsidian vaults.

A tree is read like a library, with the names of authors and topics from its profile pages. Syntax of one site builder
(shortcodes, Liquid, wiki links, MDX) is rendered to plain Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable, LibrarySettingsInvalid
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.importers.formats.markdown_tree.markup_posts import (
    HTML_SUFFIXES,
    find_markup_posts,
    is_markup_post,
    is_post,
    is_template,
    read_markup_post,
)
from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout, detect_site
from backfile.archive.importers.formats.markdown_tree.tree_assets import TreeAssets
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
from backfile.archive.importers.library.provenance import also_at
from backfile.archive.importers.links.site_url import read_site_url
from backfile.archive.importers.links.tree_links import TreeLinks
from backfile.archive.markdown.mdx import mdx_to_markdown
from backfile.archive.markdown.shortcodes import expand
from backfile.archive.metadata.field_names import NESTED, TOPICS, normal
from backfile.archive.metadata.mapping import DisplayNames, map_metadata
from backfile.archive.model import Article
from backfile.archive.report import Problem
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.file_titles import SUFFIXES
from backfile.archive.storage.library import Library
from backfile.archive.storage.readable_body import body_with_files

KIND = "markdown"
TITLE = "Markdown: a file, a folder, or the site of Hugo, Jekyll, Docusaurus, Pelican or Obsidian"

MAX_ASSETS = 200_000
"""Most files beside the articles of a tree that links may lead to."""

_OTHER_DOCUMENTS = (
    *(".txt", ".html", ".htm", ".mhtml", ".xml", ".json", ".jsonl", ".csv", ".eml", ".mbox"),
    *(".pdf", ".docx", ".epub", ".warc", ".gz", ".wacz", ".zip"),
)
_PROJECT_FILE = re.compile(
    r"(?:README|LICEN[CS]E|CONTRIBUTING|CODE[_-]OF[_-]CONDUCT|SECURITY|CHANGELOG)\b[^/]*\Z", re.IGNORECASE
)


def detect(probe: Probe) -> int:
    """Confidence from the files of a site builder, the share of Markdown in a folder, or a file's name and fence."""
    if not probe.is_folder:
        if probe.path.name.lower().endswith(SUFFIXES):
            return 80
        return 60 if probe.head.startswith((b"---", b"+++")) and parse(probe.head.decode(errors="replace")).data else 0
    articles = sum(name.lower().endswith(SUFFIXES) for name in probe.names)
    documents = articles + sum(name.lower().endswith(_OTHER_DOCUMENTS) for name in probe.names)
    if not articles:
        return 95 if any(map(is_markup_post, probe.names)) and detect_site(probe.names).builder else 0
    return 95 if detect_site(probe.names).builder else round(80 * articles / documents)


def count(path: Path, context: ImportContext) -> int | None:
    """Number of files that may be articles."""
    if not path.is_dir():
        return 1
    site = detect_site(_names(path))
    return sum(site.holds(entry.path) for entry in Library(path).walk())


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the articles in the order of their paths; drafts, section pages and project files are skipped."""
    if not path.is_dir():
        yield _single_file(path, context)
        return
    try:
        library = Library(path)
    except LibrarySettingsInvalid as error:
        yield problem_from("library.toml", error)
        return
    site = detect_site(_names(path))
    paths = sorted(entry.path for entry in library.walk() if site.holds(entry.path))
    tree_links = TreeLinks(site, read_site_url(path, site))
    tree_links.add_articles(path, paths)
    tree_links.add_assets(islice(library.walk_assets(), MAX_ASSETS))
    tree_assets = TreeAssets(path, site, tree_links.resolver)
    for each in paths:
        try:
            context.begin()
            event = _read_article(library, each, site, tree_assets)
            yield _resolve_links(event, tree_links) if isinstance(event, Item) else event
        except ITEM_FAILURES as error:
            yield problem_from(each, error)
    yield from _markup_posts(library, site, context, tree_links, tree_assets)


def _markup_posts(
    library: Library, site: SiteLayout, context: ImportContext, tree_links: TreeLinks, tree_assets: TreeAssets
) -> Iterator[ImportEvent]:
    """Yields the posts in other markup than Markdown; pages of HTML without front matter are counted together."""
    posts = list(find_markup_posts(library.root, site))
    tree_links.add_pages(posts)
    pages = 0
    for path in posts:
        try:
            if not is_post(library.root / path):
                pages += 1
                continue
            context.begin()
            event = markup_event(library.root, path, site, tree_assets, library.names)
            yield _resolve_links(event, tree_links) if isinstance(event, Item) else event
        except ITEM_FAILURES as error:
            yield problem_from(path, error)
    if pages:
        yield Skipped("*.html", f"{pages:,} web pages without front matter, no posts; name their folder to import them")


def markup_event(
    root: Path, path: str, site: SiteLayout, tree_assets: TreeAssets, names: DisplayNames | None = None
) -> ImportEvent:
    """Post in HTML with front matter, or in light markup; without Pandoc the latter is skipped.

    Raises `ArchiveError` or `OSError` for one that cannot be read.
    """
    try:
        post = read_markup_post(root / path)
    except ModuleNotFoundError:
        return Skipped(path, "reading it needs Pandoc: pip install 'backfile[documents]'")
    known = map_metadata(post.data, post.body, path, names=names)
    if known.draft:
        return Skipped(path, "draft")
    if is_template(path, post, site):
        return Skipped(path, "a template of the site")
    if "/" not in path and _PROJECT_FILE.match(path) and not known.metadata.date:
        return Skipped(path, "is about the project")
    notes = (*post.notes, *(each.reason for each in known.problems))
    article = Article(path, path, known.metadata, post.body, known.extra)
    item = _item(article, tree_assets, notes, is_mdx=False)
    return replace(item, assets=(*post.assets, *item.assets))


def _resolve_links(item: Item, tree_links: TreeLinks) -> Item:
    """Item with the targets of its links: other articles of the tree, else pages of the published site."""
    body, links = tree_links.resolve(item.origin, item.body)
    kept = {asset.name for asset in item.assets} | links.keys()
    return replace(item, body=tree_links.with_absolute_links(item.origin, body, kept), links=links)


def _names(root: Path) -> tuple[str, ...]:
    """Names at the root of a tree and one level below, from which its site builder is detected."""
    top = sorted(root.iterdir())
    below = [inner for each in top if each.is_dir() and not each.is_symlink() for inner in sorted(each.iterdir())]
    return tuple(each.relative_to(root).as_posix() for each in (*top, *below))


def _read_article(library: Library, path: str, site: SiteLayout, tree_assets: TreeAssets) -> ImportEvent:
    reading = library.read(path)
    if reading.article is None:
        if reading.left_out:
            return Skipped(path, reading.left_out)
        return next(iter(reading.problems), Problem(path, None, "cannot be read"))
    if "/" not in path and _PROJECT_FILE.match(path) and not reading.article.metadata.date:
        return Skipped(path, "is about the project")
    notes = [f"line {each.line}: {each.reason}" if each.line else each.reason for each in reading.problems]
    body = body_with_files(library, path, reading.article.body)
    notes += [str(each).removeprefix(f"{path}:") for each in body.problems(path, reading.first_line)]
    article = replace(reading.article, body=body.text)
    return _item(article, tree_assets, tuple(notes), is_mdx=site.builder == "Docusaurus" or path.endswith(".mdx"))


def _single_file(path: Path, context: ImportContext) -> ImportEvent:
    """Reads a single file, without the settings and profiles of the folder that it is in."""
    try:
        if path.name.lower().endswith(HTML_SUFFIXES):
            return markup_event(path.parent, path.name, SiteLayout(), TreeAssets(path.resolve().parent, SiteLayout()))
        decoded = decode(read_file(path))
    except (ArticleUnreadable, OSError) as error:
        return problem_from(path.name, error)
    front = parse(decoded.text)
    known = map_metadata(front.data, front.body, path.name, day_first=context.day_first)
    if known.draft:
        return Skipped(path.name, "draft")
    notes = [str(each) for each in front.problems] + [each.reason for each in known.problems]
    article = Article(path.name, path.name, known.metadata, front.body, known.extra)
    tree_assets = TreeAssets(path.resolve().parent, SiteLayout())
    return _item(article, tree_assets, tuple(notes), is_mdx=path.suffix == ".mdx")


def _item(article: Article, tree_assets: TreeAssets, notes: tuple[str, ...], *, is_mdx: bool) -> Item:
    collected = tree_assets.collect(article.path, _plain_markdown(article.body, is_mdx=is_mdx))
    return Item(
        origin=article.path,
        metadata=article.metadata,
        body=collected.body,
        also_at=tuple(also_at(article.extra)),
        extra=_without_nested_topics(article.extra),
        assets=collected.assets,
        notes=(*notes, *collected.notes),
    )


def _plain_markdown(body: str, *, is_mdx: bool) -> str:
    """Body in plain Markdown; unchanged if the result would contain shortcodes again."""
    if is_mdx:
        body = mdx_to_markdown(body)
    expanded = expand(body)
    if expand(expanded.text).text != expanded.text:
        return body
    short_forms = "\n".join(f"*[{short}]: {long}" for short, long in expanded.abbreviations.items())
    return f"{expanded.text.rstrip()}\n\n{short_forms}\n" if short_forms else expanded.text


def _without_nested_topics(extra: Mapping[str, object]) -> dict[str, object]:
    """Further keys without the topics in nested tables, which are among those of the article."""
    kept: dict[str, object] = {}
    for key, value in extra.items():
        if normal(key) in NESTED and isinstance(value, Mapping):
            kept[key] = {name: inner for name, inner in value.items() if normal(str(name)) not in TOPICS}
        else:
            kept[key] = value
    return {key: value for key, value in kept.items() if value != {}}

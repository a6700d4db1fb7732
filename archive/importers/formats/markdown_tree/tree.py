"""Trees of Markdown as Hugo, Jekyll, Docusaurus, Pelican and Obsidian keep them, and single Markdown files.

They are read as a library is, names of authors and topics from their profile pages included. What only the site's own
builder understands (shortcodes, Liquid, wiki links, imports of MDX) becomes the Markdown a reader should see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable, LibrarySettingsInvalid
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.importers.formats.markdown_tree import mdx
from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout, detect_site
from backfile.archive.importers.formats.markdown_tree.tree_assets import TreeAssets
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.links.link_resolver import LinkResolver, permalinks
from backfile.archive.importers.links.site_url import read_site_url
from backfile.archive.markdown.shortcodes import expand
from backfile.archive.metadata.field_names import NESTED, TOPICS, normal
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.model import Article
from backfile.archive.report import Problem
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.storage.file_titles import SUFFIXES
from backfile.archive.storage.library import Library

KIND = "markdown"
TITLE = "Markdown: a file, a folder, or the site of Hugo, Jekyll, Docusaurus, Pelican or Obsidian"

_OTHER_DOCUMENTS = (
    *(".txt", ".html", ".htm", ".mhtml", ".xml", ".json", ".jsonl", ".csv", ".eml", ".mbox"),
    *(".pdf", ".docx", ".epub", ".warc", ".gz", ".wacz", ".zip"),
)
_ABOUT_THE_PROJECT = re.compile(
    r"(?:README|LICEN[CS]E|CONTRIBUTING|CODE[_-]OF[_-]CONDUCT|SECURITY|CHANGELOG)\b[^/]*\Z", re.IGNORECASE
)


def detect(probe: Probe) -> int:
    """By what marks a site; else by the share of Markdown among the documents of a folder, or by name and fence."""
    if not probe.is_folder:
        if probe.path.name.lower().endswith(SUFFIXES):
            return 80
        return 60 if probe.head.startswith((b"---", b"+++")) and parse(probe.head.decode(errors="replace")).data else 0
    articles = sum(name.lower().endswith(SUFFIXES) for name in probe.names)
    documents = articles + sum(name.lower().endswith(_OTHER_DOCUMENTS) for name in probe.names)
    if not articles:
        return 0
    return 95 if detect_site(probe.names).builder else round(80 * articles / documents)


def count(path: Path, context: ImportContext) -> int | None:
    """How many files a tree has that may be articles."""
    if not path.is_dir():
        return 1
    site = detect_site(_names(path))
    return sum(site.holds(entry.path) for entry in Library(path).walk())


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """The articles in the order of their paths; drafts, section pages, profiles and files about the project aside."""
    if not path.is_dir():
        yield _alone(path, context)
        return
    try:
        library = Library(path)
    except LibrarySettingsInvalid as error:
        yield Problem("library.toml", None, str(error), error.hint)
        return
    site = detect_site(_names(path))
    pictures = TreeAssets(path, site)
    paths = sorted(entry.path for entry in library.walk() if site.holds(entry.path))
    resolver = LinkResolver(site, read_site_url(path, site))
    resolver.add_articles(paths)
    resolver.add_permalinks(_permalinks(path, paths))
    for each in paths:
        found = _found(library, each, site, pictures)
        yield _connected(found, resolver) if isinstance(found, Item) else found
    yield from _not_read(path, site)


def _permalinks(root: Path, paths: list[str]) -> Iterator[tuple[str, str]]:
    """Yields path and address of every article with an address in its front matter; unreadable files have none."""
    real = str(root.resolve())
    for path in paths:
        with suppress(ArticleUnreadable, OSError):
            data = parse(decode(read_bytes(f"{real}/{path}", real)).text).data
            yield from ((path, address) for address in permalinks(path, data))


def _connected(item: Item, resolver: LinkResolver) -> Item:
    """The item with what its links lead to: other articles of the tree, else pages of the site on the web."""
    body = resolver.with_absolute_links(item.origin, item.body, {asset.name for asset in item.assets})
    return replace(item, body=body, links=resolver.links(item.origin, body))


def _names(root: Path) -> tuple[str, ...]:
    """The names at the top of a tree and one level below, by which its builder is known."""
    top = sorted(root.iterdir())
    below = [inner for each in top if each.is_dir() and not each.is_symlink() for inner in sorted(each.iterdir())]
    return tuple(each.relative_to(root).as_posix() for each in (*top, *below))


def _found(library: Library, path: str, site: SiteLayout, pictures: TreeAssets) -> ImportEvent:
    reading = library.read(path)
    if reading.article is None:
        if reading.left_out:
            return Skipped(path, reading.left_out)
        return next(iter(reading.problems), Problem(path, None, "cannot be read"))
    if "/" not in path and _ABOUT_THE_PROJECT.match(path) and not reading.article.metadata.date:
        return Skipped(path, "is about the project")
    notes = [f"line {each.line}: {each.reason}" if each.line else each.reason for each in reading.problems]
    return _item(reading.article, pictures, tuple(notes), is_mdx=site.builder == "Docusaurus" or path.endswith(".mdx"))


def _not_read(root: Path, site: SiteLayout) -> Iterator[Skipped]:
    """Articles in another markup, which some builders read as well."""
    for folder in site.folders or ("",):
        for path in sorted((root / folder).rglob("*.rst")):
            yield Skipped(path.relative_to(root).as_posix(), "reStructuredText is not read; convert it to Markdown")


def _alone(path: Path, context: ImportContext) -> ImportEvent:
    """A single file, by itself: without the folder it lies in there are no profiles to ask."""
    try:
        decoded = decode(read_bytes(str(path.resolve()), str(path.resolve().parent)))
    except (ArticleUnreadable, OSError) as error:
        return Problem(path.name, None, str(error), getattr(error, "hint", ""))
    front = parse(decoded.text)
    known = map_metadata(front.data, front.body, path.name, day_first=context.day_first)
    if known.draft:
        return Skipped(path.name, "draft")
    notes = [str(each) for each in front.problems] + [each.reason for each in known.problems]
    article = Article(path.name, path.name, known.metadata, front.body, known.extra)
    pictures = TreeAssets(path.resolve().parent, SiteLayout())
    return _item(article, pictures, tuple(notes), is_mdx=path.suffix == ".mdx")


def _item(article: Article, pictures: TreeAssets, notes: tuple[str, ...], *, is_mdx: bool) -> Item:
    body = _plain_markdown(article.body, is_mdx=is_mdx)
    taken = pictures.taken(article.path, body)
    return Item(
        origin=article.path,
        metadata=article.metadata,
        body=taken.body,
        also_at=_addresses(article.extra.get("also_at")),
        extra=_further(article.extra),
        assets=taken.assets,
        notes=(*notes, *taken.notes),
    )


def _plain_markdown(body: str, *, is_mdx: bool) -> str:
    """The body without what only its builder understands; as it is if that would be read as something else again."""
    if is_mdx:
        body = mdx.to_markdown(body)
    expanded = expand(body)
    if expand(expanded.text).text != expanded.text:
        return body
    short_forms = "\n".join(f"*[{short}]: {long}" for short, long in expanded.abbreviations.items())
    return f"{expanded.text.rstrip()}\n\n{short_forms}\n" if short_forms else expanded.text


def _addresses(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _further(extra: Mapping[str, object]) -> dict[str, object]:
    """The keys that no field took, without the topics in nested tables, which are among the article's already."""
    kept: dict[str, object] = {}
    for key, value in extra.items():
        if normal(key) in NESTED and isinstance(value, Mapping):
            kept[key] = {name: inner for name, inner in value.items() if normal(str(name)) not in TOPICS}
        else:
            kept[key] = value
    return {key: value for key, value in kept.items() if value != {}}

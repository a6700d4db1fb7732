"""Web pages in files: single ones and folders of them, complete as browsers save them, or in one file (SingleFile).

Pictures that were saved with a page come along: those in its folder of files, and those inside it as `data:`.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import decode_html, parse_html, safe_address
from backfile.archive.importers.extraction.extractor import ExtractedArticle, extract_from
from backfile.archive.importers.extraction.page_metadata import base_url_of
from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.item import Asset, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.links.link_resolver import LinkResolver
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import read_bytes

KIND = "html"
TITLE = "Web pages: HTML files, complete pages of browsers, SingleFile"

ENDINGS = (".html", ".htm", ".xhtml")
FEWEST_WORDS = 25
"""A page with less text is no article but a frame, a notice or a list of links."""
MOSTLY = 0.9
"""From this share of pages among its documents on, a folder is one of pages."""

_SIGNS = re.compile(rb"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_SAVED_FROM = re.compile(
    rb"<!--\s*saved from url=\(\d+\)(\S+)\s*-->|^\s*url:\s*(https?://\S+)", re.IGNORECASE | re.MULTILINE
)
_DATA = re.compile(r"data:image/([a-z]{3,5})[^,;]*((?:;[^,;]*)*),(.*)\Z", re.IGNORECASE | re.DOTALL)
_BESIDE = re.compile(r"(.+)(?:_files|\.files|-Dateien|_fichiers|_archivos|_bestanden|_file)\Z")


def detect(probe: Probe) -> int:
    """By the tags at the head of a file; a folder, if its documents are pages and hardly anything else.

    In a mixed folder the pages may be bookmarks or exports of another program: there every file is asked for itself.
    """
    if not probe.is_folder:
        if _SIGNS.search(probe.head[:4096]):
            is_other = re.search(rb"<!DOCTYPE NETSCAPE-Bookmark|<rss|<feed|<wxr", probe.head[:4096], re.IGNORECASE)
            return 0 if is_other else 75
        return 50 if probe.path.name.lower().endswith(ENDINGS) else 0
    named = [name for name in probe.names if not _is_beside(name)]
    found = sum(name.lower().endswith(ENDINGS) for name in named)
    others = sum(name.lower().endswith((".md", ".txt", ".json", ".xml", ".csv", ".eml", ".mhtml")) for name in named)
    return 85 if found and found / (found + others) >= MOSTLY else 0


def count(path: Path, context: ImportContext) -> int | None:
    """How many pages there are."""
    return sum(1 for _ in _files(path)) if path.is_dir() else 1


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """The pages in the order of their paths."""
    if not path.is_dir():
        yield _page(path, path.name, context)
        return
    files = {file.relative_to(path).as_posix(): file for file in _files(path)}
    resolver = LinkResolver(SiteLayout())
    resolver.add_articles(files)
    for name, file in files.items():
        yield _page(file, name, context, resolver)


def _files(folder: Path) -> Iterator[Path]:
    for root, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name[0] != "." and not _is_beside(f"{name}/"))
        for name in sorted(names):
            if name.lower().endswith(ENDINGS) and name[0] != "." and not Path(root, name).is_symlink():
                yield Path(root, name)


def _is_beside(name: str) -> bool:
    """Whether a path lies in the folder of files that belongs to a saved page."""
    return any(_BESIDE.match(part) for part in name.split("/")[:-1])


def _page(path: Path, name: str, context: ImportContext, resolver: LinkResolver | None = None) -> ImportEvent:
    try:
        content = read_bytes(str(path.resolve()), str(path.resolve().parent))
    except (ArchiveError, OSError) as error:
        return Problem(name, None, str(error), getattr(error, "hint", ""))
    url = context.url or saved_from(content)
    folder = next((each for each in (path.with_name(f"{path.stem}{end}") for end in ("_files", ".files", "-Dateien",
                  "_fichiers", "_archivos", "_bestanden", "_file")) if each.is_dir()), None)  # fmt: skip
    local = _Local(folder) if folder is not None else None
    return read_page(content, name=name, url=url, local=local, declared=None, resolver=resolver)


def saved_from(content: bytes) -> str | None:
    """The address that browsers and SingleFile note at the head of a page they save."""
    found = _SAVED_FROM.search(content, 0, 8192)
    return (found[1] or found[2]).decode("utf-8", errors="replace") if found else None


class _Local(Mapping[str, Asset]):
    """The files saved beside a page, by what it calls them: `Page_files/photo.jpg`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def __getitem__(self, reference: str) -> Asset:
        bare = unquote(re.split(r"[?#]", reference)[0]).removeprefix("./")
        head, _, name = bare.partition("/")
        file = self._folder / name
        if head != self._folder.name or not name or ".." in name.split("/") or not file.is_file():
            raise KeyError(reference)
        return Asset(reference, lambda: read_bytes(str(file), str(self._folder)))

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def read_page(
    content: bytes,
    *,
    name: str,
    url: str | None,
    declared: str | None,
    local: Mapping[str, Asset] | None = None,
    resolver: LinkResolver | None = None,
) -> ImportEvent:
    """The article in a page: `name` is its origin, `declared` its encoding by the server, `local` its own files.

    `resolver` are those of the folder that the page is one of, `name` being its path in it.
    A page without an article is `Skipped`, one that cannot be read a `Problem`; nothing is raised.
    """
    try:
        tree = parse_html(decode_html(content, declared))
        base = base_url_of(tree, url)
        assets = _take_pictures(tree, base, local)
        links = _links(tree, base, name, resolver) if resolver else {}
        extracted = extract_from(tree, url=url)
    except (ArchiveError, RecursionError, ValueError) as error:
        return Problem(name, None, str(error) or "is nested too deeply", getattr(error, "hint", ""))
    if len(extracted.body.split()) < FEWEST_WORDS and len(extracted.body) < FEWEST_WORDS * 3:
        return Skipped(name, "no article in it: hardly any text")
    item = page_item(extracted, name, assets)
    return replace(item, links={each: target for each, target in links.items() if each in item.body})


def page_item(extracted: ExtractedArticle, origin: str, assets: tuple[Asset, ...] = ()) -> Item:
    """The item that an extracted article is; only the assets that its body shows."""
    return Item(
        origin=origin,
        metadata=extracted.metadata,
        body=extracted.body,
        assets=tuple(asset for asset in assets if asset.name in extracted.body),
    )


def _links(tree: HtmlElement, base: str | None, name: str, resolver: LinkResolver) -> dict[str, str]:
    """Links to other pages of a folder: the address that the body will have for each → the path of its target."""
    links: dict[str, str] = {}
    for reference in {each.get("href") or "" for each in tree.iter("a")}:
        absolute, target = safe_address(base, reference), resolver.target(name, reference)
        if absolute and target:
            links[absolute] = target
    return links


def _take_pictures(tree: HtmlElement, base: str | None, local: Mapping[str, Asset] | None) -> tuple[Asset, ...]:
    """Finds the pictures that lie in a page or beside it, under the addresses that its body will have for them."""
    known = local if local is not None else {}
    assets: dict[str, Asset] = {}
    for number, image in enumerate(list(tree.iter("img")), 1):
        reference = (image.get("src") or "").strip()
        if reference.startswith("data:"):
            embedded = _embedded(reference)
            if embedded is None:
                del image.attrib["src"]
                continue
            name = f"embedded-{number}.{embedded[0]}"
            image.set("src", name)
            key, asset = safe_address(base, name), Asset(name, lambda content=embedded[1]: content)  # type: ignore[misc]
        else:
            key = safe_address(base, reference)
            found = known.get(reference) or known.get(key or "")
            if found is None:
                continue
            asset = found
        if key:
            assets[key] = Asset(key, asset.load)
    return tuple(assets.values())


def _embedded(reference: str) -> tuple[str, bytes] | None:
    """Ending and bytes of a picture in a `data:` address (RFC 2397); None if it is none, or a mere placeholder."""
    found = _DATA.match(reference)
    if found is None or len(found[3]) < 400:
        return None
    try:
        content = base64.b64decode(unquote(found[3])) if "base64" in found[2].lower() else unquote_to_bytes(found[3])
    except (binascii.Error, ValueError):
        return None
    return {"jpeg": "jpg"}.get(found[1].lower(), found[1].lower()), content

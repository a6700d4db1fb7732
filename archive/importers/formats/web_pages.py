"""Web pages: HTML files and folders of them, complete pages saved by browsers, and SingleFile pages.

Images saved with a page are imported: those in its folder of files, and those embedded as `data:` URLs.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import decode_html, parse_html, safe_address
from backfile.archive.importers.common.xml_trees import is_xml_but_no_page
from backfile.archive.importers.extraction.extractor import extract
from backfile.archive.importers.extraction.google_documents import is_google_document, read_google_document
from backfile.archive.importers.extraction.page_metadata import base_url_of
from backfile.archive.importers.formats.markdown_tree.markup_posts import has_front_matter
from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.formats.markdown_tree.tree import markup_event
from backfile.archive.importers.formats.markdown_tree.tree_assets import TreeAssets
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    Asset,
    FetchResponse,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
    read_file,
)
from backfile.archive.importers.links.tree_links import TreeLinks
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import read_bytes

KIND = "html"
TITLE = "Web pages: HTML files, complete pages of browsers, SingleFile, Google Docs"

SUFFIXES = (".html", ".htm", ".xhtml")
MIN_WORDS = 25
"""A page with fewer words is no article but a frame, a notice or a list of links."""
MIN_PAGE_SHARE = 0.9
"""Least share of pages among the documents of a folder of web pages."""

PAGE_TYPES = ("text/html", "application/xhtml+xml")
_FILES_SUFFIXES = ("_files", ".files", "-Dateien", "_fichiers", "_archivos", "_bestanden", "_file")
_SIGNATURE = re.compile(rb"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_SAVED_FROM = re.compile(
    rb"<!--\s*+saved from url=\(\d+\)(\S+?)\s*+-->|^[^\S\n]*+url:\s*+(https?://\S++)", re.IGNORECASE | re.MULTILINE
)
_DATA = re.compile(r"data:image/([a-z]{3,5})[^,;]*((?:;[^,;]*)*),(.*)\Z", re.IGNORECASE | re.DOTALL)
_FILES_FOLDER = re.compile(rf".+(?:{'|'.join(map(re.escape, _FILES_SUFFIXES))})\Z")


def detect(probe: Probe) -> int:
    """Confidence from the first tags of a file; for a folder, from the share of pages among its documents.

    The pages of a mixed folder may be bookmarks or exports of another program, so each file is detected by itself.
    """
    if probe.head.startswith(b"PK\x03\x04"):  # an archive, in which a page may lie unpacked
        return 0
    if not probe.is_folder:
        if is_xml_but_no_page(probe.head):
            return 0
        if _SIGNATURE.search(probe.head[:4096]):
            is_other = re.search(rb"<!DOCTYPE NETSCAPE-Bookmark|<rss|<feed|<wxr", probe.head[:4096], re.IGNORECASE)
            return 0 if is_other else 75
        return 50 if probe.path.name.lower().endswith(SUFFIXES) else 0
    named = [name for name in probe.names if not _is_in_files_folder(name)]
    found = sum(name.lower().endswith(SUFFIXES) for name in named)
    others = sum(name.lower().endswith((".md", ".txt", ".json", ".xml", ".csv", ".eml", ".mhtml")) for name in named)
    return 85 if found and found / (found + others) >= MIN_PAGE_SHARE else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of pages."""
    return sum(1 for _ in _files(path)) if path.is_dir() else 1


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the pages in the order of their paths."""
    if not path.is_dir():
        yield _page(path, path.name, context)
        return
    files = {file.relative_to(path).as_posix(): file for file in _files(path)}
    tree_links = TreeLinks(SiteLayout())
    tree_links.add_pages(files)
    for name, file in files.items():
        yield _page(file, name, context, tree_links)


def _files(folder: Path) -> Iterator[Path]:
    for root, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name[0] != "." and not _is_in_files_folder(f"{name}/"))
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and name[0] != "." and not Path(root, name).is_symlink():
                yield Path(root, name)


def _is_in_files_folder(name: str) -> bool:
    """Whether a path is below the folder of files of a saved page."""
    return any(_FILES_FOLDER.match(part) for part in name.split("/")[:-1])


def _page(path: Path, name: str, context: ImportContext, tree_links: TreeLinks | None = None) -> ImportEvent:
    try:
        context.begin()
        content = read_file(path)
    except (ArchiveError, OSError) as error:
        return problem_from(name, error)
    if has_front_matter(content):  # a post of a site builder
        return _post(path, name)
    url = context.url or _original_url(content)
    folders = (path.with_name(f"{path.stem}{suffix}") for suffix in _FILES_SUFFIXES)
    folder = next(filter(Path.is_dir, folders), None)
    if folder is None and is_google_document(content) and path.with_name("images").is_dir():
        folder = path.with_name("images")
    find_file = partial(_saved_file, folder) if folder is not None else _no_file
    return read_page(content, name=name, url=url, find_file=find_file, tree_links=tree_links)


def _post(path: Path, name: str) -> ImportEvent:
    try:
        root, site = path.resolve().parents[name.count("/")], SiteLayout()
        return markup_event(root, name, site, TreeAssets(root, site))
    except ITEM_FAILURES as error:
        return problem_from(name, error)


def _original_url(content: bytes) -> str | None:
    """URL that browsers and SingleFile write at the beginning of a saved page."""
    found = _SAVED_FROM.search(content, 0, 8192)
    return (found[1] or found[2]).decode("utf-8", errors="replace") if found else None


def _saved_file(folder: Path, reference: str) -> Asset | None:
    """File in the folder of a saved page that a reference in the page means: `Page_files/photo.jpg`."""
    folder = folder.resolve()
    head, _, name = unquote(re.split(r"[?#]", reference)[0]).removeprefix("./").partition("/")
    file = folder / name
    if head != folder.name or not name or ".." in name.split("/") or not file.is_file():
        return None
    return Asset(reference, lambda: read_bytes(str(file), str(folder)))


def _no_file(reference: str) -> None:
    """No file is saved with a fetched page."""


def read_response(response: FetchResponse, origin: str) -> ImportEvent:
    """Article in a fetched page; a response of another media type is skipped."""
    if response.media_type and response.media_type not in PAGE_TYPES:
        return Skipped(origin, f"is no page but {response.media_type}")
    return read_page(response.body, name=origin, url=response.url, charset=response.charset)


def read_page(
    content: bytes,
    *,
    name: str,
    url: str | None,
    charset: str | None = None,
    find_file: Callable[[str], Asset | None] = _no_file,
    tree_links: TreeLinks | None = None,
) -> ImportEvent:
    """Article in a page: `name` is its origin, `charset` the declared encoding.

    `find_file` returns the file saved with the page that a reference means. `tree_links` has the pages of the folder in
    which `name` is the path of the page. A page without an article is skipped; a page that cannot be read is a
    `Problem`.
    """
    try:
        tree = parse_html(decode_html(content, charset))
        base = base_url_of(tree, url)
        assets = _point_images(tree, base, find_file)
        links = _links(tree, base, name, tree_links) if tree_links else {}
        is_document = is_google_document(content)
        page, notes = read_google_document(tree, name=name, url=url) if is_document else (extract(tree, url=url), ())
    except RecursionError:
        return Problem(name, None, "is nested too deeply")
    except (ArchiveError, ValueError) as error:
        return problem_from(name, error)
    if not is_document and len(page.body.split()) < MIN_WORDS and len(page.body) < MIN_WORDS * 3:
        return Skipped(name, "no article in it: hardly any text")
    return Item(
        origin=name,
        metadata=page.metadata,
        body=page.body,
        notes=notes,
        assets=tuple(asset for asset in assets if asset.name in page.body),
        links={link: target for link, target in links.items() if link in page.body},
    )


def _links(tree: HtmlElement, base: str | None, name: str, tree_links: TreeLinks) -> dict[str, str]:
    """Links to other pages of a folder: destination in the body → path of the target."""
    links: dict[str, str] = {}
    for reference in {each.get("href") or "" for each in tree.iter("a")}:
        absolute, target = safe_address(base, reference), tree_links.target(name, reference)
        if absolute and target:
            links[absolute] = target
    return links


def _point_images(tree: HtmlElement, base: str | None, find_file: Callable[[str], Asset | None]) -> list[Asset]:
    """Images that are embedded in a page or saved with it, named as the body will refer to them."""
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
            found = find_file(reference) or find_file(key or "")
            if found is None:
                continue
            asset = found
        if key:
            assets[key] = Asset(key, asset.load)
    return list(assets.values())


def _embedded(reference: str) -> tuple[str, bytes] | None:
    """Suffix and bytes of an image in a `data:` URL (RFC 2397); None for other URLs and for placeholders."""
    found = _DATA.match(reference)
    if found is None or len(found[3]) < 400:
        return None
    try:
        content = base64.b64decode(unquote(found[3])) if "base64" in found[2].lower() else unquote_to_bytes(found[3])
    except (binascii.Error, ValueError):
        return None
    return {"jpeg": "jpg"}.get(found[1].lower(), found[1].lower()), content

"""Pictures of the library; URLs for the relative links of an article."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from flask import Blueprint, Response, send_file

from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.library import Library
from backfile.archive.web_addresses import address_parts
from backfile.index.serialising import article_path
from backfile.web.service.admission import MAX_BUFFERED, admission
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import gettext
from backfile.web.service.services import services

TYPES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
STATIC_FOLDERS = ("", "static", "public", "assets")

blueprint = Blueprint("media", __name__)


@blueprint.get("/media/<path:path>")
def picture(path: str) -> Response:
    """Picture of the library, with a policy under which an SVG cannot run scripts. Other files are not served."""
    found = find_picture(services().library, path)
    if found is None:
        raise PageNotFound(gettext("The library has no such picture."))
    download = admission().enter_download() if found.stat().st_size > MAX_BUFFERED else None
    response = send_file(found, mimetype=TYPES[found.suffix.lower()], conditional=True, max_age=3600)
    if download:
        download.hold(response)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def find_picture(library: Library, path: str) -> Path | None:
    """Finds the picture at a path; None for other files, hidden files, and files outside the library."""
    if "\x00" in path or any(part in {"", ".."} or part.startswith(".") for part in path.split("/")):
        return None
    full = library.root / path
    if full.suffix.lower() not in TYPES:
        return None
    real = full.resolve()
    return real if real.is_file() and real.is_relative_to(library.root.resolve()) else None


def link_resolver(library: Library, path: str) -> Callable[[str, str], str | None]:
    """Resolver of the relative links in the article at `path`, for `to_html`.

    A link to the file of an article gives its page, a picture `/media/…`; a link without a target gives None. Absolute
    paths are looked up in the library and in the folders that static site generators publish.
    """
    folder = posixpath.dirname(path)

    def resolve(kind: str, address: str) -> str | None:
        parts = address_parts(address)
        wanted = unquote(parts.path)
        if kind == "image":
            return _picture_address(library, folder, wanted)
        found = _article_address(library, folder, wanted)
        return found and found + (f"#article-{parts.fragment}" if parts.fragment else "")

    return resolve


def _picture_address(library: Library, folder: str, wanted: str) -> str | None:
    if wanted.startswith("/"):
        candidates = [posixpath.join(base, wanted.lstrip("/")) for base in STATIC_FOLDERS]
    else:
        candidates = [posixpath.join(folder, wanted)]
    for candidate in map(posixpath.normpath, candidates):
        if find_picture(library, candidate):
            return "/media/" + quote(candidate)
    return None


def _article_address(library: Library, folder: str, wanted: str) -> str | None:
    base = "" if wanted.startswith("/") else folder
    article_id = without_suffix(posixpath.normpath(posixpath.join(base, wanted.strip("/"))))
    return article_path(article_id) if library.locate(article_id) else None

"""Pictures of the library, and the files that its articles link to."""

from __future__ import annotations

import posixpath
from mimetypes import guess_type
from pathlib import Path

from flask import Blueprint, Response, send_file

from backfile.archive.availability.states import READABLE
from backfile.archive.links.link_index import FILE_NAME, LinkIndex
from backfile.archive.storage.file_titles import SUFFIXES
from backfile.archive.storage.library import Library
from backfile.archive.storage.walker import has_asset_name
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

blueprint = Blueprint("media", __name__)


@blueprint.get("/media/<path:path>")
def file(path: str) -> Response:
    """Picture of the library, with a policy under which an SVG cannot run scripts; or a file that an article links to.

    Documents are sent to be saved, not shown. Other files are not served.
    """
    library = services().library
    found = find_picture(library, path) or _find_linked_file(library, path)
    if found is None or is_held_back(library, path):
        raise PageNotFound(gettext("There is no such image or file."))
    download = admission().enter_download() if found.stat().st_size > MAX_BUFFERED else None
    mimetype = TYPES.get(found.suffix.lower()) or guess_type(found.name)[0] or "application/octet-stream"
    is_document = not mimetype.startswith(("image/", "audio/", "video/"))
    response = send_file(found, mimetype=mimetype, as_attachment=is_document, conditional=True, max_age=3600)
    if download:
        download.hold(response)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def is_held_back(library: Library, path: str) -> bool:
    """Whether a file lies in the folder of an article that is not to be seen now.

    That is a folder with `index.md`, or the one named as the article's file, in which imports put its pictures.
    """
    folder = posixpath.dirname(path)
    while folder:
        for stem in (folder, f"{folder}/index"):
            for candidate in (stem + suffix for suffix in SUFFIXES):
                if library.find_file(candidate) is None:
                    continue
                reading = library.read(candidate)
                if reading.article is not None and reading.availability.state(services().now()) not in READABLE:
                    return True
        folder = posixpath.dirname(folder)
    return False


def find_picture(library: Library, path: str) -> Path | None:
    """Finds the picture at a path; None for other files, hidden files, and files outside the library."""
    return _find_file(library, path) if Path(path).suffix.lower() in TYPES else None


def _find_linked_file(library: Library, path: str) -> Path | None:
    """Finds a file of another kind at a path, if an article links to it: what else lies in the library is private."""
    found = _find_file(library, path) if has_asset_name(posixpath.basename(path)) else None
    if found is None:
        return None
    with LinkIndex.read(services().settings.cache_folder / FILE_NAME) as index:
        return found if index.is_linked(path) else None


def _find_file(library: Library, path: str) -> Path | None:
    if any(part in {"", ".."} or part.startswith(".") for part in path.split("/")):
        return None
    return library.find_file(path)

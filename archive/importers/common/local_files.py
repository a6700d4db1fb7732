"""Files beside a source to which references in its texts lead."""

from __future__ import annotations

import posixpath
import re
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from backfile.archive.importers.item import Asset
from backfile.archive.storage.durable_files import read_bytes

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")


def local_path(reference: str, base: str = "") -> str:
    """Path below a folder to which a reference in a text at `base` leads; empty for addresses, anchors and `..`."""
    if _ADDRESS.match(reference):
        return ""
    wanted = unquote(re.split(r"[?#]", reference, maxsplit=1)[0])
    path = posixpath.normpath(wanted.lstrip("/") if wanted.startswith("/") else posixpath.join(base, wanted))
    return "" if not wanted or path == "." or path.split("/")[0] == ".." else path


def local_asset(folder: Path, reference: str, base: str = "") -> Asset | None:
    """Asset for the file below a folder to which a reference in a text leads; None if there is none.

    `base` is the folder of the text, below `folder`. A reference may be quoted, and have a fragment. Files outside the
    folder are never taken, through links neither.
    """
    wanted = local_path(reference, base)
    if not wanted or "\x00" in wanted:
        return None
    root = folder.resolve()
    try:
        file = (root / wanted).resolve()
        if not file.is_relative_to(root) or not file.is_file():
            return None
    except (OSError, RuntimeError):  # a name that is too long; a loop of links
        return None
    return Asset(reference, partial(read_bytes, str(file), str(root)))

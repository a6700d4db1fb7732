"""Registry of import formats, and detection of the format of a source. Format modules are imported when needed."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import PROBE_BYTES, Format, Probe

# Kind → module below `archive.importers.formats`. Of kinds detected with equal confidence the first is taken.
KINDS = {
    "wordpress": "wordpress.wxr",
    "blogger": "blogs.blogger",
    "evernote": "notes.evernote",
    "logseq": "notes.logseq",
    "roam": "notes.roam",
    "tumblr": "blogs.tumblr",
    "substack": "blogs.substack",
    "medium": "blogs.medium",
    "wordpress-json": "wordpress.rest_posts",
    "ghost": "blogs.ghost",
    "notion": "notes.notion",
    "feed": "feed",
    "lexisnexis": "press.lexisnexis",
    "factiva": "press.factiva",
    "europresse": "press.europresse",
    "proquest": "press.proquest",
    "nitf": "press.nitf",
    "newsml": "press.newsml",
    "newsml-g2": "press.newsml_g2",
    "ninjs": "press.ninjs",
    "tei": "scholarly.tei",
    "jats": "scholarly.jats",
    "references": "scholarly.references",
    "readlater": "read_later.read_later_export",
    "newsletter": "mail.mailbox",
    "markdown": "markdown_tree.tree",
    "html": "web_pages",
    "mhtml": "mhtml",
    "warc": "warc",
    "docx": "docx.word_document",
    "document": "documents.pandoc_documents",
    "epub": "epub.book",
    "pdf": "pdf.document",
    "urls": "url_list",
    "table": "tables",
    "text": "text_file",
}
MIN_FOLDER_CONFIDENCE = 40
"""Least confidence at which a folder is one source; below it each of its files is looked at."""

EXPORT_KINDS = ("lexisnexis", "factiva", "europresse", "proquest")
"""Kinds of files with many articles each that have the names of plain texts and web pages."""

_EXTRAS = {"pypandoc": "documents"}
_MAX_NAMES = 1_000


@dataclass(frozen=True, slots=True)
class Detection:
    """Format detected for a source, and the confidence (0 to 100)."""

    format: Format
    confidence: int


def load(kind: str) -> Format:
    """Imports the format module of a kind. Raises `ArchiveError` if a library that it needs is not installed."""
    try:
        return cast(Format, import_module(f"backfile.archive.importers.formats.{KINDS[kind]}"))
    except ModuleNotFoundError as error:
        raise library_missing(kind, error) from error


def library_missing(kind: str, error: ModuleNotFoundError) -> ArchiveError:
    """Error for a kind whose library is not installed. Raises `error` if the missing module is our own."""
    name = error.name or str(error)
    if name.partition(".")[0] == "backfile":
        raise error
    extra = _EXTRAS.get(name.partition(".")[0], "import")
    return ArchiveError(
        f"reading {kind} needs the library {name}, which is not installed", hint=f"pip install 'backfile[{extra}]'"
    )


def detect_format(probe: Probe) -> Detection | None:
    """Format with the highest confidence; None if no format has any, or a folder of texts or pages holds exports.

    Raises `ArchiveError` if no format has any, but one could not be loaded because its library is missing.
    """
    best: Detection | None = None
    missing: ArchiveError | None = None
    for kind in KINDS:
        try:
            candidate = load(kind)
            confidence = candidate.detect(probe)
        except ModuleNotFoundError as error:
            missing = library_missing(kind, error)
        except ArchiveError as error:
            missing = error
        else:
            if confidence > (best.confidence if best else 0):
                best = Detection(candidate, confidence)
    if best is None and missing is not None:
        raise missing
    return None if best is not None and probe.is_folder and _holds_exports(best.format.KIND, probe) else best


def _holds_exports(kind: str, folder: Probe) -> bool:
    """Whether files in a folder of texts or pages hold many articles each, so that each must be detected by itself."""
    if kind not in ("html", "text"):
        return False
    formats = [load(name) for name in EXPORT_KINDS]
    for name in folder.names:
        path = folder.path / name
        if path.is_symlink() or not path.is_file():
            continue
        inner = probe(path)
        if any(each.detect(inner) for each in formats):
            return True
    return False


def probe(path: Path) -> Probe:
    """Reads the first bytes of a file, or the names in a folder. Raises `OSError`."""
    if path.is_dir():
        return Probe(path, True, b"", tuple(_names(path)))
    with path.open("rb") as file:
        head = file.read(PROBE_BYTES)
    return Probe(path, False, _in_utf8(head))


def is_utf16(head: bytes) -> bool:
    """Whether a file begins with the byte order mark of UTF-16."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not head.startswith(codecs.BOM_UTF32_LE)


def _in_utf8(head: bytes) -> bytes:
    """First bytes of a file as UTF-8 if they are UTF-16, because formats look for their signatures in ASCII."""
    return head.decode("utf-16", errors="ignore").encode(errors="ignore") if is_utf16(head) else head


def _names(folder: Path) -> Iterator[str]:
    """Yields up to 1,000 names of files below a folder, level by level, without those of tools."""
    level, count = [""], 0
    while level:
        below: list[str] = []
        for relative in level:
            with os.scandir(folder / relative) as scan:
                items = sorted(scan, key=lambda item: item.name)
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    below += [] if item.name in {".git", "node_modules"} else [f"{relative}{item.name}/"]
                elif count < _MAX_NAMES:
                    yield relative + item.name
                    count += 1
        level = below if count < _MAX_NAMES else []

"""Parts of an export that its posts refer to by number or name: media files, reusable blocks, guest authors.

They may stand anywhere in the file, so they are read before the posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import IO

from lxml import etree

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_trees import local_name

GUEST_AUTHOR = "guest-author"
MAX_BLOCKS = 16 * 1024 * 1024
"""Limit for the text of all reusable blocks, which are held at once."""

_PRINTABLE = bytes(code if code >= 32 or code in b"\t\n\r" else 32 for code in range(256))
_PARTS = re.compile(rb"<wp:post_type>(?:<!\[CDATA\[)?(?:attachment|wp_block|guest-author)")
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?)(?=[?#]|\Z)", re.IGNORECASE)
_SIZE = re.compile(r"(?:-\d{1,5}x\d{1,5}|-scaled)?(\.\w{2,5})?(?:[?#].*|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """Uploaded file: its address, and its caption (HTML), title and text for who cannot see it."""

    url: str
    caption: str = ""
    title: str = ""
    alt: str = ""

    def html(self) -> str:
        """Picture with its caption; other files as a link."""
        if not _PICTURE.search(self.url):
            return f'<p><a href="{escape(self.url)}">{escape(self.title or self.url)}</a></p>'
        caption = f"<figcaption>{self.caption}</figcaption>" if self.caption else ""
        return f'<figure><img src="{escape(self.url)}" alt="{escape(self.alt)}">{caption}</figure>'

    def is_in(self, html: str) -> bool:
        """Whether a text shows the file, in whatever size."""
        stem = _SIZE.sub("", self.url.rpartition("/")[2])
        return (
            bool(stem)
            and re.search(rf"/{re.escape(stem)}(?:-\d{{1,5}}x\d{{1,5}}|-scaled)?\.\w{{2,5}}", html) is not None
        )


@dataclass(slots=True)
class ExportIndex:
    """Parts of an export by the number of their post: media files, reusable blocks (HTML).

    `attached` maps the number of a post to those of its media files, `guests` logins of guest authors to their names.
    """

    media: dict[str, MediaFile] = field(default_factory=dict)
    attached: dict[str, list[str]] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)
    guests: dict[str, str] = field(default_factory=dict)

    def add(self, fields: dict[str, str], meta: dict[str, str]) -> None:
        """Adds an item of the export, given by its fields and its custom fields."""
        kind, number = fields.get("post_type"), fields.get("post_id", "")
        if kind == "attachment":
            url = fields.get("attachment_url") or fields.get("guid", "")
            alt = meta.get("_wp_attachment_image_alt", "")
            self.media[number] = MediaFile(url, fields.get("excerpt", ""), fields.get("title", ""), alt)
            self.attached.setdefault(fields.get("post_parent", "0"), []).append(number)
        elif kind == "wp_block":
            if sum(map(len, self.blocks.values())) + len(fields.get("content", "")) <= MAX_BLOCKS:
                self.blocks[number] = fields.get("content", "")
        elif kind == GUEST_AUTHOR:
            name = meta.get("cap-display_name") or fields.get("title", "")
            for login in (meta.get("cap-user_login", ""), fields.get("post_name", "").removeprefix("cap-")):
                self.guests.setdefault(login, name)

    def gallery(self, numbers: Iterable[str]) -> list[MediaFile]:
        """Media files of these numbers, as far as the export has them."""
        return [self.media[number] for number in numbers if number in self.media]


def left_out(name: str) -> str:
    """HTML of a remark for readers in the place of what the export does not contain."""
    return f"<p><em>({name}: not in the export)</em></p>"


def read_index(path: Path) -> ExportIndex:
    """Reads the parts of an export that posts refer to. Raises `OSError`."""
    index = ExportIndex()
    if not count_matches(path, _PARTS):
        return index
    with open_export(path) as stream:
        try:
            for _, element in stream:
                if local_name(element.tag) == "item":
                    index.add(item_fields(element), item_meta(element))
                    free(element)
        except etree.XMLSyntaxError:  # the reader of the posts reports it
            return index
    return index


class _PrintableFile:
    """Binary file without the control characters that XML forbids.

    WordPress writes them into exports as they stand in posts, and a parser leaves out the rest of the text after one.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Next bytes, of which control characters are spaces; empty at the end."""
        return self._file.read(size).translate(_PRINTABLE)


@contextmanager
def open_export(path: Path) -> Iterator[etree.iterparse[tuple[str, etree._Element]]]:
    """Elements of an export at their ends; broken XML is read as far as it goes. Raises `OSError`."""
    with path.open("rb") as file:
        yield etree.iterparse(
            _PrintableFile(file),
            events=("end",),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            recover=True,
        )


def item_fields(element: etree._Element) -> dict[str, str]:
    """Name of each child → its text, the first of a name; both `encoded` become `content` and `excerpt`."""
    fields: dict[str, str] = {}
    for child in element:
        name = local_name(child.tag)
        if name == "encoded":
            name = "excerpt" if "excerpt" in str(child.tag) else "content"
        fields.setdefault(name, (child.text or "").strip())
    return fields


def item_meta(element: etree._Element) -> dict[str, str]:
    """Custom fields of an item (`wp:postmeta`), the first of a name that has a value."""
    meta: dict[str, str] = {}
    for child in element:
        if local_name(child.tag) == "postmeta":
            pair = {local_name(each.tag): (each.text or "").strip() for each in child}
            if pair.get("meta_value"):
                meta.setdefault(pair.get("meta_key", ""), pair["meta_value"])
    return meta


def free(element: etree._Element) -> None:
    """Frees an element and all before it, so that the tree does not grow."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]

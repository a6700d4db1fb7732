"""Details of profiles: descriptions and pictures of authors and topics, read from the files that hold their names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from backfile.archive.availability.states import PUBLIC, Availability, read_availability
from backfile.archive.errors import ArticleUnreadable, FrontMatterInvalid
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.frontmatter.yaml_reader import read_yaml
from backfile.archive.markdown.mdx import is_mdx, mdx_to_markdown
from backfile.archive.metadata.field_names import NESTED, normal
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import is_below, read_bytes
from backfile.archive.storage.library_settings import LibrarySettings

MAX_BYTES = 1_000_000  # of a page or list
MAX_DESCRIPTION = 2_000  # characters
PICTURE_ENDINGS = (".avif", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp")

_DESCRIPTIONS = ("description", "bio", "biography", "about", "summary", "excerpt")
_PICTURES = (
    *("picture", "avatar", "image", "photo", "portrait", "headshot", "profileimage", "profilepicture", "profilephoto"),
    *("imageurl", "avatarurl", "pictureurl", "photourl", "profileimageurl", "images", "thumbnail", "cover"),
)
_INNER = ("src", "url", "path", "image", "file", "filename", "relative")
_PICTURE_STEMS = frozenset({"avatar", "portrait", "photo", "picture", "profile", "featured"})  # Hugo's page resources


class ProfileDetails(NamedTuple):
    """Description as Markdown, of which only the first paragraph counts if it `is_body`; address of the picture.

    Both are as written, and empty if there are none. The address is relative to the file of the profile. `availability`
    says when the details are to be seen.
    """

    description: str = ""
    is_body: bool = False
    picture: str = ""
    availability: Availability = PUBLIC


def profile_text(path: Path) -> str:
    """Text of a profile page or list. Raises `ArticleUnreadable`, also for one of more than 1 MB, and `OSError`."""
    raw = read_bytes(os.path.realpath(path), "/")
    if len(raw) > MAX_BYTES:
        raise ArticleUnreadable(f"is larger than {MAX_BYTES // 1_000_000} MB")
    return decode(raw).text


def read_details(root: Path, path: str, settings: LibrarySettings) -> Mapping[str, ProfileDetails]:
    """Details in the profile page or list at `path` by key, in lower case; those of a page have the key "".

    What is a draft or leads out of the library has none, and a file that cannot be read neither: reading the library
    gives its problem.
    """
    if not is_below(os.path.realpath(root / path), os.path.realpath(root)):
        return {}
    try:
        text = profile_text(root / path)
        if not path.endswith((".yml", ".yaml")):
            return {"": _page_details(root, path, text, settings)}
        data, _ = read_yaml(text)
    except (ArticleUnreadable, FrontMatterInvalid, OSError):
        return {}
    entries = data.items() if isinstance(data, dict) else ()
    return {str(key).casefold(): _details(value, path, settings) for key, value in entries if isinstance(value, dict)}


def _page_details(root: Path, path: str, text: str, settings: LibrarySettings) -> ProfileDetails:
    front = parse(text)
    found = _details(front.data, path, settings, front.body)
    is_bundle = path.rpartition("/")[2] in {"_index.md", "index.md"}
    if is_bundle and found != ProfileDetails() and not found.picture:
        return found._replace(picture=_picture_beside(root / path))
    return found


def _details(data: Mapping[str, object], path: str, settings: LibrarySettings, body: str = "") -> ProfileDetails:
    mapped = map_metadata(data, "", path)
    if mapped.draft:
        return ProfileDetails()
    availability, _ = read_availability(data, mapped, settings.zone, day_first=settings.day_first)
    values = dict(_entries(data))
    stated = next(filter(None, (_text(values.get(key)) for key in _DESCRIPTIONS)), "")
    written = "" if stated else (mdx_to_markdown(body) if is_mdx(path, body) else body).strip()
    picture = next(filter(None, (_address(values.get(key)) for key in _PICTURES)), "")
    return ProfileDetails(_cut(stated or written), bool(written), picture, availability)


def _entries(data: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yields normalized keys with their values: those of the tables (`extra`, `params`) first, so that others win."""
    for key, value in data.items():
        if normal(str(key)) in NESTED and isinstance(value, Mapping):
            yield from ((normal(str(name)), inner) for name, inner in value.items())
    yield from ((normal(str(key)), value) for key, value in data.items())


def _text(value: object) -> str:
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _address(value: object) -> str:
    """Address of a picture: text, the first of a list, or that in a mapping (`{src: …}`)."""
    if isinstance(value, list):
        return next(filter(None, map(_address, value)), "")
    if isinstance(value, Mapping):
        inner = {normal(str(key)): each for key, each in value.items()}
        return next(filter(None, (_text(inner.get(key)) for key in _INNER)), "")
    return _text(value)


def _picture_beside(page: Path) -> str:
    """Name of the picture in the folder of a page that is named as one of a person is; empty if there is none."""
    try:
        names = sorted(os.listdir(page.parent))
    except OSError:  # removed meanwhile
        return ""
    pictures = (name for name in names if name.lower().endswith(PICTURE_ENDINGS))
    return next((name for name in pictures if name.rpartition(".")[0].lower() in _PICTURE_STEMS), "")


def _cut(text: str) -> str:
    """Text of at most MAX_DESCRIPTION characters, cut between words."""
    return text if len(text) <= MAX_DESCRIPTION else f"{text[:MAX_DESCRIPTION].rpartition(' ')[0]} …"

"""Profile of an author or a topic above the list of their articles: the description as text, and the picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from backfile.archive.availability.states import State
from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import to_html
from backfile.archive.storage.library_settings import file_state
from backfile.archive.storage.profile_details import PICTURE_ENDINGS, ProfileDetails, read_details
from backfile.archive.web_addresses import address_parts
from backfile.index.caching import Cache, bounded_cache
from backfile.web.service.article_links import link_base
from backfile.web.service.services import services
from backfile.web.service.site_urls import site_path

MAX_FILES = 256  # profile pages and lists that a process keeps

_files: Cache[Mapping[str, ProfileDetails]] = bounded_cache(MAX_FILES)


class ProfileView(NamedTuple):
    """Paragraphs of the description and URL of the picture; either may be empty, not both."""

    paragraphs: tuple[str, ...]
    picture: str


def profile_view(facet: str, name: str) -> ProfileView | None:
    """View of the profile of an author or a topic as it is now; None if there is none that says anything."""
    library = services().library
    place = library.find_profile(facet, name)
    if place is None:
        return None
    path, key = place
    state = file_state(library.root / path)
    key_of_file = (library.root, path, state, library.settings.timezone, library.settings.day_first)
    details = _files(key_of_file, lambda: read_details(library.root, path, library.settings)).get(key)
    if details is None or details.availability.state(services().now()) is not State.PUBLISHED:
        return None
    view = ProfileView(_paragraphs(details.description, details.is_body), _picture_url(path, details.picture))
    return view if any(view) else None


@lru_cache(maxsize=MAX_FILES)
def _paragraphs(markdown: str, is_body: bool) -> tuple[str, ...]:
    """Texts of the paragraphs of a description; of a body only the first."""
    html = to_html(markdown).html
    found = [plain_text(node.html or "").strip() for node in LexborHTMLParser(html).css("p")]
    texts = [" ".join(text.split()) for text in found or [plain_text(html)]]
    return tuple(filter(None, texts))[: 1 if is_body else None]


def _picture_url(path: str, address: str) -> str:
    """URL of a picture of the library, or of another host if the library allows remote images; else empty."""
    address = f"https:{address}" if address.startswith("//") else address
    library = services().library
    if not address or address_parts(address).scheme in {"http", "https"}:
        return address if library.settings.remote_images else ""
    with link_base(library, services().settings.cache_folder, path, site_path("")) as resolve:
        url = resolve("image", address) or ""
    is_picture = url.startswith(site_path("/media/")) and url.lower().endswith(PICTURE_ENDINGS)
    return url if is_picture else ""

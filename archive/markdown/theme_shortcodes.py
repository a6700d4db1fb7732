"""Shortcodes of site themes and Obsidian's links → the Markdown (or HTML) that shows what their readers saw.

There are thousands of shortcodes and no list of them. What they show is told by the names of their arguments, which
agree widely: a source with an alternative text is a picture, a title is a title, an address with words is a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import NamedTuple
from urllib.parse import quote

_ARGUMENT = re.compile(
    r"""(?:([\w-]+)[ \t]*[=:][ \t]*)?(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`|'([^']*)'|([^\s,]+))""", re.DOTALL
)
_PICTURE = re.compile(r"\.(?:avif|gif|jpe?g|png|svg|webp)$", re.IGNORECASE)
_MARKUP = re.compile(r"[\[\]*_<`\\]")

_PICTURE_NAMES = ("img", "image", "figure", "picture", "photo")
_ADDRESSES = ("href", "link", "url", "file", "path", "src")
_WORDS = (
    *("kicker", "title", "heading", "summary", "text", "label", "quote", "content", "description"),
    *("cite", "author", "attribution", "attr", "caption", "alt"),
)
_SITES = {
    "youtube": ("YouTube", "https://www.youtube.com/watch?v={}"),
    "vimeo": ("Vimeo", "https://vimeo.com/{}"),
    "tweet": ("Twitter", "https://twitter.com/i/status/{}"),
    "x": ("X", "https://x.com/i/status/{}"),
    "instagram": ("Instagram", "https://www.instagram.com/p/{}/"),
    "speakerdeck": ("Speaker Deck", "https://speakerdeck.com/player/{}"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a shortcode stands: alone on its line, where the address of a link goes, inside a block of HTML."""

    alone: bool = False
    address: bool = False
    html: bool = False


class _Arguments(NamedTuple):
    named: dict[str, str]
    positional: list[str]

    def first(self, names: tuple[str, ...]) -> str:
        return next((value for name in names if (value := self.named.get(name, "").strip())), "")


def shown(name: str, arguments: str, place: Place) -> str:
    """What a reader should see for the shortcode `name` with these arguments as written; "" for machinery."""
    name = name.lower()
    given = _read(arguments)
    if place.address:
        return _address(given.first(_ADDRESSES) or " ".join(given.positional[:1]))
    if name.startswith(("/", "end")):
        return ""
    if name in _SITES:
        return _media(name, given, place)
    if source := _source(name, given):
        return _picture(given, source, place)
    return _words(given, place)


def _read(arguments: str) -> _Arguments:
    named: dict[str, str] = {}
    positional: list[str] = []
    for key, double, back, single, bare in _ARGUMENT.findall(arguments):
        value = double.replace('\\"', '"') or back or single or bare
        if key:
            named[key.lower()] = value
        else:
            positional.append(value)
    return _Arguments(named, positional)


def _source(name: str, given: _Arguments) -> str:
    """The address of the picture that a shortcode shows, if it shows one."""
    source = given.first(("src", "path", "image"))
    pictured = any(part in name for part in _PICTURE_NAMES)
    if source and (pictured or _PICTURE.search(source)):
        return source
    return next((part for part in given.positional if _PICTURE.search(part)), "") if pictured else ""


def _media(name: str, given: _Arguments, place: Place) -> str:
    site, address = _SITES[name]
    number = given.first(("id",)) or next(iter(given.positional), "")
    return _link(given.first(("title",)) or site, address.format(number), place)


def _picture(given: _Arguments, source: str, place: Place) -> str:
    """The picture, its caption in italics after it: so people write captions who have no shortcode for them."""
    alt, caption = given.first(("alt",)), given.first(("caption",)) or given.first(("title",))
    if place.html:
        picture = f'<img src="{escape(source)}" alt="{escape(alt)}">'
        return f"{picture} <em>{caption}</em>" if caption and caption != alt else picture
    picture = f"![{_literal(alt)}]({_address(source)})"
    if not caption or caption == alt:
        return picture
    return f"{picture} {caption}" if _MARKUP.search(caption) else f"{picture} *{caption}*"


def _words(given: _Arguments, place: Place) -> str:
    words = [value for name in _WORDS if (value := given.named.get(name, "").strip())]
    text = " ".join(dict.fromkeys(words))
    address = given.first(_ADDRESSES)
    if text and address and not _MARKUP.search(text):
        text = _link(text, address, place)
    return f"\n{text}\n" if text and place.alone and not place.html else text


def _link(text: str, address: str, place: Place) -> str:
    if place.html:
        return f'<a href="{escape(address)}">{escape(text, quote=False)}</a>'
    return f"[{_literal(text)}]({_address(address)})"


def wiki_link(target: str, alias: str | None, *, embed: bool) -> str:
    """`[[Page#Part|words]]` → a link with its words; `![[picture.png]]` → the picture."""
    if embed and _PICTURE.search(target):
        words = alias if alias and not re.fullmatch(r"\d+(?:x\d+)?", alias) else ""
        return f"![{_literal(words)}]({_address(target)})"
    page, _, part = target.partition("#")
    words = alias or (f"{page} > {part}" if page and part else page or part)
    return f"[{_literal(words)}]({_address(target)})"


def _address(address: str) -> str:
    """An address that may stand between the parentheses of a Markdown link or the quotes of an attribute."""
    return quote(address.strip(), safe="/:?#@!$&*+,;=%~[]")


def _literal(text: str) -> str:
    """Text in which no Markdown is read, for alternative and link texts."""
    return _MARKUP.sub(lambda sign: "\\" + sign[0], " ".join(text.split()))

"""Theme shortcodes and Obsidian links rendered as Markdown (or HTML) with the content that readers saw.

There are thousands of shortcodes and no list of them. The names of their arguments, which agree widely, tell the
content: a source with an alternative text is a picture, a title is a title, an address with words is a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from backfile.archive.links.destinations import REFERENCE

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
_REFERENCES = frozenset(("ref", "relref", "link", "post_url"))
_SITES = {
    "youtube": ("YouTube", "https://www.youtube.com/watch?v={}"),
    "vimeo": ("Vimeo", "https://vimeo.com/{}"),
    "tweet": ("Twitter", "https://twitter.com/i/status/{}"),
    "x": ("X", "https://x.com/i/status/{}"),
    "instagram": ("Instagram", "https://www.instagram.com/p/{}/"),
    "speakerdeck": ("Speaker Deck", "https://speakerdeck.com/player/{}"),
}


@dataclass(frozen=True, slots=True)
class ShortcodeContext:
    """Context of a shortcode: alone on its line, in the destination of a link, inside an HTML block."""

    alone: bool = False
    address: bool = False
    html: bool = False


class _ShortcodeArguments(NamedTuple):
    named: dict[str, str]
    positional: list[str]

    def first(self, names: tuple[str, ...]) -> str:
        return next((value for name in names if (value := self.named.get(name, "").strip())), "")


def render(name: str, arguments: str, context: ShortcodeContext) -> str:
    """Renders the shortcode `name` with unparsed arguments; "" for shortcodes that show nothing."""
    name = name.lower()
    parsed = _read(arguments)
    if context.address:
        address = _address(parsed.first(_ADDRESSES) or " ".join(parsed.positional[:1]))
        return f"{REFERENCE}{address}" if name in _REFERENCES and address and address[0] != "#" else address
    if name.startswith(("/", "end")):
        return ""
    if name in _SITES:
        return _media(name, parsed, context)
    if source := _source(name, parsed):
        return _picture(parsed, source, context)
    return _words(parsed, context)


def _read(arguments: str) -> _ShortcodeArguments:
    named: dict[str, str] = {}
    positional: list[str] = []
    for key, double, back, single, bare in _ARGUMENT.findall(arguments):
        value = double.replace('\\"', '"') or back or single or bare
        if key:
            named[key.lower()] = value
        else:
            positional.append(value)
    return _ShortcodeArguments(named, positional)


def _source(name: str, parsed: _ShortcodeArguments) -> str:
    """URL of the image that a shortcode shows; empty if it shows none."""
    source = parsed.first(("src", "path", "image"))
    pictured = any(part in name for part in _PICTURE_NAMES)
    if source and (pictured or _PICTURE.search(source)):
        return source
    return next((part for part in parsed.positional if _PICTURE.search(part)), "") if pictured else ""


def _media(name: str, parsed: _ShortcodeArguments, context: ShortcodeContext) -> str:
    site, address = _SITES[name]
    number = parsed.first(("id",)) or next(iter(parsed.positional), "")
    return _link(parsed.first(("title",)) or site, address.format(number), context)


def _picture(parsed: _ShortcodeArguments, source: str, context: ShortcodeContext) -> str:
    """Image followed by its caption in italics, the usual form of captions in Markdown."""
    alt, caption = parsed.first(("alt",)), parsed.first(("caption",)) or parsed.first(("title",))
    if context.html:
        picture = f'<img src="{escape(source)}" alt="{escape(alt)}">'
        return f"{picture} <em>{caption}</em>" if caption and caption != alt else picture
    picture = f"![{_literal(alt)}]({_address(source)})"
    if not caption or caption == alt:
        return picture
    return f"{picture} {caption}" if _MARKUP.search(caption) else f"{picture} *{caption}*"


def _words(parsed: _ShortcodeArguments, context: ShortcodeContext) -> str:
    words = [value for name in _WORDS if (value := parsed.named.get(name, "").strip())]
    text = " ".join(dict.fromkeys(words))
    address = parsed.first(_ADDRESSES)
    if text and address and not _MARKUP.search(text):
        text = _link(text, address, context)
    return f"\n{text}\n" if text and context.alone and not context.html else text


def _link(text: str, address: str, context: ShortcodeContext) -> str:
    if context.html:
        return f'<a href="{escape(address)}">{escape(text, quote=False)}</a>'
    return f"[{_literal(text)}]({_address(address)})"


def wiki_link(target: str, alias: str | None, *, embed: bool) -> str:
    """`[[Page#Part|words]]` → a link with its words; `![[picture.png]]` → the picture. In tables `|` is escaped."""
    target = target.removesuffix("\\").rstrip()
    if embed and _PICTURE.search(target):
        words = alias if alias and not re.fullmatch(r"\d+(?:x\d+)?", alias) else ""
        return f"![{_literal(words)}]({REFERENCE}{_address(target)})"
    page, _, part = target.partition("#")
    words = alias or (f"{page} > {part}" if page and part else page or part)
    return f"[{_literal(words)}]({f'{REFERENCE}{_address(target)}' if page else _address(target)})"


def _address(address: str) -> str:
    """URL escaped for a Markdown link destination or an attribute."""
    return quote(address.strip(), safe="/:?#@!$&*+,;=%~[]")


def _literal(text: str) -> str:
    """Text with Markdown escaped, for alternative and link texts."""
    return _MARKUP.sub(lambda sign: "\\" + sign[0], " ".join(text.split()))

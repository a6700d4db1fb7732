"""Inline marks of dialects that the parsers do not know, as HTML or Markdown that they do.

Emoji and icon codes, keys (`++ctrl+c++`), `==marked==`, `^^inserted^^`, `x^2^`, `H~2~O`, `^[notes]`, CriticMarkup,
shortcodes of WordPress in brackets, files put in (`--8<--`), words hyphenated at a line end, Markdown in blocks of
HTML. Code is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from html import escape

from backfile.archive.markdown.code_regions import CodeRegions

_TEXT = r"(?:[^SIGN\n]|SIGN(?!SIGN)|\n(?![ \t>]*\n))++"
_EQUAL, _CARET = _TEXT.replace("SIGN", "="), _TEXT.replace("SIGN", r"\^")
PRESS = (
    "caption|wp_caption|gallery|embed|youtube|vimeo|audio|video|playlist|gist|tweet|twitter|soundcloud|sourcecode|code"
)
"""Names of the shortcodes of WordPress that are read, as alternatives of a pattern."""
# One named group an alternative. Every alternative is bounded or stops at the next opening of its own kind.
_MARK = re.compile(
    rf"""
    (?=[:+={{^~\[!\u00ad\u2010-]) (?:
      (?P<icon>(?<![A-Za-z0-9_:/=.\#&?@%+\\-])(?::[\w+-]{{1,80}}:)++(?![A-Za-z0-9_:])(?:\{{[ ]?[:.\#][^{{}}\n]*\}})?)
    | (?P<colon>^:(?=[^\s:])(?![:|\t -]*$))
    | (?P<keys>(?<![\w+\\])\+\+(?:[\w-]{{1,40}}|"[^"\n]{{1,80}}")
        (?:\+(?:[\w-]{{1,40}}|"[^"\n]{{1,80}}"))*+\+\+(?![\w+]))
    | (?P<critic>(?<!\\)\{{(?:\+\+|--|~~|==|>>)[^{{}}]{{0,4000}}(?:\+\+|--|~~|==|<<)\}})
    | (?P<mark>(?<![=A-Za-z0-9\\])==(?=[^\s=])(?={_EQUAL}(?<=\S)(?P<m>==)(?![=A-Za-z0-9])))
    | (?P<insert>(?<![\^A-Za-z0-9\\])\^\^(?=[^\s^])(?={_CARET}(?<=\S)(?P<i>\^\^)(?![\^A-Za-z0-9])))
    | (?P<closing>==|\^\^)
    | (?P<sup>(?<=[\w)\]~.,;!?"”’»])\^(?:[+−-]?\w{{1,30}}[+−-]?)\^(?![\w^]))
    | (?P<sub>(?<=[^\W_])~[+−-]?\w{{1,20}}[+−-]?~(?!~))
    | (?P<note>(?<=[^\s\\\[(])\^\[(?:[^\[\]\n]++|\[[^\[\]\n]*+\])++\])
    | (?P<block>(?<=[^\s`|][ ])\^[A-Za-z0-9][A-Za-z0-9-]{{2,60}}[ \t]*$)
    | (?P<snippet>-{{1,10}}8<-{{1,10}}(?:[ ]++"[^"\n]{{1,300}}"|[ ]++\[(?:start|end):[^\[\]\n]*+\])[ \t]*+$)
    | (?P<snippets>-{{1,10}}8<-{{1,10}}[ \t]*+\n(?:(?![ \t]*+-{{1,10}}8<)[^\n]{{0,300}}\n){{1,50}}
        [ \t]*+-{{1,10}}8<-{{1,10}}[ \t]*+$)
    | (?P<soft>\u00ad[ \t]?\n[ \t>]*(?=[^\W\d_]))
    | (?P<hyphen>(?<=[^\W\d_])[-\u2010][ ]?\n[ \t>]*(?=[^\W\d_]))
    | (?P<press>(?<!\\)\[/?(?:{PRESS})(?:[= ][^\[\]\n]*)?\](?![(\[:]))
    | (?P<contents>^\[(?:TOC|toc|\[_?TOC_?\]|\[toc\])\][ \t]*$)
    | (?P<reference>(?<![\w\]\\!])\[[^\[\]\n]{{2,200}}\]\[[^\[\]\n]{{0,100}}\])
    | (?P<html>!?\[(?:[^\[\]!\n]++|!(?!\[)|!\[[^\[\]\n]*+\]\([^()\s]*+\))*+\]\([^()\s<>]++(?:[ ]++"[^"\n]*+")?\))
    )
    """,
    re.VERBOSE | re.MULTILINE,
)
_CODE = re.compile(r":[\w+-]{1,80}:")
# The part of a file behind its name: `:name`, `:1:9`. The colon of `https:` begins none.
_PART = re.compile(r"(?<![\w:-])([\w-]*+(?:(?:(?<=^http)|(?<=^https)):)?+[\w-]*+):[\w:-]+\Z")
_SIGNS = ("++", "==", "^", "~", "\u00ad", "-\n", "- \n", "\u2010\n", "{--", "{>>", "][", "\n:", "](", "8<-")
_SHORTCODE = re.compile(rf"\[/?(?:{PRESS})\b|\[TOC\]|\[toc\]|_TOC_", re.MULTILINE)
_HTML_LINK = re.compile(r'(!?)\[(.*)\]\(([^()\s]+)(?: +"[^"\n]*")?\)')
_INNER_PICTURE = re.compile(r"!\[([^\[\]\n]*)\]\(([^()\s]*)\)")
_DEFINITION = re.compile(r"^[ \t>]*\[([^\]\n]+)\]:", re.MULTILINE)
_ADDRESS = re.compile(r"://|www\.|\]\(")
_PRESS_ARGUMENTS = re.compile(r"\[/?([a-z_]++)[= ]?([^\]]*+)\]")
_WEB = re.compile(r"https?://[^\s\"'\]&]+")
_CRITIC_SIGNS = {"++": "ins", "--": "del", "==": "", "~~": "", ">>": ""}
# After these a hyphen at a line end stands for a left-out part: `pre-` / `and postwar`.
_CONJUNCTION = re.compile(
    r"(?:and|or|to|und|oder|bzw|bis|et|ou|y|e|o|i|en|of|och|og|eller|og|и|или|та|або)\b", re.IGNORECASE
)
_ICONS = ("material-", "octicons-", "fontawesome-", "simple-", "si-", "mdi-", "fa-", "bootstrap-", "lucide-", "icons-")
_LINE = 400  # characters around a mark that are looked at
_SITES = {"youtube": "YouTube", "vimeo": "Vimeo", "gist": "Gist", "tweet": "Twitter", "twitter": "Twitter"}


def with_known_marks(body: str) -> str:
    """Body with the marks of other dialects written as HTML or Markdown that the parsers know."""
    if any(sign in body for sign in _SIGNS) or _CODE.search(body) or ("[" in body and _SHORTCODE.search(body)):
        return _Marks(body).run()
    return body


class _Marks:
    """Pass over one body: marks in order, code skipped."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.regions = CodeRegions(body)
        self.closings: dict[int, str] = {}
        self.notes: list[str] = []
        self.defined: frozenset[str] | None = None

    def run(self) -> str:
        body, copied, scan = self.body, 0, 0
        written: list[str] = []
        while found := _MARK.search(body, scan):
            start = found.start()
            shown = None if self.regions.is_code(start) else self._shown(found)
            if shown is None:
                scan = self.regions.end_of_code(start) or start + 1
                continue
            written += (body[copied:start], shown)
            copied = scan = found.end()
        text = "".join([*written, body[copied:]])
        notes = (f"\n\n[^inline-{number}]: {note}" for number, note in enumerate(self.notes, 1))
        return "".join([text, *notes])

    def _shown(self, found: re.Match[str]) -> str | None:
        """Replacement of a mark; None where it is text."""
        if found.start() in self.closings:
            return self.closings.pop(found.start()) if found.end() == found.start() + 2 else None
        name = found.lastgroup or ""
        if name in ("icon", "mark", "insert", "sup", "sub") and self._in_address(found):
            return None
        handler: Callable[[re.Match[str]], str | None] = getattr(self, f"_{name}")
        return handler(found)

    def _before(self, found: re.Match[str]) -> str:
        """Text before a mark on its line, at most `_LINE` characters."""
        return self.body[max(0, found.start() - _LINE) : found.start()].rpartition("\n")[2]

    def _in_address(self, found: re.Match[str]) -> bool:
        """Whether the word that a mark stands in is an address."""
        before = self._before(found)
        return bool(before) and not before[-1].isspace() and _ADDRESS.search(before.split()[-1]) is not None

    def _icon(self, found: re.Match[str]) -> str | None:
        codes = found[0].partition("{")[0]
        characters = [(code, character_of(code.strip(":"))) for code in _CODE.findall(codes)]
        if all(character is None for _, character in characters):
            return self._colon(found) if not self._before(found).strip(" >") else None
        return "".join(code if character is None else character for code, character in characters)

    def _colon(self, found: re.Match[str]) -> str | None:
        """Colon at the start of a line without a space after it: no definition."""
        return None if self.regions.in_html(found.start()) else f"\\{found[0]}"

    def _keys(self, found: re.Match[str]) -> str | None:
        return keys_as_html(found[0][2:-2])

    def _critic(self, found: re.Match[str]) -> str | None:
        sign, text = found[0][1:3], found[0][3:-3]
        if found[0][-3:-1] != {">>": "<<"}.get(sign, sign):
            return None
        if sign == "~~":
            old, arrow, new = text.partition("~>")
            return f"<del>{old}</del><ins>{new}</ins>" if arrow else None
        tag = _CRITIC_SIGNS[sign]
        return f"<{tag}>{text}</{tag}>" if tag else text if sign == "==" else ""

    def _mark(self, found: re.Match[str]) -> str:
        self.closings[found.start("m")] = ""
        return ""

    def _insert(self, found: re.Match[str]) -> str:
        self.closings[found.start("i")] = "</ins>"
        return "<ins>"

    def _closing(self, found: re.Match[str]) -> None:
        """Sign that closes nothing."""

    def _sup(self, found: re.Match[str]) -> str | None:
        return None if "$" in self._before(found) else f"<sup>{found[0][1:-1]}</sup>"

    def _sub(self, found: re.Match[str]) -> str | None:
        return None if "$" in self._before(found) else f"<sub>{found[0][1:-1]}</sub>"

    def _note(self, found: re.Match[str]) -> str:
        self.notes.append(found[0][2:-1].strip())
        return f"[^inline-{len(self.notes)}]"

    def _block(self, found: re.Match[str]) -> str:
        """Id of a block in Obsidian."""
        return ""

    def _snippet(self, found: re.Match[str]) -> str:
        """File that MkDocs puts in here: a link to it, which is counted where there is no such file."""
        return _file_link(found[0].partition('"')[2].rpartition('"')[0])

    def _snippets(self, found: re.Match[str]) -> str:
        return "\n\n".join(_file_link(line.strip()) for line in found[0].split("\n")[1:-1])

    def _soft(self, found: re.Match[str]) -> str:
        return "\u00ad"

    def _hyphen(self, found: re.Match[str]) -> str | None:
        """Hyphen whose line goes on below: `re-` / `markable` becomes the compound `re-markable`."""
        before = self._before(found)
        other = before.lstrip().startswith("#") or "|" in before or self._in_address(found)
        if other or _CONJUNCTION.match(self.body, found.end()):
            return None
        return found[0][0]

    def _press(self, found: re.Match[str]) -> str | None:
        parts = _PRESS_ARGUMENTS.match(found[0])
        name, arguments = (parts[1], parts[2].strip()) if parts else ("", "")
        closing = found[0].startswith("[/")
        if not closing and not arguments and f"[/{name}]" not in self.body[found.end() : found.end() + 50 * _LINE]:
            return None
        if name in ("code", "sourcecode"):
            return "\n~~~~~~~~\n"
        address = _WEB.search(arguments)
        if closing or not address:
            return "" if closing or name not in _SITES else f"{_SITES[name]} {arguments}"
        return f"[{_SITES.get(name, name.capitalize())}]({address[0]})"

    def _contents(self, found: re.Match[str]) -> str:
        """Place of a table of contents."""
        return ""

    def _reference(self, found: re.Match[str]) -> str | None:
        """Link to a label that is defined nowhere: its words."""
        if self.defined is None:
            self.defined = frozenset(_label(label) for label in _DEFINITION.findall(self.body))
        words, _, label = found[0][1:-1].partition("][")
        if words.startswith("^") or label.startswith("^") or _label(label or words) in self.defined:
            return None
        return words

    def _html(self, found: re.Match[str]) -> str | None:
        """Link or picture written as Markdown inside a block of HTML."""
        parts = _HTML_LINK.fullmatch(found[0])
        if parts is None or not self.regions.in_html(found.start()):
            return None
        picture, words, address = parts.groups()
        if picture:
            return _picture(words, address)
        words = _INNER_PICTURE.sub(lambda inner: _picture(inner[1], inner[2]), words)
        return f'<a href="{escape(address)}">{words}</a>'


def _picture(alt: str, address: str) -> str:
    return f'<img src="{escape(address)}" alt="{escape(alt)}">'


def _file_link(name: str) -> str:
    """Link to a file of MkDocs, without the part or lines that it names; nothing for one that is switched off."""
    if not name or name.startswith(";"):
        return ""
    path = _PART.sub(r"\1", name)
    return f"[{path}](<{path}>)"


def _label(words: str) -> str:
    return " ".join(words.casefold().split())


@lru_cache(maxsize=1)
def _emoji() -> dict[str, str]:
    """Code without colons → characters, of GitHub and of Twemoji."""
    from pymdownx import gemoji_db, twemoji_db  # type: ignore[import-untyped]  # noqa: PLC0415 - large tables, of use to few articles

    found: dict[str, str] = {}
    for table in (twemoji_db, gemoji_db):
        known = {name: entry["unicode"] for name, entry in table.emoji.items() if "unicode" in entry}
        known |= {alias: known[name] for alias, name in table.aliases.items() if name in known}
        found |= {name.strip(":"): _characters(points) for name, points in known.items()}
    return found


def _characters(points: str) -> str:
    return "".join(chr(int(point, 16)) for point in points.split("-"))


def character_of(code: str) -> str | None:
    """Character of a code written without its colons; "" for an icon of a theme, None for other words."""
    if code.startswith(_ICONS):
        return ""
    return _emoji().get(code)


@lru_cache(maxsize=1)
def _keys() -> dict[str, str]:
    from pymdownx import keymap_db  # noqa: PLC0415

    keys: dict[str, str] = keymap_db.keymap
    return keys | {alias: keys[name] for alias, name in keymap_db.aliases.items()}


def keys_as_html(names: str) -> str | None:
    """`ctrl+alt+"x"` → keys as HTML; None if a name is no key."""
    shown = []
    for name in names.split("+"):
        key = name.strip('"') if name.startswith('"') else _keys().get(name.lower())
        if key is None:
            return None
        shown.append(f"<kbd>{escape(key, quote=False)}</kbd>")
    return "+".join(shown)

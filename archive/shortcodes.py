"""What site generators understand beyond Markdown, turned into the Markdown a reader should see, or into nothing.

Hugo shortcodes, Liquid tags and outputs (Jekyll, Octopress, Hexo), attribute lists (kramdown, Pandoc), container
blocks (`:::`), Obsidian links and callouts, abbreviations (PHP Markdown Extra). None of them is touched where the
article shows it as code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

import pyromark

_SIGNS = ("{{", "{%", "{:", "{#", "{.", '="', ":::", "[[", "*[", "[!", "%%")

_ATTRIBUTE = r"""(?:[.#][\w-]+|[\w-]+=(?:"[^"\n]*"|'[^'\n]*'|[\w-]+))"""
# Every body stops at the next opening of its own kind, so that unclosed openings cost a scan to the next one only.
_CONSTRUCT = re.compile(
    r"""
      \{\{<(?P<angle>(?:[^{]|\{(?!\{))*?)>\}\}
    | \{\{%(?P<percent>(?:[^{]|\{(?!\{))*?)%\}\}
    | \{\{(?![<%])(?P<output>(?:[^{}]|\{(?!\{)|\}(?!\}))*)\}\}
    | \{%-?(?P<liquid>(?:[^{%]|\{(?!%)|%(?!\}))*)%\}
    | ^[ \t]*(?P<fence>:{3,})[ \t]*(?P<container>[^\n:]*)$
    | ^\*\[(?P<short>[^\]\n]+)\]:[ \t]*(?P<long>[^\n]*)$
    | ^(?P<quoted>(?:[ \t]{0,3}>)+)[ \t]*\[!(?P<callout>[\w-]+)\][+-]?[ \t]*(?P<heading>[^\n]*)$
    | %%(?P<aside>[^%\n]+)%%
    | (?P<embed>!?)\[\[(?P<target>[^\s\[\]|\n][^\[\]|\n]*)(?:\|(?P<alias>[^\[\]\n]*))?\]\](?![(\[:])
    | \{:[ ]*(?:ATTRIBUTE|:?toc)(?:[ ]+ATTRIBUTE)*[ ]*\}
    | (?<=[\w)\]*"`>”’.?!…])[ ]?\{[ ]*ATTRIBUTE(?:[ ]+ATTRIBUTE)*[ ]*\}
    | ^[ \t]*\{[ ]*ATTRIBUTE(?:[ ]+ATTRIBUTE)*[ ]*\}[ \t]*$
    """.replace("ATTRIBUTE", _ATTRIBUTE),
    re.VERBOSE | re.MULTILINE,
)
_ARGUMENT = re.compile(
    r"""(?:([\w-]+)[ \t]*[=:][ \t]*)?(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`|'([^']*)'|([^\s,]+))""", re.DOTALL
)
_LITERAL = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')""")
_PICTURE = re.compile(r"\.(?:avif|gif|jpe?g|png|svg|webp)$", re.IGNORECASE)
_MARKUP = re.compile(r"[\[\]*_<`\\]")

_SITES = {
    "youtube": ("YouTube", "https://www.youtube.com/watch?v={}"),
    "vimeo": ("Vimeo", "https://vimeo.com/{}"),
    "tweet": ("Twitter", "https://twitter.com/i/status/{}"),
    "x": ("X", "https://x.com/i/status/{}"),
    "instagram": ("Instagram", "https://www.instagram.com/p/{}/"),
    "speakerdeck": ("Speaker Deck", "https://speakerdeck.com/player/{}"),
}
_WORDS_BEFORE = ("kicker", "title", "heading", "summary")
_WORDS_AFTER = ("text", "label", "quote", "content", "description", "cite", "author", "attribution", "attr")
_ADDRESSES = ("href", "link", "url", "file", "path", "src")
_PICTURE_NAMES = ("img", "image", "figure", "fig", "picture", "photo")


@dataclass(frozen=True, slots=True)
class Source:
    """Markdown without foreign constructs, and the abbreviations that were defined in it (short form → long form)."""

    text: str
    abbreviations: dict[str, str] = field(default_factory=dict)


class _Call(NamedTuple):
    """A shortcode as it stands in the text. `alone`: nothing else on its line; `address`: where a link's goes."""

    name: str
    named: dict[str, str]
    positional: list[str]
    alone: bool
    address: bool


def expand(body: str) -> Source:
    """The body with every foreign construct outside code replaced by what a reader should see."""
    if not any(sign in body for sign in _SIGNS):
        return Source(body)
    return _Expansion(body).run()


class _Expansion:
    """One pass over a body: constructs in order, code stepped over, paired tags followed to their end."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.code = _code_ranges(body)
        self.starts = [start for start, _ in self.code]
        self.written: list[str] = []
        self.abbreviations: dict[str, str] = {}
        self.unclosed: set[str] = set()

    def run(self) -> Source:
        body, copied, scan = self.body, 0, 0
        while found := _CONSTRUCT.search(body, scan):
            scan = found.end()
            if (end_of_code := self._end_of_code(found.start())) is not None:
                scan = max(end_of_code, found.start() + 1)
                continue
            self.written.append(body[copied : found.start()])
            copied = scan = self._replace(found)
        self.written.append(body[copied:])
        return Source("".join(self.written), self.abbreviations)

    def _end_of_code(self, offset: int) -> int | None:
        index = bisect_right(self.starts, offset) - 1
        return self.code[index][1] if index >= 0 and offset < self.code[index][1] else None

    def _replace(self, found: re.Match[str]) -> int:
        """Writes what stands for one construct; returns where reading goes on."""
        if found["liquid"] is not None:
            return self._tag(found, found["liquid"].strip(" \t\n-"), liquid=True)
        if found["angle"] is not None or found["percent"] is not None:
            return self._tag(found, (found["angle"] or found["percent"] or "").strip(), liquid=False)
        if found["output"] is not None:
            literal = _LITERAL.match(found["output"])
            self.written.append((literal[1] or literal[2] or "") if literal else "")
        elif found["short"] is not None:
            self.abbreviations.setdefault(found["short"].strip(), found["long"].strip())
        elif found["fence"] is not None:
            self.written.append(_container(found["container"].strip()))
        elif found["callout"] is not None:
            self.written.append(_callout(found))
        elif found["target"] is not None:
            self.written.append(_wiki_link(found["target"], found["alias"], embed=bool(found["embed"])))
        return found.end()

    def _tag(self, found: re.Match[str], inner: str, *, liquid: bool) -> int:
        if inner.startswith("/*"):
            self.written.append("{{" + "< " + inner.removeprefix("/*").removesuffix("*/").strip() + " >}}")
            return found.end()
        name, _, rest = inner.rstrip("/").strip().partition(" ")
        closer = _closer(name, rest, liquid=liquid)
        end = self._find(closer, found.end()) if closer else None
        if end is not None:
            inside = self.body[found.end() : end.start()]
            if name == "raw":
                self.written.append(inside)
            elif name != "comment":
                self.written.append(_fenced(inside, rest))
            return end.end()
        self.written.append(_shown(_call(self.body, found, name, rest)))
        return found.end()

    def _find(self, closer: str, start: int) -> re.Match[str] | None:
        """The closing tag after `start`; one that was missed once is not looked for again."""
        if closer in self.unclosed:
            return None
        end = re.compile(closer).search(self.body, start)
        if end is None:
            self.unclosed.add(closer)
        return end


def _code_ranges(body: str) -> list[tuple[int, int]]:
    """Where the body shows code (blocks and spans), in characters, in order."""
    ranges = []
    for event, where in pyromark.events_with_range(body):
        if isinstance(event, dict) and ("Code" in event or "CodeBlock" in _started(event)):
            ranges.append((where["start"], where["end"]))
    if body.isascii():
        return ranges
    return _in_characters(body.encode(), ranges)


def _started(event: object) -> object:
    started = event.get("Start") if isinstance(event, dict) else None
    return started if isinstance(started, dict) else ()


def _in_characters(data: bytes, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    converted, seen, characters = [], 0, 0
    for start, end in ranges:
        first = characters + len(data[seen:start].decode())
        last = first + len(data[start:end].decode())
        converted.append((first, last))
        seen, characters = end, last
    return converted


def _closer(name: str, rest: str, *, liquid: bool) -> str | None:
    """The pattern that ends a paired tag whose content is not read as Markdown, if this is one."""
    if liquid and name in ("raw", "comment", "highlight", "codeblock"):
        return rf"\{{%-?\s*end{name}\s*-?%\}}"
    if not liquid and name in ("highlight", "code", "code-snippet") and rest.strip():
        return rf"\{{\{{[<%]\s*/\s*{name}\s*[>%]\}}\}}"
    return None


def _fenced(code: str, rest: str) -> str:
    language = rest.split()[0].strip("\"'`") if rest.split() else ""
    fence = "~" * 8
    return f"\n{fence} {language}\n{code.strip(chr(10))}\n{fence}\n"


def _call(body: str, found: re.Match[str], name: str, rest: str) -> _Call:
    named: dict[str, str] = {}
    positional: list[str] = []
    for key, double, back, single, bare in _ARGUMENT.findall(rest):
        value = double.replace('\\"', '"') or back or single or bare
        if key:
            named[key.lower()] = value
        else:
            positional.append(value)
    before = body[body.rfind("\n", 0, found.start()) + 1 : found.start()]
    line_end = body.find("\n", found.end())
    after = body[found.end() : line_end if line_end >= 0 else len(body)]
    address = before.endswith(("](", "](<", "]: ", '="', "='"))
    return _Call(name.lower(), named, positional, not before.strip() and not after.strip(), address)


def _shown(call: _Call) -> str:
    """The Markdown a reader should see for a shortcode of any theme: pictures, links and words, no machinery."""
    if call.address:
        return _address(call)
    if call.name.startswith(("/", "end")):
        return ""
    if call.name in _SITES:
        return _media(call)
    source = call.named.get("src") or call.named.get("path") or call.named.get("image")
    if source and (_PICTURE.search(source) or any(part in call.name for part in _PICTURE_NAMES)):
        return _picture(call, source)
    if call.name in ("img", "image") and call.positional:
        return _picture(call, next((p for p in call.positional if "/" in p or "." in p), ""))
    return _words(call)


def _address(call: _Call) -> str:
    return _escaped(next((call.named[key] for key in _ADDRESSES if key in call.named), " ".join(call.positional[:1])))


def _media(call: _Call) -> str:
    site, address = _SITES[call.name]
    number = call.named.get("id") or next(iter(call.positional), "")
    title = call.named.get("title") or site
    return f"[{_literal(title)}]({address.format(_escaped(number))})" if number else _literal(title)


def _picture(call: _Call, source: str) -> str:
    alt, caption = call.named.get("alt", ""), call.named.get("caption") or call.named.get("title") or ""
    picture = f"![{_literal(alt)}]({_escaped(source)})"
    if caption and caption != alt:
        picture += f" {caption}"
    return picture


def _words(call: _Call) -> str:
    named = call.named
    before = [named[key].strip() for key in _WORDS_BEFORE if named.get(key, "").strip()]
    after = [named[key].strip() for key in (*_WORDS_AFTER, "caption", "alt") if named.get(key, "").strip()]
    address = next((named[key] for key in _ADDRESSES if named.get(key)), "")
    text = " ".join(dict.fromkeys(before + after))
    if address and text and not _MARKUP.search(text):
        text = f"[{text}]({_escaped(address)})"
    return f"\n{text}\n" if call.alone and text else text


def _container(words: str) -> str:
    """`:::note Title` or `::: {.warning}` → its title; the bare `:::` that closes → nothing."""
    kind, _, title = words.partition(" ")
    bracketed = re.search(r"\[([^\]]*)\]", words)
    title = bracketed[1] if bracketed else title.strip() if not kind.startswith("{") else ""
    return f"\n**{title}**\n" if title and not title.startswith("{") else "\n"


def _callout(found: re.Match[str]) -> str:
    """An Obsidian callout with a title of its own → the title; a plain one is left to the Markdown parser."""
    quoted, heading = found["quoted"], found["heading"].strip()
    known = found["callout"].lower() in ("note", "tip", "important", "warning", "caution")
    first = f"{quoted} [!{found['callout'].upper()}]\n" if known else ""
    return first + (f"{quoted} **{heading}**\n{quoted}" if heading else first and quoted or quoted)


def _wiki_link(target: str, alias: str | None, *, embed: bool) -> str:
    if embed and _PICTURE.search(target):
        alt = "" if alias is None or alias.replace("x", "").isdigit() else alias
        return f"![{_literal(alt)}]({_escaped(target)})"
    page, _, section = target.partition("#")
    text = alias or (f"{page} > {section}" if page and section else page or section)
    return f"[{_literal(text)}]({_escaped(target)})"


def _escaped(address: str) -> str:
    """An address that may stand between the parentheses of a Markdown link."""
    return quote(address.strip(), safe="/:?#@!$&'*+,;=%~[]")


def _literal(text: str) -> str:
    """Text in which no Markdown is read, for alternative and link texts."""
    return _MARKUP.sub(lambda sign: "\\" + sign[0], " ".join(text.split()))

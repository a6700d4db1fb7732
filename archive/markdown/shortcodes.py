"""Expansion of site generator syntax to the Markdown that a reader should see, or to nothing.

Hugo shortcodes, Liquid tags and outputs (Jekyll, Octopress, Hexo), attribute lists (kramdown, Pandoc), container
blocks (`:::`), Obsidian links and callouts, abbreviations (PHP Markdown Extra). None of them is touched where the
article shows it as code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from backfile.archive.markdown import theme_shortcodes
from backfile.archive.markdown.code_regions import CodeRegions
from backfile.archive.markdown.hidden_comments import without_comments
from backfile.archive.markdown.indented_blocks import unindented
from backfile.archive.markdown.inline_marks import with_known_marks
from backfile.archive.markdown.literal_markup import with_literal_markup

_ATTRIBUTE = r"""(?:(?:[.#][\w-]+)+|[\w-]+=(?:"[^"\n]*"|'[^'\n]*'|[\w-]+))"""
# Every alternative stops at the next opening of its own kind, so that openings which are never closed cost a scan to
# the next one only. The first line lets most characters fail at once.
_CONSTRUCT = re.compile(
    r"""
    (?=[{:*\[!]) (?:
      \{\{<(?P<angle>(?:[^{]|\{(?!\{))*?)>\}\}
    | \{\{%(?P<percent>(?:[^{]|\{(?!\{))*?)%\}\}
    | \{\{(?![<%])(?P<output>(?:[^{}]|\{(?!\{)|\}(?!\}))*)\}\}
    | \{%-?(?P<liquid>(?:[^{%]|\{(?!%)|%(?!\}))*)%\}
    | (?P<container>:{3,}[^\n]*)
    | \*\[(?P<short>[^\]\n]{1,100})\]:[ \t]*(?P<long>[^\n]*)
    | \[!(?P<callout>[\w-]+)\][+-]?[ \t]*(?P<heading>[^\n]*)
    | (?P<embed>!?)\[\[(?P<target>[^\s\[\]|\n][^\[\]|\n]*)(?:\|(?P<alias>[^\[\]\n]*))?\]\](?![(\[:])
    | \{(?P<attributes>:?[ ]*(?:ATTRIBUTE|:?toc)(?:[ ]+ATTRIBUTE)*[ ]*)\}
    )
    """.replace("ATTRIBUTE", _ATTRIBUTE),
    re.VERBOSE,
)
_SIGN = re.compile(r"\{(?:[{%:#.]|[\w-]+=)")
_OTHER_SIGNS = (":::", "*[", "[!", "[[")
_OUTPUTS_BEFORE = re.compile(r"(?:\{\{[^{}]*\}\})+\Z")  # `{{ site.baseurl }}{% post_url … %}`
_TOML_ENTRY = re.compile(r"[ \t]*\n[ \t]*[\w.-]+[ \t]*=")
_LITERAL = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')""")
_CALL = re.compile(r"([\w-]++)\(([^{}]*+)")  # Zola: `{{ figure(src="…") }}`
_QUOTED = re.compile(r"[ \t]*(?:>[ \t]*)+")
_AFTER_SPAN = tuple("""abcdefghijklmnopqrstuvwxyz0123456789)]*"`>”’.?!…""")
# How far around a construct its line is looked at, in characters: lines may be as long as the article.
_LINE = 400
_ALERTS = ("note", "tip", "important", "warning", "caution")


@dataclass(frozen=True, slots=True)
class ExpandedMarkdown:
    """Markdown without foreign constructs, and the abbreviations that were defined in it (short form → long form)."""

    text: str
    abbreviations: dict[str, str] = field(default_factory=dict)


def expand(body: str) -> ExpandedMarkdown:
    """Expands every foreign construct outside code."""
    body = with_literal_markup(with_known_marks(unindented(without_comments(body))))
    signs = any(sign in body for sign in _OTHER_SIGNS) or ("{" in body and _SIGN.search(body) is not None)
    return _Expansion(body).run() if signs else ExpandedMarkdown(body)


class _Expansion:
    """Expansion pass over one body: constructs in order, code skipped, paired tags followed to their end."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.regions = CodeRegions(body)
        self.written: list[str] = []
        self.abbreviations: dict[str, str] = {}
        self.unclosed: set[str] = set()

    def run(self) -> ExpandedMarkdown:
        body, copied, scan = self.body, 0, 0
        while found := _CONSTRUCT.search(body, scan):
            end_of_code = self.regions.end_of_code(found.start())
            if end_of_code is not None:
                scan = max(end_of_code, found.start() + 1)
                continue
            self.written.append(body[copied : found.start()])
            copied = scan = self._replace(found)
        self.written.append(body[copied:])
        return ExpandedMarkdown("".join(self.written), self.abbreviations)

    def _replace(self, found: re.Match[str]) -> int:
        """Writes the replacement of one construct; returns the offset after it."""
        if found["liquid"] is not None:
            return self._tag(found, found["liquid"].strip(" \t\n-"), liquid=True)
        if (hugo := found["angle"] or found["percent"]) is not None:
            return self._tag(found, hugo.strip(), liquid=False)
        self.written.append(self._shown(found))
        return found.end()

    def _shown(self, found: re.Match[str]) -> str:
        """Replacement of a construct that is no tag; the construct itself where its context rules it out."""
        before = self._line_before(found.start())
        if found["output"] is not None:
            if called := _called(found["output"].strip()):
                return theme_shortcodes.render(*called, self._context(found, before))
            literal = _LITERAL.match(found["output"])
            return (literal[1] or literal[2] or "") if literal else ""
        if found["target"] is not None:
            return self._wiki_link(found, before)
        if found["attributes"] is not None:
            return self._attributes(found, before)
        return self._line(found, before)

    def _wiki_link(self, found: re.Match[str], before: str) -> str:
        """Replacement of a wiki link; `[[toc]]` and a table of TOML (in a shortcode for code) are none."""
        alone = not before.strip() and not self._after(found).partition("\n")[0].strip()
        if alone and found["target"].casefold() in ("toc", "_toc_"):
            return ""
        if alone and _TOML_ENTRY.match(self._after(found)):
            return found[0]
        return theme_shortcodes.wiki_link(found["target"], found["alias"], embed=bool(found["embed"]))

    def _line(self, found: re.Match[str], before: str) -> str:
        """Replacement of a construct that is valid only at the start of a line or of a quoted line."""
        if found["callout"] is not None:
            quoted = _QUOTED.fullmatch(before) is not None
            return _callout(found["callout"].lower(), found["heading"].strip(), before) if quoted else found[0]
        if before.strip():
            return found[0]
        if found["short"] is None:
            return _container(found["container"])
        self.abbreviations.setdefault(found["short"].strip(), found["long"].strip())
        return ""

    def _attributes(self, found: re.Match[str], before: str) -> str:
        """Replacement of an attribute list: kept on headings, where the parser reads it, removed elsewhere."""
        heading = before.lstrip().startswith("#") or re.match(r"\n[ \t]*(?:=+|-+)[ \t]*(?:\n|$)", self._after(found))
        if heading:
            return "{" + found["attributes"].removeprefix(":").strip() + "}"
        alone = not before.strip() and not self._after(found).partition("\n")[0].strip()
        if alone or found["attributes"].startswith(":") or before.rstrip(" ").lower().endswith(_AFTER_SPAN):
            return ""
        return found[0]

    def _line_before(self, offset: int) -> str:
        """Text before a construct on its line, at most `_LINE` characters."""
        return self.body[max(0, offset - _LINE) : offset].rpartition("\n")[2]

    def _after(self, found: re.Match[str]) -> str:
        """Text after a construct, at most `_LINE` characters."""
        return self.body[found.end() : found.end() + _LINE]

    def _tag(self, found: re.Match[str], inner: str, *, liquid: bool) -> int:
        if inner.startswith("/*"):
            self.written.append("{{&lt; " + inner.removeprefix("/*").removesuffix("*/").strip() + " &gt;}}")
            return found.end()
        name, _, arguments = inner.removesuffix("/").strip().partition(" ")
        closer = _closer(name, arguments, liquid=liquid)
        end = self._find(closer, found.end()) if closer else None
        if end is not None:
            inside = self.body[found.end() : end.start()]
            if name == "raw":
                self.written.append(inside)
            elif name != "comment":
                self.written.append(_fenced(inside, arguments))
            return end.end()
        context = self._context(found, self._line_before(found.start()))
        self.written.append(theme_shortcodes.render(*(_called(inner) or (name, arguments)), context))
        return found.end()

    def _context(self, found: re.Match[str], before: str) -> theme_shortcodes.ShortcodeContext:
        after = self._after(found).partition("\n")[0]
        return theme_shortcodes.ShortcodeContext(
            alone=not before.strip() and not after.strip(),
            address=_OUTPUTS_BEFORE.sub("", before).endswith(("](", "](<", "]: ", '="', "='")),
            html=self.regions.in_html(found.start()),
        )

    def _find(self, closer: str, start: int) -> re.Match[str] | None:
        """Closing tag after `start`; one that was missed once is not searched for again."""
        if closer in self.unclosed:
            return None
        end = re.compile(closer).search(self.body, start)
        if end is None:
            self.unclosed.add(closer)
        return end


def _called(inner: str) -> tuple[str, str] | None:
    """Name and arguments of a shortcode written as a call, as in Zola; None for other shortcodes."""
    found = _CALL.fullmatch(inner) if inner.endswith(")") else None
    return (found[1], found[2][:-1]) if found else None


def _closer(name: str, arguments: str, *, liquid: bool) -> str | None:
    """Pattern of the closing tag of a paired tag with verbatim content; None for other tags."""
    if liquid and name in ("raw", "comment", "highlight", "codeblock"):
        return rf"\{{%-?\s*end{name}\s*-?%\}}"
    if not liquid and name in ("highlight", "code") and arguments.strip():
        return rf"\{{\{{[<%]\s*/\s*{name}\s*[>%]\}}\}}"
    return None


def _fenced(code: str, arguments: str) -> str:
    language = next(iter(arguments.split()), "").strip("\"'`")
    fence = "~" * 8
    stripped = code.strip("\n")
    return f"\n{fence} {language}\n{stripped}\n{fence}\n"


def _container(line: str) -> str:
    """`:::note Title`, `::: {.warning}` or `:::tip[Title]` → its title; the bare `:::` that closes → nothing."""
    kind, _, title = line.strip(": \t").partition(" ")
    bracketed, closed, _ = line.partition("[")[2].partition("]")
    if closed:
        title = bracketed
    elif kind.startswith("{") or title.startswith("{"):
        title = ""
    return f"\n**{title.strip()}**\n" if title.strip() else "\n"


def _callout(kind: str, heading: str, quoted: str) -> str:
    """First line of a callout: kinds that the parser knows stay, a custom title becomes bold."""
    lines = ([f"[!{kind.upper()}]"] if kind in _ALERTS else []) + ([f"**{heading}**", ""] if heading else [])
    return f"\n{quoted}".join(lines)

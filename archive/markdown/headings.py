"""Title headings of Markdown bodies, and bodies without them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from backfile.archive.markdown.literal_markup import without_tags

_EOL = r"(?:\r\n|\n|\r|\Z)"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|\Z)(.*)\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
_HTML_HEADING = re.compile(r" {0,3}<h1\b[^>]*>(.*?)</h1>[ \t]*\Z", re.IGNORECASE)
_BLOCK_START = re.compile(r" {0,3}(?:[>*+|`~]|- |\d+[.)] |</?[a-zA-Z!])|(?:\t| {4})")
_SKIPPED = re.compile(
    r"(?:\s+|<!--.*?-->|\[[^\]\r\n]{1,200}\]:[^\r\n]*+(?=[\r\n])|<a[ \t]+(?:name|id)=[^<>]*+>\s*+</a>[ \t]*(?=[\r\n])|"
    r"\{\{[<%].*?[%>]\}\}[ \t]*(?=[\r\n])|\{%.*?%\}[ \t]*(?=[\r\n]))+",
    re.DOTALL,
)
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")

LONGEST_TITLE = 1_000
_FAR = 65_536  # a heading beyond so much text names no article

_CODE = re.compile(r"(`+)(.+?)\1")
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_LINK = re.compile(r"\[([^\[\]]+)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*])|(?<!\w)(_{1,3})(?=\S)(.+?)(?<=\S)\3(?!\w)")
_ATTRIBUTES = re.compile(r"\s*\{:?\s*[#.][^{}]*\}\s*\Z")
_MARKS = re.compile(r"[`*_\[\\<&]")
_CLOSING_TAG = re.compile(r"</([a-zA-Z]{1,10})[ \t]*>")
_FORMATTING_TAG = re.compile(
    r"</?(abbr|a|bdi|big|br|b|cite|code|del|dfn|div|em|font|i|ins|kbd|mark|p|q|samp|small|span|strike|strong|sub|sup|s|"
    r"time|tt|u|var|wbr)(?:[ \t\r\n/][^<>]*+)?>",
    re.IGNORECASE,
)
_BLOCK_TAGS = frozenset({"br", "div", "p"})
_TYPOGRAPHY = str.maketrans("‘’“”‐‑‒–—\xa0", "''\"\"----- ")
_KEPT = re.compile(r"\x00(\d+)\x00")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class TitleHeading:
    """Heading: plain text, level (1 to 6), and span of its lines in the text."""

    text: str
    level: int
    start: int
    end: int


def title_heading(body: str) -> TitleHeading | None:
    """Heading that may serve as title: the one that opens the body, else the first of level one."""
    opening = opening_heading(body)
    if opening is not None:
        return opening
    if "#" not in body and "=" not in body and "<h1" not in body:
        return None
    return _first_of_level_one(body[:_FAR])


def opening_heading(body: str) -> TitleHeading | None:
    """Heading at the start of the body, after comments and shortcodes; None if there is none."""
    skipped = _SKIPPED.match(body)
    start = skipped.end() if skipped else 0
    start = max(body.rfind("\n", 0, start), body.rfind("\r", 0, start)) + 1
    first = _LINE.match(body, start)
    if first is None or not first[1].strip():
        return None
    heading = _atx(first)
    if heading is not None or _BLOCK_START.match(first[1]):
        return heading
    second = _LINE.match(body, first.end())
    return _setext(first, second) if second else None


def body_without_title(body: str, title: str) -> str:
    """Body without an opening heading that repeats the title."""
    heading = opening_heading(body)
    if heading is None or _key(heading.text) != _key(plain_words(title)):
        return body
    return body[: heading.start] + body[heading.end :]


def plain_words(markdown: str) -> str:
    """Plain text of one line of Markdown, of at most `LONGEST_TITLE` characters of it."""
    markdown = markdown[:LONGEST_TITLE].replace("\x00", "")
    if not re.search(r"[`*_\[\\<{&]", markdown):
        return " ".join(markdown.split())
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[2].strip() if found.re is _CODE else found[1])
        return f"\x00{len(kept) - 1}\x00"

    text = _CODE.sub(keep, _ESCAPE.sub(keep, markdown))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", _ATTRIBUTES.sub("", text)))
    text = without_tags(text)
    for _ in range(2):
        text = _EMPHASIS.sub(lambda found: found[2] or found[4], text)
    text = re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found[1])], unescape(text))
    return " ".join(text.split())


def words_of_value(value: str) -> str:
    """Plain text of a title or summary of front matter, on one line.

    Tags that only format are removed if they are closed, others (`the <video> element`) are words. Emphasis, code and
    links of Markdown become their words; underscores in names of programs (`__init__`) stay.
    """
    if not _MARKS.search(value):
        return " ".join(value.split())
    text = _without_tags(value)
    pieces = [_without_marks(text[start : start + LONGEST_TITLE]) for start in range(0, len(text), LONGEST_TITLE)]
    return " ".join(unescape("".join(pieces)).split())


def _without_tags(text: str) -> str:
    closed = {name.casefold() for name in _CLOSING_TAG.findall(text)}
    return _FORMATTING_TAG.sub(
        lambda found: (
            " "
            if found[1].casefold() in _BLOCK_TAGS
            else ""
            if found[1].casefold() in closed or found[1].casefold() == "wbr"
            else found[0]
        ),
        text,
    )


def _without_marks(text: str) -> str:
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[2].strip() if found.re is _CODE else found[1])
        return f"\x00{len(kept) - 1}\x00"

    text = _CODE.sub(keep, _ESCAPE.sub(keep, text))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    for _ in range(2):
        text = _EMPHASIS.sub(lambda found: found[0] if _is_identifier(found) else found[2] or found[4], text)
    return _KEPT.sub(lambda found: kept[int(found[1])], text)


def _is_identifier(found: re.Match[str]) -> bool:
    """Whether underscores around a word are part of a name, such as `__init__`."""
    return bool(found[3]) and len(found[3]) > 1 and found[4].isidentifier()


def _first_of_level_one(body: str) -> TitleHeading | None:
    fence, before = "", None
    for line in _LINE.finditer(body):
        if line.end() == line.start():
            break
        opened = _FENCE.match(line[1])
        if fence:
            if opened and opened[1].startswith(fence) and not line[1].strip().strip(fence[0]):
                fence = ""
            before = None
            continue
        if opened:
            fence, before = opened[1], None
            continue
        heading = _atx(line) or (_setext(before, line) if before else None)
        if heading is not None and heading.level == 1 and heading.text:
            return heading
        before = line if line[1].strip() and not _BLOCK_START.match(line[1]) else None
    return None


def _atx(line: re.Match[str]) -> TitleHeading | None:
    found = _ATX.match(line[1])
    if found is not None:
        text = plain_words(_without_closing(found[2].strip()))
        return TitleHeading(text, len(found[1]), line.start(), line.end()) if text else None
    html = _HTML_HEADING.match(line[1])
    if html is not None and plain_words(html[1]):
        return TitleHeading(plain_words(html[1]), 1, line.start(), line.end())
    return None


def _without_closing(text: str) -> str:
    """`Title ##` without the number signs that close it; `C#` keeps its own."""
    bare = text.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else text


def _setext(first: re.Match[str], second: re.Match[str]) -> TitleHeading | None:
    underline = _UNDERLINE.match(second[1])
    text = plain_words(first[1])
    if underline is None or not text:
        return None
    return TitleHeading(text, 1 if underline[1][0] == "=" else 2, first.start(), second.end())


def _key(words: str) -> str:
    return " ".join(words.translate(_TYPOGRAPHY).casefold().split()).rstrip(".")

"""Plain text of an article's HTML, with a source map from text to HTML.

The HTML must be in the serialised form that `archive.markdown` writes: every `<`, `>` and `&` that is not markup is
escaped, attribute values included. A tag is then exactly what stands between `<` and `>`, and one regular expression
reads it; this is no parser for HTML at large.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from html import unescape
from typing import NamedTuple

REFERENCE_TAG = '<sup class="footnote-reference">'

_TAG = re.compile(r"(<[^>]*>)")
_NAME = re.compile(r"</?([a-z][a-z0-9-]*)")
_INLINE = re.compile(r"</?(?:a|abbr|b|bdi|cite|code|del|em|i|ins|kbd|mark|s|samp|small|span|strong|u|var)(?: [^>]*)?>")
_IRREGULAR = re.compile(r"\A(?:\s|&nbsp;)+|\s(?:\s|&nbsp;)+|(?:&nbsp;)(?:\s|&nbsp;)+|&[^&;\s]+;")
_ALT = re.compile(r' alt="([^"]+)"')
_BLOCKS = frozenset(
    (
        *("article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "dir", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend"),
        *("li", "main", "menu", "nav", "ol", "p", "search", "section", "summary", "table", "tbody", "tfoot", "thead"),
        *("tr", "ul"),
    )
)
_BLOCK_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS, key=len, reverse=True))})(?![a-z0-9-])[^>]*>")

# Effects of a tag on the text. The first four are separators by strength: the strongest of adjacent ones counts.
_NOTHING, _BLANK, _TAB, _NEWLINE, _PRE, _END_OF_PRE, _IMAGE, _HIDDEN, _END_OF_HIDDEN = range(9)
_RUBY, _READING, _END_OF_READING = range(9, 12)
_EFFECTS = {
    "td": (_TAB, _TAB),
    "th": (_TAB, _TAB),
    "pre": (_PRE, _END_OF_PRE),
    "img": (_IMAGE, _IMAGE),
    "rp": (_HIDDEN, _END_OF_HIDDEN),
    "rt": (_READING, _END_OF_READING),
    "ruby": (_RUBY, _NOTHING),
}
"""Effects of the start tag and the end tag of elements that are no blocks."""
_SEPARATORS = ("", " ", "\t", "\n")


class TextRun(NamedTuple):
    """Run of visible text without markup inside.

    `html[start:end]` is its source, `text` what it says, `before` the separator between it and the run before: `""`,
    a space, a tab (next cell of a table) or a newline (next block). `plain_text` is all `before + text` joined.
    The words of an image have no source to mark: `start == end`.
    """

    start: int
    end: int
    before: str
    text: str


class _Effects(dict[str, int]):
    """Tag as written → its effect on the text; each spelling is examined once."""

    def __missing__(self, tag: str) -> int:
        self[tag] = effect = _effect(tag)
        return effect


def _effect(tag: str) -> int:
    found = _NAME.match(tag)
    name = found[1] if found else ""
    closing = tag.startswith("</")
    if name in _BLOCKS:
        return _NEWLINE
    if name in _EFFECTS:
        return _EFFECTS[name][closing]
    if tag == REFERENCE_TAG or (name == "math" and ' class="formula"' in tag):
        return _HIDDEN
    return _END_OF_HIDDEN if tag in ("</sup>", "</math>") else _NOTHING


def text_runs(html: str) -> list[TextRun]:
    """Runs of the visible text of an article's HTML, in reading order.

    White space is one space, or one newline where it ends a line of a `pre`. Numbers that refer to footnotes are
    apparatus, not words, and are left out. So is the MathML of a formula, whose TeX stands after it; MathML that the
    author wrote is text. The alternative text of an image counts as words. Readings (`rt`) stand after the block whose
    words they are beside.
    """
    reader = _RunReader()
    effects = _Effects()
    pieces = iter(_TAG.split(html))
    for piece in pieces:
        if piece and not reader.hidden:
            reader.read(piece)
        reader.offset += len(piece)
        tag = next(pieces, "")
        if effect := effects[tag]:
            reader.meet(effect, tag)
        reader.offset += len(tag)
    return [*reader.runs, *reader.readings]


class _RunReader:
    """Reader of text and tags in turn."""

    def __init__(self) -> None:
        self.runs: list[TextRun] = []
        self.readings: list[TextRun] = []  # of the words of the present block
        self.offset = 0
        self.hidden = False
        self._pending, self._preformatted = _NOTHING, False
        self._in_reading, self._first_reading = False, True

    def read(self, piece: str) -> None:
        """Takes the text between two tags."""
        leading, text, trailing = _words(piece, self._preformatted)
        if self._in_reading:
            self._add_reading(piece, text)
            return
        self._pending = max(self._pending, leading)
        if text:
            self._add(self.offset + len(piece), text)
            self._pending = trailing

    def meet(self, effect: int, tag: str) -> None:
        """Takes a tag with an effect."""
        if effect <= _NEWLINE:
            self._pending = max(self._pending, effect)
        elif effect in (_PRE, _END_OF_PRE):
            self._pending, self._preformatted = _NEWLINE, effect == _PRE
        elif effect in (_HIDDEN, _END_OF_HIDDEN):
            self.hidden = effect == _HIDDEN
        elif effect in (_READING, _END_OF_READING, _RUBY):
            self._in_reading = effect == _READING
            self._first_reading = self._first_reading or effect == _RUBY
        elif not self.hidden:
            self._pending = max(self._pending, _BLANK)
            if text := _alternative_text(tag):
                self._add(self.offset, text, length=0)
                self._pending = _BLANK
        if effect in (_NEWLINE, _PRE, _END_OF_PRE) and self.readings:
            self.runs += self.readings
            self.readings = []

    def _add(self, end: int, text: str, length: int | None = None) -> None:
        start = self.offset if length is None else end - length
        self.runs.append(TextRun(start, end, _SEPARATORS[self._pending] if self.runs else "", text))

    def _add_reading(self, piece: str, text: str) -> None:
        """Adds a reading. Those of one word are joined, unless they are written with letters as words are."""
        if text:
            joined = not self._first_reading and not text.isascii() and not text[0].islower()
            before = "" if joined else " " if self.readings else "\n"
            self.readings.append(TextRun(self.offset, self.offset + len(piece), before, text))
            self._first_reading = False


def _words(piece: str, preformatted: bool) -> tuple[int, str, int]:
    """Text between two tags, stripped, with the separators that its leading and trailing white space stands for."""
    source = unescape(piece) if "&" in piece else piece
    words = source.split()
    if preformatted:
        core = source.strip()
        before, _, after = source.partition(core) if core else (source, "", "")
        return _gap(before), _lines(core), _gap(after)
    if not words:
        return _BLANK, "", _NOTHING
    return _BLANK * source[0].isspace(), " ".join(words), _BLANK * source[-1].isspace()


def _gap(space: str) -> int:
    """Inside `pre` lines are blocks."""
    return _NEWLINE if "\n" in space else _BLANK if space else _NOTHING


def _lines(source: str) -> str:
    """Preformatted text with its lines, but without indentation and empty lines."""
    return "\n".join([" ".join(words) for line in source.split("\n") if (words := line.split())])


def _alternative_text(tag: str) -> str:
    found = _ALT.search(tag)
    return " ".join(unescape(found[1]).split()) if found else ""


def plain_text(html: str) -> str:
    """Plain text of HTML: blocks separated by newlines, table cells by tabs.

    Equal to all runs joined. Tags without an effect on the text are removed first, at a fifth of the cost of runs
    between them; if only blocks are left, as in most articles, the text is split at their tags, at a third of it.
    """
    html = _INLINE.sub("", html)
    blocks = _BLOCK_TAG.split(html)
    if html.count("<") == len(blocks) - 1:
        return "\n".join([line for block in blocks if (line := _one_line(unescape(block)))])
    return "".join([part for run in text_runs(html) for part in (run.before, run.text)])


def _one_line(text: str) -> str:
    """`" ".join(text.split())`, faster where it changes nothing: of white space only the space is printable."""
    return text.strip(" ") if text.isprintable() and "  " not in text else " ".join(text.split())


class SourceMap:
    """Map from offsets in the text of a run to offsets in its HTML.

    Text and source advance together from one entry to the next, except over an entry with an odd index: an entity, or
    white space that is written otherwise than it is read.
    """

    def __init__(self, texts: list[int], sources: list[int]) -> None:
        self._texts, self._sources = texts, sources

    @classmethod
    def of(cls, html: str, run: TextRun) -> SourceMap:
        """Map of a run that `text_runs` gave for `html`."""
        raw = html[run.start : run.end]
        if raw.strip().replace("\n", " ") == run.text.replace("\n", " "):
            return cls([0], [run.end - len(raw.lstrip())])
        texts, sources = [0], [run.start]
        text = copied = 0
        for found in _IRREGULAR.finditer(raw):
            words, written = unescape(found[0]), found[0]
            text += found.start() - copied
            copied = found.end()
            length = len(words) if not words.isspace() else 1 if text else 0
            if length != len(written):
                texts += (text, text + length)
                sources += (run.start + found.start(), run.start + copied)
            text += length
        return cls(texts, sources)

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Span in the HTML of `run.text[start:end]` (not empty); never inside an entity."""
        first, last = bisect_right(self._texts, start) - 1, bisect_right(self._texts, end - 1) - 1
        begin = self._sources[first] + (0 if first % 2 else start - self._texts[first])
        return begin, self._sources[last + 1] if last % 2 else self._sources[last] + end - self._texts[last]

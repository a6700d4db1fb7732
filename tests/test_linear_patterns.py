"""Linear time of every regular expression that meets input: each is pumped with its worst texts."""

from __future__ import annotations

import ast
import re
import sys
from datetime import UTC
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from growth import grows_faster, seconds
from patterns import UsedPattern, method_uses, product_patterns, run, worst_text, worst_texts

from backfile.archive.availability.moments import parse_moment
from backfile.archive.importers.common import bylines, closing_notes, html_parser
from backfile.archive.importers.formats import web_pages
from backfile.archive.importers.formats.press import proquest
from backfile.archive.importers.formats.press.press_passages import Passage
from backfile.archive.markdown import headings, renderer, shortcodes
from backfile.archive.metadata import dates
from backfile.archive.storage import readable_body
from backfile.archive.storage.library import Library

SIZE = 4_000  # characters of a worst text
SUSPECT = 1.0  # times a plain scan of a thousand times the text: only those that take longer are looked at closely
BOUND = 40.0  # times the same scan of a text of SIZE, which the longest text of a bounded pattern may take

BOUNDED = {
    "archive.availability.moments:_TIME": 130,
    "archive.importers.common.bylines:_DATELINE": 200,
    "archive.importers.common.bylines:_PLACE_AFTER": 400,
    "archive.importers.common.bylines:_ROLE_AFTER": 400,
    "archive.importers.common.bylines:_WITH_ROLE": 400,
    "archive.importers.common.closing_notes:_CREDIT": 400,
    "archive.importers.common.closing_notes:_DOES_WRITE": 400,
    "archive.importers.common.closing_notes:_HAS_ROLE": 400,
    "archive.importers.common.closing_notes:_IS_WRITER": 400,
    "archive.importers.common.closing_notes:_SET_APART": 400,
    "archive.importers.common.closing_notes:_WAS_WRITER": 400,
    "archive.importers.common.html_parser:_META_CHARSET": 8_192,
    "archive.importers.formats.press.proquest:_LABEL": 47,
    "archive.importers.formats.pdf.text_flow:_DOT_LEADER": 200,
    "archive.importers.formats.web_pages:_SAVED_FROM": 8_192,
    "archive.importers.formats.markdown_tree.site_builders:_BUILDERS": 4_096,
    "archive.markdown.headings:_ATTRIBUTES": 2_000,
    "archive.metadata.dates:_DAY_RANGE": 100,
    "archive.metadata.dates:_PART_OF_YEAR": 100,
    "archive.metadata.dates:_RANGE": 100,
    "archive.metadata.dates:_SPACED_ORG": 100,
    "archive.markdown.headings:_CODE": 1_000,
    "archive.markdown.headings:_IMAGE": 2_000,
    "archive.markdown.literal_markup:_ANY_TAG": 2_000,
    "archive.markdown.shortcodes:_OUTPUTS_BEFORE": 400,
    "archive.storage.readable_body:_PART": 1_000,
    "archive.markdown.word_boundaries:_EXPONENT": 41,
    "archive.markdown.word_boundaries:_IN_BRACKETS": 41,
    "archive.markdown.word_boundaries:_NOTE": 41,
    "archive.markdown.word_boundaries:_SUFFIX": 41,
    "archive.markdown.word_boundaries:_WORD": 41,
}
"""Patterns whose callers bound the text: the longest text in characters (in headings with marks for code spans)."""

SANITISED = {
    "archive.markdown.plain_text:_BLOCK_TAG",
    "archive.markdown.plain_text:_INLINE",
    "archive.markdown.plain_text:_TAG",
    "archive.markdown.renderer:_HEADING",
}
"""Patterns that meet serialised HTML alone, where each `<` begins a tag that ends."""

MADE_AT_RUN_TIME = {
    "archive.importers.common.xml_entries": "start tags, which are constants of the formats that call it",
    "archive.frontmatter.front_matter": "a key of the front matter, escaped; the block has at most 65,536 characters",
    "archive.importers.formats.read_later.saved_item": "one class of characters",
    "archive.importers.formats.wordpress.export_index": "the name of a picture, escaped",
    "archive.importers.links.markdown_links": "addresses of one article, escaped",
    "archive.markdown.autolinks": "short forms of one article, escaped",
    "archive.markdown.math.formula_spans": "one character of the private use area",
    "archive.markdown.shortcodes": "names of tags, of letters only",
    "archive.storage.library_settings": "keys and patterns of `library.toml`, which its owner writes",
    "index.analysis.wildcards": "query of at most 1,000 characters",
}
"""Modules that make patterns from values, and the values."""


def slow_text(used: UsedPattern, bound: int | None = None, ending: str = "") -> Any:
    """Text on which a pattern is not linear, shortened for people, or None.

    With a `bound` its texts have at most so many characters, and it is slow if one takes too long.
    """
    size = min(bound or SIZE, SIZE)
    for number, text in enumerate(worst_texts(used.pattern, size)):
        tail = ending if isinstance(text, str) else ending.encode()
        taken = seconds(lambda: run(used, text + tail), BOUND * plain_scan())  # noqa: B023
        if taken <= SUSPECT * plain_scan():
            continue
        if taken == float("inf"):
            return text[:40] + text[-3:]
        if bound is not None:
            is_slow = seconds(lambda: run(used, worst_text(used.pattern, bound, number)), 10) > BOUND * plain_scan()  # noqa: B023
        else:
            is_slow = _is_superlinear(used, number, tail)
        if is_slow:
            return text[:40] + text[-3:]
    return None


def _is_superlinear(used: UsedPattern, number: int, tail: Any) -> bool:
    """Whether a pattern takes more than linear time on one of its worst texts: for each of three sizes."""

    def work(text: Any) -> None:
        run(used, text)

    def text_of(size: int) -> Any:
        return worst_text(used.pattern, size, number) + tail

    if not (grows_faster(work, text_of, SIZE // 8) and grows_faster(work, text_of, SIZE // 2)):
        return False
    large = text_of(2 * SIZE)
    return seconds(lambda: work(large), 10 * plain_scan()) == float("inf") or grows_faster(work, text_of, 2 * SIZE)


@cache
def plain_scan() -> float:
    """Seconds of this machine for looking at each of 250 * SIZE characters once: the measure of the others."""
    pattern, text = re.compile("[a-y]"), "z" * (SIZE * 250)
    return min(seconds(lambda: pattern.search(text), 60) for _ in range(5))


@pytest.mark.long
def test_every_pattern_takes_linear_time() -> None:
    assert slow_patterns() == []


@pytest.mark.long
@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+\Z", r"(?:a+)+b", r"<!--.*?-->", r"(?s)<a>.*?</a>", r",\s*no\b.*\Z", r"(\w+\s?)+:", r"\s*\(",
        r"\[[^\]]*\]\(", r"(?:\r\n|\n|\r)*---", r"x*[^-]*y", r"(?i)\w+\.html",
        r"(?m)^[ \t]*(?:[ \t]|#)*x$", r"(`+)(.+?)\1", r"(?:.*/)?(?:a/)+\d\Z", r"(?=.*b)a", r"[a-z]+(?<=9)",
    ],
)  # fmt: skip
def test_a_pattern_that_is_not_linear_is_found(pattern: str) -> None:
    assert slow_text(UsedPattern("here", re.compile(pattern), frozenset(["search"]))) is not None


@pytest.mark.parametrize(
    ("pattern", "method"),
    [(r"\s+\Z", "match"), (r"(?<!\s)\s++\Z", "search"), (r"<!--[^<>]*-->", "sub"), (r"(?>\r\n|\n|\r)*+---", "match")],
)
def test_a_linear_pattern_is_not_found(pattern: str, method: str) -> None:
    assert slow_text(UsedPattern("here", re.compile(pattern), frozenset([method]))) is None


def test_the_ways_in_which_patterns_are_used_are_known(tmp_path: Path) -> None:
    module = ast.parse(
        "A = re.compile('a')\nROWS = ((re.compile('b'), 1),)\nC = re.compile('c')\n"
        "def f(x):\n    y = [n for p, n in ROWS if p.match(x)]\n    z = g(C)\n    return y, z, A.sub('', x)\n"
    )
    assert method_uses({"m": module}) == {
        ("m", "A"): {"sub"}, ("m", "ROWS"): {"match"}, ("m", "C"): {"search"},
    } | {key: uses for key, uses in method_uses({"m": module}).items() if key[1] not in ("A", "ROWS", "C")}  # fmt: skip


@pytest.mark.long
def test_patterns_made_at_run_time_are_known() -> None:
    modules = {place.partition(":")[0].removeprefix("backfile.") for place in product_patterns()[1]}
    assert modules == set(MADE_AT_RUN_TIME)


class _Recorder:
    """Pattern in the place of one of the product, which notes the longest text that it meets."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self.pattern, self.longest = pattern, 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.pattern, name)

        def call(*arguments: Any) -> Any:
            text, bounds = (arguments[1], ()) if name == "sub" else (arguments[0], arguments[1:])
            self.longest = max(self.longest, len(text[slice(*bounds)] if bounds else text))
            return method(*arguments)

        return call if callable(method) else method


HEADS = (
    "By Edna Marsh, staff writer ", "LONDON, March 3 — ", "Edna Marsh is senior editor at The Post ",
    "Edna Marsh writes about ships ", "John Roe contributed reporting ", "— Edna Marsh ", "<meta charset=", "<!-- ",
    "`a` ![b](c) <i> [d](e) ", "{{ a }}" * 60 + "{% b %}", "(Edna Marsh) ",
    "<2019-03-14 Thu>", "Spring ", "Edna Marsh with ", "20190314T100000Z ", "Source type: ",
)  # fmt: skip


def test_callers_bound_the_texts_of_bounded_patterns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = Library(tmp_path)
    recorders = {}
    for place in BOUNDED:
        module, _, name = place.partition(":")
        pattern = getattr(import_module(f"backfile.{module}"), name)
        if isinstance(pattern, re.Pattern):
            recorders[place] = _Recorder(pattern)
            monkeypatch.setattr(f"backfile.{module}.{name}", recorders[place])
    for head in HEADS:
        for text in (head.strip(), head + "a " * 150, head + "a " * 5_000, head + " " * 5_000 + head, head * 300):
            bylines.byline_authors(text)
            bylines.parse_dateline(text)
            closing_notes.closing_authors(["The ferry.", text], "Ferry")
            dates.date_with_note(text[:100])
            dates.date_with_note(text)
            headings.plain_words(text)
            renderer.to_text(f"Mr<sup>s</sup> (about {text})<sup>1</sup> treaty<sup>{text}</sup> 10<sup>{text}</sup>x")
            headings.words_of_value(text)
            shortcodes.expand(text)
            html_parser.decode_html(text.encode())
            web_pages._original_url(text.encode())
            parse_moment(text, UTC)
            parse_moment(text[:100], UTC)
            proquest._label(Passage((text,)))
            readable_body._path_and_part(library, "a.md", text)
    beyond = {place: each.longest for place, each in recorders.items() if each.longest > BOUNDED[place]}
    assert beyond == {}
    unmet = {place for place, each in recorders.items() if not each.longest}
    assert unmet <= {"archive.importers.formats.pdf.text_flow:_DOT_LEADER"}  # meets lines of a PDF alone


def slow_patterns() -> list[str]:
    """Places of the patterns that are not linear, with the text that shows it."""
    slow = []
    for used in product_patterns()[0]:
        place = used.place.removeprefix("backfile.")
        text = slow_text(used, BOUNDED.get(place), ">" if place in SANITISED else "")
        if text is not None:
            slow.append(f"{place} by {', '.join(sorted(used.methods))} on {text!r}: {used.pattern.pattern[:80]!r}")
    return slow


if __name__ == "__main__":
    sys.stdout.writelines(f"{each}\n" for each in slow_patterns())

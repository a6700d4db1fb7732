"""Linear time of every regular expression that meets input: each is pumped with its worst texts."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from importlib import import_module
from types import FrameType
from typing import Any

import pytest
from paths import ROOT
from patterns import UsedPattern, product_patterns, run, worst_text, worst_texts

from backfile.archive.importers.common import bylines, closing_notes, html_parser
from backfile.archive.importers.formats import web_pages
from backfile.archive.markdown import headings, renderer, shortcodes
from backfile.archive.metadata import dates

SHORT, LONG = 5_000, 200_000
SUSPECT_SECONDS = 0.004  # a quadratic pattern takes more for SHORT characters; only suspects are tried on LONG ones
CPU_SECONDS = 2  # for LONG characters, of which a quadratic pattern takes ten times as much

BOUNDED = {
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


class _OutOfTime(Exception):
    """Ends a pattern in the short run."""


def _end(signal_number: int, frame: FrameType | None) -> None:
    raise _OutOfTime


def suspects(used: UsedPattern, place: str) -> list[str]:
    """Worst texts of LONG (or the bounded number of) characters, for those that take long with SHORT ones."""
    size = BOUNDED.get(place)
    found = []
    for number, few in enumerate(worst_texts(used.pattern, min(SHORT, size or SHORT))):
        tail = ">" if place in SANITISED else few[:0]
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, 1)
        try:
            run(used, few + tail)
        except _OutOfTime:
            pass
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if time.process_time() - begun > SUSPECT_SECONDS:
            found.append(worst_text(used.pattern, size or LONG, number) + tail)
    return found


@pytest.mark.long
def test_every_pattern_takes_linear_time() -> None:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    process = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == []


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
    "<2019-03-14 Thu>", "Spring ", "Edna Marsh with ",
)  # fmt: skip


def test_callers_bound_the_texts_of_bounded_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
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
    beyond = {place: each.longest for place, each in recorders.items() if each.longest > BOUNDED[place]}
    assert beyond == {}
    unmet = {place for place, each in recorders.items() if not each.longest}
    assert unmet <= {"archive.importers.formats.pdf.text_flow:_DOT_LEADER"}  # meets lines of a PDF alone


def _slow_patterns() -> list[str]:
    """Places of the patterns that are not linear; each suspect runs in a process that ends after CPU_SECONDS."""
    signal.signal(signal.SIGVTALRM, _end)
    slow = []
    for used in product_patterns()[0]:
        place = used.place.removeprefix("backfile.")
        for text in suspects(used, place):
            if not _ends(used, text):
                slow.append(f"{place} on {text[:40]!r}… {used.pattern.pattern[:80]!r}")
                break
    return slow


def _ends(used: UsedPattern, text: object) -> bool:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        run(used, text)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    json.dump(_slow_patterns(), sys.stdout)

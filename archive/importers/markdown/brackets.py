"""Square brackets that need no backslash in Markdown, so that `[sic]` and `[…]` can be read as they were written."""

from __future__ import annotations

import re

# A pair in one line begins a link only before `(` or `[`, a definition before `:`; a label alone is a link only where
# it is defined, and importers define none but notes (`[^1]`). `[x]` and `[ ]` are boxes of tasks, `[!note]` begins a
# callout, `[[…]]` is a link of Obsidian, `^[…]` a note, `[…]{…}` a span and `[toc]` a table of contents elsewhere.
# FOOTNOTE… stands for a note that comes later.
_HARMLESS = re.compile(
    r"(?<![\[\]!^*\\])(?<!ENDNOTE)\[(?![\s^!]|x\]|toc\])[^\[\]\n]{1,200}(?<!\s)\](?![\[\](:{]|FOOTNOTE)", re.IGNORECASE
)


def inert_brackets(line: str, *, is_begun: bool = False, is_continued: bool = False) -> frozenset[int]:
    """The places in a line of text of the brackets that need no escape.

    `is_begun` and `is_continued` say that something stands in the line before this text or after it, so that what its
    first or last bracket is beside is not known.
    """
    if "[" not in line:
        return frozenset()
    pairs = ((found.start(), found.end() - 1) for found in _HARMLESS.finditer(line))
    unsure = {0} if is_begun else set()
    if is_continued:
        unsure.add(len(line) - 1)
    return frozenset(place for pair in pairs if unsure.isdisjoint(pair) for place in pair)

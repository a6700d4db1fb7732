"""Light markup: its files by suffix, what Pandoc must be spared, and the metadata that Pandoc gives."""

from __future__ import annotations

import re
from collections.abc import Mapping

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.storage.decoding import decode

MARKUP_BY_SUFFIX = {
    ".rst": "rst",
    ".org": "org",
    ".adoc": "asciidoc",
    ".asciidoc": "asciidoc",
    ".textile": "textile",
    ".tex": "latex",
    ".latex": "latex",
    ".ipynb": "ipynb",
    ".docbook": "docbook",
    ".dbk": "docbook",
    ".fb2": "fb2",
    ".odt": "odt",
    ".rtf": "rtf",
}
"""Suffix of a file → Pandoc's name of its format."""

TEXT_MARKUPS = frozenset({"rst", "org", "asciidoc", "textile"})
"""Formats of plain text, in which site builders keep posts."""

_INCLUDE = re.compile(r"^include::([^\s\[]++)\[[^\]\n]*+\][ \t]*+$", re.MULTILINE)
_ORG_TAGS = re.compile(r"^#\+(?:FILETAGS|TAGS):\s*(.+)$", re.MULTILINE | re.IGNORECASE)
_ORG_DATE = re.compile(r"[<\[](\d{4}-\d\d-\d\d)[^<>\[\]]*+[>\]]")
_MAIL = re.compile(r"(?<!\s)\s*+\([^\s()@]++@[^\s()@]++\)")
_NOT_METADATA = frozenset({"jupyter", "nocite", "references", "bibliography", "header-includes", "documentclass"})


def prepare(content: bytes, markup: str) -> tuple[bytes, tuple[str, ...]]:
    """Document that Pandoc reads without other files, and notes on what it leaves out.

    Raises `ArticleUnreadable` for light markup that is no text.
    """
    if markup not in TEXT_MARKUPS:
        return content, ()
    text = decode(content).text.lstrip("\ufeff")
    if markup == "asciidoc":
        names = list(dict.fromkeys(_INCLUDE.findall(text)))
        text = _INCLUDE.sub(r"link:\1[\1]", text)
        return text.encode(), tuple(f"includes {name}, which is only linked" for name in names)
    if markup == "org":
        found = _ORG_TAGS.search(text)
        if found and not re.search(r"^#\+KEYWORDS:", text, re.MULTILINE | re.IGNORECASE):
            keywords = ", ".join(each for each in re.split(r"[:\s]+", found[1]) if each)
            text = f"{text}\n\n#+KEYWORDS: {keywords}\n"
    return text.encode(), ()


def markup_metadata(metadata: Mapping[str, object]) -> dict[str, object]:
    """Metadata of Pandoc as front matter: texts without markup, dates without Org's brackets."""
    return {
        name.removeprefix("page-"): _plain(value)  # the prefix of Jekyll's AsciiDoc
        for name, value in metadata.items()
        if name not in _NOT_METADATA and value
    }


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _MAIL.sub("", _ORG_DATE.sub(r"\1", html_to_line(value)))
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return value


def is_text_markup(name: str) -> bool:
    """Whether a file of this name is light markup of plain text."""
    return MARKUP_BY_SUFFIX.get(f".{name.lower().rpartition('.')[2]}") in TEXT_MARKUPS

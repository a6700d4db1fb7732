"""Entries of BibTeX and BibLaTeX files, one by one: a broken entry is reported, and the next is read.

The syntax is parsed by bibtexparser, its TeX is decoded by pylatexenc.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.text_lines import read_lines
from backfile.archive.importers.formats.scholarly.bibliography_entry import BibliographyEntry, date_of_parts, named
from backfile.archive.report import Problem

BEGINS = re.compile(r"[ \t]{0,20}@[ \t]*([A-Za-z]{2,40})[ \t]*[{(]")
"""Beginning of an entry, on a line of its own."""

MAX_ENTRY = 4 * 1024 * 1024
_MAX_STRINGS = 256 * 1024
_PASSED_OVER = frozenset({"comment", "preamble"})
_HOLDERS = ("journal", "journaltitle", "booktitle", "maintitle", "howpublished", "institution", "school", "publisher")
_PERCENT = re.compile(r"(?<!\\)%")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FILE_PARTS = re.compile(r"(?<!\\):")
_FILES = re.compile(r"(?<!\\);")


def read_bibtex(path: Path) -> Iterator[BibliographyEntry | Problem]:
    """Yields the entries of a file. Raises `OSError`, and `ArchiveError` for what is no text."""
    strings = ""
    for line, kind, text in _blocks(path):
        if kind == "string":
            strings = strings + text if len(strings) + len(text) < _MAX_STRINGS else strings
        elif len(text) > MAX_ENTRY:
            yield Problem("", line, f"the entry is larger than {MAX_ENTRY >> 20} MB", "split it")
        elif kind not in _PASSED_OVER:
            try:
                yield _entry(strings + text)
            except (ArchiveError, ValueError, RecursionError) as error:
                yield Problem("", line, f"the entry cannot be read: {error}", "check its braces and commas")


def _blocks(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, type in lower case and text of each block of a file."""
    lines: list[str] = []
    began, kind = 0, ""
    for number, line in read_lines(path):
        found = BEGINS.match(line)
        if found is not None:
            if kind:
                yield began, kind, "\n".join(lines) + "\n"
            lines, began, kind = [], number, found[1].lower()
        if kind:
            lines.append(line)
    if kind:
        yield began, kind, "\n".join(lines) + "\n"


def _entry(text: str) -> BibliographyEntry:
    from bibtexparser.entrypoint import parse_string  # noqa: PLC0415 - only bibliographies need it

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what fails is reported here
    parsed = parse_string(text)
    if not parsed.entries:
        failed = [str(block.error) for block in parsed.failed_blocks]
        raise ArchiveError(failed[0] if failed and failed[0] else "its braces do not match")
    fields = {each.key.lower(): str(each.value) for each in parsed.entries[0].fields}
    return _filled(parsed.entries[0].key, parsed.entries[0].entry_type, fields)


def _filled(key: str, kind: str, fields: dict[str, str]) -> BibliographyEntry:
    plain = {name: _plain(value) for name, value in fields.items() if name not in ("author", "editor", "file", "url")}
    entry = BibliographyEntry(key, url=fields.get("url", "").strip().replace("\\", ""), doi=plain.get("doi", ""))
    title = ": ".join(filter(None, (plain.get("title", ""), plain.get("subtitle", ""))))
    entry.describe(
        title=title,
        authors=_names(fields.get("author", "")) or _names(fields.get("editor", "")),
        topics=tuple(word.strip() for word in re.split(r"[,;]", plain.get("keywords", "")) if word.strip()),
        date=_date(plain),
        language=plain.get("language") or plain.get("langid") or "",
    )
    holders = (
        "journal",
        "journaltitle",
        "booktitle",
        "maintitle",
        "howpublished",
        "institution",
        "school",
        "publisher",
    )
    entry.container = next((plain[name] for name in holders if plain.get(name)), "")
    entry.abstract = plain.get("abstract", "")
    entry.notes = [plain[name] for name in ("annote", "annotation", "note", "notes", "review") if plain.get(name)]
    entry.files = _files(fields.get("file", "")) + _files(fields.get("pdf", ""))
    entry.details = {"type": kind.lower()} | named(
        plain, volume="volume", issue="number", pages="pages", isbn="isbn", issn="issn", section="series"
    )
    if plain.get("publisher") and entry.container != plain["publisher"]:
        entry.details["publisher"] = plain["publisher"]
    return entry


def _plain(tex: str) -> str:
    """Text of TeX; formulas stay TeX. What cannot be decoded stays as it is written, without braces."""
    if not any(sign in tex for sign in "\\{}$~`'-%"):
        return tex
    from pylatexenc.latex2text import LatexNodes2Text  # noqa: PLC0415 - only bibliographies need it
    from pylatexenc.latexwalker import LatexWalkerError  # noqa: PLC0415

    escaped = _PERCENT.sub(r"\\%", tex)  # a comment in TeX, per cent in what programs export
    try:
        return str(LatexNodes2Text(math_mode="verbatim", keep_comments=True).latex_to_text(escaped)).replace(
            "\xa0", " "
        )
    except (LatexWalkerError, ValueError, TypeError, IndexError, KeyError, AttributeError, RecursionError):
        return tex.replace("{", "").replace("}", "")


def _names(value: str) -> tuple[str, ...]:
    """Names of persons and groups: `Marsh, Edna and {Harbour Group}`."""
    from bibtexparser.middlewares.names import (  # noqa: PLC0415 - only bibliographies need it
        InvalidNameError,
        parse_single_name_into_parts,
        split_multiple_persons_names,
    )

    found: list[str] = []
    for name in split_multiple_persons_names(value.replace("\n", " ")) if value.strip() else []:
        try:
            parts = parse_single_name_into_parts(name, strict=False)
            words = [*parts.first, *parts.von, *parts.last, *parts.jr]
        except InvalidNameError:
            words = [name]
        whole = " ".join(_plain(" ".join(words)).split())
        if whole and whole.lower() != "others":
            found.append(whole)
    return tuple(dict.fromkeys(found))


def _date(plain: dict[str, str]) -> object:
    """Date of BibLaTeX (`date`), or of year, month and day; its words if it is none of these."""
    if plain.get("date"):
        return plain["date"].partition("/")[0]
    month = plain.get("month", "").strip().lower()
    number = month if month.isdecimal() else str(_MONTHS.index(month[:3]) + 1) if month[:3] in _MONTHS else ""
    return date_of_parts((plain.get("year", ""), number, plain.get("day", ""))) or plain.get("year", "")


def _files(value: str) -> list[str]:
    """Paths in the forms of Zotero, JabRef and Mendeley: `Full text:files/3/a.pdf:application/pdf;…`."""
    found: list[str] = []
    for each in _FILES.split(value):
        parts = _FILE_PARTS.split(each)
        path = parts[1] if len(parts) >= 3 or (len(parts) == 2 and len(parts[0]) != 1) else each
        bare = re.sub(r"\\(?=[:;\\{}_])", "", path).strip()
        if bare:
            found.append(bare)
    return found

"""Header lines `Title: …` above a text, up to the first blank line (Pelican, MultiMarkdown)."""

from __future__ import annotations

import re

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.metadata.field_names import AUTHORS, DATE, KNOWN, TITLE, TOPICS, UPDATED, normal

MAX_CHARACTERS = 65_536
"""Most characters of front matter."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_BLANK_LINE = re.compile(r"(?<=[\r\n])[ \t]*(?:\r\n|\n|\r)")
_HEADER = re.compile(r"([^\W\d][\w .-]{0,40}?)[ \t]*(::?|：)(?!//)(.*)\Z")
_RULE = re.compile(r"(?:-{3,}|={3,})[ \t]*\Z")
_SURE_KEYS = frozenset({*TITLE, *AUTHORS, *DATE, *UPDATED, *TOPICS, "slug", "status"}) - {"by", "subject", "subjects"}


def count_lines(text: str) -> int:
    """Counts line ends: `\\n`, `\\r\\n` or `\\r`."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def repeated_key(key: str, line: int) -> FrontMatterInvalid:
    """Problem of a key that is repeated on a line."""
    return FrontMatterInvalid(f"{key!r} stands twice; the last one counts", line=line, hint="remove one of them")


class HeaderReader:
    """Reader of header lines: `data` is read up to `end`, below which `rule` may be a line of signs."""

    def __init__(self, text: str, start: int) -> None:
        self.data: dict[str, object] = {}
        self.problems: list[FrontMatterInvalid] = []
        self.end = start
        self.rule: re.Match[str] | None = None
        self.has_slips = False
        self._text, self._start = text, start

    def names(self) -> set[str]:
        """Normalized keys."""
        return {normal(name) for name in self.data}

    def read(self) -> None:
        """Reads header lines up to the first line that is none."""
        key, line = "", count_lines(self._text[: self._start])
        for found in _LINE.finditer(self._text, self._start, self._start + MAX_CHARACTERS):
            content = found[0].rstrip("\r\n")
            line += 1
            header = _header(content)
            if header is not None:
                self.has_slips |= "::" in content[: len(header[0]) + 3]
                key = self._add(*header, line)
            elif not content.strip():
                if not self._goes_on(found.end(), line):
                    return
            elif key and (content[0] in " \t" or self._is_yaml_item(content, key)):
                self.data[key] = f"{self.data[key]}\n{content.strip()}".strip()
            else:
                self._stop(found, content, line)
                return
            self.end = found.end() if content.strip() else self.end

    def _add(self, key: str, value: str, slip: str, line: int) -> str:
        if slip:
            self.has_slips = True
            self.problems.append(FrontMatterInvalid(slip, line=line, hint=f"write it as `{key}: …`"))
        if key in self.data:
            self.problems.append(repeated_key(key, line))
        self.data[key] = value
        return key

    def _goes_on(self, place: int, line: int) -> bool:
        """Whether known keys follow after a blank line; a problem says so."""
        run = _BLANK_LINE.split(self._text[place : place + 4096], maxsplit=1)[0].splitlines()
        headers = [_header(content) for content in run if content[:1] not in (" ", "\t")]
        names = {normal(header[0]) for header in headers if header}
        wanted = names & _SURE_KEYS if len(names) == 1 else names & KNOWN
        if not wanted or None in headers or len(wanted) < len(names) or not (self.names() & KNOWN):
            return False
        reason = "a blank line among the header lines; those below it are read as well"
        self.problems.append(FrontMatterInvalid(reason, line=line, hint="remove the blank line"))
        return True

    def _is_yaml_item(self, content: str, key: str) -> bool:
        """Whether a line is an item of a YAML list under a key without a value."""
        value = self.data[key]
        return content.startswith("- ") and (not value or str(value).startswith("- "))

    def _stop(self, found: re.Match[str], content: str, line: int) -> None:
        """Ends the headers at a line that is none: a line of signs, or text without a blank line before it."""
        if _RULE.match(content):
            self.rule = found
            return
        reason = "the text begins right below the header lines"
        if "::" not in self._text[self._start : self.end]:  # properties of Logseq and Dataview stand so
            self.problems.append(FrontMatterInvalid(reason, line=line, hint="put a blank line before the text"))
        if len(self.names() & KNOWN) < 2:
            self.data = {}


def _header(content: str) -> tuple[str, str, str] | None:
    """Key and value of a header line, and the slip between them if there is one; None for another line."""
    found = _HEADER.match(content)
    if found is None:
        return None
    key, value = found[1], found[3]
    if found[2] != "：" and (not value or value[0] in " \t"):
        return key, value.strip(), ""
    if normal(key) not in KNOWN:
        return None
    what = "a full-width colon after" if found[2] == "：" else "no space after the colon of"
    return key, value.strip(), f"{what} {key!r}"

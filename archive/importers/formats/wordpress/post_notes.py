"""Footnotes of a WordPress post: those of the block editor, kept apart from the text, and those of plugins.

Both become references and notes that are linked as HTML has it, `#fn-wp-1`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_REFERENCE = re.compile(r"<sup\b[^<>]*\bdata-fn=\"([\w-]{1,80})\"[^<>]*>.{0,300}?</sup>", re.DOTALL)
_NOTE = re.compile(
    r"\[(footnote|fn|efn_note|mfn|modern_footnote|ref|note|sidenote)(?:\s[^\[\]]{0,200})?\]"
    r"((?:[^\[]|\[(?!/?\1\b)){1,5000}+)\[/\1\]",
    re.IGNORECASE,
)
_NUMBERED_NOTE = re.compile(r"(?<=\S) ?\[(\d{1,3})\. ([^\[\]]{1,3000})\]")
_SHORTEST_NOTE = 25


@dataclass(slots=True)
class PostNotes:
    """Footnotes of one post as HTML: `texts` in the order of their references, `unused` those without one."""

    texts: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def take_from(self, html: str, stored: str) -> str:
        """Text whose references lead to the notes. `stored` are the notes of the block editor (JSON), empty if none."""
        known = self._stored(stored)
        numbers: dict[str, int] = {}
        missing = 0

        def refer(found: re.Match[str]) -> str:
            nonlocal missing
            name = found[1]
            if name in numbers:
                return _reference(numbers[name])
            if name not in known:
                missing += 1
                return re.sub(r"</?a\b[^<>]*>", "", found[0])
            numbers[name] = self._add(known.pop(name))
            return _reference(numbers[name])

        linked = _REFERENCE.sub(refer, html)
        if missing:
            self.warnings.append(f"the text of {missing} of its footnotes is not in the export")
        linked = _NOTE.sub(self._enclosed, linked)
        if self._is_numbered(linked):
            linked = _NUMBERED_NOTE.sub(lambda found: _reference(self._add(found[2])), linked)
        self.unused = list(known.values())
        return linked

    def html(self) -> str:
        """Notes, to be put below the text."""
        notes = [f'<div id="fn-wp-{number}">{text}</div>' for number, text in enumerate(self.texts, start=1)]
        return "\n".join([*notes, *(f"<p>{text}</p>" for text in self.unused)])

    def _add(self, text: str) -> int:
        self.texts.append(text.strip())
        return len(self.texts)

    def _enclosed(self, found: re.Match[str]) -> str:
        """Reference in the place of a note in the running text; `[note]` at the head of a block is a box."""
        before = found.string[: found.start()].rstrip(" ")[-1:]
        if found[1].lower() == "note" and before in ("", "\n", ">"):
            return found[0]
        return _reference(self._add(found[2]))

    def _is_numbered(self, html: str) -> bool:
        """Whether `[1. Text.]` is how the post writes notes: they are counted from 1, a single one is a sentence."""
        found = list(_NUMBERED_NOTE.finditer(html))
        is_counted = [int(each[1]) for each in found] == list(range(1, len(found) + 1))
        return is_counted and (len(found) > 1 or any(len(each[2]) > _SHORTEST_NOTE for each in found))

    def _stored(self, stored: str) -> dict[str, str]:
        """Id → text of the notes of the block editor."""
        try:
            notes = json.loads(stored) if stored else []
        except (ValueError, RecursionError):
            self.warnings.append("its footnotes cannot be read")
            return {}
        return {
            str(note["id"]): str(note.get("content", ""))
            for note in (notes if isinstance(notes, list) else [])
            if isinstance(note, dict) and note.get("id") and str(note.get("content") or "").strip()
        }


def _reference(number: int) -> str:
    return f'<sup><a href="#fn-wp-{number}">{number}</a></sup>'

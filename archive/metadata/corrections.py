"""Corrections of an article: notes of its front matter that stand above the text and in its citation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from backfile.archive.metadata.dates import DateUnclear, parse_date
from backfile.archive.metadata.field_names import NESTED, normal
from backfile.archive.metadata.mapping import plain_line, words
from backfile.archive.model import PartialDate

_NO = frozenset({"", "false", "no", "none", "n", "0"})
_YES = frozenset({"true", "yes", "y", "1"})
_TEXTS = ("text", "note", "correction", "description", "content", "body", "summary", "reason", "message")
_DATES = ("date", "on", "at", "published", "updated")


class CorrectionKind(StrEnum):
    """Kinds of notes, by the key that states them."""

    CORRECTION = "correction"
    RETRACTION = "retraction"
    NOTE = "note"


_KINDS = {
    **dict.fromkeys(
        ("correction", "corrections", "corrected", "correctionnote", "erratum", "errata", "corrigendum", "corrigenda"),
        CorrectionKind.CORRECTION,
    ),
    **dict.fromkeys(("clarification", "clarifications"), CorrectionKind.CORRECTION),
    **dict.fromkeys(("retraction", "retracted", "retractionnote"), CorrectionKind.RETRACTION),
    **dict.fromkeys(("editorsnote", "editor'snote", "editornote", "editorialnote"), CorrectionKind.NOTE),
}


class Correction(NamedTuple):
    """Note on an article; its text or its date may be unknown, not both unless a mere `true` states it."""

    kind: CorrectionKind
    text: str
    date: PartialDate | None = None


def further_keys(extra: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yields the normalized keys of an article's further front matter with their values, then those of its tables."""
    for key, value in extra.items():
        yield normal(key), value
    for key, value in extra.items():
        if normal(key) in NESTED and isinstance(value, Mapping):
            yield from ((normal(str(name)), inner) for name, inner in value.items())


def read_corrections(extra: Mapping[str, object]) -> tuple[Correction, ...]:
    """Corrections in the further front matter of an article, in the order in which they stand there."""
    found = [
        correction for key, value in further_keys(extra) if key in _KINDS for correction in _read(_KINDS[key], value)
    ]
    return tuple(dict.fromkeys(found))


def _read(kind: CorrectionKind, value: object) -> Iterator[Correction]:
    if isinstance(value, list):
        for inner in value:
            yield from _read(kind, inner)
    elif isinstance(value, Mapping):
        yield from _from_mapping(kind, value)
    elif (date := _date(value)) is not None:
        yield Correction(kind, "", date)
    elif (text := words(value)).casefold() not in _NO:
        yield Correction(kind, "" if text.casefold() in _YES else plain_line(value))


def _from_mapping(kind: CorrectionKind, value: Mapping[object, object]) -> Iterator[Correction]:
    """Yields the note of a table with a text and a date, or those of one from dates to texts."""
    named = {normal(str(key)): inner for key, inner in value.items()}
    text = next((plain_line(named[key]) for key in _TEXTS if words(named.get(key))), "")
    date = next((found for key in _DATES if (found := _date(named.get(key))) is not None), None)
    if text or date:
        yield Correction(kind, text, date)
        return
    for key, inner in value.items():
        if (dated := _date(key)) is not None and words(inner):
            yield Correction(kind, plain_line(inner), dated)


def _date(value: object) -> PartialDate | None:
    if value is None or isinstance(value, bool | list | Mapping):
        return None
    try:
        return parse_date(value)
    except DateUnclear:
        return None

"""Series that an article is a part of, with the number of the part, by its further front matter.

Forms: Hugo's taxonomy `series` with `series_order` of its themes, Jekyll's `series` with `part` or `series_order`, and
a mapping (`series: {name: …, part: 2}`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from backfile.archive.metadata.corrections import further_keys
from backfile.archive.metadata.field_names import normal
from backfile.archive.metadata.mapping import plain_line, words
from backfile.archive.metadata.name_keys import topic_key, without_wiki_links

_SERIES = ("series", "seriesname", "seriestitle")  # the first that names one
_PARTS = ("part", "seriespart", "seriesorder", "seriesindex", "seriesnumber", "seriesweight", "partnumber")
_TOTALS = ("parts", "seriestotal", "seriesparts", "totalparts")
_NAMES = ("name", "title", "series", "label", "slug", "id", "key")
_INNER_PARTS = ("part", "order", "index", "number", "position", "weight")
_INNER_TOTALS = ("of", "total", "parts", "count")
_NO = frozenset({"", "false", "no", "none", "null", "true", "yes"})
_NUMBER = re.compile(
    r"(?:(?:part|teil|partie|parte|deel|no\.?|nr\.?|n°|#)\s*)?(?P<part>\d{1,6}(?:[.,]\d{1,3})?|[ivxlc]{1,8})"
    r"(?:\s*(?:/|\b(?:out\s+of|of|von|sur|de|di|van)\b)\s*(?P<of>\d{1,6}))?\.?\Z",
    re.IGNORECASE | re.ASCII,
)
_ROMAN = re.compile(r"(?=.)(c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})\Z", re.IGNORECASE)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
MAX_SERIES = 20  # of one article
LAST_PART, LAST_DATE = 1e18, "~"  # of those that state none


class SeriesPart(NamedTuple):
    """Part of a series: its name, the part as it is shown (empty if none is stated), its number and that of all parts.

    `number` orders the parts; it is None for a part that is no number (`prologue`).
    """

    series: str
    part: str = ""
    number: float | None = None
    total: str = ""

    @property
    def key(self) -> str:
        """Key of the series: equal for spellings that differ in case, spacing, hyphens or Unicode form."""
        return topic_key(self.series)


class SeriesEntry(NamedTuple):
    """Article as a part of a series: key of the series, number of the part (None: unknown), date, id, language.

    `date` is in ISO 8601, as far as it is known, and empty for an article without one; so is `language`.
    """

    series: str
    part: float | None
    date: str
    id: str
    language: str

    @property
    def place(self) -> tuple[float, str, str]:
        """Place in the series: by part, then date, then id; unknown ones are the last."""
        return (LAST_PART if self.part is None else self.part, self.date or LAST_DATE, self.id)

    def is_translation_of(self, other: SeriesEntry) -> bool:
        """Whether both are one part, or without parts of one day, in different languages."""
        if self.language == other.language or self.part != other.part:
            return False
        return self.part is not None or (self.date == other.date != "")


def read_series(extra: Mapping[str, object]) -> tuple[SeriesPart, ...]:
    """Series in the further front matter of an article, each once, in the order in which they stand there."""
    values: dict[str, object] = {}
    for key, value in further_keys(extra):
        values.setdefault(key, value)
    part, total = _first(values, _PARTS), _first(values, _TOTALS)
    found: dict[str, SeriesPart] = {}
    named = next(filter(None, (list(_named(values.get(key))) for key in _SERIES)), [])
    for name, own_part, own_total in named:
        read = _part(name, own_part or part, own_total or total)
        found.setdefault(read.key, read)
    return tuple(found.values())[:MAX_SERIES]


def _named(value: object) -> Iterator[tuple[str, str, str]]:
    """Yields the name, part and total of each series in a value; the last two may be empty."""
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], list):  # `[[Tides]]` without quotes
            value = value[0]
        for each in value:
            yield from _named(each)
    elif isinstance(value, Mapping):
        inner = {normal(str(key)): each for key, each in value.items()}
        name = _first(inner, _NAMES)
        if name:
            yield name, _first(inner, _INNER_PARTS), _first(inner, _INNER_TOTALS)
    else:
        name = without_wiki_links(plain_line(value))
        if name.casefold() not in _NO:
            yield name, "", ""


def _first(values: Mapping[str, object], keys: tuple[str, ...]) -> str:
    texts = (words(values.get(key)) for key in keys)
    return next((text for text in texts if text.casefold() not in _NO), "")


def _part(name: str, text: str, total: str) -> SeriesPart:
    found = _NUMBER.match(text)
    number = _value(found["part"]) if found else None
    if found is None or number is None:
        return SeriesPart(name, text, None, total)
    return SeriesPart(name, f"{number:g}", number, found["of"] or total)


def _value(text: str) -> float | None:
    """Value of a decimal or Roman number; None for letters that are none."""
    if text[0].isdigit():
        return float(text.replace(",", "."))
    if not _ROMAN.match(text):
        return None
    values = [_ROMAN_VALUES[letter] for letter in text.lower()]
    return float(sum(-each if each < max(values[place:]) else each for place, each in enumerate(values)))

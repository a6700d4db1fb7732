"""Values of an article: frozen and validated."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Day

_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """Partial date: a year, a month of a year, or a day (proleptic Gregorian, years 1 to 9999).

    Raises `ValueError` for a date that does not exist or a day without a month.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.month is None and self.day is not None:
            raise ValueError("a day needs a month")
        Day(self.year, self.month or 1, self.day or 1)

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Reads `2019`, `2019-03` or `2019-03-14` (ISO 8601 calendar dates); raises `ValueError` for anything else."""
        found = _ISO.match(text)
        if found is None:
            raise ValueError(f"not a date of the form 2019, 2019-03 or 2019-03-14: {text!r}")
        return cls(*(int(part) if part else None for part in found.groups()))  # type: ignore[arg-type]

    @property
    def first(self) -> Day:
        """First day of the date."""
        return Day(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> Day:
        """Last day of the date."""
        month = self.month or 12
        return Day(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def isoformat(self) -> str:
        """ISO 8601 form of the known parts: `2019`, `2019-03` or `2019-03-14`."""
        parts = [f"{self.year:04d}"] + [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    __str__ = isoformat


@dataclass(frozen=True, slots=True)
class Source:
    """Source of an article: name of the publication, URL there, or both."""

    name: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if not (self.name or self.url):
            raise ValueError("a source needs a name or an address")


@dataclass(frozen=True, slots=True)
class ArticleMetadata:
    """Fields of an article apart from its text; empty ones are unknown. `language` is a BCP 47 tag.

    Raises `ValueError` if `authors` or `topics` is not a tuple.
    """

    title: str = ""
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    date: PartialDate | None = None
    updated: PartialDate | None = None
    summary: str | None = None
    source: Source | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.authors, tuple) and isinstance(self.topics, tuple)):
            raise ValueError(f"authors and topics must be tuples: {self.authors!r}, {self.topics!r}")


@dataclass(frozen=True, slots=True)
class Article:
    """Article as read from one file.

    `id` is the path below the library without its suffix (NFC, `/` between folders); `path` is the same with the
    suffix. `body` is the Markdown after the front matter, unchanged. `extra` holds every front matter key that has no
    field in `ArticleMetadata`, values as parsed.

    Raises `ValueError` if `id` or the title is empty.
    """

    id: str
    path: str
    metadata: ArticleMetadata
    body: str
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id or not self.metadata.title.strip():
            raise ValueError("an article needs an id and a title")

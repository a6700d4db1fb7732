"""Mapping of front matter keys to `ArticleMetadata`, with a reason for every value that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from operator import itemgetter
from typing import TypeVar

from backfile.archive.languages import language_code, language_in_name
from backfile.archive.markdown.headings import title_heading, words_of_value
from backfile.archive.metadata import field_names
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import DateUnclear, is_no_time, parse_date
from backfile.archive.metadata.field_names import normal
from backfile.archive.metadata.name_keys import topic_key
from backfile.archive.metadata.path_dates import date_in_address, date_in_path, most_precise
from backfile.archive.metadata.publications import find_source
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.storage.file_titles import title_from_path

Value = TypeVar("Value")

_EMPTY: tuple[object, ...] = (None, "", [], {})
_NO = frozenset({"false", "no", "off", "0", "n"})
_YES = frozenset({"true", "yes", "on", "1", "y"})
_TRUTH = _YES | _NO - {"0", "1"}
_HIDDEN_STATES = frozenset({"draft", "private", "pending", "skip", "trash", "auto-draft", "future-draft"})


@dataclass(frozen=True, slots=True)
class DisplayNames:
    """Display names of the keys of authors and topics (`jane-doe`): `key.casefold()` → name."""

    authors: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)

    def author(self, name: str) -> str:
        """Display name of an author as written in a file."""
        return self.authors.get(name.casefold(), name)

    def topic(self, name: str) -> str:
        """Display name of a topic as written in a file."""
        return self.topics.get(name.casefold(), name)

    def known(self, facet: str, key: str) -> str | None:
        """Display name of a key of the facet `author` or `topic`; None if it is not known."""
        return (self.authors if facet == "author" else self.topics).get(key.casefold())


@dataclass(frozen=True, slots=True)
class MetadataProblem:
    """Problem with one key of the front matter."""

    key: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class MappedMetadata:
    """Metadata mapped from front matter.

    `extra` holds the keys that no field came from; `used` maps each field to the keys it came from.
    """

    metadata: ArticleMetadata
    draft: bool
    extra: Mapping[str, object]
    used: Mapping[str, tuple[str, ...]]
    problems: tuple[MetadataProblem, ...]


class KeyCandidates:
    """Candidate keys of each field in one front matter: top level first, then nested metadata tables."""

    def __init__(self) -> None:
        self.used: dict[str, list[str]] = {}
        self._candidates: dict[str, list[tuple[int, str, object]]] = {}

    @classmethod
    def of(cls, data: Mapping[str, object]) -> KeyCandidates:
        """Candidate keys in parsed front matter."""
        keys = cls()
        nested = []
        for key, value in data.items():
            name = normal(key)
            keys._add(name, key, value, 0)
            if name in field_names.NESTED and isinstance(value, Mapping):
                nested.append((key, value))
        for table, inner in nested:
            for key, value in inner.items():
                keys._add(normal(str(key)), f"{table}.{key}", value, 100)
        return keys

    def _add(self, name: str, key: str, value: object, penalty: int) -> None:
        for field_name, rank in field_names.FIELDS_OF.get(name, ()):
            self._candidates.setdefault(field_name, []).append((rank + penalty, key, value))

    def values(self, name: str) -> list[tuple[str, object]]:
        """Keys of a field and their values, best key first, without empty ones."""
        candidates = self._candidates.get(name, ())
        ordered = sorted(candidates, key=itemgetter(0)) if len(candidates) > 1 else candidates
        return [(key, value) for _, key, value in ordered if value not in _EMPTY]

    def first(self, name: str, convert: Callable[[object], Value]) -> Value | None:
        """Converts the best value of a field that is not empty once converted, and notes its key as used."""
        for key, value in self.values(name):
            converted = convert(value)
            if converted:
                self.use(name, key)
                return converted
        return None

    def use(self, name: str, key: str) -> None:
        """Notes that a field of the article came from a key."""
        self.used.setdefault(name, []).append(key)


def map_metadata(
    data: Mapping[str, object],
    body: str,
    path: str,
    *,
    names: DisplayNames | None = None,
    day_first: bool | None = None,
) -> MappedMetadata:
    """Maps front matter and body of the article at `path` (below the library) to metadata.

    Never raises: values that do not fit stay in `extra` and are named in `problems`.
    """
    keys = KeyCandidates.of(data)
    problems: list[MetadataProblem] = []
    display = names or DisplayNames()
    draft = _draft(keys, path)
    date = _date(keys, "date", day_first, problems) or most_precise(*_dates_in_path_and_address(keys, path))
    metadata = ArticleMetadata(
        title=keys.first("title", plain_line) or _title(body, path),
        authors=keys.first("authors", partial(author_names, display=display.author)) or (),
        topics=_topics(keys, path, display.topic),
        date=date,
        updated=_date(keys, "updated", day_first, problems),
        summary=keys.first("summary", plain_line),
        source=_source(keys, problems),
        language=_language(keys, path, problems),
    )
    used = {key for group in keys.used.values() for key in group}
    return MappedMetadata(
        metadata,
        draft=draft,
        extra={key: value for key, value in data.items() if key not in used},
        used={name: tuple(group) for name, group in keys.used.items()},
        problems=tuple(problems),
    )


def words(value: object) -> str:
    """Line of text from a front matter value; empty for lists, mappings and None."""
    if isinstance(value, str):
        text = unescape(value) if "&" in value else value
        return " ".join(text.replace("\x00", "").split())
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, list | Mapping):
        return ""
    return str(value)


def plain_line(value: object) -> str:
    """Line of text from a title or summary, without the markup that only formats it."""
    return words_of_value(value.replace("\x00", "")) if isinstance(value, str) else words(value)


def _title(body: str, path: str) -> str:
    """Title of an article without one in its front matter."""
    heading = title_heading(body)
    return heading.text if heading else title_from_path(path)


def _topics(keys: KeyCandidates, path: str, display: Callable[[str], str]) -> tuple[str, ...]:
    topics: dict[str, str] = {}
    for key, value in keys.values("topics"):
        for name in topic_names(value, key=normal(key.rpartition(".")[2]), path=path, display=display):
            topics.setdefault(topic_key(name), name)
        keys.use("topics", key)
    return tuple(topics.values())


def _date(
    keys: KeyCandidates, name: str, day_first: bool | None, problems: list[MetadataProblem]
) -> PartialDate | None:
    for key, value in keys.values(name):
        if isinstance(value, bool) or words(value).casefold() in _TRUTH:
            continue
        dated = value["date"] if isinstance(value, Mapping) and "date" in value else value
        if is_no_time(dated):
            continue
        known: PartialDate | None
        try:
            known = parse_date(dated, day_first=day_first)
        except DateUnclear as unclear:
            problems.append(MetadataProblem(key, str(unclear), "write it as 2019-03-14, or as 2019-03 or 2019"))
            known = unclear.known
        if known is not None:
            keys.use(name, key)
            return known
    return None


def _dates_in_path_and_address(keys: KeyCandidates, path: str) -> Iterator[PartialDate | None]:
    yield date_in_path(path)
    for _, value in keys.values("address"):
        if isinstance(value, str):
            yield date_in_address(value)


def _source(keys: KeyCandidates, problems: list[MetadataProblem]) -> Source | None:
    names = keys.values("source")
    urls = keys.values("source_url")
    found = find_source(names, urls)
    for key in found.used:
        keys.use("source", key)
    for key, address in found.refused:
        problems.append(MetadataProblem(key, f"not a valid URL: {address[:80]!r}", "write it as https://…"))
    return found.source


def _language(keys: KeyCandidates, path: str, problems: list[MetadataProblem]) -> str | None:
    for key, value in keys.values("language"):
        code = language_code(words(value))
        if code is not None:
            keys.use("language", key)
            return code
        problems.append(
            MetadataProblem(key, f"not a language: {words(value)[:40]!r}", "write a code such as en or pt-BR")
        )
    return language_in_name(path)


def _draft(keys: KeyCandidates, path: str) -> bool:
    if "_drafts/" in path and "_drafts" in path.split("/"):
        return True
    for key, value in keys.values("draft"):
        name, text = normal(key.rpartition(".")[2]), words(value).casefold()
        if name == "draft":
            hidden = text in _YES
        elif name == "published":
            hidden = text in _NO
        else:
            hidden = text in _HIDDEN_STATES
        if hidden:
            return True
    return False

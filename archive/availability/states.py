"""States of an article at a time: embargoed, scheduled, expired, unlisted, withheld or published.

Front matter decides, with the names of the site builders and of repositories (docs/decisions/states.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from backfile.archive.availability.moments import LATEST, parse_moment, start_of
from backfile.archive.metadata.field_names import normal
from backfile.archive.metadata.mapping import KeyCandidates, MappedMetadata, MetadataProblem, words

_NO = frozenset({"", "false", "no", "off", "0", "n", "none", "null", "~", "never"})
_YES = frozenset({"true", "yes", "on", "1", "y"})
_UNLISTED_STATES = frozenset({"unlisted", "hidden"})  # Docusaurus, Pelican
_PLANNED_STATES = frozenset({"future", "scheduled", "embargoed"})  # WordPress, Ghost
_UNLISTED_BUILD = frozenset({"never", "false", "local"})  # Hugo
_BUILD_KEYS = frozenset({"build"})


class State(StrEnum):
    """States of an article. Search, lists, feeds and exports hold those that are `PUBLISHED`, and no others."""

    PUBLISHED = "published"
    EMBARGOED = "embargoed"
    SCHEDULED = "scheduled"
    EXPIRED = "expired"
    UNLISTED = "unlisted"
    WITHHELD = "withheld"


READABLE = frozenset({State.PUBLISHED, State.UNLISTED})
"""States in which an article is shown at its address."""

SECRET = frozenset({State.EMBARGOED, State.SCHEDULED})
"""States in which nothing tells that there is an article."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Times and marks that decide the state of an article; moments are in UTC.

    `withheld` is the reason why it is, perhaps an empty one; None if it is not.
    """

    embargo: datetime | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    unlisted: bool = False
    withheld: str | None = None

    def state(self, now: datetime) -> State:
        """State at a moment. An embargo goes before all else: until it ends nothing is told, not even a reason."""
        if self.embargo is not None and now < self.embargo:
            return State.EMBARGOED
        if self.begins is not None and now < self.begins:
            return State.SCHEDULED
        if self.withheld is not None:
            return State.WITHHELD
        if self.ends is not None and now >= self.ends:
            return State.EXPIRED
        return State.UNLISTED if self.unlisted else State.PUBLISHED

    def next_change(self, now: datetime) -> datetime | None:
        """First moment after `now` at which the state is another; None if it stays."""
        state = self.state(now)
        times = sorted(each for each in (self.embargo, self.begins, self.ends) if each is not None and each > now)
        return next((each for each in times if each < LATEST and self.state(each) is not state), None)


PUBLIC = Availability()
"""Availability of an article whose front matter says nothing about it, not even a date."""


def read_availability(
    data: Mapping[str, object],
    mapped: MappedMetadata,
    zone: tzinfo,
    *,
    day_first: bool | None = None,
    hide_expired: bool = False,
) -> tuple[Availability, tuple[MetadataProblem, ...]]:
    """Availability by front matter that was mapped, and the problems of its values.

    `zone` is that of dates and of times without one. An embargo that is not understood holds the article back, an
    expiry that is not understood does not. With `hide_expired` the keys of site generators (`expiryDate`) count too.
    """
    reader = _Reader(KeyCandidates.of(data), zone, day_first, [])
    availability = Availability(
        embargo=reader.embargo(),
        begins=reader.begins(mapped),
        ends=reader.ends(("expires", "site_expires") if hide_expired else ("expires",)),
        unlisted=reader.is_unlisted(data),
        withheld=reader.withheld(),
    )
    return availability, tuple(reader.problems)


@dataclass(frozen=True)
class _Reader:
    keys: KeyCandidates
    zone: tzinfo
    day_first: bool | None
    problems: list[MetadataProblem]

    def embargo(self) -> datetime | None:
        """End of the embargo, the last if several are stated."""
        ends = []
        for key, value in self.keys.values("embargo"):
            if words(value).casefold() in _NO and not isinstance(value, list | Mapping):
                continue
            moment = parse_moment(value, self.zone, day_first=self.day_first)
            if moment is None and words(value).casefold() not in _YES:
                self._problem(key, "is not understood, so the article is held back for good")
            elif moment is not None and moment.note:
                self._problem(key, f"{moment.note}: the article is held back until it is certain")
            ends.append(moment.at if moment else LATEST)
        return max(ends, default=None)

    def begins(self, mapped: MappedMetadata) -> datetime | None:
        """Moment of publication: by the keys that state it, else by the date of the article."""
        for _, value in self.keys.values("published"):
            moment = parse_moment(value, self.zone, day_first=self.day_first)
            if moment is not None:
                return moment.at
        date = mapped.metadata.date
        if date is not None:
            stated = next(iter(mapped.used.get("date", ())), None)
            value = next((value for key, value in self.keys.values("date") if key == stated), None)
            is_day = isinstance(value, str) and len(value) <= len("2019-03-14")
            moment = None if is_day else parse_moment(value, self.zone, day_first=self.day_first)
            return moment.at if moment else start_of(date, self.zone)
        for key, value in self.keys.values("draft"):
            if words(value).casefold() in _PLANNED_STATES:
                self._problem(key, "is planned without a date, so the article is held back for good")
                return LATEST
        return None

    def ends(self, fields: tuple[str, ...]) -> datetime | None:
        """Moment of expiry by the keys of some fields, the first if several are stated."""
        ends = []
        for key, value in [each for field in fields for each in self.keys.values(field)]:
            if words(value).casefold() in _NO and not isinstance(value, list | Mapping):
                continue
            moment = parse_moment(value, self.zone, day_first=self.day_first)
            if moment is None:
                self._problem(key, "is not understood, so the article does not expire")
                continue
            if moment.note:
                self._problem(key, moment.note)
            ends.append(moment.at)
        return min(ends, default=None)

    def is_unlisted(self, data: Mapping[str, object]) -> bool:
        """Whether the article is left out of lists: by a key of its own, a status, or Hugo's build options."""
        for key, value in self.keys.values("unlisted"):
            text = words(value).casefold()
            if text not in _YES | _NO:
                self._problem(key, "is neither true nor false, so the article is unlisted")
            if text not in _NO:
                return True
        if any(words(value).casefold() in _UNLISTED_STATES for _, value in self.keys.values("draft")):
            return True
        builds = [value for key, value in data.items() if normal(key) in _BUILD_KEYS and isinstance(value, Mapping)]
        return any(words(build.get("list")).casefold() in _UNLISTED_BUILD for build in builds)

    def withheld(self) -> str | None:
        """Reason why the article is withheld; None if it is not."""
        for _, value in self.keys.values("withheld"):
            stated = value.get("reason", "true") if isinstance(value, Mapping) else value
            reason = "; ".join(map(words, stated)) if isinstance(stated, list) else words(stated)
            if reason.casefold() not in _NO:
                return "" if reason.casefold() in _YES else reason
        return None

    def _problem(self, key: str, reason: str) -> None:
        hint = "write a date, or a date and time with its zone: 2031-03-14T18:00:00+01:00"
        self.problems.append(MetadataProblem(key, f"{key} {reason}" if not reason.startswith("the ") else reason, hint))

"""Grouping of articles into stories: a lead, and the later articles that are copies of it.

Articles are taken in the order earliest, longest, id. One that is a copy of a lead before it joins the first such lead;
any other is a lead itself. So every member is like its lead, no chain of small changes joins what differs, and neither
the order of files nor that of changes matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Day
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backfile.archive.model import PartialDate
from backfile.index.copies.shingles import BANDS, Signature

MIN_WORDS = 40
"""Words that an article must have to be a copy or to have one: shorter ones are alike by chance."""
_ESTIMATED = 0.55  # similarity by the signatures; their error at .8 is .05
_UNDATED_LAST = Day.max.toordinal() + 1


class SignedArticle(NamedTuple):
    """Article to be grouped: first and last day of its date as ordinals (0: undated), its signature."""

    id: str
    first: int
    last: int
    signature: Signature

    @classmethod
    def of(cls, article_id: str, date: PartialDate | None, signature: Signature) -> SignedArticle:
        """Article with an id, a date and a signature."""
        days = (date.first.toordinal(), date.last.toordinal()) if date else (0, 0)
        return cls(article_id, *days, signature)

    @property
    def place(self) -> tuple[int, int, str]:
        """Place in the order in which leads are chosen."""
        return self.first or _UNDATED_LAST, -self.signature.words, self.id

    def is_near(self, other: SignedArticle, days: int) -> bool:
        """Whether the dates may lie so many days apart; an article without a date is near those without one alone."""
        if not self.first or not other.first:
            return self.first == other.first
        return max(self.first - other.last, other.first - self.last) <= days

    def is_of_day(self, other: SignedArticle) -> bool:
        """Whether both are dated to the same day."""
        return 0 < self.first == other.first == self.last == other.last


_MOST_LEADS = 20  # similar leads that an article is compared with word by word: a long series has thousands
_MOST_TOUCHED = 500  # articles from which on all are grouped anew
IsCopy = Callable[[SignedArticle, SignedArticle], bool]
"""Exact test of two articles whose signatures are similar."""


@dataclass(frozen=True)
class Grouping:
    """Grouping of some articles by `is_copy`, which is asked of those that lie at most so many `days` apart."""

    articles: Sequence[SignedArticle]
    days: int
    is_copy: IsCopy

    @cached_property
    def _bands(self) -> npt.NDArray[np.uint64]:
        return np.frombuffer(b"".join(each.signature.bands for each in self.articles), "<u8").reshape(-1, BANDS)

    @cached_property
    def _eligible(self) -> npt.NDArray[np.bool_]:
        return np.array([each.signature.words >= MIN_WORDS for each in self.articles], np.bool_)

    def stories(self) -> dict[str, str]:
        """Id of each member of a story with copies → id of its lead, the leads included."""
        return self._group(self._candidates())

    def stories_around(self, changed: Iterable[SignedArticle]) -> tuple[dict[str, str], frozenset[str]]:
        """Stories of all articles that a changed one may touch, and the ids of these articles.

        `changed` are articles as they were before and as they are now. Whatever is similar to one of them, to one that
        is similar to that, and so on, is grouped anew; nothing else can have another story than before.
        """
        touched = np.zeros(len(self.articles), np.bool_)
        waiting = list(changed)
        while waiting:
            if touched.sum() > _MOST_TOUCHED:
                return self.stories(), frozenset(each.id for each in self.articles)
            found = self._similar(waiting.pop()) & ~touched
            touched |= found
            waiting += [self.articles[number] for number in np.flatnonzero(found).tolist()]
        numbers = np.flatnonzero(touched).tolist()
        return self._group(numbers), frozenset(self.articles[number].id for number in numbers)

    def _candidates(self) -> list[int]:
        """Numbers of the articles that share a band with another one."""
        shared = np.zeros(len(self.articles), np.bool_)
        for band in self._bands.T:
            order = band.argsort(kind="stable")
            same = band[order[1:]] == band[order[:-1]]
            shared[order[1:][same]] = True
            shared[order[:-1][same]] = True
        return np.flatnonzero(shared & self._eligible).tolist()

    def _similar(self, article: SignedArticle) -> npt.NDArray[np.bool_]:
        """Articles that `is_copy` may be asked about together with one, itself included if it is there."""
        found = np.zeros(len(self.articles), np.bool_)
        if article.signature.words < MIN_WORDS:
            return found
        own = np.frombuffer(article.signature.bands, "<u8")
        for number in np.flatnonzero((self._bands == own).any(axis=1) & self._eligible).tolist():
            found[number] = _may_be_copies(self.articles[number], article, self.days)
        return found

    def _group(self, numbers: Iterable[int]) -> dict[str, str]:
        stories: dict[str, str] = {}
        leads: list[defaultdict[bytes, list[SignedArticle]]] = [defaultdict(list) for _ in range(BANDS)]
        for article in sorted((self.articles[number] for number in numbers), key=lambda each: each.place):
            similar = (lead for lead in _leads(leads, article) if _may_be_copies(lead, article, self.days))
            lead = next((lead for lead in islice(similar, _MOST_LEADS) if self.is_copy(lead, article)), None)
            if lead is None:
                for known, band in zip(leads, _split(article), strict=True):
                    known[band].append(article)
            else:
                stories[lead.id] = stories[article.id] = lead.id
        return stories


def _leads(leads: Sequence[Mapping[bytes, list[SignedArticle]]], article: SignedArticle) -> Iterator[SignedArticle]:
    """Leads that share a band with an article, in their order."""
    found = {lead.id: lead for known, band in zip(leads, _split(article), strict=True) for lead in known.get(band, ())}
    return iter(sorted(found.values(), key=lambda each: each.place))


def _split(article: SignedArticle) -> list[bytes]:
    bands = article.signature.bands
    size = len(bands) // BANDS
    return [bands[start : start + size] for start in range(0, len(bands), size)]


def _may_be_copies(one: SignedArticle, other: SignedArticle, days: int) -> bool:
    """Whether dates and signatures of two articles allow them to be copies."""
    if not one.is_near(other, days):
        return False
    values, others = (np.frombuffer(each.signature.bands, "<u2") for each in (one, other))
    return bool((values == others).mean() >= _ESTIMATED)

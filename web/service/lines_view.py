"""View of a search as lines (words in context) in URLs: its order and its sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backfile.index.concordance.arrangement import Arrangement
from backfile.index.concordance.lines_request import MOST_SAMPLED
from backfile.web.service.i18n import gettext, gettext_noop

VIEW = "lines"
LINES_PER_PAGE = 50
NAMES = ("view", "by", "frequent", "sample", "seed")  # in the order of URLs
MAX_SEED = 999_999_999

ARRANGEMENTS = {
    Arrangement.SEARCH: gettext_noop("Order of the articles"),
    Arrangement.MATCH: gettext_noop("Word found"),
    Arrangement.L1: gettext_noop("1st word before"),
    Arrangement.L2: gettext_noop("2nd word before"),
    Arrangement.L3: gettext_noop("3rd word before"),
    Arrangement.R1: gettext_noop("1st word after"),
    Arrangement.R2: gettext_noop("2nd word after"),
    Arrangement.R3: gettext_noop("3rd word after"),
    Arrangement.DATE: gettext_noop("Date"),
    Arrangement.AUTHOR: gettext_noop("Author"),
    Arrangement.ARTICLE: gettext_noop("File"),
}


class LinesView(NamedTuple):
    """Order of lines, whether the most frequent neighbour comes first, and the sample with its seed, if any."""

    arrangement: Arrangement = Arrangement.SEARCH
    frequent: bool = False
    sample: int | None = None
    seed: int = 1

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values as in a URL."""
        pairs = [("view", VIEW)]
        if self.arrangement is not Arrangement.SEARCH:
            pairs.append(("by", self.arrangement.value))
        if self.frequent:
            pairs.append(("frequent", "1"))
        if self.sample is not None:
            pairs += [("sample", str(self.sample)), ("seed", str(self.seed))]
        return pairs


def read_lines_view(values: Mapping[str, str], notices: list[str]) -> LinesView:
    """Reads the view of a request; what cannot be understood becomes a notice, never an error."""
    return LinesView(
        _arrangement(values.get("by", "").strip(), notices),
        values.get("frequent", "").strip() not in ("", "0"),
        _number(values, "sample", 1, MOST_SAMPLED, notices),
        _number(values, "seed", 0, MAX_SEED, notices) or 0 if values.get("seed", "").strip() else 1,
    )


def _arrangement(text: str, notices: list[str]) -> Arrangement:
    try:
        return Arrangement(text or Arrangement.SEARCH)
    except ValueError:
        known = ", ".join(Arrangement)
        notices.append(
            gettext(
                "Lines can be arranged by %(known)s, not by “%(typed)s”; they follow the articles.",
                known=known,
                typed=text[:40],
            )
        )
        return Arrangement.SEARCH


def _number(values: Mapping[str, str], name: str, least: int, most: int, notices: list[str]) -> int | None:
    text = values.get(name, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    if text:
        notices.append(
            gettext(
                "“%(name)s” must be a number from %(least)s to %(most)s, not “%(typed)s”; it was left out.",
                name=name,
                least=least,
                most=most,
                typed=text[:40],
            )
        )
    return None

"""Features of the blocks of a page: the readings that have them, their form, their names, their neighbours.

The features are those of the literature on boilerplate detection (Kohlschütter et al. 2010, "Boilerplate Detection
using Shallow Text Features"; Vogels et al. 2018, "Web2Text"), and none is keyed to a site or a language.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from lxml.html import HtmlElement

from backfile.archive.importers.extraction.page_blocks import HEADINGS, PageBlock

Features = dict[str, float]

_NAMES = {
    "comment": r"comment|disqus|discuss|respond",
    "foot": r"foot(?!note|ball)|copyright|legal|imprint|disclos|disclaim",
    "side": r"side-?bar|aside|widget|rail\b",
    "related": r"relat|recommend|similar|teaser|more\b|also|popular|trending|outbrain|taboola|next|prev|in-?text-link",
    "author": r"author|byline|\bbio\b|-bio|writer|contributor|sabox|abh_",
    "newsletter": r"news-?letter|subscri|sign-?up|promo|sponsor|\bads?\b|advert|anzeige|banner|cookie|donat|paywall",
    "meta": r"meta|\btags?\b|categor|date|time|info|crumb|label|kicker|credit",
    "caption": r"caption|legend|gallery|slide|photo|image|media|figure",
    "head": r"head|title|hero",
    "body": r"body|content|text|entry|post|story|article|main|copy|paragraph|rich",
    "lead": r"lead|intro|teaser|standfirst|summary|excerpt|\bdek\b|deck|subtitle|subhead|bajada|vorspann|chapo|sapo",
    "quoted_post": r"twitter-tweet|instagram-media|embed",
}
"""What the class or id of a block or of the containers around it says it is."""
_NAME_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _NAMES.items()}
_CONTAINERS_NAMED = 2
_TAGS = {**dict.fromkeys(HEADINGS, "heading"), "td": "cell", "th": "cell", "dd": "term", "dt": "term"}
_PLAIN_TAGS = frozenset({"p", "li", "div", "blockquote", "pre"})
_RUNNING_WORDS = 12
_RUNNING_LINKS = 1 / 3
_SENTENCE_LINKS = 0.7
_SENTENCE_END = re.compile(r"[.!?。！？…।][\"”’»)\]]*\s*\Z|[”»]\s*\Z")
_FULL_LENGTH = 40
_READ = 0.5
"""Weight of a block of 20 words that all readings have."""
_SAME_AS_SUMMARY = 0.8
_MOST_COMMAS = 5


def block_features(
    blocks: Sequence[PageBlock], votes: Mapping[str, Sequence[bool]], title: list[str], summary: list[str]
) -> list[Features]:
    """Features of each block; those that are absent are 0.

    `votes` says for each reading of the page which blocks it has; `title` and `summary` are the words of both.
    """
    support = [sum(given) / len(votes) for given in zip(*votes.values(), strict=True)]
    page = _Page(blocks, support, frozenset(title), frozenset(summary))
    rows = []
    for block, share in zip(blocks, support, strict=True):
        row = {f"read by {name}": 1.0 for name, given in votes.items() if given[block.position]}
        row |= page.of_support(block, share)
        row |= page.of_form(block)
        row |= page.of_place(block)
        rows.append(row)
    return rows


class _Page:
    """Blocks of one page with the share of the readings that have each."""

    def __init__(
        self, blocks: Sequence[PageBlock], support: list[float], title: frozenset[str], summary: frozenset[str]
    ) -> None:
        self._blocks, self._support = blocks, support
        self._title, self._summary = title, summary
        self._links = [block.link_density() for block in blocks]
        self._weights = [
            share * min(len(block.words), _FULL_LENGTH) / _FULL_LENGTH
            for block, share in zip(blocks, support, strict=True)
        ]
        self._first, self._last = self._span()
        self._headline = max((b.position for b in blocks[: self._first] if b.element.tag == "h1"), default=-1)
        self._copies = Counter(" ".join(block.words) for block in blocks if len(block.words) > 3)
        self._boxes = {
            block.element.getparent() for block, weight in zip(blocks, self._weights, strict=True) if weight >= _READ
        }
        self._names: dict[HtmlElement, frozenset[str]] = {}

    def _span(self) -> tuple[int, int]:
        """Positions of the first and last block of running text that all readings have, else that any has."""
        for least in (1.0, 1e-9):
            found = [
                block.position
                for block, share, links in zip(self._blocks, self._support, self._links, strict=True)
                if share >= least and len(block.words) >= _RUNNING_WORDS and links < _most_links(block)
            ]
            if found:
                return found[0], found[-1]
        return 0, len(self._blocks)

    def of_support(self, block: PageBlock, share: float) -> Features:
        """Readings that have a block, alone and with its form."""
        length = math.log1p(len(block.words))
        kind = _kind(block)
        row = {"length": length, "read by all": float(share == 1), "read by none": float(share == 0)}
        row |= {"length, read": length * share, "links, read": self._links[block.position] * share}
        if kind in ("heading", "li", "cell"):
            row[f"{kind}, read"] = share
        return row

    def of_form(self, block: PageBlock) -> Features:
        """Tag, length, links, signs and words of a block."""
        text, found, links = block.text.strip(), frozenset(block.words), self._links[block.position]
        shared = len(found & self._summary) / max(1, len(found))
        is_summary = len(block.words) > 4 and shared > _SAME_AS_SUMMARY
        return {
            f"is {_kind(block)}": 1.0,
            "short": float(len(block.words) < 5),
            "long": float(len(block.words) >= 25),
            "links": links,
            "only links": float(links > 0.9),
            "sentence": float(_SENTENCE_END.search(text) is not None),
            "copyright": float("©" in text),
            "address": float("@" in text),
            "bars": float("|" in text),
            "commas": min(_MOST_COMMAS, text.count(",")) / _MOST_COMMAS,
            "exclaims": float("!" in text),
            "asks": float("?" in text),
            "repeated": float(self._copies[" ".join(block.words)] > 1),
            "title": float(bool(found) and found == self._title),
            "words of title": len(found & self._title) / max(1, len(found)),
            "summary": float(is_summary),
            "pointer": float(block.is_pointer(links)),
        }

    def of_place(self, block: PageBlock) -> Features:
        """Neighbours of a block, where it is, and what it and its containers are called."""
        at = block.position
        row = {f"neighbour {step:+}": self._weight(at + step) for step in (-2, -1, 1, 2)}
        above, below = (max(self._weight(at + step), self._weight(at + 2 * step)) for step in (-1, 1))
        row |= {"between read": min(above, below)}
        if block.element.getparent() in self._boxes:
            row |= {"beside read": 1.0, "beside read, read": self._support[at]}
        before, after = max(0, self._first - at), max(0, at - self._last)
        row |= {"before": float(before > 0), "after": float(after > 0)}
        if before and at > self._headline >= 0:
            row["below headline"] = 1.0
            row["running below headline"] = float(len(block.words) >= 8 and self._links[at] < _RUNNING_LINKS)
        return row | dict.fromkeys((f"named {name}" for name in self._names_around(block)), 1.0)

    def _weight(self, position: int) -> float:
        return self._weights[position] if 0 <= position < len(self._weights) else 0.0

    def _names_around(self, block: PageBlock) -> Iterator[str]:
        for element in (block.element, *islice(block.element.iterancestors(), _CONTAINERS_NAMED)):
            if element not in self._names:
                words = f"{element.get('class') or ''} {element.get('id') or ''}"
                self._names[element] = frozenset(
                    name for name, pattern in _NAME_PATTERNS.items() if words != " " and pattern.search(words)
                )
            yield from self._names[element]


def _most_links(block: PageBlock) -> float:
    """Least share of words in links at which a block is no running text; a sentence has more of them than a list."""
    return _SENTENCE_LINKS if _SENTENCE_END.search(block.text) else _RUNNING_LINKS


def _kind(block: PageBlock) -> str:
    tag = str(block.element.tag)
    return _TAGS.get(tag, tag if tag in _PLAIN_TAGS else "other")

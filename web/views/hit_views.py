"""One article found as a list shows it: its parts with the matches marked, and finished addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from backfile.archive.model import PartialDate, Source
from backfile.index.engine import FieldMatch, HighlightedText, Hit, Span
from backfile.web.service.arguments import SearchArguments, quoted
from backfile.web.service.i18n import format_number, gettext, gettext_noop

SHOWN_TOPICS = 6
CONTEXT_WORDS = 3
SENTENCE_ENDS = tuple('.!?…:。！？؟।"”’»)]')
_SIGNS = frozenset((*SENTENCE_ENDS, *",;–—|"))
# As ` *[\n\t]\s*`; but it begins with one of three letters, which are looked for in two thirds of the time.
_BLOCK_END = re.compile(r"(?:\n|\t|  *[\n\t])\s*")

FIELDS = {
    "title": gettext_noop("Title"),
    "summary": gettext_noop("Summary"),
    "text": gettext_noop("Text"),
    "author": gettext_noop("Author"),
    "topic": gettext_noop("Topic"),
    "source": gettext_noop("Source"),
}

Part = tuple[int | None, str]
"""A piece of text: None when it is not marked, else the number of its mark on the page (0: it has none)."""


class Link(NamedTuple):
    """A text with an address; `current` when it is where the reader already stands."""

    text: str
    url: str
    current: bool = False


class PassageView(NamedTuple):
    """A passage in parts, and whether its text goes on before and after it, which an ellipsis says."""

    parts: tuple[Part, ...]
    begins_inside: bool
    ends_inside: bool


class FieldMatchView(NamedTuple):
    """The name of a field, and the words found in it: `ferry 3×, night`."""

    label: str
    words: str


class HitView(NamedTuple):
    """One hit: `title` in parts (whether marked, text); `more_topics` are left out of `topics`."""

    id: str
    place: int
    url: str
    title: tuple[Part, ...]
    authors: tuple[Link, ...]
    topics: tuple[Link, ...]
    more_topics: int
    date: PartialDate | None
    source: Source | None
    language: str | None
    passages: tuple[PassageView, ...]
    matches: int
    reasons: tuple[FieldMatchView, ...]


class FacetLinks:
    """The addresses of a search with one more author or topic: all but the value is made once for a whole page."""

    def __init__(self, arguments: SearchArguments, facet: str) -> None:
        self._chosen = selected_values(arguments, facet)
        self._unchanged = arguments.url(page=1)
        wider = (*self._chosen, "\0")  # no argument holds NUL: see read_arguments
        address = arguments.url(authors=wider) if facet == "author" else arguments.url(topics=wider)
        self._before, self._after = address.split(quoted("\0"))

    def links(self, values: Iterable[str]) -> tuple[Link, ...]:
        """A link for each value; one that is chosen already leads to the first page of the same search."""
        return tuple(Link(value, self._url(value)) for value in values)

    def _url(self, value: str) -> str:
        return self._unchanged if value in self._chosen else f"{self._before}{quoted(value)}{self._after}"


def selected_values(arguments: SearchArguments, facet: str) -> tuple[str, ...]:
    """The values chosen in the facet `author` or `topic`."""
    return arguments.authors if facet == "author" else arguments.topics


def hit_views(arguments: SearchArguments, hits: Iterable[Hit], first: int | None = None) -> tuple[HitView, ...]:
    """The views of hits. Their addresses keep the search when `first`, the place of the first of them, is given."""
    authors, topics = FacetLinks(arguments, "author"), FacetLinks(arguments, "topic")
    locate = arguments.article_addresses()
    return tuple(
        _hit_view(locate, hit, None if first is None else first + place, authors, topics)
        for place, hit in enumerate(hits)
    )


def _hit_view(
    locate: Callable[[str, int | None], str], hit: Hit, place: int | None, authors: FacetLinks, topics: FacetLinks
) -> HitView:
    passages = hit.passages
    if hit.summary and not any(passage.spans for passage in passages):
        passages = (HighlightedText(hit.summary),)
    return HitView(
        id=hit.id,
        place=place or 0,
        url=locate(hit.id, place) + (text_fragment(hit) if place else ""),
        title=parts(hit.title.text, hit.title.spans),
        authors=authors.links(hit.authors),
        topics=topics.links(hit.topics[:SHOWN_TOPICS]),
        more_topics=max(0, len(hit.topics) - SHOWN_TOPICS),
        date=hit.date,
        source=hit.source,
        language=hit.language,
        passages=tuple(_passage_view(passage, place) for place, passage in enumerate(passages, 1)),
        matches=hit.matches,
        reasons=tuple(map(_field_match_view, hit.field_matches)),
    )


def _field_match_view(reason: FieldMatch) -> FieldMatchView:
    words = [f"{word} {format_number(count)}×" if count > 1 else word for word, count in reason.words]
    return FieldMatchView(gettext(FIELDS[reason.field]), ", ".join(words))


def _passage_view(passage: HighlightedText, number: int) -> PassageView:
    pieces = parts(passage.text, passage.spans)
    return PassageView(
        tuple(_flowing(pieces)),
        begins_inside=number > 1 or passage.text[:1].islower(),
        ends_inside=not passage.text.rstrip().endswith(SENTENCE_ENDS),
    )


def _flowing(pieces: Iterable[Part]) -> Iterator[Part]:
    """The parts of a passage in one line: where a block or a cell ends without a sign of its own, a dot parts them."""
    before = ""
    for mark, text in pieces:
        flowing = text
        if "\n" in text or "\t" in text:
            flowing = _BLOCK_END.sub(_joint, before + text)[len(before) :]
        before = flowing[-1:]
        yield mark, flowing


def _joint(end: re.Match[str]) -> str:
    return " " if end.start() == 0 or end.string[end.start() - 1] in _SIGNS else " · "


def parts(text: str, spans: Iterable[Span], *, first: int | None = None) -> tuple[Part, ...]:
    """Text cut at its spans, empty pieces left out; the marks are numbered from `first` where that is given."""
    pieces: list[Part] = []
    done = 0
    for mark, (start, end) in enumerate(spans, first or 0):
        if done < start:
            pieces.append((None, text[done:start]))
        pieces.append((mark if first is not None else 0, text[start:end]))
        done = end
    if done < len(text):
        pieces.append((None, text[done:]))
    return tuple(pieces)


def text_fragment(hit: Hit) -> str:
    """`#m1:~:text=before-,words,-after` for the first marked words of the passages, for browsers that scroll to a text.

    Syntax: WICG Scroll To Text Fragment. Other browsers stand at the first mark; so do these when the words are not
    found. Nothing when nothing is marked.
    """
    for passage in hit.passages:
        if passage.spans:
            start, end = passage.spans[0]
            before = _line_of(passage.text[:start], -1)[-CONTEXT_WORDS:]
            after = _line_of(passage.text[end:], 0)[:CONTEXT_WORDS]
            terms = ",".join(
                [f"{text_directive(before)}-"] * bool(before)
                + [text_directive(passage.text[start:end].split())]
                + [f"-{text_directive(after)}"] * bool(after)
            )
            return f"#m1:~:text={terms}"
    return "#m1" if hit.title.spans else ""


def _line_of(text: str, which: int) -> list[str]:
    """The whole words of the first or last line of a text that borders on a mark, none cut by the mark."""
    line = text.split("\n")[which]
    inner = line[:1] if which == 0 else line[-1:]
    return line.split() if inner.isspace() else []


def text_directive(words: Sequence[str]) -> str:
    """Words as a text directive takes them, where hyphens and commas have a meaning of their own."""
    return quote(" ".join(words), safe="").replace("-", "%2D")

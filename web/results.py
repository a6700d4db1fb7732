"""A result list as its page shows it: hits, chips, facets, years and page numbers, all with finished addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from archive.model import PartialDate, Source
from index.engine import Facet, Hit, Marked, Page, Sort, Span
from web.arguments import SearchArguments
from web.years import YearChart, year_chart

SHOWN_VALUES = 10
SHOWN_TOPICS = 6
CONTEXT_WORDS = 3
SENTENCE_ENDS = tuple('.!?…:。！？؟।"”’»)]')
LEGENDS = {"author": "Author", "topic": "Topic"}
SORTS = ((Sort.RELEVANCE, "Relevance"), (Sort.NEWEST, "Newest"), (Sort.OLDEST, "Oldest"), (Sort.TITLE, "Title"))

Part = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class Link:
    """A text with an address; `current` when it is where the reader already stands."""

    text: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, with the search that is left without it and its address."""

    text: str
    url: str
    rest: SearchArguments


@dataclass(frozen=True, slots=True)
class PassageView:
    """A passage in parts, and whether its text goes on before and after it, which an ellipsis says."""

    parts: tuple[Part, ...]
    begins_inside: bool
    ends_inside: bool


@dataclass(frozen=True, slots=True)
class HitView:
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


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet; `count` is None when the engine did not count it because it is far down the list."""

    value: str
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet: `shown` at once, `more` behind a disclosure, and the address of the whole list when that is longer."""

    name: str
    legend: str
    shown: tuple[Choice, ...]
    more: tuple[Choice, ...]
    total: int
    all_url: str | None


@dataclass(frozen=True, slots=True)
class ResultView:
    """Everything the list of results shows."""

    total: int
    took_ms: float
    page: int
    pages: int
    hits: tuple[HitView, ...]
    chips: tuple[Chip, ...]
    facets: tuple[FacetView, ...]
    years: YearChart | None
    sorts: tuple[Link, ...]
    numbers: tuple[Link | None, ...]
    previous: str | None
    next: str | None


def result_view(arguments: SearchArguments, page: Page, years: Facet, *, keep_search: bool = True) -> ResultView:
    """The view of a page; `years` is the facet of years in full.

    Without `keep_search` its links lead away from the list, as on the front page, instead of narrowing it.
    """
    if not keep_search:
        arguments = SearchArguments()
    first_place = (page.page - 1) * arguments.per_page + 1
    return ResultView(
        total=page.total,
        took_ms=page.took_ms,
        page=page.page,
        pages=page.pages,
        hits=tuple(
            hit_view(arguments, hit, place if keep_search else None) for place, hit in enumerate(page.hits, first_place)
        ),
        chips=chips(arguments),
        facets=tuple(facet_view(arguments, facet) for facet in page.facets if facet.name in LEGENDS),
        years=year_chart(years, arguments),
        sorts=tuple(Link(label, arguments.url(sort=sort), arguments.sort is sort) for sort, label in SORTS),
        numbers=_numbers(arguments, page),
        previous=arguments.url(page=page.page - 1) if 1 < page.page <= page.pages else None,
        next=arguments.url(page=page.page + 1) if page.page < page.pages else None,
    )


def hit_view(arguments: SearchArguments, hit: Hit, place: int | None) -> HitView:
    """The view of one hit; its address keeps the search when `place` is given."""
    passages = hit.passages
    if hit.summary and not any(passage.spans for passage in passages):
        passages = (Marked(hit.summary),)
    last = len(passages) - 1
    return HitView(
        id=hit.id,
        place=place or 0,
        url=arguments.article_url(hit.id, place=place) + text_fragment(hit),
        title=parts(hit.title.text, hit.title.spans),
        authors=tuple(Link(name, narrowing_url(arguments, "author", name)) for name in hit.authors),
        topics=tuple(Link(name, narrowing_url(arguments, "topic", name)) for name in hit.topics[:SHOWN_TOPICS]),
        more_topics=max(0, len(hit.topics) - SHOWN_TOPICS),
        date=hit.date,
        source=hit.source,
        language=hit.language,
        passages=tuple(
            PassageView(
                parts(passage.text, passage.spans),
                begins_inside=number > 0 or passage.text[:1].islower(),
                ends_inside=number == last and not passage.text.rstrip().endswith(SENTENCE_ENDS),
            )
            for number, passage in enumerate(passages)
        ),
        matches=hit.matches,
    )


def parts(text: str, spans: Iterable[Span]) -> tuple[Part, ...]:
    """Text cut at its spans: (whether marked, piece), empty pieces left out."""
    pieces: list[Part] = []
    done = 0
    for start, end in spans:
        if done < start:
            pieces.append((False, text[done:start]))
        pieces.append((True, text[start:end]))
        done = end
    if done < len(text):
        pieces.append((False, text[done:]))
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
            directive = ",".join(
                [f"{_directive(before)}-"] * bool(before)
                + [_directive(passage.text[start:end].split())]
                + [f"-{_directive(after)}"] * bool(after)
            )
            return f"#m1:~:text={directive}"
    return "#m1" if hit.title.spans else ""


def _line_of(text: str, which: int) -> list[str]:
    """The whole words of the first or last line of a text that borders on a mark, none cut by the mark."""
    line = text.split("\n")[which]
    inner = line[:1] if which == 0 else line[-1:]
    return line.split() if inner.isspace() else []


def _directive(words: Sequence[str]) -> str:
    return quote(" ".join(words), safe="").replace("-", "%2D")


def narrowing_url(arguments: SearchArguments, facet: str, value: str) -> str:
    """The address of the same search with one more value chosen."""
    chosen = chosen_values(arguments, facet)
    wider = chosen if value in chosen else (*chosen, value)
    return arguments.url(authors=wider) if facet == "author" else arguments.url(topics=wider)


def chosen_values(arguments: SearchArguments, facet: str) -> tuple[str, ...]:
    """The values chosen in the facet `author` or `topic`."""
    return arguments.authors if facet == "author" else arguments.topics


def facet_view(arguments: SearchArguments, facet: Facet, *, shown: int = SHOWN_VALUES) -> FacetView:
    """The view of a facet with `shown` values at once: chosen ones first, wherever they stand in the list."""
    chosen = chosen_values(arguments, facet.name)
    choices = _choices(facet, chosen)
    shown = max(shown, sum(choice.chosen for choice in choices))
    if len(choices) <= shown + 2:
        shown = len(choices)
    whole = len(facet.values) >= facet.total
    return FacetView(
        name=facet.name,
        legend=LEGENDS[facet.name],
        shown=choices[:shown],
        more=choices[shown:],
        total=facet.total,
        all_url=None if whole else arguments.url(f"/search/{facet.name}s", page=1),
    )


def _choices(facet: Facet, chosen: Sequence[str]) -> tuple[Choice, ...]:
    counted = {value.value: value.count for value in facet.values}
    missing = 0 if len(facet.values) >= facet.total else None
    first = [Choice(value, counted.get(value, missing), True) for value in chosen]
    rest = [Choice(value.value, value.count, False) for value in facet.values if value.value not in chosen]
    return (*first, *rest)


def find_facet(page: Page, name: str) -> Facet:
    """The facet of that name; one without values when the engine gave none."""
    return next((facet for facet in page.facets if facet.name == name), Facet(name, (), 0))


def chips(arguments: SearchArguments) -> tuple[Chip, ...]:
    """The filters in force, in the order of the page."""
    return tuple(Chip(text, rest.url(), rest) for text, rest in _without_each(arguments))


def _without_each(arguments: SearchArguments) -> Iterator[tuple[str, SearchArguments]]:
    for author in arguments.authors:
        yield author, arguments.with_(authors=tuple(each for each in arguments.authors if each != author))
    for topic in arguments.topics:
        yield topic, arguments.with_(topics=tuple(each for each in arguments.topics if each != topic))
    if arguments.first and arguments.first == arguments.last:
        yield arguments.first, arguments.with_(first="", last="")
        return
    if arguments.first:
        yield f"from {arguments.first}", arguments.with_(first="")
    if arguments.last:
        yield f"to {arguments.last}", arguments.with_(last="")


def _numbers(arguments: SearchArguments, page: Page) -> tuple[Link | None, ...]:
    """Page numbers: the first, the last, and two on either side of the current one; None stands for a gap."""
    near = {1, page.pages, *range(page.page - 2, page.page + 3)}
    numbers: list[Link | None] = []
    before = 0
    for number in sorted(n for n in near if 1 <= n <= page.pages):
        if number == before + 2:
            numbers.append(Link(str(before + 1), arguments.url(page=before + 1)))
        elif number > before + 2:
            numbers.append(None)
        numbers.append(Link(str(number), arguments.url(page=number), number == page.page))
        before = number
    return tuple(numbers)

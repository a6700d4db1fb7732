"""View models of the hits of a result list: parts with matches highlighted, links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import quote, urlencode

from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Copy, FieldMatch, HighlightedText, Hit, Span
from backfile.index.fields import facet_key
from backfile.web.service.arguments import HitUrls, SearchArguments
from backfile.web.service.i18n import format_number, gettext, gettext_noop, ngettext
from backfile.web.service.site_urls import article_url, site_path

MAX_TOPICS = 2
CONTEXT_WORDS = 3
SENTENCE_ENDS = tuple('.!?…:。！？؟।"”’»)]')
_PUNCTUATION = frozenset((*SENTENCE_ENDS, *",;–—|"))
_BLOCK_END = re.compile(r"(?<! ) *+[\n\t]\s*+")

FIELDS = {
    "title": gettext_noop("Title"),
    "summary": gettext_noop("Summary"),
    "text": gettext_noop("Text"),
    "author": gettext_noop("Author"),
    "topic": gettext_noop("Topic"),
    "source": gettext_noop("Source"),
}

Part = tuple[int | None, str]
"""Piece of a text: None if not highlighted, else the number of its highlight on the page (0: without a number)."""


class Link(NamedTuple):
    """Text and URL of a link; `current` if it leads to the page shown or, of an author, if the query matches it."""

    text: str
    url: str
    current: bool = False


class PassageView(NamedTuple):
    """Passage in parts; an ellipsis stands before and after it where the text goes on."""

    parts: tuple[Part, ...]
    begins_inside: bool
    ends_inside: bool


class FieldMatchView(NamedTuple):
    """Name of a field and the words found in it: `ferry 3×, night`."""

    label: str
    words: str


class CopyView(NamedTuple):
    """Other copy of an article: where and when it was printed, and the words that it has more and less.

    `title` is empty if it is the same; `compare_url` shows both in one. `difference` is empty if it is not known.
    """

    name: str
    url: str
    title: str
    metadata: ArticleMetadata
    difference: str
    compare_url: str


class CopiesView(NamedTuple):
    """Other copies of an article: all of them in words, and those that are told one by one; `more` are not."""

    summary: str
    shown: tuple[CopyView, ...]
    more: int


class HitView(NamedTuple):
    """Hit with its rank (0: the list is not a result), highlighted parts and links; `more_topics` are not shown."""

    hit: Hit
    rank: int
    url: str
    title: tuple[Part, ...]
    authors: tuple[Link, ...]
    topics: tuple[Link, ...]
    more_topics: int
    passages: tuple[PassageView, ...]
    field_matches: tuple[FieldMatchView, ...]
    copies: CopiesView | None = None


def hit_views(arguments: SearchArguments, hits: Iterable[Hit], first: int | None = None) -> tuple[HitView, ...]:
    """Views of hits. Their URLs keep the search if `first`, the rank of the first of them, is given."""

    url_of = arguments.article_urls()
    author_link, topic_link = _facet_links(arguments, "author"), _facet_links(arguments, "topic")
    return tuple(
        _hit_view(hit, None if first is None else first + index, url_of, author_link, topic_link)
        for index, hit in enumerate(hits)
    )


def _facet_links(arguments: SearchArguments, facet: str) -> Callable[[str], Link]:
    """Function from a value to a link that selects it too; a selected value leads to the first page of the search."""
    selected = {facet_key(facet, value) for value in arguments.selected(facet)}
    first_page, url_of = arguments.url(page=1), arguments.urls_with(facet)
    return cache(lambda value: Link(value, first_page if facet_key(facet, value) in selected else url_of(value)))


def _hit_view(
    hit: Hit,
    rank: int | None,
    url_of: HitUrls,
    author_link: Callable[[str], Link],
    topic_link: Callable[[str], Link],
) -> HitView:
    passages = hit.passages
    if hit.metadata.summary and not any(passage.spans for passage in passages):
        passages = (HighlightedText(hit.metadata.summary),)
    return HitView(
        hit=hit,
        rank=rank or 0,
        url=url_of(hit.id, rank=rank) + (text_fragment(hit) if rank else ""),
        title=parts(hit.title.text, hit.title.spans),
        authors=_mark_matches(map(author_link, hit.metadata.authors), hit),
        topics=tuple(map(topic_link, hit.metadata.topics[:MAX_TOPICS])),
        more_topics=max(0, len(hit.metadata.topics) - MAX_TOPICS),
        passages=tuple(_passage_view(passage, number) for number, passage in enumerate(passages, 1)),
        field_matches=tuple(map(_field_match_view, hit.field_matches)),
        copies=copies_view(hit) if hit.copies else None,
    )


def copies_view(hit: Hit) -> CopiesView:
    """View of the other copies of a hit's story."""
    return CopiesView(
        ngettext("Also printed in %(num)s place", "Also printed in %(num)s places", hit.copy_count),
        tuple(_copy_view(hit, copy) for copy in hit.copies),
        hit.copy_count - len(hit.copies),
    )


def _copy_view(hit: Hit, copy: Copy) -> CopyView:
    metadata = copy.metadata
    source = metadata.source.name if metadata.source else None
    is_same = source is None or metadata.title == hit.metadata.title
    return CopyView(
        name=source or metadata.title,
        url=article_url(copy.id),
        title="" if is_same else metadata.title,
        metadata=metadata,
        difference=difference_text(copy.added, copy.removed),
        compare_url=site_path(f"/compare?{urlencode({'a': hit.id, 'b': copy.id})}"),
    )


def difference_text(added: int | None, removed: int | None) -> str:
    """Difference of two texts in words: `+12 −3 words`; empty if it is not known."""
    if added is None or removed is None:
        return ""
    if not added and not removed:
        return gettext("word for word the same")
    numbers = [f"+{format_number(added)}"] * bool(added) + [f"−{format_number(removed)}"] * bool(removed)
    return ngettext("%(numbers)s word", "%(numbers)s words", added + removed, numbers=" ".join(numbers))


def _mark_matches(authors: Iterable[Link], hit: Hit) -> tuple[Link, ...]:
    """Links of authors, those that the query matches as current ones."""
    matching = {value for match in hit.field_matches if match.field == "author" for value, _ in match.words}
    return tuple(link._replace(current=True) if link.text in matching else link for link in authors)


def _field_match_view(match: FieldMatch) -> FieldMatchView:
    words = [f"{word} {format_number(count)}×" if count > 1 else word for word, count in match.words]
    return FieldMatchView(gettext(FIELDS[match.field]), ", ".join(words))


def _passage_view(passage: HighlightedText, number: int) -> PassageView:
    return PassageView(
        tuple(_joined_lines(parts(passage.text, passage.spans))),
        begins_inside=number > 1 or passage.text[:1].islower(),
        ends_inside=not passage.text.rstrip().endswith(SENTENCE_ENDS),
    )


def _joined_lines(pieces: Iterable[Part]) -> Iterator[Part]:
    """Joins the lines of a passage; a dot separates blocks and cells that end without punctuation."""
    before = ""
    for mark, text in pieces:
        joined = text
        if "\n" in text or "\t" in text:
            joined = _BLOCK_END.sub(_separator, before + text)[len(before) :]
        before = joined[-1:]
        yield mark, joined


def _separator(end: re.Match[str]) -> str:
    return " " if end.start() == 0 or end.string[end.start() - 1] in _PUNCTUATION else " · "


def parts(text: str, spans: Iterable[Span], *, first: int | None = None) -> tuple[Part, ...]:
    """Cuts a text at its spans and leaves out empty pieces; highlights are numbered from `first` if given."""
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
    """`#m1:~:text=before-,words,-after` for the first highlight of the passages; empty without highlights.

    Syntax: WICG Scroll To Text Fragment. Browsers without it, or that do not find the words, scroll to `#m1`.
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


def _line_of(text: str, index: int) -> list[str]:
    """Whole words of the first (0) or last (-1) line of a text that borders on a highlight; none if it cuts a word."""
    line = text.split("\n")[index]
    inner = line[:1] if index == 0 else line[-1:]
    return line.split() if inner.isspace() else []


def text_directive(words: Sequence[str]) -> str:
    """Percent-encodes words for a text directive, in which hyphens and commas are syntax."""
    return quote(" ".join(words), safe="").replace("-", "%2D")

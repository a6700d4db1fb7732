"""Concordance of a search: lines read from the pages of an engine, arranged, sampled and cut into pages.

It is built on the `Engine` protocol and marks what the pages of articles mark: a line is a mark of a hit.
docs/decisions/concordance.md says why it reads what it reads.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby

from backfile.archive.errors import ArticleNotFound
from backfile.index.concordance.arrangement import Arrangement, KeyedMark, Place, arranged, keyed, sampled
from backfile.index.concordance.line_cache import ConcordanceCache, LineCounts, LineList
from backfile.index.concordance.lines import ConcordanceLine, Mark, make_line, marks_of
from backfile.index.concordance.lines_request import Concordance, LinesRequest
from backfile.index.deadline import Check, Deadline
from backfile.index.engine import MAX_DEPTH, Document, Engine, Page, Relaxed, Request, Sort
from backfile.index.errors import IndexUnavailable
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS
from backfile.index.highlight.highlighter import Highlighter, Highlights
from backfile.index.highlight.hits import agreed_highlights
from backfile.index.highlight.token_table import MAX_COST, TokenizedDocument
from backfile.index.query import And, DateRange, InField, MatchAll, Node, Not, Or, language_of, relax
from backfile.index.status import Status

_FIRST, _FEW, _MANY = 20, 100, 500  # hits of a page: of the first 100, of the next 900, and of the others
_SOME = 1_000
_PROSE = 20_000  # characters of an article, in the mean, beyond which fewer are read at a time
_AT_ONCE = 10  # documents whose texts are searched together; more at once hardly gain
_ATTEMPTS = 3
_MOST_DRAWN = 1_000_000  # lines among which a sample is drawn: a second


def concordance(engine: Engine, request: LinesRequest, cache: ConcordanceCache | None = None) -> Concordance:
    """Lines of a search on one commit.

    Raises `QueryRefused`, `DeadlineExceeded`, the errors of the engine, and `IndexUnavailable` if the archive is
    changed again and again while it is read.
    """
    request.check_bounds()
    check = Deadline(time.perf_counter(), request.seconds).check
    for _ in range(_ATTEMPTS):
        status = engine.status()
        reading = _Reading(engine, request, status, check, cache or ConcordanceCache())
        try:
            found = reading.run()
        except ArticleNotFound:  # changed since the search
            continue
        if engine.status().generation == status.generation:
            return found
    raise IndexUnavailable("the archive is being changed, again and again", hint="try again in a moment")


def has_lines(node: Node, fields: Sequence[str] = DEFAULT_FIELDS) -> bool:
    """Whether a query can have lines: whether it has a word in a field of which lines are made."""
    match node:
        case And() | Or():
            return any(has_lines(child, fields) for child in node.nodes)
        case InField():
            return has_lines(node.node, (node.field,))
        case Not() | MatchAll() | DateRange():
            return False
    return not set(fields).isdisjoint(CONTENT_FIELDS)


@dataclass
class _Reading:
    """One attempt to answer a request on one commit."""

    engine: Engine
    request: LinesRequest
    status: Status
    check: Check
    cache: ConcordanceCache
    first_page: Page | None = None
    cut: set[str] = field(default_factory=set)
    """Ids of articles of which only the beginning was searched."""

    def run(self) -> Concordance:
        request = self.request
        if not has_lines(request.search.query):
            page = self._first()
            return Concordance((), page.total, 0, page.total, 0, 0, 0, page.relaxed, page.notices)
        if request.sample is None and request.arrangement.follows_search:
            return self._in_order()
        key = (self._key, request.arrangement, request.frequent, request.sample, request.seed, request.most)
        found = self.cache.list(key)
        if found is None:
            found = self._arranged() if request.sample is None else self._sample(request.sample)
            self.cache.keep_list(key, found)
        return self._part_of(found)

    def _first(self) -> Page:
        """First page of the search."""
        return self.first_page or self._search(1, _FIRST)

    @property
    def _sorted_search(self) -> Request:
        """Search in the order in which its articles are read."""
        search = self.request.search
        return replace(search, sort=Sort.OLDEST) if self.request.arrangement is Arrangement.DATE else search

    @property
    def _key(self) -> Hashable:
        search = self._sorted_search
        return self.status.generation, search.query, search.filters, search.sort, search.relax

    def _search(self, number: int, per_page: int) -> Page:
        self.check()
        search = replace(self._sorted_search, page=number, per_page=per_page, passages=0, facets=(), fold=False)
        is_first = number == 1
        sampled = is_first and self.request.sample is not None
        found = self.engine.search(replace(search, documents=True, count_matches=is_first, list_matches=sampled))
        if is_first:
            self.first_page = found
        return found

    def _documents(self, rank: int) -> Iterator[tuple[int, Document]]:
        """Rank (from 0) and document of the hits from a rank on; few are read at first."""
        done = rank
        characters = 0
        while done < min(self._first().total, MAX_DEPTH):
            per_page = _FIRST if done < _FEW else _MANY if done >= _SOME and characters < _PROSE * done else _FEW
            number = done // per_page + 1
            page = self._first() if number == 1 else self._search(number, per_page)
            for place, hit in enumerate(page.hits, (number - 1) * per_page):
                if place >= done and hit.document:
                    characters += len(hit.document.text)
                    yield place, hit.document
            done = number * per_page

    def _highlighted(self, rank: int) -> Iterator[tuple[int, Document, Highlights]]:
        """Rank (from 0), document and marks of the hits from a rank on."""
        some: list[tuple[int, TokenizedDocument]] = []
        cost = 0
        for place, document in self._documents(rank):
            each = TokenizedDocument(document)
            cost += each.cost
            if some and (len(some) == _AT_ONCE or cost > MAX_COST):
                yield from self._highlight(some)
                some, cost = [], each.cost
            some.append((place, each))
        yield from self._highlight(some)

    def _highlight(self, some: Sequence[tuple[int, TokenizedDocument]]) -> Iterator[tuple[int, Document, Highlights]]:
        self.check()
        marked = _marked(self.request.search.query, self._first().relaxed, self.status)
        highlighter = Highlighter(marked, self.status.languages)
        found = highlighter.highlight_all([each for _, each in some]) if some else []
        for (place, each), highlights in zip(some, found, strict=True):
            if each.is_cut:
                self.cut.add(each.document.id)
            yield place, each.document, agreed_highlights(highlights, marked, each.document)

    def _in_order(self) -> Concordance:
        """Lines in the order of the search, read from the article on in which the first of them stands."""
        start, stop = self.request.start, self.request.stop
        known = self.cache.counts(self._key)
        sums = list(accumulate(known.counts, initial=0))
        rank = sum(end <= start for end in sums[1:])
        self.cut.update(known.cut)
        counts, lines_read = list(known.counts[:rank]), sums[rank]
        lines: list[ConcordanceLine] = []
        try:
            for place, document, highlights in self._highlighted(rank):
                marks = list(marks_of(document, place + 1, highlights))
                wanted = marks[max(start - lines_read, 0) : max(stop - lines_read, 0)]
                lines += [make_line(document, mark, self.request.columns) for mark in wanted]
                counts.append(len(marks))
                lines_read += len(marks)
                if lines_read > stop:
                    break
        finally:
            self.cache.keep_counts(self._key, LineCounts(tuple(counts), frozenset(self.cut)))
        page = self._first()
        is_end = lines_read <= stop
        is_whole = is_end and len(counts) == page.total
        total = lines_read if is_whole else page.matches
        listed = lines_read if is_end else total if page.total <= MAX_DEPTH else None
        cut = len(self.cut)
        return Concordance(
            tuple(lines), page.total, total, len(counts), lines_read, listed, cut, page.relaxed, page.notices
        )

    def _arranged(self) -> LineList:
        """First lines of the search, by their words or articles."""
        marks: list[KeyedMark] = []
        articles = lines = 0
        for place, document, highlights in self._highlighted(0):
            found = marks_of(document, place + 1, highlights)
            marks += [keyed(self.request.arrangement, document, mark) for mark in found]
            articles, lines = articles + 1, len(marks)
            if lines > self.request.most:
                break
        return self._list(self._sort(marks[: self.request.most]), articles, min(lines, self.request.most), lines)

    def _sort(self, marks: Sequence[KeyedMark]) -> list[Mark]:
        arrangement = self.request.arrangement
        return arranged(marks, frequent=self.request.frequent and arrangement.is_of_words)

    def _list(self, marks: Sequence[Mark], articles: int, used: int, seen: int) -> LineList:
        """List of marks from `used` of the `seen` lines of some articles."""
        is_whole = articles == self._first().total and used == seen
        return LineList(tuple(marks), articles, used, is_whole, len(self.cut), replace(self._first(), hits=()))

    def _sample(self, size: int) -> LineList:
        """Random sample of all lines, arranged; in the order of the archive if by no words."""
        counted = self._counted()
        places = [(article_id, number) for article_id, count in counted for number in range(1, count + 1)]
        marks = self._marks_at(sampled(places, size, self.request.seed))
        return self._list(self._sort(marks), len(counted), len(places), len(places))

    def _counted(self) -> Sequence[tuple[str, int]]:
        """Id and number of lines of all hits if the engine knows them, else of the first ones from their texts."""
        page = self._first()
        if page.matches_by_article is not None and (page.matches or 0) <= _MOST_DRAWN:
            return page.matches_by_article
        return [(document.id, highlights.count) for _, document, highlights in self._highlighted(0)]

    def _marks_at(self, places: Sequence[Place]) -> list[KeyedMark]:
        """Marks at places that are sorted by article."""
        wanted = {key: [number for _, number in own] for key, own in groupby(places, key=lambda place: place[0])}
        marks: list[KeyedMark] = []
        ids = list(wanted)
        for first in range(0, len(ids), _AT_ONCE):
            some = [TokenizedDocument(self.engine.document(each)) for each in ids[first : first + _AT_ONCE]]
            for _, document, highlights in self._highlight(list(enumerate(some))):
                found = list(marks_of(document, 0, highlights))
                if wanted[document.id][-1] > len(found):
                    raise ArticleNotFound(f"the article {document.id!r} has changed since the search")
                own = [found[number - 1] for number in wanted[document.id]]
                marks += [keyed(self.request.arrangement, document, mark) for mark in own]
        return marks

    def _part_of(self, found: LineList) -> Concordance:
        """Lines of the request out of a list; the documents of its marks are read once each."""
        part = found.marks[self.request.start : self.request.stop]
        by_article = sorted(range(len(part)), key=lambda index: part[index].article_id)
        lines: dict[int, ConcordanceLine] = {}
        for article_id, indexes in groupby(by_article, key=lambda index: part[index].article_id):
            self.check()
            document = self.engine.document(article_id)
            lines |= {index: make_line(document, part[index], self.request.columns) for index in indexes}
        page = found.page
        return Concordance(
            tuple(lines[index] for index in range(len(part))),
            page.total,
            found.lines_read if found.is_whole else page.matches,
            found.articles_read,
            found.lines_read,
            len(found.marks),
            found.cut,
            page.relaxed,
            page.notices,
        )


def _marked(query: Node, relaxed: Relaxed | None, status: Status) -> Node:
    """Query that an engine marks in its hits."""
    if relaxed is None:
        return query
    words = relax(query, _languages(status))
    if words is None:
        raise TypeError(f"the engine relaxed a query that cannot be relaxed: {query!r}")
    return words.any_word if relaxed.required else words.rest


def _languages(status: Status) -> tuple[str, ...]:
    """Languages of the documents, the main one first: those by which an engine relaxes a query."""
    main = language_of(None, status.languages)
    undeclared = status.documents - sum(status.language_counts.values())
    codes = [*status.language_counts, *([None] if undeclared > 0 else [])]
    named = {language_of(code, status.languages) for code in codes}
    return tuple(sorted(named, key=lambda language: (language != main, language)))

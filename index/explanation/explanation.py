"""Explanation of one article and one search: its position, or the conditions it fails and the smallest change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backfile.index.engine import Document, Engine, Hit, Page, Relaxed, Request, Sort
from backfile.index.errors import DeadlineExceeded
from backfile.index.explanation.criteria import ArticleTests, Condition, ConditionKind, SearchCriteria, conditions
from backfile.index.explanation.reasons import Reason, reason_for
from backfile.index.explanation.smallest_change import SearchChange, smallest_changes
from backfile.index.query import DateRange, InField, Node, Not, Notice, Or, Word, document_languages, relax, to_text

MAX_REASONS = 8
_NARROWING = (DateRange, InField, Not, Or)  # clauses that are not named among the words that an article has


@dataclass(frozen=True, slots=True)
class Explanation:
    """Place of an article in a search, or the reasons why it has none.

    `rank` is its position (from 1) among the `total` articles of the search; None beyond the first MAX_DEPTH of them.
    `missing` are the words, as typed, that an article found by a relaxed search lacks. `reasons` are the conditions
    that it fails, in the order of the query, `further` the number of those left out. `summary` is what it has and
    what not, in one sentence. `changes` admit it with the fewest changed conditions, fewest articles first; they are
    empty and `is_late` True if the time was up before they were found.

    In a list of stories `rank` is that of its story among `stories`, and `folded_under` the (id, title) of the copy
    that the list shows in its place.
    """

    article: Document
    is_found: bool
    total: int
    rank: int | None = None
    relaxed: Relaxed | None = None
    missing: tuple[str, ...] = ()
    summary: Notice | None = None
    reasons: tuple[Reason, ...] = ()
    further: int = 0
    changes: tuple[SearchChange, ...] = ()
    is_late: bool = False
    stories: int | None = None
    folded_under: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ListView:
    """Form of the list in which an article is looked for: its order, and whether it has one hit a story."""

    sort: Sort = Sort.RELEVANCE
    fold: bool = False


def explain(
    engine: Engine,
    search: SearchCriteria,
    article_id: str,
    *,
    shown: ListView = ListView(),
    seconds: float = 3.0,
) -> Explanation:
    """Explains why a search, relaxed as pages show it, finds an article of the index or does not.

    Raises `ArticleNotFound`, and `DeadlineExceeded` if not even the reasons are known after `seconds`.
    """
    tests = ArticleTests(engine, engine.document(article_id), engine.status().languages, seconds)
    failing = tests.failing(search)
    request = Request(search.query, search.filters, shown.sort, 1, 1, 0, facets=(), relax=search.relax, fold=shown.fold)
    page = engine.search(replace(request, rank_of=article_id, deadline=tests.time_left()))
    missing = _missing_words(search.query, page, tests)
    is_found = not failing or _has_enough(search, failing, page, missing)
    if is_found:
        first = _hit_at(engine, replace(request, deadline=tests.time_left()), page.rank) if shown.fold else None
        folded = (first.id, first.metadata.title) if first and first.id != article_id else None
        return Explanation(
            tests.article,
            True,
            page.total,
            page.rank,
            page.relaxed,
            missing,
            stories=page.stories,
            folded_under=folded,
        )
    reasons = [reason_for(condition, tests) for condition in failing[:MAX_REASONS]]
    try:
        changes = smallest_changes(search, failing, tests)
    except DeadlineExceeded:
        changes = []
    return Explanation(
        tests.article,
        False,
        page.total,
        None,
        page.relaxed,
        missing,
        _too_few_words(page, missing) or _summary(search, failing, tests),
        tuple(reasons),
        len(failing) - len(reasons),
        tuple(changes),
        not changes,
    )


def _hit_at(engine: Engine, request: Request, rank: int | None) -> Hit | None:
    """Hit at a position of a list; None if that is not known."""
    return engine.search(replace(request, page=rank)).hits[0] if rank else None


def _missing_words(query: Node, page: Page, tests: ArticleTests) -> tuple[str, ...]:
    """Words of a relaxed query that the article lacks."""
    relaxed = relax(query, _languages(tests)) if page.relaxed else None
    return tuple(word.text for word in relaxed.words if not tests.admits(word)) if relaxed else ()


def _languages(tests: ArticleTests) -> Sequence[str]:
    status = tests.engine.status()
    undeclared = status.documents - sum(status.language_counts.values())
    return document_languages((*status.language_counts, *([None] if undeclared > 0 else [])), status.languages)


def _has_enough(search: SearchCriteria, failing: Sequence[Condition], page: Page, missing: Sequence[str]) -> bool:
    """Whether a relaxed search finds an article that lacks some words, beyond the hits that have a rank.

    Plain words that are not among the relaxed ones are stop words of the query's language: no article needs them.
    """
    if page.relaxed is None or page.relaxed.of - len(missing) < page.relaxed.required:
        return False
    return all(isinstance(each.criteria.query, Word) and not each.criteria.query.exact for each in failing)


def _too_few_words(page: Page, missing: Sequence[str]) -> Notice | None:
    if page.relaxed is None or not page.relaxed.required:
        return None
    has = page.relaxed.of - len(missing)
    if has >= page.relaxed.required:
        return None
    values = (("has", has), ("of", page.relaxed.of), ("required", page.relaxed.required))
    return Notice("It has %(has)s of the %(of)s words; the hits have at least %(required)s.", "few-words", values)


def _summary(search: SearchCriteria, failing: Sequence[Condition], tests: ArticleTests) -> Notice | None:
    """Words and phrases of the query that the article has, and those that it has not."""
    if any(_is_narrowing(each) for each in failing):
        return None
    ignored = tests.optional(search.query)
    met = [
        each
        for each in conditions(search)
        if each not in failing and not _is_narrowing(each) and each.criteria.query not in ignored
    ]
    if not met:
        return None
    found, missing = (", ".join(to_text(each.criteria.query) for each in some) for some in (met, failing))
    return Notice("It has %(found)s but not %(missing)s.", "has-but-not", (("found", found), ("missing", missing)))


def _is_narrowing(condition: Condition) -> bool:
    return condition.kind is not ConditionKind.CLAUSE or isinstance(condition.criteria.query, _NARROWING)

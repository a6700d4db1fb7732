"""Answer to “Why is it not here?”: lookup and explanation together, its sentences, and its JSON form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from backfile.archive.availability.states import State
from backfile.index.engine import MAX_DEPTH
from backfile.index.explanation.article_lookup import ArticleFinder, ArticleLookup, Outcome
from backfile.index.explanation.criteria import SearchCriteria
from backfile.index.explanation.explanation import Explanation, ListView, explain
from backfile.index.explanation.smallest_change import SearchChange
from backfile.index.query import DateRange, Notice, to_text

MAX_CHANGES = 3  # that are shown, the smallest first
TIMES_THE_DEADLINE = 2.0


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """Lookup of an article, and the explanation if the index has it."""

    lookup: ArticleLookup
    explanation: Explanation | None = None

    @property
    def sentences(self) -> tuple[Notice, ...]:
        """Answer in words, the most important first, without the reasons and changes."""
        if self.explanation is None:
            return _sentences_of_lookup(self.lookup)
        return _sentences_of_explanation(self.explanation)

    @property
    def changes(self) -> tuple[SearchChange, ...]:
        """Smallest change and a few as small that show more articles."""
        return self.explanation.changes[:MAX_CHANGES] if self.explanation else ()


def answer_why(
    finder: ArticleFinder,
    search: SearchCriteria,
    typed: str,
    *,
    shown: ListView = ListView(),  # noqa: B008 - frozen
) -> WhyAnswer:
    """Looks an article up and explains why a search does not find it. Raises as `find` and `explain` do.

    All searches of an explanation together may take TIMES_THE_DEADLINE as long as one of the lookup.
    """
    lookup = finder.find(typed)
    if lookup.outcome is not Outcome.INDEXED:
        return WhyAnswer(lookup)
    seconds = TIMES_THE_DEADLINE * finder.seconds
    return WhyAnswer(lookup, explain(finder.engine, search, lookup.article_id, shown=shown, seconds=seconds))


def _sentences_of_explanation(found: Explanation) -> tuple[Notice, ...]:
    if not found.is_found:
        return (found.summary,) if found.summary else ()
    if found.rank is None:
        place = Notice(
            "This search finds it, beyond the first %(most)s of %(total)s articles.",
            "beyond",
            (("most", MAX_DEPTH), ("total", found.total if found.stories is None else found.stories)),
        )
    elif found.folded_under:
        folded = (("rank", found.rank), ("total", found.stories or 0), ("title", found.folded_under[1]))
        place = Notice(
            "This search finds it, folded under another copy of its story, “%(title)s”: number %(rank)s of %(total)s.",
            "folded",
            folded,
        )
    else:
        values = (("rank", found.rank), ("total", found.total if found.stories is None else found.stories))
        place = Notice("This search finds it: number %(rank)s of %(total)s.", "found", values)
    if not found.missing:
        return (place,)
    missing = (("missing", ", ".join(found.missing)),)
    return place, Notice("It lacks %(missing)s; no article, or few, have all the words.", "missing", missing)


def _sentences_of_lookup(lookup: ArticleLookup) -> tuple[Notice, ...]:  # noqa: PLR0911
    match lookup.outcome:
        case Outcome.NOT_INDEXED:
            return (Notice("It is not indexed yet; searches find it once it is.", "not-indexed"),)
        case Outcome.UNREADABLE:
            return tuple(_unreadable(problem.line, problem.reason) for problem in lookup.problems[:1])
        case Outcome.LEFT_OUT:
            return (Notice("Its file is no article: %(reason)s.", "left-out", (("reason", lookup.reason),)),)
        case Outcome.UNLISTED:
            return (Notice("It is unlisted: it is read at its address, and no search finds it.", "unlisted"),)
        case Outcome.HELD if lookup.until:
            until = (("until", lookup.until.isoformat(timespec="minutes")),)
            return (Notice("It is held back until %(until)s.", "held", until),)
        case Outcome.HELD:
            return (Notice("It is held back, without an end.", "held"),)
        case Outcome.GONE:
            return _sentences_of_gone(lookup)
        case Outcome.CHOICES:
            return (Notice("Which article is meant?", "choices"),)
    return (Notice("No article in this archive has this address, id or title.", "unknown"),)


def _sentences_of_gone(lookup: ArticleLookup) -> tuple[Notice, ...]:
    if lookup.state == State.EXPIRED:
        return (Notice("It has expired, so no search finds it.", "expired"),)
    if lookup.state == State.WITHHELD and lookup.reason:
        reason = (("reason", lookup.reason),)
        return (Notice("It is withheld (%(reason)s), so no search finds it.", "withheld", reason),)
    if lookup.state == State.WITHHELD:
        return (Notice("It is withheld, so no search finds it.", "withheld"),)
    return (Notice("It was deleted, so no search finds it.", "deleted"),)


def _unreadable(line: int | None, reason: str) -> Notice:
    if line is None:
        return Notice("Its file could not be read: %(reason)s.", "unreadable", (("reason", reason),))
    values = (("line", line), ("reason", reason))
    return Notice("Its file could not be read: line %(line)s: %(reason)s.", "unreadable", values)


def answer_to_json(
    answer: WhyAnswer,
    *,
    typed: str,
    query: str,
    notices: Iterable[str],
    article_url: Callable[[str], str],
    search_url: Callable[[SearchChange], str],
    per_page: int,
) -> dict[str, Any]:
    """JSON object of an answer (docs/api.md). `per_page` is the size of the pages that `page` counts."""
    lookup, found = answer.lookup, answer.explanation
    outcome = ("found" if found.is_found else "not-found") if found else lookup.outcome.value
    rank = found.rank if found else None
    return {
        "query": query,
        "typed": typed,
        "notices": list(notices),
        "outcome": outcome,
        "sentences": [_notice_to_json(each) for each in answer.sentences],
        "article": _article_to_json(lookup, article_url),
        "choices": [_linked(each, article_url) for each in lookup.choices],
        "total": found.total if found else None,
        "rank": rank,
        "page": None if rank is None else -(-rank // per_page),
        "folded_under": _linked(found.folded_under, article_url) if found and found.folded_under else None,
        "missing": list(found.missing) if found else [],
        "reasons": [
            {
                "condition": each.condition,
                **_notice_to_json(each.sentence),
                "details": [_notice_to_json(detail) for detail in each.details],
            }
            for each in (found.reasons if found else ())
        ],
        "further_reasons": found.further if found else 0,
        "changes": [_change_to_json(each, search_url(each)) for each in answer.changes],
        "late": found.is_late if found else False,
    }


def _article_to_json(lookup: ArticleLookup, article_url: Callable[[str], str]) -> dict[str, Any] | None:
    if not lookup.article_id:
        return None
    return _linked((lookup.article_id, lookup.title), article_url)


def _linked(article: tuple[str, str], article_url: Callable[[str], str]) -> dict[str, Any]:
    return {"id": article[0], "title": article[1], "url": article_url(article[0])}


def _notice_to_json(notice: Notice) -> dict[str, str]:
    return {"code": notice.code, "text": notice.text}


def _change_to_json(change: SearchChange, url: str) -> dict[str, Any]:
    filters = change.search.filters
    return {
        "texts": [each.text.text for each in change.changes],
        "total": change.total,
        "query": to_text(change.search.query),
        "authors": list(filters.authors),
        "topics": list(filters.topics),
        "from": filters.first.isoformat() if filters.first else None,
        "to": filters.last.isoformat() if filters.last else None,
        "url": url,
    }


def bound_text(dates: DateRange) -> str:
    """Shortest text of the one bound that a range has: `2019` for its first or its last day."""
    return to_text(dates).removeprefix("date:").strip(".")

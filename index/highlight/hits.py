"""Hits: built from a document, its highlights and its score, for every engine."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from backfile.index.copies.word_difference import count_difference
from backfile.index.deadline import Check
from backfile.index.engine import Copy, Document, FieldMatch, HighlightedText, Hit, Span
from backfile.index.highlight.highlighter import Highlighter, Highlights
from backfile.index.highlight.passages import select_passages
from backfile.index.highlight.token_table import MAX_COST, TokenizedDocument
from backfile.index.query import Node, to_text

log = logging.getLogger(__name__)

RAISE_MISMATCHES = False
"""Whether `agreed_highlights` raises; the tests set it."""

MOST_WORDS = 12  # words and values shown of a field
_COUNTED = 1_000  # spans of a text that are counted
_AT_ONCE = 10  # hits whose texts are searched together; more at once hardly gain


class HighlightMismatch(AssertionError):
    """A document that an engine finds and the highlighter does not: a defect of one of them."""


def agreed_highlights(highlights: Highlights | None, query: Node, document: Document) -> Highlights:
    """Highlights of a document that an engine found.

    None means that the highlighter does not match the document: engine and highlighter disagree, which is an error in
    one of them. It is logged, and the hit is shown without highlights; with RAISE_MISMATCHES it is raised as
    `HighlightMismatch`.
    """
    if highlights is not None:
        return highlights
    mismatch = HighlightMismatch(f"{document.id!r} is a hit for {to_text(query)!r}, but the highlighter finds nothing")
    if RAISE_MISMATCHES:
        raise mismatch
    log.error("%s", mismatch)
    return Highlights()


def build_hit(document: Document, highlights: Highlights, *, score: float, limit: int) -> Hit:
    """Hit of a document with at most `limit` passages.

    Without a span in the text, the passage is the first prose of the text.
    """
    return Hit(
        id=document.id,
        metadata=document.metadata,
        title=HighlightedText(document.metadata.title, highlights.title),
        score=score,
        matches=highlights.count,
        passages=select_passages(document.text, highlights.text, limit, document.metadata.language),
        field_matches=_field_matches(document, highlights) if limit else (),
    )


ScoredDocument = tuple[TokenizedDocument, float]


def highlighted_hits(
    scored: Iterable[ScoredDocument], query: Node, highlighter: Highlighter | None, passages: int, check: Check
) -> Iterator[Hit]:
    """Hits of documents and scores, with the matches of a query highlighted; `check` is called between documents.

    Without a `highlighter` hits have no matches and passages.
    """
    if highlighter is None:
        yield from (build_hit(each.document, Highlights(), score=score, limit=0) for each, score in scored)
        return
    for some in _batches(scored, check):
        check()
        prepared = [each for each, _ in some]
        for (each, score), found in zip(some, highlighter.highlight_all(prepared), strict=True):
            highlights = agreed_highlights(found, query, each.document)
            yield build_hit(each.document, highlights, score=score, limit=passages)


def copy_place(article_id: str, first_day: int, lead: str) -> tuple[bool, int, str]:
    """Place of a copy among those of its story: the lead, then by date (0: undated, the last), then by id."""
    return article_id != lead, first_day or sys.maxsize, article_id


def add_copies(hit: Hit, text: str | None, copies: Iterable[Document], count: int, check: Check) -> Hit:
    """Hit with the first of the `count` other copies of its story.

    Their words are compared with those of its own `text`, if it is given.
    """
    found = []
    for each in copies:
        check()
        difference = None if text is None else count_difference(text, each.text)
        found.append(Copy(each.id, each.metadata, *(difference or (None, None))))
    return replace(hit, copies=tuple(found), copy_count=count)


def document_hits(scored: Iterable[ScoredDocument], check: Check) -> Iterator[Hit]:
    """Hits with their whole documents, not highlighted; `check` is called between them."""
    for each, score in scored:
        check()
        document = each.document
        title = HighlightedText(document.metadata.title)
        yield Hit(document.id, document.metadata, title, score, matches=0, passages=(), document=document)


def _batches(scored: Iterable[ScoredDocument], check: Check) -> Iterator[list[ScoredDocument]]:
    """Documents and scores in groups that are cheap to tokenize, or of a single document."""
    some: list[ScoredDocument] = []
    cost = 0
    for each, score in scored:
        check()
        cost += each.cost
        if some and (len(some) == _AT_ONCE or cost > MAX_COST):
            yield some
            some, cost = [], each.cost
        some.append((each, score))
    if some:
        yield some


def _field_matches(document: Document, highlights: Highlights) -> tuple[FieldMatch, ...]:
    fields = (
        ("title", document.metadata.title, highlights.title),
        ("summary", document.metadata.summary or "", highlights.summary),
        ("text", document.text, highlights.text),
    )
    found = [FieldMatch(field, _count_words(text, spans)) for field, text, spans in fields if spans]
    by_field: dict[str, dict[str, int]] = {}
    for field, value in highlights.values:
        by_field.setdefault(field, {})[value] = 1
    found += [FieldMatch(field, tuple(values.items())[:MOST_WORDS]) for field, values in by_field.items()]
    return tuple(found)


def _count_words(text: str, spans: Sequence[Span]) -> tuple[tuple[str, int], ...]:
    """Highlighted words in lower case, in the order of first occurrence, with their numbers."""
    written: dict[str, int] = {}
    for start, end in spans[:_COUNTED]:
        piece = text[start:end]
        written[piece] = written.get(piece, 0) + 1
    counts: dict[str, int] = {}
    for piece, count in written.items():
        word = " ".join(piece.casefold().split())
        counts[word] = counts.get(word, 0) + count
    return tuple(counts.items())[:MOST_WORDS]

"""More like this: articles that share an article's most characteristic terms (as Lucene's `MoreLikeThis`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backfile.index.engine import Document, Hit
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.posting_lists import group_starts
from backfile.index.engines.whoosh.search.posting_reader import document_frequency, term_reader
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.stories import Ranked, select_folded
from backfile.index.engines.whoosh.search.top_docs import top_by_score
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.fields import CONTENT_FIELDS
from backfile.index.highlight.highlighter import Highlights
from backfile.index.highlight.hits import build_hit
from backfile.index.ranking.bm25f import idf, saturate
from backfile.index.ranking.characteristic_terms import MAX_TERMS, term_frequencies


def more_like_this(searcher: Searcher, document: Document, limit: int) -> tuple[Hit, ...]:
    """Articles with any of the most characteristic terms of a document, best first, one a story."""
    scores = np.zeros(searcher.size)
    for term, doc_frequency in _characteristic_terms(searcher, document):
        doc_ids, frequencies = _weighted_frequencies(searcher, term)
        scores[doc_ids] += idf(doc_frequency, searcher.commit.live_count) * saturate(frequencies)
    if searcher.live_docs is not None:
        scores *= searcher.live_docs
    if own := searcher.commit.find(document.id):
        scores[searcher.stories.story_of(own[0].base + own[1])] = 0.0
    found = np.flatnonzero(scores != 0)
    stories = searcher.stories

    def select(count: int) -> Ranked:
        return top_by_score(searcher, found, scores.take(found), count)

    copies = len(found) - stories.count(DocSet(found, searcher.size))
    top = select_folded(stories, select, limit, copies)
    return tuple(build_hit(searcher.document(doc_id), Highlights(), score=score, limit=1) for doc_id, score in top)


def _weighted_frequencies(searcher: Searcher, term: str) -> tuple[Array, Array]:
    """Documents with a term, without its stem siblings, and BM25F's tf~ of each."""
    postings = [(field, term_reader(searcher, field, term).read_sparse()) for field in CONTENT_FIELDS]
    doc_ids = np.concatenate([found.doc_ids for _, found in postings])
    frequencies = [found.frequencies * searcher.norms(field).take(found.doc_ids) for field, found in postings]
    order = doc_ids.argsort(kind="stable")
    ordered = doc_ids.take(order)
    starts = group_starts(ordered)
    return ordered.take(starts), np.add.reduceat(np.concatenate(frequencies).take(order), starts)


def _characteristic_terms(searcher: Searcher, document: Document) -> list[tuple[str, int]]:
    """Terms with the largest tf·idf among those that other articles have too, and their document frequencies.

    They are counted in the order of their upper bounds, so that few document frequencies are counted exactly.
    """
    frequencies = term_frequencies(document)
    size = searcher.commit.live_count
    best: list[tuple[float, str, int]] = []  # negative tf·idf, so that the most characteristic term sorts first
    for bound, term in sorted(_bounds(searcher, frequencies)):
        if len(best) == MAX_TERMS and bound > best[-1][0]:
            break
        count = document_frequency(searcher, term, CONTENT_FIELDS)
        if count > 1:
            best = sorted([*best, (-frequencies[term] * idf(count, size), term, count)])[:MAX_TERMS]
    return [(term, count) for _, term, count in best]


def _bounds(searcher: Searcher, frequencies: Mapping[str, int]) -> list[tuple[float, str]]:
    """Negative upper bounds of tf·idf, of all terms that may be among the most characteristic.

    The many terms that occur once are looked up only if even a term of a single article could be among them.
    """
    size = searcher.commit.live_count
    frequent = {term: count for term, count in frequencies.items() if count > 1}
    least = {term: _min_doc_frequency(searcher, term) for term in frequent}
    certain = [
        count * idf(_max_doc_frequency(searcher, term), size) for term, count in frequent.items() if least[term] > 1
    ]
    bounds = [(-count * idf(least[term], size), term) for term, count in frequent.items()]
    if len(certain) < MAX_TERMS or sorted(certain)[-MAX_TERMS] < idf(1, size):
        bounds += [
            (-idf(_min_doc_frequency(searcher, term), size), term) for term, count in frequencies.items() if count == 1
        ]
    return bounds


def _min_doc_frequency(searcher: Searcher, term: str) -> int:
    """Lower bound of the number of live documents with a term: at least 1."""
    deleted = searcher.size - searcher.commit.live_count
    return max(1, _count_postings(searcher, "text", term) - deleted)


def _max_doc_frequency(searcher: Searcher, term: str) -> int:
    """Upper bound of the number of live documents with a term."""
    return sum(_count_postings(searcher, field, term) for field in CONTENT_FIELDS)


def _count_postings(searcher: Searcher, field: str, term: str) -> int:
    """Number of documents, deleted ones included, with a term in a field."""
    found = 0
    for postings in (segment.field(field) for segment in searcher.segments):
        ordinal = searcher.term_ordinal(postings, term)
        if ordinal >= 0:
            found += postings.count(ordinal, ordinal + 1)
    return found

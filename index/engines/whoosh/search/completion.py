"""Completion of a half-typed query: words, titles, authors and topics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engine import Completions, Sort
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.posting_reader import create_reader, document_frequency, term_reader
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.top_docs import top_by_field
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS, is_completion, values
from backfile.index.ranking import spelling
from backfile.index.ranking.spelling import WRITTEN_IN


def complete(searcher: Searcher, text: str, limit: int) -> Completions:
    """Completes the last word of `text`; titles and names must have the words before it as well."""
    typed = [token.term for token in tokenize(text)]
    if not typed or not searcher.size:
        return Completions()
    return Completions(
        words=tuple(written_form(searcher, term) for term in _complete_word(searcher, typed[-1], limit)),
        titles=_complete_title(searcher, typed, limit),
        authors=_complete_name(searcher, "author", typed, limit),
        topics=_complete_name(searcher, "topic", typed, limit),
    )


def _complete_title(searcher: Searcher, typed: Sequence[str], limit: int) -> tuple[tuple[str, str], ...]:
    """Ids and titles of the newest matching documents."""
    found = []
    for doc_id in top_by_field(searcher, _match(searcher, "title", typed).doc_ids, Sort.NEWEST, limit).tolist():
        segment, number = searcher.commit.locate(doc_id)
        stored = segment.stored_fields(number)
        found.append((stored.id, stored.metadata.title))
    return tuple(found)


def _complete_name(searcher: Searcher, field: str, typed: Sequence[str], limit: int) -> tuple[str, ...]:
    """Names by their number of articles. Articles that match may have other names, which do not."""
    table = searcher.facet_table(field)
    ordinals = np.flatnonzero(table.count(_match(searcher, field, typed)) > 0)
    names: list[str] = []
    for ordinal in ordinals[np.argsort(-table.totals[ordinals], kind="stable")].tolist():
        name = table.values[ordinal]
        if is_completion(name, typed):
            names.append(name)
        if len(names) == limit:
            break
    return tuple(names)


def _match(searcher: Searcher, field: str, typed: Sequence[str]) -> DocSet:
    """Live documents with all terms typed in a field, the last one as a prefix."""
    last = create_reader(searcher, field, lambda postings: range(*postings.prefix(typed[-1])))
    found = searcher.all_docs.mask
    for reader in [last, *(term_reader(searcher, field, term) for term in typed[:-1])]:
        mask = np.zeros(searcher.size, np.bool_)
        mask[reader.read_doc_ids()] = True
        found = found & mask
    return DocSet.from_mask(found)


def _complete_word(searcher: Searcher, prefix: str, limit: int) -> list[str]:
    """Terms with a prefix by document frequency, largest first, then in code point order.

    Document frequencies over all fields are exact, but counted for few terms: first for the most frequent of each
    segment and field, of more while another term could still be among the first.
    """
    considered = 4 * limit + 16
    while True:
        bounds, max_unseen = _bound_frequencies(searcher, prefix, considered)
        best = _most_frequent(searcher, bounds, limit)
        if max_unseen == 0 or (len(best) == limit and best[-1][0] > max_unseen):
            return [term for _, term in best]
        considered *= 8


def _bound_frequencies(searcher: Searcher, prefix: str, considered: int) -> tuple[dict[str, int], int]:
    """Upper bounds of the document frequencies of terms with a prefix, and the bound of any term left out.

    Only the `considered` most frequent terms of each segment and field count; a term's bound is the sum of its counts.
    """
    bounds: dict[str, int] = {}
    max_unseen = 0
    for postings in (segment.field(field) for segment in searcher.segments for field in CONTENT_FIELDS):
        low, high = postings.prefix(prefix)
        counts = np.diff(postings.starts[low : high + 1].astype(np.int64))
        ordinals = np.arange(high - low)
        if len(counts) > considered:
            ordinals = np.argpartition(counts, len(counts) - considered)[len(counts) - considered :]
            max_unseen += int(counts[ordinals].min())
        for ordinal in ordinals.tolist():
            term = postings.terms[low + ordinal]
            bounds[term] = bounds.get(term, 0) + int(counts[ordinal])
    return bounds, max_unseen


def written_form(searcher: Searcher, term: str) -> str:
    """Form in which the newest documents write a term."""

    def read() -> str:
        mask = np.zeros(searcher.size, np.bool_)
        for field in DEFAULT_FIELDS:
            mask[term_reader(searcher, field, term).read_doc_ids()] = True
        docs = DocSet.from_mask(mask if searcher.live_docs is None else mask & searcher.live_docs)
        newest = top_by_field(searcher, docs.doc_ids, Sort.NEWEST, WRITTEN_IN).tolist()
        documents = [searcher.document(doc_id) for doc_id in newest]
        texts = [text for each in documents for field in DEFAULT_FIELDS for text in values(each, field)]
        return spelling.written_form(term, texts)

    return searcher.written_forms(term, read)


def _most_frequent(searcher: Searcher, bounds: dict[str, int], limit: int) -> list[tuple[int, str]]:
    """First `limit` terms as (document frequency, term); terms whose bounds are too low are not counted."""
    best: list[tuple[int, str]] = []
    for term in sorted(bounds, key=lambda term: (-bounds[term], term)):
        if len(best) == limit and bounds[term] < best[-1][0]:
            break
        count = document_frequency(searcher, term, CONTENT_FIELDS)
        if count:
            best = sorted([*best, (count, term)], key=lambda found: (-found[0], found[1]))[:limit]
    return best

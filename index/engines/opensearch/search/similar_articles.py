"""Similar articles: those that share an article's most characteristic terms."""

from __future__ import annotations

from backfile.index.engine import Document, Hit, Sort
from backfile.index.engines.opensearch.document_source import stored_document
from backfile.index.engines.opensearch.index_mapping import words_field
from backfile.index.engines.opensearch.position_tokens import indexed_term
from backfile.index.engines.opensearch.search.cluster_reader import ClusterReader
from backfile.index.engines.opensearch.search.folded_hits import story_of
from backfile.index.engines.opensearch.search.match_queries import Query, term_query
from backfile.index.engines.opensearch.search.page_search import ORDERS
from backfile.index.engines.opensearch.search.suggestions import document_frequencies
from backfile.index.fields import CONTENT_FIELDS
from backfile.index.highlight.highlighter import Highlights
from backfile.index.highlight.hits import build_hit
from backfile.index.ranking.bm25f import idf
from backfile.index.ranking.characteristic_terms import MAX_TERMS, term_frequencies

_COUNTED = 200  # terms whose articles are counted


def similar_articles(reader: ClusterReader, document: Document, limit: int) -> tuple[Hit, ...]:
    """Articles with any of the most characteristic terms of a document, best first, without the document itself."""
    size = reader.statistics.documents
    scores = reader.scores(())
    queries = [
        scores.saturated({field: term_query(term, field) for field in CONTENT_FIELDS}, idf(count, size))
        for term, count in _characteristic_terms(reader, document)
    ]
    if not queries:
        return ()
    own = {"term": {"story": story_of(reader, document.id)}}
    query: Query = {"bool": {"should": queries, "must_not": [own], "minimum_should_match": 1}}
    body = {"query": query, "size": limit, "sort": ORDERS[Sort.RELEVANCE], "track_total_hits": False}
    body["collapse"] = {"field": "story"}
    return tuple(
        build_hit(stored_document(hit)[0], Highlights(), score=hit["_score"], limit=1)
        for hit in reader.search(body)["hits"]["hits"]
    )


def _characteristic_terms(reader: ClusterReader, document: Document) -> list[tuple[str, int]]:
    """Terms with the largest tf·idf among those that other articles have too, and their document frequencies."""
    frequencies = term_frequencies(document)
    candidates = _candidates(reader, frequencies)
    counts = document_frequencies(reader, candidates, CONTENT_FIELDS)
    size = reader.statistics.documents
    shared = [(-frequencies[term] * idf(count, size), term, count) for term, count in counts.items() if count > 1]
    return [(term, count) for _, term, count in sorted(shared)[:MAX_TERMS]]


def _candidates(reader: ClusterReader, frequencies: dict[str, int]) -> list[str]:
    """Terms that may be among the most characteristic, by the document frequencies of a shard."""
    if len(frequencies) <= _COUNTED:
        return list(frequencies)
    field = words_field("text")
    body = {
        "doc": {field: " ".join(map(indexed_term, frequencies))},
        "fields": [field],
        "positions": False,
        "offsets": False,
        "term_statistics": True,
        "field_statistics": False,
    }
    found = reader.index.client.termvectors(index=reader.index.name, body=body)["term_vectors"]
    known = found.get(field, {}).get("terms", {})
    size = reader.statistics.documents
    counts = {term: known.get(indexed_term(term), {}).get("doc_freq", 0) for term in frequencies}
    shared = [term for term in frequencies if counts[term] > 1]
    return sorted(shared, key=lambda term: (-frequencies[term] * idf(min(counts[term], size), size), term))[:_COUNTED]

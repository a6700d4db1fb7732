"""Suggestions: completion of a half-typed query, and correction of its spelling.

OpenSearch does not list the terms of a field in order. Words that begin with some letters are those of the newest
articles that have one; articles with each of them are then counted exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engine import Completions, Document, Request
from backfile.index.engines.opensearch.document_source import SEPARATOR, stored_document
from backfile.index.engines.opensearch.index_mapping import words_field
from backfile.index.engines.opensearch.position_tokens import indexed_term
from backfile.index.engines.opensearch.search.cluster_reader import ClusterReader
from backfile.index.engines.opensearch.search.match_queries import Query, all_of, any_of, term_query
from backfile.index.engines.opensearch.search.relaxed_search import most_words
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS, is_completion, values
from backfile.index.query import Node, Word
from backfile.index.ranking import spelling
from backfile.index.ranking.spelling import WRITTEN_IN, better_query, nearest_word

_SAMPLE = 100  # newest articles in which words are looked for
_COUNTED = 50  # words, most frequent in those articles, whose articles are counted
_NAMES = 1_000  # names of the articles that match, among which those that begin so are looked for
_MAX_EDITS = 2
_CLOSE_TERMS = 50
_BY_DATE: list[Any] = [{"first_day": {"order": "desc", "missing": "_last"}}, {"id": "asc"}]


def complete_query(reader: ClusterReader, text: str, limit: int) -> Completions:
    """Completes the last word of `text`; titles and names must have the words before it as well."""
    typed = [token.term for token in tokenize(text)]
    if not typed or not reader.statistics.documents:
        return Completions()
    return Completions(
        words=tuple(written_form(reader, term) for term in _complete_word(reader, typed[-1], limit)),
        titles=_complete_title(reader, typed, limit),
        authors=_complete_name(reader, "author", typed, limit),
        topics=_complete_name(reader, "topic", typed, limit),
    )


def _prefix_query(prefix: str, field: str) -> Query:
    return {"prefix": {words_field(field): {"value": indexed_term(prefix)}}}


def _typed_query(typed: Sequence[str], field: str) -> Query:
    """Query for the documents with all terms typed in a field, the last one as the beginning of a word."""
    return all_of([_prefix_query(typed[-1], field), *(term_query(term, field) for term in typed[:-1])])


def _newest(reader: ClusterReader, query: Query, size: int) -> list[Document]:
    answer = reader.search({"query": query, "size": size, "sort": _BY_DATE, "track_total_hits": False})
    return [stored_document(hit)[0] for hit in answer["hits"]["hits"]]


def _complete_title(reader: ClusterReader, typed: Sequence[str], limit: int) -> tuple[tuple[str, str], ...]:
    body = {
        "query": _typed_query(typed, "title"),
        "size": limit,
        "sort": _BY_DATE,
        "_source": ["stored.id", "stored.title"],
        "track_total_hits": False,
    }
    hits = [hit["_source"]["stored"] for hit in reader.search(body)["hits"]["hits"]]
    return tuple((hit["id"], hit["title"]) for hit in hits)


def _complete_name(reader: ClusterReader, field: str, typed: Sequence[str], limit: int) -> tuple[str, ...]:
    """Names by their number of articles. Articles that match may have other names, which do not."""
    names = {"names": {"terms": {"field": f"{field}_spelling", "size": _NAMES}}}
    body = {"query": _typed_query(typed, field), "size": 0, "track_total_hits": False, "aggs": names}
    buckets = reader.search(body)["aggregations"]["names"]["buckets"]
    split = [bucket["key"].partition(SEPARATOR) for bucket in buckets]
    keys = [(field, key) for key, _, name in split if is_completion(name, typed)]
    shown = [found for found in reader.spellings(keys).values() if is_completion(found[0], typed)]
    return tuple(name for name, _ in sorted(shown, key=lambda found: (-found[1], found[0]))[:limit])


def _complete_word(reader: ClusterReader, prefix: str, limit: int) -> list[str]:
    """Terms with a prefix by document frequency, largest first, then in code point order."""
    newest = _newest(reader, any_of(_prefix_query(prefix, field) for field in CONTENT_FIELDS), _SAMPLE)
    found: Counter[str] = Counter()
    for document in newest:
        texts = (text for field in CONTENT_FIELDS for text in values(document, field))
        found.update({token.term for text in texts for token in tokenize(text) if token.term.startswith(prefix)})
    candidates = [term for term, _ in found.most_common(_COUNTED)]
    counts = document_frequencies(reader, candidates, CONTENT_FIELDS)
    return sorted(candidates, key=lambda term: (-counts[term], term))[:limit]


def document_frequencies(reader: ClusterReader, terms: Sequence[str], fields: Sequence[str]) -> dict[str, int]:
    """Number of documents with each term, without its stem siblings, in one of some fields."""
    queries = [any_of(term_query(term, field) for field in fields) for term in terms]
    return dict(zip(terms, reader.count_each(queries), strict=True))


def written_form(reader: ClusterReader, term: str) -> str:
    """Form in which the newest documents write a term."""
    newest = _newest(reader, any_of(term_query(term, field) for field in DEFAULT_FIELDS), WRITTEN_IN)
    texts = [text for each in newest for name in DEFAULT_FIELDS for text in values(each, name)]
    return spelling.written_form(term, texts)


def suggest_query(reader: ClusterReader, request: Request, complete: int, filters: Query) -> str | None:
    """Spelling correction of a query that all words of `complete` documents match; None if there is no better one."""

    def find_better(term: str) -> str | None:
        word = Word(term), DEFAULT_FIELDS
        if reader.frequencies([word])[word]:
            return None
        counts = document_frequencies(reader, _close_terms(reader, term), DEFAULT_FIELDS)
        found = nearest_word(term, counts.items())
        return written_form(reader, found) if found else None

    def count(tree: Node) -> int:
        return reader.count(all_of([reader.matches.match(tree), filters]))

    def most(tree: Node) -> int:
        return most_words(reader, tree, filters)

    return better_query(request.query, find_better, complete, count, most if request.relax else None)


def _close_terms(reader: ClusterReader, term: str) -> list[str]:
    """Terms within the edit distance."""
    options = {
        "analyzer": "keyword",
        "suggest_mode": "always",
        "max_edits": _MAX_EDITS,
        "prefix_length": 1,
        "min_word_length": 1,
        "size": _CLOSE_TERMS,
        "shard_size": 2 * _CLOSE_TERMS,
    }
    suggest = {name: {"text": term, "term": {"field": words_field(name), **options}} for name in DEFAULT_FIELDS}
    found = reader.search({"size": 0, "track_total_hits": False, "suggest": suggest})["suggest"]
    return sorted({option["text"] for name in found for entry in found[name] for option in entry["options"]})

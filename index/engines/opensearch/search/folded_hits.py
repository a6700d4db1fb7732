"""Folded hits: one a story, with the other copies of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backfile.index.deadline import Check
from backfile.index.engine import MAX_COPIES, MAX_DEPTH, Document, Hit
from backfile.index.engines.opensearch.document_source import document_id, stored_document
from backfile.index.engines.opensearch.search.cluster_reader import ClusterReader
from backfile.index.highlight.hits import add_copies, copy_place

FOLDING: dict[str, Any] = {"collapse": {"field": "story"}, "docvalue_fields": ["story", "lead"]}
"""Part of a search that gives the first hit of each story, with the story's key and the id of its lead, if any."""


def story_key(hit: Any) -> str:
    """Story of a hit, as a key."""
    return str(hit["fields"]["story"][0])


def story_of(reader: ClusterReader, article_id: str) -> str:
    """Story of an article, as a key; that of itself alone if it is not there."""
    key = document_id(article_id)
    body = {"query": {"ids": {"values": [key]}}, "size": 1, "_source": False, "docvalue_fields": ["story"]}
    hits = reader.search(body)["hits"]["hits"]
    return story_key(hits[0]) if hits else key


def fold_hits(hits: Sequence[Any]) -> list[Any]:
    """First hit of each story."""
    first: dict[str, Any] = {}
    for hit in hits:
        first.setdefault(story_key(hit), hit)
    return list(first.values())


@dataclass(frozen=True)
class _Story:
    """Copies of a story that are shown with a hit, all but the hit itself, and their number."""

    shown: tuple[str, ...]
    count: int


def with_copies(
    reader: ClusterReader, hits: Sequence[Hit], found: Sequence[Any], *, compared: bool, check: Check
) -> Iterator[Hit]:
    """Hits with the other copies of their stories; `found` are the hits as OpenSearch gave them."""
    leads = {story_key(raw): raw["fields"]["lead"][0] for raw in found if raw["fields"].get("lead")}
    stories = _read_stories(reader, leads, {hit.id for hit in hits})
    documents = _read_documents(reader, [each for story in stories.values() for each in story.shown])
    for hit, raw in zip(hits, found, strict=True):
        story = stories.get(story_key(raw))
        if story is None:
            yield hit
            continue
        text = stored_document(raw)[0].text if compared else None
        copies = [documents[each] for each in story.shown if each in documents]
        yield add_copies(hit, text, copies, story.count, check)


def _read_stories(reader: ClusterReader, leads: dict[str, str], hits: set[str]) -> dict[str, _Story]:
    if not leads:
        return {}
    body = {
        "query": {"terms": {"story": list(leads)}},
        "size": MAX_DEPTH,
        "_source": False,
        "docvalue_fields": ["id", "first_day", "story"],
        "track_total_hits": False,
        "aggs": {"stories": {"terms": {"field": "story", "size": len(leads)}}},
    }
    answer = reader.search(body)
    counts = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["stories"]["buckets"]}
    places: dict[str, list[tuple[bool, int, str]]] = {key: [] for key in leads}
    for raw in answer["hits"]["hits"]:
        fields, key = raw["fields"], story_key(raw)
        if fields["id"][0] not in hits:
            places[key].append(copy_place(fields["id"][0], fields.get("first_day", [0])[0], leads[key]))
    return {
        key: _Story(tuple(article_id for _, _, article_id in sorted(own)[:MAX_COPIES]), counts[key] - 1)
        for key, own in places.items()
    }


def _read_documents(reader: ClusterReader, article_ids: Sequence[str]) -> dict[str, Document]:
    if not article_ids:
        return {}
    body = {"query": {"ids": {"values": list(map(document_id, article_ids))}}, "size": len(article_ids)}
    found = (stored_document(hit)[0] for hit in reader.search(body | {"track_total_hits": False})["hits"]["hits"])
    return {document.id: document for document in found}

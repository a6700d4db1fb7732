"""Documents as OpenSearch keeps them: what is stored, and the fields that are searched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.index.analysis.normalization import fold
from backfile.index.engine import Document, Fingerprint, FingerprintedDocument
from backfile.index.engines.opensearch.index_mapping import keys_field, length_field, words_field
from backfile.index.engines.opensearch.position_tokens import PositionTokenizer, key_languages
from backfile.index.fields import DEFAULT_FIELDS, WORD_FIELDS, facet_key, name_words, values

SEPARATOR = "\x1f"
"""Sign between the two parts of a keyword, of which neither has one (`keyword_part`)."""
_FEW_ESCAPES = 1.05  # bytes of UTF-8 a character, up to which escapes are used
_MOST_CHARACTERS = 4_000  # of a keyword: Lucene takes 32,766 bytes


def document_id(article_id: str) -> str:
    """Id of a document: OpenSearch takes 512 bytes at most, and articles may have longer ones."""
    return blake2b(article_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def keyword_part(text: str) -> str:
    """Text as a keyword, or as a part of one."""
    return text.replace(SEPARATOR, " ")[:_MOST_CHARACTERS]


def bulk_lines(
    items: Sequence[FingerprintedDocument], tokenizer: PositionTokenizer, main: str, stories: Mapping[str, str]
) -> Iterator[bytes]:
    """Action and document of each item as lines of a bulk request.

    `main` is the main language of the index, `stories` are as in `Changes`.
    """
    by_languages: dict[tuple[str, ...], list[FingerprintedDocument]] = {}
    for item in items:
        by_languages.setdefault(key_languages(item[0].metadata.language, main), []).append(item)
    for languages, group in by_languages.items():
        texts = [text for document, _ in group for field in WORD_FIELDS for text in values(document, field)]
        rows = tokenizer.tokenize_texts(texts, languages)
        place = 0
        for document, fingerprint in group:
            body = _fields(document, fingerprint) | _story(document.id, stories.get(document.id))
            for field in WORD_FIELDS:
                end = place + len(values(document, field))
                own = rows[place:end]
                body[words_field(field)] = [row.terms for row in own]
                body[keys_field(field)] = [row.keys for row in own]
                if field in DEFAULT_FIELDS:
                    body[length_field(field)] = sum(row.length for row in own)
                place = end
            action = _line({"index": {"_id": document_id(document.id)}})
            yield action + _line(body, escaped=_has_few_escapes(document.text))


def _story(article_id: str, lead: str | None) -> dict[str, str]:
    return {"story": document_id(article_id)} if lead is None else {"story": document_id(lead), "lead": lead}


def delete_line(article_id: str) -> bytes:
    """Action of a bulk request that deletes a document."""
    return _line({"delete": {"_id": document_id(article_id)}})


def _has_few_escapes(text: str) -> bool:
    """Whether a text is hardly longer with escapes for all characters beyond ASCII."""
    return len(text.encode("utf-8", "surrogatepass")) <= _FEW_ESCAPES * len(text)


def _line(value: Any, *, escaped: bool = False) -> bytes:
    # With escapes, `json` takes half the time. A lone surrogate becomes an escape in either case.
    text = json.dumps(value, ensure_ascii=escaped, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _fields(document: Document, fingerprint: Fingerprint) -> dict[str, Any]:
    """Fields of a document but for its words."""
    metadata = document.metadata
    fields: dict[str, Any] = {
        "stored": _stored(document, fingerprint),
        "id": document.id,
        "path": document.path,
        "size": fingerprint.size,
        "mtime_ns": fingerprint.mtime_ns,
        "digest": fingerprint.digest,
        "language": metadata.language or "",
        "title_order": fold(metadata.title)[:_MOST_CHARACTERS],
    }
    if metadata.date:
        fields |= {
            "first_day": metadata.date.first.toordinal(),
            "last_day": metadata.date.last.toordinal(),
            "year": metadata.date.year,
        }
    for facet, names in (("author", metadata.authors), ("topic", metadata.topics)):
        parts = [(keyword_part(facet_key(facet, name)), name) for name in names]
        fields |= {
            f"{facet}_key": [key for key, _ in parts],
            f"{facet}_spelling": [key + SEPARATOR + name[:_MOST_CHARACTERS] for key, name in parts],
            f"{facet}_name": [keyword_part(name_words(name)) + SEPARATOR + key for key, name in parts],
        }
    return fields


def _stored(document: Document, fingerprint: Fingerprint) -> dict[str, Any]:
    known = document.metadata
    return {
        "id": document.id,
        "path": document.path,
        "fingerprint": [fingerprint.size, fingerprint.mtime_ns, fingerprint.digest],
        "title": known.title,
        "authors": known.authors,
        "topics": known.topics,
        "date": known.date and known.date.isoformat(),
        "updated": known.updated and known.updated.isoformat(),
        "summary": known.summary,
        "source": known.source and [known.source.name, known.source.url],
        "language": known.language,
        "text": document.text,
    }


def stored_document(hit: Any) -> FingerprintedDocument:
    """Document and fingerprint of a hit with its `_source`."""
    stored = hit["_source"]["stored"]
    metadata = ArticleMetadata(
        title=stored["title"],
        authors=tuple(stored["authors"]),
        topics=tuple(stored["topics"]),
        date=PartialDate.parse(stored["date"]) if stored["date"] else None,
        updated=PartialDate.parse(stored["updated"]) if stored["updated"] else None,
        summary=stored["summary"],
        source=Source(*stored["source"]) if stored["source"] else None,
        language=stored["language"],
    )
    return Document(stored["id"], stored["path"], metadata, stored["text"]), Fingerprint(*stored["fingerprint"])

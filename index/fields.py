"""Fields of a document: their names in queries and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from backfile.archive.metadata.name_keys import author_key, topic_key
from backfile.archive.model import Source
from backfile.archive.web_addresses import host_of
from backfile.index.analysis.normalization import fold
from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engine import Document

CONTENT_FIELDS = ("title", "summary", "text")
"""Highlighted fields; their terms characterize a document."""

DEFAULT_FIELDS = (*CONTENT_FIELDS, "author")
"""Fields of a query that names none; also the scored fields."""

WORD_FIELDS = (*DEFAULT_FIELDS, "topic", "source")
"""Fields whose words are indexed; `lang` is compared as a code."""


def values(document: Document, field: str) -> tuple[str, ...]:
    """Texts of a document in one of WORD_FIELDS; a phrase lies within one of them. Raises `KeyError` for others."""
    match field:
        case "title":
            return (document.metadata.title,)
        case "summary":
            return (document.metadata.summary,) if document.metadata.summary else ()
        case "text":
            return (document.text,)
        case "author":
            return document.metadata.authors
        case "topic":
            return document.metadata.topics
        case "source":
            return _source_values(document.metadata.source)
    raise KeyError(field)


def _source_values(source: Source | None) -> tuple[str, ...]:
    if source is None:
        return ()
    return tuple(text for text in (source.name, host(source.url)) if text)


def facet_key(facet: str, value: str) -> str:
    """Key by which values of a facet are one: spellings of an author or a topic have the same (`name_keys`)."""
    match facet:
        case "author":
            return author_key(value)
        case "topic":
            return topic_key(value)
    return value


def spelling_rank(name: str) -> tuple[int, str]:
    """Sort key of equally frequent spellings: mixed case and words apart, before lower case, before capitals."""
    case = 2 if name.isupper() else 1 if name.islower() else 0
    return case + ("-" in name or "_" in name), name


@lru_cache(maxsize=1 << 17)
def name_words(text: str) -> str:
    """Folded words of a name in alphabetical order, by which a query is compared with names."""
    return " ".join(sorted(fold(author_key(text.replace(",", " "))).split()))


def is_completion(name: str, typed: Sequence[str]) -> bool:
    """Test of a name or title for the terms typed so far, of which the last is the beginning of a word."""
    terms = [token.term for token in tokenize(name)]
    return any(term.startswith(typed[-1]) for term in terms) and set(typed[:-1]) <= set(terms)


def host(url: str | None) -> str:
    """Host of a URL, "" if it has none."""
    return host_of(url)

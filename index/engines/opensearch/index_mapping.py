"""Mapping and settings of an index on OpenSearch, and the state of the index in the mapping's `_meta`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backfile.index.analysis.tokenizer import POSITION_GAP
from backfile.index.engine import MAX_DEPTH
from backfile.index.engines.opensearch.position_tokens import GAP, SIGN
from backfile.index.errors import IndexUnusable
from backfile.index.fields import DEFAULT_FIELDS, WORD_FIELDS

FORMAT = 2
"""Version of the mapping and of what is written; an index of another one is built anew."""
PROGRAM = "backfile"

_PIECE = f"\\{SIGN}([^{SIGN}]+)"
_IS_STACKED = f"token.getTerm().charAt(0) == (char) {ord(SIGN)}"
_KEYWORD = {"type": "keyword"}
_STORED_NUMBER = {"type": "long", "index": False}


def words_field(field: str) -> str:
    """Name of the field of the terms of one of WORD_FIELDS."""
    return f"words_{field}"


def keys_field(field: str) -> str:
    """Name of the field of the stem keys of one of WORD_FIELDS."""
    return f"keys_{field}"


def length_field(field: str) -> str:
    """Name of the field of the length (positions) of one of DEFAULT_FIELDS."""
    return f"length_{field}"


_WORDS = {
    "type": "text",
    "analyzer": "position_tokens",
    "similarity": "frequency",
    "norms": False,  # the length is a field of its own: norms keep one byte of it
    "position_increment_gap": POSITION_GAP,
}


def mapping(state: IndexState) -> dict[str, Any]:
    """Mapping of a new index."""
    properties: dict[str, Any] = {
        # `stored` is the document as JSON; the other fields are for searching only.
        "stored": {"type": "object", "enabled": False},
        "id": _KEYWORD,
        "story": _KEYWORD,  # `document_id` of the lead, or of the article itself
        "lead": _KEYWORD,  # id of the lead, of articles that are one of several copies
        "path": {"type": "keyword", "index": False},
        "size": _STORED_NUMBER,
        "mtime_ns": _STORED_NUMBER,
        "digest": {"type": "keyword", "index": False},
        "language": _KEYWORD,
        "first_day": {"type": "integer"},
        "last_day": {"type": "integer"},
        "year": {"type": "integer"},
        "title_order": {"type": "keyword", "index": False},
    }
    for facet in ("author", "topic"):
        properties |= {f"{facet}_{kind}": _KEYWORD for kind in ("key", "spelling", "name")}
    for field in WORD_FIELDS:
        properties |= {words_field(field): _WORDS, keys_field(field): _WORDS}
    properties |= {length_field(field): {"type": "integer"} for field in DEFAULT_FIELDS}
    excluded = [name for name in properties if name != "stored"]
    return {
        "dynamic": "strict",
        "_meta": state.to_meta(),
        "_source": {"excludes": excluded},
        "properties": properties,
    }


def settings(shards: int, replicas: int) -> dict[str, Any]:
    """Settings of a new index; it is refreshed by commits only."""
    return {
        "index": {
            "number_of_shards": shards,
            "number_of_replicas": replicas,
            "refresh_interval": "-1",
            "max_result_window": MAX_DEPTH,
            # The frequency alone is the score of a word: BM25F needs it before it is added up over the fields.
            "similarity": {"frequency": {"type": "scripted", "script": {"source": "return query.boost * doc.freq;"}}},
            "analysis": {
                "tokenizer": {"position_tokens": {"type": "whitespace", "max_token_length": 1 << 20}},
                "filter": {
                    "gap": {"type": "stop", "stopwords": [GAP]},
                    "pieces": {"type": "pattern_capture", "preserve_original": False, "patterns": [_PIECE]},
                    # Most position tokens are a single term, and taking them apart is dear.
                    "stacked": {"type": "condition", "filter": ["pieces"], "script": {"source": _IS_STACKED}},
                },
                "analyzer": {
                    "position_tokens": {
                        "type": "custom",
                        "tokenizer": "position_tokens",
                        "filter": ["gap", "stacked"],
                    },
                },
            },
        }
    }


@dataclass(frozen=True, slots=True)
class IndexState:
    """State of the newest commit, kept in the mapping's `_meta`. `index` is the index behind the alias."""

    index: str
    generation: int = 0
    languages: tuple[str, ...] = ("en",)
    stamp: str = ""
    format: int = FORMAT

    def to_meta(self) -> dict[str, Any]:
        """Content of `_meta`."""
        return {
            "program": PROGRAM,
            "format": self.format,
            "generation": self.generation,
            "languages": list(self.languages),
            "stamp": self.stamp,
        }

    @classmethod
    def of_meta(cls, index: str, meta: Any) -> IndexState:
        """Inverse of `to_meta`; of another format only that is read. Raises `IndexUnusable` for another program's."""
        if not isinstance(meta, dict) or meta.get("program") != PROGRAM:
            raise IndexUnusable(
                f"the index {index} of the cluster is not one of Backfile",
                hint="name another one with --opensearch-index",
            )
        if meta.get("format") != FORMAT:
            return cls(index, format=int(meta.get("format") or 0))
        return cls(index, int(meta["generation"]), tuple(meta["languages"]), str(meta["stamp"]))

    def check_format(self) -> None:
        """Raises `IndexUnusable` for an index in another format."""
        if self.format != FORMAT:
            raise IndexUnusable(
                f"the index {self.index} has format {self.format}, but this program reads format {FORMAT}",
                hint="run `backfile index`, which builds it anew",
            )

"""The index as Whoosh knows it: its schema, so that Whoosh's own query parser and searcher work on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whoosh import columns, fields
from whoosh.analysis.acore import Token
from whoosh.analysis.tokenizers import Tokenizer

from backfile.index.analysis.tokenizer import tokenize


class WordTokenizer(Tokenizer):
    """Whoosh's view of `index.analysis.tokens`."""

    def __call__(self, value: str, **options: Any) -> Iterator[Token]:
        """Yields one and the same Whoosh token, changed each time, as Whoosh's own tokenizers do."""
        token = Token(**options)
        for found in tokenize(value):
            token.text = found.term
            token.pos, token.startchar, token.endchar = found.position, found.start, found.end
            token.stopped, token.boost = False, 1.0
            yield token


def whoosh_schema() -> fields.Schema:
    """Title, summary, text, author, topic and source as words; id and language as they are; `day` for sorting."""
    words = WordTokenizer()
    return fields.Schema(
        id=fields.ID(stored=True, unique=True),
        path=fields.STORED,
        title=fields.TEXT(words, stored=True),
        summary=fields.TEXT(words, stored=True),
        text=fields.TEXT(words, stored=True),
        author=fields.TEXT(words, stored=True),
        topic=fields.TEXT(words, stored=True),
        source=fields.TEXT(words, stored=True),
        language=fields.ID(stored=True),
        date=fields.STORED,
        day=fields.COLUMN(columns.NumericColumn("i")),
    )

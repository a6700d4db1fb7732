"""Whoosh schema of the index: Whoosh's query parser, searcher, highlighter and facets work by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whoosh import columns, fields
from whoosh.analysis.acore import Token
from whoosh.analysis.tokenizers import Tokenizer

from backfile.index.analysis.tokenizer import tokenize

INDEXED_WORDS = {
    "title": "title",
    "summary": "summary",
    "text": "text",
    "author_words": "author",
    "topic_words": "topic",
    "source": "source",
}
"""Whoosh's name of each field of words → its name in our segments."""
EXACT_VALUES = ("author", "topic", "language")
UNDATED = 1 << 62
"""Value of undated documents in the columns of `date` and `year`: no date reaches it."""


class WordTokenizer(Tokenizer):
    """Adapter of `index.analysis.tokenizer.tokenize`."""

    def __call__(self, value: str, **options: Any) -> Iterator[Token]:
        """Yields one and the same Whoosh token, changed each time, as Whoosh's own tokenizers do."""
        token = Token(**options)
        for found in tokenize(value):
            token.text = found.term
            token.pos, token.startchar, token.endchar = found.position, found.start, found.end
            token.stopped, token.boost = False, 1.0
            yield token


class ValuesColumn(columns.Column):
    """Column of the whole values of each document, for facets."""

    def stores_lists(self) -> bool:
        """True: a document has a list of values."""
        return True


class ExactValues(fields.ID):
    """Field whose terms are whole values, several a document."""

    def __init__(self) -> None:
        super().__init__(stored=True)
        self.set_sortable(ValuesColumn())

    def from_column_value(self, value: Any) -> Any:
        """The value itself; None for the missing one."""
        return value or None


class FirstDay(fields.DATETIME):
    """First day of a date, one term a document (`shift_step` 0). Undated documents sort last and group under None."""

    def __init__(self) -> None:
        super().__init__(stored=True, sortable=True)
        self.shift_step = 0

    def from_column_value(self, x: Any) -> Any:
        """Datetime or year of a column's number; None for `UNDATED`."""
        return None if x == UNDATED else super().from_column_value(x)


class Year(fields.NUMERIC):
    """Year of a date, one term a document. Undated documents sort last and group under None."""

    def __init__(self) -> None:
        super().__init__(signed=False, shift_step=0, sortable=True)

    def from_column_value(self, x: Any) -> Any:
        """Datetime or year of a column's number; None for `UNDATED`."""
        return None if x == UNDATED else x


def whoosh_schema() -> fields.Schema:
    """Schema of every commit: words, whole values, dates and stored fields."""
    words = WordTokenizer()
    return fields.Schema(
        id=fields.ID(stored=True, unique=True),
        path=fields.STORED,
        title=fields.TEXT(words, stored=True, sortable=columns.VarBytesColumn()),
        summary=fields.TEXT(words, stored=True),
        text=fields.TEXT(words, stored=True),
        author=ExactValues(),
        author_words=fields.TEXT(words),
        topic=ExactValues(),
        topic_words=fields.TEXT(words),
        source=fields.TEXT(words, stored=True),
        language=ExactValues(),
        date=FirstDay(),
        year=Year(),
    )

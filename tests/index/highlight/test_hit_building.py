"""Hits: field matches."""

from __future__ import annotations

import pytest

from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Document, FieldMatch
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.highlight.hits import build_hit
from backfile.index.query import parse

DOCUMENT = Document(
    id="a",
    path="a.md",
    metadata=ArticleMetadata(
        "Ferries at Night", authors=("Ada Marsh", "Joris van Dijk"), topics=("harbour",), summary="A ferry."
    ),
    text="The ferry and the Ferry,\nthe ferries of the night\nferry company.",
)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (
            "ferry",
            [
                FieldMatch("title", (("ferries", 1),)),
                FieldMatch("summary", (("ferry", 1),)),
                FieldMatch("text", (("ferry", 3), ("ferries", 1))),
            ],
        ),
        ('"night ferry"', [FieldMatch("text", (("night ferry", 1),))]),
        (
            "author:dijk company",
            [FieldMatch("text", (("company", 1),)), FieldMatch("author", (("Joris van Dijk", 1),))],
        ),
        ("topic:harb* OR author:nobody", [FieldMatch("topic", (("harbour", 1),))]),
        ("-train", []),
        ("company -train", [FieldMatch("text", (("company", 1),))]),
    ],
)
def test_words_by_field_as_they_are_written(query: str, wanted: list[FieldMatch]) -> None:
    marks = Highlighter(parse(query).tree).highlight(DOCUMENT)
    assert marks is not None
    assert list(build_hit(DOCUMENT, marks, score=1.0, limit=3).field_matches) == wanted
    assert build_hit(DOCUMENT, marks, score=1.0, limit=0).field_matches == ()

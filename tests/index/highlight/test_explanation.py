"""Why an article was found."""

from __future__ import annotations

import pytest

from backfile.index.engine import Document, FieldMatch
from backfile.index.highlight.matcher import Matcher
from backfile.index.hits import hit_of
from backfile.index.query import parse

DOCUMENT = Document(
    id="a",
    path="a.md",
    title="Ferries at Night",
    text="The ferry and the Ferry,\nthe ferries of the night\nferry company.",
    authors=("Ada Marsh", "Joris van Dijk"),
    topics=("harbour",),
    summary="A ferry.",
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
    marks = Matcher(parse(query).tree).match(DOCUMENT)
    assert marks is not None
    assert list(hit_of(DOCUMENT, marks, score=1.0, limit=3).field_matches) == wanted
    assert hit_of(DOCUMENT, marks, score=1.0, limit=0).field_matches == ()

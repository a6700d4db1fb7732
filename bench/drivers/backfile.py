"""Backfile's own engine, asked through its protocol."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backfile.index.engine import Changes, Document, Fingerprint, HighlightedText, Request
from backfile.index.engines import open_engine
from bench.drivers.base import Answer, Question


class Backfile:
    def __init__(self, folder: Path) -> None:
        self.engine = open_engine("whoosh", folder)

    def build(self, documents: Iterable[Document]) -> None:
        stamp = Fingerprint(0, 0, "")
        self.engine.write(Changes(put=((document, stamp) for document in documents), languages=("en",)))
        self.engine.close()

    def open(self) -> None:
        self.engine.status()

    def answer(self, question: Question) -> Answer:
        page = self.engine.search(
            Request(question.query, question.filters, question.sort, passages=1, facet_size=10, deadline=60.0)
        )
        return Answer(
            page.total,
            tuple(hit.id for hit in page.hits),
            {facet.name: [(value.value, value.count) for value in facet.values] for facet in page.facets},
            tuple(_marked(hit.passages[0]) if hit.passages else "" for hit in page.hits),
        )


def _marked(passage: HighlightedText) -> str:
    parts, done = [], 0
    for start, end in passage.spans:
        parts += [passage.text[done:start], "<b>", passage.text[start:end], "</b>"]
        done = end
    return "".join(parts) + passage.text[done:]

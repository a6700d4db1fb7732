"""Driver of Backfile's engines, through their protocol."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backfile.index.engine import Changes, Document, Fingerprint, HighlightedText, Request
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from bench.drivers.base import Answer, Question


class Backfile:
    """Driver of Backfile."""

    def __init__(self, folder: Path, engine: str = DEFAULT, options: EngineOptions = NO_OPTIONS) -> None:
        self.engine = open_engine(engine, folder, options)

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
            tuple(_to_html(hit.passages[0]) if hit.passages else "" for hit in page.hits),
        )


def _to_html(passage: HighlightedText) -> str:
    parts, written = [], 0
    for start, end in passage.spans:
        parts += [passage.text[written:start], "<b>", passage.text[start:end], "</b>"]
        written = end
    return "".join(parts) + passage.text[written:]

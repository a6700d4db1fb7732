"""Agreement of engine and highlighter: every hit of the index matches in the stored text."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from contract.library import article, fingerprint, load, search
from paths import ROOT

from backfile.archive.storage.library import Library
from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engine import Changes, Document, Engine
from backfile.index.engines import open_engine
from backfile.index.highlight import hits
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.highlight.hits import HighlightMismatch
from backfile.index.query import And, Fuzzy, InField, Node, Not, Or, Phrase, Wildcard, Word
from backfile.index.sync.reader import read_documents

SAMPLE_LIBRARY = ROOT / "archive" / "sample"
LANGUAGES = ("en", "fr", "pt")
QUERIES = 150


def documents_of(folder: Path) -> list[Document]:
    library = Library(folder)
    read = read_documents(library, [entry.path for entry in library.walk()], processes=1)
    return [result.document for result in read if result.document]


def real_queries(documents: list[Document], count: int) -> Iterator[Node]:
    """Queries of every kind, with words and phrases as the texts have them."""
    draw = random.Random(8)
    for _ in range(count):
        document = draw.choice([each for each in documents if len(each.text) > 40])
        text = document.text
        tokens = list(tokenize(text))
        first = draw.randrange(len(tokens))
        word, other = text[tokens[first].start : tokens[first].end], draw.choice(tokens).term
        near = text[tokens[first].start : tokens[min(first + draw.randrange(1, 6), len(tokens) - 1)].end]
        yield from (
            Word(word),
            Word(word, exact=True),
            Phrase(near),
            Phrase(near, within=draw.randrange(9)),
            Wildcard(other[:3] + "*"),
            Fuzzy(other, distance=draw.choice((1, 2))),
            And((Word(word), Word(other))),
            And((Or((Word(word), Phrase(near))), Not(Word(other)))),
            InField("title", Word(draw.choice(document.metadata.title.split() or [word]))),
        )


def check_agreement(documents: list[Document], folder: Path, count: int) -> None:
    with closing(open_engine("whoosh", folder)) as engine:
        put = [(document, fingerprint(document)) for document in documents]
        engine.write(Changes(put=put, languages=LANGUAGES))
        for query in real_queries(documents, count):
            page = search(engine, query, per_page=10)  # raises `HighlightMismatch`
            plain = Highlighter(query, LANGUAGES)
            for hit in page.hits:
                highlights = plain.highlight(engine.document(hit.id))
                assert highlights is not None
                assert hit.matches == highlights.count, (query, hit.id)
                assert highlights.count or highlights.values, (query, hit.id)


def test_agreement_on_the_sample_library(tmp_path: Path) -> None:
    check_agreement(documents_of(SAMPLE_LIBRARY), tmp_path, 12)


@pytest.mark.long
@pytest.mark.parametrize("name", ["digitalgov", "publicdomain-md", "do-tutorials", "nodejs-blog"])
def test_agreement_on_real_articles(name: str, corpus: Callable[[str], Path], tmp_path: Path) -> None:
    documents = documents_of(corpus(name))
    check_agreement(random.Random(8).sample(documents, min(len(documents), 150)), tmp_path, QUERIES // 5)


@pytest.fixture
def disagreeing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine with one article in which the highlighter finds nothing."""
    with closing(open_engine("whoosh", tmp_path)) as engine:
        load(engine, article("a", "The night ferry."))
        monkeypatch.setattr(Highlighter, "highlight_all", lambda self, documents: [None for _ in documents])
        yield engine


def test_a_mismatch_raises_in_tests(disagreeing: Engine) -> None:
    with pytest.raises(HighlightMismatch, match="'a' is a hit for 'ferry'"):
        search(disagreeing, "ferry")


def test_a_mismatch_is_logged_and_the_hit_is_shown(
    disagreeing: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hits, "RAISE_MISMATCHES", False)
    with caplog.at_level(logging.ERROR):
        (hit,) = search(disagreeing, "ferry").hits
    assert (hit.id, hit.matches, hit.passages[0].text) == ("a", 0, "The night ferry.")
    assert "'a' is a hit for 'ferry'" in caplog.text

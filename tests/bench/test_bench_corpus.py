"""Corpus maker: the same articles for the same seed, shaped like real ones, readable as a library."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from paths import ROOT

from backfile.archive.storage.library import Library
from backfile.index.engine import Document
from backfile.index.sync.reader import document_of
from bench.corpus import generate, write_library, write_lines
from bench.language import FULL_VOCABULARY, KEPT_IN_PLACE, learn


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(generate(600))


def test_a_seed_decides_everything(documents: list[Document]) -> None:
    assert list(islice(generate(10_000), 600)) == documents
    assert list(generate(3)) == documents[:3]
    others = list(generate(3, seed=2))
    assert all(other.text != document.text for other, document in zip(others, documents, strict=False))


def test_articles_are_shaped_like_real_ones(documents: list[Document]) -> None:
    lengths = sorted(len(document.text) for document in documents)
    assert len({document.id for document in documents}) == 600
    assert 3_000 < sum(lengths) / 600 < 5_000
    assert lengths[30] * 4 < lengths[-30]
    assert all(document.metadata.title and document.metadata.topics for document in documents)
    assert sum(document.metadata.date is None for document in documents) > 2
    assert len({document.metadata.date.year for document in documents if document.metadata.date}) > 35
    assert {len(document.metadata.authors) for document in documents} == {0, 1, 2, 3}
    authors = Counter(author for document in documents for author in document.metadata.authors)
    assert len(authors) > 250
    assert authors.most_common(1)[0][1] > 5


def test_words_are_distributed_as_in_real_text(documents: list[Document]) -> None:
    words = Counter(word for document in documents for word in re.findall(r"\w+", document.text.lower()))
    ranked = [count for _, count in words.most_common()]
    total = sum(ranked)
    assert 0.03 < ranked[0] / total < 0.09
    assert 0.3 < sum(ranked[:100]) / total < 0.65
    assert words["the"] == ranked[0]
    some = sum(1 for document in documents if " of the " in document.text)
    assert some > 300
    half = Counter(word for document in documents[:300] for word in re.findall(r"\w+", document.text.lower()))
    assert len(half) < len(words) < 2 * len(half)


def test_an_article_keeps_to_its_words(documents: list[Document]) -> None:
    common = set(learn().words[:KEPT_IN_PLACE])
    repeated = 0
    for document in documents[:200]:
        words = Counter(word for word in re.findall(r"\w{4,}", document.text.lower()) if word not in common)
        repeated += words.most_common(1)[0][1] >= 6
    assert repeated > 150


def test_the_library_written_is_the_documents(documents: list[Document], tmp_path: Path) -> None:
    assert write_library(iter(documents), tmp_path) == 600
    library = Library(tmp_path)
    readings = {entry.path: library.read(entry.path) for entry in library.walk()}
    assert len(readings) == 600
    for document in documents[::20]:
        reading = readings[document.path]
        assert reading.problems == ()
        assert reading.article is not None
        found = document_of(reading.article)
        told = replace(found.metadata, language=document.metadata.language)  # by the text, which the maker knows not
        assert replace(found, metadata=told) == document


def test_lines_are_a_source_in_their_turn(documents: list[Document], tmp_path: Path) -> None:
    file = tmp_path / "docs.jsonl"
    assert write_lines(iter(documents[:50]), file) == 50
    first = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    assert (first["id"], first["title"], first["text"]) == (
        documents[0].id,
        documents[0].metadata.title,
        documents[0].text,
    )
    language = learn(file)
    assert len(language.words) == len(set(map(str.lower, language.words))) == FULL_VOCABULARY
    assert language.weights.sum() == pytest.approx(1)
    assert next(generate(1, source=file)).text != documents[0].text


def test_a_source_without_a_sentence_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(ValueError, match="no sentence to learn from"):
        learn(tmp_path / "empty.jsonl")


def test_command_line(tmp_path: Path) -> None:
    def bench(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bench", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )

    made = bench("corpus", "--articles", "7", "--out", str(tmp_path / "library"))
    assert made.returncode == 0
    assert "7 articles" in made.stderr
    assert len(list((tmp_path / "library").rglob("*.md"))) == 7
    unknown = bench("nonsense")
    assert unknown.returncode == 2
    assert re.search(r"^  corpus +Corpus generator", unknown.stdout, re.MULTILINE)

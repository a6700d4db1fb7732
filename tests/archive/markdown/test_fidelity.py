"""Fidelity: real archives read as by other parsers; every hostile file is read or reported."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.frontmatter.yaml_reader import read_yaml
from backfile.archive.storage.library import Library
from bench import corpora_folder
from bench.fidelity import SETS, measure

HOSTILE = (
    "blns",
    "commonmark",
    "frontmatter-tests",
    "jekyll-fixtures",
    "mistune-fixtures",
    "unicode",
    "xss",
    "yaml-test-suite",
)
ARTICLE_ENDINGS = {".md", ".markdown"}


def corpus(name: str) -> Path:
    folder = corpora_folder() / name
    if not folder.is_dir():
        pytest.skip(f"the corpus {name} is not unpacked in {corpora_folder()}")
    return folder


@pytest.mark.corpora
@pytest.mark.parametrize("name", SETS)
def test_articles_are_read_as_an_independent_parser_reads_them(name: str) -> None:
    outcome = measure(corpus(name))
    assert outcome.compared > 90
    assert outcome.missing == []
    assert outcome.lowest >= 0.995, outcome.mismatches[:20]


@pytest.mark.corpora
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HOSTILE)
def test_every_hostile_file_is_an_article_or_listed(name: str, tmp_path: Path) -> None:
    """Every file of the corpus, whatever it is, under the name of an article."""
    source = corpus(f"bad-{name}")
    for number, path in enumerate(sorted(path for path in source.rglob("*") if path.is_file())):
        shutil.copy(path, tmp_path / f"{number:04d}{path.suffix if path.suffix in ARTICLE_ENDINGS else '.md'}")
    library = Library(tmp_path)
    entries = list(library.walk())
    assert len(entries) == len(list(tmp_path.iterdir()))
    for entry in entries:
        reading = library.read(entry.path)
        assert reading.article or reading.left_out or reading.problems, entry.path
        if reading.article:
            assert library.get(reading.article.id) == reading.article


@pytest.mark.corpora
def test_yaml_that_must_fail_is_reported_or_stays_text() -> None:
    """YAML test suite as front matter: an error never gives an empty or wrong mapping without a problem."""
    failing = 0
    for path in sorted((corpus("bad-yaml-test-suite") / "src").glob("*.yaml")):
        cases, _ = read_yaml(path.read_text(encoding="utf-8"))
        assert isinstance(cases, list)
        for case in cases:
            block = unmarked(case.get("yaml") or "")
            front = parse(f"---\n{block}\n---\nBody\n")
            assert front.text == f"---\n{block}\n---\nBody\n"
            if case.get("fail") and not block.lstrip().startswith("---"):
                failing += 1
                lenient = path.stem in LENIENT
                assert front.problems or not front.data or lenient, path.stem
    assert failing > 20


LENIENT = {"DK95", "SU5Z", "X4QW"}
"""Cases in which libyaml forgives a tab or a missing space before a comment, and the mapping is the one meant."""


def unmarked(text: str) -> str:
    """A case of the suite without the marks by which it shows blanks, tabs and line ends."""
    for mark, meant in (("␣", " "), ("»", "\t"), ("—", ""), ("↵", ""), ("∎", ""), ("⇔", "\ufeff")):
        text = text.replace(mark, meant)
    return text

"""Lookup of articles in all states: as readers are told, and as the owner is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from oracle.memory_engine import MemoryEngine
from synchronising import synchronise

from backfile.archive.storage.library import Library
from backfile.index.explanation.answer import answer_why
from backfile.index.explanation.article_lookup import ArticleFinder, Outcome
from backfile.index.explanation.criteria import SearchCriteria
from backfile.index.query import MatchAll

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FILES = {
    "plain": "title: The plain one\nsource: {url: 'https://paper.example/2019/plain?x=1'}\naliases: [/was/plain]",
    "second": "title: The plain one, again",
    "embargoed": "title: Not yet\nembargo: 2031-01-01T10:00:00Z\naliases: [/was/embargoed]",
    "later": "title: Later\ndate: 2131",
    "expired": "title: Over\nexpires: 2020-01-01",
    "withheld": "title: Closed\nwithheld: by order of a court",
    "unlisted": "title: Quiet\nunlisted: true",
    "draft": "title: Half done\ndraft: true",
}


@pytest.fixture
def finders(tmp_path: Path) -> Iterator[tuple[ArticleFinder, ArticleFinder]]:
    """Lookups for readers and for the owner, of one library with a broken and a new file."""
    root = tmp_path / "library"
    (root / "news").mkdir(parents=True)
    for name, head in FILES.items():
        (root / "news" / f"{name}.md").write_text(f"---\n{head}\n---\nWords of a ferry.\n")
    (root / "news" / "noise.md").write_bytes(b"\x00\xff\xfe\x00 binary \x00" * 20)
    library = Library(root)
    with closing(MemoryEngine()) as engine:
        synchronise(library, engine, folder=tmp_path / "cache", now=NOW)
        (root / "news" / "fresh.md").write_text("---\ntitle: Fresh\n---\nText.\n")
        made = [
            ArticleFinder(engine, library, tmp_path / "cache", NOW, frozenset({"own.example"}), "/a", is_owner=owner)
            for owner in (False, True)
        ]
        yield made[0], made[1]


@pytest.mark.parametrize(
    ("typed", "reader", "owner"),
    [
        ("news/plain", Outcome.INDEXED, Outcome.INDEXED),
        ("news/fresh", Outcome.NOT_INDEXED, Outcome.NOT_INDEXED),
        ("news/embargoed", Outcome.UNKNOWN, Outcome.HELD),
        ("/was/embargoed", Outcome.UNKNOWN, Outcome.UNKNOWN),
        ("news/later.md", Outcome.UNKNOWN, Outcome.HELD),
        ("news/expired", Outcome.GONE, Outcome.GONE),
        ("news/withheld", Outcome.GONE, Outcome.GONE),
        ("news/unlisted", Outcome.UNLISTED, Outcome.UNLISTED),
        ("news/draft", Outcome.UNKNOWN, Outcome.LEFT_OUT),
        ("news/noise", Outcome.UNREADABLE, Outcome.UNREADABLE),
        ("news/nothing", Outcome.UNKNOWN, Outcome.UNKNOWN),
        ("Not yet", Outcome.UNKNOWN, Outcome.UNKNOWN),
        ("The plain one", Outcome.INDEXED, Outcome.INDEXED),
        ("plain one", Outcome.CHOICES, Outcome.CHOICES),
        ("https://own.example/a/article/news/plain", Outcome.INDEXED, Outcome.INDEXED),
        ("https://paper.example/2019/plain?x=1", Outcome.INDEXED, Outcome.INDEXED),
        ("https://paper.example/2019/plain?x=2", Outcome.CHOICES, Outcome.CHOICES),
        ("/a/was/plain", Outcome.INDEXED, Outcome.INDEXED),
        ("", Outcome.UNKNOWN, Outcome.UNKNOWN),
    ],
)
def test_outcomes(finders: tuple[ArticleFinder, ArticleFinder], typed: str, reader: Outcome, owner: Outcome) -> None:
    assert (finders[0].find(typed).outcome, finders[1].find(typed).outcome) == (reader, owner)


def test_paths_of_the_folder_lead_to_their_article(finders: tuple[ArticleFinder, ArticleFinder]) -> None:
    path = finders[0].library.root / "news" / "plain.md"
    assert {finder.find(str(path)).article_id for finder in finders} == {"news/plain"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("embargoed", "It is held back until 2031-01-01T10:00+00:00."),
        ("expired", "It has expired, so no search finds it."),
        ("withheld", "It is withheld (by order of a court), so no search finds it."),
        ("unlisted", "It is unlisted: it is read at its address, and no search finds it."),
        ("draft", "Its file is no article: draft."),
        ("fresh", "It is not indexed yet; searches find it once it is."),
    ],
)
def test_the_owner_is_told_why(finders: tuple[ArticleFinder, ArticleFinder], name: str, words: str) -> None:
    answer = answer_why(finders[1], SearchCriteria(MatchAll()), f"news/{name}")
    assert [sentence.text for sentence in answer.sentences] == [words]


def test_a_file_that_could_not_be_read_is_said_with_its_reason(finders: tuple[ArticleFinder, ArticleFinder]) -> None:
    for finder in finders:
        (sentence,) = answer_why(finder, SearchCriteria(MatchAll()), "news/noise").sentences
        assert sentence.text.startswith("Its file could not be read: ")

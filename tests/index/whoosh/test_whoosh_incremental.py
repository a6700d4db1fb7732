"""Incremental index: after a thousand changes equal to one built at once."""

from __future__ import annotations

import random
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from contract.generated import LANGUAGES, NAMES, SOURCES, TOPICS, WORDS
from contract.library import fingerprint

from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.index.engine import Changes, Document, Engine, Filters, Page, Request, Sort
from backfile.index.engines import open_engine
from backfile.index.query import parse

STEPS = 1_000
ARTICLES = 300
INDEX_LANGUAGES = ("en", "fr")
QUERIES = (
    "ferry", "night ferry", "the of", "declare OR minister", "ferry -night", '"night ferry"', '"ferry the"~4', "e-mail",
    "decl*", "feri~", "title:ferry", "author:lee", "topic:sea ferry", "=declared", "state-of-the-art", "手機", "C++",
    "date:2019", "lang:en ferry", "",
)  # fmt: skip
NARROWED = (Filters(), Filters(authors=("Ann Lee", "lee")), Filters(topics=("sea",)))


def article(chance: random.Random, key: str) -> Document:
    def words(most: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(1, most)))

    return Document(
        id=key,
        path=f"{key}.md",
        metadata=ArticleMetadata(
            words(6),
            authors=tuple(chance.sample(NAMES, chance.randint(0, 3))),
            topics=tuple(chance.sample(TOPICS, chance.randint(0, 2))),
            date=chance.choice([None, PartialDate(2018), PartialDate(2019, 3), PartialDate(2020, 1, 1)]),
            summary=chance.choice([None, words(8)]),
            source=chance.choice(SOURCES),
            language=chance.choice(LANGUAGES),
        ),
        text=words(60),
    )


def step(chance: random.Random, engine: Engine, articles: dict[str, Document]) -> None:
    """Writes some articles, known or new, and drops some others; most steps are small, as those of a library are."""
    keys = [f"a{chance.randrange(ARTICLES)}" for _ in range(chance.choice([1, 1, 1, 2, 5, 40]))]
    put = {key: article(chance, key) for key in keys}
    drop = [
        key
        for key in chance.sample(sorted(articles), min(len(articles), chance.choice([0, 0, 1, 3])))
        if key not in put
    ]
    engine.write(
        Changes(
            put=[(document, fingerprint(document)) for document in put.values()], drop=drop, languages=INDEX_LANGUAGES
        )
    )
    articles |= put
    for key in drop:
        del articles[key]


@pytest.mark.long
def test_a_thousand_steps_come_to_the_same_as_a_fresh_index(tmp_path: Path) -> None:
    chance = random.Random(11)
    articles: dict[str, Document] = {}
    with (
        closing(open_engine("whoosh", tmp_path / "changed")) as changed,
        closing(open_engine("whoosh", tmp_path / "fresh")) as fresh,
    ):
        for _ in range(STEPS):
            step(chance, changed, articles)
        items = [(document, fingerprint(document)) for document in articles.values()]
        fresh.write(Changes(put=items, languages=INDEX_LANGUAGES))
        assert changed.fingerprints() == fresh.fingerprints()
        for text in QUERIES:
            for filters in NARROWED:
                for sort in Sort:
                    request = Request(parse(text).tree, filters, sort, per_page=ARTICLES, facet_size=None, deadline=60)
                    assert_same(changed.search(request), fresh.search(request))


def assert_same(page: Page, expected: Page) -> None:
    """Asserts equal totals, facets and hits, scores to 1e-9; hits with closer scores may be in either order."""
    assert (page.total, page.facets) == (expected.total, expected.facets)
    scores, truth = ({hit.id: hit.score for hit in each.hits} for each in (page, expected))
    assert scores == pytest.approx(truth, rel=1e-9, abs=1e-12)
    shown, known = (
        {hit.id: (hit.title, hit.matches, hit.passages, hit.field_matches) for hit in each.hits}
        for each in (page, expected)
    )
    assert shown == known
    order = [truth[hit.id] for hit in page.hits]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(order))
    if not any(order):
        assert [hit.id for hit in page.hits] == [hit.id for hit in expected.hits]

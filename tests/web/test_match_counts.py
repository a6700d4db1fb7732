"""The number of matches of a hit equals the number of marks on its page, on a real archive."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engines import open_engine

QUERIES = (
    "accessibility",
    '"plain language"',
    "user research -mobile",
    "api OR webinar",
    '"data open"~4',
    "web*",
    "U.S. government",
    "title:podcast",
    "e-mail",
    "=Design",
    "analytics~",
    "2015",
)


@pytest.mark.long
@pytest.mark.corpora
def test_hits_and_pages_agree(corpus: Callable[[str], Path], tmp_path: Path) -> None:
    settings = Settings(library=corpus("digitalgov"), index=tmp_path, deadline=60)
    engine = open_engine(settings.engine, settings.index_folder)
    synchronise(Library(settings.library), engine, folder=settings.cache_folder)
    client = create_app(settings, open_index=lambda: engine).test_client()
    for query in QUERIES:
        answer = client.get("/api/search", query_string={"q": query, "per_page": 6}).json
        assert answer is not None
        assert answer["hits"], query
        for hit in answer["hits"]:
            page = client.get(hit["url"]).text
            marks = set(re.findall(r'<mark id="m(\d+)"', page))
            assert len(marks) == hit["matches"], (query, hit["id"])

"""A million texts as queries: each is read, has a normal form that reads as itself, and is answered or refused."""

from __future__ import annotations

import random
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from contract.library import article, load
from long_runs import examples

from backfile.app import create_app
from backfile.index.engine import Request, Sort
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.errors import QueryRefused
from backfile.index.query import MatchAll, parse, to_text
from tests.web_archive import indexed

WORDS = (
    "ferry ferries night the of minister's e-mail AT&T U.S. C++ café cafe\u0301 1,000 straße 手機版本 カメラ น้ำ محمد ½"
)
OPERATORS = 'AND OR NOT and or not && || | ! - + ~ ~1 ~99 ^2 * ? ( ) (( )) " " “ ” « » \' [ ] { } TO : , = < > / \\'
FIELDS = 'title: text: author: topic: lang: date: source: id: nothing: title:( title:" date:2019..2020 date:>2019-13'
ODD = ["\0", "\n", "\t", "\u00a0", "\u200b", "\u200f", "\u2028", "\ud800", "\ufeff", "\U000e0041", "\u0301" * 9, "%00"]
LONG = ["a" * 300, "a-" * 200, "(" * 60, '"' * 31, "a*b" * 9, "?" * 40, "~" * 40]
OTHER = ["' OR 1=1 --", "{{7*7}}", "<script>", "&#60;", "../..", "$(x)"]
PIECES = (*[WORDS.split()] * 4, *[OPERATORS.split()] * 2, FIELDS.split(), ODD, LONG, OTHER)
PAGES = 50  # one in so many is asked of the web application too


def text(rng: random.Random, former: str) -> str:
    """Text of pieces, or the text before with some of its parts cut, doubled, swapped or changed."""
    if rng.random() < 0.6 or not former:
        gaps = rng.choice([("",), (" ",), (" ", "", "\u3000", "  ")])
        return "".join(rng.choice(rng.choice(PIECES)) + rng.choice(gaps) for _ in range(rng.randrange(1, 14)))
    cut, end = sorted(rng.randrange(len(former) + 1) for _ in "12")
    character = chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x250), rng.randrange(0x11_0000)]))
    changed = former[:cut] + former[end:], former[:end] + former[cut:], former[cut:] + former[:cut]
    return rng.choice([*changed, former[:cut] + character + former[cut:]])[:2_000]


def normal(query: str) -> str:
    """Normal form of a query; asserts that it reads as the same query."""
    parsed = parse(query)
    if parsed.refusal:
        assert parsed.tree == MatchAll()
        return ""
    again = parse(shown := to_text(parsed.tree))
    assert (again.tree, again.refusal) == (parsed.tree, None), repr(query)
    return shown


@pytest.mark.parametrize(
    "count", [60, pytest.param(examples(1_000_000, 50), marks=[pytest.mark.long, pytest.mark.timeout(4 * 3_600)])]
)
def test_every_text_is_read_and_answered(tmp_path: Path, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    rng, outcome, query = random.Random(count), Counter[str](), ""
    settings, served = indexed(tmp_path / "archive")
    client = create_app(settings, open_index=lambda: served).test_client()
    with closing(open_engine(DEFAULT, tmp_path / "index")) as engine:
        texts = [" ".join(rng.choices(WORDS.split(), k=40)) for _ in range(40)]
        load(engine, *[article(f"a{n}", each, title=each[:20], topics=("sea",)) for n, each in enumerate(texts)])
        for number in range(count):
            query = text(rng, query)
            outcome["refused as too long or too much" if not normal(query) else "read"] += 1
            request = Request(parse(query).tree, sort=rng.choice(list(Sort)), per_page=2, deadline=60)
            try:
                outcome["found" if engine.search(request).total else "found nothing"] += 1
            except QueryRefused:
                outcome["refused by the search"] += 1
            except Exception as error:
                raise AssertionError(f"query {number}: {query!r}") from error
            if number % PAGES == 0:
                with client.get("/search?q=" + quote(query, errors="replace")) as response:
                    outcome[f"page {response.status_code}"] += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{count:,} texts: {dict(sorted(outcome.items()))}\n")
    assert outcome["found"] > count / 20
    assert {name for name in outcome if name.startswith("page")} <= {"page 200", "page 400"}

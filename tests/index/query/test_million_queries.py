"""A million texts as queries: each is read and has a normal form that reads as itself.

A share is searched and answered or refused, a share of these as the naive engine does.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from contract.library import article, load
from contract.test_agreement import assert_same
from long_runs import examples
from oracle.memory_engine import MemoryEngine

from backfile.app import create_app
from backfile.index.engine import Engine, Page, Request, Sort
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


@dataclass(frozen=True)
class Shares:
    """Shares of the texts: one in so many is searched, one is compared with the naive engine, one is a page."""

    searched: int
    compared: int
    pages: int


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


class Engines:
    """The engine and the naive one beside it, with the same articles."""

    def __init__(self, engine: Engine, naive: Engine, rng: random.Random) -> None:
        self._engine, self._naive, self._rng = engine, naive, rng
        texts = [" ".join(rng.choices(WORDS.split(), k=40)) for _ in range(40)]
        for each in (engine, naive):
            load(each, *[article(f"a{n}", text, title=text[:20], topics=("sea",)) for n, text in enumerate(texts)])

    def ask(self, query: str, *, compare: bool) -> str:
        """Outcome of a search; asserts that the naive engine has the same."""
        request = Request(parse(query).tree, sort=self._rng.choice(list(Sort)), per_page=5, deadline=60)
        answer = answer_of(self._engine, request)
        if compare:
            expected = answer_of(self._naive, request)
            if isinstance(answer, Page) and isinstance(expected, Page):
                assert_same(expected, answer, request.sort, 1e-9)
            else:
                assert answer == expected
        if isinstance(answer, str):
            return "refused by the search"
        return "found" if answer.total else "found nothing"


def answer_of(engine: Engine, request: Request) -> Page | str:
    """Answer to a request, or the reason for which it is refused."""
    try:
        return engine.search(request)
    except QueryRefused as error:
        return str(error)


@pytest.mark.parametrize(
    ("count", "shares"),
    [
        (60, Shares(1, 10, 50)),
        pytest.param(
            examples(1_000_000, 50), Shares(10, 100, 1_000), marks=[pytest.mark.long, pytest.mark.timeout(4 * 3_600)]
        ),
    ],
)
def test_every_text_is_read_and_answered(
    tmp_path: Path, count: int, shares: Shares, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, outcome, query = random.Random(count), Counter[str](), ""
    settings, served = indexed(tmp_path / "archive")
    client = create_app(settings, open_index=lambda: served).test_client()
    with closing(open_engine(DEFAULT, tmp_path / "index")) as engine, closing(MemoryEngine()) as naive:
        engines = Engines(engine, naive, rng)
        for number in range(count):
            query = text(rng, query)
            try:
                outcome["read" if normal(query) else "refused as too long or too much"] += 1
                if number % shares.searched == 0:
                    outcome["compared"] += (compare := number % shares.compared == 0)
                    outcome[engines.ask(query, compare=compare)] += 1
            except Exception as error:
                raise AssertionError(f"query {number}: {query!r}") from error
            if number % shares.pages == 0:
                with client.get("/search?q=" + quote(query, errors="replace")) as response:
                    outcome[f"page {response.status_code}"] += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{count:,} texts: {dict(sorted(outcome.items()))}\n")
    assert outcome["found"] > count / shares.searched / 20
    assert {name for name in outcome if name.startswith("page")} <= {"page 200", "page 400"}

"""Fields, dates, languages, and how they combine."""

from __future__ import annotations

from datetime import date

import pytest

from backfile.index.engine import Engine
from backfile.index.query import And, DateRange, Fuzzy, InField, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from backfile.web.views.on_this_day import exactly_on
from contract.library import article, found, load

LIBRARY = [
    article(
        "board", "The board met. It spoke of ferries.", title="Harbour board votes", summary="A night ferry, at last.",
        authors=("Ann Lee", "Bo Öst"), topics=("local government", "transport"), date="2019-03-14",
        source=("The Harbour Gazette", "https://news.example.org/2019/ferry"), language="en",
    ),
    article(
        "night", "Night fell on the harbour.", title="A ferry at night", authors=("Lee Ann Park",),
        topics=("transport policy",), date="2019-03", language="en-GB",
    ),
    article(
        "year", "The whole year in pictures.", title="Pictures", authors=("Öst, B.",), date="2019",
        source=(None, "https://gazette.example.com/x"), language="pt-BR",
    ),
    article("new", "A crane.", title="Crane", date="2020-01-01", language="pt"),
    article("old", "A hulk.", title="Hulk", date="2018-12-31", source=("Post", None), language="PT_pt"),
    article("undated", "A riddle of the harbour.", title="Riddle", authors=("Ann", "Lee")),
]  # fmt: skip


def fill(engine: Engine) -> None:
    load(engine, *LIBRARY, languages=("en",))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("title:ferry", "night"),
        ("title:ferries", "night"),
        ("summary:ferry", "board"),
        ("text:ferry", "board"),
        ("ferry", "board night"),
        ("ferry board", "board"),
        ('"night ferry"', "board"),
        ('title:"ferry at night"', "night"),
        ('"votes a"', ""),
        ("title:(ferry OR crane)", "night new"),
        ("title:(harbour -votes)", ""),
        ("harbour -title:ferry", "board undated"),
        ("author:lee", "board night undated"),
        ('author:"ann lee"', "board"),
        ('author:"lee bo"', ""),
        ('author:"ann lee"~1', "board night"),
        ("author:öst", "board year"),
        ("author:ost", "board year"),
        ("author:(ann bo)", "board"),
        ("lee", "board night undated"),
        ("lee harbour", "board night undated"),
        ("lee crane", ""),
        ("pictures -öst", ""),
        ("title:lee", ""),
        ("topic:transport", "board night"),
        ('topic:"local government"', "board"),
        ("topic:transpor*", "board night"),
        ("author:lea~", "board night undated"),
        ("source:gazette", "board year"),
        ("source:news.example.org", "board"),
        ("source:example", "board year"),
        ("source:ferry", ""),
        ("lang:en", "board night"),
        ("lang:en-gb", "night"),
        ("lang:pt", "year new old"),
        ("lang:pt-BR", "year"),
        ("lang:fr", ""),
        ("-lang:en", "year new old undated"),
        ("harbour lang:en", "board night"),
        ("date:2019", "board night year"),
        ("date:2019-03", "board night year"),
        ("date:2019-03-14", "board night year"),
        ("date:2019-03-15", "night year"),
        ("date:2019-04", "year"),
        ("date:2018..2019", "old board night year"),
        ("date:2019-03..2020", "board night year new"),
        ("after:2019", "new"),
        ("before:2019", "old"),
        ("after:2019-03", "year new"),
        ("before:2019-03-14", "old night year"),
        ("-date:2019", "new old undated"),
        ("harbour date:2019", "board night"),
    ],
)
def test_finds_by_field(shared: Engine, query: str, expected: str) -> None:
    assert found(shared, query) == set(expected.split())


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (MatchAll(), "board night year new old undated"),
        (Not(MatchAll()), ""),
        (Not(Not(Word("harbour"))), "board night undated"),
        (And((Word("harbour"), MatchAll())), "board night undated"),
        (Or((Not(Word("harbour")), Word("riddle"))), "year new old undated"),
        (InField("title", Not(Word("ferry"))), "board year new old undated"),
        (InField("title", Or((Word("crane"), And((Word("ferry"), Not(Word("board"))))))), "night new"),
        (InField("author", InField("title", Word("crane"))), "new"),
        (InField("title", DateRange(date(2020, 1, 1), None)), "new"),
        (InField("lang", Or((Word("fr"), Word("en")))), "board night"),
        (InField("lang", Not(Wildcard("pt*"))), "board night undated"),
        (InField("lang", MatchAll()), "board night year new old undated"),
        (DateRange(None, None), "board night year new old"),
        (DateRange(date(2019, 12, 31), date(2019, 12, 31)), "year"),
        (DateRange(date(2020, 1, 1), date(2019, 1, 1)), ""),
        (exactly_on([date(2019, 3, 14), date(2020, 3, 14)]), "board"),
        (exactly_on([date(2019, 12, 31), date(2018, 12, 31)]), "old"),
        (exactly_on([date(2020, 1, 1)]), "new"),
        (exactly_on([date(2019, 3, 1), date(2019, 1, 1)]), ""),
        (Word("!!"), ""),
        (Not(Word("!!")), "board night year new old undated"),
        (Phrase("— …"), ""),
        (Phrase("ferry"), "board night"),
        (Phrase("ferry", within=0), "board night"),
        (Phrase("ferry ferry", within=0), "board night"),
        (Phrase("night ferry", within=0), ""),
        (Word("night ferry"), "board"),
        (Wildcard("*"), "board night year new old undated"),
        (Wildcard("??????"), "undated"),
        (Fuzzy("riddel", distance=2), "undated"),
        (Fuzzy("", distance=2), ""),
    ],
    ids=repr,
)
def test_every_node_matches_by_its_definition(shared: Engine, node: Node, expected: str) -> None:
    assert found(shared, node) == set(expected.split())

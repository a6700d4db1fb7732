"""Quotations, found by any engine: word for word, nearly, not at all."""

from __future__ import annotations

import pytest

from backfile.index.engine import Engine
from backfile.index.errors import DeadlineExceeded, QueryRefused
from backfile.index.quotations.marked_passages import list_changes, mark_passages, quoted_words
from backfile.index.quotations.quotation_finder import (
    MAX_QUOTATION,
    QuotationOrder,
    QuotationReport,
    Verdict,
    find_quotation,
)
from contract.library import article, load

FILLER = "Nothing else is told here about what happened on that day, and the weather was fair. " * 8

LIBRARY = [
    article(
        "strike", f"{FILLER}\nThe harbour board cancelled the night ferry on Tuesday because of a strike.\n{FILLER}",
        date="2019-03-14", title="A strike at the harbour",
    ),
    article(
        "reprint", f"The harbour board cancelled the night ferry on Tuesday because of a strike. {FILLER}",
        date="2018", title="From other papers",
    ),
    article(
        "changed", f"{FILLER} The harbour board has cancelled the last ferry on Tuesday because of a storm. {FILLER}",
        date="2001",
    ),
    article("negated", f"{FILLER} The law would not improve the lives of fishermen, she said. {FILLER}", date="2005"),
    article("alpha", f"Team Alpha reported that the new deployment reduced latency by twelve percent. {FILLER}"),
    article("beta", f"Team Beta reported that the new deployment reduced latency by ten percent. {FILLER}"),
    article("titled", FILLER, title="A quiet evening with seven puffins and one kittiwake", date="2010"),
    article("summed", FILLER, summary="Why the lighthouse keeper counted his matches every single morning."),
    article("zh", "昨天港口管理局宣布，由于码头工人罢工，夜间渡轮已经取消。旅客可以免费退票。", language="zh"),
    article("ar", "أعلنت هيئة الميناء أمس إلغاء العبارة الليلية بسبب إضراب عمال الرصيف في المدينة.", language="ar"),
    article("blocks", f"First came the long silence of winter.\nThen the boats returned to the grey harbour. {FILLER}"),
    article("operators", f"{FILLER} Choose title: OR author: AND -nothing at all (or so) here. {FILLER}"),
]  # fmt: skip


def fill(engine: Engine) -> None:
    load(engine, *LIBRARY, languages=("en", "zh"))


def find(engine: Engine, text: str, **options: object) -> QuotationReport:
    return find_quotation(engine, text, **{"deadline": 60.0, **options})  # type: ignore[arg-type]


def ids(report: QuotationReport) -> list[str]:
    return [match.document.id for match in report.matches]


@pytest.mark.parametrize(
    ("quotation", "found"),
    [
        ("the night ferry on Tuesday because of a strike", {"strike", "reprint"}),
        ("“THE NIGHT FERRY”, on Tuesday", {"strike", "reprint"}),
        ("The harbour board … because of a strike", {"strike", "reprint"}),
        ("seven puffins and one kittiwake", {"titled"}),
        ("counted his matches every single morning", {"summed"}),
        ("the long silence of winter. Then the boats returned", {"blocks"}),
        ("由于码头工人罢工，夜间渡轮已经取消", {"zh"}),
        ("港口管理局宣布……可以免费退票", {"zh"}),
        ("إلغاء العبارة الليلية بسبب إضراب", {"ar"}),
        ("OR author: AND -nothing at all (or so)", {"operators"}),
    ],
)
def test_word_for_word(shared: Engine, quotation: str, found: set[str]) -> None:
    report = find(shared, quotation)
    assert report.verdict is Verdict.VERBATIM
    assert {match.document.id for match in report.matches if match.verdict is Verdict.VERBATIM} == found
    assert all(match.percent == 100 for match in report.matches[: len(found)])


@pytest.mark.parametrize(
    ("quotation", "first", "changes"),
    [
        ("The law would improve the lives of fishermen", "negated", [("missing", "", "not")]),
        ("The law would not improve the long lives of fishermen", "negated", [("added", "long", "")]),
        ("The law would not improve the lives of fisherman", "negated", [("changed", "fisherman", "fishermen")]),
        (
            "Team Alpha reported that the new deployment reduced latency by ten percent",
            "alpha", [("changed", "ten", "twelve")],
        ),
        ("a quiet morning with seven puffins and one kittiwake", "titled", [("changed", "morning", "evening")]),
        ("昨天港口管理局宣布，由于码头工人罢工，夜间火车已经取消", "zh", [("changed", "火车", "渡轮")]),
        ("أعلنت هيئة الميناء اليوم إلغاء العبارة الليلية بسبب إضراب عمال", "ar", [("changed", "اليوم", "أمس")]),
    ],
)  # fmt: skip
def test_nearly_and_what_differs(
    shared: Engine, quotation: str, first: str, changes: list[tuple[str, str, str]]
) -> None:
    report = find(shared, quotation)
    assert report.verdict is Verdict.NEARLY
    match = report.matches[0]
    assert match.document.id == first
    assert 60 <= match.percent < 100
    found = list_changes(match, report.quotation.text, report.quotation.stream)
    assert [(each.difference.value, each.quoted, each.article) for each in found] == changes


def test_a_sentence_that_differs_in_a_name_is_not_word_for_word(shared: Engine) -> None:
    report = find(shared, "Team Beta reported that the new deployment reduced latency by ten percent")
    assert (report.matches[0].document.id, report.matches[0].verdict) == ("beta", Verdict.VERBATIM)
    assert all(match.verdict is Verdict.NEARLY for match in report.matches[1:])


@pytest.mark.parametrize("quotation", ["The moon is made of green cheese", "of the and", "", "…", "!?", "kittiwakes"])
def test_not_found(shared: Engine, quotation: str) -> None:
    report = find(shared, quotation)
    assert (report.verdict, report.matches) == (Verdict.NOT_FOUND, ())


def test_orders(shared: Engine) -> None:
    quotation = "The harbour board cancelled the night ferry on Tuesday because of a strike"
    assert ids(find(shared, quotation, order=QuotationOrder.EARLIEST))[:2] == ["reprint", "strike"]
    near = "The harbour board has cancelled the night ferry on Tuesday because of a storm"
    assert ids(find(shared, near))[0] == "changed"
    assert ids(find(shared, near, order=QuotationOrder.EARLIEST)) == ["changed", "reprint", "strike"]


def test_passages_are_the_words_of_the_article(shared: Engine) -> None:
    report = find(shared, "THE HARBOUR BOARD … because of a strike")
    match = next(match for match in report.matches if match.document.id == "strike")
    assert quoted_words(match) == "The harbour board … because of a strike"
    assert match.alignment.left_out == 6
    (passage,) = mark_passages(match)
    marked = [(kind.value, passage.text[start:end]) for start, end, kind in passage.marks]
    assert marked == [
        ("same", "The harbour board"),
        ("left out", "cancelled the night ferry on Tuesday"),
        ("same", "because of a strike"),
    ]
    assert report.articles == 2


def test_limits(shared: Engine) -> None:
    assert find(shared, "ferry " * (MAX_QUOTATION // 6)).verdict is Verdict.NOT_FOUND
    assert find(shared, "the of and a to " * 125).verdict is Verdict.NOT_FOUND
    with pytest.raises(QueryRefused):
        find(shared, "x" * (MAX_QUOTATION + 1))
    with pytest.raises(DeadlineExceeded):
        find(shared, "the night ferry on Tuesday because of a strike", deadline=0.0)

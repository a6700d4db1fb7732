"""Series and copies told apart: titles and numbers of the kinds that corpora and newswires have."""

from __future__ import annotations

import pytest
from copies_texts import cut, edited, prose, with_lead

from backfile.index.copies.series_test import TitledText, are_series

BODY = prose(1, 150)
RATES = (
    "Overnight {0} one week {1} one month {2} two months {3} three months {4} six months {5} as quoted in the market"
)
NOTES = "The release fixes {0} bugs and the checksum of the archive is {1} for version {2} of the package. " + BODY


def series(one: tuple[str, str], other: tuple[str, str], *, same_day: bool = False) -> bool:
    first, second = TitledText(*one), TitledText(*other)
    found = are_series(first, second, same_day=same_day)
    assert are_series(second, first, same_day=same_day) is found
    return found


@pytest.mark.parametrize("same_day", [True, False])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Foo on Debian", f"On Debian, {BODY} Debian"), ("Foo on Fedora", f"On Fedora, {BODY} Fedora")),
        (("MySQL", f"{BODY} MySQL MySQL MySQL Oracle"), ("Oracle", f"{BODY} Oracle MySQL Oracle Oracle")),
        (("Rates 11:30", RATES.format(*range(50, 56))), ("Rates 12:30", RATES.format(*range(50, 56)))),
        (("Server setup 16.04", f"{BODY} 16.04"), ("Server setup 18.04", f"{BODY} 18.04")),
        (("Rates", RATES.format(1, 2, 3, 4, 5, 6)), ("Rates", RATES.format(7, 8, 9, 10, 11, 12))),
        (("第一章 港口", f"第一 {BODY} 第一章"), ("第二章 港口", f"第二 {BODY} 第二章")),
    ],
    ids=["systems", "products", "times", "versions", "figures", "chapters"],
)  # fmt: skip
def test_parts_of_a_series(one: tuple[str, str], other: tuple[str, str], same_day: bool) -> None:
    assert series(one, other, same_day=same_day)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("A/B tests, Part 1", BODY), ("A/B tests, Part 2", BODY)),
        (("Basics, Part I", BODY), ("Basics, Part II", BODY)),
        (("Weekly update, July 16th", f"Done: 12. {BODY}"), ("Weekly update, July 22nd", f"Done: 14. {BODY}")),
        (("Fed adds", f"Added 1.5 billion, rate 6.1. {BODY}"), ("Fed adds", f"Added 2 billion, rate 6.4. {BODY}")),
        (("Version 1.2", NOTES.format(3, "a1b2", "1.2")), ("Version 1.3", NOTES.format(9, "c3d4", "1.3"))),
        (("Notes", NOTES.format(3, "a1b2", "1.2")), ("Notes", NOTES.format(9, "c3d4", "1.3"))),
    ],
    ids=["parts", "roman parts", "weeks", "days of a market", "release notes", "release notes with one title"],
)  # fmt: skip
def test_parts_of_a_series_on_different_days(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert series(one, other)


@pytest.mark.parametrize("same_day", [True, False])
@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Ferry strike ends", BODY),
        ("Boats sail again after eleven days", BODY),
        ("CORRECTED - Ferry strike", BODY),
        ("Ferry strike", cut(f"{BODY} 17 ferries and 300 sailors", 0.9)),
        ("Ferry strike", edited(BODY, 3, 0.03)),
        ("Ferry strike", with_lead(BODY, 5)),
        ("Seven days without boats", with_lead(BODY, 6)),
        ("Ferry strike (2)", BODY),
        ("", BODY),
    ],
)
def test_copies(title: str, text: str, same_day: bool) -> None:
    assert not series(("Ferry strike", f"{BODY} 17 ferries"), (title, text), same_day=same_day)


def test_a_corrected_figure_on_the_same_day_is_a_copy_and_no_series() -> None:
    text = f"The bank lent 100 million to 3 railways in 1987. {BODY}"
    assert not series(("Loan for railways", text), ("Loan for railways", text.replace("100", "110")), same_day=True)
    one, other = ("Loan of 100 mln", text), ("Loan for 3 railways", text)
    assert not series(one, other, same_day=True)

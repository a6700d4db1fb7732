"""Dates: forms in archives, certain parts of unclear dates, dates in paths."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.metadata.dates import DateUnclear, date_with_note, is_no_time, parse_date
from backfile.archive.metadata.path_dates import date_in_address, date_in_path
from backfile.archive.model import PartialDate

CLEAR = {
    "2019": "2019",
    "2019-03": "2019-03",
    "2019-03-14": "2019-03-14",
    "2019-3-4": "2019-03-04",
    "2019/03/14": "2019-03-14",
    "2019.03.14": "2019-03-14",
    "20190314": "2019-03-14",
    "20190314T101500Z": "2019-03-14",
    "2019-00-00": "2019",
    "2019-03-00": "2019-03",
    "2014-03-05 9:15:00 -0500": "2014-03-05",
    "2014-03-05 23:30 +0200": "2014-03-05",
    "2019-03-14T10:00:00Z": "2019-03-14",
    "2019-03-14T10:00:00.123Z": "2019-03-14",
    "2019-03-14T10:00:00+01:00": "2019-03-14",
    "2019-03-14T10:00:00+01:00[Europe/Paris]": "2019-03-14",
    "2019-03-14 10:00:00 UTC": "2019-03-14",
    "2019-03-14 10:00 PM EST": "2019-03-14",
    "2019-03-14, 10.00 p.m.": "2019-03-14",
    "2019-W11-4": "2019-03-14",
    "2019-W11": "2019-03",
    "Thu, 14 Mar 2019 10:00:00 +0100": "2019-03-14",
    "Mon, 18 Mar 2019 10:00:00 +0100": "2019-03-18",
    "Mon Mar 18 10:00:00 2019": "2019-03-18",
    "Mon Mar 18 10:00:00 UTC 2019": "2019-03-18",
    "Published on Monday, 18 March 2019": "2019-03-18",
    "Thursday, March 14, 2019 at 5:00 PM": "2019-03-14",
    "14 March 2019": "2019-03-14",
    "March 14th, 2019": "2019-03-14",
    "Mar. 14, 2019": "2019-03-14",
    "14-Mar-2019": "2019-03-14",
    "March 2019": "2019-03",
    "14. März 2019": "2019-03-14",
    "1er août 2019": "2019-08-01",
    "14 de marzo de 2019": "2019-03-14",
    "14 de março de 2019": "2019-03-14",
    "14 maart 2019": "2019-03-14",
    "14 марта 2019 г.": "2019-03-14",
    "2019年3月14日": "2019-03-14",
    "2019年3月": "2019-03",
    "2019년 3월 14일": "2019-03-14",
    "14.3.2019": "2019-03-14",
    "14/3/2019": "2019-03-14",
    "3/14/2019": "2019-03-14",
    "3/3/2019": "2019-03-03",
    "circa 1850": "1850",
    "c. 1850": "1850",
    "1552557600": "2019-03-14",
    "1552557600000": "2019-03-14",
    "  2019-03-14\n": "2019-03-14",
    "<2019-03-14 Thu>": "2019-03-14",
    "[2019-03-15 Fri 10:11]": "2019-03-15",
    "<2019-03-14 Thu 10:00 +1w>": "2019-03-14",
    "２０１９年３月１４日": "2019-03-14",
    "٢٠١٩-٠٣-١٤": "2019-03-14",
    "2019. 3. 14.": "2019-03-14",
    "14. 3. 2019": "2019-03-14",
    "12/1999": "1999-12",
    "12.1999": "1999-12",
    "2019 March 14": "2019-03-14",
}


@pytest.mark.parametrize(("text", "expected"), CLEAR.items())
def test_forms_of_dates(text: str, expected: str) -> None:
    assert parse_date(text).isoformat() == expected


UNCLEAR = {
    "3/4/2019": "2019",
    "2019-02-30": "2019-02",
    "2019-13-01": "2019",
    "2023-01-29 18:30:22 2023 -0800": "2023-01-29",
    "2019-03-14 or so": "2019-03-14",
    "soon": None,
    "": None,
    "190": None,
    "0000-00-00": None,
    "99999999999999999999": None,
    "12 13 2019": None,
    "Spring 2019": "2019",
    "Winter 2018/19": "2018",
    "Q3 2019": "2019",
    "early March 2019": "2019-03",
    "1850s": "1850",
    "2019-2020": "2019",
    "2019–20": "2019",
    "14-15 March 2019": "2019-03",
    "March–April 2019": "2019",
    "2019-03-14/2019-03-16": "2019-03",
    "<2019-03-14 Thu>--<2019-03-15 Fri>": "2019-03",
    "2152 311G": None,
    "5000 km": None,
    "1430 GMT": None,
    "1984 by Orwell": None,
    "2019-W60": None,
    "x" * 5000: None,
}


@pytest.mark.parametrize(("text", "known"), UNCLEAR.items())
def test_certain_part_of_an_unclear_date(text: str, known: str | None) -> None:
    with pytest.raises(DateUnclear) as caught:
        parse_date(text)
    assert (str(caught.value.known) if caught.value.known else None) == known
    assert len(str(caught.value)) < 160


VALUES = [
    (2019, "2019"),
    (20190314, "2019-03-14"),
    (1552557600, "2019-03-14"),
    (date(2019, 3, 14), "2019-03-14"),
    (datetime(2019, 3, 14, 23, tzinfo=UTC), "2019-03-14"),
    ({"year": 2019, "month": "03"}, "2019-03"),
    (["2019-03-14"], "2019-03-14"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=str)
def test_values_that_are_no_text(value: object, expected: str) -> None:
    assert parse_date(value).isoformat() == expected


@pytest.mark.parametrize(
    "value",
    [None, True, [], {}, [[2019]], time(10), 3.5, float("nan"), float("inf"), 10**400, -1, {"year": "x"}],
    ids=repr,
)
def test_values_that_are_no_dates(value: object) -> None:
    with pytest.raises(DateUnclear):
        parse_date(value)


@pytest.mark.parametrize(
    "value", ["0001-01-01", "0001-01-01T00:00:00Z", "0000-00-00 00:00:00", date(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC)]
)
def test_the_no_time_of_programs_is_no_date(value: object) -> None:
    assert date_with_note(value) == (None, "")
    assert not is_no_time("1001-01-01")


def test_day_first_decides_ambiguous_dates() -> None:
    assert parse_date("3/4/2019", day_first=True) == PartialDate(2019, 4, 3)
    assert parse_date("3/4/2019", day_first=False) == PartialDate(2019, 3, 4)
    assert parse_date("3/14/2019", day_first=True) == PartialDate(2019, 3, 14)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_as_written(day: date) -> None:
    expected = PartialDate(day.year, day.month, day.day)
    for text in (day.isoformat(), f"{day:%d %B %Y}", f"{day:%B} {day.day}, {day.year}", f"{day:%d.%m.%Y}"):
        assert parse_date(text) == expected
    assert parse_date(day) == expected


@given(
    st.text(max_size=60)
    | st.from_regex(r"[0-9]{1,8}[-/. ]?[0-9]{0,3}[-/. ]?[0-9]{0,4}[ T0-9:+a-zA-Z]{0,8}", fullmatch=True)
)
def test_no_text_does_harm(text: str) -> None:
    with contextlib.suppress(DateUnclear):
        parsed = parse_date(text)
        assert parsed.first <= parsed.last


PATHS = {
    "2019-03-14-night-ferry.md": "2019-03-14",
    "2019_03_14_night_ferry.md": "2019-03-14",
    "2017-2-5-short.md": "2017-02-05",
    "20190314.md": "2019-03-14",
    "2019-03-night.md": "2019-03",
    "news/2019/03/14/night.md": "2019-03-14",
    "news/2019/03/night.md": "2019-03",
    "news/2019/night.md": "2019",
    "news/2019-03/night.md": "2019-03",
    "2019/03/2019-03-14-night.md": "2019-03-14",
    "news/2019-03-14-night/index.md": "2019-03-14",
    "2024-edition.md": None,
    "1984.md": None,
    "12345678.md": None,
    "2019-13-45.md": None,
    "v2019-03-14.md": None,
    "rooms/1234/x.md": None,
    "x.md": None,
}


@pytest.mark.parametrize(("path", "expected"), PATHS.items())
def test_dates_in_paths(path: str, expected: str | None) -> None:
    found = date_in_path(path)
    assert (str(found) if found else None) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("2025/10/30/release", "2025-10-30"),
        ("/2019/03/x.html", "2019-03"),
        ("/a/2019-03-14/", "2019-03-14"),
        ("/a/b", None),
    ],
)
def test_dates_in_addresses(address: str, expected: str | None) -> None:
    found = date_in_address(address)
    assert (str(found) if found else None) == expected

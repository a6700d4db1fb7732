"""Moments: dates and times as front matter has them, as instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.availability.moments import EARLIEST, LATEST, find_zone, parse_moment

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2031-03-14", "2031-03-13T23:00"),
        ("2031-07-14", "2031-07-13T22:00"),
        ("2031-03", "2031-02-28T23:00"),
        (2031, "2030-12-31T23:00"),
        ("2031", "2030-12-31T23:00"),
        ("20310314", "2031-03-13T23:00"),
        (date(2031, 3, 14), "2031-03-13T23:00"),
        (datetime(2031, 3, 14, 18), "2031-03-14T17:00"),  # noqa: DTZ001 - as TOML gives it
        ("2031-03-14T18:00:00Z", "2031-03-14T18:00"),
        ("2031-03-14T18:00:00.123456Z", "2031-03-14T18:00"),
        ("2031-03-14T18:00+01:00[Europe/Paris]", "2031-03-14T17:00"),
        ("2031-03-14 18:00:00 +0530", "2031-03-14T12:30"),
        ("2031-03-14 18:00 -08", "2031-03-15T02:00"),
        ("2031-03-14T18:00:00−05:00", "2031-03-14T23:00"),
        ("2031-03-14 18:00 UTC+2", "2031-03-14T16:00"),
        ("2031-03-14 18:00", "2031-03-14T17:00"),
        ("2031-3-4 8:00", "2031-03-04T07:00"),
        ("2031-03-14 6:30 pm", "2031-03-14T17:30"),
        ("2031-03-14 12 am", "2031-03-13T23:00"),
        ("2031-03-14 6 p.m. EST", "2031-03-14T23:00"),
        ("2031-03-14 18:00 Europe/London", "2031-03-14T18:00"),
        ("2031-03-14 18:00 [America/New_York]", "2031-03-14T22:00"),
        ("Fri, 14 Mar 2031 10:00:00 +0100", "2031-03-14T09:00"),
        ("Fri Mar 14 09:00:00 UTC 2031", "2031-03-14T09:00"),
        ("March 14th, 2031 at 9:15 am", "2031-03-14T08:15"),
        ("14.3.2031, 18:00 Uhr", "2031-03-14T17:00"),
        ("14 mars 2031 à 18h30", "2031-03-14T17:30"),
        ("2031年3月14日 18:00", "2031-03-14T17:00"),
        ("20310314T091500Z", "2031-03-14T09:15"),
        ("2031-03-14T0915", "2031-03-14T08:15"),
        ("2031-03-14 24:00", "2031-03-14T23:00"),
        ("1931000000", "2031-03-11T12:53:20"),
        (1931000000000, "2031-03-11T12:53:20"),
        ({"until": "2031-03-14", "reason": "x"}, "2031-03-13T23:00"),
        ({"date": "2031-03-14T18:00Z"}, "2031-03-14T18:00"),
        (["2031-03-14"], "2031-03-13T23:00"),
    ],
)
def test_understood(value: object, expected: str) -> None:
    moment = parse_moment(value, BERLIN)
    assert moment is not None
    assert (moment.at, moment.note) == (datetime.fromisoformat(expected).replace(tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("value", "latest"),
    [
        ("2031-03-14 18:00 FOO", "2031-03-15T06:00"),
        ("2031-03-14 25:00", "2031-03-14T23:00"),
        ("2031-03-14 99h", "2031-03-14T23:00"),
        ("Spring 2031", "2031-12-31T23:00"),
        ("3/4/2031", "2031-12-31T23:00"),
    ],
)
def test_of_what_is_understood_in_part_the_latest_moment_counts(value: str, latest: str) -> None:
    moment = parse_moment(value, BERLIN)
    assert moment is not None
    assert moment.note
    assert moment.at == datetime.fromisoformat(latest).replace(tzinfo=UTC)


@pytest.mark.parametrize("value", ["soon", True, None, "", {}, [], ["a", "b"], "0001-01-01", "true", {"until": ""}])
def test_no_moment(value: object) -> None:
    assert parse_moment(value, UTC) is None


@pytest.mark.parametrize(
    "text", ["9999-12-31", "9999-12-31T23:59:59-12:00", "0001-01-02T00:00+14:00", "9999-12-31 24:00"]
)
def test_the_ends_of_time(text: str) -> None:
    moment = parse_moment(text, BERLIN)
    assert moment is not None
    assert EARLIEST <= moment.at <= LATEST


@given(st.datetimes(datetime(1600, 1, 1), datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_every_iso_time_with_its_offset(naive: datetime, minutes: int) -> None:
    stated = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    for text in (stated.isoformat(), stated.isoformat(" "), stated.strftime("%Y%m%dT%H%M%S%z")):
        if stated.year >= 1000:
            moment = parse_moment(text, BERLIN)
            assert moment is not None
            assert moment.at == stated


@given(st.text(max_size=40))
def test_whatever_a_text_holds(text: str) -> None:
    for form in (text, f"2031-03-14 {text}", f"{text} 18:00"):
        moment = parse_moment(form, BERLIN)
        assert moment is None or EARLIEST <= moment.at <= LATEST


@pytest.mark.parametrize("name", ["", "Europe", "../../etc/passwd", "/etc/passwd", "Nowhere/At_all", "\x00", "a" * 300])
def test_no_zone(name: str) -> None:
    assert find_zone(name) is None

"""States of an article by its front matter, in the spellings of site builders and repositories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.availability.states import LATEST, SECRET, Availability, State
from backfile.archive.errors import ArticleGone, ArticleNotFound, LibrarySettingsInvalid
from backfile.archive.storage.library import FileReadResult, Library

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def read(root: Path, head: str, path: str = "a.md") -> FileReadResult:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(f"---\n{head}\n---\nText.\n" if head[:3] != "+++" else f"{head}\n+++\nText.\n")
    return Library(root).read(path)


@pytest.mark.parametrize(
    ("head", "state"),
    [
        ("title: A", State.PUBLISHED),
        ("date: 2026-11-28", State.PUBLISHED),
        ("date: 2026-11-28 13:00", State.SCHEDULED),
        ("date: 2026-11-28T13:00:00+02:00", State.PUBLISHED),
        ("date: 2026-11-29", State.SCHEDULED),
        ("date: 2027", State.SCHEDULED),
        ("date: 2026", State.PUBLISHED),
        ("date: 2019-01-01\npublishDate: 2031-01-01", State.SCHEDULED),  # Hugo
        ("date: 2031-01-01\npublishDate: 2019-01-01", State.PUBLISHED),
        ("+++\ndate = 2031-01-01T00:00:00Z", State.SCHEDULED),
        ("date: 2019-01-01\nexpires: 2020-01-01", State.EXPIRED),
        ("expiryDate: 2031-01-01", State.PUBLISHED),
        ("build: {list: never}", State.UNLISTED),
        ("_build:\n  list: false", State.UNLISTED),
        ("build: {render: never, list: always}", State.PUBLISHED),
        ("published_at: 2031-01-01T00:00:00.000Z\nstatus: scheduled", State.SCHEDULED),  # Ghost
        ("status: future\ndate: 2019-01-01", State.PUBLISHED),  # WordPress, past its time
        ("status: future", State.SCHEDULED),
        ("published: true\ndate: 2019-01-01", State.PUBLISHED),  # Jekyll
        ("publish_on: 2031-01-01", State.SCHEDULED),  # Drupal
        ("date: 2019-01-01\navailable_until: 2020-01-01", State.EXPIRED),
        ("unlisted: true", State.UNLISTED),  # Docusaurus
        ("unlisted: false", State.PUBLISHED),
        ("unlisted: perhaps", State.UNLISTED),
        ("Status: hidden", State.UNLISTED),  # Pelican
        ("dc.date.embargo: 2031-01-01", State.EMBARGOED),  # DSpace
        ("embargo_date: '2031-01-01'", State.EMBARGOED),  # Zenodo
        ("embargo-lift: 2031-01-01", State.EMBARGOED),
        ("extra: {embargo: 2031-01-01}", State.EMBARGOED),
        ("embargo: 2019-01-01", State.PUBLISHED),
        ("embargo: false", State.PUBLISHED),
        ("embargo: none", State.PUBLISHED),
        ("embargo: true", State.EMBARGOED),
        ("embargo: [2019-01-01]", State.PUBLISHED),
        ("embargo: [2019-01-01, 2031-01-01]", State.EMBARGOED),
        ("embargo: {until: 2031-01-01, reason: press}", State.EMBARGOED),
        ("embargo: when the board agrees", State.EMBARGOED),
        ("embargo: 2019-01-01\nembargo_until: 2031-01-01", State.EMBARGOED),
        ("expires: never", State.PUBLISHED),
        ("expires: when we like", State.PUBLISHED),
        ("withheld: a court said so", State.WITHHELD),
        ("withheld: true", State.WITHHELD),
        ("withheld: no", State.PUBLISHED),
        ("withdrawn: {reason: at the author's request}", State.WITHHELD),
        ("withheld: x\nembargo: 2031-01-01", State.EMBARGOED),
        ("withheld: x\nexpires: 2020-01-01", State.WITHHELD),
        ("unlisted: true\nexpires: 2020-01-01", State.EXPIRED),
    ],
)
def test_state(tmp_path: Path, head: str, state: State) -> None:
    assert read(tmp_path, head).availability.state(NOW) is state


def test_the_date_of_a_file_name_counts(tmp_path: Path) -> None:
    assert read(tmp_path, "title: A", "_posts/2031-01-01-a.md").availability.state(NOW) is State.SCHEDULED


@pytest.mark.parametrize(
    ("head", "line", "words"),
    [
        ("title: A\nembargo: soon", 3, "held back for good"),
        ("embargo: 2031-03-14 18:00 FOO", 2, "time zone"),
        ("expires: someday", 2, "does not expire"),
        ("unlisted: perhaps", 2, "neither true nor false"),
        ("status: scheduled", 2, "planned without a date"),
    ],
)
def test_what_is_not_understood_is_a_problem_with_its_line(tmp_path: Path, head: str, line: int, words: str) -> None:
    problems = read(tmp_path, head).problems
    assert [(each.path, each.line) for each in problems] == [("a.md", line)]
    assert words in problems[0].reason
    assert problems[0].hint


def test_dates_are_those_of_the_library_s_zone(tmp_path: Path) -> None:
    (tmp_path / "library.toml").write_text('timezone = "Pacific/Auckland"\n')
    assert read(tmp_path, "date: 2026-11-29").availability.state(NOW) is State.PUBLISHED
    (tmp_path / "library.toml").write_text('timezone = "Mars/Olympus"\n')
    with pytest.raises(LibrarySettingsInvalid, match="line 1: 'Mars/Olympus' is not a time zone"):
        Library(tmp_path)


def test_a_library_may_hide_what_has_expired_elsewhere(tmp_path: Path) -> None:
    assert read(tmp_path, "expiryDate: 2020-01-01").availability.state(NOW) is State.PUBLISHED
    assert read(tmp_path, "expires: 2020-01-01").availability.state(NOW) is State.EXPIRED
    (tmp_path / "library.toml").write_text("hide_expired = true\n")
    assert read(tmp_path, "expiryDate: 2020-01-01").availability.state(NOW) is State.EXPIRED
    assert read(tmp_path, "expiryDate: 2020-01-01\nembargo: 2031-01-01").availability.state(NOW) is State.EMBARGOED


def test_readers_get_what_they_may_see(tmp_path: Path) -> None:
    read(tmp_path, "title: A\nembargo: 2031-01-01", "secret.md")
    read(tmp_path, "title: A\nwithheld: a court said so", "withheld.md")
    read(tmp_path, "title: A\nunlisted: true", "unlisted.md")
    library = Library(tmp_path)
    with pytest.raises(ArticleNotFound, match="no article has the id 'secret'"):
        library.get_public("secret", NOW)
    with pytest.raises(ArticleGone) as caught:
        library.get_public("withheld", NOW)
    assert caught.value.reason == "a court said so"
    assert library.get_public("unlisted", NOW)[1] is State.UNLISTED
    assert library.get("secret").metadata.title == "A"


times = st.datetimes(min_value=NOW.replace(year=2020, tzinfo=None), max_value=NOW.replace(year=2030, tzinfo=None))
moments = times.map(lambda naive: naive.replace(tzinfo=UTC))
optional = st.none() | st.just(LATEST) | moments


@given(st.builds(Availability, optional, optional, optional, st.booleans(), st.none() | st.text(max_size=3)), moments)
def test_a_state_lasts_until_the_change_that_is_announced(availability: Availability, now: datetime) -> None:
    change, state = availability.next_change(now), availability.state(now)
    if change is not None:
        assert change > now
        assert availability.state(change) is not state
        assert availability.state(change - timedelta(microseconds=1)) is state
    else:
        assert availability.state(LATEST - timedelta(days=1)) is state
    if availability.embargo is not None and now < availability.embargo:
        assert state in SECRET

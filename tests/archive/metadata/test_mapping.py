"""Mapping of metadata: keys of every field, precedence, problems, `extra`."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from backfile.archive.metadata import field_names
from backfile.archive.metadata.mapping import DisplayNames, MappedMetadata, map_metadata
from backfile.archive.model import PartialDate, Source


def read(data: dict[str, Any], body: str = "", path: str = "a/night-ferry.md", **options: Any) -> MappedMetadata:
    return map_metadata(data, body, path, **options)


@pytest.mark.parametrize("key", ["title", "Title", "headline"])
def test_title_keys(key: str) -> None:
    assert read({key: "The night ferry"}).metadata.title == "The night ferry"


@pytest.mark.parametrize(
    ("value", "title"),
    [(1984, "1984"), (4.5, "4.5"), (True, "true"), ("  two\n lines ", "two lines"), ("AT&amp;T", "AT&T")],
)
def test_titles_that_are_written_oddly(value: object, title: str) -> None:
    assert read({"title": value}).metadata.title == title


@pytest.mark.parametrize("value", [None, "", "  ", [], {}, ["a"]])
def test_title_from_heading_if_the_key_is_empty(value: object) -> None:
    assert read({"title": value}, "\n# The *night* ferry\n\nText").metadata.title == "The night ferry"


def test_title_from_file_name_in_the_end() -> None:
    assert read({}, "Just text.", "news/2019-03-14-the-night-ferry.md").metadata.title == "The night ferry"


@pytest.mark.parametrize("key", ["author", "authors", "by", "byline", "creator", "Author", "AUTHORS", "writer"])
def test_author_keys(key: str) -> None:
    assert read({key: "By Ada Quill and Ben Oar"}).metadata.authors == ("Ada Quill", "Ben Oar")


def test_the_first_author_key_with_names_counts() -> None:
    found = read({"author": "Ada Quill", "authors": [], "byline": "By Ben Oar"})
    assert found.metadata.authors == ("Ada Quill",)
    assert dict(found.extra) == {"authors": [], "byline": "By Ben Oar"}


@pytest.mark.parametrize("key", field_names.TOPICS)
def test_topic_keys(key: str) -> None:
    assert read({key: ["sea", "night"]}).metadata.topics == ("sea", "night")
    assert read({key.title(): "sea, night"}).metadata.topics == ("sea", "night")


def test_topics_are_merged_without_doubles() -> None:
    found = read({"category": "Sea", "tags": ["sea", "night"], "keywords": "night; harbour, "})
    assert found.metadata.topics == ("sea", "night", "harbour")
    assert found.used["topics"] == ("tags", "category", "keywords")


@pytest.mark.parametrize(
    ("value", "topics"),
    [
        ("local government", ("local government",)),
        ("#sea #night", ("sea", "night")),
        (["#sea", "local  government"], ("sea", "local government")),
        ([{"name": "Sea", "slug": "sea"}, {"label": "Night"}], ("Sea", "Night")),
        ([2013, 4.5, None, "", "null"], ("2013", "4.5")),
        ([["sea"], ["night"]], ("sea", "night")),
        (["a, b"], ("a, b",)),
        ("海、夜", ("海", "夜")),
        ("R&amp;D", ("R&D",)),
    ],
)
def test_topics_in_odd_forms(value: object, topics: tuple[str, ...]) -> None:
    assert read({"topics": value}).metadata.topics == topics


def test_jekyll_takes_tags_apart_at_spaces_in_its_own_folder_only() -> None:
    assert read({"categories": "sea night"}, path="_posts/2019-03-14-x.md").metadata.topics == ("sea", "night")
    assert read({"category": "sea night"}, path="_posts/2019-03-14-x.md").metadata.topics == ("sea night",)
    assert read({"categories": "sea night"}, path="posts/x.md").metadata.topics == ("sea night",)


@pytest.mark.parametrize("key", [*field_names.DATE, "publishDate", "publish_date", "Date", "date-published"])
def test_date_keys(key: str) -> None:
    assert read({key: "2019-03-14"}).metadata.date == PartialDate(2019, 3, 14)


@pytest.mark.parametrize("key", [*field_names.UPDATED, "last_modified_at", "lastMod"])
def test_updated_keys(key: str) -> None:
    assert read({key: "2019-03"}).metadata.updated == PartialDate(2019, 3)


def test_updated_from_a_mapping() -> None:
    assert read({"last_update": {"date": "2019-03-14", "author": "x"}}).metadata.updated == PartialDate(2019, 3, 14)


def test_a_date_that_is_not_understood_is_reported_and_the_next_one_taken() -> None:
    found = read({"date": "soon", "created": "2019"}, path="2018-01-01-x.md")
    assert found.metadata.date == PartialDate(2019)
    assert [problem.key for problem in found.problems] == ["date"]
    assert found.extra == {"date": "soon"}


def test_the_certain_part_of_a_date_is_kept() -> None:
    found = read({"date": "3/4/2019"})
    assert found.metadata.date == PartialDate(2019)
    assert "either way" in found.problems[0].reason
    assert read({"date": "3/4/2019"}, day_first=True).metadata.date == PartialDate(2019, 4, 3)


def test_date_from_path_or_address_where_there_is_no_key() -> None:
    assert read({}, path="2019-03-14-x.md").metadata.date == PartialDate(2019, 3, 14)
    assert read({"path": "2025/10/30/release"}, path="2025-10-release.md").metadata.date == PartialDate(2025, 10, 30)
    assert read({"permalink": "/2019/03/x/"}).metadata.date == PartialDate(2019, 3)
    assert read({"date": 2018}, path="2019-03-14-x.md").metadata.date == PartialDate(2018)
    assert read({"slug": 124062}).metadata.date is None


@pytest.mark.parametrize("key", field_names.SUMMARY)
def test_summary_keys(key: str) -> None:
    assert read({key: "One\nline"}).metadata.summary == "One line"


def test_an_empty_summary_is_none() -> None:
    assert read({"summary": None, "deck": ""}).metadata.summary is None
    assert read({"summary": None, "deck": "Deck"}).metadata.summary == "Deck"


URL = "https://example.org/a"


@pytest.mark.parametrize(
    ("data", "source"),
    [
        ({"source": "The Gazette"}, Source("The Gazette")),
        ({"source": URL}, Source(None, URL)),
        ({"source": {"name": "The Gazette", "url": URL}}, Source("The Gazette", URL)),
        ({"source": [{"title": "The Gazette", "link": URL}]}, Source("The Gazette", URL)),
        ({"source": "The Gazette", "source_url": URL}, Source("The Gazette", URL)),
        ({"publication": "The Gazette", "canonical_url": URL}, Source("The Gazette", URL)),
        ({"via": f"[The Gazette]({URL})"}, Source("The Gazette", URL)),
        ({"via": f"<{URL}>"}, Source(None, URL)),
        ({"original_url": URL}, Source(None, URL)),
        ({"link": URL}, Source(None, URL)),
        ({"link": "/posts/a/"}, None),
        ({"source": None}, None),
        ({"source": True}, None),
        ({"source": ["", 3]}, None),
    ],
    ids=repr,
)
def test_sources(data: dict[str, object], source: Source | None) -> None:
    assert read(data).metadata.source == source


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://example.org", "https://", "http://[::1"]
)
def test_an_address_that_may_not_stand_in_a_link_is_refused(url: str) -> None:
    found = read({"source_url": url})
    assert found.metadata.source is None
    assert [problem.key for problem in found.problems] == ["source_url"]
    assert found.extra == {"source_url": url}


@pytest.mark.parametrize(
    ("value", "code"),
    [("fr", "fr"), ("EN_us", "en-US"), ("pt-BR", "pt-BR"), ("zh-hans", "zh-Hans"), ("Deutsch", "de"), ("中文", "zh")],
)
def test_languages(value: str, code: str) -> None:
    assert read({"lang": value}).metadata.language == code


def test_language_from_the_file_name() -> None:
    assert read({}, path="a/night.fr.md").metadata.language == "fr"
    assert read({}, path="a/night.fr.md").metadata.title == "Night"
    assert read({}, path="a/node.js.md").metadata.language is None
    assert read({"language": "de"}, path="a/night.fr.md").metadata.language == "de"


def test_a_language_that_is_none_is_reported() -> None:
    found = read({"language": "Klingonish"})
    assert found.metadata.language is None
    assert found.problems[0].key == "language"


@pytest.mark.parametrize(
    "data",
    [{"draft": True}, {"draft": "yes"}, {"published": False}, {"status": "draft"}, {"Status": "Private"}, {"draft": 1}],
    ids=repr,
)
def test_drafts(data: dict[str, object]) -> None:
    assert read(data).draft


@pytest.mark.parametrize(
    "data",
    [{}, {"draft": False}, {"draft": "no"}, {"published": True}, {"status": "published"}, {"draft": None}],
    ids=repr,
)
def test_no_drafts(data: dict[str, object]) -> None:
    found = read(data)
    assert not found.draft
    assert not found.problems


def test_a_folder_of_drafts() -> None:
    assert read({}, path="_drafts/x.md").draft
    assert not read({}, path="my_drafts/x.md").draft


def test_published_may_be_a_date() -> None:
    found = read({"published": "2019-03-14"})
    assert found.metadata.date == PartialDate(2019, 3, 14)
    assert not found.draft
    assert read({"published": "yes"}).problems == ()


def test_nested_tables_are_read_if_the_top_level_is_empty() -> None:
    zola = {"title": "x", "taxonomies": {"tags": ["sea"]}, "extra": {"author": "Ada Quill", "title": "y"}}
    found = read(zola)
    assert (found.metadata.title, found.metadata.topics, found.metadata.authors) == ("x", ("sea",), ("Ada Quill",))
    assert found.extra == {"taxonomies": {"tags": ["sea"]}, "extra": {"author": "Ada Quill", "title": "y"}}


def test_names_of_the_library() -> None:
    names = DisplayNames(authors={"ada": "Ada Quill"}, topics={"sea": "The sea"})
    found = read({"author": "Ada", "tags": ["SEA", "night"]}, names=names)
    assert found.metadata.authors == ("Ada Quill",)
    assert found.metadata.topics == ("The sea", "night")


def test_extra_keeps_values_as_they_were() -> None:
    data = {"title": "x", "weight": 3, "featured_image": {"uid": "a"}, "n": None}
    assert read(data).extra == {"weight": 3, "featured_image": {"uid": "a"}, "n": None}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(sorted(field_names.KNOWN | set(field_names.ADDRESSES) | set(field_names.NESTED))) | st.text(
    max_size=8
)


@given(st.dictionaries(KEYS, VALUES, max_size=6), st.text(max_size=60))
def test_no_front_matter_does_harm(data: dict[str, object], body: str) -> None:
    found = map_metadata(data, body, "a/b.md")
    assert found.metadata.title.strip()
    assert all(name.strip() for name in found.metadata.authors + found.metadata.topics)
    used = {key for keys in found.used.values() for key in keys}
    assert set(found.extra) == set(data) - used


def test_the_documentation_lists_every_key() -> None:
    text = (ROOT / "docs" / "library-format.md").read_text(encoding="utf-8")
    table = text.partition("\n## Fields\n")[2].partition("\n**Title.**")[0]
    table += text.partition("\n## When and to whom\n")[2]
    rows = [row for row in table.splitlines() if row.startswith(("|", "- Site generators have keys"))]
    listed = {field_names.normal(key) for row in rows for key in re.findall(r"`([A-Za-z._]+)[`:]", row)}
    assert field_names.KNOWN | set(field_names.ADDRESSES) <= listed
    assert all(f"`{name}`" in table for name in field_names.NESTED)

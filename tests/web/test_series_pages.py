"""Series on the page of an article: parts before and after, what is held back, and the archived copy of the source."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from selectolax.lexbor import LexborHTMLParser

from backfile.archive.links.link_index import LinkIndex
from backfile.archive.metadata.series import SeriesEntry
from tests.web.test_profiles import archive_of

PARTS = {
    "b/one.md": "part: 1",
    "a/two.md": "part: 2 of 10\ndate: 2019-03-14",
    "a/embargoed.md": "part: 3\nembargo: 2999-01-01",
    "a/scheduled.md": "part: 3\ndate: 2999-01-01",
    "a/unlisted.md": "part: 3\nunlisted: true",
    "a/withheld.md": "part: 3\nwithheld: asked",
    "a/expired.md": "part: 3\nexpires: 2001-01-01",
    "a/draft.md": "part: 3\ndraft: true",
    "c/ten.md": "part: 10",
    "z/early.md": "date: 2018",
    "a/late.md": "date: 2019-01-01",
    "a/undated.md": "",
    "b/undated.md": "part: Epilogue",
}
ORDER = ["b/one", "a/two", "c/ten", "z/early", "a/late", "a/undated", "b/undated"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    files = {
        path: f"---\ntitle: T {path.removesuffix('.md')}\nseries: {'The-Tides' if 'ten' in path else 'The tides'}\n"
        f"{front}\n---\nWords.\n"
        for path, front in PARTS.items()
    }
    files["other.md"] = "---\ntitle: Other\nseries: [The tides of others, Lone]\npart: 1\n---\nWords.\n"
    return archive_of(tmp_path_factory.mktemp("series"), files)


def series(app: Flask, article_id: str, **environ: str) -> tuple[list[str], list[str], list[str]]:
    """Lines about the series, and the addresses before and after."""
    response = app.test_client().get(f"/article/{article_id}", environ_overrides=environ)
    assert response.status_code == 200
    tree = LexborHTMLParser(response.text)
    lines = [" ".join(node.text().split()) for node in tree.css("header .byline") if "Series" in node.text()]
    around = [
        [node.attributes["href"] or "" for node in tree.css(f".series a[rel={side}]")] for side in ("prev", "next")
    ]
    return lines, *around


def test_parts_follow_by_part_then_date_then_id_without_what_is_held_back(app: Flask) -> None:
    for place, article_id in enumerate(ORDER):
        _, before, after = series(app, article_id)
        assert before == [f"/article/{each}" for each in ORDER[:place][-1:]]
        assert after == [f"/article/{each}" for each in ORDER[place + 1 :][:1]]


def test_name_part_and_number_of_parts_are_shown(app: Flask) -> None:
    assert series(app, "a/two")[0] == ["Series: The tides, part 2 of 10"]
    assert series(app, "b/undated")[0] == ["Series: The tides, part Epilogue"]
    assert series(app, "a/undated")[0] == ["Series: The tides"]
    assert series(app, "other") == (["Series: The tides of others, part 1", "Series: Lone, part 1"], [], [])


def test_an_unlisted_part_knows_its_place_and_links_stay_below_the_path(app: Flask) -> None:
    shown = series(app, "a/unlisted", SCRIPT_NAME="/archive")
    assert shown[1:] == (["/archive/article/a/two"], ["/archive/article/c/ten"])


def test_the_page_is_shown_without_an_index_of_links(tmp_path: Path) -> None:
    app = archive_of(tmp_path, {"a.md": "---\ntitle: A\nseries: S\n---\n", "b.md": "---\ntitle: B\nseries: S\n---\n"})
    assert series(app, "a")[2] == ["/article/b"]
    (tmp_path / "cache/links.sqlite").write_bytes(b"no index")
    assert series(app, "a") == (["Series: S"], [], [])


def entry(article_id: str, part: float | None, language: str, date: str = "") -> SeriesEntry:
    return SeriesEntry("s", part, date, article_id, language)


def test_translations_are_one_part() -> None:
    entries = [
        *(entry(f"{language}/{part}", part, language) for language in ("de", "en", "fr") for part in (1, 2)),
        entry("en/3", 3, "en"),
        entry("de/letter", None, "de", "2019-03-14"),
        entry("en/letter", None, "en", "2019-03-14"),
        entry("en/essay", None, "en"),
        entry("fr/essay", None, "fr"),
    ]
    with LinkIndex.temporary() as index:
        for each in entries:
            index.put(f"{each.id}.md", each.id, (), series=[each])
        index.put("en/hidden.md", "en/hidden", (), series=[entry("en/hidden", 2.5, "en")], is_listed=False)

        def around(article_id: str) -> tuple[str, str]:
            (own,) = (each for each in entries if each.id == article_id)
            before, after = index.series_neighbours(own)
            return before.id if before else "", after.id if after else ""

        assert around("en/1") == ("", "en/2")
        assert around("en/2") == ("en/1", "en/3")
        assert around("de/2") == ("de/1", "en/3")
        assert around("fr/1") == ("", "fr/2")
        assert around("en/3") == ("en/2", "en/letter")
        assert around("de/letter") == ("en/3", "en/essay")
        assert around("fr/essay") == ("en/essay", "")
        index.remove(["en/2.md"])
        assert around("en/1") == ("", "de/2")
        assert index.series_neighbours(entry("x", 1, "en")._replace(series="other")) == (None, None)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("date: 2019-03-14\nurl_: x", None),
        ("date: 2019-03-14\nsource_url: https://example.org/a?b=1&c=2#d", "20190314/https://example.org/a?b=1&c=2"),
        ("date: 2019-03\nsource_url: https://example.org/a", "201903/https://example.org/a"),
        ("date: 2019\nsource_url: https://example.org/a", "2019/https://example.org/a"),
        ("source_url: https://example.org/a", None),
        ("date: 2019-03-14\nsource: The Harbour Gazette", None),
        ("date: 2019-03-14\nsource_url: https://web.archive.org/web/2019/https://example.org/a", None),
        ("date: 2019-03-14\nsource_url: ftp://example.org/a", None),
    ],
)
def test_the_archived_copy_near_the_date(archived: tuple[Flask, Path], front: str, expected: str | None) -> None:
    app, library = archived
    (library / "source.md").write_text(f"---\ntitle: A\n{front}\n---\nWords.\n")
    tree = LexborHTMLParser(app.test_client().get("/article/source").text)
    links = [node for node in tree.css(".facts a") if "Archived copy" in node.text()]
    assert [node.attributes["href"] for node in links] == [f"https://web.archive.org/web/{expected}"] * bool(expected)
    assert {node.attributes["rel"] for node in links} <= {"external noopener nofollow"}


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Flask, Path]:
    """Application, and its library, whose articles are read at each request."""
    root = tmp_path_factory.mktemp("archived")
    return archive_of(root, {"a.md": "Words."}), root / "library"

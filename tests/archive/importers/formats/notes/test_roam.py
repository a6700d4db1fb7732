"""Roam Research: pages, attributes, references of the JSON export."""

from __future__ import annotations

import json
from pathlib import Path

from importing import import_twice

from backfile.archive.importers.formats.notes import roam
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.report import Problem

STAMP = 1552557300000
GRAPH = [
    {
        "title": "The night ferry",
        "create-time": STAMP,
        "edit-time": STAMP + 2 * 86_400_000,
        "uid": "aaaaaaaaa",
        "children": [
            {"string": "Tags:: #sea [[night ferries]]", "uid": "b1"},
            {"string": "Author:: [[Edna Marsh]]", "uid": "b2"},
            {"string": "It left at __nine__, see [[Tides]] and [[Nobody]].", "uid": "b3", "children": [
                {"string": "{{[[TODO]]}} Come back", "uid": "b4", "children": [{"string": "at ^^ten^^", "uid": "b5"}]},
                {"string": "[again]([[Tides]]) ((b9)) #[[late ones]]", "uid": "b6"},
            ]},
            {"string": "Part", "heading": 2, "uid": "b7"},
            {"string": "```python\nx__init__y\n```", "uid": "b8"},
        ],
    },
    {"title": "Tides", "uid": "ttttttttt", "edit-time": STAMP, "children": [{"string": "High **water**", "uid": "b9"}]},
    {"title": "March 14th, 2019", "uid": "03-14-2019", "edit-time": STAMP, "children": [{"string": "A day"}]},
    {"title": "Empty", "uid": "eeeeeeeee", "edit-time": STAMP},
]  # fmt: skip


def read(tmp_path: Path, graph: object) -> list[ImportEvent]:
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    return list(roam.read(tmp_path / "graph.json", ImportContext()))


def test_pages_attributes_and_references(tmp_path: Path) -> None:
    ferry, tides, day, empty = read(tmp_path, GRAPH)
    assert isinstance(ferry, Item)
    assert (ferry.origin, ferry.metadata.title) == ("aaaaaaaaa", "The night ferry")
    assert (ferry.metadata.authors, ferry.metadata.topics) == (("Edna Marsh",), ("sea", "night ferries"))
    assert (str(ferry.metadata.date), str(ferry.metadata.updated)) == ("2019-03-14", "2019-03-16")
    assert ferry.body == (
        "It left at *nine*, see [Tides](Tides) and Nobody.\n\n- ☐ Come back\n  - at ==ten==\n"
        "- [again](Tides) High **water** #late ones\n\n### Part\n\n```python\nx__init__y\n```"
    )
    assert ferry.links == {"Tides": "ttttttttt"}
    assert isinstance(tides, Item)
    assert isinstance(day, Item)
    assert str(day.metadata.date) == "2019-03-14"
    assert empty == Skipped("eeeeeeeee", "Empty: has no text")


def test_a_query_is_named_and_a_broken_page_does_not_reach_the_next(tmp_path: Path) -> None:
    query = {"title": "Q", "edit-time": STAMP, "children": [{"string": "A {{[[query]]: {and: [[x]]}}}"}]}
    first, second = read(tmp_path, [query, {"title": "B", "children": [{"string": "b"}, 3]}])
    assert isinstance(first, Item)
    assert first.notes == ("has a query, whose results the export does not contain",)
    assert isinstance(second, Item)
    (tmp_path / "graph.json").write_text(json.dumps(GRAPH)[:-200])
    assert isinstance(list(roam.read(tmp_path / "graph.json", ImportContext()))[-1], Problem)


def test_a_graph_comes_in_twice_alike(tmp_path: Path) -> None:
    (tmp_path / "harbour.json").write_text(json.dumps(GRAPH))
    detection = registry.detect_format(registry.probe(tmp_path / "harbour.json"))
    assert detection is not None
    assert detection.format.KIND == "roam"
    written = import_twice(tmp_path / "library", tmp_path / "harbour.json")
    assert len(written) == 3
    assert "see [Tides](" in written["2019/2019-03-14-the-night-ferry.md"]
    assert "[Tides](Tides)" not in written["2019/2019-03-14-the-night-ferry.md"]

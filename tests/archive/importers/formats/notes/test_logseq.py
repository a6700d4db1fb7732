"""Logseq: pages and journals of a graph, their properties, references and assets."""

from __future__ import annotations

from pathlib import Path

from importing import import_twice, write_tree

from backfile.archive.importers.formats.notes import logseq
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry

FERRY = """title:: The night ferry
tags:: [[sea]], #ferries
author:: Edna Marsh
date:: 2019-03-14

- It left at nine, see [[Tides/Spring]] and [[Nobody]].
  id:: 65f2c0de-0000-4000-8000-000000000001
  collapsed:: true
\t- TODO Come back
\t  :LOGBOOK:
\t  CLOCK: [2019-03-14 Thu 10:00:00]
\t  :END:
\t- with a picture ![pier](../assets/pier.png)
- ## Part
- #+BEGIN_QUOTE
  Late again
  #+END_QUOTE
- ```python
  - x = 1
  ```
"""
FILES: dict[str, str | bytes] = {
    "logseq/config.edn": "{}",
    "logseq/bak/pages/x.md": "- old",
    "pages/ferry.md": FERRY,
    "pages/Tides___Spring.md": "- High water: ((65f2c0de-0000-4000-8000-000000000001))\n- {{query (todo now)}}\n",
    "pages/Empty.md": "- \n",
    "journals/2019_03_15.md": "- A day\n",
    "assets/pier.png": b"\x89PNG",
}


def read(folder: Path) -> dict[str, ImportEvent]:
    return {getattr(event, "origin", ""): event for event in logseq.read(folder, ImportContext())}


def test_pages_properties_and_references(tmp_path: Path) -> None:
    found = read(write_tree(tmp_path, FILES))
    ferry, spring, day = (
        found[f"{name}.md"] for name in ("pages/ferry", "pages/Tides___Spring", "journals/2019_03_15")
    )
    assert isinstance(ferry, Item)
    assert (ferry.metadata.title, ferry.metadata.authors) == ("The night ferry", ("Edna Marsh",))
    assert (ferry.metadata.topics, str(ferry.metadata.date)) == (("sea", "ferries"), "2019-03-14")
    assert ferry.body == (
        "It left at nine, see [Tides/Spring](Tides%2FSpring) and Nobody.\n\n- ☐ Come back\n"
        "- with a picture ![pier](../assets/pier.png)\n\n## Part\n\n> Late again\n\n```python\n- x = 1\n```"
    )
    assert ferry.links == {"Tides%2FSpring": "pages/Tides___Spring.md"}
    assert [asset.name for asset in ferry.assets] == ["../assets/pier.png"]
    assert isinstance(spring, Item)
    assert spring.body.startswith("High water: It left at nine")
    assert spring.notes == ("has a query, whose results the export does not contain",)
    assert isinstance(day, Item)
    assert (day.metadata.title, str(day.metadata.date)) == ("2019-03-15", "2019-03-15")
    assert found["pages/Empty.md"] == Skipped("pages/Empty.md", "has no text")


def test_a_graph_comes_in_twice_alike(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "graph", FILES)
    detection = registry.detect_format(registry.probe(folder))
    assert detection is not None
    assert detection.format.KIND == "logseq"
    written = import_twice(tmp_path / "library", folder)
    assert list(written) == [
        "2019/2019-03-14-the-night-ferry/pier.png",
        "2019/2019-03-14-the-night-ferry.md",
        "2019/2019-03-15-2019-03-15.md",
        "undated/tides-spring.md",
    ]
    assert "see [Tides/Spring](../undated/tides-spring.md)" in written["2019/2019-03-14-the-night-ferry.md"]

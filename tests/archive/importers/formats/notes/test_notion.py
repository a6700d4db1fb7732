"""Notion: pages, properties, databases, links and files of an export."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from importing import import_twice, write_tree

from backfile.archive.importers.formats.notes import notion
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry

HARBOUR, FERRY, LOG, ENTRY = ("0123456789abcdef" * 2, "fedcba9876543210" * 2, f"{7:032x}", f"{8:032x}")
FOLDER = f"Harbour {HARBOUR}"
TEXT = "The night ferry left the harbour a little after eleven."
FILES: dict[str, str | bytes] = {
    f"{FOLDER}.md": f"# Harbour\n\nSee [The ferry](Harbour%20{HARBOUR}/The%20ferry%20{FERRY}.md) and "
    f"[again](https://www.notion.so/The-ferry-{FERRY}?pvs=4).\n\n<aside>\n💡 Mind the gap\n\n</aside>\n\n"
    f"![pier.png](Harbour%20{HARBOUR}/pier.png)\n\n[Timetable](Harbour%20{HARBOUR}/times.pdf)\n\n"
    f"[Log](Harbour%20{HARBOUR}/Log%20{LOG}.csv)\n",
    f"{FOLDER}/pier.png": b"\x89PNG",
    f"{FOLDER}/times.pdf": b"%PDF",
    f"{FOLDER}/The ferry {FERRY}.md": f"# The ferry\n\nNote: it is late.\n\n{TEXT}\n",
    f"{FOLDER}/Log {LOG}.csv": "\ufeffName,When,Tags\nEntry,x,y\n",
    f"{FOLDER}/Log {LOG}_all.csv": "\ufeffName,When,Tags\nEntry,x,y\n",
    f"{FOLDER}/Log/Entry {ENTRY}.md": "# Entry\n\nWhen: March 14, 2019 → March 15, 2019\nTags: sea, air\n"
    f"Author: Edna Marsh\nCreated time: March 14, 2019\nOf: Harbour (../../Harbour%20{HARBOUR}.md)\n\nIt left.\n",
}


def read(tmp_path: Path, files: dict[str, str | bytes]) -> list[ImportEvent]:
    return list(notion.read(write_tree(tmp_path / "export", files), ImportContext()))


def test_pages_properties_databases_and_files(tmp_path: Path) -> None:
    found = read(tmp_path, FILES)
    assert found[-1] == Skipped(f"{FOLDER}/Log {LOG}.csv", "a database: its pages are articles")
    items = {event.origin[-32:]: event for event in found if isinstance(event, Item)}
    harbour, ferry, entry = (items[number] for number in (HARBOUR, FERRY, ENTRY))
    assert (entry.metadata.title, entry.body) == ("Entry", "It left.")
    assert (entry.metadata.authors, entry.metadata.topics) == (("Edna Marsh",), ("sea", "air"))
    assert str(entry.metadata.date) == "2019-03-14"
    assert entry.extra == {"When": "March 14, 2019", "Of": "Harbour"}
    assert ferry.body == f"Note: it is late.\n\n{TEXT}"
    assert "> 💡 Mind the gap\n\n" in harbour.body
    assert harbour.body.endswith("\n\nLog")
    assert [asset.name.rpartition("/")[2] for asset in harbour.assets] == ["pier.png", "times.pdf"]
    assert list(harbour.links.values()) == [ferry.origin] * 2


@pytest.mark.parametrize(
    ("block", "properties"),
    [
        ("Status: Done\nDate: 2019/03/14", {"Status": "Done", "Date": "2019/03/14"}),
        ("Wichtig: ja", {}),  # a sentence, unless a database has such a column
        ("Date: x\nand more text", {}),
        ("Tags:\nAuthor: Edna Marsh", {"Author": "Edna Marsh"}),
        ("https://post.example/a: b", {}),
    ],
)
def test_what_is_a_property(block: str, properties: dict[str, str]) -> None:
    assert notion._properties(block.split("\n"), frozenset()) == properties


def test_a_column_of_the_database_makes_a_property() -> None:
    assert notion._properties(["Wichtig: ja"], frozenset({"Wichtig"})) == {"Wichtig": "ja"}


def test_drafts_and_pages_without_text_are_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        f"A {1:032x}.md": "# A\n\nStatus: Draft\n\nText.\n",
        f"B {2:032x}.md": "# B\n\nTags: sea\n",
        f"C {3:032x}.md": "# C\n",
        "index.html": "<html>",
    }
    assert [event.reason for event in read(tmp_path, files) if isinstance(event, Skipped)] == [
        "draft",
        "has only properties, no text",
        "has no text",
        "no page of Notion: its name has no id",
    ]


def test_pages_in_html(tmp_path: Path) -> None:
    page = f"""<html><head><title>Entry</title></head><body><article id="x" class="page sans"><header>
<h1 class="page-title">Entry</h1><table class="properties"><tbody>
<tr class="property-row property-row-date"><th>Date</th><td><time>@March 14, 2019</time></td></tr>
<tr class="property-row property-row-multi_select"><th>Tags</th><td><span class="selected-value">sea</span>
<span class="selected-value">air</span></td></tr></tbody></table></header><div class="page-body">
<p>See <a href="The%20ferry%20{FERRY}.html">the ferry</a>.</p>
<figure class="callout"><div><span class="icon">💡</span></div><div>Mind the gap</div></figure>
<ul class="to-do-list"><li><div class="checkbox checkbox-on"></div> <span>Leave</span></li></ul>
<figure><a href="https://t.example/" class="bookmark source"><div class="bookmark-title">Tides</div></a></figure>
</div></article></body></html>"""
    files: dict[str, str | bytes] = {f"Entry {ENTRY}.html": page, f"The ferry {FERRY}.html": page}
    item = read(tmp_path, files)[0]
    assert isinstance(item, Item)
    assert (str(item.metadata.date), item.metadata.topics) == ("2019-03-14", ("sea", "air"))
    assert "> Mind the gap" in item.body
    assert "- ☑ Leave" in item.body
    assert "[Tides](https://t.example/)" in item.body
    assert list(item.links.values()) == [f"tag:notion.so,2016:{FERRY}"]


def test_files_outside_the_export_are_never_taken(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret.png": b"\x89PNG"})
    folder = write_tree(
        tmp_path / "export", {f"A {1:032x}.md": "# A\n\n![](../secret.png) ![](x/secret.png) ![](/etc/a.png)\n"}
    )
    (folder / "x").symlink_to(tmp_path)
    (item,) = notion.read(folder, ImportContext())
    assert isinstance(item, Item)
    assert not item.assets
    assert item.notes == ("the picture x/secret.png is not there", "the picture /etc/a.png is not there")


def test_detection_needs_most_pages_to_have_an_id(tmp_path: Path) -> None:
    detection = registry.detect_format(registry.probe(write_tree(tmp_path / "a", FILES)))
    assert detection is not None
    assert detection.format.KIND == "notion"
    vault: dict[str, str | bytes] = {f"{n}.md": "# A\n" for n in range(9)}
    detection = registry.detect_format(registry.probe(write_tree(tmp_path / "b", vault | {f"A {1:032x}.md": "# A\n"})))
    assert detection is not None
    assert detection.format.KIND == "markdown"


def test_zips_in_a_zip_come_in_twice_alike(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "Export-0f8c.zip", "w") as outer:
        for number in (1, 2):
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as archive:
                for name, content in list(FILES.items())[number - 1 :: 2]:
                    archive.writestr(name, content)
            outer.writestr(f"ExportBlock-0f8c-Part-{number}.zip", inner.getvalue())
    written = import_twice(tmp_path / "library", tmp_path / "Export-0f8c.zip")
    assert list(written) == [
        "2019/2019-03-14-entry.md",
        "undated/harbour/pier.png",
        "undated/harbour/times.pdf",
        "undated/harbour.md",
        "undated/the-ferry.md",
    ]
    assert "See [The ferry](the-ferry.md) and [again](the-ferry.md)." in written["undated/harbour.md"]
    assert "[Timetable](harbour/times.pdf)" in written["undated/harbour.md"]

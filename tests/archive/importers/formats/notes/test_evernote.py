"""Evernote: notes of an ENEX file, their files, boxes and code."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

import pytest
from importing import count_items, import_twice

from backfile.archive.importers.formats.notes import evernote
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import Source
from backfile.archive.report import Problem

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE en-export SYSTEM "http://xml.evernote.com/pub/evernote-export4.dtd">
<en-export export-date="20240514T100000Z" application="Evernote" version="10.88.4">
"""
TAIL = "</en-export>\n"
PROLOG = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
    '<!DOCTYPE en-note SYSTEM "http://xml.evernote.com/pub/enml2.dtd">'
)
PICTURE, PAPER = b"\x89PNG of the pier", b"%PDF of the timetable"


def note(text: str, more: str = "", title: str = "The night ferry", created: str = "20190314T101500Z") -> str:
    return (
        f"<note>\n<title>{escape(title)}</title><created>{created}</created><updated>20190316T080000Z</updated>"
        "<tag>sea</tag><tag>Night ferries</tag><note-attributes><author>Edna Marsh</author><source>web.clip</source>"
        "<source-url>https://post.example/ferry</source-url></note-attributes>\n"
        f"<content><![CDATA[{PROLOG}<en-note>{text}</en-note>]]></content>{more}</note>\n"
    )


def resource(content: bytes, media_type: str, name: str = "") -> str:
    encoded = base64.encodebytes(content).decode()
    named = f"<resource-attributes><file-name>{name}</file-name></resource-attributes>" if name else ""
    return f'<resource><data encoding="base64">\n{encoded}</data><mime>{media_type}</mime>{named}</resource>'


def media(content: bytes, media_type: str) -> str:
    return f'<en-media hash="{hashlib.md5(content, usedforsecurity=False).hexdigest()}" type="{media_type}" />'


def read(tmp_path: Path, *notes: str) -> list[ImportEvent]:
    path = tmp_path / "Harbour.enex"
    path.write_text(HEAD + "".join(notes) + TAIL)
    return list(evernote.read(path, ImportContext()))


def one(tmp_path: Path, text: str, more: str = "") -> Item:
    (item,) = read(tmp_path, note(text, more))
    assert isinstance(item, Item), item
    return item


def test_a_note(tmp_path: Path) -> None:
    item = one(tmp_path, "<div>It left at&nbsp;nine.</div><div><br/></div><div>Late &amp; slow, <b>again</b>.</div>")
    assert item.origin == "20190314T101500Z The night ferry"
    assert item.metadata.title == "The night ferry"
    assert item.metadata.authors == ("Edna Marsh",)
    assert item.metadata.topics == ("sea", "Night ferries")
    assert (str(item.metadata.date), str(item.metadata.updated)) == ("2019-03-14", "2019-03-16")
    assert item.metadata.source == Source(None, "https://post.example/ferry")
    assert item.body == "It left at nine.\n\nLate & slow, **again**."


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('<div><en-todo checked="true"/>Leave</div><div><en-todo/>Come back</div>', "☑ Leave\n\n☐ Come back"),
        ('<div style="-en-codeblock:true;"><div>if late:</div><div>    wait()</div><div><br/></div></div>',
         "```\nif late:\n    wait()\n```"),
        ("<h1>Part</h1><div>A</div>", "## Part\n\nA"),
        ('<div>See <a href="evernote:///view/1/s1/x/x/">the tides</a>.</div>', "See the tides."),
        ("<ul><li><div>a</div></li><li><div>b</div></li></ul>", "- a\n- b"),
        ("<div>One<br>two <b>three</div>", "One\\\ntwo **three**"),  # no XML
        ('<div onclick="x()"><a href="javascript:x()">Go</a></div>', "Go"),
    ],
)  # fmt: skip
def test_the_text_of_notes(text: str, body: str, tmp_path: Path) -> None:
    assert one(tmp_path, text).body == body


def test_files_come_along_where_the_text_shows_them(tmp_path: Path) -> None:
    picture, paper = media(PICTURE, "image/png"), media(PAPER, "application/pdf")
    text = f"<div>The pier:</div><div>{picture}</div><div>Times {paper}.</div>"
    item = one(tmp_path, text, resource(PICTURE, "image/png") + resource(PAPER, "application/pdf", "times 2019.pdf"))
    first, second = item.assets
    digest = hashlib.md5(PICTURE, usedforsecurity=False).hexdigest()
    assert (first.name, first.load()) == (f"{digest}/{digest[:8]}.png", PICTURE)
    assert (second.name.rpartition("/")[2], second.load()) == ("times%202019.pdf", PAPER)
    assert item.body == f"The pier:\n\n![]({first.name})\n\nTimes [times 2019.pdf]({second.name})."


def test_what_is_missing_is_said_in_the_text_and_in_a_note(tmp_path: Path) -> None:
    text = f"<div>The pier: {media(PICTURE, 'image/png')}</div><div>Code: <en-crypt cipher='AES'>U2Vj</en-crypt></div>"
    item = one(tmp_path, text, '<resource><data encoding="base64">@@@</data><mime>image/gif</mime></resource>')
    assert item.body == "The pier: *\\[image/png\\]*\n\nCode: […]"
    assert [each.partition(":")[0] for each in item.notes] == [
        "image/gif",
        "has a file (image/png) that the export does not contain",
        "has encrypted text",
    ]


def test_files_that_no_place_shows_come_last_and_programs_do_not(tmp_path: Path) -> None:
    item = one(
        tmp_path, "<div>A.</div>", resource(PAPER, "application/pdf", "a.pdf") + resource(b"MZ", "x/y", "run.exe")
    )
    assert item.body.startswith("A.\n\n[a.pdf](")
    assert item.body.endswith("\n\nrun.exe")
    assert [asset.name.rpartition("/")[2] for asset in item.assets] == ["a.pdf"]
    assert item.notes == ("run.exe: left out, it is no picture, sound, film or document",)


def test_tasks_of_version_10(tmp_path: Path) -> None:
    tasks = "".join(
        f"<task><title>{title}</title><taskStatus>{status}</taskStatus>"
        f"<taskGroupNoteLevelID>{group}</taskGroupNoteLevelID></task>"
        for title, status, group in (("Leave", "completed", "g1"), ("Come back", "open", "g1"), ("Lost", "open", "g9"))
    )
    text = '<div>To do:</div><div style="--en-task-group:true; --en-task-group-id:g1"><br/></div><div>End.</div>'
    assert one(tmp_path, text, tasks).body == "To do:\n\n- ☑ Leave\n- ☐ Come back\n\nEnd.\n\n☐ Lost"


def test_a_broken_note_does_not_reach_the_next(tmp_path: Path) -> None:
    broken = note("<div>A</div>").replace("</title>", "")
    deep = note("<div>" * 5000)
    found = read(tmp_path, note("<div>A</div>"), broken, deep, note(""), note("<div>B</div>"), "<note><title>Cut")
    assert [type(event) for event in found] == [Item, Problem, Problem, Skipped, Item, Problem]
    assert [event.line for event in found if isinstance(event, Problem)] == [7, 10, 19]


def test_entities_of_a_bomb_are_not_expanded(tmp_path: Path) -> None:
    declared = (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    )
    path = tmp_path / "bomb.enex"
    path.write_text(f"{declared}<en-export>{note('<div>x &b; &f; y</div>')}</en-export>")
    (item,) = evernote.read(path, ImportContext())
    assert isinstance(item, Item)
    assert item.body == "x &amp;b; &amp;f; y"


def test_a_note_that_is_too_large_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evernote, "MAX_NOTE", 3 << 20)
    large = note("<div>A</div>", resource(b"x" * (4 << 20), "image/png"))
    problem, item = read(tmp_path, large, note("<div>B</div>"))
    assert isinstance(problem, Problem)
    assert (problem.line, "larger than 3 MB" in problem.reason) == (4, True)
    assert isinstance(item, Item)


def test_a_notebook_comes_in_twice_alike(tmp_path: Path) -> None:
    path = tmp_path / "Harbour.enex"
    first = note(f"<div>The pier: {media(PICTURE, 'image/png')}</div>", resource(PICTURE, "image/png", "pier.png"))
    path.write_text(HEAD + first + note("<div>Same second.</div>").replace("/ferry<", "/2<") + TAIL)
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "evernote"
    written = import_twice(tmp_path / "library", path)
    assert list(written) == [
        "2019/2019-03-14-the-night-ferry/pier.png",
        "2019/2019-03-14-the-night-ferry-2.md",
        "2019/2019-03-14-the-night-ferry.md",
    ]
    assert "![](2019-03-14-the-night-ferry/pier.png)" in written["2019/2019-03-14-the-night-ferry.md"]


@pytest.mark.long
def test_ten_thousand_notes_are_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "Harbour.enex"
    with path.open("w") as file:
        file.write(HEAD)
        for number in range(10_000):
            picture = b"%d" % number * 2_000
            text = f"<div>{'It left at nine. ' * 100}</div>{media(picture, 'image/png')}"
            file.write(note(text, resource(picture, "image/png"), title=f"Ferry {number}"))
        file.write(TAIL)
    items, growth = count_items(evernote, path)
    assert items == 10_000
    assert growth < 32 << 20, growth

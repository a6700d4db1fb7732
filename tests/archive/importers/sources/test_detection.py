"""Detection of what a source holds: encodings, and folders of one format with other files in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backfile.archive.importers.item import ImportContext, Item, Reference
from backfile.archive.importers.sources.detection import ImportSource, RejectedSource, open_sources
from backfile.archive.report import Problem

WORDS = "The ferry left the harbour a little after eleven, as it had done every night since the war"
RIS = "TY  - NEWS\nTI  - The Night Ferry – late\nAB  - It is late.\nER  - \n"
NITF = (
    '<?xml version="1.0" encoding="UTF-16"?>\n<nitf><body><body.head><hedline><hl1>The Night Ferry – late</hl1>'
    f"</hedline></body.head><body.content><p>{WORDS}.</p></body.content></body></nitf>"
)
ENEX = (
    '<?xml version="1.0" encoding="utf-16"?><en-export><note><title>The Night Ferry – late</title>'
    f"<content>&lt;en-note&gt;{WORDS}&lt;/en-note&gt;</content></note></en-export>"
)
FEED = (
    '<?xml version="1.0" encoding="utf-16"?><rss version="2.0"><channel><title>x</title><item>'
    f"<title>The Night Ferry – late</title><description>{WORDS}</description></item></channel></rss>"
)
POST = {
    "title": "The Night Ferry – late",
    "slug": "f",
    "id": "1",
    "uuid": "u",
    "status": "published",
    "html": f"<p>{WORDS}</p>",
}
GHOST = json.dumps(
    {"db": [{"meta": {"exported_on": 1, "version": "5.0"}, "data": {"posts": [POST]}}]}, ensure_ascii=False
)
CSV = f'title,text\nThe Night Ferry – late,"{WORDS}"\n'
LEXISNEXIS = "".join(
    f"\n          {number} of 2 DOCUMENTS\n\n      The Harbour Post\n\n    March {number}, 2019 Friday\n\n"
    f"The Night Ferry – late\n\nLENGTH: 20 words\n\n{WORDS} {number}.\n\nLANGUAGE: ENGLISH\n\n"
    for number in (1, 2)
)


def web_page(title: str) -> str:
    paragraphs = f"<p>{title}. {WORDS}.</p>" * 3
    return f"<html><title>{title}</title><body><article>{paragraphs}</article></body></html>"


def titles(sources: Iterator[ImportSource | RejectedSource]) -> list[str]:
    """Titles of the articles of sources, and the labels of those that are rejected."""
    found = []
    for source in sources:
        if isinstance(source, RejectedSource):
            found.append(f"{source.label}: {source.reason}")
            continue
        for event in source.read(ImportContext()):
            assert not isinstance(event, Problem)
            item = event.item if isinstance(event, Reference) else event
            found += [item.metadata.title or item.origin] if isinstance(item, Item) else []
    return found


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("a.ris", RIS, 1),
        ("a.xml", NITF, 1),
        ("a.enex", ENEX, 1),
        ("feed.xml", FEED, 1),
        ("ghost.json", GHOST, 1),
        ("a.csv", CSV, 1),
        ("a.txt", LEXISNEXIS, 2),
    ],
)
def test_every_format_is_known_and_read_in_utf_16(
    name: str, content: str, number: int, encoding: str, tmp_path: Path
) -> None:
    mark = "\ufeff" if encoding.endswith("be") else ""
    (tmp_path / name).write_bytes((mark + content).encode(encoding))
    assert titles(open_sources(tmp_path / name)) == ["The Night Ferry – late"] * number


def test_what_lies_among_plain_texts_comes_in_too(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    (folder / "more").mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"Letter {number}\n\n{WORDS}.\n")
    (folder / "page.html").write_text(
        f"<html><title>A page</title><body><article><p>{WORDS * 3}</p></article></body></html>"
    )
    (folder / "more" / "a.ris").write_text(RIS)
    (folder / "pier.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    (folder / ".hidden.csv").write_text(CSV)
    found = titles(open_sources(folder))
    assert found[:7] == [*(f"Letter {number}" for number in range(6)), "A page"]
    assert found[7].startswith("letters/pier.png: of no kind")
    assert found[8:] == ["The Night Ferry – late"]


def test_documents_among_web_pages_are_named_and_files_of_the_pages_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (folder / "1_files").mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.html").write_text(web_page(f"Page {number}"))
    for name in ("letter.docx", "style.css", "1_files/notes.pdf", "pier.jpg"):
        (folder / name).write_bytes(b"x")
    found = titles(open_sources(folder))
    assert found[:6] == [f"Page {number}" for number in range(6)]
    assert [line.partition(":")[0] for line in found[6:]] == ["saved/letter.docx"]
    assert "import it by its own name" in found[6]


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    for name in ("a.zip", "a.docx", "a.xml", "a.jsonl"):
        (tmp_path / name).touch()
        (source,) = open_sources(tmp_path / name)
        assert isinstance(source, RejectedSource)
        assert source.reason.startswith("is empty (0 bytes)")


def test_files_of_saved_pages_are_no_sources_of_a_mixed_folder(tmp_path: Path) -> None:
    (tmp_path / "1_files").mkdir()
    (tmp_path / "1_files" / "frame.html").write_text(web_page("A frame"))
    (tmp_path / "1.html").write_text(web_page("A page"))
    (tmp_path / "a.csv").write_text(CSV)
    assert titles(open_sources(tmp_path)) == ["A page", "The Night Ferry – late"]

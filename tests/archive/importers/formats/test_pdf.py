"""PDF: paragraphs rejoined, running lines dropped; refusal of scans, encrypted and broken files."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fpdf import FPDF
from paths import ROOT

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.pdf import document, page_lines
from backfile.archive.importers.item import ImportContext, Item
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.detection import ImportSource, open_sources
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

WORDS = (
    "The night ferry to the islands left the harbour a little after eleven and nobody at the pier could say why it had "
    "waited so long for a single passenger who never came down from the town that evening. "
)


class Paper(FPDF):
    """PDF with a running head and page numbers."""

    def header(self) -> None:
        self.set_font("Times", size=9)
        self.set_y(10)
        self.cell(text=f"The Harbour Post  |  Number {40 + self.page_no()}", new_x="LMARGIN", new_y="NEXT")
        self.set_y(25)

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("Times", size=9)
        self.cell(0, align="C", text=f"Page {self.page_no()} of 9")


def paper() -> Paper:
    made = Paper(format="A4")
    made.set_creation_date(datetime(2020, 5, 6, tzinfo=UTC))
    made.set_auto_page_break(True, margin=25)
    made.add_page()
    return made


def paragraph(made: FPDF, text: str, size: float = 11, style: str = "", align: str = "J") -> None:
    made.set_font("Times", style=style, size=size)
    made.multi_cell(0, h=size * 0.45, text=text, align=align, new_x="LMARGIN", new_y="NEXT")
    made.ln(size * 0.25)


def saved(made: FPDF, path: Path) -> Path:
    made.output(str(path))
    return path


def item(path: Path) -> Item:
    (found,) = document.read(path, ImportContext())
    assert isinstance(found, Item), found
    return found


def refused(path: Path) -> Problem:
    (found,) = document.read(path, ImportContext())
    assert isinstance(found, Problem), found
    return found


def test_paragraphs_are_joined_and_running_lines_are_gone(tmp_path: Path) -> None:
    made = paper()
    paragraph(made, "The night ferry returns", size=20, style="B", align="L")
    paragraph(made, "By Edna Marsh and John Roe", align="L")
    paragraph(made, "14 March 2019", align="L")
    texts = [f"{number} came first. {WORDS * 3}".strip() for number in ("One", "Two", "Three", "Four", "Five", "Six")]
    for text in texts[:3]:
        paragraph(made, text)
    paragraph(made, "What the harbour says", size=15, style="B", align="L")
    for text in texts[3:] * 4:
        paragraph(made, text)
    assert made.page_no() > 2
    found = item(saved(made, tmp_path / "scan0042.pdf"))
    assert found.metadata.title == "The night ferry returns"
    assert found.metadata.authors == ("Edna Marsh", "John Roe")
    assert found.metadata.date == PartialDate(2019, 3, 14)
    assert found.body.split("\n\n") == [*texts[:3], "## What the harbour says", *texts[3:] * 4]


def test_hyphenated_words_are_rejoined(tmp_path: Path) -> None:
    made = FPDF()
    made.add_page()
    made.set_font("Times", size=12)
    lines = (
        "Nobody at the pier had an expla-",
        "nation, least of all the long-",
        "serving captain, a long-serving man in-",
        "deed. In 2019-",
        "2020 he left the Anglo-",
        "Saxon line for good.",
    )
    for line in lines:
        made.cell(text=line, new_x="LMARGIN", new_y="NEXT")
    body = item(saved(made, tmp_path / "a.pdf")).body.replace("\\\n", " ")
    assert "had an explanation, least of all the long-serving captain, a long-serving man indeed." in body
    assert "In 2019-2020 he left the Anglo-Saxon line for good." in body


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    made = FPDF(format="A4")
    made.add_page()
    made.set_font("Times", size=11)
    with made.text_columns(ncols=2, gutter=10, text_align="J") as columns:
        columns.write(f"Left begins. {WORDS * 20}")
    body = item(saved(made, tmp_path / "a.pdf")).body
    assert body == f"Left begins. {WORDS * 20}".strip()


def test_small_print_at_the_foot_comes_after_the_paragraph_that_it_interrupts(tmp_path: Path) -> None:
    made = FPDF(format="A4")
    made.set_auto_page_break(False)
    made.add_page()
    paragraph(made, f"It begins. {WORDS * 4}".rstrip(" .") + " and", align="J")
    made.set_y(-30)
    paragraph(made, "1 So they say at the pier.", size=8, align="L")
    made.add_page()
    paragraph(made, f"then goes on. {WORDS}")
    paragraph(made, f"Another one. {WORDS}")
    body = item(saved(made, tmp_path / "a.pdf")).body.split("\n\n")
    assert len(body) == 3
    assert "that evening and then goes on." in body[0]
    assert body[1] == "1 So they say at the pier."
    assert body[2].startswith("Another one.")


def test_the_people_below_the_title_of_a_paper_are_its_authors(tmp_path: Path) -> None:
    made = FPDF(format="A4")
    made.add_page()
    paragraph(made, "On night ferries", size=18, align="C")
    paragraph(made, "Edna Marsh and John Roe", size=12, align="C")
    paragraph(made, "University of the Harbour", align="C")
    paragraph(made, WORDS * 4)
    found = item(saved(made, tmp_path / "a.pdf"))
    assert found.metadata.authors == ("Edna Marsh", "John Roe")
    assert found.body.startswith("University of the Harbour")


def test_properties_fill_in_missing_metadata_of_pdf(tmp_path: Path) -> None:
    made = paper()
    made.set_title("The night ferry")
    made.set_author("Edna Marsh")
    made.set_keywords("Ferries, Sea")
    made.set_lang("en-GB")
    paragraph(made, WORDS * 3)
    found = item(saved(made, tmp_path / "a.pdf"))
    assert (found.metadata.title, found.metadata.authors, found.metadata.topics) == (
        "The night ferry",
        ("Edna Marsh",),
        ("Ferries", "Sea"),
    )
    assert found.metadata.date == PartialDate(2020, 5, 6)
    assert found.metadata.language == "en-GB"


def test_the_title_of_a_printed_page_is_found_below_its_menu(tmp_path: Path) -> None:
    made = FPDF(format="A4")
    made.set_title("The night ferry returns - The Harbour Post")
    made.add_page()
    paragraph(made, "Menu of the paper", size=24, align="L")
    for number in range(12):
        paragraph(made, f"Section {number}", align="L")
    paragraph(made, "The night ferry returns", size=16, style="B", align="L")
    paragraph(made, "By Edna Marsh", align="L")
    paragraph(made, WORDS * 4)
    found = item(saved(made, tmp_path / "a.pdf"))
    assert (found.metadata.title, found.metadata.authors) == ("The night ferry returns", ("Edna Marsh",))


@pytest.mark.parametrize("title", ["Microsoft Word - 00042.doc", "untitled", "scan0042.pdf", "Layout: 3"])
def test_titles_that_programs_give_are_none(tmp_path: Path, title: str) -> None:
    made = paper()
    made.set_title(title)
    paragraph(made, WORDS * 3)
    assert item(saved(made, tmp_path / "night-ferry.pdf")).metadata.title == "Night ferry"


def test_lists_stay_lists_and_special_characters_are_escaped(tmp_path: Path) -> None:
    made = FPDF()
    made.add_page()
    paragraph(made, f"{WORDS}They said *this* and <b>that</b>:", align="L")
    for line in ("- the harbour", "- the island", "- the sea"):
        paragraph(made, line, align="L")
    body = item(saved(made, tmp_path / "a.pdf")).body
    assert body.endswith("\n\n- the harbour\n- the island\n- the sea")
    assert r"\*this\* and \<b\>that" in body


def test_right_to_left_text_is_in_reading_order() -> None:
    word = "العبّارة"
    places = [float(100 - 5 * number) for number in range(len(word))]
    as_read, as_drawn = list(zip(places, word, strict=True)), list(zip(places[::-1], word[::-1], strict=True))
    assert "".join(page_lines._in_reading_order(as_read)) == word
    assert "".join(page_lines._in_reading_order(as_drawn)) == word
    assert "".join(page_lines._in_reading_order([(1.0, "1"), (2.0, "9"), (3.0, "م")])) == "م19"
    assert "".join(page_lines._in_reading_order([(1.0, "o"), (2.0, "f")])) == "of"


def test_print_margins_of_browsers_give_the_source_and_no_text(tmp_path: Path) -> None:
    made = FPDF(format="A4")
    made.set_auto_page_break(False)
    made.add_page()
    made.set_font("Times", size=8)
    made.text(10, 8, "11/24/26, 11:01 PM")
    made.text(80, 8, "The night ferry returns")
    made.text(10, 292, "https://post.example/2019/night-ferry")
    made.text(190, 292, "1/1")
    made.set_y(30)
    paragraph(made, "The night ferry returns", size=20, align="L")
    paragraph(made, WORDS * 4)
    found = item(saved(made, tmp_path / "a.pdf"))
    assert found.metadata.title == "The night ferry returns"
    assert found.body == (WORDS * 4).strip()
    assert found.metadata.source == Source("post.example", "https://post.example/2019/night-ferry")


def test_a_scan_is_one_problem_and_a_page_without_text_is_noted(tmp_path: Path) -> None:
    scan = FPDF()
    for _ in range(3):
        scan.add_page()
        scan.rect(20, 20, 100, 200, style="F")
    assert "has no text" in refused(saved(scan, tmp_path / "scan.pdf")).reason
    mixed = paper()
    paragraph(mixed, WORDS * 3)
    mixed.header = mixed.footer = lambda: None  # type: ignore[method-assign]
    mixed.add_page()
    mixed.rect(20, 20, 100, 200, style="F")
    assert item(saved(mixed, tmp_path / "mixed.pdf")).notes == ("1 of 2 pages have no text (page 2)",)


def test_password_protected_files_are_refused_and_restricted_ones_read(tmp_path: Path) -> None:
    for user, is_locked in (("secret", True), (None, False)):
        made = paper()
        paragraph(made, WORDS * 3)
        made.set_encryption(owner_password="owner", user_password=user, permissions=0)  # noqa: S106
        path = saved(made, tmp_path / "a.pdf")
        if is_locked:
            assert refused(path).reason == "is encrypted"
        else:
            assert WORDS.strip() in item(path).body


def test_files_are_recognised_by_content(tmp_path: Path) -> None:
    made = paper()
    paragraph(made, WORDS)
    detected = registry.detect_format(registry.probe(saved(made, tmp_path / "no-ending")))
    assert detected is not None
    assert detected.format.KIND == "pdf"


def test_broken_files_are_problems_whatever_is_broken(tmp_path: Path) -> None:
    made = paper()
    paragraph(made, WORDS * 3)
    made.set_compression(False)
    whole = saved(made, tmp_path / "whole.pdf").read_bytes()
    chance, path = random.Random(1), tmp_path / "broken.pdf"
    for number in range(120):
        broken = bytearray(whole[: chance.choice((len(whole), chance.randrange(9, len(whole))))])
        for _ in range(number % 40):
            broken[chance.randrange(9, len(broken))] = chance.randrange(256)
        path.write_bytes(broken)
        assert all(isinstance(found, Item | Problem) for found in document.read(path, ImportContext()))
    path.write_bytes(b"%PDF-1.7\n")
    assert "broken" in refused(path).reason


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["." * 60_000 + "x", "a" * 60_000, "1." * 30_000, "a\u00ad" * 20_000, "( " * 30_000])
def test_lines_made_to_take_long_take_not_long(tmp_path: Path, text: str) -> None:
    made = FPDF()
    made.add_page()
    made.set_font("Times", size=11)
    made.text(20, 20, text)
    made.text(20, 40, WORDS)
    assert WORDS.split()[3] in item(saved(made, tmp_path / "a.pdf")).body


def test_without_its_library_the_format_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = paper()
    paragraph(made, WORDS)
    path = saved(made, tmp_path / "a.pdf")
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    (source,) = open_sources(path)
    assert isinstance(source, ImportSource)
    with pytest.raises(ArchiveError, match="needs the library pypdfium2") as raised:
        list(source.read(ImportContext()))
    assert "backfile[import]" in raised.value.hint


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="its highest memory is asked of Linux's /proc")
def test_the_pages_of_a_large_file_do_not_stay_in_memory(tmp_path: Path) -> None:
    made, words, chance = paper(), WORDS.split() * 3, random.Random(1)
    for _ in range(1_000):
        made.add_page()
        chance.shuffle(words)
        paragraph(made, " ".join(words))
    script = (
        "import re, sys; from pathlib import Path; from backfile.archive.importers.formats.pdf import document as pdf; "
        "from backfile.archive.importers.item import ImportContext; "
        "print(len(next(pdf.read(Path(sys.argv[1]), ImportContext())).body), "
        # Unlike ru_maxrss, this does not begin with what the process held that started this one.
        "int(re.search('VmHWM:[^0-9]*([0-9]+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    command = [sys.executable, "-c", script, str(saved(made, tmp_path / "a.pdf"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    length, megabytes = map(int, done.stdout.split())
    assert length > 500_000
    assert megabytes < 160

"""Command line: output, shape of the JSON, exit codes, quiet ends."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from paths import ROOT
from wcwidth import width

from backfile.archive.report import Problem
from backfile.cli import main, terminal
from backfile.index import errors as index_errors
from backfile.index.engines.whoosh.storage.damage import mark_damaged

ARTICLES = {
    "ferry.md": "---\ntitle: Night ferry\nauthors: [Edna Marsh, Tom Ody]\ntopics: [transport]\ndate: 2019-03\n"
    "updated: 2020-01-02\nsummary: It sails again.\nsource: {name: Gazette, url: https://example.org/ferry}\n"
    "language: en\n---\nThe night ferry sails again, and the ferry is full.\n",
    "2001/harbour.md": "---\ntitle: The harbour\nauthors: [Edna Marsh]\ntopics: [harbour, transport]\n"
    "date: 2001-05-06\n---\nA harbour in winter. No ferry.\n",
    "tide.md": "# The tide\n\nIt comes and goes.\n",
}


@pytest.fixture(scope="module")
def indexed_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Library with an index, made once."""
    root = tmp_path_factory.mktemp("indexed") / "library"
    for name, text in ARTICLES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    assert main.run(["index", str(root)]) == 0
    return root


@pytest.fixture
def library(indexed_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy of the indexed library, at `./library` of the current folder."""
    shutil.copytree(indexed_library, tmp_path / "library")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "library"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Runs a command; returns exit code, stdout and stderr."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return command


class TestSearch:
    def test_most_of_the_words_and_what_is_missing(self, library: Path, run: Any) -> None:
        _, out, _ = run("search", "the", "ferry", "kittiwake")
        assert out.startswith("No article has both words; these have one of them.\n2 articles\n")
        assert out.count("Missing: kittiwake") == 2

    def test_a_hyphen_leaves_a_word_out(self, library: Path, run: Any) -> None:
        everything, without = (json.loads(run("search", *query, "--json")[1]) for query in ([], ["-ferry"]))
        found = json.loads(run("search", "ferry", "--json")[1])
        assert without["total"] == everything["total"] - found["total"] > 0
        assert (
            json.loads(run("search", "--json", "transport", "-ferry", "-night")[1])["query"]
            == "transport -ferry -night"
        )

    def test_an_unknown_option_is_an_error_that_names_the_way_out(self, library: Path, run: Any) -> None:
        code, _, err = run("search", "--jsn", "ferry")
        assert code == 2
        assert "No such option: --jsn. A query that begins so is written after --." in err
        assert run("search", "--", "--jsn")[0] == 0

    def test_json_is_the_promised_shape(self, library: Path, run: Any) -> None:
        code, out, _ = run("search", "ferry", "--json")
        page = json.loads(out)
        assert code == 0
        assert list(page) == [
            "query", "total", "stories", "took_ms", "notices", "hits", "facets", "names", "suggestion", "relaxed",
            "page", "pages",
        ]  # fmt: skip
        assert (page["query"], page["total"], page["page"], page["pages"]) == ("ferry", 2, 1, 1)
        assert isinstance(page["took_ms"], float)
        assert page["notices"] == []
        assert page["suggestion"] is None
        hit = page["hits"][0]
        assert list(hit) == [
            "id", "title", "authors", "topics", "date", "url", "score", "matches", "missing", "passages", "copies",
            "copy_count",
        ]  # fmt: skip
        assert (hit["id"], hit["title"], hit["date"]) == ("ferry", "Night ferry", "2019-03")
        assert (hit["authors"], hit["topics"]) == (["Edna Marsh", "Tom Ody"], ["transport"])
        assert hit["url"] == "/article/ferry?q=ferry"
        assert hit["matches"] == 3
        passage = hit["passages"][0]
        assert list(passage) == ["text", "spans"]
        assert [passage["text"][start:end] for start, end in passage["spans"]] == ["ferry", "ferry"]
        assert page["facets"] == {
            "author": [{"value": "Edna Marsh", "count": 2}, {"value": "Tom Ody", "count": 1}],
            "topic": [{"value": "transport", "count": 2}, {"value": "harbour", "count": 1}],
            "year": [{"value": "2019", "count": 1}, {"value": "2001", "count": 1}],
        }

    @pytest.mark.parametrize(
        ("options", "found"),
        [
            ([], ["ferry", "2001/harbour"]),
            (["--author", "Tom Ody"], ["ferry"]),
            (["--author", "Tom Ody", "--author", "Edna Marsh"], ["ferry", "2001/harbour"]),
            (["--topic", "harbour"], ["2001/harbour"]),
            (["--topic", "harbour", "--author", "Tom Ody"], []),
            (["--from", "2019-03-31"], ["ferry"]),
            (["--to", "2019-02"], ["2001/harbour"]),
            (["--from", "2001", "--to", "2001"], ["2001/harbour"]),
            (["--sort", "oldest"], ["2001/harbour", "ferry"]),
            (["--sort", "title"], ["ferry", "2001/harbour"]),
            (["--per-page", "1", "--page", "2", "--sort", "newest"], ["2001/harbour"]),
            (["--page", "9"], []),
        ],
    )
    def test_options(self, library: Path, run: Any, options: list[str], found: list[str]) -> None:
        code, out, _ = run("search", "ferry", *options, "--json")
        assert code == 0
        assert [hit["id"] for hit in json.loads(out)["hits"]] == found

    def test_text(self, library: Path, run: Any) -> None:
        code, out, err = run("search", "night", "ferry")
        assert code == 0
        assert out.splitlines()[:4] == [
            "1 article",
            "",
            "Night ferry",
            "    2019-03 · Edna Marsh, Tom Ody · transport",
        ]
        assert "    … The night ferry sails again" in out
        assert not err

    def test_notices_go_to_stderr(self, library: Path, run: Any) -> None:
        code, out, err = run("search", 'ferry "')
        assert code == 0
        assert out.startswith("2 articles")
        assert err.strip()

    def test_without_an_index_it_builds_one_first(self, library: Path, run: Any) -> None:
        shutil.rmtree(library / ".backfile")
        code, out, err = run("search", "tide", "--json")
        assert (code, json.loads(out)["total"]) == (0, 1)
        assert "no index yet" in err

    def test_a_query_beyond_the_limits_is_wrong_usage(self, library: Path, run: Any) -> None:
        code, out, err = run("search", "word " * 300)
        assert (code, out) == (2, "")
        assert "1,000 characters" in err


class TestShow:
    def test_json_is_the_promised_shape(self, library: Path, run: Any) -> None:
        code, out, _ = run("show", "ferry", "--json")
        assert code == 0
        assert json.loads(out) == {
            "id": "ferry",
            "path": "ferry.md",
            "title": "Night ferry",
            "authors": ["Edna Marsh", "Tom Ody"],
            "topics": ["transport"],
            "date": "2019-03",
            "updated": "2020-01-02",
            "summary": "It sails again.",
            "source": {"name": "Gazette", "url": "https://example.org/ferry"},
            "language": "en",
        }

    def test_all_is_a_line_an_article(self, library: Path, run: Any) -> None:
        code, out, _ = run("show", "--all", "--json")
        articles = [json.loads(line) for line in out.splitlines()]
        assert code == 0
        assert [article["id"] for article in articles] == ["2001/harbour", "ferry", "tide"]
        assert list(articles[2].values())[3:] == [[], [], None, None, None, None, None]
        assert run("show", "--all")[1].splitlines()[0] == "2001/harbour\t2001-05-06\tThe harbour"

    def test_text_is_the_article(self, library: Path, run: Any) -> None:
        code, out, _ = run("show", "tide")
        assert code == 0
        assert out.startswith("The tide\n")
        assert "It comes and goes." in out

    def test_an_unknown_article_fails_and_the_others_are_shown(self, library: Path, run: Any) -> None:
        code, out, err = run("show", "nowhere", "tide", "../secret")
        assert code == 1
        assert "It comes and goes." in out
        assert err.count("no article has the id") == 2

    @pytest.mark.parametrize("arguments", [["show"], ["show", "tide", "--all"]])
    def test_ids_and_all_exclude_each_other(self, library: Path, run: Any, arguments: list[str]) -> None:
        assert run(*arguments)[0] == 2


class TestIndex:
    def test_counts(self, library: Path, run: Any) -> None:
        (library / "new.md").write_text("New.\n")
        (library / "tide.md").unlink()
        code, out, _ = run("index", "--json")
        assert code == 0
        assert json.loads(out) == {
            "added": 1, "changed": 0, "moved": 0, "removed": 1, "unchanged": 2, "held": 0, "copies": 0, "problems": [],
        }  # fmt: skip
        assert run("index", "library")[1].startswith("3 unchanged (")

    def test_moves_that_nothing_keeps_are_told(self, library: Path, run: Any) -> None:
        hint = "Former addresses of moved articles are not kept"
        (library / "tide.md").rename(library / "tides.md")
        assert hint in run("index")[1]
        (library / "library.toml").write_text("record_moves = true\n")
        (library / "tides.md").rename(library / "tide.md")
        assert hint not in run("index")[1]
        assert (library / "moved.tsv").read_text().splitlines()[-1].endswith("\ttides\ttide")

    def test_failures_are_listed_and_give_exit_code_1(self, library: Path, run: Any) -> None:
        (library / "broken.md").write_text("---\ntitle: [unclosed\n---\nWords.\n")
        code, out, err = run("index", "--json")
        problems = json.loads(out)["problems"]
        assert code == 1
        assert [list(problem) for problem in problems] == [["path", "line", "reason", "hint"]]
        assert problems[0]["path"] == "broken.md"
        code, out, err = run("index")
        assert code == 1
        assert err.startswith("broken.md:")
        assert out.startswith("4 unchanged; 1 problem")

    def test_a_read_only_library_needs_another_index_folder(
        self, library: Path, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied", ".backfile")

        shutil.rmtree(library / ".backfile")
        with monkeypatch.context() as patched:
            patched.setattr(Path, "mkdir", refuse)
            code, _, err = run("index")
        assert code == 3
        assert "--index" in err
        assert run("index", "--index", str(tmp_path / "cache"))[0] == 0
        assert not (library / ".backfile").exists()

    def test_a_library_named_twice_is_wrong_usage(self, library: Path, run: Any) -> None:
        assert run("index", "library", "--library", "library")[0] == 2


class TestCheck:
    def test_a_library_without_problems(self, library: Path, run: Any) -> None:
        code, out, _ = run("check", "--json")
        assert code == 0
        links = {"links": {"resolved": 0, "unresolved": 0}, "unresolved_links": [], "links_without_anchor": []}
        states = {"held": [], "conflicting_addresses": [], "copies": 0}
        assert json.loads(out) == {"articles": 3, "searchable": 3, "problems": [], "index": "ok"} | links | states

    def test_articles_in_no_list_and_conflicting_addresses_are_listed(self, library: Path, run: Any) -> None:
        heads = {"a": "embargo: 2131-01-01", "b": "withheld: a court said so", "c": "expires: 2131-01-01"}
        for name, head in heads.items():
            (library / f"{name}.md").write_text(f"---\ntitle: {name}\n{head}\n---\nText.\n")
        for name in ("one", "two"):
            (library / f"{name}.md").write_text(f"---\ntitle: {name}\naliases: [/same/]\n---\nText.\n")
        assert run("index")[1].startswith("3 added, 3 unchanged, 2 held back (")
        code, out, _ = run("check")
        assert code == 0
        assert out.splitlines()[:5] == [
            "a.md: embargoed until 2131-01-01T00:00:00+00:00",
            "b.md: withheld: a court said so",
            "c.md: published until 2131-01-01T00:00:00+00:00",
            "one.md: its address /same is stated by two.md as well",
            "In no list: 1 embargoed, 1 withheld",
        ]
        assert json.loads(run("check", "--json")[1])["conflicting_addresses"] == [
            {"address": "/same", "paths": ["one.md", "two.md"]}
        ]

    def test_problems_are_found_without_an_index(self, library: Path, run: Any) -> None:
        shutil.rmtree(library / ".backfile")
        (library / "broken.md").write_text("---\ntitle: [unclosed\n---\nWords.\n")
        (library / "draft.md").write_text("---\ndraft: true\n---\nWords.\n")
        code, out, _ = run("check", "--json")
        found = json.loads(out)
        assert code == 1
        assert (found["articles"], found["searchable"], found["index"]) == (4, 0, "missing")
        assert [list(problem) for problem in found["problems"]] == [["path", "line", "reason", "hint"]]
        assert not (library / ".backfile").exists()

    def test_an_index_older_than_its_library_is_out_of_date(self, library: Path, run: Any) -> None:
        (library / "new.md").write_text("New.\n")
        code, out, _ = run("check")
        assert code == 0
        assert out == "4 articles, 3 searchable; index: out of date\n"

    def test_a_damaged_index_is_built_anew_by_the_next_run(self, library: Path, run: Any) -> None:
        for path in (library / ".backfile" / "index").iterdir():
            path.write_bytes(path.read_bytes()[:-9])
        code, out, err = run("check", "--json")
        assert (code, json.loads(out)["index"]) == (3, "damaged")
        assert "backfile index" in err
        assert run("index")[0] == 0
        assert json.loads(run("check", "--json")[1])["index"] == "ok"


class TestCopies:
    @pytest.fixture
    def printed(self, library: Path, run: Any) -> str:
        """Library with a story printed three times; the text of the first run of `index`."""
        text = "The ferry sank. " + " ".join(f"word{number}" for number in range(60))
        for name, source in (("post", "Post"), ("herald", "Herald"), ("blog", "")):
            (library / f"{name}.md").write_text(
                f"---\ntitle: Ferry sinks\ndate: 2001-02-03\nsource: {{name: {source!r}}}\n---\n{text} {source}\n"
            )
        return str(run("index")[1])

    def test_reports_say_how_many_there_are(self, printed: str, run: Any) -> None:
        assert printed.endswith("2 articles are copies of another: a search shows each story once\n")
        assert json.loads(run("index", "--json")[1])["copies"] == 2
        assert "6 articles, 6 searchable, 2 of them copies of another; index: ok\n" in run("check")[1]
        assert json.loads(run("check", "--json")[1])["copies"] == 2
        assert {"stories": 4, "copies": 2}.items() <= json.loads(run("stats", "--json")[1]).items()

    def test_a_search_shows_each_story_once_unless_asked_for_copies(self, printed: str, run: Any) -> None:
        out = run("search", "sank")[1]
        assert out.startswith("3 articles, 1 story\n")
        assert out.count("Ferry sinks\n") == 1
        assert "    Also printed in 2 places:\n      Herald · 2001-02-03 · +1 -0 words · herald\n" in out
        everything = run("search", "sank", "--copies")[1]
        assert everything.startswith("3 articles\n")
        assert everything.count("Ferry sinks\n") == 3
        answer = json.loads(run("search", "sank", "--json")[1])
        assert (answer["total"], answer["stories"], answer["hits"][0]["copy_count"]) == (3, 1, 2)


class TestStats:
    def test_json(self, library: Path, run: Any) -> None:
        code, out, _ = run("stats", "--json")
        numbers = json.loads(out)
        assert code == 0
        assert numbers.pop("index_bytes") > 0
        assert numbers.pop("generation") >= 1
        assert numbers.pop("engine")
        assert numbers == {
            "library": "library", "articles": 3, "authors": 2, "topics": 2, "first_year": 2001, "last_year": 2019,
            "problems": 0, "dead_links": 0, "languages": ["en"], "stories": 3, "copies": 0,
        }  # fmt: skip

    def test_text(self, library: Path, run: Any) -> None:
        assert "articles     3\n" in run("stats")[1]


class TestSettings:
    def test_values_and_origins(self, library: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BACKFILE_PORT", "8080")
        code, out, _ = run("settings", "--json", "--workers", "3")
        values = json.loads(out)
        assert code == 0
        assert values["port"] == {"value": 8080, "origin": "BACKFILE_PORT"}
        assert values["workers"] == {"value": 3, "origin": "--workers"}
        assert values["index"] == {"value": None, "origin": "default"}
        assert "BACKFILE_PORT" in run("settings")[1]

    def test_all_invalid_settings_are_printed(self, library: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BACKFILE_PROT", "8080")
        Path("backfile.toml").write_text("workers = 0")
        code, _, err = run("settings", "--port", "x")
        assert code == 2
        assert all(word in err for word in ("BACKFILE_PROT", "backfile.toml: workers", "--port"))


class TestErrors:
    @pytest.mark.parametrize("command", ["index", "search", "check", "stats", "show", "serve"])
    def test_a_missing_library_is_an_error(self, run: Any, command: str, tmp_path: Path) -> None:
        arguments = {"search": ["x"], "show": ["x"]}.get(command, [])
        code, out, err = run(command, *arguments, "--library", str(tmp_path / "nowhere"))
        assert (code, out) == (3, "")
        assert "nowhere" in err
        assert not (tmp_path / "nowhere").exists()

    def test_an_invalid_library_toml_is_an_error(self, library: Path, run: Any) -> None:
        (library / "library.toml").write_text("titel = 5")
        code, _, err = run("index")
        assert code == 3
        assert "library.toml" in err
        assert "titel" in err

    @pytest.mark.parametrize("arguments", [["serch"], ["search", "--page", "0"], ["search", "--sort", "size"], ["-x"]])
    def test_wrong_usage(self, run: Any, arguments: list[str]) -> None:
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert "Error" in err

    def test_a_damaged_index_is_an_error_not_an_empty_result(self, library: Path, run: Any) -> None:
        for path in (library / ".backfile" / "index").iterdir():
            path.write_bytes(b"\x00" * 100)
        code, out, err = run("search", "ferry")
        assert (code, out) == (3, "")
        assert "backfile index" in err

    def test_an_index_marked_as_damaged_is_searched_if_readable(self, library: Path, run: Any) -> None:
        mark_damaged(library / ".backfile" / "index", "found by hand")
        assert run("search", "ferry")[0] == 0


def test_every_command_has_help_with_an_example(run: Any) -> None:
    for name, command in main.backfile.by_name().items():
        code, out, _ = run(name, "--help")
        assert code == 0
        assert f"\n  backfile {name}" in out, f"{name} shows no example"
        assert all(option.help for option in command.params if isinstance(option, click.Option)), name


def test_exit_codes_are_inherited() -> None:
    class UnlistedError(index_errors.IndexLocked):
        """Error class without an exit code of its own."""

    assert main.exit_code(UnlistedError) == main.exit_code(index_errors.IndexLocked) == 3
    assert set(main.EXIT_CODES.values()) == {1, 2, 3}


def test_the_progress_bar_waits_a_second_and_needs_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 0.5, 1.5, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with terminal.ProgressBar("Reading") as progress:
        progress(1, 10)
        assert not capsys.readouterr().err
        progress(5, 10)
        assert "50%" in capsys.readouterr().err
        progress(10, 10)
    assert "100%" in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with terminal.ProgressBar("Reading") as progress:
        progress(10, 10)
    assert not capsys.readouterr().err


def test_problems_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_problems([Problem("a.md", 3, "no end", "add one"), Problem("b.md", None, "is a pipe")])
    assert capsys.readouterr().err == "a.md:3: no end (add one)\nb.md: is a pipe\n"


class TestProcess:
    """Behaviour of a whole process."""

    COMMAND = (sys.executable, "-m", "backfile")

    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(ROOT)}

    def test_a_closed_pipe_is_no_error(self, library: Path) -> None:
        for number in range(380):
            (library / f"{number}.md").write_text("# A long title " + "of many words " * 20 + f"{number}\n")
        shown = subprocess.Popen(
            [*self.COMMAND, "show", "--all", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment(),
        )  # fmt: skip
        with shown:
            assert shown.stdout is not None
            assert shown.stderr is not None
            shown.stdout.readline()
            shown.stdout.close()
            assert shown.stderr.read() == b""
            assert shown.wait(60) == main.PIPE_CLOSED

    @pytest.mark.long
    def test_ctrl_c_is_quiet(self, library: Path) -> None:
        for number in range(3_000):
            (library / f"{number}.md").write_text(f"# Article {number}\n\n" + "Words and more words. " * 400)
        # A shell ignores SIGINT for its background processes, and their children inherit that.
        script = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from backfile.cli.main import main; main()"
        )
        indexing = subprocess.Popen(
            [sys.executable, "-c", script, "index"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment(), start_new_session=True,
        )  # fmt: skip
        lock_file = library / ".backfile" / "index" / "MAIN_WRITELOCK"
        lock_file.unlink()  # the next writer creates it
        deadline = time.monotonic() + 60
        while not lock_file.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(indexing.pid, signal.SIGINT)
        _, err = indexing.communicate(timeout=30)
        assert indexing.returncode == main.INTERRUPTED, err
        assert b"Traceback" not in err
        assert main.run(["index"]) == 0


class TestControlCharacters:
    """Control characters of an article are shown and not obeyed."""

    @pytest.fixture
    def odd_library(self, library: Path) -> Path:
        """Library with an article that has controls in its title, names and text."""
        (library / "odd.md").write_text(
            '---\ntitle: "Odd \\e]0;owned\\a kelp"\nauthors: ["Eve \\e[31m"]\ntopics: ["Red \\x9b2J"]\n---\n'
            "Kelp \x1b]52;c;cm0=\x07 and \x1b[2J more kelp.\r\nA second line.\n",
            newline="",
        )
        main.run(["index"])
        return library

    @pytest.mark.parametrize(
        "arguments", ["show odd", "show --all", "search kelp", "search kelp --json", "show odd --json"]
    )
    def test_they_do_not_reach_the_terminal(self, arguments: str, odd_library: Path, run: Any) -> None:
        code, out, err = run(*arguments.split())
        assert code == 0
        assert "elp" in out
        assert not [sign for sign in (out + err) if unicodedata.category(sign) == "Cc" and sign not in "\t\n"]

    def test_they_are_shown_and_line_ends_kept(self, odd_library: Path, run: Any) -> None:
        _, out, _ = run("show", "odd")
        assert "Kelp \\x1b]52;c;cm0=\\x07 and \\x1b[2J more kelp.\nA second line." in out

    def test_a_mask_keeps_everything_else(self) -> None:
        assert terminal.masked("a\tb\r\nc\rd \u200f\u00ad é") == "a\tb\nc\\x0dd \u200f\u00ad é"


def test_long_addresses_are_cut_in_the_lines_of_an_import_and_whole_in_its_json(library: Path, run: Any) -> None:
    Path("old").mkdir()
    address = f"{'a' * 3000}/pier.png"
    Path("old/quay.md").write_text(f"---\ntitle: The quay\n---\n![Pier]({address})\n\nA quay of stone.\n")
    _, _, err = run("import", "old", "--dry-run", "--no-index")
    note = next(line for line in err.splitlines() if "picture" in line)
    assert "…" in note
    assert len(note) < 300
    assert address in run("import", "old", "--json", "--dry-run", "--no-index")[1]


class TestTrends:
    def test_a_table_with_a_column_for_each_query(self, library: Path, run: Any) -> None:
        code, out, _ = run("trends", "ferry", "harbour -train", "--by", "decade")
        assert code == 0
        assert out.splitlines() == [
            "(1) ferry: 2 articles  ██",
            "(2) harbour -train: 1 article  █",
            "All: 3 articles, 1 without a date",
            "",
            "            (1)  (2)  all",
            "2000–2009*    1    1    1",
            "2010–2019*    1    0    1",
            "",
            "* fewer than 20 articles in all",
        ]

    def test_shares_and_months(self, library: Path, run: Any) -> None:
        _, out, _ = run("trends", "winter", "--from", "2001-05", "--to", "2001-06", "--measure", "share")
        assert out.splitlines()[-3] == "2001-05*  100.0 %    1"

    def test_json_and_csv_have_the_same_points(self, library: Path, run: Any) -> None:
        found = json.loads(run("trends", "ferry", "--by", "year", "--measure", "matches", "--json")[1])
        points = found["queries"][0]["points"]
        assert [points[0]["url"], len(points)] == ["/search?q=ferry&from=2001&to=2001", 19]
        lines = run("trends", "ferry", "--by", "year", "--measure", "matches", "--csv")[1].splitlines()
        rows = [line.split(",") for line in lines[1:]]
        assert [(row[1], row[4], row[6]) for row in rows] == [
            (each["period"], str(each["articles"]), str(each["matches"])) for each in points
        ]

    @pytest.mark.parametrize(
        "arguments", [(), tuple("abcdefg"), ("a", "--csv", "--json"), ("a", "--by", "week"), ("a" * 1001,)]
    )
    def test_wrong_usage(self, arguments: tuple[str, ...], library: Path, run: Any) -> None:
        assert run("trends", *arguments)[0] == 2


class TestLines:
    def test_matches_stand_below_each_other(self, library: Path, run: Any) -> None:
        code, out, err = run("lines", "ferry", "--sort", "oldest", "--width", "20")
        assert code == 0
        lines = out.splitlines()
        places = {line.casefold().index("ferr", 15) for line in lines}
        assert places == {20}
        assert err.startswith(f"{len(lines)} lines in 2 articles")

    def test_json_csv_and_the_terminal_have_the_same_lines(self, library: Path, run: Any) -> None:
        arguments = ("lines", "ferry", "--by", "r1", "--frequent")
        listed = [json.loads(line) for line in run(*arguments, "--json")[1].splitlines()]
        rows = list(csv.DictReader(io.StringIO(run(*arguments, "--csv")[1].removeprefix("\ufeff"))))
        assert [row["match"] for row in rows] == [line["match"] for line in listed]
        assert [(row["id"], row["start"]) for row in rows] == [(line["id"], str(line["start"])) for line in listed]
        assert len(run(*arguments)[1].splitlines()) == len(listed)
        assert listed[0]["url"].startswith(f"/article/{listed[0]['id']}?q=ferry&view=lines&by=r1&frequent=1&match=")

    def test_samples_and_limits_are_told(self, library: Path, run: Any) -> None:
        _, first, err = run("lines", "ferry", "--sample", "2", "--seed", "5", "--json")
        assert run("lines", "ferry", "--sample", "2", "--seed", "5", "--json", "--sort", "title")[1].splitlines() == [
            line.replace("view=lines&", "sort=title&view=lines&") for line in first.splitlines()
        ]
        assert "A random sample of 2 of" in err
        assert "Only the first 1 lines are printed" in run("lines", "ferry", "--limit", "1")[2]

    def test_wide_signs_and_control_characters_keep_the_column(self, library: Path, run: Any) -> None:
        text = "---\ntitle: T\n---\n夜の渡し船で kittiwake が飛ぶ\n\nplain \x1b[31m kittiwake here\n"
        (library / "odd.md").write_text(text, encoding="utf-8")
        run("index")
        out = run("lines", "kittiwake", "--width", "20")[1]
        assert "\x1b" not in out
        assert {width(line[: line.index("kittiwake")]) for line in out.splitlines()} == {20}

    def test_arabic_lines_have_what_follows_on_the_left(self, library: Path, run: Any) -> None:
        (library / "odd.md").write_text("---\ntitle: T\n---\nوصلت العبّارة اليوم\n", encoding="utf-8")
        run("index")
        (line,) = run("lines", "العبّارة", "--width", "20")[1].splitlines()
        assert line.index("اليوم") < line.index("العبّارة") < line.index("وصلت")
        assert line.count("\u2067") == line.count("\u2069") == 3

    @pytest.mark.parametrize(
        "arguments", [(), ("a", "--csv", "--json"), ("a", "--by", "l4"), ("a", "--sample", "0"), ("a" * 1001,)]
    )
    def test_wrong_usage(self, arguments: tuple[str, ...], library: Path, run: Any) -> None:
        assert run("lines", *arguments)[0] == 2

"""Reading rules: texts and terms are constant under one version; inputs of the stamp."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from paths import ROOT

from backfile.archive.storage.library import Library
from backfile.archive.storage.walker import FileEntry
from backfile.index.sync import reading_rules
from backfile.index.sync.reading_rules import LIBRARIES, library_versions, reading_rules_stamp
from tests import golden_reading_rules as golden
from tests.golden_reading_rules import COMMAND, CORPUS, differences, make_golden, read_golden, refusal, same_corpus


@pytest.fixture(scope="module")
def made() -> golden.Golden:
    return make_golden()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    root = tmp_path / "library"
    root.mkdir()
    (root / "ferry.md").write_text("The ferry.\n", encoding="utf-8")
    return Library(root)


def stamp_of(library: Library) -> str:
    library.refresh()
    return reading_rules_stamp(library, list(library.walk()))


class TestGolden:
    def test_the_same_version_gives_the_same_text_and_terms(self, made: golden.Golden) -> None:
        recorded = read_golden()
        assert recorded["reading_rules"] == made["reading_rules"], f"READING_RULES is another: run {COMMAND}"
        changed = differences(recorded, made)
        if changed and recorded["libraries"] != made["libraries"]:
            pytest.skip(
                f"The readings were recorded with {recorded['libraries']}; here they differ under {made['libraries']}, "
                "which may be why."
            )
        assert not changed, f"Raise READING_RULES in index/sync/reading_rules.py, then run {COMMAND}:\n" + "\n".join(
            changed
        )
        assert same_corpus(recorded, made), f"The corpus changed: run {COMMAND}"

    def test_it_was_recorded_with_the_locked_libraries(self) -> None:
        locked = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.M))
        recorded = read_golden()["libraries"]
        assert {name: recorded[name] for name in LIBRARIES} == {name: locked[name.lower()] for name in LIBRARIES}, (
            f"The lock has other libraries: run {COMMAND} with those"
        )

    def test_a_changed_reading_is_not_written_under_the_same_version(
        self, made: golden.Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = copy.deepcopy(made)
        other["articles"]["yaml.md"]["document"]["text"] += " more"
        assert differences(other, made)
        file = tmp_path / "golden.json"
        file.write_text(json.dumps(other), encoding="utf-8")
        monkeypatch.setattr(golden, "GOLDEN", file)
        assert golden.main() == 1
        assert "yaml.md: document.text" in capsys.readouterr().err
        assert json.loads(file.read_text(encoding="utf-8")) == other
        monkeypatch.setattr(reading_rules, "READING_RULES", made["reading_rules"] + 1)
        assert golden.main() == 0
        assert json.loads(file.read_text(encoding="utf-8"))["articles"] == made["articles"]

    def test_changed_files_of_the_corpus_need_no_new_version(self, made: golden.Golden) -> None:
        other = copy.deepcopy(made)
        other["articles"]["yaml.md"] |= {"digest": "other", "document": None}
        del other["articles"]["toml.md"]
        assert not refusal(other, made)
        assert not same_corpus(other, made)

    def test_the_corpus_covers_every_rule(self, made: golden.Golden) -> None:
        readings = made["articles"].values()
        assert len(readings) >= 12
        assert {bool(each["document"]) for each in readings} == {True, False}
        assert {each["document"]["language"] for each in readings if each["document"]} >= {"de", "fr", "ru", "zh", "sv"}


class TestStamp:
    def test_it_is_the_same_for_the_same_rules(self, library: Library) -> None:
        assert stamp_of(library) == stamp_of(Library(library.root))

    def test_it_depends_on_the_version(self, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
        before = stamp_of(library)
        monkeypatch.setattr(reading_rules, "READING_RULES", reading_rules.READING_RULES + 1)
        assert stamp_of(library) != before

    @pytest.mark.parametrize("name", LIBRARIES)
    def test_it_depends_on_each_library(self, library: Library, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        before = stamp_of(library)
        monkeypatch.setattr(reading_rules, "version", lambda each: "99" if each == name else metadata.version(each))
        assert stamp_of(library) != before

    def test_it_depends_on_the_tables_of_unicode(self, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
        before = stamp_of(library)
        monkeypatch.setattr(reading_rules.unicodedata, "unidata_version", "99.0.0")
        assert stamp_of(library) != before

    @pytest.mark.parametrize("text", ['exclude = ["2001"]', "day_first = true", '[authors]\nem = "Edna Marsh"'])
    def test_it_depends_on_the_settings(self, library: Library, text: str) -> None:
        before = stamp_of(library)
        (library.root / "library.toml").write_text(text, encoding="utf-8")
        assert stamp_of(library) != before

    def test_it_depends_on_profiles_and_folders_of_languages(self, library: Library) -> None:
        before = stamp_of(library)
        (library.root / "_authors").mkdir()
        (library.root / "_authors" / "em.md").write_text("---\nname: Edna Marsh\n---\n", encoding="utf-8")
        after = stamp_of(library)
        assert after != before
        for language in ("en", "fr"):
            (library.root / "posts" / language).mkdir(parents=True)
        entries = [FileEntry("posts/fr/a.md", 1, 1)]
        assert reading_rules_stamp(library, entries) != after

    def test_it_does_not_depend_on_source_code(self, library: Library, tmp_path: Path) -> None:
        for package in ("archive", "index"):
            copy = tmp_path / "code" / "backfile" / package
            shutil.copytree(ROOT / package, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (tmp_path / "code").rglob("*.py"):
            path.write_text(path.read_text(encoding="utf-8") + "\n# A comment.\n", encoding="utf-8")
        script = (
            "import sys; sys.path.insert(0, '.'); from pathlib import Path; "
            "from backfile.archive.storage.library import Library;"
            "from backfile.index.sync import reading_rules as rules; "
            "assert Path(rules.__file__).is_relative_to(Path.cwd());"
            "library = Library(sys.argv[1]); print(rules.reading_rules_stamp(library, library.walk()))"
        )
        done = subprocess.check_output(
            [sys.executable, "-c", script, str(library.root)], cwd=tmp_path / "code", text=True
        )
        assert done.strip() == stamp_of(library)


def test_the_libraries_are_those_that_reading_imports() -> None:
    script = (
        "import sys; before = set(sys.modules); from pathlib import Path; "
        "from backfile.archive.storage.library import Library;"
        "from backfile.index.sync.reader import read_documents; "
        "import backfile.index.analysis.tokenizer, backfile.index.fields; "
        "from backfile.archive.markdown.inline_marks import character_of; character_of('smile');"
        "library = Library(sys.argv[1]);"
        "list(read_documents(library, [each.path for each in library.walk()]));"
        "files = {name.partition('.')[0] for name, each in list(sys.modules.items()) if name not in before"
        " and 'site-packages' in str(getattr(each, '__file__', ''))};"
        "from importlib.metadata import packages_distributions as owners;"
        "print(*sorted({owner for name in files for owner in owners().get(name, ())}))"
    )
    done = subprocess.check_output([sys.executable, "-c", script, str(CORPUS)], cwd=ROOT, text=True)
    # Of the reading page (both), arithmetic, of queries, signatures of copies.
    others = {"Markdown", "math-core", "numpy", "RapidFuzz", "rensa"}
    assert set(done.split()) - others == set(LIBRARIES)


def test_every_version_is_known() -> None:
    assert all(library_versions().values())

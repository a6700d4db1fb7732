"""Moves and deletions: an address of an article leads to it in one step for ever, whatever happens to its file."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from oracle.memory_engine import MemoryEngine
from synchronising import synchronise

from backfile.archive.addresses import git_history
from backfile.archive.addresses.moved_file import FILE_NAME, read_moves
from backfile.archive.addresses.redirects import Redirects
from backfile.archive.errors import ArticleGone, ArticleNotFound, GitUnusable
from backfile.archive.links.link_index import FILE_NAME as LINKS
from backfile.archive.links.link_index import LinkIndex
from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.index.sync import synchronization
from backfile.index.sync.move_update import keeps_moves
from backfile.index.sync.state import FOLDER

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Archive:
    """Library under change, its index, and what readers get at an id."""

    def __init__(self, root: Path, settings: str = "record_moves = true\n") -> None:
        self.root = root
        root.mkdir()
        (root / "library.toml").write_text(settings)
        self.engine = MemoryEngine()

    def write(self, article_id: str, title: str, text: str = "", *, head: str = "") -> None:
        path = self.root / f"{article_id}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ntitle: {title}\ndate: 2019-03-14\n{head}---\n{title} {text}\n")

    def rename(self, old: str, new: str) -> None:
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / f"{old}.md").rename(self.root / f"{new}.md")

    def synchronise(self) -> Report:
        return synchronise(Library(self.root), self.engine, now=NOW)

    def forget(self) -> None:
        """Deletes the index and every other cache."""
        shutil.rmtree(self.root / FOLDER)
        self.engine = MemoryEngine()

    def answer(self, article_id: str, *, path: str = "") -> tuple[int, str]:
        """Status at an id, or at a path of a former site: 200 and title, 301 and id, 410 and title, 404."""
        library = Library(self.root)
        try:
            if not path:
                return 200, library.get_public(article_id, NOW)[0].metadata.title
        except ArticleNotFound:
            pass
        except ArticleGone as error:
            return 410, error.title
        with LinkIndex.read(self.root / FOLDER / LINKS) as index:
            redirects = Redirects(index, library, NOW)
            try:
                found = redirects.of_path(path) if path else redirects.of_id(article_id)
            except ArticleGone as error:
                return 410, error.title
        if found is None:
            return 404, ""
        library.get_public(found, NOW)  # no second hop, and never a dead end
        return 301, found


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of these tests differ in size or are read anew: the clock of the file system decides nothing."""
    monkeypatch.setattr(synchronization, "_wait_for_clock", lambda _: None)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "library")


def test_a_former_address_leads_on_after_the_index_was_deleted(archive: Archive) -> None:
    archive.write("ferry", "Ferry")
    archive.synchronise()
    archive.rename("ferry", "2019/night-ferry")
    archive.synchronise()
    archive.rename("2019/night-ferry", "2019/ferry")
    archive.synchronise()
    archive.forget()
    archive.synchronise()
    assert archive.answer("ferry") == archive.answer("2019/night-ferry") == (301, "2019/ferry")


def test_a_deleted_article_is_gone_with_its_title(archive: Archive) -> None:
    archive.write("ferry", "Ferry\\tin tabs")
    archive.synchronise()
    (archive.root / "ferry.md").unlink()
    archive.synchronise()
    archive.forget()
    archive.synchronise()
    assert archive.answer("ferry") == (410, "Ferry\\tin tabs")
    assert archive.answer("never") == (404, "")


def test_a_renamed_and_changed_article_is_known_by_title_and_date(archive: Archive) -> None:
    archive.write("ferry", "Ferry")
    archive.write("other", "Other")
    archive.synchronise()
    (archive.root / "ferry.md").unlink()
    archive.write("night-ferry", "Ferry", "and more")
    archive.write("third", "Third")
    archive.synchronise()
    assert archive.answer("ferry") == (301, "night-ferry")


def test_nothing_is_written_unless_asked_for(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "library", "")
    archive.write("a", "A")
    archive.synchronise()
    archive.rename("a", "b")
    assert archive.synchronise().moved == [("a", "b")]
    assert not (archive.root / FILE_NAME).exists()
    assert not keeps_moves(Library(archive.root))
    assert archive.answer("a") == (404, "")


def test_a_line_that_is_no_move_is_a_problem_and_the_others_count(archive: Archive) -> None:
    archive.write("b", "B")
    (archive.root / FILE_NAME).write_text("# by hand\n2020-01-01\ta\tb\nsome day\ta\tb\n2020-01-02T10:00:00Z\n\n")
    report = archive.synchronise()
    assert [(each.path, each.line) for each in report.problems] == [(FILE_NAME, 3), (FILE_NAME, 4)]
    assert archive.answer("a") == (301, "b")


def test_a_library_that_cannot_be_written_to_says_that_moves_are_lost(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.write("a", "A")
    archive.synchronise()
    archive.rename("a", "b")

    def refuse(*_: object) -> bool:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("backfile.archive.addresses.moved_file.write_bytes", refuse)
    report = archive.synchronise()
    assert [each.reason for each in report.problems] == ["moves of articles could not be kept: Read-only file system"]
    assert report.moved == [("a", "b")]


def test_embargoed_articles_are_deleted_without_a_trace_and_unlisted_ones_without_title(archive: Archive) -> None:
    archive.write("secret", "Canary", head="embargo: 2031-01-01\n")
    archive.write("quiet", "Quiet", head="unlisted: true\n")
    archive.synchronise()
    archive.rename("secret", "secret2")
    archive.rename("quiet", "quieter")
    archive.synchronise()
    assert archive.answer("secret") == (404, "")
    assert archive.answer("quiet") == (301, "quieter")
    for name in ("secret2", "quieter"):
        (archive.root / f"{name}.md").unlink()
    archive.synchronise()
    assert archive.answer("secret") == archive.answer("secret2") == (404, "")
    assert archive.answer("quiet") == archive.answer("quieter") == (410, "")
    assert "Canary" not in (archive.root / FILE_NAME).read_text()


def test_many_renamed_files_are_recorded_before_each_commit(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronization, "SINGLE_COMMIT", 3)
    monkeypatch.setattr(synchronization, "BATCH", 2)
    for number in range(8):
        archive.write(f"a/{number}", f"Title {number}")
    archive.synchronise()
    archive.rename("a/0", "c")
    (archive.root / "a").rename(archive.root / "b")

    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == total:
            raise Stopped

    with pytest.raises(Stopped):
        synchronise(Library(archive.root), archive.engine, now=NOW, progress=stop)
    assert len(read_moves(archive.root)[0]) >= 4
    archive.synchronise()
    assert archive.answer("a/0") == (301, "c")
    assert [archive.answer(f"a/{number}") for number in range(1, 8)] == [(301, f"b/{each}") for each in range(1, 8)]


class RandomLife:
    """Random renames, swaps, deletions, changes and additions, and the answers that they ought to give."""

    def __init__(self, archive: Archive, seed: int) -> None:
        self.archive, self.random = archive, random.Random(seed)
        self.place: dict[str, str | None] = {}  # of an article, by its title; None: deleted
        self.last: dict[str, str] = {}  # title of the article that was last at an id
        self.number = 0

    @property
    def live(self) -> dict[str, str]:
        return {place: title for title, place in self.place.items() if place is not None}

    def free_id(self) -> str:
        former = sorted(self.last.keys() - self.live.keys())
        if former and self.random.random() < 0.4:
            return self.random.choice(former)
        self.number += 1
        return f"{self.random.choice(('', 'x/', 'y/z/'))}n{self.number}"

    def add(self) -> None:
        self.number += 1
        title, place = f"Title {self.number}", self.free_id()
        self.archive.write(place, title, f"text {self.random.random()} " * 5)
        self.place[title] = self.last[place] = place
        self.last[place] = title

    def permute(self, titles: list[str], places: list[str]) -> None:
        """Moves articles at once; one in whose place another comes, and that goes nowhere, is deleted."""
        contents = [(self.archive.root / f"{self.place[title]}.md").read_bytes() for title in titles]
        for title in titles:
            (self.archive.root / f"{self.place[title]}.md").unlink()
        for place, content in zip(places, contents, strict=True):
            covered = self.live.get(place)
            if covered is not None and covered not in titles:
                self.place[covered] = None
            path = self.archive.root / f"{place}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.place |= dict(zip(titles, places, strict=True))

    def step(self) -> None:
        """One change, of which no two together look like another."""
        live = sorted(self.live.values())
        kind = self.random.choice(("add", "rename", "rename", "swap", "rotate", "delete", "cover", "chain", "edit"))
        if kind == "add" or len(live) < 4:
            return self.add()
        one, two, three = self.random.sample(live, 3)
        places = {title: str(self.place[title]) for title in (one, two, three)}
        if kind == "delete":
            (self.archive.root / f"{places[one]}.md").unlink()
            self.place[one] = None
            return None
        moves = {
            "rename": ([one], [self.free_id()]),
            "swap": ([one, two], [places[two], places[one]]),
            "rotate": ([one, two, three], [places[two], places[three], places[one]]),
            "cover": ([one], [places[two]]),
            "chain": ([one, two], [places[two], self.free_id()]),
            "edit": ([one], [self.free_id()]),
        }[kind]
        self.permute(*moves)
        if kind == "edit":
            with (self.archive.root / f"{self.place[one]}.md").open("a") as file:
                file.write("and more\n")
        return None

    def seen(self) -> None:
        """Notes which article is where, as a synchronization sees it."""
        self.last |= self.live

    def expected(self, article_id: str) -> tuple[int, str]:
        if article_id in self.live:
            return 200, self.live[article_id]
        title = self.last[article_id]
        place = self.place[title]
        return (410, title) if place is None else (301, place)

    def check(self) -> None:
        answers = {each: (self.archive.answer(each), self.expected(each)) for each in sorted(self.last)}
        # Of an article that another one covered, title and date are not always known: the status has to be right.
        wrong = {each: pair for each, pair in answers.items() if pair[0] != pair[1] and pair[0] != (410, "")}
        assert not {each: pair for each, pair in answers.items() if pair[0][0] != pair[1][0]}
        assert not wrong


def live_through(archive: Archive, steps: int, seed: int, commit: Callable[[], None]) -> RandomLife:
    life = RandomLife(archive, seed)
    for number in range(steps):
        life.step()
        life.seen()
        commit()
        archive.synchronise()
        if life.random.random() < 0.2:
            archive.forget()
            archive.synchronise()
        if number % 200 == 199 or number == steps - 1:
            life.check()
    return life


@pytest.mark.parametrize("seed", range(3))
def test_random_lives_with_a_file_of_moves(archive: Archive, seed: int) -> None:
    live_through(archive, 25, seed, lambda: None)


@pytest.mark.long
def test_a_thousand_changes_with_a_file_of_moves(archive: Archive) -> None:
    life = live_through(archive, 1000, 13, lambda: None)
    assert {life.expected(each)[0] for each in life.last} == {200, 301, 410}


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(tmp_path: Path) -> Iterator[tuple[Archive, Callable[[], None]]]:
    """Archive in a folder of a git work tree, and the function that commits it."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    archive = Archive(tmp_path / "library", "")
    git(tmp_path, "init", "-q")

    def commit() -> None:
        git(tmp_path, "add", "-A")
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        git(tmp_path, *identity, "commit", "-q", "--allow-empty", "-m", "change")

    (tmp_path / ".gitignore").write_text(f"{FOLDER}/\n")
    return archive, commit


def test_random_lives_in_git(committed: tuple[Archive, Callable[[], None]]) -> None:
    archive, commit = committed
    live_through(archive, 12, 5, commit)


@pytest.mark.long
def test_a_thousand_changes_in_git(committed: tuple[Archive, Callable[[], None]]) -> None:
    archive, commit = committed
    live_through(archive, 1000, 29, commit)


def test_git_tells_of_deleted_articles_but_not_of_drafts(committed: tuple[Archive, Callable[[], None]]) -> None:
    archive, commit = committed
    archive.write("told", "Told")
    archive.write("draft", "Draft", head="draft: true\n")
    archive.write("secret", "Secret", head="embargo: 2131-01-01\n")
    archive.write("withheld", "Withheld", head="withheld: a court said so\n")
    commit()
    for name in ("told", "draft", "secret", "withheld"):
        (archive.root / f"{name}.md").unlink()
    archive.write("last", "Last")
    commit()
    archive.synchronise()
    answers = [archive.answer(name) for name in ("told", "draft", "secret", "withheld")]
    assert answers == [(410, "Told"), (404, ""), (404, ""), (410, "")]
    assert not (archive.root / FILE_NAME).exists()


def test_a_git_that_does_not_answer_stops_nothing(
    committed: tuple[Archive, Callable[[], None]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    archive, commit = committed
    archive.write("a", "A")
    commit()
    monkeypatch.setattr(git_history.shutil, "which", lambda _: None)
    assert archive.synchronise().added == ["a"]
    assert "git is not installed" in caplog.text
    with pytest.raises(GitUnusable):
        git_history.read_head(archive.root)


def test_git_runs_nothing_that_a_repository_configures(
    committed: tuple[Archive, Callable[[], None]], tmp_path: Path
) -> None:
    archive, commit = committed
    archive.write("a", "A")
    commit()
    script = tmp_path / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "gpg.program", "core.pager", "diff.md.textconv"):
        git(tmp_path, "config", key, str(script))
    git(tmp_path, "config", "log.showSignature", "true")
    (tmp_path / ".gitattributes").write_text("*.md diff=md\n")
    commit()
    archive.rename("a", "b")
    commit()
    (tmp_path / "ran").unlink(missing_ok=True)
    archive.synchronise()
    assert archive.answer("a") == (301, "b")
    assert not (tmp_path / "ran").exists()


def test_git_fetches_nothing_that_a_repository_lacks(
    committed: tuple[Archive, Callable[[], None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, commit = committed
    for name in ("a", "b"):
        archive.write(name, name.upper(), "night ferry " * 20)
        commit()
    archive.rename("b", "c")
    archive.write("c", "B", "night ferry " * 19)
    commit()
    script, clone = tmp_path / "run.sh", tmp_path / "clone"
    script.write_text(f'#!/bin/sh\ntouch {tmp_path}/ran\nexec git-upload-pack "$@"\n')
    script.chmod(0o755)
    git(tmp_path, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", tmp_path.as_uri(), str(clone))
    git(clone, "config", "remote.origin.uploadpack", str(script))
    git(clone, "config", "protocol.file.allow", "always")
    monkeypatch.delitem(git_history._ENVIRONMENT, "GIT_NO_LAZY_FETCH")  # which git knows from 2.45 on
    with pytest.raises(GitUnusable):
        git_history.read_history(clone / "library")
    assert not (tmp_path / "ran").exists()


def test_a_repository_that_keeps_git_waiting_is_given_up_soon(
    committed: tuple[Archive, Callable[[], None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, commit = committed
    archive.write("a", "A")
    commit()
    (tmp_path / ".git/config").unlink()
    os.mkfifo(tmp_path / ".git/config")
    monkeypatch.setattr(git_history, "QUICK_SECONDS", 0.2)
    assert archive.synchronise().added == ["a"]

"""Library of mostly broken files: each is reported with its reason, the rest is searchable."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from long_runs import examples
from paths import ROOT

FILES = examples(10_000)
MOST_MEMORY = 1_000_000  # KB at the peak of any process; the largest file is 100 MB, which is not read
BODY = "The ferry sails; salvage is what the sea gives back.\n"

Writer = Callable[[random.Random], bytes]


def yaml(front: str) -> Writer:
    return lambda _: f"---\n{front}\n---\n{BODY}".encode()


# What is read although something is wrong with it: the words are found, and the problem is listed.
READ_WITH_A_PROBLEM: dict[str, Writer] = {
    "tabs": yaml("title:\n\t- a\n\tb: [\n"),
    "bomb": yaml("a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]"),
    "brackets": yaml("title: " + "[" * 5_000),
    "integer": yaml("title: ok\nweight: " + "9" * 60_000 + "x: ["),
    "twice": yaml("title: One\ntitle: Two"),
    "open": lambda _: f"---\ntitle: never closed\n{BODY}".encode(),
    "toml": lambda _: f"+++\ntitle = 'One\n+++\n{BODY}".encode(),
    "toml-key": lambda _: f"+++\n{'a.' * 20_000}a = 1\n+++\n{BODY}".encode(),
    "json": lambda _: f'{{"title": "One",, }}\n\n{BODY}'.encode(),
    "utf-16": lambda _: BODY.encode("utf-16"),
    "latin-1": lambda chance: f"Caf\u00e9 {chance.random()}\n\n{BODY}".encode("latin-1"),
}
# What nothing can be read from.
UNREADABLE: dict[str, Writer] = {
    "noise": lambda chance: b"\0\1\2\xff" + chance.randbytes(chance.randrange(500, 5_000)),
    "nul": lambda _: b"\0" * 4_000,
    "program": lambda chance: b"\x7fELF\2\1\1" + bytes(9) + chance.randbytes(2_000),
}
# What is as it should be, strange as it looks.
SOUND: dict[str, Writer] = {
    "plain": lambda _: BODY.encode(),
    "tag": yaml("title: !!python/object/apply:os.system [echo]"),  # tags are passed over
    "mark": lambda _: b"\xef\xbb\xbf" + BODY.encode(),
    "carriage": lambda _: f"---\rtitle: Old Macintosh\r---\r{BODY}".encode(),
    "long line": lambda _: (BODY.strip() + " word" * 50_000).encode(),
    "wide": lambda _: ("| " * 2_000 + "|\n" + "|-" * 2_000 + "|\n\n" + BODY).encode(),
    "quotes": lambda _: (">" * 2_000 + " deep\n\n" + BODY).encode(),
}
KINDS = {**READ_WITH_A_PROBLEM, **UNREADABLE, **SOUND}
NAMES = ("a\x07bell {}.md", "\u202egnp.{}.md", "{} " + "n" * 200 + ".md", "a..{}.md.md", "e\u0301 {}.md", "{}\\back.md")


def write_library(folder: Path, count: int) -> Counter[str]:
    """So many files of all kinds under names of all kinds, and how many of each kind."""
    chance = random.Random(6)
    kinds = list(KINDS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        name = NAMES[number % len(NAMES)] if number % 3 == 0 else "{}.md"
        below = folder / f"{number % 40}"
        below.mkdir(exist_ok=True)
        (below / name.format(f"{kind} {number}")).write_bytes(KINDS[kind](chance))
    return Counter(kinds[number % len(kinds)] for number in range(count))


def write_traps(folder: Path) -> set[str]:
    """Files that are no articles; returns the paths that must be reported."""
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "self.md").symlink_to(folder / "self.md")
    (folder / "dead.md").symlink_to(folder / "nowhere.md")
    (folder / "outside.md").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.md")
    with (folder / "huge.md").open("wb") as huge:
        huge.truncate(100_000_000)  # one line of 100 MB, without taking up the disk
    os.symlink(b"/nowhere", os.fsencode(folder) + b"/\xff\xfe.md")
    return {"self.md", "dead.md", "outside.md", "pipe.md", "huge.md"}


def backfile(*arguments: str) -> tuple[int, Any]:
    command = [sys.executable, "-c", "from backfile.cli.main import main; main()", *arguments, "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode in {0, 1}, ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="names and files as Linux has them")
def test_of_a_broken_library_everything_is_named_and_the_rest_is_found(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    kinds = write_library(library, FILES)
    traps = write_traps(library)
    code, report = backfile("index", str(library))
    assert code == 1
    problems = [(each["path"], each["line"], each["reason"]) for each in report["problems"]]
    assert max(Counter(problems).values()) == 1, "each once"

    named = {path for path, _, _ in problems}
    assert traps <= named
    for kind, count in kinds.items():
        expected = 0 if kind in SOUND else count
        assert len([path for path in named if f"{kind} " in path]) == expected, kind
    searchable = sum(count for kind, count in kinds.items() if kind not in UNREADABLE)
    _, page = backfile("search", "--library", str(library), "salvage")
    assert page["total"] == searchable

    _, again = backfile("index", str(library))
    assert (again["added"], again["changed"], again["removed"]) == (0, 0, 0)
    assert sorted((each["path"], each["line"], each["reason"]) for each in again["problems"]) == sorted(problems)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_MEMORY

"""Fidelity of reading: titles, authors, dates and topics compared with the results of an independent parser.

    python -m bench fidelity [--list] [SET …]

reads each corpus through `Library` and compares with its `expected.jsonl`. A library leaves out drafts and section
pages, so these are not compared.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from backfile.archive.model import Article
from backfile.archive.storage.library import Library
from bench import corpora_folder

SETS = ("digitalgov", "do-tutorials", "rust-blog", "nodejs-blog", "jekyll-posts", "publicdomain-md")
FIELDS = ("title", "authors", "date", "topics")

_JOINS = re.compile(r"\s*[,;]\s*(?:and\s+)?|\s+(?:and|&)\s+")
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Field of an article with another value than expected."""

    path: str
    field: str
    expected: object
    ours: object


@dataclass(slots=True)
class Fidelity:
    """Result of one corpus: numbers of articles compared and left out, missing articles, mismatches."""

    name: str
    compared: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)
    seconds: float = 0.0

    def right(self, name: str) -> float:
        """Share of articles whose field is as expected; a missing article is wrong in every field."""
        wrong = len(self.missing) + sum(mismatch.field == name for mismatch in self.mismatches)
        return 1 - wrong / max(1, self.compared + len(self.missing))

    @property
    def lowest(self) -> float:
        """Share of the worst field."""
        return min(self.right(name) for name in FIELDS)


def measure(folder: Path) -> Fidelity:
    """Reads every article that `expected.jsonl` in `folder` names and compares it."""
    library = Library(folder)
    outcome = Fidelity(folder.name)
    walked = {entry.path for entry in library.walk()}
    library.names  # noqa: B018 - computed before the clock starts
    started = time.perf_counter()
    with open(folder / "expected.jsonl", encoding="utf-8") as lines:
        for line in lines:
            _compare(library, walked, json.loads(line), outcome)
    outcome.seconds = time.perf_counter() - started
    return outcome


def _compare(library: Library, walked: set[str], expected: Mapping[str, object], outcome: Fidelity) -> None:
    path = str(expected["path"])
    reading = library.read(path)
    if reading.left_out:
        outcome.left_out[reading.left_out] = outcome.left_out.get(reading.left_out, 0) + 1
    elif reading.article is None or path not in walked:
        outcome.missing.append(path)
    else:
        outcome.compared += 1
        outcome.mismatches.extend(_mismatches(expected, reading.article))


def _mismatches(expected: Mapping[str, object], article: Article) -> Iterator[Mismatch]:
    ours: dict[str, object] = {
        "title": article.metadata.title,
        "authors": list(article.metadata.authors),
        "date": str(article.metadata.date) if article.metadata.date else None,
        "topics": list(article.metadata.topics),
    }
    compare: dict[str, Callable[[object, object], bool]] = {
        "title": _same_title,
        "authors": _same_authors,
        "date": _same_date,
        "topics": _same_topics,
    }
    for name in FIELDS:
        if not compare[name](expected[name], ours[name]):
            yield Mismatch(article.path, name, expected[name], ours[name])


def _same_title(expected: object, ours: object) -> bool:
    """Compares titles without their Markdown; any title is right where the other parser found none."""
    return expected is None or " ".join(unescape(str(expected)).replace("`", "").split()) == ours


def _same_authors(expected: object, ours: object) -> bool:
    """Compares persons; the other parser leaves `A, B and C` in one string."""
    return _people(expected) == _people(ours)


def _people(names: object) -> list[str]:
    assert isinstance(names, list)
    return sorted(part.casefold() for name in names for part in _JOINS.split(unescape(name).strip()) if part)


def _same_date(expected: object, ours: object) -> bool:
    """Compares days; the other parser keeps the time of day."""
    return (None if expected is None else str(expected)[:10]) == ours


def _same_topics(expected: object, ours: object) -> bool:
    """Compares topics as slugs; the other parser keeps keys (`plain-language`) where we show names."""
    return _slugs(expected) == _slugs(ours)


def _slugs(names: object) -> set[str]:
    assert isinstance(names, list)
    return {"-".join(_LETTERS.findall(name.casefold())) for name in names}


def main() -> None:
    """Prints a table of shares and, with `--list`, every mismatch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET")
    parser.add_argument("--list", action="store_true", help="print every mismatch")
    options = parser.parse_args()
    print(f"{'set':16}{'compared':>9}{'missing':>8}" + "".join(f"{name:>9}" for name in FIELDS) + "  ms each  left out")
    for name in options.sets:
        outcome = measure(corpora_folder() / name)
        shares = "".join(f"{outcome.right(each):9.2%}" for each in FIELDS)
        each = outcome.seconds / max(1, outcome.compared) * 1000
        print(f"{name:16}{outcome.compared:9}{len(outcome.missing):8}{shares}{each:9.2f}  {outcome.left_out or ''}")
        for mismatch in outcome.mismatches if options.list else ():
            print(f"    {mismatch.field:8}{mismatch.path}")
            print(f"          expected {mismatch.expected!r}")
            print(f"          read     {mismatch.ours!r}")


if __name__ == "__main__":
    main()

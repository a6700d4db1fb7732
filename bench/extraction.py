"""How well articles are taken out of pages: text by shingles of four words, titles, bylines and dates.

`text` is the measure of html-scrapinghub (precision and recall of runs of four words, averaged over pages, F1 of both
averages), taken of the plain text of the Markdown that an import would store. Metadata are compared with
html-readability: a title counts if its words are the expected ones, with or without the name of the site at its end;
a byline if every word of ours is in it; a date if day, month and year agree.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from archive.dates import DateUnclear, parse_date
from archive.importers.extraction import Extracted, extract
from archive.markdown import to_text

_WORD = re.compile(r"\w+")
_SITE_AT_END = re.compile(r"\s+[|\-–—·]\s+")


def corpus(name: str) -> Path:
    """The folder of a corpus, which may be missing."""
    return Path(os.environ.get("CORPORA") or Path.home() / ".cache" / "backfile-corpora") / name


def shares(true: str, found: str) -> tuple[float | None, float | None]:
    """Precision and recall of one page; None where there is nothing to divide by."""
    truth, ours = _shingles(true), _shingles(found)
    both = (truth & ours).total()
    return both / ours.total() if ours else None, both / truth.total() if truth else None


def _shingles(text: str, size: int = 4) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1)) if words)


def pages() -> Iterator[tuple[str, str, bytes, str]]:
    """Key, address, page and true text of each page of html-scrapinghub."""
    folder = corpus("html-scrapinghub")
    for key, truth in json.loads((folder / "ground-truth.json").read_text(encoding="utf-8")).items():
        page = gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes())
        yield key, truth["url"], page, truth["articleBody"]


def average(scores: list[tuple[float | None, float | None]]) -> tuple[float, float, float]:
    """F1, precision and recall over all pages."""
    precisions = [score for score, _ in scores if score is not None]
    recalls = [score for _, score in scores if score is not None]
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 2 * precision * recall / (precision + recall), precision, recall


def measure_text(*, worst: int) -> None:
    """Prints F1 and the rate, the published trafilatura beside it by the same code."""
    scores, seconds, by_page = [], 0.0, []
    for key, url, page, truth in pages():
        began = time.process_time()
        body = extract(page, url=url).body
        seconds += time.process_time() - began
        scores.append(shares(truth, _without_captions(body)))
        by_page.append((sum(filter(None, scores[-1])), key, url, scores[-1]))
    print("text        F1 {:.4f}  precision {:.4f}  recall {:.4f}".format(*average(scores)), end="")
    print(f"  {len(scores) / seconds:.1f} pages/s of processor time")
    published = json.loads((corpus("html-scrapinghub") / "output" / "trafilatura.json").read_text(encoding="utf-8"))
    published = published.get("output", published)
    reference = [shares(truth, published[key]["articleBody"]) for key, _, _, truth in pages()]
    print("trafilatura F1 {:.4f}  precision {:.4f}  recall {:.4f}  (published output)".format(*average(reference)))
    for _, key, url, score in sorted(by_page)[:worst]:
        print(f"  {key[:8]} {score[0] or 0:.2f} {score[1] or 0:.2f} {url[:90]}")


def _without_captions(body: str) -> str:
    """The set's truth leaves captions and alternative texts of pictures out."""
    kept = re.sub(r"^(?:!\[.*\n+)+\*[^*\n]+\*$|!\[[^\]]*\]\([^)]*\)", "", body, flags=re.MULTILINE)
    return to_text(kept)


def measure_metadata(*, worst: int) -> None:
    """Prints the shares of right titles, bylines and dates, and what is wrong."""
    right: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for expected in sorted((corpus("html-readability") / "test-pages").glob("*/expected-metadata.json")):
        truth = json.loads(expected.read_text(encoding="utf-8"))
        found = extract((expected.parent / "source.html").read_bytes(), url="http://fakehost/test/page.html")
        for what, agrees in _compare(truth, found):
            given[what] += 1
            right[what] += agrees
            if not agrees and worst:
                ours = {"title": found.title, "byline": found.authors, "date": found.date}[what]
                key = "publishedTime" if what == "date" else what
                print(f"  {expected.parent.name}: {what} {truth[key]!r}, ours {ours!s}")
    for what in ("title", "byline", "date"):
        print(f"{what:11} {right[what]} of {given[what]}  {100 * right[what] / given[what]:.1f} %")


def _compare(truth: dict[str, str | None], found: Extracted) -> Iterator[tuple[str, bool]]:
    if truth["title"]:
        alternatives = [truth["title"], _SITE_AT_END.split(truth["title"])[0]]
        yield "title", _words(found.title) in list(map(_words, alternatives))
    if truth["byline"]:
        ours = _words(" ".join(found.authors))
        yield "byline", bool(ours) and set(ours) <= set(_words(truth["byline"]))
    if truth.get("publishedTime"):
        try:
            yield "date", parse_date(truth["publishedTime"]) == found.date
        except DateUnclear:
            return


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def main() -> None:
    """Measures extraction on the sets that are there."""
    parser = argparse.ArgumentParser(prog="python -m bench extraction", description=__doc__)
    parser.add_argument("--worst", type=int, default=0, help="show so many of the worst pages")
    worst = parser.parse_args().worst
    measure_text(worst=worst)
    measure_metadata(worst=worst)

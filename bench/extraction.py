"""Quality of article extraction: text by shingles of four words, titles, bylines and dates.

`text` is the measure of html-scrapinghub: precision and recall of shingles, averaged over pages, and F1 of both
averages, of the plain text of the stored Markdown without captions, which the ground truth omits. The pages are split
in two halves by a hash of their keys, so that rules that help only where they were found show; most were found on half
0.

`pages` is the measure of html-pages (`bench.page_strings`), beside it the same without captions, which that set takes
for no text of the article, and two libraries on the same pages. The weights of the blocks were fitted on both halves
of both sets; `python -m bench fit_extraction` prints the scores of pages that the weights were not fitted on.

`readability` is the same measure on html-readability, captions included; its truth is the output of one program.

Metadata are compared with html-readability. A title counts if its words are the expected ones, with or without the name
of the site at its end; a date if day, month and year agree. The set expects the text of the element that its program
took for a byline. `byline` counts all pages with one as right if every word of ours is in it: half a byline passes.
`authors` counts exactly the names in the byline (`READ_AS` for bylines that hold more or less than names), on pages
whose byline is that of the article (`NO_BYLINE` lists the others).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterator

import trafilatura
from lxml import etree

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import decode_html, parse_html
from backfile.archive.importers.extraction.extractor import ExtractedArticle, extract
from backfile.archive.importers.extraction.page_metadata import read_metadata
from backfile.archive.markdown.renderer import to_text
from backfile.archive.metadata.dates import DateUnclear, parse_date
from bench import corpora_folder
from bench.page_strings import StringScore, causes, markdown_normal_form, normal_form, string_pages

_WORD = re.compile(r"\w+")
READ_AS = {
    "breitbart": "Lucas Nolan",  # with date and number of comments glued to it
    "google-sre-book-1": "Rob Ewaschuk",  # and "Edited by …"
    "ietf-1": "F. Kooman Michiel de Jong",  # the set keeps the last of the page's two DC.Creator
    "lemonde-1": "Martin Untersinger Damien Leloup Morgane Tual",  # (avec … et …)
    "lwn-1": "Nathan Willis",  # and a date
    "webmd-1": "Brenda Goodman MA",  # and the name of the publication
    "webmd-2": "Kelli Miller",
    "yahoo-3": "Gillian Mohney",  # and a date
}
"""The names in bylines that hold more or less than names, read by a person."""
NO_BYLINE = {
    "herald-sun-1": "a teaser's; the article is by Laurie Oakes (article:author)",
    "liberation-1": "a teaser's; the article is by AFP",
    "salon-1": "a teaser's; the article is by Richard (R.J.) Eskow (rel=author)",
    "royal-road": "the label of a button, 'Follow Author'",
    "seattletimes-1": "the two dates; the article is by Benjamin Romano",
    "spiceworks": "the date of the last change",
    "yahoo-4": "a link of the navigation",
}
"""Pages whose expected byline is none of the article."""
_BY = re.compile(r"(?:(?:written|posted)\s+)?(?:by|par)\s", re.IGNORECASE)
_PICTURE = re.compile(r'!\[(?:\\.|[^\]\\])*\]\((?:<[^<>]*>|[^()\s]*)(?:\s+"(?:\\.|[^"\\])*")?\)')
_PICTURE_GONE = "\ufffc"
_EMPTY_LINK = re.compile(rf"\[\s*{_PICTURE_GONE}\s*\]\([^)]*\)")
_ITALIC = re.compile(r"\*[^\n]+\*")
_SITE_AT_END = re.compile(r"\s+[|\-–—·]\s+")


def shares(true: str, found: str) -> tuple[float | None, float | None]:
    """Precision and recall of one page; None where there is nothing to divide by."""
    truth, ours = word_shingles(true), word_shingles(found)
    both = (truth & ours).total()
    return both / ours.total() if ours else None, both / truth.total() if truth else None


def word_shingles(text: str, size: int = 4) -> Counter[tuple[str, ...]]:
    """Multiset of the word n-grams of a text."""
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1)) if words)


def pages() -> Iterator[tuple[str, str, bytes, str]]:
    """Key, address, page and true text of each page of html-scrapinghub."""
    folder = corpora_folder() / "html-scrapinghub"
    for key, truth in json.loads((folder / "ground-truth.json").read_text(encoding="utf-8")).items():
        page = gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes())
        yield key, truth["url"], page, truth["articleBody"]


def half(key: str) -> int:
    """Half of a page's data set: 0 for developing rules, 1 for validating them."""
    return hashlib.md5(key.encode(), usedforsecurity=False).digest()[-1] % 2


def average(scores: list[tuple[float | None, float | None]]) -> tuple[float, float, float]:
    """F1, precision and recall over all pages."""
    precisions = [score for score, _ in scores if score is not None]
    recalls = [score for _, score in scores if score is not None]
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 2 * precision * recall / (precision + recall), precision, recall


def measure_text(*, worst: int) -> None:
    """Prints F1 and the rate, compared with the published trafilatura by the same code."""
    scores: dict[str, tuple[float | None, float | None]] = {}
    seconds, urls = 0.0, {}
    for key, url, page, truth in pages():
        began = time.process_time()
        body = extract(parse_html(page), url=url).body
        seconds += time.process_time() - began
        scores[key], urls[key] = shares(truth, text_without_captions(body)), url
    _print_text("text", list(scores.values()), seconds)
    for which in (0, 1):
        _print_text(f"  half {which}", [score for key, score in scores.items() if half(key) == which])
    outputs = corpora_folder() / "html-scrapinghub" / "output"
    published = json.loads((outputs / "trafilatura.json").read_text(encoding="utf-8"))
    published = published.get("output", published)
    _print_text("trafilatura", [shares(truth, published[key]["articleBody"]) for key, _, _, truth in pages()])
    for key, score in sorted(scores.items(), key=lambda each: sum(filter(None, each[1])))[:worst]:
        print(f"  {key[:8]} {score[0] or 0:.2f} {score[1] or 0:.2f} {urls[key][:90]}")


def measure_readability() -> None:
    """Prints F1 and the rate on the pages of html-readability."""
    scores, seconds = [], 0.0
    for expected in sorted(((corpora_folder() / "html-readability") / "test-pages").glob("*/expected.html")):
        truth = "\n".join(parse_html(expected.read_text(encoding="utf-8")).itertext())
        page = (expected.parent / "source.html").read_bytes()
        began = time.process_time()
        body = extract(parse_html(page), url="http://fakehost/test/page.html").body
        seconds += time.process_time() - began
        scores += [shares(truth, to_text(body))] if truth.strip() else []
    _print_text("readability", scores, seconds)


def _print_text(name: str, scores: list[tuple[float | None, float | None]], seconds: float = 0.0) -> None:
    print("{:11} F1 {:.4f}  precision {:.4f}  recall {:.4f}".format(name, *average(scores)), end="")
    print(f"  {len(scores) / seconds:.1f} pages/s of processor time" if seconds else "")


def text_without_captions(body: str) -> str:
    """Plain text of Markdown without pictures and their captions (lines in italics)."""
    body = _EMPTY_LINK.sub(_PICTURE_GONE, _PICTURE.sub(_PICTURE_GONE, body))
    kept: list[str] = []
    is_below_picture = False
    for paragraph in re.split(rf"\n\s*\n|\n(?={_PICTURE_GONE})", body):
        if not (is_below_picture and _ITALIC.fullmatch(paragraph.strip())):
            kept.append(paragraph.replace(_PICTURE_GONE, ""))
        is_below_picture = paragraph.strip() != "" and not paragraph.strip(f"{_PICTURE_GONE} \n")
    return to_text("\n\n".join(kept))


def measure_strings() -> None:
    """Prints the scores of html-pages beside those of other libraries, and the causes of what is wrong."""
    scores = {name: [StringScore(), StringScore(), StringScore()] for name in ("pages", "no captions", *_OTHERS)}
    seconds, why, pages_read = 0.0, Counter[str](), list(string_pages())
    for page in pages_read:
        began = time.process_time()
        body = extract(parse_html(page.html), url=page.url).body
        seconds += time.process_time() - began
        texts = {"pages": markdown_normal_form(body), "no captions": normal_form(text_without_captions(body))}
        texts |= {name: normal_form(read(page.html)) for name, read in _OTHERS.items()}
        for name, text in texts.items():
            for which in (half(page.url), 2):
                scores[name][which].add(page, text)
        why += causes(page)
    print(f"html-pages  {why.total()} strings wrong; {len(pages_read) / seconds:.1f} pages/s of processor time")
    for name, (first, second, whole) in scores.items():
        print(f"{name:11} {whole}  half 0 {first.f1():.4f}  half 1 {second.f1():.4f}")
    for cause, strings in sorted(why.items()):
        print(f"  {cause:40} {strings}")


def _read_by_trafilatura(html: bytes) -> str:
    return trafilatura.extract(html, include_comments=False) or ""


def _read_by_readability(html: bytes) -> str:
    from readability import Document  # noqa: PLC0415 - only `make bench` installs it
    from readability.readability import Unparseable  # noqa: PLC0415

    try:
        return parse_html(Document(decode_html(html)).summary()).text_content()
    except (Unparseable, ArchiveError, etree.LxmlError):
        return ""


_OTHERS = {"trafilatura": _read_by_trafilatura, "Readability": _read_by_readability}


def measure_metadata(*, worst: int) -> None:
    """Prints the shares of right titles, bylines and dates, and what is wrong."""
    right: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for expected in sorted(((corpora_folder() / "html-readability") / "test-pages").glob("*/expected-metadata.json")):
        truth = json.loads(expected.read_text(encoding="utf-8"))
        page = (expected.parent / "source.html").read_bytes()
        found = extract(parse_html(page), url="http://fakehost/test/page.html")
        for what, agrees in _compare(expected.parent.name, truth, found):
            given[what] += 1
            right[what] += agrees
            if not agrees and worst:
                ours = {"title": found.metadata.title, "date": found.metadata.date}.get(what, found.metadata.authors)
                key = {"date": "publishedTime", "authors": "byline"}.get(what, what)
                print(f"  {expected.parent.name}: {what} {truth[key]!r}, ours {ours!s}")
    for what in ("title", "byline", "authors", "date"):
        print(f"{what:11} {right[what]} of {given[what]}  {100 * right[what] / given[what]:.1f} %")


def _compare(page: str, truth: dict[str, str | None], found: ExtractedArticle) -> Iterator[tuple[str, bool]]:
    if truth["title"]:
        alternatives = [truth["title"], _SITE_AT_END.split(truth["title"])[0]]
        yield "title", _words(found.metadata.title) in list(map(_words, alternatives))
    if truth["byline"]:
        ours = _words(" ".join(found.metadata.authors))
        yield "byline", bool(ours) and set(ours) <= set(_words(truth["byline"]))
        if page not in NO_BYLINE:
            yield "authors", _are_authors(page, truth["byline"], found.metadata.authors)
    if truth.get("publishedTime"):
        try:
            yield "date", parse_date(truth["publishedTime"]) == found.metadata.date
        except DateUnclear:
            return


def authors_agree() -> Iterator[tuple[str, bool]]:
    """Each page of html-readability with a byline of its article, and whether exactly its authors are found."""
    for expected in sorted(((corpora_folder() / "html-readability") / "test-pages").glob("*/expected-metadata.json")):
        byline = json.loads(expected.read_text(encoding="utf-8"))["byline"]
        if byline and expected.parent.name not in NO_BYLINE:
            tree = parse_html((expected.parent / "source.html").read_bytes())
            yield (
                expected.parent.name,
                _are_authors(expected.parent.name, byline, read_metadata(tree, None).metadata.authors),
            )


def _are_authors(page: str, byline: str, ours: tuple[str, ...]) -> bool:
    names = READ_AS.get(page) or _BY.sub("", byline.strip(), count=1)
    return _words(" ".join(ours)) == _words(names)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def main() -> None:
    """Measures extraction on the sets that are there."""
    parser = argparse.ArgumentParser(prog="python -m bench extraction", description=__doc__)
    parser.add_argument("--worst", type=int, default=0, help="show so many of the worst pages")
    worst = parser.parse_args().worst
    measure_text(worst=worst)
    measure_strings()
    measure_readability()
    measure_metadata(worst=worst)

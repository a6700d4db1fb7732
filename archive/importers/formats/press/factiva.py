"""Factiva: HTML with many articles, with field codes or without, and the XML of its web service.

Field codes: https://developer.dowjones.com/ (HD headline, BY byline, PD date, SN newspaper, LP and TD text).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import text_of
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_entries import XmlEntry, read_xml_elements
from backfile.archive.importers.common.xml_trees import declares_xml, local_name
from backfile.archive.importers.formats.press.html_pieces import HtmlPiece, read_pieces
from backfile.archive.importers.formats.press.press_fields import (
    PressArticle,
    joined,
    press_language,
    split_date,
)
from backfile.archive.importers.formats.press.press_passages import Passage, html_passages, passages_to_markdown
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe
from backfile.archive.report import Problem

KIND = "factiva"
TITLE = "Factiva: HTML or XML with many articles"

MAX_ENTRY = 20 * 1024 * 1024
"""Limit of one article in bytes of XML."""

_TITLE = re.compile(rb"<title>[^<]{0,40}Factiva|class=[\"']article \w\wArticle", re.IGNORECASE)
_XML = re.compile(rb"<PPSResponse|global\.factiva\.com/|<ppsarticle[\s>]")
_ARTICLE = re.compile(rb"<ppsarticle[\s>]|class=[\"']article \w\wArticle")
_BEGINS = re.compile(rb"<div\s(?:[^<>]{0,200}\s)?class=[\"'](?:[\w ]{0,40} )?\w\wArticle[\"' ]")
_CLASS = re.compile(r"\w\wArticle\Z")
_WORDS = re.compile(
    r"[\d.,\s]{1,12}\s?(?:words?|Wörter|Worte|mots|palabras|parole|woorden|palavras|слов|字|語|ord|\w{2,9})\Z"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?(?:AM|PM))?\Z", re.IGNORECASE)
_CODE = re.compile(r"[A-Z0-9]{3,8}\Z")
_RIGHTS = re.compile(r"(?:\(c\)|©|copyright|all rights)", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:document|dokument|documento|документ|文件|文档|ドキュメント|문서)\s+(\w{10,40})\Z", re.IGNORECASE
)
_SUBJECT = re.compile(r"(?:\w{2,12}\s*+:\s*+)?(.+)\Z")
_FILTERS = re.compile(r"filters?\b|content types\Z", re.IGNORECASE)
_CODES = {
    "SE": "section", "PG": "pages", "ED": "edition", "CY": "copyright", "CO": "company", "IN": "industry",
    "RE": "geographic", "PUB": "publisher", "ART": "graphic", "CR": "credit", "VOL": "volume", "CLM": "column",
    "CT": "contact", "RF": "reference",
}  # fmt: skip
_IN_XML = {
    "copyright": "copyright", "pages": "pages", "sectionName": "section", "edition": "edition", "credit": "credit",
    "publisherName": "publisher", "columnName": "column", "notes": "reviewer_notes", "contact": "contact",
}  # fmt: skip


def detect(probe: Probe) -> int:
    """By the title of the page or the classes of its articles, or the namespace of the XML."""
    if probe.is_folder:
        return 0
    is_xml = declares_xml(probe.head) and _XML.search(probe.head[:4096])
    return 94 if is_xml or (b"<" in probe.head[:512] and _TITLE.search(probe.head)) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of articles."""
    return count_matches(path, _ARTICLE)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Articles in the order of the file. Raises `OSError`."""
    with path.open("rb") as file:
        head = file.read(4096)
    is_xml = declares_xml(head) and _XML.search(head) is not None
    found = 0
    sources = read_xml_elements(path, "article", MAX_ENTRY) if is_xml else read_pieces(path, _BEGINS)
    for number, source in enumerate(sources, start=1):
        found = number
        try:
            context.begin()
            yield _event(source, context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"article {number}: {error}", "look at it in the file")
    if not found:
        yield Problem("", None, "no article of Factiva is in it", "save it with the format Article, as HTML")


def _event(source: XmlEntry | HtmlPiece | Problem, context: ImportContext) -> ImportEvent:
    if isinstance(source, Problem):
        return source
    if isinstance(source, XmlEntry):
        return _xml_item(source.parse(), context)
    holder = _holder(source)
    rows = {_code(row): row for row in holder.iter("tr") if _code(row)}
    return _coded_item(rows, context) if "HD" in rows else _plain_item(holder, context)


def _holder(piece: HtmlPiece) -> HtmlElement:
    """Element that holds the article of a piece, without the marking of words that were searched for."""
    tree = piece.parse()
    for element in tree.iter("div"):
        if any(map(_CLASS.match, (element.get("class") or "").split())):
            etree.strip_tags(element, "b")
            return element
    return tree


def _code(row: HtmlElement) -> str:
    """Field code in the first cell of a row; empty if there is none."""
    cell = next(row.iterchildren("td", "th"), None)
    code = text_of(cell)
    return code if re.fullmatch(r"[A-Z]{2,3}", code) else ""


def _coded_item(rows: dict[str, HtmlElement], context: ImportContext) -> Item:
    """Item of an article saved with field codes."""

    def value(code: str) -> str:
        cells = list(rows[code].iterchildren("td")) if code in rows else []
        return text_of(cells[-1]) if cells else ""

    article = PressArticle(newspaper=value("SN"))
    article.set_byline(value("BY"))
    date = split_date(value("PD"), day_first=context.day_first)[0]
    article.describe(title=value("HD"), date=date, language=value("LA"), topics=_topics(value("NS").split("|")))
    article.details = {name: value(code) for code, name in _CODES.items()}
    cells = [list(rows[code].iterchildren("td"))[-1] for code in ("LP", "TD") if code in rows]
    body = [passage for cell in cells for passage in html_passages(_as_holder(cell))]
    return _finished(article, body, _NUMBER.sub(r"\1", value("AN")))


def _as_holder(cell: HtmlElement) -> HtmlElement:
    holder = copy.deepcopy(cell)
    holder.tag, holder.tail = "div", None
    return holder


def _plain_item(holder: HtmlElement, context: ImportContext) -> Item:
    """Item of an article saved without field codes: the order of the lines below the headline tells what they are."""
    article = PressArticle()
    article.describe(language=(holder.get("class") or "").rpartition(" ")[2].removesuffix("Article"))
    headline = next((each for each in holder.iter("span", "h1") if _is_headline(each)), None)
    article.describe(title=re.sub(r"\A\d+\) ", "", text_of(headline)))
    author = next((each for each in holder.iter("div") if each.get("class") == "author"), None)
    lines = [each for each in holder.iterchildren("div") if not each.attrib]
    texts = [text_of(each) for each in lines]
    start = next((n for n, text in enumerate(texts) if _WORDS.match(text)), None)
    dates = [split_date(text, day_first=context.day_first)[0] for text in texts]
    if start is None:
        start = next((n - 1 for n, date in enumerate(dates) if date and date.day), len(texts))
    _read_lines(texts, dates, start, article)
    above = [each for each in holder.iterchildren("div") if each.get("id") == "hd"]
    before = texts[: max(0, start)]
    first = _lines_before(holder, above[0]) if above else []
    article.details["section"] = joined([text for text in before if text in first])
    article.set_byline(", ".join(filter(None, [text_of(author), *(text for text in before if text not in first)])))
    rest = _as_holder(holder)
    used = {
        etree.tostring(each, with_tail=False) for each in [*lines, *above, *([author] if author is not None else [])]
    }
    for each in list(rest.iterchildren("div")):
        if etree.tostring(each, with_tail=False) in used:
            each.drop_tree()
    return _finished(article, *_read_body(rest, article))


def _read_body(holder: HtmlElement, article: PressArticle) -> tuple[list[Passage], str]:
    """Text of an article, without the lines below it that name the publisher and the document; and its number."""
    passages = list(html_passages(holder))
    numbers = [found[1] for passage in passages if (found := _NUMBER.match(passage.text))]
    passages = [passage for passage in passages if not _NUMBER.match(passage.text)]
    if len(passages) > 1 and _is_paragraph(passages[-2]) and not _is_paragraph(passages[-1]):
        article.details["publisher"] = passages.pop().text
    return passages, numbers[-1] if numbers else ""


def _is_paragraph(passage: Passage) -> bool:
    return passage.element is not None and "articleParagraph" in (passage.element.get("class") or "")


def _is_headline(element: HtmlElement) -> bool:
    return any(name.endswith("Headline") for name in (element.get("class") or "").split())


def _lines_before(holder: HtmlElement, headline: HtmlElement) -> list[str]:
    """Texts of the lines above the headline, which name the section."""
    return [text_of(each) for each in headline.itersiblings("div", preceding=True) if each.getparent() is holder]


def _read_lines(texts: list[str], dates: list[Any], start: int, article: PressArticle) -> None:
    """Date, newspaper, edition, page, language and copyright from the lines after the number of words."""
    at = next((n for n in range(max(0, start), len(texts)) if dates[n] and dates[n].day), None)
    if at is None:
        return
    article.describe(date=dates[at])
    rest = [text for text in texts[at + 1 :] if text and not _CLOCK.match(text)]
    article.newspaper = rest.pop(0) if rest else ""
    if rest and _CODE.match(rest[0]):
        rest.pop(0)
    editions: list[str] = []
    for text in rest:
        if _RIGHTS.match(text):
            article.details["copyright"] = text
        elif not text[0].isdigit() and press_language(text):
            article.describe(language=article.metadata.language or text)
        elif re.fullmatch(r"[A-Z.-]{0,4}\d[\d,;. –-]{0,20}[A-Z]{0,4}", text):
            article.details["pages"] = text
        else:
            editions.append(text)
    article.details["edition"] = joined(editions)


def _topics(named: list[str]) -> tuple[str, ...]:
    """Subjects (`gpol : Domestic Politics`) by their names, without Factiva's own filters."""
    found = (_SUBJECT.match(name.strip()) for name in named)
    names = (each[1].strip() for each in found if each)
    return tuple(dict.fromkeys(name for name in names if name and not _FILTERS.search(name)))


def _finished(article: PressArticle, body: list[Passage], number: str) -> Item:
    article.body = passages_to_markdown(body)
    if not body:
        article.notes.append("has no text, only its headline and metadata")
    if article.metadata.date is None:
        article.notes.append("its date is not understood")
    return article.item(f"factiva:{number.strip()}" if number.strip() else "")


def _xml_item(root: Any, context: ImportContext) -> Item:
    """Item of an `<article>` of the web service."""
    parts: dict[str, list[Any]] = {}
    for child in root:
        parts.setdefault(local_name(child.tag), []).append(child)

    def text(name: str) -> str:
        return joined(" ".join("".join(each.itertext()).split()) for each in parts.get(name, []))

    def names(name: str) -> list[str]:
        return [" ".join("".join(each.itertext()).split()) for each in parts.get(name, [])]

    article = PressArticle(newspaper=text("sourceName"))
    article.set_byline(text("byline"))
    date, topics = split_date(text("publicationDate"), day_first=context.day_first)[0], _topics(names("newsSubject"))
    article.describe(title=text("headline"), date=date, language=text("baseLanguage"), topics=topics)
    article.details = {key: text(name) for name, key in _IN_XML.items()}
    article.details |= {"geographic": joined(names("region")), "company": joined(names("company"))}
    article.details["industry"] = joined(names("industry"))
    body = [each for name in ("leadParagraph", "tailParagraphs") for part in parts.get(name, []) for each in _xml(part)]
    return _finished(article, body, text("accessionNo"))


def _xml(part: Any) -> list[Passage]:
    """Paragraphs of a part of the text."""
    paragraphs = [each for each in part.iter() if local_name(each.tag) == "paragraph"]
    if not paragraphs:
        return [Passage(tuple(lines)) for lines in _runs("".join(part.itertext()))]
    return [
        Passage((" ".join("".join(each.itertext()).split()),))
        for each in paragraphs
        if "".join(each.itertext()).strip()
    ]


def _runs(text: str) -> Iterator[list[str]]:
    for run in re.split(r"\n\s*\n|\n(?= {2,}\S)", text.strip("\n")):
        lines = [line.strip() for line in run.split("\n") if line.strip()]
        if lines:
            yield lines

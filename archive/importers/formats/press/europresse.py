"""Europresse and Eureka: HTML with many articles, in the present form (`<article>`) and the older one (table cells)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml.html import HtmlElement

from backfile.archive.importers.common.bylines import byline_authors
from backfile.archive.importers.common.html_parser import text_of
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.formats.press.html_pieces import read_pieces
from backfile.archive.importers.formats.press.press_fields import PressArticle, joined, split_date
from backfile.archive.importers.formats.press.press_passages import Passage, html_passages, passages_to_markdown
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem

KIND = "europresse"
TITLE = "Europresse: HTML with many articles"

_SIGNATURE = re.compile(rb"DocPublicationName|cedrom-sni\.com", re.IGNORECASE)
_ARTICLE = re.compile(rb"<article[\s>]", re.IGNORECASE)
_NAME = re.compile(rb"<span\s[^<>]{0,100}DocPublicationName[^<>]{0,100}>", re.IGNORECASE)
_NUMBER = re.compile(r"\w{3,12}·\d{8}·\w{1,12}·[\w×-]{1,60}")
_NUMBER_LINE = re.compile(r"(?:numéro de document|document number|n° de document)\b", re.IGNORECASE)
_ISSUE = re.compile(r",\s*+(?:no|nº|n°|vol|#)[. ].*", re.IGNORECASE | re.DOTALL)
_PAGES = re.compile(r"(?:p|pp|pages?)(?:\.\s*|\s)(\S{1,20})\Z", re.IGNORECASE)
_COUNT = re.compile(r"[\d\s]++(?:mots|words)\Z", re.IGNORECASE)
_PUBLISHED_AT = re.compile(r"(?:cet article est paru|this article (?:was|appeared)|lire l'article)", re.IGNORECASE)
_LONGEST_AUTHOR = 150
_LONGEST_NAME = 60
_HEADLINE = ("rdp__articletitle", "titreArticleVisu", "TitreArticleVisu", "grandTitre")
_DISPLAYED = ("docOcurrContainer", "DocText")


def detect(probe: Probe) -> int:
    """By the class of the newspaper's name."""
    return 93 if not probe.is_folder and _SIGNATURE.search(probe.head) and b"<" in probe.head[:512] else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of articles."""
    return count_matches(path, _NAME)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Articles in the order of the page. Raises `OSError`."""
    number = 0
    for number, piece in enumerate(read_pieces(path, _ARTICLE if count_matches(path, _ARTICLE) else _NAME), start=1):
        try:
            context.begin()
            yield piece if isinstance(piece, Problem) else _event(_holder(piece.parse()), number, context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"article {number}: {error}", "look at it in the file")
    if not number:
        yield Problem("", None, "no article of Europresse is in it", "save the documents again, as HTML")


def _holder(tree: HtmlElement) -> HtmlElement:
    """Element of the article; in the older form the whole piece."""
    return next(tree.iter("article"), tree)


def _all(holder: HtmlElement, name: str) -> list[HtmlElement]:
    """Elements with a class."""
    return [each for each in holder.iter("*") if name in (each.get("class") or "").split()]


def _first(holder: HtmlElement, *names: str) -> HtmlElement | None:
    """First element with one of the classes that has text, in the order of the classes."""
    return next((each for name in names for each in _all(holder, name) if text_of(each)), None)


def _event(holder: HtmlElement, number: int, context: ImportContext) -> ImportEvent:
    name, headline = _first(holder, "DocPublicationName"), _first(holder, *_HEADLINE)
    if name is None and headline is None:
        return Skipped(f"article {number}", "is no document of a newspaper, perhaps a list of results")
    article = PressArticle(ArticleMetadata(text_of(headline)))
    issue = text_of(name)
    article.newspaper = _ISSUE.sub("", issue)
    if article.newspaper != issue:
        article.details["issue"] = issue[len(article.newspaper) :].strip(" ,")
    _read_header(joined_text(_all(holder, "DocHeader")), article, context)
    article.describe(summary=text_of(_first(holder, "rdp__subtitle")))
    author = _author(holder, headline)
    article.set_byline(text_of(author))
    return _with_text(holder, article, [name, headline, author, *_all(holder, "rdp__subtitle")])


def joined_text(elements: list[HtmlElement]) -> str:
    """Texts of elements, parted by commas."""
    return ", ".join(filter(None, (text_of(each).strip(" ,") for each in elements)))


def _read_header(header: str, article: PressArticle, context: ImportContext) -> None:
    """Section, date, number of words and page from `Politique, jeudi 5 octobre 2013 520 mots, p. 4`."""
    parts = [part.strip() for part in header.split(",") if part.strip()]
    others: list[str] = []
    index = 0
    while index < len(parts):
        for size in (1, 2, 3):  # a date may have commas: `Thursday, October 5, 2013`
            date, rest = split_date(" ".join(parts[index : index + size]), day_first=context.day_first)
            if article.metadata.date is None and date is not None and date.day:
                article.describe(date=date)
                index += size - 1
                others.append(rest)
                break
        else:
            others.append(parts[index])
        index += 1
    for other in filter(None, others):
        pages = _PAGES.match(other)
        if pages:
            article.details["pages"] = pages[1]
        elif not _COUNT.match(other) and not re.search(r"\d{1,2}[:h]\d{2}", other) and not _is_weekday(other):
            article.details["section"] = joined([str(article.details.get("section", "")), other])


def _is_weekday(word: str) -> bool:
    return split_date(f"{word} 5 octobre 2013")[0] is not None


def _author(holder: HtmlElement, headline: HtmlElement | None) -> HtmlElement | None:
    """Element of the byline: by its class, or the short one below the headline."""
    known = _first(holder, "docAuthors", "sm-margin-bottomNews")
    if known is not None or headline is None:
        return known
    box = next((each for each in headline.iterancestors() if "titreArticle" in (each.get("class") or "").split()), None)
    below = box.getnext() if box is not None else None
    header = next(holder.iter("header"), None)
    is_in_header = below is not None and header is not None and any(each is header for each in below.iterancestors())
    return below if is_in_header and 0 < len(text_of(below)) <= _LONGEST_AUTHOR else None


def _with_text(holder: HtmlElement, article: PressArticle, used: list[HtmlElement | None]) -> Item:
    """Item with the text of the article; its number and address come from the foot."""
    number = _NUMBER.search(text_of(holder))
    article.url = next(
        (link.get("href") or "" for link in holder.iter("a") if _PUBLISHED_AT.match(text_of(link))), article.url
    )
    rights = next((text_of(each) for each in holder.iter("small", "i") if text_of(each).startswith("©")), "")
    article.details["copyright"] = rights
    body = _first(holder, *_DISPLAYED)
    above: list[Passage] = []
    if body is None:
        body = next(holder.iter("section"), None)
    if body is None:
        passages = _passages_below(holder, used)
        _take_byline(passages, article)
    else:
        passages = list(html_passages(body))
        above = [Passage((text_of(each),)) for each in _all(holder, "sm-margin-bottom") if each.tag == "p"]
    for aside in holder.iter("aside"):
        passages += html_passages(aside)
    passages = [passage for passage in passages if not _is_foot(passage)]
    article.body = passages_to_markdown([*above, *passages])
    if not passages:
        article.notes.append("has no text, only its headline and metadata")
    return article.item(number[0] if number else "")


def _passages_below(holder: HtmlElement, used: list[HtmlElement | None]) -> list[Passage]:
    """Passages of the older form, where the text stands loose in the cell below the headline."""
    for each in [*used, *_all(holder, "DocHeader"), *holder.iter("table")]:
        if each is not None and each.getparent() is not None:
            each.drop_tree()
    return list(html_passages(holder))


def _take_byline(passages: list[Passage], article: PressArticle) -> None:
    """Takes the byline from the first passages of the older form, which has no element for it."""
    for number, passage in enumerate(passages[:2]):
        if len(passage.text) <= _LONGEST_NAME and byline_authors(f"By {passage.text}") and " " in passage.text:
            article.set_byline(passage.text)
            del passages[number]
            return


def _is_foot(passage: Passage) -> bool:
    text = passage.text
    return (
        (text.startswith("©") and len(text) < 200)
        or _NUMBER_LINE.match(text) is not None
        or _NUMBER.fullmatch(text) is not None
        or text in ("Illustration(s) :", "Note(s) :")
    )

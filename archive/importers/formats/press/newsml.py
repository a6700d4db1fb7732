"""NewsML 1: news items with components, each with text of its own.

Format: https://iptc.org/standards/newsml-1/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_entries import read_xml_elements
from backfile.archive.importers.common.xml_to_html import attribute, children, find, find_all, tag_in, xml_text
from backfile.archive.importers.common.xml_trees import root_name
from backfile.archive.importers.formats.press.newsml_text import named_texts, nitf_in, text_in
from backfile.archive.importers.formats.press.nitf_text import describe_from_nitf
from backfile.archive.importers.formats.press.press_fields import PressArticle, joined, split_date
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Probe, Skipped
from backfile.archive.report import Problem

KIND = "newsml"
TITLE = "NewsML 1: reports of news agencies"

MAX_ENTRY = 20 * 1024 * 1024
"""Limit of one item in bytes."""

_TAG = re.compile(rb"<((?:\w{1,20}:)?NewsItem)[\s>]")
_AGENCY = re.compile(r"\([^()]{1,40}\)\Z")


def detect(probe: Probe) -> int:
    """By the first element."""
    return 95 if not probe.is_folder and root_name(probe.head) == "NewsML" else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of news items."""
    return count_matches(path, _TAG)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Texts of the news items in the order of the file. Raises `OSError`."""
    number = 0
    for number, entry in enumerate(read_xml_elements(path, tag_in(path, _TAG, "NewsItem"), MAX_ENTRY), start=1):
        try:
            context.begin()
            if isinstance(entry, Problem):
                yield entry
            else:
                yield from _events(entry.parse(), number, context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"news item {number}: {error}", "look at it in the file")
    if not number:
        yield Skipped(path.name, "holds no news item")


def _events(root: Any, number: int, context: ImportContext) -> Iterator[ImportEvent]:
    """Articles of one news item: one for each component with text."""
    origin = xml_text(find(root, "PublicIdentifier")) or xml_text(find(root, "NewsItemId")) or f"news item {number}"
    status = attribute(find(root, "NewsManagement", "Status"), "FormalName").lower()
    if status in ("canceled", "cancelled", "embargoed", "withheld"):
        yield Skipped(origin, status)
        return
    found = [(component, content) for component in find_all(root, "NewsComponent") if (content := _text(component))]
    if not found:
        yield Skipped(origin, "has no text in the file")
    for index, (component, contents) in enumerate(found, start=1):
        article = PressArticle()
        nitf = nitf_in(contents[0])
        if nitf is not None:
            describe_from_nitf(nitf, article, day_first=context.day_first)
        _describe(root, component, article, context)
        article.body, notes = text_in(contents[0])
        article.notes += notes
        if len(contents) > 1:
            article.notes.append(f"further forms of its text that are left out: {len(contents) - 1}")
        yield article.item(origin if index == 1 else f"{origin}#{index}")


def _text(component: Any) -> list[Any]:
    """Contents of a component that are text; of a component in which others lie only its own."""
    found = []
    for item in children(component, "ContentItem"):
        content = find(item, "DataContent")
        media = attribute(find(item, "MediaType"), "FormalName").lower()
        if content is not None and xml_text(content) and media in ("", "text", "complextype", "html", "articles"):
            found.append(content)
    return found


def _describe(root: Any, component: Any, article: PressArticle, context: ImportContext) -> None:
    """Sets what the lines and the metadata of a component say, or those of the components around it."""
    holders = [component, *(each for each in component.iterancestors() if _is_component(each))]

    def line(name: str) -> str:
        lines = (
            joined(map(xml_text, children(each, name))) for holder in holders for each in children(holder, "NewsLines")
        )
        return next(filter(None, lines), "")

    def described(*path: str) -> Any:
        parts = (
            part for holder in holders for part in children(holder, "DescriptiveMetadata", "AdministrativeMetadata")
        )
        return next((each for part in parts if (each := find(part, *path)) is not None), None)

    known = article.metadata
    article.describe(title=line("HeadLine") or known.title or xml_text(find(root, "NameLabel")) or line("SlugLine"))
    article.describe(summary=line("SubHeadLine") or known.summary or "")
    if not known.authors:
        article.set_byline(line("ByLine") or attribute(described("Author", "Party"), "FormalName"))
    written = [xml_text(described("DateLineDate")), *(xml_text(find(root, "NewsManagement", name))
               for name in ("FirstCreated", "ThisRevisionCreated")), xml_text(find(root, "DateId"))]  # fmt: skip
    dates = (split_date(each.partition("T")[0], day_first=context.day_first)[0] for each in written if each)
    article.describe(date=known.date or next(filter(None, dates), None))
    article.describe(language=attribute(described("Language"), "FormalName") or known.language)
    keywords = [attribute(each, "Value") for holder in holders for each in find_all(holder, "Property")
                if attribute(each, "FormalName").lower() in ("keyword", "keywords")]  # fmt: skip
    keywords += re.split(r"[,;/]", line("KeywordLine"))
    topics = (*known.topics, *(word.strip() for word in keywords))
    article.describe(topics=tuple(dict.fromkeys(filter(None, topics))))
    provider = attribute(described("Provider", "Party"), "FormalName") or attribute(
        described("Source", "Party"), "FormalName"
    )
    article.newspaper = article.newspaper or line("CreditLine") or provider or xml_text(find(root, "ProviderId"))
    article.details["place"] = article.details.get("place") or _place(line("DateLine"))
    article.details["copyright"] = line("CopyrightLine")
    article.details["editors_note"] = article.details.get("editors_note") or joined(named_texts(root, "Instruction"))


def _is_component(element: Any) -> bool:
    return isinstance(element.tag, str) and element.tag.endswith("NewsComponent")


def _place(dateline: str) -> str:
    """Place in a dateline: `STOCKHOLM, Aug 29, 2014 (AFP) -` → `Stockholm`."""
    place = _AGENCY.sub("", dateline.rstrip().rstrip("-–—").rstrip()).partition(",")[0].strip()
    if any(sign.isdigit() for sign in place):
        return ""
    return place.title() if place.isupper() else place

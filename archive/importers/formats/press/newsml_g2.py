"""NewsML-G2: news items with text, by themselves or in news messages.

Format: https://iptc.org/standards/newsml-g2/
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

KIND = "newsml-g2"
TITLE = "NewsML-G2: reports of news agencies"

MAX_ENTRY = 20 * 1024 * 1024
"""Limit of one item in bytes."""

_TAG = re.compile(rb"<((?:\w{1,20}:)?newsItem)[\s>]")
_NAMESPACE = b"iptc.org/std/nar/"
_ROOTS = frozenset({"newsItem", "newsMessage", "packageItem", "conceptItem", "knowledgeItem", "planningItem"})
_SUBHEADS = ("subheadline", "sub", "subhead", "secondary")


def detect(probe: Probe) -> int:
    """By the first element and the namespace."""
    if probe.is_folder or root_name(probe.head) not in _ROOTS:
        return 0
    return 96 if _NAMESPACE in probe.head else 85


def count(path: Path, context: ImportContext) -> int | None:
    """Number of news items, pictures included."""
    return count_matches(path, _TAG)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """News items with text in the order of the file. Raises `OSError`."""
    number = 0
    for number, entry in enumerate(read_xml_elements(path, tag_in(path, _TAG, "newsItem"), MAX_ENTRY), start=1):
        try:
            context.begin()
            yield entry if isinstance(entry, Problem) else _event(entry.parse(), number, context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"news item {number}: {error}", "look at it in the file")
    if not number:
        yield Skipped(path.name, "holds no news item, only packages, concepts or plans")


def _event(root: Any, number: int, context: ImportContext) -> ImportEvent:
    origin = attribute(root, "guid") or f"news item {number}"
    status = _code(find(root, "pubStatus"))
    if status in ("canceled", "withheld", "cancelled"):
        return Skipped(origin, status)
    contents = [each for each in find_all(root, "inlineXML", "inlineData") if xml_text(each) and _is_text(each)]
    kind = _code(find(root, "itemClass")) or "text"
    if not contents:
        remote = [attribute(each, "href") for each in find_all(root, "remoteContent")]
        where = f": its text is at {remote[0]}" if remote and kind == "text" else ""
        return Skipped(origin, f"{'' if kind == 'text' else f'a {kind}, '}has no text in the file{where}")
    article = PressArticle()
    nitf = nitf_in(find(root, "contentSet"))
    if nitf is not None:
        describe_from_nitf(nitf, article, day_first=context.day_first)
    _describe(root, article, context)
    article.body, notes = text_in(contents[0])
    article.notes += notes
    others = len(contents) - 1
    if others:
        article.notes.append(f"further forms of its text that are left out: {others}")
    return article.item(origin)


def _is_text(content: Any) -> bool:
    """Whether a content is text, and no calendar, table of results or other data."""
    holds_text = any(find(content, name) is not None for name in ("p", "nitf", "html", "body"))
    return holds_text or not any(isinstance(each.tag, str) for each in content)


def _code(element: Any) -> str:
    """Value of a controlled term without the prefix of its scheme: `stat:usable` → `usable`."""
    return attribute(element, "qcode", "literal", "uri").rpartition(":")[2].rpartition("/")[2]


def _describe(root: Any, article: PressArticle, context: ImportContext) -> None:
    """Sets what the metadata of an item says; it goes before what its NITF says."""
    item, content = find(root, "itemMeta"), find(root, "contentMeta")
    headlines = list(find_all(content, "headline")) if content is not None else []
    subheads = [each for each in headlines if attribute(each, "role").rpartition(":")[2].lower().startswith(_SUBHEADS)]
    main = next((xml_text(each) for each in headlines if each not in subheads and xml_text(each)), "")
    title = main or article.metadata.title or next(iter(named_texts(item, "title")), "")
    title = title or next(iter(named_texts(content, "slugline")), "")
    summary = joined([*map(xml_text, subheads), *named_texts(content, "description")])
    article.describe(title=title, summary=summary or article.metadata.summary or "")
    if not article.metadata.authors:
        article.set_byline(_byline(content))
    places = ((content, "contentCreated"), (item, "firstCreated"), (item, "versionCreated"))
    written = (xml_text(find(part, name)) for part, name in places if part is not None)
    dates = (split_date(each, day_first=context.day_first)[0] for each in written)
    article.describe(date=article.metadata.date or next(filter(None, dates), None))
    changed = split_date(xml_text(find(content, "contentModified")) if content is not None else "")[0]
    article.describe(updated=changed)
    tag = attribute(find(content, "language"), "tag") if content is not None else ""
    article.describe(language=tag or attribute(root, "lang") or article.metadata.language)
    _describe_rest(root, item, content, article)


def _describe_rest(root: Any, item: Any, content: Any, article: PressArticle) -> None:
    """Subjects, source, place, copyright and note to the editors."""
    subjects = [_name(each) for each in children(content, "subject", "keyword")]
    article.describe(topics=tuple(dict.fromkeys([*article.metadata.topics, *filter(None, subjects)])))
    provider = _name(find(item, "provider")) if item is not None else ""
    source = _name(find(content, "infoSource")) if content is not None else ""
    article.newspaper = article.newspaper or provider or source
    located = children(content, "located")
    article.details["place"] = article.details.get("place") or (_name(located[0]) if located else "")
    article.details["section"] = article.details.get("section") or joined(map(_name, children(item, "service")))
    article.details["copyright"] = joined(named_texts(find(root, "rightsInfo"), "copyrightNotice"))
    article.details["editors_note"] = joined(named_texts(item, "edNote")) or article.details.get("editors_note", "")


def _byline(content: Any) -> str:
    """Byline, or the names of the creators that are no signs (`VRG`)."""
    if content is None:
        return ""
    written = named_texts(content, "by")
    return joined(written) or joined(name for name in map(_name, children(content, "creator")) if " " in name)


def _name(element: Any) -> str:
    """Name of a controlled term; its literal if it has none, and no code that only machines know."""
    names = children(element, "name")
    literal = attribute(element, "literal")
    return xml_text(names[0]) if names else literal if not re.fullmatch(r"[\d:.-]*", literal) else ""

"""Text and metadata of NITF (IPTC's News Industry Text Format), by itself or within NewsML."""

from __future__ import annotations

from typing import Any

from lxml import etree

from backfile.archive.importers.common.xml_to_html import (
    XmlConversion,
    XmlVocabulary,
    attribute,
    children,
    find,
    find_all,
    link,
    preformatted,
    xml_text,
)
from backfile.archive.importers.formats.press.press_fields import PressArticle, joined, split_date, subject_topics

_ELEMENTS = {
    "p": "p", "block": "div", "hl1": "h2", "hl2": "h3", "bq": "blockquote", "quote": "p", "credit": "p", "ol": "ol",
    "ul": "ul", "li": "li", "dl": "dl", "dt": "dt", "dd": "dd", "table": "table", "caption": "caption", "tr": "tr",
    "td": "td", "th": "th", "thead": "thead", "tbody": "tbody", "tfoot": "tfoot", "hr": "hr", "br": "br", "em": "em",
    "i": "em", "b": "strong", "strong": "strong", "sub": "sub", "sup": "sup", "q": "q", "note": "p", "datasource": "p",
    "div": "div", "h1": "h2", "h2": "h3", "h3": "h4", "h4": "h5", "blockquote": "blockquote", "figure": "figure",
    "figcaption": "figcaption",
}  # fmt: skip


def _picture(conversion: XmlConversion, media: Any) -> Any:
    """Figure of a picture with a web address; of others the caption."""
    box = etree.Element("div")
    reference = find(media, "media-reference")
    source = attribute(reference, "source", "name")
    if source.startswith(("http://", "https://")):
        holder = etree.SubElement(box, "p")
        etree.SubElement(holder, "img", src=source, alt=attribute(reference, "alternate-text"))
    else:
        conversion.leave_out("media")
    words = joined(map(xml_text, children(media, "media-caption", "media-producer")))
    if words:
        etree.SubElement(etree.SubElement(box, "p"), "em").text = words
    return box


VOCABULARY = XmlVocabulary(
    _ELEMENTS,
    {
        "a": link,
        "pre": preformatted,
        "media": _picture,
        "fn": XmlConversion.reference,
    },
    dropped=frozenset({"script", "style"}),
)


def nitf_body(root: Any) -> tuple[str, tuple[str, ...]]:
    """Markdown of the text of a NITF document or of XHTML, and notes about what is left out."""
    contents = list(find_all(root, "body.content")) or children(root, "body") or [root]
    ends = [each for each in find_all(root, "body.end") if xml_text(each)]
    conversion = XmlConversion(VOCABULARY)
    body = conversion.to_markdown(*contents, *ends)
    lost = conversion.left_out.get("media", 0)
    return body, (f"pictures or films that are not in the file: {lost}",) if lost else ()


def describe_from_nitf(root: Any, article: PressArticle, *, day_first: bool | None) -> None:
    """Sets what the head and the top of the body of a NITF document say."""
    head, top = find(root, "head"), find(root, "body.head")
    _describe_headline(head, top, article)
    _describe_place(top, article)
    data = find(root, "docdata")
    publication = find(root, "pubdata")
    written = (
        [attribute(find(data, name), "norm") for name in ("date.issue", "date.release")] if data is not None else []
    )
    written += [attribute(find(top, "story.date"), "norm")] if top is not None else []
    written += [attribute(publication, "date.publication")]
    dates = (split_date(each, day_first=day_first)[0] for each in written if each)
    article.describe(date=next(filter(None, dates), None))
    article.describe(language=attribute(root, "lang", "baselang") or attribute(find(root, "body"), "lang"))
    keys = [attribute(each, "key") for each in find_all(root, "keyword")]
    subjects = [attribute(each, "tobject.subject.detail", "tobject.subject.matter", "tobject.subject.type")
                for each in find_all(root, "tobject.subject")]  # fmt: skip
    article.describe(topics=subject_topics(joined([*keys, *subjects])))
    distributor = xml_text(find(top, "distributor")) if top is not None else ""
    rights = find(root, "doc.copyright")
    article.newspaper = attribute(publication, "name") or distributor or attribute(rights, "holder")
    article.url = attribute(publication, "ex-ref")
    article.details["section"] = attribute(publication, "position.section")
    article.details["pages"] = attribute(publication, "position.sequence")
    article.details["edition"] = attribute(publication, "edition.name")
    article.details["editors_note"] = attribute(find(root, "ed-msg"), "info")
    series = find(root, "series")
    article.details["series"] = attribute(series, "series.name")


def _describe_headline(head: Any, top: Any, article: PressArticle) -> None:
    """Headline, subheadline, abstract and byline."""
    headlines = [xml_text(each) for each in find_all(top, "hl1")] if top is not None else []
    below = [xml_text(each) for each in find_all(top, "hl2")] if top is not None else []
    title = next(filter(None, headlines), "") or xml_text(find(head, "title") if head is not None else None)
    abstract = xml_text(find(top, "abstract")) if top is not None else ""
    article.describe(title=title, summary=abstract or joined(each for each in below if each != title))
    bylines = list(find_all(top, "byline")) if top is not None else []
    article.set_byline("; ".join(filter(None, (_byline(each) for each in bylines))))


def _byline(byline: Any) -> str:
    """Persons in a byline, or its words with the role behind a comma."""
    people = [xml_text(each) for each in find_all(byline, "person")]
    if people:
        return "; ".join(people)
    role = xml_text(find(byline, "byttl"))
    words = xml_text(byline)
    return f"{words.removesuffix(role).strip(' ,')}, {role}" if role and words.endswith(role) else words


def _describe_place(top: Any, article: PressArticle) -> None:
    place = xml_text(find(top, "dateline", "location")) if top is not None else ""
    article.details["place"] = place.title() if place.isupper() else place


def withheld(root: Any) -> str:
    """Reason why a document is not published; empty if it is."""
    status = attribute(find(root, "docdata"), "management-status")
    return status if status in ("canceled", "cancelled", "withheld", "embargoed", "killed") else ""

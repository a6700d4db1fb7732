"""Documents of Google Docs as HTML: *Download › Web page* (a ZIP with a page and `images/`) and *Publish to web*.

The page is the document, so nothing is to be found in it, but all form is in classes: `c7` is bold because the style
sheet says so, a list inside a list is a list of its own with the level in its name (`lst-kix_…-1`), the title is a
paragraph of the class `title`. Links lead over google.com, comments stand at the end as notes with letters do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import parse_qs

from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import text_of
from backfile.archive.importers.extraction.extractor import ExtractedArticle
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata
from backfile.archive.web_addresses import address_parts

_SIGNATURE = re.compile(rb"<body[^<>]{0,200}\bdoc-content\b|<div[^<>]{0,200}\bdoc-content\b|\blst-kix_\w+-\d")
_STYLES = re.compile(rb"\.c\d+\s*\{")
_RULE = re.compile(r"\.(c\d+)\s*\{([^{}]*)\}")
_MARKS = (
    ("strong", re.compile(r"font-weight:\s*(?:bold|[6-9]00)")),
    ("em", re.compile(r"font-style:\s*italic")),
    ("del", re.compile(r"text-decoration:[^;:]*line-through")),
    ("sup", re.compile(r"vertical-align:\s*super")),
    ("sub", re.compile(r"vertical-align:\s*sub\b")),
)
_LIST = re.compile(r"\b(lst-kix_\w+)-(\d+)\b")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HIDDEN = re.compile(r"display:\s*none")


def is_google_document(page: bytes) -> bool:
    """Whether a page has the classes that Google Docs writes."""
    return _SIGNATURE.search(page) is not None and _STYLES.search(page) is not None


def read_google_document(tree: HtmlElement, *, name: str, url: str | None) -> tuple[ExtractedArticle, tuple[str, ...]]:
    """Article of a parsed page of Google Docs, and notes on what is left out; the tree is modified.

    The title is the paragraph with the style “Title”, else the title of the page, else the name of the file `name`.
    """
    marks = _marks(tree)
    heading = text_of(next(tree.iter("title"), None))
    root = next((each for each in tree.iter("div", "body") if "doc-content" in _classes(each)), tree)
    for element in list(root.iter("style", "script", "hr")):
        if element.getparent() is not None and (element.tag != "hr" or _is_no_rule(element)):
            element.drop_tree()
    comments = _drop_comments(root)
    title, subtitle = _take(root, "title"), _take(root, "subtitle")
    for link in root.iter("a"):
        _unwrap(link)
    for span in list(root.iter("span")):
        _mark(span, marks)
    _merge_marks(root)
    _nest_lists(root)
    metadata = ArticleMetadata(
        title=title or heading or PurePosixPath(name).stem,
        summary=subtitle or None,
        source=source_of("", url or ""),
    )
    notes = (f"{comments} comments of the document are left out",) if comments > 1 else ()
    notes = ("a comment of the document is left out",) if comments == 1 else notes
    return ExtractedArticle(metadata, tree_to_markdown(root, base_url=url)), notes


def _classes(element: HtmlElement) -> list[str]:
    return (element.get("class") or "").split()


def _is_no_rule(rule: HtmlElement) -> bool:
    """Whether a rule is the end of a page, or parts the notes from the text."""
    below = rule.getnext()
    is_notes = below is not None and any((each.get("id") or "").startswith("ftnt") for each in below.iter("a"))
    return _HIDDEN.search(rule.get("style") or "") is not None or is_notes


def _marks(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    """Class → elements that say what it looks like."""
    found: dict[str, tuple[str, ...]] = {}
    for sheet in tree.iter("style"):
        for name, rule in _RULE.findall(sheet.text or ""):
            found[name] = tuple(tag for tag, pattern in _MARKS if pattern.search(rule))
    return found


def _drop_comments(root: HtmlElement) -> int:
    """Drops the comments at the end and the letters that refer to them; returns how many there were."""
    comments = [each for each in root.iter("a") if re.fullmatch(r"cmnt\d+", each.get("id") or "")]
    for anchor in comments:
        box = next((each for each in anchor.iterancestors("div") if each is not root), anchor.getparent())
        inner = 0 if box is None else sum(1 for each in box.iter("a") if each in comments)
        box = box if inner == 1 else anchor.getparent()
        if box is not None and box is not root and box.getparent() is not None:
            box.drop_tree()
    for link in list(root.iter("a")):
        if re.fullmatch(r"cmnt_ref\d+", link.get("id") or ""):
            parent = link.getparent()
            (parent if parent is not None and parent.tag == "sup" and len(parent) == 1 else link).drop_tree()
    return len(comments)


def _take(root: HtmlElement, name: str) -> str:
    """Text of the first paragraph of a style, which is taken out."""
    for paragraph in root.iter("p"):
        if name in _classes(paragraph) and text_of(paragraph):
            text = text_of(paragraph)
            paragraph.drop_tree()
            return text
    return ""


def _unwrap(link: HtmlElement) -> None:
    """Gives a link the address that Google Docs has put into one of google.com."""
    parts = address_parts(link.get("href"))
    if re.fullmatch(r"(?:www\.)?google\.\w{2,3}", parts.hostname or "") and parts.path == "/url":
        target = next(iter(parse_qs(parts.query).get("q", [])), "")
        if target:
            link.set("href", target)


def _mark(span: HtmlElement, marks: dict[str, tuple[str, ...]]) -> None:
    """Turns a span into the elements that its classes stand for; bold in headings is none."""
    tags = dict.fromkeys(tag for name in _classes(span) for tag in marks.get(name, ()))
    in_heading = next(span.iterancestors(*_HEADINGS), None) is not None
    names = [tag for tag in tags if not (in_heading and tag in ("strong", "em"))]
    if not names or not text_of(span):
        return
    outer, *others = names
    span.tag = outer
    for tag in others:
        inner = span.makeelement(tag)
        inner.text, span.text = span.text, None
        inner.extend(list(span))
        span.append(inner)


def _merge_marks(root: HtmlElement) -> None:
    """Joins neighbours of one kind: Google Docs parts a text wherever it was edited."""
    for element in list(root.iter("strong", "em", "del")):
        before = element.getprevious()
        if before is None or before.tag != element.tag or before.tail or len(element) or not element.text:
            continue
        if len(before):
            before[-1].tail = (before[-1].tail or "") + element.text
        else:
            before.text = (before.text or "") + element.text
        before.tail, element.tail = element.tail, None
        element.drop_tree()


def _nest_lists(root: HtmlElement) -> None:
    """Puts lists into the items that they belong to, and joins those that one parted."""
    for parent in {each.getparent(): None for each in root.iter("ul", "ol")}:
        if parent is not None:
            for run in _runs(parent):
                _nest(run)


def _runs(parent: HtmlElement) -> Iterator[list[tuple[HtmlElement, str, int]]]:
    """Yields lists that follow each other, with the name and level of each."""
    run: list[tuple[HtmlElement, str, int]] = []
    for child in [*parent, None]:
        found = _LIST.search(child.get("class") or "") if child is not None and child.tag in ("ul", "ol") else None
        if found and child is not None:
            run.append((child, found[1], int(found[2])))
        elif run:
            yield run
            run = []


def _nest(run: list[tuple[HtmlElement, str, int]]) -> None:
    opened: list[tuple[HtmlElement, str, int]] = []
    for element, name, level in run:
        while opened and opened[-1][2] > level:
            opened.pop()
        last = opened[-1] if opened else None
        if last is not None and last[2] == level and last[1] == name and "start" not in _classes(element):
            last[0].extend(list(element))
            element.drop_tree()
            continue
        if last is not None and last[2] == level:
            opened.pop()
            last = opened[-1] if opened else None
        if last is not None and len(last[0]):
            element.tail = None
            last[0][-1].append(element)
        opened.append((element, name, level))

"""Authors of a page as readers see them, by elements marked or named as bylines.

Order: `rel=author`, `itemprop=author`, elements whose class or id says byline or author. The text of an element is read
line by line, so that a date, a role or a counter next to a name is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

from backfile.archive.importers.common.bylines import byline_authors
from backfile.archive.metadata.author_names import author_names

_MARKED = (
    './/*[@rel="author"]',
    './/*[@itemprop="author"]//*[@itemprop="name"]',
    './/*[@itemprop="author"]',
    './/*[@itemprop="author creator"]',
)
_BYLINE_TAGS = (
    "p",
    "div",
    "span",
    "a",
    "address",
    "li",
    "h2",
    "h3",
    "h4",
    "td",
    "cite",
    "strong",
    "em",
    "small",
    "footer",
)
_BYLINE_NAME = re.compile(
    r"(?:\b|_|(?<=[a-z])(?=[A-Z]))(?i:by-?line(?!s)|(?:article|post|entry|p)-?author|dateline|writtenby|author|auteur)"
)
_OTHER_NAME = re.compile(
    r"comment|related|recommend|share|social|image|photo|avatar|bio\b|sidebar|footer|menu|promo|teaser|widget|follow|repl(?:y|ies)",
    re.IGNORECASE,
)
_OTHER_CONTAINER = re.compile(
    r"(?:^|\s)(?:comments?|comment-?list|related|recommended|teasers?|aside)\b", re.IGNORECASE
)
_INLINE = frozenset({"a", "b", "strong", "em", "i", "span", "font", "u", "small"})
_BY = re.compile(
    r"\A\s*+(?:(?:written|posted|published|reported|words|story|text|article)\s+)?"
    r"(?:by|par|von|por|di|da|door|av|af|author|auteur|autor|автор|текст)\b[:\s]*",
    re.IGNORECASE,
)
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_AFTER_NAMES = re.compile(
    rf"(?<!\s)\s*+(?:[|•·]|\b(?:for|updated|published|posted|edited|reviewed|last|on)\b|\d"
    rf"|,?\s*\b(?:{_MONTH})[a-z]*\.?\s+\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b).*",
    re.IGNORECASE | re.DOTALL,
)
_WITH = re.compile(r"(?<!\s)\s*+\((?:with|avec|mit|con|com|met|med)\s++([^()]+)\)", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?:about|follow|by|the|view|more|meet)?\s*(?:the |this )?(?:authors?|admin|posts?|all posts|guest|staff)\Z",
    re.IGNORECASE,
)
_LONGEST = 150
_MOST_ELEMENTS = 50
_MOST_WORDS = 5
_SEVERAL = re.compile(r",|\s(?:and|&|et|und|y|e|en|och|og)\s", re.IGNORECASE)


def visible_authors(tree: HtmlElement) -> tuple[str, ...]:
    """Authors named in the page; empty if there are none or they are uncertain."""
    return next(filter(None, map(_names_in, _bylines(tree))), ())


def is_plausible_author(name: str) -> bool:
    """Whether a name may be that of a person or an office: no code or address, and no placeholder."""
    has_letters = any(letter.isalpha() for letter in name)
    return has_letters and len(name) <= 80 and not _NOBODY.match(name) and "@" not in name and "{" not in name


def _bylines(tree: HtmlElement) -> Iterator[list[HtmlElement]]:
    """Byline elements, adjacent ones together, most certain first."""
    for path in _MARKED:
        found = [each for each in tree.iterfind(path) if _is_small(each) and not _is_of_other_article(each)]
        yield [each for each in found if _adjoins(each, found[0])]
    for each in tree.iter(*_BYLINE_TAGS):
        if _is_byline(each) and _is_small(each) and not _is_of_other_article(each):
            inner = [inside for inside in each.iterdescendants(*_BYLINE_TAGS) if _is_byline(inside)]
            yield [inside for inside in inner if inside.get("class") == inner[0].get("class")]
            yield [each]


def _is_small(element: HtmlElement) -> bool:
    """Whether an element has no more descendants than a byline."""
    return sum(1 for _ in islice(element.iter(), _MOST_ELEMENTS + 1)) <= _MOST_ELEMENTS


def _is_byline(element: HtmlElement) -> bool:
    called = f"{element.get('class') or ''} {element.get('id') or ''}"
    return bool(_BYLINE_NAME.search(called) and not _OTHER_NAME.search(called))


def _is_of_other_article(element: HtmlElement) -> bool:
    """Whether an element is in comments or in a list of other articles."""
    boxes = (each for each in element.iterancestors() if each.tag not in ("html", "body"))
    return any(_OTHER_CONTAINER.search(f"{each.get('class') or ''} {each.get('id') or ''}") for each in boxes)


def _adjoins(element: HtmlElement, first: HtmlElement) -> bool:
    """Whether an element shares a line or list with the first one."""
    box = first.getparent()
    return element is first or (box is not None and element.getparent() in (box, *box.itersiblings()))


def _names_in(elements: list[HtmlElement]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for element in elements:
        if len(" ".join(element.text_content().split())) < _LONGEST:
            lines = (_names_in_line(line) for line in _lines(element))
            names.update(dict.fromkeys(next(filter(None, lines), ())))
    return tuple(names)


def _lines(element: HtmlElement) -> list[str]:
    """Lines of an element's text as rendered; "By" alone is joined with the next line."""
    text = re.sub(r"[ \t\r\n\xa0]+", " ", _with_breaks(element))
    lines = [line.strip() for line in text.split("\v") if line.strip()]
    joined: list[str] = []
    for line in lines:
        if joined and _BY.fullmatch(joined[-1]):
            joined[-1] += f" {line}"
        else:
            joined.append(line)
    return joined


def _with_breaks(element: HtmlElement) -> str:
    """Text with a vertical tab where a rendered line ends, or two inline elements meet without a space."""
    pieces = [element.text or ""]
    for child in element:
        inner = _with_breaks(child)
        before = "".join(pieces)[-1:]
        is_glued = before.isalnum() and inner[:1].isalnum() and not inner[:1].islower()
        is_apart = child.tag not in _INLINE or is_glued
        pieces += ["\v" if is_apart else "", inner, "\v" if child.tag not in _INLINE else "", child.tail or ""]
    return "".join(pieces)


def _names_in_line(line: str) -> tuple[str, ...]:
    line = _WITH.sub(r", \1", line)
    bare = _AFTER_NAMES.sub("", line).strip(" ,;:-–—")
    named = byline_authors(bare)
    if not named:
        bare = _BY.sub("", bare, count=1)
        most = _MOST_WORDS * (1 + len(_SEVERAL.findall(bare)))
        is_name = len(bare.split()) <= most and (bare[:1].isupper() or not bare[:1].isascii())
        named = author_names(bare) if is_name else ()
    return tuple(name for name in named if is_plausible_author(name))

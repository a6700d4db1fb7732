"""Metadata of a page: title, authors, dates, topics, summary, publication, language, address.

Order of trust for each field: JSON-LD of schema.org (articles only), Dublin Core, Open Graph and `article:` tags,
Parsely and Twitter tags, further `<meta>` names, then visible elements: `rel=author`, `itemprop`, elements named byline
or author, `<time>`, elements named as a publication date, the first heading, `<title>` without the name of the site;
for a date at last htmldate. The first usable value wins; a visible name wins over a handle or the name of the site;
topics of all machine-readable sources are joined.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from html import unescape

from htmldate import find_date
from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import text_of
from backfile.archive.importers.extraction.page_authors import is_plausible_author, visible_authors
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.web_addresses import address_parts, host_of, join_address

_ARTICLE_TYPE = re.compile(r"(?:\w*Article|BlogPosting|\w*Posting|Report|Review|Recipe|WebPage|ScholarlyArticle)\Z")
_WEAK_TYPES = frozenset({"WebPage", "Recipe", "Review"})
_TITLE = ("dc:title", "dcterm:title", "dcterms:title", "og:title", "weibo:article:title", "weibo:webpage:title",
          "parsely-title", "twitter:title", "title")  # fmt: skip
_AUTHOR = ("dc:creator", "dcterm:creator", "dcterms:creator", "article:author", "article:author_name", "author",
           "og:article:author", "parsely-author", "byl", "byline", "sailthru:author", "cxenseparse:author")  # fmt: skip
_DATE = ("article:published_time", "dc:date:issued", "dcterms:issued", "dcterms:created", "dc:date", "dcterms:date",
         "parsely-pub-date", "datepublished", "pubdate", "publishdate", "publish-date", "publish_date",
         "article:published", "sailthru:date", "og:published_time", "og:article:published_time", "ptime",
         "publication_date", "citation_publication_date", "date")  # fmt: skip
_UPDATED = ("article:modified_time", "dcterms:modified", "og:updated_time", "datemodified", "last-modified", "lastmod")
_SUMMARY = ("dc:description", "dcterm:description", "dcterms:description", "og:description", "description",
            "twitter:description")  # fmt: skip
_SITE = ("og:site_name", "dc:publisher", "dcterms:publisher", "application-name")
_TOPICS = ("article:tag", "article:section", "dc:subject", "dcterms:subject", "parsely-tags", "news_keywords",
           "keywords")  # fmt: skip
_SEPARATOR = re.compile(r"(?<!\s)\s++[|\-–—\\/>»·:]{1,2}\s+")
_ADDRESS = re.compile(r"(?:https?:)?//", re.I)
_HANDLE = re.compile(r"(?=.*[\d_]|[a-z])[\w.-]+\Z", re.ASCII)
"""Name of one word that is no name of a person: with digits, or in lower case."""
_ROLE = re.compile(r"\s(?:writer|reporter|correspondent|editor|columnist|contributor)s?\Z", re.IGNORECASE)
_FIRST_YEAR = 1400
"""Earlier years are placeholders: some programs write an empty date as the year 1."""
_DATE_NAME = re.compile(
    r"(?:publish(?:ed)?|publication|pub|post(?:ed)?|article|story|entry)[-_]?(?:date|time|on)\b|\bdate-?published|\bdateline\b",
    re.IGNORECASE,
)
_DATE_LABEL = re.compile(
    r"^[^\d]*?\b(?:published|posted|updated)\b(?:\s+on)?:?\s*|\b\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\b\.?)?(?:\s+[A-Z]{2,4}T)?",
    re.IGNORECASE,
)
_LONGEST_DATE = 60
_SUMMARY_LENGTH = 1_000
_MAX_JSON = 2_000_000


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """Metadata of a page's article; `base` is the base of its relative addresses."""

    metadata: ArticleMetadata
    canonical: str | None
    base: str | None
    article_body: str


def read_metadata(tree: HtmlElement, url: str | None) -> PageMetadata:
    """Metadata of a parsed page found at `url`; the tree is not modified, nothing is raised."""
    page = _MetadataReader(tree, url)
    site = page.site()
    canonical = page.canonical()
    address = canonical or page.url
    return PageMetadata(
        metadata=ArticleMetadata(
            title=page.title(site),
            authors=page.authors(site),
            date=page.date(("datePublished", "dateCreated"), _DATE) or page.visible_date(),
            updated=page.date(("dateModified",), _UPDATED),
            topics=page.topics(),
            summary=page.summary(),
            source=Source(site or (host_of(address) or None), address) if site or address else None,
            language=page.language(),
        ),
        canonical=canonical,
        base=page.base(),
        article_body=_text_value(page.linked.get("articleBody")),
    )


def base_url_of(tree: HtmlElement, url: str | None) -> str | None:
    """Base of the relative addresses of a page found at `url`."""
    return _MetadataReader(tree, url).base()


class _MetadataReader:
    """Metadata sources of one page, each collected once on first use."""

    def __init__(self, tree: HtmlElement, url: str | None) -> None:
        self.tree, self.url = tree, url

    @cached_property
    def meta(self) -> dict[str, list[str]]:
        """Contents of meta tags by name."""
        return _meta(self.tree)

    @cached_property
    def linked(self) -> Mapping[str, object]:
        """JSON-LD object of the article."""
        return _linked_article(self.tree)

    def first(self, keys: tuple[str, ...], names: tuple[str, ...]) -> str:
        """First text among keys of JSON-LD and names of meta tags."""
        texts = (_text_value(self.linked.get(key)) for key in keys)
        return next(filter(None, texts), "") or next(
            (" ".join(unescape(text).split()) for name in names for text in self.meta.get(name, ()) if text.strip()), ""
        )

    def title(self, site: str | None) -> str:
        """Headline; `<title>` without the name of the site, or the first heading, if there is none."""
        head = " ".join((self.tree.findtext(".//title") or "").split())
        headline, name = _text_value(self.linked.get("headline")), _text_value(self.linked.get("name"))
        is_name = name and head.casefold().startswith(name.casefold()) and headline.casefold() not in head.casefold()
        given = name if is_name else self.first(("headline",), _TITLE)
        headings = [text_of(each) for each in self.tree.iter("h1")]
        if not given and head:
            given = next((each for each in headings if len(each) > 3 and _starts_title(head, each)), "")
            given = given or _without_site(head, site)
        return given or next(filter(None, headings), "")

    def site(self) -> str | None:
        """Name of the publication."""
        publisher = self.linked.get("publisher")
        name = _text_value(publisher.get("name")) if isinstance(publisher, Mapping) else _text_value(publisher)
        given = self.first((), _SITE[:1]) or name or self.first((), _SITE)
        return None if not given or _ADDRESS.match(given) else given[:200]

    def authors(self, site: str | None) -> tuple[str, ...]:
        """Authors by metadata, or by visible bylines if metadata gives only handles or the name of the site."""
        values: list[object] = [self.linked.get("author") or self.linked.get("creator")]
        values += [list(self.meta.get(name, ())) for name in _AUTHOR]
        readable = (tuple(filter(is_plausible_author, author_names(_without_addresses(value)))) for value in values)
        named = next(filter(None, readable), ())
        if any(not _HANDLE.match(name) and not _is_site(name, site, self.url) for name in named):
            return tuple(_without_role(name) for name in named if name == named[0] or not _ROLE.search(name))
        seen = visible_authors(self.tree)
        return seen if any(" " in name for name in seen) else named or seen

    def date(self, keys: tuple[str, ...], names: tuple[str, ...]) -> PartialDate | None:
        """First date that can be read."""
        given = [_text_value(self.linked.get(key)) for key in keys]
        given += [text for name in names for text in self.meta.get(name, ())]
        return next(filter(None, map(_date, given)), None)

    def visible_date(self) -> PartialDate | None:
        """Date of the first `<time>`, of an element marked or named as publication date, else a likely one."""
        for each in self.tree.xpath('//*[@itemprop="datePublished"] | //time')[:5]:
            found = _date(each.get("datetime") or each.get("content") or text_of(each))
            if found:
                return found
        called = self.tree.iter("p", "div", "span", "li", "td", "small", "em")
        texts = (text_of(each) for each in called if _DATE_NAME.search(f"{each.get('class')} {each.get('id')}"))
        shown = (_date(_DATE_LABEL.sub("", text)) for text in texts if 0 < len(text) <= _LONGEST_DATE)
        return next(filter(None, shown), None) or self.likely_date()

    def likely_date(self) -> PartialDate | None:
        """Publication date by htmldate, from patterns of addresses, attributes and text."""
        found = find_date(self.tree, url=self.url, extensive_search=False, original_date=True)
        return _date(found) if found else None

    def summary(self) -> str | None:
        """Description of the page, unless it is as long as an article."""
        given = [_text_value(self.linked.get("description"))]
        given += [unescape(text) for name in _SUMMARY for text in self.meta.get(name, ())]
        texts = (" ".join(each.split()) for each in given)
        return next((text for text in texts if 0 < len(text) <= _SUMMARY_LENGTH), None)

    def topics(self) -> tuple[str, ...]:
        """Sections, tags and keywords, each once."""
        named: dict[str, str] = {}
        values = [self.linked.get("articleSection"), self.linked.get("keywords")]
        values += [list(self.meta.get(name, ())) if name == "article:tag" else "," .join(self.meta.get(name, ()))
                   for name in _TOPICS]  # fmt: skip
        for value in values:
            for name in topic_names(value, key="keywords", path="") if isinstance(value, str | list) else ():
                if 0 < len(name) <= 60 and not _ADDRESS.match(name):
                    named.setdefault(name.casefold(), name)
        return tuple(named.values())[:30]

    def language(self) -> str | None:
        """Declared language."""
        root = self.tree.getroottree().getroot()
        given = [_text_value(self.linked.get("inLanguage")), root.get("lang") or "", root.get("xml:lang") or ""]
        given += [text for name in ("og:locale", "content-language", "dc:language") for text in self.meta.get(name, ())]
        return next(filter(None, (language_code(text.split(",")[0]) for text in given if text)), None)

    def canonical(self) -> str | None:
        """Canonical address that the page declares, absolute."""
        links = [each.get("href") for each in self.tree.iter("link") if "canonical" in (each.get("rel") or "").split()]
        for reference in (*links, *self.meta.get("og:url", ())):
            found = _absolute(self.url, reference)
            if found and address_parts(found).path not in ("", "/"):
                return found
        return None

    def base(self) -> str | None:
        """Base of relative addresses."""
        known = self.url or self.canonical()
        given = next((each.get("href") for each in self.tree.iter("base") if each.get("href")), None)
        return (_absolute(known, given) if given else None) or known


def _meta(tree: HtmlElement) -> dict[str, list[str]]:
    """Contents of meta tags by lower-case name with `.` as `:`; `property` precedes `name` and `itemprop`."""
    found: dict[str, list[str]] = {}
    for attributes in (("property",), ("name", "itemprop")):
        known = set(found)
        for element in tree.iter("meta"):
            content = (element.get("content") or "").strip()
            names = " ".join(element.get(attribute) or "" for attribute in attributes)
            for name in dict.fromkeys(names.lower().replace(".", ":").split()) if content else ():
                if name not in known:
                    found.setdefault(name, []).append(content)
    return found


def _linked_article(tree: HtmlElement) -> Mapping[str, object]:
    """JSON-LD object that describes the article of a page; empty if there is none."""
    weak: Mapping[str, object] = {}
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = re.sub(r"^\s*(?:<!--|<!\[CDATA\[|//\s*<!\[CDATA\[)|(?:-->|(?://\s*)?\]\]>)\s*$", "", script.text or "")
        for thing in _json_objects(text[:_MAX_JSON]):
            kind = thing.get("@type")
            names = [str(each) for each in kind] if isinstance(kind, list) else [str(kind)]
            if any(_ARTICLE_TYPE.match(name) and name not in _WEAK_TYPES for name in names):
                return thing
            if any(name in _WEAK_TYPES for name in names) and not weak and thing.get("headline"):
                weak = thing
    return weak


def _json_objects(text: str) -> Iterator[Mapping[str, object]]:
    try:
        waiting: list[object] = [json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return  # broken JSON is common; the other sources remain
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, Mapping):
            yield value
            waiting += [value[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in value]


def _text_value(value: object) -> str:
    if isinstance(value, list) and value:
        return _text_value(value[0])
    if isinstance(value, Mapping):
        return _text_value(value.get("name") or value.get("@value"))
    return unescape(value).strip() if isinstance(value, str) else ""


def _without_addresses(value: object) -> object:
    if isinstance(value, str):
        return "" if _ADDRESS.match(value) else value
    if isinstance(value, list):
        return [_without_addresses(each) for each in value]
    return value.get("name", "") if isinstance(value, Mapping) and "name" in value else value if value else ""


def _without_role(name: str) -> str:
    """Name without a role: `Edna Marsh, Staff Writer` → `Edna Marsh`."""
    person, _, role = name.partition(",")
    return person if _ROLE.search(role) else name


def _is_site(name: str, site: str | None, url: str | None) -> bool:
    """Whether a name is that of the publication, or its beginning."""
    host = host_of(url).removeprefix("www.")
    bare = "".join(name.casefold().split())
    return any(place.startswith(bare) for place in ("".join((site or "").casefold().split()), host))


def _date(text: str) -> PartialDate | None:
    date, note = date_with_note(text.strip())
    if note and date and not date.month:
        return None
    return date if date and _FIRST_YEAR <= date.year <= datetime.now(UTC).year + 1 else None


def _absolute(base: str | None, reference: str | None) -> str | None:
    found = join_address(base or "", (reference or "").strip())
    return found if address_parts(found).scheme in ("http", "https") and host_of(found) else None


def _starts_title(head: str, heading: str) -> bool:
    rest = head[len(heading) :]
    return head.casefold().startswith(heading.casefold()) and (not rest or _SEPARATOR.match(rest) is not None)


def _without_site(head: str, site: str | None) -> str:
    """Title without the name of the site after the last separator, if that is the shorter part."""
    parts = list(_SEPARATOR.finditer(head))
    if not parts:
        return head
    last = parts[-1]
    before, after = head[: last.start()], head[last.end() :]
    is_site = bool(site) and after.casefold() == (site or "").casefold()
    return before if is_site or (len(before.split()) > 4 and len(after.split()) <= 4) else head

"""Mapping of table columns to the fields of an article."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backfile.archive.metadata.field_names import AUTHORS, DATE, LANGUAGE, SUMMARY, TITLE, TOPICS, UPDATED, normal

WORDPRESS_TEXT = "postcontent"
"""Column of the tables of WordPress that holds the text of a post, with blank lines for paragraphs and shortcodes."""

_TEXT = (
    *("text", "body", "content", "articlebody", "fulltext", "bodytext", "contenthtml", "bodyhtml", "html", "markdown"),
    *("contenttext", "articletext", "story", "article", "rawcontent", "maintext", "plaintext", WORDPRESS_TEXT),
)

# Field of an article → names of columns, best first, as `field_names.normal` writes them.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "guid", "uuid", "uid", "docid", "articleid", "key"),
    "title": (*TITLE, "name", "heading", "articletitle", "webtitle", "posttitle"),
    "text": _TEXT,
    "authors": (*AUTHORS, "authorname", "authornames", "authordisplayname", "postauthor"),
    "date": (*DATE, "datepublish", "postdate", "datetime", "timestamp", "pubtime", "webpublicationdate", "time"),
    "updated": (*UPDATED, "datemodify", "postmodified"),
    "topics": (*TOPICS, "section", "sectionname", "labels", "postcategory", "posttags"),
    "summary": (*SUMMARY, "lead", "teaser", "trailtext", "postexcerpt"),
    "source": ("source", "sourcename", "publication", "publisher", "newspaper", "outlet", "site", "sitename"),
    "url": ("url", "link", "weburl", "permalink", "canonicalurl", "canonical", "sourceurl", "originalurl", "href"),
    "language": LANGUAGE,
}
FIELDS = tuple(COLUMN_NAMES)


_FORMS = (
    "rendered",
    "raw",
    "value",
    "text",
    "html",
    "plain",
    "markdown",
    "#text",
    "$t",
    "_",
    "content",
    "name",
    "title",
)


def cell_text(value: object) -> object:
    """Value of a cell; of an object with one text, as `{"rendered": …}` of WordPress and `{"#text": …}`, that text."""
    if isinstance(value, Mapping):
        return next((form for key in _FORMS if isinstance(form := value.get(key), str)), value)
    return value


def map_columns(names: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Field → column, by the columns' names where `given` has no entry. A column belongs to one field only."""
    free = {normal(name): name for name in reversed(list(names)) if name not in given.values()}
    found = dict(given)
    for field, known in COLUMN_NAMES.items():
        if field not in found:
            name = next((each for each in known if each in free), None)
            if name is not None:
                found[field] = free.pop(name)
    return found

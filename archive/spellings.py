"""The names that the world gives to the fields of an article: one table, read by whoever meets a key."""

from __future__ import annotations

from functools import lru_cache

TITLE = ("title", "headline")
AUTHORS = ("authors", "author", "creators", "creator", "by", "byline", "writers", "writer")
TOPICS = ("topics", "topic", "tags", "tag", "categories", "category", "subjects", "subject", "keywords", "keyword")
DATE = (
    "date",
    "published",
    "publishdate",
    "pubdate",
    "publisheddate",
    "datepublished",
    "publishedat",
    "publishedon",
    "publicationdate",
    "dateissued",
    "issued",
    "created",
    "datecreated",
    "createdat",
)
UPDATED = (
    "updated",
    "lastmod",
    "modified",
    "dateupdated",
    "updatedat",
    "updateddate",
    "datemodified",
    "lastmodified",
    "lastmodifiedat",
    "lastupdated",
    "lastupdate",
)
SUMMARY = (
    "summary",
    "description",
    "excerpt",
    "abstract",
    "deck",
    "dek",
    "standfirst",
    "subtitle",
)
SOURCE_NAME = ("source", "sourcename", "publication", "publisher", "via")
SOURCE_URL = (
    "sourceurl",
    "originalurl",
    "canonicalurl",
    "canonical",
    "sourcelink",
    "link",
    "externalurl",
    "source",
    "via",
)
LANGUAGE = ("language", "lang", "locale")
DRAFT = ("draft", "published", "status", "poststatus", "visibility")
ADDRESSES = ("path", "permalink", "url", "slug")

KNOWN = frozenset(TITLE + AUTHORS + TOPICS + DATE + UPDATED + SUMMARY + SOURCE_NAME + SOURCE_URL + LANGUAGE + DRAFT)
NESTED = ("extra", "taxonomies", "params", "metadata", "meta")

_SEPARATORS = str.maketrans("", "", " \t_-.:")


@lru_cache(maxsize=4096)
def normal(key: str) -> str:
    """A key without case and separators, so that `publish_date`, `Publish-Date` and `publishDate` are one."""
    return key.translate(_SEPARATORS).casefold()

"""Field names: front matter keys that archives use, by field of an article."""

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
PUBLISHED = (
    "publishdate",
    "pubdate",
    "publisheddate",
    "datepublished",
    "publishedat",
    "publishedon",
    "publicationdate",
    "published",
    "publishon",
    "publishat",
    "publishfrom",
    "scheduledfor",
    "scheduledat",
    "golive",
    "availablefrom",
    "dateavailable",
)
EMBARGO = (
    "embargo",
    "embargoed",
    "embargountil",
    "embargoeduntil",
    "embargodate",
    "embargoenddate",
    "embargoend",
    "embargoends",
    "embargolift",
    "embargoliftdate",
    "embargoexpires",
    "dateembargo",
    "dcdateembargo",
)
EXPIRES = (
    "expires",
    "expireson",
    "expiresat",
    "availableuntil",
)
SITE_EXPIRES = (  # of site generators, which take pages off their menus by them
    "expirydate",
    "expiry",
    "expiredate",
    "expirationdate",
    "expiration",
    "unpublishdate",
    "unpublishon",
    "unpublishat",
)
UNLISTED = ("unlisted",)
WITHHELD = ("withheld", "withdrawn", "takedown", "takendown")
ADDRESSES = ("path", "permalink", "url", "slug")
NESTED = ("extra", "taxonomies", "params", "metadata", "meta")

# Field → keys, best first; FIELDS_OF is the way back: key → (field, rank of the key in it).
FIELDS = {
    "title": TITLE,
    "authors": AUTHORS,
    "topics": TOPICS,
    "date": DATE,
    "updated": UPDATED,
    "summary": SUMMARY,
    "source": SOURCE_NAME,
    "source_url": SOURCE_URL,
    "language": LANGUAGE,
    "draft": DRAFT,
    "address": ADDRESSES,
    "published": PUBLISHED,
    "embargo": EMBARGO,
    "expires": EXPIRES,
    "site_expires": SITE_EXPIRES,
    "unlisted": UNLISTED,
    "withheld": WITHHELD,
}
KNOWN = frozenset(key for name, keys in FIELDS.items() if name != "address" for key in keys)


def _fields_by_key() -> dict[str, tuple[tuple[str, int], ...]]:
    table: dict[str, tuple[tuple[str, int], ...]] = {}
    for name, keys in FIELDS.items():
        for rank, key in enumerate(keys):
            table[key] = (*table.get(key, ()), (name, rank))
    return table


FIELDS_OF = _fields_by_key()

_SEPARATORS = str.maketrans("", "", " \t_-.:\u00a0\u200b\ufeff")


@lru_cache(maxsize=4096)
def normal(key: str) -> str:
    """Normalizes a key: without case and separators, `publish_date`, `Publish-Date` and `publishDate` are equal."""
    return key.translate(_SEPARATORS).casefold()

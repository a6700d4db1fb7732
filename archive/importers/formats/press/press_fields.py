"""Fields that the press databases have in common: bylines, dates with weekday and edition, subjects, and their item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backfile.archive.importers.common.bylines import byline_authors, mixed_case
from backfile.archive.importers.common.masthead import letters_only
from backfile.archive.importers.item import Item
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata, PartialDate

MAX_TOPICS = 30
_LONGEST_DATE = 12
"""Words of a date with weekday and edition."""
_LONGEST_BYLINE = 400
_SHORT_AND = 5
"""Letters that words between names may have (`and`, `und`)."""

_PARTICLES = frozenset(
    {
        "van",
        "von",
        "de",
        "der",
        "den",
        "del",
        "della",
        "di",
        "da",
        "dos",
        "la",
        "le",
        "ten",
        "ter",
        "bin",
        "al",
        "el",
        "zu",
    }
)
_AT = frozenset({"in", "at", "à", "aus"})
_SMALL_WORDS = frozenset(
    {
        "of",
        "and",
        "the",
        "in",
        "for",
        "on",
        "to",
        "by",
        "at",
        "or",
        "a",
        "an",
        "de",
        "la",
        "le",
        "les",
        "du",
        "des",
        "et",
    }
    | {"en", "und", "der", "die", "das", "y", "el", "van", "het"}
)
_BETWEEN = re.compile(
    r"[;|/]|(?<!\s)\s+(?:and|und|et|y|e|en|og|och|&|with)\s|\b(?:reported|researched|written|compiled|edited) by\b",
    re.IGNORECASE,
)
_THE_PAPER = re.compile(r",\s+[Tt]he\s[^\n]*")
_IN_PARENTHESES = re.compile(r"\([^()]{1,60}\)")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BY = re.compile(r"(?:by|von|par|por|door|di|af|av|from|de notre \w+)(?:\s*:)?\s+(?=\S)", re.IGNORECASE)
_ROLE = re.compile(
    r"\b(?:staff|correspondents?|editors?|reporters?|writers?|columnists?|journalists?|bureau|agency|special|redaktion"
    r"|redaktør|journalistes?|correspondante?s?|envoyée?|contribut(?:ed|ing|ors?)|online|newspapers?|limited|ltd|news"
    r"|service)\b",
    re.IGNORECASE,
)
_HOST = re.compile(r"\S\.(?:com|net|org|co|info|[a-z]{2})\b|@|https?:", re.IGNORECASE)
_SHARE = re.compile(r"(?<!\s)\s*+\(\d{1,3}\s?%\)")
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}")
_SPACED_DATE = re.compile(r"\s+")


@dataclass(slots=True)
class PressArticle:
    """Article of a press database, as far as it is known.

    The source in its `metadata` comes from `newspaper` and `url`; `details` has further fields by their names.
    """

    metadata: ArticleMetadata = field(default_factory=ArticleMetadata)
    newspaper: str = ""
    url: str = ""
    body: str = ""
    details: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def describe(self, **values: Any) -> None:
        """Sets fields of the metadata; a language may be named in any way."""
        if "language" in values:
            values["language"] = press_language(values["language"] or "")
        self.metadata = replace(self.metadata, **values)

    def set_byline(self, byline: str) -> None:
        """Sets the authors; the byline is kept as it stands if it says more than their names."""
        authors = press_authors(byline)
        self.describe(authors=authors)
        named = letters_only("".join(authors))
        said = letters_only(_BY.sub("", byline.strip(), count=1))
        if len(said) > len(named) + _SHORT_AND:
            self.details["original_byline"] = " ".join(byline.split())

    def item(self, origin: str = "") -> Item:
        """Item of the article; without an `origin` it is known again by newspaper, date and headline."""
        known = self.metadata
        named = ", ".join(filter(None, (self.newspaper, known.date.isoformat() if known.date else "")))
        return Item(
            origin=origin or ": ".join(filter(None, (named, known.title[:200]))) or "article",
            metadata=replace(
                known,
                topics=known.topics[:MAX_TOPICS],
                summary=known.summary or None,
                source=source_of(self.newspaper, self.url),
            ),
            body=self.body,
            extra={key: value for key, value in self.details.items() if value},
            notes=tuple(self.notes),
        )


def press_authors(byline: str) -> tuple[str, ...]:
    """Authors in the byline of a press database, without roles, places, addresses and the name of the site."""
    bare = _BY.sub("", " ".join(byline[:_LONGEST_BYLINE].split()).strip(" .,;"), count=1)
    found: list[str] = []
    for part in _BETWEEN.split(bare):
        pieces = _IN_PARENTHESES.sub("", _THE_PAPER.sub("", part)).split(",")
        kept = [piece for piece in map(_without_role, pieces) if piece[:1].isalpha() and not _HOST.search(piece)]
        whole = ", ".join(kept)
        names = byline_authors(f"By {whole}") or author_names(whole)
        found += [mixed_case(_mixed_words(name)) for name in names if not _ROLE.search(name)]
    return tuple(dict.fromkeys(found))


def _mixed_words(name: str) -> str:
    """Name of which one word is in capitals (`TREVOR Kavanagh`) in mixed case."""
    if not any(letter.islower() for letter in name):
        return name
    return " ".join(word.capitalize() if word.isupper() and len(word) > 3 else word for word in name.split())


def _without_role(part: str) -> str:
    """Name without a role behind it and without the place of the report; empty if it is nothing but a role."""
    words = part.split()
    while words and words[0].islower() and words[0] not in _PARTICLES:
        words = words[1:]
    for index in range(2, len(words) - 1):
        if words[index].casefold() in _AT and words[index + 1][0].isupper():
            return _without_role(" ".join(words[:index]))
    if words and _ROLE.search(words[-1]) and re.match(r"[A-Z]{2,5} \w*[a-z]", " ".join(words)):
        return ""  # `AP Business Writer`
    if not words or not _ROLE.search(words[-1]):
        return " ".join(words) if not _ROLE.search(" ".join(words)) else ""
    size = 2
    while size < len(words) and (words[size - 1].casefold() in _PARTICLES or words[size - 1].endswith(".")):
        size += 1
    return " ".join(words[:size]) if size < len(words) and not _ROLE.search(" ".join(words[:size])) else ""


def split_date(text: str, *, day_first: bool | None = None) -> tuple[PartialDate | None, str]:
    """Date at the beginning of a text such as `July 1, 2015 Wednesday Met 2 Edition`, and what follows it.

    None and the whole text if it begins with no date.
    """
    words = _SPACED_DATE.split(text.strip())
    for length in range(min(len(words), _LONGEST_DATE), 0, -1):
        date, note = date_with_note(" ".join(words[:length]).rstrip(",;"), day_first=day_first)
        if date is not None and not note:
            return date, " ".join(words[length:]).strip(" ,;-–")
    return None, text


def edition_of(rest: str) -> str:
    """Edition in the words after a date; empty for a time of day."""
    return "" if _CLOCK.search(rest) else rest


def subject_topics(subjects: str) -> tuple[str, ...]:
    """Topics of a list of subjects (`EUROPEAN UNION (90%); WAGES (78%)`), capitals made lower."""
    bare = _SHARE.sub(";", " ".join(subjects.split()))
    parts = bare.split(";") if ";" in bare else bare.split(",")
    return tuple(dict.fromkeys(_topic(part) for part in parts if part.strip(" .|")))


def _topic(part: str) -> str:
    words = part.strip(" .|")
    return _WORD.sub(_mixed_word, words) if words.isupper() and len(words) > 4 else words


def _mixed_word(found: re.Match[str]) -> str:
    word = found[0]
    if word.casefold() in _SMALL_WORDS and found.start() > 0:
        return word.lower()
    return word if len(word) == 2 else word.capitalize()


def press_language(named: str) -> str | None:
    """Code of a language that is named once or in several ways: `ENGLISH`, `GERMAN; DEUTSCH`, `Englisch`."""
    return next(filter(None, map(_language, re.split(r"[;,/]", named))), None)


def _language(name: str) -> str | None:
    return _LANGUAGES.get(name.strip().casefold()) or language_code(name)


# Names of languages in the languages of the databases' pages that `archive.languages` has not.
_LANGUAGES: Mapping[str, str] = {
    "englisch": "en", "anglais": "en", "inglés": "en", "ingles": "en", "inglese": "en", "engels": "en", "英语": "en",
    "inglês": "en", "英語": "en", "английский": "en", "allemand": "de", "alemán": "de", "tedesco": "de", "duits": "de",
    "德语": "de", "französisch": "fr", "francés": "fr", "francese": "fr", "frans": "fr", "法语": "fr",
    "spanisch": "es", "espagnol": "es", "spagnolo": "es", "spaans": "es", "castellano": "es", "italienisch": "it",
    "italien": "it", "italiaans": "it", "niederländisch": "nl", "néerlandais": "nl", "holandés": "nl",
    "portugiesisch": "pt", "portugais": "pt", "russisch": "ru", "russe": "ru", "ruso": "ru", "chinesisch": "zh",
    "chinois": "zh", "chino": "zh", "中文(简体)": "zh", "japanisch": "ja", "koreanisch": "ko", "arabisch": "ar",
    "arabe": "ar", "árabe": "ar", "polnisch": "pl", "polonais": "pl", "türkisch": "tr", "dänisch": "da",
    "schwedisch": "sv", "norwegisch": "no",
}  # fmt: skip


def joined(values: Iterable[str]) -> str:
    """Values on one line, each once, without those that are blank."""
    return "; ".join(dict.fromkeys(value.strip() for value in values if value.strip()))

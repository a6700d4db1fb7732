"""Keys by which names of authors and topics are compared, and the spelling that a name is read with."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WIKI_LINK = re.compile(r"\[\[([^\[\]]{1,300})\]\]")
_SEPARATORS = str.maketrans(dict.fromkeys("-_\u2010\u2011\u2012\u2013\u00ad", " "))
_DOTS = str.maketrans({".": " ", "\u2019": "'", "\u02bc": "'"})
_MOST_KEYS = 1 << 17


@lru_cache(maxsize=_MOST_KEYS)
def author_key(name: str) -> str:
    """Key of an author: equal for spellings that differ in case, Unicode form, spacing, hyphens or dots."""
    return _folded(name.translate(_DOTS)) or name


@lru_cache(maxsize=_MOST_KEYS)
def topic_key(name: str) -> str:
    """Key of a topic: equal for spellings that differ in case, Unicode form, spacing, hyphens or underscores."""
    return _folded(name) or name


def _folded(name: str) -> str:
    folded = name if name.isascii() else unicodedata.normalize("NFC", name)
    return " ".join(folded.translate(_SEPARATORS).casefold().split())


def composed(text: str) -> str:
    """Text in Unicode's composed form (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def without_wiki_links(text: str) -> str:
    """Text with `[[Mara Quill]]`, `[[people/Mara Quill|Mara]]` and `[[Works#Tides]]` replaced by what they show."""
    return _WIKI_LINK.sub(lambda link: _shown(link[1]), text) if "[[" in text else text


def _shown(link: str) -> str:
    target, bar, label = link.partition("|")
    if bar and label.strip():
        return label.strip()
    return target.partition("#")[0].rpartition("/")[2].removesuffix(".md").strip() or target.strip()

"""How the terms of a word's family can begin: what tells most words of a text from it at a glance."""

from __future__ import annotations

from index.families import family_keys

# Languages whose Snowball stemmer leaves the beginning of a word alone (tests hold them to it). The others, such as
# Arabic and Indonesian, take prefixes off or rewrite letters.
_KEEPING = frozenset(
    ("ca", "cs", "da", "en", "es", "eu", "fi", "fr", "hu", "it", "lt", "nb", "nn", "no", "pl", "pt", "ro", "ru", "sv")
)
_KEPT = 2  # letters; a stem of three can end in a letter that was another (dying, die), so one is kept of those


def beginnings(term: str, languages: tuple[str, ...]) -> frozenset[str] | None:
    """Texts with one of which every term of the family begins, once an elision such as l' is taken off.

    None when the languages do not allow to say so.
    """
    found: set[str] = {term[:_KEPT]}
    for key in family_keys(term, languages):
        language, _, stem = key.partition(":")
        kept = stem[:_KEPT] if len(stem) > _KEPT + 1 or not language else stem[:1]
        if language in _KEEPING or not language:
            found.add(kept)
        elif language == "de":
            found.update((kept, stem[:1] + "e"))  # the stemmer reads ae, oe and ue as umlauts
        elif language == "nl":
            found.update((kept, "ge"))  # taken off as the prefix of a participle
        else:
            return None
    return frozenset(text for text in found if not any(text != other and text.startswith(other) for other in found))

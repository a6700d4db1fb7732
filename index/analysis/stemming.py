"""Stemming at query time: terms with a common stem key are stem siblings (declare, declares, declared)."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import lru_cache

import Stemmer

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.stop_words import stop_words

_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "st": "sesotho", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
LANGUAGES = frozenset(_ALGORITHMS)
"""Languages (ISO 639-1) with a Snowball stemmer."""

# Languages in other letters than Latin: Latin words in their articles are English ones, as a rule.
_OTHER_LETTERS = {
    "am", "ar", "as", "be", "bg", "bn", "dv", "el", "fa", "gu", "he", "hi", "hy", "ja", "ka", "kk",
    "km", "kn", "ko", "ky", "lo", "mk", "ml", "mn", "mr", "my", "ne", "or", "pa", "ps", "ru", "sa",
    "sd", "si", "ta", "te", "tg", "th", "ti", "tt", "ug", "uk", "ur", "yi", "zh",
}  # fmt: skip

_POSSESSIVE = re.compile(r"'s\Z")
_ELISIONS = {
    "ca": re.compile(r"\A(?:d|l|m|n|s|t)'"),
    "fr": re.compile(r"\A(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)'"),
    "it": re.compile(
        r"\A(?:[cdlmstv]|un|gl|dell|all|dall|nell|sull|coll|degl|agl|quell|quest|bell|sant|tutt|anch|com|dov|cent|mezz)'"
    ),
}
# Folding took the accents by which the stemmers know these endings: nação, nações; déclarée, déclarées.
_ACCENTED_ENDINGS = {
    "fr": (re.compile(r"ee(s?)\Z"), r"ée\1"),
    "pt": (re.compile(r"c(?:ao|oes)\Z"), "ção"),
}
# Number of letters at the end of a stem by which it may differ from its siblings (die, dying; journal, journaux); all
# siblings begin with the letters before them. Stemmers of other languages remove prefixes, or were not examined, except
# German, where the first letter is constant.
_VARIABLE_ENDING = {"en": 2} | dict.fromkeys(
    ("ca", "da", "es", "fi", "fr", "it", "nb", "nn", "no", "pt", "ro", "ru", "sv"), 3
)
_FIRST_LETTER_ONLY = {"de"}
# Arabic writes and, so, with, like, to and the article as letters before a word: the article is taken off any word, the
# other ones only off words of articles, since a typed كتاب is not ك + تاب. Snowball takes off some of both; with the
# article before a word it takes off nothing else there.
_ARABIC = re.compile("[\u0621-\u064a]")
_ARABIC_ARTICLE = re.compile(r"\A(?:[وف]?(?:[بك]?ال|لل))(?=\w{2})")
_ARABIC_PROCLITICS = re.compile(r"\A(?:[وف]?[بلك]|[وف])(?=\w{3})")
_NO_STEM = re.compile(r"[\d'+#]")
_MIN_LETTERS = 3


class _Stemmers(threading.local):
    """Stemmers by language, one set a thread: a Snowball stemmer is not thread-safe."""

    def __init__(self) -> None:
        self._stemmers: dict[str, Stemmer.Stemmer] = {}

    def __getitem__(self, language: str) -> Stemmer.Stemmer:
        stemmer = self._stemmers.get(language)
        if stemmer is None:
            stemmer = self._stemmers[language] = Stemmer.Stemmer(_ALGORITHMS[language], 0)
        return stemmer


_stemmers = _Stemmers()


@lru_cache(maxsize=256)
def stemming_languages(language: str | None, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Languages, among those of an index, by which the words of an article in `language` (BCP 47) are stemmed.

    Its own; English too for articles in other letters than Latin. The main language, the first of the index, for an
    article of unknown language; none for one without a stemmer.
    """
    if language is None:
        return languages[:1]
    code = language.lower().partition("-")[0]
    own = [each for each in languages if each.lower().partition("-")[0] == code]
    return (*own, *(each for each in languages if each == "en" and code in _OTHER_LETTERS))


def stem_keys(term: str, languages: tuple[str, ...]) -> frozenset[str]:
    """Stem keys of a folded term in the languages of an index.

    Two terms are stem siblings if they are equal or share a key. A key is `language:stem` by that language's Snowball
    stemmer, after a possessive 's or a French, Italian or Catalan elision is removed; languages (ISO 639-1, regions
    ignored) without a stemmer add none. Short words, words with digits and stop words have the key `:word` (`como` is
    no sibling of `comando`), and so has every word where no language has a stemmer.
    """
    plain = _POSSESSIVE.sub("", term)
    keys = [_key(plain, code) for code in _stemmed_languages(languages)]
    return frozenset(keys or [f":{term}"])


def stem_keys_in(terms: Sequence[str], language: str) -> list[str]:
    """Stem key of each term in one language, without the prefix `language:`; `:us` for a term without a stem.

    Equal to `stem_keys` of each term, at a third of the cost for many terms.
    """
    codes = _stemmed_languages((language,))
    if not codes:
        return [f":{term}" for term in terms]
    code = codes[0]
    plain = [_without_elision(_POSSESSIVE.sub("", term), code) if "'" in term else term for term in terms]
    without = stop_words(code)
    keys = [
        f":{term}" if len(term) < _MIN_LETTERS or term in without or _NO_STEM.search(term) else "" for term in plain
    ]
    stemmed = [term for term, key in zip(plain, keys, strict=True) if not key]
    stems = iter(_stemmers[code].stemWords([_stemmable(term, code) for term in stemmed]))
    return [key or next(stems) for key in keys]


def sibling_keys(term: str, languages: tuple[str, ...]) -> frozenset[str]:
    """Keys under which a term of an article is a stem sibling of typed words: those of `stem_keys`, in Arabic more.

    Those are the keys without the letters before a word that may be words of their own (`لحادث` → `حادث`), and without
    the pronouns after it.
    """
    keys = stem_keys(term, languages)
    if "ar" not in _stemmed_languages(languages):
        return keys
    return keys.union(f"ar:{key}" for key in further_keys(term, "ar"))


def further_keys(term: str, language: str) -> tuple[str, ...]:
    """Keys of `sibling_keys` that `stem_keys` has not, without the prefix `language:`; () for all but Arabic words."""
    if language != "ar" or len(term) < _MIN_LETTERS or not _ARABIC.match(term):
        return ()
    words = [term]
    proclitics = _ARABIC_PROCLITICS.match(term)
    if proclitics is not None and not _ARABIC_ARTICLE.match(term):
        words += [term[end:] for end in (1, proclitics.end())]
    stems = [(word, _stemmers["ar"].stemWord(word)) for word in words]
    keys = [_key(word, "ar") for word in words[1:]]
    keys += [f"ar:{stem}" for word, stem in stems if word.startswith(stem) and word not in stop_words("ar")]
    return tuple(dict.fromkeys(key.partition(":")[2] for key in keys if key.startswith("ar:")))


@lru_cache(maxsize=64)
def _stemmed_languages(languages: tuple[str, ...]) -> tuple[str, ...]:
    codes = dict.fromkeys(language.lower().partition("-")[0] for language in languages)
    return tuple(code for code in codes if code in _ALGORITHMS)


def _key(term: str, language: str) -> str:
    term = _without_elision(term, language)
    if len(term) < _MIN_LETTERS or term in stop_words(language) or _NO_STEM.search(term):
        return f":{term}"
    return f"{language}:{_stemmers[language].stemWord(_stemmable(term, language))}"


def _without_elision(term: str, language: str) -> str:
    return _ELISIONS[language].sub("", term) if language in _ELISIONS else term


def _stemmable(term: str, language: str) -> str:
    """Form of a folded term that the stemmer of a language reads as it should."""
    if language == "ar":
        return "ال" + _ARABIC_ARTICLE.sub("", term)
    if language not in _ACCENTED_ENDINGS:
        return term
    ending, accented = _ACCENTED_ENDINGS[language]
    return ending.sub(accented, term)


def stem_prefixes(term: str, languages: tuple[str, ...]) -> frozenset[str]:
    """Folded prefixes, one of which every stem sibling has after its elision; "" if none is known."""
    return frozenset(_prefix(key) for key in stem_keys(term, languages))


def _prefix(key: str) -> str:
    language, _, stem = key.partition(":")
    if not language:
        return stem
    if language in _FIRST_LETTER_ONLY:
        return fold(stem[:1])
    return fold(stem[: max(len(stem) - _VARIABLE_ENDING[language], 1)]) if language in _VARIABLE_ENDING else ""

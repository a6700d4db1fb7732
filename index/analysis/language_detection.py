"""Language of a text, told by its script, by its stop words, and by py3langid where these do not tell.

docs/decisions/languages.md has the figures. A text too short or too mixed to tell has none: a wrong language is worse.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt
from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.stop_words import stop_word_languages, stop_words

_SAMPLE = 600  # characters of the text; stop words are a third of prose
_LONG_SAMPLE = 3_000  # characters, where the beginning is code or does not tell
_SHORT = 60  # characters
_LETTERS = 24  # fewer do not tell; of scripts with one language, two
_SCRIPT_SHARE = 0.3  # of the letters, for the language of a script: articles on software are full of Latin code
_WORDS = 4  # stop words at least,
_WORD_SHARE = 0.2  # of all words, and
_MARGIN = 1.6  # times those of the second language, for a language by its stop words
_CERTAIN = 0.95  # probability by py3langid

# Scripts (ISO 15924) by their blocks of letters.
_BLOCKS = {
    "Grek": "370-3ff 1f00-1fff", "Cyrl": "400-52f", "Armn": "531-587", "Hebr": "5d0-5ea", "Arab": "620-6ff",
    "Deva": "904-939", "Beng": "985-9b9", "Guru": "a05-a39", "Gujr": "a85-ab9", "Orya": "b05-b39", "Taml": "b85-bb9",
    "Telu": "c05-c39", "Knda": "c85-cb9", "Mlym": "d05-d39", "Sinh": "d85-dc6", "Thai": "e01-e2e", "Laoo": "e81-eae",
    "Mymr": "1000-102a", "Geor": "10d0-10fa", "Ethi": "1200-137f", "Khmr": "1780-17a2", "Kana": "3041-30fa",
    "Hani": "3400-4dbf 4e00-9fff", "Hang": "ac00-d7a3",
}  # fmt: skip
_WEIGHTS = {"Hani": 3, "Kana": 3, "Hang": 2}  # letters that are a syllable or a word
_OF_ONE_LANGUAGE = {
    "Grek": "el", "Armn": "hy", "Hebr": "he", "Beng": "bn", "Guru": "pa", "Gujr": "gu", "Orya": "or", "Taml": "ta",
    "Telu": "te", "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Thai": "th", "Laoo": "lo", "Mymr": "my", "Geor": "ka",
    "Ethi": "am", "Khmr": "km", "Kana": "ja", "Hani": "zh", "Hang": "ko",
}  # fmt: skip
_OF_SCRIPT = {
    "Latn": {
        "af", "ca", "cs", "cy", "da", "de", "en", "eo", "es", "et", "eu", "fi", "fr", "ga", "gl",
        "hr", "hu", "id", "is", "it", "la", "lb", "lt", "lv", "ms", "mt", "nl", "no", "pl", "pt",
        "ro", "sk", "sl", "sq", "sr", "sv", "sw", "tl", "tr", "uz", "vi",
    },
    "Arab": {"ar", "fa", "ps", "ug", "ur"},
    "Cyrl": {"be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "tt", "uk"},
    "Deva": {"hi", "mr", "ne", "sa"},
}  # fmt: skip
# Letters that a language has not, for those whose neighbours have no list of stop words or a similar one.
_FOREIGN_LETTERS = {
    "ar": "پچژگکیٹڈڑںھہ", "bg": "ыэёіїєґўјљњћђџѓќѕәғқңөұүһ", "fa": "ٹڈڑںھہےېۇۆ", "hi": "", "ne": "",
    "ru": "іїєґўјљњћђџѓќѕәғқңөұүһ", "sr": "ыэёіїєґўъщѓќѕ", "uk": "ыэёъўјљњћђџѓќѕ",
}  # fmt: skip
_SAME = {"nb": "no", "nn": "no", "bs": "hr", "arz": "ar", "ary": "ar"}
_NEIGHBOURS = {"sr": "hr", "ms": "id"}  # told apart by the model as well as can be, not with certainty

_LETTER = re.compile(r"[^\W\d_]")
_BEYOND_LATIN = re.compile("[\u0370-\u1cff\u1f00-\u1fff\u3041-\ud7a3]")


def detect_language(*texts: str) -> str | None:
    """Language (ISO 639-1) of the texts of one article together; None if their beginnings do not tell."""
    text = "\n".join(filter(None, texts))
    return _detect(text[:_SAMPLE]) or (_detect(text[:_LONG_SAMPLE]) if len(text) > _SAMPLE else None)


def is_written_in(language: str, *texts: str) -> bool:
    """False if the texts are in a script in which a language (BCP 47) is not written: Cyrillic under `en`.

    Latin passes for every language: code and names are Latin everywhere. So does a text of a few letters.
    """
    text = "\n".join(filter(None, texts))[:_SAMPLE]
    code, script = language.lower().partition("-")[0], _script(text)
    if script == "Latn" or len(_BEYOND_LATIN.findall(text)) < _LETTERS:
        return True
    known = {each for codes in _OF_SCRIPT.values() for each in codes}.union(_OF_ONE_LANGUAGE.values())
    of_script = _OF_SCRIPT.get(script) or {_OF_ONE_LANGUAGE[script]}
    return code in of_script or code not in known or {code, *of_script} <= {"ja", "zh"}


def _detect(text: str) -> str | None:
    script = _script(text)
    if script in _OF_ONE_LANGUAGE:
        return _OF_ONE_LANGUAGE[script]
    if len(_LETTER.findall(text[:_SHORT])) < _LETTERS and len(_LETTER.findall(text)) < _LETTERS:
        return None
    return _by_stop_words(text, script) or _by_model(text, _OF_SCRIPT[script])


def _script(text: str) -> str:
    """Script of a text: Latin, unless letters of another have their share."""
    found = [] if text.isascii() else _BEYOND_LATIN.findall(text)
    if not found or 4 * len(found) < _SCRIPT_SHARE * len(text) / 2:
        return "Latn"
    counts: Counter[str] = Counter()
    for letter, number in Counter(found).items():
        counts[_script_of_letter(letter)] += number
    han, kana = counts["Hani"], counts["Kana"]
    kept, other = ("Kana", "Hani") if 10 * kana >= han else ("Hani", "Kana")  # Japanese mixes both
    counts[kept] += counts.pop(other, 0)
    script, count = max(counts.items(), key=lambda item: item[1])
    weight = _WEIGHTS.get(script, 1)
    letters = len(_LETTER.findall(text)) + count * (weight - 1)
    return script if count > 1 and script and count * weight >= _SCRIPT_SHARE * letters else "Latn"


@lru_cache(maxsize=20_000)
def _script_of_letter(letter: str) -> str:
    code = ord(letter)
    for name, blocks in _BLOCKS.items():
        for block in blocks.split():
            first, _, last = block.partition("-")
            if int(first, 16) <= code <= int(last, 16):
                return name
    return ""


def _by_stop_words(text: str, script: str) -> str | None:
    words = text.lower().split()  # a word with a sign at its end is hardly a stop word
    rows, matrix, codes = _stop_word_matrix()
    known = [rows[term] for word in words if (term := word if word.isascii() else _folded(word)) in rows]
    if len(known) < _WORDS:
        return None
    counts = dict(zip(codes, matrix[known].sum(axis=0, dtype=np.int32).tolist(), strict=True))
    counts = {code: counts[code] for code in _OF_SCRIPT[script] if code in counts}
    best = max(counts, key=counts.__getitem__)
    most, second = counts.pop(best), max(counts.values())
    if most < max(_WORDS, _WORD_SHARE * len(words), _MARGIN * second):
        return None
    if script == "Deva" or not set(text.lower()).isdisjoint(_FOREIGN_LETTERS.get(best, "")):
        return None
    return best


_folded = lru_cache(maxsize=20_000)(fold)


@lru_cache(maxsize=1)
def _stop_word_matrix() -> tuple[dict[str, int], npt.NDArray[np.uint8], tuple[str, ...]]:
    """Row of each stop word in a matrix, which has 1 in the columns of its languages; the languages."""
    codes = stop_word_languages()
    rows = {word: row for row, word in enumerate(sorted(set(chain.from_iterable(map(stop_words, codes)))))}
    matrix = np.zeros((len(rows), len(codes)), np.uint8)
    for column, code in enumerate(codes):
        matrix[[rows[word] for word in stop_words(code)], column] = 1
    return rows, matrix, codes


def _by_model(text: str, candidates: set[str]) -> str | None:
    probabilities: defaultdict[str, float] = defaultdict(float)
    for language, probability in _identifier().rank(text):
        probabilities[_SAME.get(language, language)] += probability
    best = max(probabilities, key=probabilities.__getitem__)
    group = _NEIGHBOURS.get(best, best)
    together = sum(value for code, value in probabilities.items() if _NEIGHBOURS.get(code, code) == group)
    return best if best in candidates and together >= _CERTAIN else None


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """Model of py3langid, without the languages that are not ours and take the part of near ones."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    wanted = {"zxx", *_SAME, *chain.from_iterable(_OF_SCRIPT.values())}
    identifier.set_languages([code for code in identifier.nb_classes if code in wanted])
    return identifier

"""Languages by code (ISO 639-1 with an optional region or script, BCP 47) and by name."""

from __future__ import annotations

import re

_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu "
    "ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na "
    "nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so "
    "sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_CODES = frozenset(_ISO_639_1.split())
_NAMES = {
    "arabic": "ar", "العربية": "ar", "bulgarian": "bg", "catalan": "ca", "català": "ca", "chinese": "zh", "中文": "zh",
    "czech": "cs", "čeština": "cs", "danish": "da", "dansk": "da", "dutch": "nl", "nederlands": "nl", "english": "en",
    "finnish": "fi", "suomi": "fi", "french": "fr", "français": "fr", "francais": "fr", "german": "de", "deutsch": "de",
    "greek": "el", "ελληνικά": "el", "hebrew": "he", "עברית": "he", "hindi": "hi", "hungarian": "hu", "magyar": "hu",
    "indonesian": "id", "italian": "it", "italiano": "it", "japanese": "ja", "日本語": "ja", "korean": "ko",
    "한국어": "ko", "latin": "la", "norwegian": "no", "norsk": "no", "persian": "fa", "polish": "pl", "polski": "pl",
    "portuguese": "pt", "português": "pt", "romanian": "ro", "română": "ro", "russian": "ru", "русский": "ru",
    "spanish": "es", "español": "es", "swedish": "sv", "svenska": "sv", "thai": "th", "turkish": "tr", "türkçe": "tr",
    "ukrainian": "uk", "українська": "uk", "vietnamese": "vi", "welsh": "cy", "cymraeg": "cy",
}  # fmt: skip
_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?(?:[.@].*)?\Z", re.ASCII)
_IN_NAME = re.compile(r"\.([a-z]{2}(?:[-_](?:[A-Za-z]{2}|[A-Z][a-z]{3}))?)\.[A-Za-z]+\Z", re.ASCII)


def language_code(text: str) -> str | None:
    """Normalized code of a language code or name (`EN_us` → `en-US`, `Deutsch` → `de`); None if unknown."""
    named = _NAMES.get(text.strip().casefold())
    if named is not None:
        return named
    found = _TAG.match(text.strip())
    if found is None or (len(found[1]) == 2 and found[1].lower() not in _CODES):
        return None
    parts = [found[1].lower(), found[2] and found[2].title(), found[3] and found[3].upper()]
    return "-".join(part for part in parts if part)


def language_in_name(path: str) -> str | None:
    """Language in a file's name, `post.fr.md` or `post.pt-BR.md`, or None."""
    found = _IN_NAME.search(path)
    return language_code(found[1]) if found else None


def is_language_folder(name: str) -> bool:
    """True if a folder's name is a language code: `fr`, `pt-BR`, `zh_hans`."""
    return len(name) != 3 and language_code(name) is not None and name.casefold() not in _NAMES

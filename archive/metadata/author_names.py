"""Names of authors from the ways in which articles give them: strings, lists, mappings, bylines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import unescape

_NAME_KEYS = ("display_name", "displayname", "name", "full_name", "fullname", "title", "label", "value", "slug", "id")
_FIRST_NAME_KEYS = ("first_name", "firstname", "given_name", "given", "first")
_LAST_NAME_KEYS = ("last_name", "lastname", "family_name", "family", "last")

_BY = re.compile(r"(?:(?:words|written|reported|story|posted|text|article)\s+)?by(?::\s*|\s+)(?=\S)", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]]{1,300})\]\([^()]*\)")
_ANGLED = re.compile(r"(?<!\s)\s*+<(?=[^<>]*(?:@|://))[^<>]*+>")
_RSS = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w.-]++\s*+\(([^()]+)\)\Z")
_HARD_BREAK = re.compile(r"\([^()]*\)|( ?[;；、] ?| \| | / )")
_COMMA = re.compile(r"\([^()]*\)|( ?[,،，] ?)")
_AND = re.compile(r"\([^()]*\)|( (?:and|&|\+) )", re.IGNORECASE)
_FOREIGN_AND = re.compile(r"\([^()]*\)|( (?:und|et|y|e|en|och|og|и|i) )")
_LEADING_AND = re.compile(r"(?:and|&)\s+", re.IGNORECASE)
_PARENTHESIS = re.compile(r"(?<!\s)\s*+\([^()]*\)")
_HANDLE = re.compile(r"@?\w[\w.’'-]*\Z")
_INITIAL = re.compile(r"[^\W\d_]\.?(?:-?[^\W\d_]\.)*\Z")

_SUFFIX = re.compile(
    r"(?:jr|sr|ii|iii|iv|esq|ph\.?\s?d|d\.?\s?phil|m\.?d|m\.?a|b\.?a|m\.?sc|b\.?sc|mph|mba|m\.?p|r\.?n|j\.?d|ll\.?[mdb]|"
    r"c\.?p\.?a|d\.?d\.?s|ed\.?d|frs|obe|mbe|cbe|s\.?j|usn|usmc|usaf|ret)\.?\Z",
    re.IGNORECASE,
)
_PARTICLES = frozenset(
    {"de", "da", "do", "dos", "das", "di", "del", "della", "der", "den", "van", "von", "zu", "zum", "zur", "ter", "ten"}
    | {"la", "le", "du", "des", "y", "e", "al", "el", "bin", "ibn", "af", "av"}
)
_NO_PERSON = re.compile(
    r"\b(?:team|teams|group|groups|wg|project|office|department|dept|ministry|committee|council|foundation|magazine|"
    r"times|news|newspaper|gazette|herald|tribune|post|agency|institute|university|college|association|society|board|"
    r"staff|inc|llc|ltd|gmbh|company|press|bureau|services?|cent(?:er|re)|community|editors?|sons|bros|brothers|"
    r"standards|program|programme|initiative|network|media|director|reporter|correspondent|president|"
    r"secretary|manager|chair|of|for|on|at|in|from|behalf|partnership)\b",
    re.IGNORECASE,
)
_NOBODY = frozenset({"", "by", "null", "none", "nil", "unknown", "n/a", "-", "undefined"})


def author_names(value: object, display: Callable[[str], str] = str) -> tuple[str, ...]:
    """Authors named by a value, in its order, without duplicates.

    `value` is a string, a mapping with a name, or a list of these. Strings are taken apart at `;`, and at commas and
    "and" where all parts look like people. `display` turns a key of the library (`jane-doe`) into a name.
    """
    names: dict[str, str] = {}
    for raw in raw_names(value):
        for name in _people(raw.strip(), display):
            if name.casefold() not in _NOBODY:
                names.setdefault(name.casefold(), name)
    return tuple(names.values())


def raw_names(value: object, *, booleans: bool = False) -> Iterator[str]:
    """Yields the unparsed names of a value: strings and numbers, names of mappings, lists of these."""
    if isinstance(value, bool):
        yield from (str(value).lower(),) if booleans else ()
    elif isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, Mapping):
        name = name_in(value)
        if name is not None:
            yield name
        else:
            for key, inner in value.items():
                yield (name_in(inner) if isinstance(inner, Mapping) else None) or str(key)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from raw_names(item, booleans=booleans)


def name_in(value: Mapping[str, object]) -> str | None:
    """Name of the person or topic that a mapping describes."""
    lowered = {str(key).casefold(): inner for key, inner in value.items()}
    name = _first_text(lowered, _NAME_KEYS)
    if name:
        return name
    parts = (_first_text(lowered, _FIRST_NAME_KEYS), _first_text(lowered, _LAST_NAME_KEYS))
    return " ".join(filter(None, parts)) or None


def _first_text(lowered: Mapping[str, object], keys: Iterable[str]) -> str:
    texts = (lowered.get(key) for key in keys)
    return next((str(text).strip() for text in texts if isinstance(text, str | int | float) and str(text).strip()), "")


def _people(raw: str, display: Callable[[str], str]) -> Iterator[str]:
    known = display(raw)
    if known != raw:
        yield known
        return
    text = unescape(raw) if "&" in raw else raw
    text = _BY.sub("", text, count=1) if _BY.match(text) else text
    if "@" in text or "](" in text or "://" in text:
        text = _RSS.sub(r"\1", _ANGLED.sub("", _LINK.sub(r"\1", text)))
    lines = " ; ".join(" ".join(line.split()) for line in text.splitlines())
    for part in _parts(_HARD_BREAK, lines):
        for name in split_names(part):
            yield display(name)


def _parts(separator: re.Pattern[str], text: str) -> list[str]:
    """Splits a text at a separator (its only group) outside parentheses; drops empty parts."""
    parts, offset = [], 0
    for found in separator.finditer(text):
        if found[1] is not None:
            parts.append(text[offset : found.start()].strip())
            offset = found.end()
    parts.append(text[offset:].strip())
    return [part for part in parts if part]


def split_names(text: str) -> list[str]:
    """Names in one line. A line that does not surely hold several stays one name, unchanged.

    `Jane Doe, John Roe and Max Moe` are three, `Smith, John` is John Smith, `Jane Doe, PhD` and
    `Office of Information Policy, DOJ` are one each.
    """
    parts = _with_suffixes(_parts(_COMMA, text))
    if len(parts) < 2:
        return _split_at_and("".join(parts))
    pairs = [_turned(part) for part in _parts(_AND, text)]
    if all(pairs):
        return [name for name in pairs if name]
    serial = _LEADING_AND.match(parts[-1])
    last = _split_at_and(parts[-1][serial.end() :] if serial else parts[-1])
    people = [*(name for part in parts[:-1] for name in _split_at_and(part)), *last]
    if all(map(_may_be_author, people)) or len(parts) > 3:
        return people
    return [text]


def _with_suffixes(parts: list[str]) -> list[str]:
    """Joins `Jr.` or `PhD` to the name before it."""
    joined: list[str] = []
    for part in parts:
        if joined and _SUFFIX.match(_parts(_AND, part)[0]):
            joined[-1] = f"{joined[-1]}, {part}"
        else:
            joined.append(part)
    return joined


def _turned(text: str) -> str | None:
    """`Smith, John`, `Jong, Michiel de`, `van der Berg, J. A.` in spoken order; None for another shape."""
    last, comma, first = text.partition(",")
    first = first.strip()
    words = [word for word in last.split() if word not in _PARTICLES]
    if not comma or len(words) != 1 or not words[0][0].isupper() or not first[:1].isupper() or _SUFFIX.match(first):
        return None
    given, *more = first.split()
    is_given = _HANDLE.match(given) and all(_INITIAL.match(word) or word in _PARTICLES for word in more)
    if not is_given or _NO_PERSON.search(text):
        return None
    return f"{first} {last}"


def _split_at_and(text: str) -> list[str]:
    parts = _parts(_AND, text)
    if len(parts) > 1 and _looks_personal(parts[0]) and all(map(_may_be_author, parts[1:])):
        return parts
    parts = _parts(_FOREIGN_AND, text)
    if len(parts) > 1 and all(_looks_personal(part) and len(part.split()) > 1 for part in parts):
        return parts
    return [text]


def _may_be_author(text: str) -> bool:
    return _looks_personal(text) or text.casefold().startswith("the ")


def _looks_personal(text: str) -> bool:
    """One to five words that begin as names do, or a handle; no word that belongs to offices, groups and titles."""
    bare = _PARENTHESIS.sub("", text.partition(",")[0]).strip()
    words = bare.split()
    if not 1 <= len(words) <= 5 or _NO_PERSON.search(bare):
        return False
    if len(words) == 1:
        return bool(_HANDLE.match(bare))
    return all(not word[0].islower() or word in _PARTICLES or "’" in word or "'" in word for word in words)

"""Names of authors from the ways in which articles give them: strings, lists, mappings, bylines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import unescape

NAME_KEYS = ("display_name", "displayname", "name", "full_name", "fullname", "title", "label", "value", "slug", "id")

_BY = re.compile(r"(?:(?:words|written|reported|story|posted|text|article)\s+)?by(?::\s*|\s+)", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*<[^<>\s]*(?:@|://)[^<>\s]*>|\s*\(mailto:[^)]*\)|^[\w.+-]+@[\w.-]+\s*\((?=[^()]+\)$)")
_SUFFIX = re.compile(
    r"(?:jr|sr|ii|iii|iv|esq|ph\.?\s?d|d\.?phil|m\.?d|m\.?a|b\.?a|m\.?sc|b\.?sc|mph|mba|m\.?p|r\.?n|j\.?d|ll\.?m|"
    r"c\.?p\.?a|d\.?d\.?s|ed\.?d|frs|obe|mbe|cbe|s\.?j|usn|usmc|usa|ret)\.?\Z",
    re.IGNORECASE,
)
_PARTICLES = frozenset(
    "de da do dos das di del della der den van von zu zum zur ter ten la le du des y e al el bin ibn af av".split()
)
_GROUP = re.compile(
    r"\b(?:team|teams|group|groups|wg|project|office|department|dept|ministry|committee|council|foundation|magazine|"
    r"times|news|newspaper|gazette|herald|tribune|post|agency|institute|university|college|association|society|board|"
    r"staff|inc|llc|ltd|gmbh|company|press|bureau|services?|cent(?:er|re)|community|editors?|sons|bros|brothers|"
    r"standards|program|programme|initiative|network|media|director|editor|reporter|correspondent|president|"
    r"secretary|manager|chair|of|for|on|at|in|from|behalf|partnership)\b",
    re.IGNORECASE,
)
_AND = re.compile(r",?\s+(?:and|&|\+)\s+|\s*＆\s*", re.IGNORECASE)
_FOREIGN_AND = re.compile(r",?\s+(?:und|et|y|e|en|och|og|и|i)\s+")
_HARD = re.compile(r"\s*(?:[;；\n\r|、]|\s/\s)\s*")
_COMMA = re.compile(r"\s*[,،，]\s*")
_PARENTHESIS = re.compile(r"\s*\([^()]*\)")
_HANDLE = re.compile(r"@?[\w][\w.-]*\Z")
_NOBODY = frozenset({"", "null", "none", "nil", "unknown", "n/a", "-", "undefined"})


def author_names(value: object, display: Callable[[str], str] = str) -> tuple[str, ...]:
    """The authors that a value names, in its order, none twice.

    `value` is a string, a mapping with a name, or a list of these. Strings are taken apart at `;`, at commas and at
    "and" where both sides look like people. `display` turns a key of the library (`jane-doe`) into a name.
    """
    names: dict[str, str] = {}
    for raw in _raw_names(value):
        for name in _people_in(raw, display):
            names.setdefault(name.casefold(), name)
    return tuple(names.values())


def _raw_names(value: object) -> Iterator[str]:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        yield from _names_in_mapping(value)
    elif isinstance(value, Iterable):
        for item in value:
            yield from _raw_names(item)


def _names_in_mapping(value: Mapping[str, object]) -> Iterator[str]:
    name = name_in(value)
    if name is not None:
        yield name
    else:
        for key, inner in value.items():
            named = name_in(inner) if isinstance(inner, Mapping) else None
            yield named or key


def name_in(value: Mapping[str, object]) -> str | None:
    """The name that a mapping gives to the thing it describes, a person or a topic."""
    lowered = {str(key).casefold(): inner for key, inner in value.items()}
    for key in NAME_KEYS:
        inner = lowered.get(key)
        if isinstance(inner, str | int | float) and not isinstance(inner, bool) and str(inner).strip():
            return str(inner)
    parts = [lowered.get("first_name") or lowered.get("given") or lowered.get("first")]
    parts.append(lowered.get("last_name") or lowered.get("family") or lowered.get("last"))
    named = " ".join(str(part).strip() for part in parts if part)
    return named or None


def _people_in(raw: str, display: Callable[[str], str]) -> Iterator[str]:
    known = display(raw.strip())
    if known != raw.strip():
        yield known
        return
    text = unescape(raw) if "&" in raw else raw
    text = _BY.sub("", text.strip(), count=1) if text.lstrip()[:1] and _BY.match(text.strip()) else text.strip()
    text = _ADDRESS.sub("", text).rstrip(")") if "@" in text and "(@" not in text else _ADDRESS.sub("", text)
    for part in _HARD.split(text):
        for name in _split(" ".join(part.split())):
            if name.casefold() not in _NOBODY:
                yield display(name)


def _split(text: str) -> list[str]:
    """One name or several, by what the parts look like; a text that gives no sure answer stays one name."""
    if "," not in text and "،" not in text and "，" not in text:
        return _split_and(text)
    parts = _joined_suffixes([part for part in _COMMA.split(text) if part])
    if len(parts) == 1:
        return _split_and(parts[0]) if parts[0] == text else parts
    serial = len(_split_and(re.sub(r"^and\s+", "", parts[-1]))) > 1 or bool(re.match(r"(?:and|&)\s", parts[-1]))
    last = _split_and(re.sub(r"^(?:and|&)\s+", "", parts[-1]))
    people = [*parts[:-1], *last]
    if len(parts) == 2 and not serial:
        return _two(parts[0], parts[1], text)
    if len(parts) == 3 and serial is False and len(people) == 3 and not all(map(_may_be_author, people)):
        return [text]
    return people if all(map(_may_be_author, people)) or len(parts) > 3 else [text]


def _two(left: str, right: str, text: str) -> list[str]:
    """`Smith, John` is one person; `Jane Doe, John Roe` are two; `Jane Doe, Director of Studies` is one with a title."""
    left_words = [word for word in left.split() if word.casefold() not in _PARTICLES]
    if (
        len(left_words) == 1
        and left[:1].isupper()
        and right[:1].isupper()
        and len(_PARENTHESIS.sub("", right).split()) == 1
    ):
        return [f"{right} {left}"]
    if len(left_words) == 1 and left[:1].isupper() and _is_given(right):
        return [f"{right} {left}"]
    first = _split_and(left)
    if all(map(_may_be_author, [*first, right])):
        return [*first, right]
    return [text]


def _is_given(text: str) -> bool:
    """`John A.`, `J. R. R.`: given names that end in initials."""
    words = text.split()
    return len(words) > 1 and all(re.fullmatch(r"[^\W\d_]\.?", word) for word in words[1:])


def _joined_suffixes(parts: list[str]) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and _SUFFIX.match(part):
            joined[-1] = f"{joined[-1]}, {part}"
        else:
            joined.append(part)
    return joined


def _split_and(text: str) -> list[str]:
    parts = [part for part in _AND.split(text) if part]
    if len(parts) > 1 and _looks_personal(parts[0]) and all(map(_may_be_author, parts[1:])):
        return parts
    parts = [part for part in _FOREIGN_AND.split(text) if part]
    if len(parts) > 1 and all(_looks_personal(part) and len(part.split()) > 1 for part in parts):
        return parts
    return [text]


def _may_be_author(text: str) -> bool:
    return _looks_personal(text) or text.casefold().startswith("the ")


def _looks_personal(text: str) -> bool:
    """One to four words that begin as names do, or a handle; no word that belongs to offices and groups."""
    bare = _PARENTHESIS.sub("", text).strip()
    words = bare.split()
    if not 1 <= len(words) <= 5 or _GROUP.search(bare):
        return False
    if len(words) == 1:
        return bool(_HANDLE.match(bare))
    return all(
        not word[0].islower() or word in _PARTICLES or "’" in word or "'" in word for word in words[:1] + words[1:]
    )

"""Names of authors from the ways in which articles give them: strings, lists, mappings, bylines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import unescape
from typing import TypeGuard

from backfile.archive.metadata.name_keys import author_key, composed, without_wiki_links

_NAME_KEYS = ("display_name", "displayname", "name", "full_name", "fullname", "title", "label", "value", "slug", "id")
_FIRST_NAME_KEYS = ("first_name", "firstname", "given_name", "given", "first")
_LAST_NAME_KEYS = ("last_name", "lastname", "family_name", "family", "last")

_BY = re.compile(r"(?:(?:words|written|reported|story|posted|text|article)\s+)?by(?::\s*|\s+)(?=\S)", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]]{1,300})\]\([^()]*\)")
_ANGLED = re.compile(r"(?<!\s)\s*+<(?=[^<>]*(?:@|://))[^<>]*+>")
_URL_AFTER = re.compile(r"(?<=[\w.)])\s+https?://\S+\Z")
_RSS = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w.-]++\s*+\(([^()]+)\)\Z")
_HARD_BREAK = re.compile(r"\([^()]*\)|( ?[;；、] ?| \| | / )")
_COMMA = re.compile(r"\([^()]*\)|( ?[,،，] ?)")
_AND = re.compile(r"\([^()]*\)|( (?:and|&|\+) )", re.IGNORECASE)
_FOREIGN_AND = re.compile(r"\([^()]*\)|( (?:und|et|y|e|en|och|og|и|i) )")
_LEADING_AND = re.compile(r"\A(?:(?i:and)|&|und|et|y|e)\s+")
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
_AGENCY = re.compile(
    r"(?:ap|afp|reuters|upi|dpa|bloomberg|xinhua|tass|efe|ansa|pti|apa|afa|kyodo|interfax|associated|agencies)\Z",
    re.IGNORECASE,
)
_SLUG = re.compile(r"[^\W\d_]+(?:[-_][^\W\d_]+){1,4}\Z")
# `AugustinMauroy` is a handle, `MacQuill`, `DeQuill` and `O'Quill` are family names.
_HANDLE_CAPITALS = re.compile(r"(?!(?:Ma?c|D[eiu]|L[aeo]|V[ao]n|Fitz|Ap)[^\W\d_]).*[^\W\d_A-Z](?=[A-Z])")
_NOBODY = frozenset({"", "by", "null", "none", "nil", "unknown", "n/a", "-", "undefined"})


def author_names(value: object, display: Callable[[str], str] = str) -> tuple[str, ...]:
    """Authors named by a value, in its order, without duplicates.

    `value` is a string, a mapping with a name, or a list of these. Strings are taken apart at `;`, and at commas and
    "and" where all parts look like people. Names given as "Last, First" are turned. `display` turns a key of the
    library (`jane-doe`) into a name; a key without one is written as a name (`Jane Doe`). Names that differ in case,
    spacing or dots are one (`name_keys.author_key`); the first spelling stays.
    """
    names: dict[str, str] = {}
    raws = [composed(raw).strip() for raw in raw_names(value)]
    inverted = _all_inverted(raws) if len(raws) > 1 else None
    for name in inverted or (name for raw in raws for name in _people(raw, display)):
        if name.casefold() not in _NOBODY:
            names.setdefault(author_key(name), name)
    return tuple(names.values())


def family_name_first(name: str) -> str:
    """Name as it is sorted: `Le Guin, Ursula K.` is sorted as "Guin Ursula K. Le", an office by its first word.

    The family name is the last word; a suffix such as `Jr.` or `PhD` is none.
    """
    bare = _PARENTHESIS.sub("", name.partition(",")[0]).strip() or name
    words = bare.split()
    while len(words) > 2 and _SUFFIX.match(words[-1]):
        words.pop()
    if len(words) < 2 or _is_organization(bare):
        return name.removeprefix("The ").removeprefix("the ")
    return " ".join([words[-1], *words[:-1]])


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
    elif _is_unquoted_wiki_link(value):
        yield f"[[{value[0][0]}]]"
    elif isinstance(value, list | tuple):
        for item in value:
            yield from raw_names(item, booleans=booleans)


def _is_unquoted_wiki_link(value: object) -> TypeGuard[list[list[str]]]:
    """Test for `[[Mara Quill]]` without quotes, which YAML reads as a list in a list."""
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], list):
        return False
    return len(value[0]) == 1 and isinstance(value[0][0], str)


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
    text = without_wiki_links(unescape(raw) if "&" in raw else raw)
    text = _BY.sub("", text, count=1) if _BY.match(text) else text
    if "@" in text or "](" in text or "://" in text:
        text = _RSS.sub(r"\1", _URL_AFTER.sub("", _ANGLED.sub("", _LINK.sub(r"\1", text))))
    lines = " ; ".join(" ".join(line.split()) for line in text.splitlines())
    parts = [
        _LEADING_AND.sub("", part, count=1) if number else part
        for number, part in enumerate(_parts(_HARD_BREAK, lines))
    ]
    inverted = _all_inverted(parts) if len(parts) > 1 else None
    for name in inverted or (name for part in parts for name in split_names(part)):
        shown = display(name)
        yield _name_of_slug(name) if shown == name else shown


def _name_of_slug(text: str) -> str:
    """`tiago-romero-garcia` as a name; any other text unchanged."""
    if not _SLUG.match(text) or text != text.lower():
        return text
    words = re.split("[-_]", text)
    return " ".join(word if number and word in _PARTICLES else word.capitalize() for number, word in enumerate(words))


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

    `Jane Doe, John Roe and Max Moe` are three, `Smith, John` is John Smith, `Smith, J., & Doe, J. R.` are J. Smith and
    J. R. Doe, `Jane Doe, PhD` and `Office of Information Policy, DOJ` are one each.
    """
    parts = _with_suffixes(_parts(_COMMA, text))
    if len(parts) < 2:
        return _split_at_and("".join(parts))
    pairs = [_turned(part) for part in _parts(_AND, text)]
    if all(pairs):
        return [name for name in pairs if name]
    serial = _LEADING_AND.match(parts[-1])
    bare = [*parts[:-1], parts[-1][serial.end() :]] if serial else parts
    listed = _reference_list(bare, serial=bool(serial))
    if listed:
        return listed
    people = [name for part in bare for name in _split_at_and(part)]
    if all(map(_may_be_author, people)) or len(parts) > 3:
        return people
    return [text]


def _reference_list(parts: Sequence[str], *, serial: bool) -> list[str] | None:
    """Names of `Smith, J., Doe, J. R., Roe, A.` (APA) and of `Smith, John, and Jane Doe` (MLA); None for others."""
    parts = [_LEADING_AND.sub("", part, count=1) for part in parts]
    lasts, firsts = parts[::2], parts[1::2]
    if len(lasts) == len(firsts) and all(map(_is_initials, firsts)) and all(map(looks_personal, lasts)):
        return [f"{first} {last}" for first, last in zip(firsts, lasts, strict=True)]
    rest = parts[2:]
    turned = _turned(", ".join(parts[:2])) if serial and rest else None
    if turned and len(parts[1].split()) < 3 and all(looks_personal(part) and " " in part for part in rest):
        return [turned, *rest]
    return None


def _is_initials(text: str) -> bool:
    return all(_INITIAL.match(word) for word in text.split())


def _with_suffixes(parts: list[str]) -> list[str]:
    """Joins `Jr.` or `PhD` to the name before it."""
    joined: list[str] = []
    for part in parts:
        if joined and _SUFFIX.match(_parts(_AND, part)[0]):
            joined[-1] = f"{joined[-1]}, {part}"
        else:
            joined.append(part)
    return joined


def _all_inverted(texts: Sequence[str]) -> list[str] | None:
    """Names in spoken order if each text is `Last, First`, a last name of several words included; else None."""
    names = [_inverted(text) for text in texts]
    return [name for name in names if name] if all(names) else None


def _turned(text: str) -> str | None:
    """`Smith, John`, `Jong, Michiel de`, `García Lorca, F.` in spoken order; None for another shape.

    Two words before the comma are a last name only with initials after it: `Jane Doe, Madonna` are two authors.
    """
    last, _, first = text.partition(",")
    words = [word for word in last.split() if word.casefold() not in _PARTICLES]
    return _inverted(text) if len(words) == 1 or (len(words) == 2 and _is_initials(first)) else None


def _inverted(text: str) -> str | None:
    """`Last, First` or `Last, First, Jr.` in spoken order; None for another shape."""
    last, comma, rest = text.partition(",")
    first, *suffixes = _parts(_COMMA, rest) or [""]
    words = [word for word in last.split() if word.casefold() not in _PARTICLES]
    if not comma or not 1 <= len(words) <= 3 or not all(word[0].isupper() for word in words) or _SUFFIX.match(first):
        return None
    given = first.split()
    if not 1 <= len(given) <= 4 or not all(map(_is_given_name, given)) or given[0] in _PARTICLES:
        return None
    if any(map(_HANDLE_CAPITALS.match, words)) or not all(map(_SUFFIX.match, suffixes)):
        return None
    if _is_organization(last) or _is_organization(first):
        return None
    return ", ".join([f"{first} {last}", *suffixes])


def _is_given_name(word: str) -> bool:
    """Capitalized name, initial or particle; not an acronym such as DOJ."""
    if _INITIAL.match(word) or word in _PARTICLES:
        return True
    return bool(_HANDLE.match(word)) and word[0].isupper() and not (len(word) > 1 and word.isupper())


def _is_organization(text: str) -> bool:
    return bool(_NO_PERSON.search(text) or any(map(_AGENCY.match, text.split())))


def _split_at_and(text: str) -> list[str]:
    parts = _parts(_AND, text)
    if len(parts) > 1 and looks_personal(parts[0]) and all(map(_may_be_author, parts[1:])):
        return parts
    parts = _parts(_FOREIGN_AND, text)
    if len(parts) > 1 and all(looks_personal(part) and len(part.split()) > 1 for part in parts):
        return parts
    return [text]


def _may_be_author(text: str) -> bool:
    return looks_personal(text) or text.casefold().startswith("the ")


def looks_personal(text: str) -> bool:
    """One to five words that begin as names do, or a handle; no word that belongs to offices, groups and titles."""
    bare = _PARENTHESIS.sub("", text.partition(",")[0]).strip()
    words = bare.split()
    if not 1 <= len(words) <= 5 or _NO_PERSON.search(bare):
        return False
    if len(words) == 1:
        return bool(_HANDLE.match(bare))
    return all(not word[0].islower() or word in _PARTICLES or "’" in word or "'" in word for word in words)

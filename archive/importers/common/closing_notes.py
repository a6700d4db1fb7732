"""Authors named in the last lines of a text: notes about them, signatures, and credits.

A note is told from the last sentence of a story by four signs together. It stands among the last lines, with only
footers below it. It begins with a full name. It says, in the present tense, that the person has an occupation
of those who write, or writes, covers or teaches something. And nothing else in the text, its title included, names
that person: whom a story is about, it has named before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from backfile.archive.importers.common.bylines import byline_authors, mixed_case
from backfile.archive.metadata.author_names import author_names, looks_personal

LONGEST_NOTE = 400
_LAST_LINES = 10

_PERSON = r"(?:[^\W\d_a-z][\w.'’-]*|(?:de|da|di|del|der|den|van|von|la|le|bin|al|ter|zu)\b)"
_NAME = rf"[^\W\d_a-z][\w.'’-]*(?:\s+{_PERSON}){{1,4}}"
_NAMES = rf"(?P<names>{_NAME}(?:(?:,\s+|\s+(?:and|&|und|et|y|e|en)\s+|,\s+and\s+){_NAME}){{0,3}})"
_TITLE = r"(?:(?:Dr|Prof|Professor|Mr|Mrs|Ms|Sir|Dame|Rev)\.?\s+)?"
_ASIDE = r"(?:\s*\([^()]{1,40}\))?(?:,[^.;]{2,120}?,)?"

_WRITING = (
    r"(?:editor|writer|reporter|correspondent|journalist|columnist|author|novelist|poet|critic|historian|essayist|"
    r"contributor|freelancer|blogger|photojournalist|co-author|newsletter\s+writer|"
    r"(?:chef)?redakteur|korrespondent|kolumnist|schriftsteller|autor|reporter|"
    r"journaliste|rédact(?:eur|rice)|correspondante?|chroniqueur|chroniqueuse|écrivaine?|auteure?|autrice|"
    r"periodista|redactor|corresponsal|columnista|escritor|jornalista|repórter|"
    r"giornalista|redatt(?:ore|rice)|scritt(?:ore|rice)|redacteur|schrijver|verslaggever)(?:s|es|a|as|in|innen|en)?"
)
_OTHER_ROLE = (
    r"(?:professor|lecturer|researcher|fellow|scholar|scientist|economist|student|candidate|director|photographer|"
    r"producer|teacher|lawyer|attorney|translator|consultant|executive|chief|head|founder|co-founder|president|chair|"
    r"member|manager|specialist|analyst|engineer|librarian|archivist|curator|physician|nurse|activist|strategist)"
    r"(?:s|in|innen)?"
)
_IS = r"\s+(?:is|are|ist|sind|est|sont|es|son|é|è|são|sono|zijn)\s+"
_WAS = r"\s+(?:is|are|was|were|ist|sind|war|est|était)\s+"
_NO_NOTE = (
    r"(?!(?:to|for|with|by|in|from|said|says|who|that|than|like|because|when|if|not|no|now|still|also|already|"
    r"waiting|going|nicht|kein(?:e|er)?|pas)\b)"
)
_BEFORE_ROLE = rf"(?:{_NO_NOTE}[^\s.;]+\s+){{0,9}}?(?:[^\s.;]*[-’'/])?"
_AFTER_ROLE = r"\b(?!['’]s?\b)"
_WRITES = (
    r"\s+(?:writes?\s+(?:about|on|for|from|an?|the|often|regularly|frequently|weekly|extensively)|covers?\s+\w+|"
    r"reports?\s+(?:on|for|from)|edits?\s+(?:the|an?|for)|blogs?\s+(?:at|about|for|on)|"
    r"schreibt\s+(?:über|für)|écrit\s+(?:sur|pour)|escribe\s+(?:sobre|para))\b"
)
_WORKS = r"\s+(?:teach(?:es)?|lives?|works?|serves?|studies|study)\s+(?:[\w-]+\s+){0,3}?(?:as|at|for|from|in|on|the)\b"

_IS_WRITER = re.compile(rf"{_TITLE}{_NAMES}{_ASIDE}{_IS}(?i:{_BEFORE_ROLE}{_WRITING}{_AFTER_ROLE})")
_WAS_WRITER = re.compile(rf"{_TITLE}{_NAMES}{_ASIDE}{_WAS}(?i:{_BEFORE_ROLE}{_WRITING}{_AFTER_ROLE})")
_DOES_WRITE = re.compile(rf"{_TITLE}{_NAMES}{_ASIDE}{_WRITES}")
_HAS_ROLE = re.compile(
    rf"{_TITLE}{_NAMES}{_ASIDE}(?:{_IS}(?i:{_BEFORE_ROLE}{_OTHER_ROLE}{_AFTER_ROLE})|{_WORKS})(?P<rest>[^.;]*)"
)
_SIGNED = re.compile(rf"(?:—|–|--?)\s*{_NAMES}(?:,\s+[^.,;]{{2,40}})?\.?\Z")
_REPORTED = re.compile(
    rf"(?:{_TITLE}{_NAMES}\s+reported\s+(?:this|from)\b|\(?(?i:reporting\s+by)\s+(?P<more>[^;.()]+))"
)
_CREDIT = re.compile(
    rf"(?:(?:[^.;]{{0,60}}?\b(?:writers?|reporters?|correspondents?|researchers?|editors?)\s+)?{_NAMES}{_ASIDE}"
    r"(?:\s+in\s+[\w ,.’'-]{2,40}?)?\s+contributed\s+(?:to\s+(?:this|the)|reporting|research|writing|from)\b|"
    r"\(?(?i:with\s+(?:additional\s+)?|additional\s+)(?i:reporting|research)\s+(?:by|from)\s+(?P<more>[^;.()]+))"
)
_WRITTEN_BY = re.compile(rf"(?i:(?:words|written|reported|story|text|article)\s+by|by|words:|text:)\s+{_NAMES}\.?\Z")
_ABOUT = re.compile(r"about\s+the\s+(?:authors?|writers?)\s*(?:[:.—–-]+\s*)?", re.IGNORECASE)
_LIFE_YEARS = re.compile(r"\(\s*+(?:b\.\s*+)?\d{4}\s*+[–-]\s*+(?:\d{4}\s*+)?\)")
_SET_APART = re.compile(r"[*_(\[].*[*_)\]]\Z", re.DOTALL)
_CAPITAL = re.compile(r"\b[^\W\d_a-zà-öø-ÿ]")

_FOOTER = re.compile(
    r"(?:©|\(c\)\s|copyright\b|.{0,80}\ball rights reserved\b|"
    r"(?:contact|e-?mail|follow|reach|phone|tel|twitter|mastodon|website|read more|more:|share|tags?:|topics?:|"
    r"filed under|subscribe|sign up|originally published|first published|reprinted|republished|published|posted|"
    r"(?:editor[’']?s )?note:|corrections?\b|clarification|updated?\b|photo(?:graph)?s?(?: by|:)|illustrations?\b|"
    r"images?(?: by|:)|a version of this|the (?:views|opinions)|opinions expressed|"
    r"this (?:article|story|column|piece|essay|post|report|op-ed|text) (?:was|is|has|first|originally|appeared))|"
    r"[-–—\s]*(?:30|ends?)[-–—\s]*\Z|(?:#\s*){2,}\Z|[-_=*~•\s]+\Z|"
    r"(?:[^\w\s]*+\s++)*+(?=\S++\Z)[^\w\s]*?(?:https?://|www\.|@)\S|(?=\S++\Z)\S+@\S|[+\d() -]{6,}\Z)",
    re.IGNORECASE,
)
_NO_WORD = re.compile(r"[^\w]+")
_NO_FIRST_NAME = re.compile(
    r"(?:an?|the|this|that|these|those|my|our|his|her|their|its?|he|she|they|we|i|you|but|and|or|so|then|when|where|"
    r"while|if|in|on|at|for|from|by|as|after|before|every|each|all|no|not|what|who|how|why|there|here|now|new|old|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\Z",
    re.IGNORECASE,
)


def _is_named(name: str, text: str) -> bool:
    """Whether a text has a name, in any case."""
    return f" {_words(name)} " in f" {_words(text)} "


def _words(text: str) -> str:
    return " ".join(_NO_WORD.sub(" ", text.casefold()).split())


def closing_authors(paragraphs: Sequence[str], title: str = "") -> tuple[str, ...]:
    """Authors by the last lines of a text; the people credited below it if no note names another.

    `Edna Marsh is senior editor at The Harbour Post.`, `Edna Marsh, a poet, writes about ships.`, `— Edna Marsh`,
    `John Roe contributed reporting.`; footers such as `© 2025 The Harbour Post` are passed over.
    """
    notes: list[tuple[str, ...]] = []
    credited: list[tuple[str, ...]] = []
    lines = [" ".join(each.split()) for each in paragraphs if each.strip()]
    first = max(len(lines) - _LAST_LINES, 0)
    for number in range(len(lines) - 1, first - 1, -1):
        line = lines[number]
        if len(line) > LONGEST_NOTE:
            break
        above = lines[number - 1] if number else ""
        rest = "\n".join((title, *lines[:number]))
        names = _credit(line, rest)
        if names:
            credited.insert(0, names)
            continue
        names = _note(line, above, rest)
        if names:
            notes.insert(0, names)
        elif notes or not _FOOTER.match(line.strip("*_()[] ") or "-"):
            break
    return tuple(dict.fromkeys(name for names in notes or credited for name in names))


def _credit(line: str, rest: str) -> tuple[str, ...]:
    found = _CREDIT.match(line.strip("*_()[] "))
    return _persons(found["names"] or found["more"], rest, full=True) if found else ()


def _note(line: str, above: str, rest: str) -> tuple[str, ...]:
    bare = line.strip("*_()[] ")
    headed = _ABOUT.match(bare)
    bare = bare[headed.end() :] if headed else bare
    is_note = bool(
        headed or _ABOUT.fullmatch(above.strip("*_#: ")) or _SET_APART.match(line) or _LIFE_YEARS.search(line)
    )
    found = (_WAS_WRITER if is_note else _IS_WRITER).match(bare) or _DOES_WRITE.match(bare) or _REPORTED.match(bare)
    if found is not None:
        groups = found.groupdict()
        return _persons(groups["names"] or groups.get("more") or "", rest, full=True)
    found = _HAS_ROLE.match(bare)
    if found is not None and _CAPITAL.search(found["rest"]):
        return _persons(found["names"], rest, full=False)
    found = _WRITTEN_BY.match(bare)
    if found is not None and byline_authors(bare):
        return _persons(found["names"], rest, full=False)
    found = _SIGNED.match(line)
    if found is not None and above[:1] not in '“"„«>':
        return _persons(found["names"], rest, full=True)
    return ()


def _persons(names: str, rest: str, *, full: bool) -> tuple[str, ...]:
    """Names of people whom the rest of the text does not name, by `full` name or by family name; none if it does."""
    people = tuple(map(mixed_case, author_names(names.strip(" ."))))
    for name in people:
        words = name.split()
        if _NO_FIRST_NAME.match(words[0]) or not looks_personal(name) or not name[0].isupper():
            return ()
        if _is_named(name if full else words[-1], rest):
            return ()
    return people

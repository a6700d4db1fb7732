"""Operands of the query language: one word, wildcard, fuzzy word or date of a query → node."""

from __future__ import annotations

import re
import unicodedata
from datetime import date as Day
from datetime import timedelta
from typing import NamedTuple

from backfile.archive.model import PartialDate
from backfile.index.analysis.phrase_terms import GAP
from backfile.index.analysis.tokenizer import is_word_sign, term_sequences
from backfile.index.query.nodes import UNSPACED, DateRange, Fuzzy, Node, Wildcard, Word

MIN_BEFORE_STAR = 2
MIN_FUZZY_LETTERS = 3
MAX_EDITS = 2

_KEPT_TAIL = re.compile(r"[*?]*\*|\+\+|#|~(?!~)")
_ACRONYM = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]\Z")
_CONNECTORS = re.compile(r"[-‐‑_.&]")
_APOSTROPHES = "'’‘＇"
_WILD = re.compile(r"\*|(?<=\w)\?(?=\w)")
_UNSPACED = re.compile(f"[{UNSPACED}]")
_FUZZY = re.compile(r"(.*[^~])~(\d?)\Z", re.DOTALL)
_WEIGHT = re.compile(r"([^\W\d].*[^\W\d]|.*[^\W\d]{2})\^\d{1,3}(?:\.\d{1,3})?\Z", re.DOTALL)
_DATE = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?\Z")
_BETWEEN = re.compile(r"\.{2,3}|…|–")


class NoticeTemplate(NamedTuple):
    """Code of a notice, and its sentence with `%(run)s` for the operand as typed."""

    code: str
    template: str


STAR = NoticeTemplate(
    "star", "The * of “%(run)s” needs at least two letters before it, as in “ferr*”, so it was ignored."
)
WILD = NoticeTemplate(
    "wildcard", "In “%(run)s” a * or ? was ignored: they work within and after the letters of a word."
)
QUESTION = NoticeTemplate(
    "question", "The ? of “%(run)s” was read as a question mark; an ending of any letters is written *."
)
FUZZY = NoticeTemplate(
    "fuzzy", "The ~ of “%(run)s” was ignored: “spelt nearly so” needs a word of three letters or more."
)
WEIGHT = NoticeTemplate("weight", "The ^ of “%(run)s” was ignored: words cannot be given a weight.")
EDITS = NoticeTemplate("edits", "In “%(run)s” the number can be 1 or 2: how many letters may differ.")


def strip_punctuation(text: str) -> str:
    """Operand without the punctuation around it, except signs of a word: C++, F#, U.S., ferr*, ferry~."""
    begin, end = 0, len(text)
    while begin < end and not is_word_sign(text[begin]):
        begin += 1
    while end > begin and not (is_word_sign(text[end - 1]) or unicodedata.category(text[end - 1])[0] == "M"):
        end -= 1
    body, tail = text[begin:end], text[end:]
    if tail.startswith(".") and _ACRONYM.match(body):
        return body + "."
    kept = _KEPT_TAIL.match(tail)
    return body + (kept[0] if kept and body else "")


def parse_operand(text: str, *, exact: bool = False) -> tuple[Node | None, NoticeTemplate | None]:
    """Node of an operand without punctuation (None if nothing can be searched), and a notice about an ignored part.

    An invalid sign is removed and the rest parsed again, so that the result, written as a query, parses as itself.
    """
    notice = None
    while text:
        if weight := _WEIGHT.match(text):  # `ferry^2`; `x^2` and `10^6` are formulas
            text, notice = weight[1], notice or WEIGHT
        fuzzy = _FUZZY.match(text)
        node, ignored = _fuzzy(fuzzy[1], fuzzy[2]) if fuzzy else _pattern(text)
        notice = notice or ignored
        if node is not None:
            return node, notice
        shorter = strip_punctuation(fuzzy[1]) if fuzzy else text.rstrip("*?~")
        if shorter == text:
            break
        text = shorter
    return _word(text, exact=exact), notice


def parse_phrase_pattern(piece: str) -> tuple[str, NoticeTemplate | None]:
    """Piece of a phrase with a `*` in normal form (`ferr*`, or `*` for a gap), and a notice about an ignored `*`."""
    if not piece.strip("*"):
        return GAP, None
    node, ignored = parse_operand(strip_punctuation(piece.replace("?", "")))
    if isinstance(node, Wildcard):
        return node.text, ignored
    return piece.replace("*", " "), ignored or WILD


def _word(text: str, *, exact: bool) -> Word | None:
    return Word(text, exact) if term_sequences(text) else None


def _pattern(text: str) -> tuple[Wildcard | None, NoticeTemplate | None]:
    if not _WILD.search(text):
        return None, None
    text = re.sub(r"\*+", "*", _CONNECTORS.sub("", text))
    if not _is_one_term(re.sub(r"[*?]", "", text)):
        return None, WILD
    if "*" in text and _letters(text.partition("*")[0]) < MIN_BEFORE_STAR:
        return None, STAR
    return Wildcard(text), None


def _fuzzy(before: str, digit: str) -> tuple[Fuzzy | None, NoticeTemplate | None]:
    text = _CONNECTORS.sub("", strip_punctuation(before))
    if not _is_one_term(text) or _letters(text) < MIN_FUZZY_LETTERS:
        return None, FUZZY
    edits = int(digit or 1)
    if edits == 0:
        return None, EDITS
    return Fuzzy(text, min(edits, MAX_EDITS)), None if edits <= MAX_EDITS else EDITS


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _is_one_term(text: str) -> bool:
    """Test for one term: letters, digits, their marks and apostrophes, of a script with spaces."""
    return not _UNSPACED.search(text) and all(
        sign.isalnum() or sign in _APOSTROPHES or unicodedata.category(sign)[0] == "M" for sign in text
    )


def parse_date_range(field: str, value: str) -> DateRange | None:
    """Range of `date:`, `before:` or `after:` with a value; None if the value is no date.

    `before:2019` ends with 2018, `after:2019` begins with 2020: neither includes its date.
    """
    bounds = _BETWEEN.split(value) if field == "date" else [value]
    spans = [_read_date(bound) if bound else None for bound in bounds]
    if len(bounds) > 2 or not any(spans) or any(bound and not span for bound, span in zip(bounds, spans, strict=True)):
        return None
    first, last = spans[0], spans[-1]
    try:
        match field:
            case "before" if first:
                return DateRange(None, first.first - timedelta(days=1))
            case "after" if first:
                return DateRange(first.last + timedelta(days=1), None)
    except OverflowError:  # the day before the year 1, the day after 9999
        return None
    return _ordered(first.first if first else None, last.last if last else None, first, last)


def _ordered(begin: Day | None, end: Day | None, first: PartialDate | None, last: PartialDate | None) -> DateRange:
    """Range with its ends in order, even if the dates are not."""
    if first and last and begin and end and begin > end:
        return DateRange(last.first, first.last)
    return DateRange(begin, end)


def _read_date(text: str) -> PartialDate | None:
    found = _DATE.match(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    try:
        return PartialDate(*(int(part) if part else None for part in found.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None

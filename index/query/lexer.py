"""Lexer of the query language: text → tokens. Handles quotes, dashes, full-width characters and stray signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from backfile.index.analysis.phrase_terms import GAP, phrase_sequences
from backfile.index.analysis.tokenizer import EMOJI, is_word_sign
from backfile.index.query.nodes import OPERATORS, Node, Phrase, Word
from backfile.index.query.operands import (
    QUESTION,
    WEIGHT,
    WILD,
    NoticeTemplate,
    parse_date_range,
    parse_operand,
    parse_phrase_pattern,
    strip_punctuation,
)

FIELDS = ("title", "text", "summary", "author", "topic", "source", "lang")
DATE_FIELDS = ("date", "before", "after")
_ALL_BUT_LAST = ", ".join((*FIELDS, *DATE_FIELDS[:-1]))
ALIASES = {
    "tag": "topic",
    "tags": "topic",
    "topics": "topic",
    "category": "topic",
    "by": "author",
    "authors": "author",
    "site": "source",
    "intitle": "title",
    "language": "lang",
}
"""Other names of fields, known from other software."""
MAX_WITHIN = 1_000
MAX_SHOWN = 40  # characters of an operand in a notice


@dataclass(frozen=True, slots=True)
class Notice:
    """Notice about a part of a query that was not read as typed, with a code for programs.

    `template` is a sentence with `%(name)s` for the `values`, so that it can be translated.
    """

    template: str
    code: str
    values: tuple[tuple[str, str | int], ...] = ()

    @property
    def text(self) -> str:
        """Sentence in English."""
        return self.template % {name: f"{value:,}" if isinstance(value, int) else value for name, value in self.values}


class TokenKind(Enum):
    """Kind of a token in the grammar. An OPERAND without a node has no letters and finds nothing."""

    OPERAND = auto()
    OPEN = auto()
    CLOSE = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    FIELD = auto()
    UNKNOWN_FIELD = auto()


@dataclass(frozen=True, slots=True)
class QueryToken:
    """Token with its place in the text, and the node of an operand."""

    kind: TokenKind
    text: str
    at: int
    node: Node | None = None


# Full-width signs count as their ASCII selves; signs that only steer the direction of writing, and halves of
# surrogate pairs, count as nothing. Control characters part words.
_SIGNS = str.maketrans(
    dict(zip("（）｜＝＊～－", "()|=*~-", strict=True))
    | dict.fromkeys(map(chr, (0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
    | dict.fromkeys(map(chr, (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000))), " ")
)
_QUOTES = '"＂“”„‟«»「」『』〝〞〟'
_PARTNERS = {
    **dict.fromkeys('"＂', '"＂'),
    **dict.fromkeys("“”„‟", "“”‟"),
    **dict.fromkeys("«»", "«»"),
    "「": "」",
    "『": "』",
    **dict.fromkeys("」』", ""),
    **dict.fromkeys("〝〞〟", "〞〟"),
}
_PREFIXES = (TokenKind.NOT, TokenKind.FIELD, TokenKind.UNKNOWN_FIELD)
_DASHES = "-‐‑–−"
_EXCLUDED = rf"[^\W_]|[({_QUOTES}{EMOJI}]"
_GAP = re.compile(rf"""(?:[\s;¡¿—―…․‥、。，；：！？]|,(?<!\d,)|,(?!\d)|\.(?=\.)|!(?!{_EXCLUDED})|(?<![\s(|])!)+""")
# One operand: up to a space, a bracket, a bar, a quotation mark or a sign that parts words. Kept inside: commas
# between digits (1,000), the mark of inches (12"), the gershayim of Hebrew acronyms, a full-width ? after a letter.
_OPERAND = re.compile(
    rf"""[{EMOJI}][\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]*|(?:[^\s()|;,.!¡¿—―…․‥、。，；：！？{_QUOTES}{EMOJI}]|\.(?!\.)|(?<=\d),(?=\d)|(?<=[0-9A-Za-z])？
    |(?<=\d)"(?=[\s,.;)]|\Z)|(?<=[א-ת])"(?=[א-ת]))+""",
    re.VERBOSE,
)
_FIELD = re.compile(r"([A-Za-zＡ-Ｚａ-ｚ]{2,})[:：](?![:/])")
_VALUE = re.compile(r"[^\s()|]+")
_WITHIN = re.compile(r"~(\d*)")
_WEIGHT = re.compile(r"\^\d{1,3}(?:\.\d{1,3})?(?!\w)")
_NEAR = re.compile(r"(?:NEAR|WITHIN|ADJ|PRE|[Ww])/\d{1,3}(?=\s)")
_EXCLAMATION = re.compile(rf"!(?={_EXCLUDED})")
_STAND_ALONE = re.compile(rf"(AND|OR|NOT)(?![^\s()|{_QUOTES}])")


class Lexer:
    """Lexer of one query; `notices` collects (place, notice). Never raises."""

    def __init__(self, text: str) -> None:
        self.text = text.translate(_SIGNS)
        self.notices: list[tuple[int, Notice]] = []
        self._at = 0
        self._prefix: TokenKind | None = None  # the prefix right before, if the next token belongs to it

    def tokens(self) -> Iterator[QueryToken]:
        """Tokens from left to right; brackets may be unmatched, operators without an operand."""
        while self._at < len(self.text):
            gap = None if self._excludes() else _GAP.match(self.text, self._at)
            if self._prefix is TokenKind.NOT and (gap or self.text[self._at] in ")|"):
                yield QueryToken(TokenKind.OPERAND, "", self._at)  # no word followed the hyphen
                self._prefix = None
            if gap:
                self._at, self._prefix = gap.end(), None
            elif token := self._next():
                self._prefix = token.kind if token.kind in _PREFIXES and token.text not in OPERATORS else None
                yield token
        if self._prefix is TokenKind.NOT:
            yield QueryToken(TokenKind.OPERAND, "", self._at)

    def _next(self) -> QueryToken | None:  # noqa: PLR0911
        sign = self.text[self._at]
        if sign == "|":
            return self._sign(TokenKind.OR)
        if sign in "()":
            return self._sign(TokenKind.OPEN if sign == "(" else TokenKind.CLOSE)
        if sign in _QUOTES:
            return self._phrase()
        if self._excludes():
            self._at += 1
            return QueryToken(TokenKind.NOT, "-", self._at - 1)
        if self._at_edge() and sign in _DASHES:
            return self._dash()
        if self._at_edge() and sign == "=":
            return self._exact()
        return self._field() or self._operand()

    def _at_edge(self) -> bool:
        """Test for a place where an operator may begin: the start, after a space, `(`, `|`, or an operator."""
        before = self.text[self._at - 1] if self._at else " "
        return self._prefix is not None or before.isspace() or before in "(|"

    def _excludes(self) -> bool:
        """Test for the `!` of `!harbour`."""
        return self._at_edge() and _EXCLAMATION.match(self.text, self._at) is not None

    def _follows(self, at: int) -> str:
        return self.text[at] if at < len(self.text) else " "

    def _note(self, code: str, template: str, at: int | None = None, **values: str | int) -> None:
        self.notices.append((self._at if at is None else at, Notice(template, code, tuple(values.items()))))

    def _note_operand(self, notice: NoticeTemplate, run: str, at: int) -> None:
        self._note(notice.code, notice.template, at, run=run if len(run) <= MAX_SHOWN else run[:MAX_SHOWN] + "…")

    def _sign(self, kind: TokenKind) -> QueryToken:
        start = self._at
        self._at += 1
        if kind is TokenKind.CLOSE:
            self._skip_weight()
        while kind is TokenKind.OR and self._follows(self._at) == "|":
            self._at += 1
        return QueryToken(kind, self.text[start], start)

    # --- quotation marks -------------------------------------------------------------------------------------------

    def _phrase(self) -> QueryToken | None:
        start = self._at
        end = self._closing(start)
        self._at = start + 1
        if end < 0:
            self._note("quote", "Unmatched quotation mark ignored.")
            return None
        words = self._phrase_words(re.sub(f"[{_QUOTES}]", " ", self.text[start + 1 : end]), start)
        self._at = end + 1
        within = self._within()
        self._skip_weight()
        if not phrase_sequences(words):
            self._note("empty", "Empty quotation marks ignored.", start)
            return QueryToken(TokenKind.OPERAND, words, start)
        return QueryToken(TokenKind.OPERAND, words, start, Phrase(words, within))

    def _phrase_words(self, text: str, at: int) -> str:
        """Words of a phrase side by side: `ferr*` and a `*` between two words stay, any other `*` is left out."""
        pieces = text.split()
        for number, piece in enumerate(pieces):
            if "*" in piece:
                pieces[number], ignored = parse_phrase_pattern(piece)
                if ignored:
                    self._note_operand(ignored, piece, at)
        begin, end = 0, len(pieces)
        while begin < end and pieces[begin] == GAP:
            begin += 1
        while begin < end and pieces[end - 1] == GAP:
            end -= 1
        if 0 < end - begin < len(pieces):
            self._note_operand(WILD, GAP, at)
        return " ".join(" ".join(pieces[begin:end]).split())

    def _closing(self, start: int) -> int:
        """End of the quotation that begins at `start`: its own kind of mark, else the next of any kind; -1 if none."""
        for partners in (_PARTNERS[self.text[start]], _QUOTES):
            places = [place for mark in partners if (place := self.text.find(mark, start + 1)) >= 0]
            if places:
                return min(places)
        return -1

    def _within(self) -> int | None:
        found = _WITHIN.match(self.text, self._at)
        if found is None:
            return None
        self._at = found.end()
        if found[1] and len(found[1]) < 5 and 0 < int(found[1]) <= MAX_WITHIN:
            return int(found[1])
        self._note(
            "within",
            "After a phrase, ~ needs a number of words from 1 to %(most)s, as in “night ferry”~5.",
            most=MAX_WITHIN,
        )
        return None

    def _skip_weight(self) -> None:
        """Skips the `^2` after a phrase or a bracket."""
        if found := _WEIGHT.match(self.text, self._at):
            self._note_operand(WEIGHT, found[0], self._at)
            self._at = found.end()

    # --- operators before a word -----------------------------------------------------------------------------------

    def _dash(self) -> QueryToken | None:
        start = self._at
        while self._follows(self._at) in _DASHES:
            self._at += 1
        apart = _GAP.match(self._follows(self._at)) or self._follows(self._at) in ")|"
        if self._at - start == 1 and not apart:
            return QueryToken(TokenKind.NOT, "-", start)
        if apart and self.text[start : self._at] == "-" and len(self.text.split()) > 1:
            self._note("dash", "A hyphen on its own was ignored; to exclude a word, type “-word”.", start)
        return None

    def _exact(self) -> QueryToken | None:
        self._at += 1
        follows = self._follows(self._at)
        if follows in _QUOTES:
            return self._phrase()
        if is_word_sign(follows):
            return self._operand(exact=True)
        if follows.isspace() or follows == "(":
            self._note("exact", "An equals sign must stand right before a word, as in “=word”; it was ignored.")
        return None

    def _field(self) -> QueryToken | None:
        found = _FIELD.match(self.text, self._at)
        if found is None:
            return None
        start = self._at
        typed = unicodedata.normalize("NFKC", found[1])
        glued = not self._follows(found.end()).isspace()
        name = ALIASES.get(typed.lower(), typed.lower())
        if not (glued or typed.islower()):  # `Author: …` at the head of a pasted line
            return None
        if name in DATE_FIELDS:
            return self._dates(name, found.end())
        self._at = found.end()
        if name in FIELDS:
            return QueryToken(TokenKind.FIELD, name, start)
        self._note(
            "field",
            "There is no field “%(name)s:”, so it was looked for as a word; the fields are %(known)s and %(last)s.",
            start,
            name=typed,
            known=_ALL_BUT_LAST,
            last=DATE_FIELDS[-1],
        )
        return (
            QueryToken(TokenKind.UNKNOWN_FIELD, typed, start)
            if glued
            else QueryToken(TokenKind.OPERAND, typed, start, Word(typed))
        )

    # --- dates and words -------------------------------------------------------------------------------------------

    def _dates(self, name: str, at: int) -> QueryToken:
        start = self._at
        while self._follows(at).isspace() and at < len(self.text):
            at += 1
        found = _VALUE.match(self.text, at)
        value = found[0].strip(_QUOTES + ",;!?") if found else ""
        dates = parse_date_range(name, value if parse_date_range(name, value) else value.rstrip("."))
        if found and dates:
            self._at = found.end()
            return QueryToken(TokenKind.OPERAND, value, start, dates)
        self._note(
            "date",
            "“%(name)s:” needs a date such as 2019, 2019-03 or 2019-03-14; it was looked for as a word.",
            name=name,
        )
        self._at += len(name) + 1
        glued = not self._follows(self._at).isspace()
        return QueryToken(TokenKind.UNKNOWN_FIELD if glued else TokenKind.OPERAND, name, start, Word(name))

    def _operand(self, *, exact: bool = False) -> QueryToken | None:
        """Next operator or operand; None if only punctuation was skipped."""
        start = self._at
        if not exact and (operator := self._operator()):
            return operator
        if not exact and self._skip_near():
            return None
        found = _OPERAND.match(self.text, start)
        run = found[0].replace("？", "?") if found else self.text[start]
        lead = next((place for place, sign in enumerate(run) if is_word_sign(sign)), len(run))
        self._at += lead or len(run)
        if lead == len(run):
            return QueryToken(TokenKind.OPERAND, run, start)
        if lead:
            if run[lead - 1] in "*?":
                self._note_operand(WILD, run, start)
            return None
        return self._parsed_operand(start, run, exact=exact)

    def _skip_near(self) -> bool:
        """Skips the NEAR/3 of other query languages."""
        found = _NEAR.match(self.text, self._at)
        if found is None or self._prefix or not self._at_edge() or not self._at:
            return False
        self._note(
            "near",
            "“%(name)s” was ignored; for words close together write them between quotation marks, as in "
            "“night ferry”~5.",
            name=found[0],
        )
        self._at = found.end()
        return True

    def _operator(self) -> QueryToken | None:
        found = _STAND_ALONE.match(self.text, self._at)
        before = self.text[self._at - 1] if self._at else " "
        if found is None or self._prefix or not (before.isspace() or before in "()|" or before in _QUOTES):
            return None
        start, self._at = self._at, found.end()
        return QueryToken(TokenKind[found[1]], found[1], start)

    def _parsed_operand(self, start: int, run: str, *, exact: bool) -> QueryToken:
        node, ignored = parse_operand(strip_punctuation(run), exact=exact)
        if ignored:
            self._note_operand(ignored, run, start)
        elif run.endswith("?") and (self.text[self._at :].lstrip()[:1].islower() or len(self.text.split()) == 1):
            self._note_operand(QUESTION, run, start)
        return QueryToken(TokenKind.OPERAND, run, start, node)

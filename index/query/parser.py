"""Parser of the query language: tokens → tree. Signs without a meaning are taken literally, with a notice."""

from __future__ import annotations

from dataclasses import dataclass

from backfile.index.query.lexer import Lexer, Notice, QueryToken, TokenKind
from backfile.index.query.nodes import (
    And,
    InField,
    MatchAll,
    Node,
    Not,
    Or,
    Word,
    nesting_depth,
    normalize,
    to_text,
    word_count,
)

MAX_CHARACTERS = 1_000
MAX_WORDS = 64
MAX_NESTING = 20

_OPERAND_STARTS = (TokenKind.OPERAND, TokenKind.OPEN, TokenKind.NOT, TokenKind.FIELD, TokenKind.UNKNOWN_FIELD)


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """Parsed query. With a `refusal` it is beyond the bounds: `tree` is `MatchAll()` and must not be run."""

    tree: Node
    notices: tuple[Notice, ...] = ()
    refused: Notice | None = None

    @property
    def refusal(self) -> str | None:
        """Reason in English; `refused` has its template and values."""
        return self.refused.text if self.refused else None


def parse(text: str) -> ParsedQuery:
    """Parses a query; never raises. The tree is in normal form (`index.query.normalize`).

    Grammar, `OR` binding weakest: `query = all {("OR" | "|") all}`, `all = part {["AND"] part}`, `part =
    {"-" | "NOT" | field ":"} (word | phrase | date | "(" query ")")`. An operator without its operand is a word, a
    bracket or quotation mark without its partner is ignored; notices say so, in the order of the text.
    """
    if len(text.strip()) > MAX_CHARACTERS:
        return _refused("The query is longer than %(most)s characters; please shorten it.", most=MAX_CHARACTERS)
    lexer = Lexer(text)
    tokens, strays, depth = _paired(list(lexer.tokens()))
    if depth > MAX_NESTING:
        return _too_deep()
    grammar = _Grammar(tokens)
    tree = normalize(grammar.query() or MatchAll())
    if beyond := _beyond_bounds(tree):
        return beyond
    notices = [*lexer.notices, *strays, *grammar.notices]
    if isinstance(tree, MatchAll) and text.strip():
        notices.append((0, Notice("The query has no letters or digits, so all articles are shown.", "nothing")))
    notices.sort(key=lambda placed: placed[0])
    return ParsedQuery(tree, tuple(dict.fromkeys(notice for _, notice in notices)))


def _refused(template: str, **numbers: int) -> ParsedQuery:
    return ParsedQuery(MatchAll(), refused=Notice(template, "refused", tuple(numbers.items())))


def _too_deep() -> ParsedQuery:
    return _refused("Parentheses are nested more than %(most)s deep; please simplify the query.", most=MAX_NESTING)


def _beyond_bounds(tree: Node) -> ParsedQuery | None:
    words = word_count(tree)
    if words > MAX_WORDS:
        return _refused(
            "The query has %(words)s words; at most %(most)s can be searched for at once. Please leave some out.",
            words=words,
            most=MAX_WORDS,
        )
    if nesting_depth(tree) > MAX_NESTING:
        return _too_deep()
    if len(to_text(tree)) > MAX_CHARACTERS:
        return _refused(
            "Written out in full, the query is longer than %(most)s characters; please shorten it.", most=MAX_CHARACTERS
        )
    return None


def _paired(tokens: list[QueryToken]) -> tuple[list[QueryToken], list[tuple[int, Notice]], int]:
    """Tokens without unmatched brackets, notices about those, and the depth of the others."""
    opened: list[int] = []
    depth = 0
    strays: set[int] = set()
    for place, token in enumerate(tokens):
        if token.kind is TokenKind.OPEN:
            opened.append(place)
        elif token.kind is TokenKind.CLOSE and opened:
            depth = max(depth, len(opened))
            opened.pop()
        elif token.kind is TokenKind.CLOSE:
            strays.add(place)
    strays.update(opened)
    notice = Notice("Unmatched parenthesis ignored.", "bracket")
    kept = [token for place, token in enumerate(tokens) if place not in strays]
    return kept, [(tokens[place].at, notice) for place in sorted(strays)], depth


class _Grammar:
    """Recursive-descent parser of paired tokens; only brackets recurse. None is an operand with nothing to search."""

    def __init__(self, tokens: list[QueryToken]) -> None:
        self.notices: list[tuple[int, Notice]] = []
        self._tokens = tokens
        self._next = 0

    def query(self) -> Node | None:
        """Alternatives up to the end or the closing bracket."""
        choices = [self._all()]
        while self._kind() is TokenKind.OR:
            token = self._take()
            if self._kind() in _OPERAND_STARTS:
                choices.append(self._all())
            else:
                choices[-1] = _together(choices[-1], self._literal(token), self._all())
        found = [choice for choice in choices if choice is not None]
        return Or(tuple(found)) if found else None

    def _all(self) -> Node | None:
        """Operands side by side or joined by AND; an OR or AND with nothing before it is a word."""
        found: list[Node | None] = []
        while (kind := self._kind()) not in (None, TokenKind.CLOSE):
            if kind in _OPERAND_STARTS:
                found.append(self._part())
            elif not found:
                found.append(self._literal(self._take()))
            elif kind is TokenKind.OR:
                break
            else:
                token = self._take()
                if self._kind() not in _OPERAND_STARTS:
                    found.append(self._literal(token))
        return _together(*found)

    def _part(self) -> Node | None:
        """Operand with its prefixes, applied from the inside out."""
        prefixes: list[QueryToken] = []
        while self._kind() in (TokenKind.NOT, TokenKind.FIELD, TokenKind.UNKNOWN_FIELD):
            token = self._take()
            if self._kind() not in _OPERAND_STARTS:
                node: Node | None = self._literal(token)
                break
            prefixes.append(token)
        else:
            node = self._operand()
        for token in reversed(prefixes):
            node = _applied(token, node)
        return node

    def _operand(self) -> Node | None:
        token = self._take()
        if token.kind is TokenKind.OPERAND:
            return token.node
        node = self.query()
        if node is None:
            self._note("empty", "Empty parentheses ignored.", token)
        self._take()
        return node

    def _literal(self, token: QueryToken) -> Node | None:
        """Operator without an operand: a word, or None if it is a sign."""
        if token.text == "|":
            self._note("operator", "A “|” needs something to search for on both sides, so it was ignored.", token)
            return None
        if token.text == "-":
            self._note("operator", "A “-” needs a word right after it, so it was ignored.", token)
            return None
        if token.kind in (TokenKind.AND, TokenKind.OR, TokenKind.NOT):
            self._note("operator", "“%(name)s” has nothing to work on here, so it was looked for as a word.", token)
        else:
            self._note("field", "Nothing stands after “%(name)s:”, so it was looked for as a word.", token)
        return Word(token.text)

    def _kind(self) -> TokenKind | None:
        return self._tokens[self._next].kind if self._next < len(self._tokens) else None

    def _take(self) -> QueryToken:
        self._next += 1
        return self._tokens[self._next - 1]

    def _note(self, code: str, template: str, token: QueryToken) -> None:
        self.notices.append((token.at, Notice(template, code, (("name", token.text),))))


def _applied(token: QueryToken, node: Node | None) -> Node | None:
    if token.kind is TokenKind.UNKNOWN_FIELD:
        return _together(Word(token.text), node)
    if node is None:
        return None
    return Not(node) if token.kind is TokenKind.NOT else InField(token.text, node)


def _together(*nodes: Node | None) -> Node | None:
    found = tuple(node for node in nodes if node is not None)
    return And(found) if found else None

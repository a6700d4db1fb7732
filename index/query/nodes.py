"""Query tree: nodes, normal form, text, and edits."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date as Day

from backfile.archive.model import PartialDate
from backfile.index.analysis.tokenizer import EMOJI, term_sequences


@dataclass(frozen=True, slots=True)
class MatchAll:
    """Every article; the tree of an empty query."""


@dataclass(frozen=True, slots=True)
class Word:
    """Word and its stem siblings; with `exact` (`=Ferry`) the word only. `text` is as typed, e.g. `e-mail`.

    `times`: how often it was typed, which gives it weight and changes nothing else.
    """

    text: str
    exact: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order; with `within` = n: all of them in any order, the outermost at most n positions apart."""

    text: str
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Terms that match `ferr*` or `f?rry`: `*` any letters, `?` one letter; at least two letters before `*`."""

    text: str


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Terms within `distance` edits (optimal string alignment, 1 or 2) of `text`, with the same first letter."""

    text: str
    distance: int = 1


@dataclass(frozen=True, slots=True)
class DateRange:
    """Articles whose date may lie between `first` and `last`, inclusive; None is open."""

    first: Day | None
    last: Day | None

    def overlaps(self, date: PartialDate | None) -> bool:
        """Test of a date: one of the days that it may mean lies in the range; False without a date."""
        if date is None:
            return False
        return (self.last is None or date.first <= self.last) and (self.first is None or date.last >= self.first)


@dataclass(frozen=True, slots=True)
class InField:
    """`node` in one field only: title, text, summary, author, topic, source or lang.

    In a normal tree no `InField`, `DateRange`, `MatchAll` or bare `Not` stands below one (see `normalize`).
    """

    field: str
    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """Conjunction of two or more nodes."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Disjunction of two or more nodes."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Complement of a node."""

    node: Node


Node = MatchAll | Word | Phrase | Wildcard | Fuzzy | DateRange | InField | And | Or | Not

_UNSCORED = ("topic", "source", "lang")  # fields that narrow a search and count for no score
OPERATORS = frozenset({"AND", "OR", "NOT"})
# Scripts written without spaces: Thai, Lao, Khmer, Myanmar; Han, Kana, Hangul. Two letters count as one word.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_COUNTED = re.compile(rf"[{UNSPACED}]{{1,2}}|[^\W_{UNSPACED}]+|[{EMOJI}]")


def normalize(tree: Node) -> Node:
    """Normal form of a query, as `parse` gives it and engines may rely on.

    `And` and `Or` have two or more different nodes, none of their own kind. A word typed several times, in any case and
    with or without accents, is one `Word` with its `times`; 1 where nothing is scored: in a `Not`, and in the fields
    topic, source and lang. Nothing is negated twice. `MatchAll` stands alone. Fields are pushed down, the innermost
    field winning: no `InField` or `DateRange` is below an `InField`.
    """
    match tree:
        case And() | Or():
            return _joined(type(tree), map(normalize, tree.nodes))
        case Not():
            return _negated(normalize(tree.node))
        case InField():
            return _in_field(tree.field, normalize(tree.node))
        case DateRange(first=None, last=None):
            return MatchAll()
        case Word(exact=False) if tree.text in OPERATORS:
            return replace(tree, text=tree.text.lower())
    return tree


def _joined(kind: type[And] | type[Or], nodes: Iterable[Node]) -> Node:
    """Flat `And` or `Or` of normal nodes, repeated words counted, others left out; a single node without it."""
    flat: dict[Hashable, Node] = {}
    for node in nodes:
        for part in node.nodes if isinstance(node, kind) else (node,):
            key = _identity(part)
            known = flat.setdefault(key, part)
            if known is not part and isinstance(known, Word) and isinstance(part, Word):
                flat[key] = replace(known, times=known.times + part.times)
    if kind is Or and MatchAll() in flat:
        return MatchAll()
    flat.pop(MatchAll(), None)
    several = tuple(flat.values())
    if len(several) > 1:
        return kind(several)
    return several[0] if several else MatchAll()


def _identity(node: Node) -> Hashable:
    """Value that is equal for nodes of the same meaning: for a word its terms, for other nodes the node itself."""
    return (Word, term_sequences(node.text) or node.text, node.exact) if isinstance(node, Word) else node


def once(node: Node) -> Node:
    """Normal node with every word typed once."""
    match node:
        case Word():
            return replace(node, times=1)
        case And() | Or():
            return replace(node, nodes=tuple(map(once, node.nodes)))
        case Not() | InField():
            return replace(node, node=once(node.node))
    return node


def _negated(node: Node) -> Node:
    return node.node if isinstance(node, Not) else Not(once(node))


def _in_field(field: str, node: Node) -> Node:
    """Normal node pushed below a field."""
    match node:
        case MatchAll() | DateRange() | InField():
            return node
        case Not():
            return Not(_in_field(field, node.node))
        case And() | Or() if any(isinstance(part, (InField, DateRange)) for part in walk(node)):
            return _joined(type(node), [_in_field(field, part) for part in node.nodes])
    return InField(field, once(node) if field in _UNSCORED else node)


def walk(tree: Node) -> Iterator[Node]:
    """Nodes of a tree in preorder."""
    yield tree
    match tree:
        case And() | Or():
            for node in tree.nodes:
                yield from walk(node)
        case Not() | InField():
            yield from walk(tree.node)


def to_text(tree: Node) -> str:
    """Query in the query language; `parse(to_text(tree)).tree == tree` for a normal tree."""
    match tree:
        case InField():
            return f"{tree.field}:{_operand(tree.node)}"
        case Not():
            return f"-{_operand(tree.node)}"
        case And():
            return " ".join(f"({to_text(node)})" if isinstance(node, Or) else to_text(node) for node in tree.nodes)
        case Or():
            return " OR ".join(map(to_text, tree.nodes))
        case MatchAll():
            return ""
    return _term_text(tree)


def _term_text(node: Word | Phrase | Wildcard | Fuzzy | DateRange) -> str:
    match node:
        case Word():
            return " ".join([f"={node.text}" if node.exact else node.text] * node.times)
        case Phrase():
            return f'"{node.text}"' + ("" if node.within is None else f"~{node.within}")
        case Wildcard():
            return node.text
        case Fuzzy():
            return f"{node.text}~" + ("" if node.distance == 1 else str(node.distance))
        case DateRange():
            return f"date:{_dates_text(node.first, node.last)}"


def _operand(node: Node) -> str:
    return f"({to_text(node)})" if _has_several(node) else to_text(node)


def _has_several(node: Node) -> bool:
    """Test for a node whose text stands in brackets after a field or a hyphen."""
    return isinstance(node, (And, Or)) or (isinstance(node, Word) and node.times > 1)


def _dates_text(first: Day | None, last: Day | None) -> str:
    """Shortest text of a range: `2019`, `2019-03`, `2019-03-14`, `2019..2020-06`, `..2019`."""
    begins = _whole(first, "first") if first else []
    ends = _whole(last, "last") if last else []
    for whole in begins:
        if whole in ends:
            return whole.isoformat()
    return "..".join(str(bounds[0]) if bounds else "" for bounds in (begins, ends))


def _whole(day: Day, edge: str) -> list[PartialDate]:
    """Year, month and day that begin (`edge` first) or end (`edge` last) with a day, longest first."""
    spans = (PartialDate(day.year), PartialDate(day.year, day.month), PartialDate(day.year, day.month, day.day))
    return [span for span in spans if getattr(span, edge) == day]


def nesting_depth(tree: Node) -> int:
    """Depth of the brackets of `to_text(tree)`."""
    match tree:
        case And():
            return max(nesting_depth(node) + isinstance(node, Or) for node in tree.nodes)
        case Or():
            return max(map(nesting_depth, tree.nodes))
        case Not() | InField():
            return nesting_depth(tree.node) + _has_several(tree.node)
    return 0


def word_count(tree: Node) -> int:
    """Number of words to look up, repeated ones once; a date is one, and so are two letters of an unspaced script."""
    return sum(_words_in(node) for node in walk(tree))


def _words_in(node: Node) -> int:
    match node:
        case Word() | Phrase():
            return len(_COUNTED.findall(node.text))
        case Wildcard() | Fuzzy() | DateRange():
            return 1
    return 0


def clauses(tree: Node) -> tuple[Node, ...]:
    """Clauses that must all hold: the nodes of a top-level `And`, else the tree itself."""
    match tree:
        case And():
            return tree.nodes
        case MatchAll():
            return ()
    return (tree,)


def without_clause(tree: Node, clause: Node) -> Node:
    """Query without one of its `clauses`; `MatchAll()` if none is left. Raises `ValueError` for others."""
    left = [node for node in clauses(tree) if node != clause]
    if len(left) == len(clauses(tree)):
        raise ValueError(f"not a clause of the query: {clause!r}")
    return _joined(And, left)


def match_any(tree: Node) -> Node:
    """Query “any of these words”: the words, phrases and groups of a top-level `And` become alternatives.

    Fields, dates and `Not` still must hold. A query with fewer than two alternatives is returned unchanged.
    """
    narrowing = [node for node in clauses(tree) if isinstance(node, (InField, DateRange, Not))]
    choices = [node for node in clauses(tree) if node not in narrowing]
    if len(choices) < 2:
        return tree
    return normalize(And((Or(tuple(choices)), *narrowing)))


def plain_text(tree: Node) -> str:
    """Text of a query that is nothing but words or one phrase, which may be a name; "" for other queries."""
    match tree:
        case Phrase(within=None):
            return tree.text
        case Word() | And() if all(isinstance(node, Word) for node in clauses(tree)):
            return " ".join(node.text for node in clauses(tree) if isinstance(node, Word) for _ in range(node.times))
    return ""


def plain_terms(tree: Node) -> Iterator[Word | Phrase | Wildcard | Fuzzy]:
    """Words, phrases and patterns that are in no field and not negated, in the order of the query."""
    match tree:
        case And() | Or():
            for node in tree.nodes:
                yield from plain_terms(node)
        case Word() | Phrase() | Wildcard() | Fuzzy():
            yield tree


def words_of(tree: Node) -> tuple[str, ...]:
    """Texts of the words and phrases that are not negated, as typed, each once."""
    return tuple(dict.fromkeys(_positive(tree)))


def _positive(tree: Node) -> Iterator[str]:
    match tree:
        case Word() | Phrase():
            yield tree.text
        case And() | Or():
            for node in tree.nodes:
                yield from _positive(node)
        case InField():
            yield from _positive(tree.node)

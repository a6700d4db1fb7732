"""The one matcher: decides whether an article is a hit and which words of it are marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from archive.model import PartialDate
from index.engine import Document, Span
from index.fields import DEFAULT_FIELDS, speaks, values
from index.folding import fold
from index.occurrences import Finder, Scanned, finder_for
from index.query import And, Dates, Everything, Fuzzy, InField, Node, Not, Or, Pattern, Phrase, Word
from index.wildcards import pattern_fits

Term = Word | Phrase | Pattern | Fuzzy


@dataclass(frozen=True, slots=True)
class Marks:
    """The spans to mark in the title, summary and text of a hit, and their number: sorted, disjoint, not empty.

    `branches` is what `Matcher.marks_in` needs to mark other texts of the same article alike.
    """

    title: tuple[Span, ...] = ()
    summary: tuple[Span, ...] = ()
    text: tuple[Span, ...] = ()
    branches: tuple[_Leaf, ...] = field(default=(), repr=False, compare=False)

    @property
    def count(self) -> int:
        """How many marks there are in all."""
        return len(self.title) + len(self.summary) + len(self.text)


class Matcher:
    """A query made ready for article after article; `languages` are those of the index's word families.

    Remembers the words it has met: keep it for the articles of one answer, not for ever. Not for several threads.
    """

    def __init__(self, query: Node, languages: tuple[str, ...] = ("en",)) -> None:
        self._leaves: list[_Leaf] = []
        self._root = self._compiled(query, DEFAULT_FIELDS, languages)

    def match(self, document: Document) -> Marks | None:
        """What to mark in a document; None if the query does not find it."""
        article = _Article(document)
        leaves = self._root.satisfied(article)
        if leaves is None:
            return None
        title, summary, text = (article.marked(leaves, field) for field in DEFAULT_FIELDS)
        return Marks(title, summary, text, leaves)

    def marks_in(self, text: str, field: str = "text", *, hit: Marks | None = None) -> tuple[Span, ...]:
        """What to mark in one text of an article that is a hit, as if it were (part of) that field of it.

        With `hit`, the marks of the article, only the branches of the query that it satisfies are marked; without,
        every word of the query that is not below a Not.
        """
        scanned = Scanned(text)
        leaves = self._leaves if hit is None else hit.branches
        return merged([span for leaf in leaves if field in leaf.fields for span in leaf.find(scanned)])

    @staticmethod
    def values_matched(document: Document, hit: Marks) -> list[tuple[str, str]]:
        """Names of fields and those of their values (authors, topics, source) in which a branch of the hit stands."""
        return [
            (field, value)
            for field in dict.fromkeys(field for leaf in hit.branches for field in leaf.fields)
            if field not in DEFAULT_FIELDS
            for value in values(document, field)
            if any(leaf.find(Scanned(value)) for leaf in hit.branches if field in leaf.fields)
        ]

    def _compiled(self, node: Node, fields: tuple[str, ...], languages: tuple[str, ...], lit: bool = True) -> _Branch:
        match node:
            case And() | Or():
                children = [self._compiled(child, fields, languages, lit) for child in node.nodes]
                return _All(children) if isinstance(node, And) else _Any(children)
            case Not():
                return _Without(self._compiled(node.node, fields, languages, lit=False))
            case InField() if node.field != "lang":
                return self._compiled(node.node, (node.field,), languages, lit)
            case Everything() | Dates() | InField():
                return _Test(_test(node))
        leaf = _Leaf(finder_for(node, languages), fields)
        if lit:
            self._leaves.append(leaf)
        return leaf


def _test(node: Everything | Dates | InField) -> Callable[[Document], bool]:
    match node:
        case Dates():
            return lambda document: dated_within(document.date, node)
        case InField():
            return lambda document: language_asked(node.node, document.language)
    return lambda document: True


class _Article:
    """A document under the eyes of a matcher: each text is scanned once, each leaf looked for once a field."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._scanned: dict[str, list[Scanned]] = {}
        self._spans: dict[tuple[int, str], list[Span]] = {}

    def spans(self, leaf: _Leaf, field: str) -> list[Span]:
        """Where a leaf stands in a field; for a field of several values only whether the list is empty has meaning."""
        key = (id(leaf), field)
        if key not in self._spans:
            self._spans[key] = [span for scanned in self._texts(field) for span in leaf.find(scanned)]
        return self._spans[key]

    def marked(self, leaves: Sequence[_Leaf], field: str) -> tuple[Span, ...]:
        """The merged spans of the leaves that look in a field."""
        return merged([span for leaf in leaves if field in leaf.fields for span in self.spans(leaf, field)])

    def _texts(self, field: str) -> list[Scanned]:
        if field not in self._scanned:
            self._scanned[field] = [Scanned(text) for text in values(self.document, field)]
        return self._scanned[field]


class _Branch(Protocol):
    def satisfied(self, article: _Article) -> tuple[_Leaf, ...] | None:
        """The leaves to mark in a document, None when this branch does not find it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    find: Finder
    fields: tuple[str, ...]

    def satisfied(self, article: _Article) -> tuple[_Leaf, ...] | None:
        return (self,) if any(article.spans(self, field) for field in self.fields) else None


@dataclass(frozen=True, slots=True)
class _Test:
    holds: Callable[[Document], bool]

    def satisfied(self, article: _Article) -> tuple[_Leaf, ...] | None:
        return () if self.holds(article.document) else None


@dataclass(frozen=True, slots=True)
class _Without:
    branch: _Branch

    def satisfied(self, article: _Article) -> tuple[_Leaf, ...] | None:
        return () if self.branch.satisfied(article) is None else None


@dataclass(frozen=True, slots=True)
class _All:
    branches: Sequence[_Branch]

    def satisfied(self, article: _Article) -> tuple[_Leaf, ...] | None:
        leaves: tuple[_Leaf, ...] = ()
        for branch in self.branches:
            found = branch.satisfied(article)
            if found is None:
                return None
            leaves += found
        return leaves


@dataclass(frozen=True, slots=True)
class _Any:
    branches: Sequence[_Branch]

    def satisfied(self, article: _Article) -> tuple[_Leaf, ...] | None:
        found = [leaves for branch in self.branches if (leaves := branch.satisfied(article)) is not None]
        return tuple(leaf for leaves in found for leaf in leaves) if found else None


def dated_within(date: PartialDate | None, asked: Dates) -> bool:
    """Whether the days that a date may mean overlap those asked for; never, if there is no date."""
    if date is None:
        return False
    return (asked.last is None or date.first <= asked.last) and (asked.first is None or date.last >= asked.first)


def language_asked(node: Node, language: str | None) -> bool:
    """Whether a language code fits what is asked below `lang:`; a pattern is compared with the code's letters."""
    match node:
        case And():
            return all(language_asked(child, language) for child in node.nodes)
        case Or():
            return any(language_asked(child, language) for child in node.nodes)
        case Not():
            return not language_asked(node.node, language)
        case Pattern():
            return pattern_fits(node.text)(fold(language or ""))
        case Word() | Phrase() | Fuzzy():
            return speaks(language, node.text)
    return isinstance(node, Everything)


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, those that overlap made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)

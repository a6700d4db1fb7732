"""The one matcher: decides whether an article is a hit and which words of it are marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from backfile.index.engine import Document, Span
from backfile.index.fields import DEFAULT_FIELDS, values
from backfile.index.highlight.match_candidates import Scanned
from backfile.index.highlight.term_matcher import Family, Finder, Texts, finder_for
from backfile.index.query import And, DateRange, Fuzzy, InField, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from backfile.index.query.language_filter import language_matches

Term = Word | Phrase | Wildcard | Fuzzy


@dataclass(frozen=True, slots=True)
class Highlights:
    """The spans to mark in the title, summary and text of a hit, and their number: sorted, disjoint, not empty.

    `branches` is what `Highlighter.highlight_text` needs to mark other texts of the same article alike.
    """

    title: tuple[Span, ...] = ()
    summary: tuple[Span, ...] = ()
    text: tuple[Span, ...] = ()
    branches: tuple[_Leaf, ...] = field(default=(), repr=False, compare=False)

    @property
    def count(self) -> int:
        """How many marks there are in all."""
        return len(self.title) + len(self.summary) + len(self.text)


class PreparedDocument:
    """A document made ready for matchers: worth keeping where the document is kept. May be used by several threads."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._scanned: Scanned | None = None

    @staticmethod
    def joined(prepared: Sequence[PreparedDocument]) -> Scanned:
        """The texts of some documents in DEFAULT_FIELDS, one document after the other."""
        fresh = [each for each in prepared if each._scanned is None]
        if fresh:
            together = Scanned.of(*(text for each in fresh for text in each._texts()))
            for each, scanned in zip(fresh, together.apart(len(DEFAULT_FIELDS)), strict=True):
                each._scanned = scanned
        return Scanned.joined([each._scanned for each in prepared if each._scanned])

    def _texts(self) -> tuple[str, str, str]:
        return self.document.title, self.document.summary or "", self.document.text


StemSiblingsIn = Callable[[str, tuple[str, ...]], frozenset[str]]
"""All terms that some documents have in some fields of the family of a term."""


class Highlighter:
    """A query made ready for article after article; `languages` are those of the index's word families.

    Given a `family`, it knows words by that instead of stemming what it meets, but only in documents whose terms the
    family knows. Remembers the words it has met: keep it for the articles of one answer, not for ever. Not for several
    threads.
    """

    def __init__(self, query: Node, languages: tuple[str, ...] = ("en",), family: StemSiblingsIn | None = None) -> None:
        self._leaves: list[_Leaf] = []
        self._languages = languages
        self._family = family
        self._root = self._compiled(query, DEFAULT_FIELDS)

    def highlight(self, document: Document) -> Highlights | None:
        """What to mark in a document; None if the query does not find it."""
        return self.highlight_all([PreparedDocument(document)])[0]

    def highlight_all(self, documents: Sequence[PreparedDocument]) -> list[Highlights | None]:
        """`match` for each of some documents, at a price that grows with their text and little with their number."""
        articles = _Articles(documents)
        satisfied = self._root.satisfied(articles)
        return [None if leaves is None else articles.marks(number, leaves) for number, leaves in enumerate(satisfied)]

    def highlight_text(self, text: str, field: str = "text", *, hit: Highlights | None = None) -> tuple[Span, ...]:
        """What to mark in one text of an article that is a hit, as if it were (part of) that field of it.

        With `hit`, the marks of the article, only the branches of the query that it satisfies are marked; without,
        every word of the query that is not below a Not.
        """
        scanned = Scanned.of(text)
        leaves = self._leaves if hit is None else hit.branches
        return merge_spans([span for leaf in leaves if field in leaf.fields for span in leaf.find(scanned)])

    @staticmethod
    def matching_values(document: Document, hit: Highlights) -> list[tuple[str, str]]:
        """Names of fields and those of their values (authors, topics, source) in which a branch of the hit stands."""
        leaves = [leaf for leaf in hit.branches if leaf.fields != DEFAULT_FIELDS]
        if not leaves:
            return []
        return [
            (field, value)
            for field in dict.fromkeys(field for leaf in leaves for field in leaf.fields)
            if field not in DEFAULT_FIELDS
            for value in values(document, field)
            if any(leaf.find(Scanned.of(value)) for leaf in leaves if field in leaf.fields)
        ]

    def _compiled(self, node: Node, fields: tuple[str, ...], lit: bool = True) -> _Branch:
        match node:
            case And() | Or():
                children = [self._compiled(child, fields, lit) for child in node.nodes]
                return _All(children) if isinstance(node, And) else _Any(children)
            case Not():
                return _Without(self._compiled(node.node, fields, lit=False))
            case InField() if node.field != "lang":
                return self._compiled(node.node, (node.field,), lit)
            case MatchAll() | DateRange() | InField():
                return _Test(_test(node))
        leaf = _Leaf(finder_for(node, self._languages, self._family_in(fields)), fields)
        if lit:
            self._leaves.append(leaf)
        return leaf

    def _family_in(self, fields: tuple[str, ...]) -> Family | None:
        family = self._family
        return None if family is None else lambda term: family(term, fields)


def _test(node: MatchAll | DateRange | InField) -> Callable[[Document], bool]:
    match node:
        case DateRange():
            return lambda document: node.overlaps(document.date)
        case InField():
            return lambda document: language_matches(node.node, document.language)
    return lambda document: True


_Leaves = tuple["_Leaf", ...]


class _Articles:
    """Documents under the eyes of a matcher: the texts of all of them are searched as one, and once for each leaf."""

    def __init__(self, prepared: Sequence[PreparedDocument]) -> None:
        self.documents = [each.document for each in prepared]
        self._prepared = prepared
        self._texts: dict[tuple[str, ...], Texts] = {}
        self._spans: dict[int, list[dict[str, list[Span]]]] = {}

    def spans(self, leaf: _Leaf) -> list[dict[str, list[Span]]]:
        """For each document where a leaf stands in its fields; only whether it does, if a field has several values."""
        key = id(leaf)
        if key not in self._spans:
            spans = iter(self._texts_of(leaf.fields).find(leaf.find))
            self._spans[key] = [dict(zip(leaf.fields, spans, strict=False)) for _ in self.documents]
        return self._spans[key]

    def marks(self, number: int, leaves: _Leaves) -> Highlights:
        """The merged spans of the leaves in one of the documents."""
        found = [self.spans(leaf)[number] for leaf in leaves]
        title, summary, text = (_marked(found, field) for field in DEFAULT_FIELDS)
        return Highlights(title, summary, text, leaves)

    def _texts_of(self, fields: tuple[str, ...]) -> Texts:
        if fields not in self._texts:
            if fields == DEFAULT_FIELDS:
                texts = Texts(PreparedDocument.joined(self._prepared))
            else:
                texts = Texts.of([values(document, field) for document in self.documents for field in fields])
            self._texts[fields] = texts
        return self._texts[fields]


def _marked(found: Sequence[dict[str, list[Span]]], field: str) -> tuple[Span, ...]:
    some = [spans for leaf in found if (spans := leaf.get(field))]
    return merge_spans(list(chain.from_iterable(some))) if some else ()


class _Branch(Protocol):
    def satisfied(self, articles: _Articles) -> list[_Leaves | None]:
        """For each document the leaves to mark in it, None where this branch does not find it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    find: Finder
    fields: tuple[str, ...]

    def satisfied(self, articles: _Articles) -> list[_Leaves | None]:
        own = (self,)
        return [own if any(found.values()) else None for found in articles.spans(self)]


@dataclass(frozen=True, slots=True)
class _Test:
    holds: Callable[[Document], bool]

    def satisfied(self, articles: _Articles) -> list[_Leaves | None]:
        return [() if self.holds(document) else None for document in articles.documents]


@dataclass(frozen=True, slots=True)
class _Without:
    branch: _Branch

    def satisfied(self, articles: _Articles) -> list[_Leaves | None]:
        return [() if leaves is None else None for leaves in self.branch.satisfied(articles)]


@dataclass(frozen=True, slots=True)
class _All:
    branches: Sequence[_Branch]

    def satisfied(self, articles: _Articles) -> list[_Leaves | None]:
        found: list[_Leaves | None] = [()] * len(articles.documents)
        for branch in self.branches:
            own = branch.satisfied(articles)
            found = [
                None if before is None or leaves is None else before + leaves
                for before, leaves in zip(found, own, strict=True)
            ]
            if not any(leaves is not None for leaves in found):
                break
        return found


@dataclass(frozen=True, slots=True)
class _Any:
    branches: Sequence[_Branch]

    def satisfied(self, articles: _Articles) -> list[_Leaves | None]:
        return [_joined(found) for found in zip(*(b.satisfied(articles) for b in self.branches), strict=True)]


def _joined(found: Sequence[_Leaves | None]) -> _Leaves | None:
    """The leaves of those alternatives that hold; None when none does."""
    held = [leaves for leaves in found if leaves is not None]
    return sum(held, ()) if held else None


def merge_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, those that overlap made one."""
    joined: list[Span] = []
    last = -1
    for span in sorted(spans):
        if span[0] < last:
            last = max(span[1], last)
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append(span)
            last = span[1]
    return tuple(joined)

"""Edits of a clause of a query: each changes one word, phrase, field, date or exclusion, so that it asks for less.

An edit is offered whether or not it helps: the engine decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backfile.index.analysis.stemming import stem_keys, stemming_languages
from backfile.index.analysis.tokenizer import POSITION_GAP, term_sequences, tokenize
from backfile.index.engine import Document
from backfile.index.fields import CONTENT_FIELDS, values
from backfile.index.query import (
    And,
    DateRange,
    Fuzzy,
    InField,
    MatchAll,
    Node,
    Not,
    Or,
    Phrase,
    Wildcard,
    Word,
    normalize,
)
from backfile.index.query.operands import parse_operand, strip_punctuation

MAX_WITHIN = POSITION_GAP - 1
MAX_SCANNED = 200_000  # characters of an article in which words with the same stem are looked for
_FURTHER_FIELDS = ("topic", "source")  # in which a word without a field is not looked for
_TWO_EDITS_FROM = 8  # letters of a word from which on two of them may differ

Admits = Callable[[Node], bool]


def clause_edits(node: Node, article: Document, admits: Admits, languages: tuple[str, ...] = ()) -> Iterator[Node]:
    """Yields the edits of a clause that the article fails; parts of it that the article meets are left alone.

    `languages` are those of the index. Dropping the clause as a whole is none of the edits.
    """
    for edited in _Editor(article, admits, languages).edits(node, ""):
        changed = normalize(edited)
        if changed != node and not isinstance(changed, MatchAll):
            yield changed


class _Editor:
    """Edits for one article."""

    def __init__(self, article: Document, admits: Admits, languages: tuple[str, ...]) -> None:
        self._article, self._admits, self._languages = article, admits, languages

    def edits(self, node: Node, field: str) -> Iterator[Node]:
        """Edits of a node in a field ("": in those of a query that names none); they keep the field."""
        match node:
            case And() | Or():
                yield from self._edits_of_group(node, field)
            case Not():
                yield from map(Not, self._narrowed(node.node, field))
            case InField(field="lang"):
                if code := self._article.metadata.language:
                    yield Or((node, InField("lang", Word(code))))
            case InField():
                yield node.node
                yield from self.edits(node.node, node.field)
            case DateRange():
                yield from self._widened(node)
            case Word():
                yield from (_in(field, each) for each in self._edits_of_word(node))
                yield from (InField(other, node) for other in _FURTHER_FIELDS if not field)
            case Phrase():
                yield from (_in(field, each) for each in self._edits_of_phrase(node, field))
            case Fuzzy(distance=1):
                yield _in(field, Fuzzy(node.text, 2))

    def _edits_of_group(self, node: And | Or, field: str) -> Iterator[Node]:
        """One child edited, or left out of a conjunction."""
        for index, child in enumerate(node.nodes):
            if self._admits(_in(field, child)):
                continue
            before, after = node.nodes[:index], node.nodes[index + 1 :]
            for edited in self.edits(child, field):
                # Children of a group in a field get it too: an edit may have taken it off this one.
                rest = [_in(field, each) for each in (*before, *after)]
                yield type(node)((*rest[:index], edited, *rest[index:]))
            if isinstance(node, And):
                yield _in(field, And((*before, *after)))

    def _narrowed(self, node: Node, field: str) -> Iterator[Node]:
        """Edits of an excluded node, so that less is excluded."""
        match node:
            case InField():
                yield from self._narrowed(node.node, node.field)
            case Or():
                for index, child in enumerate(node.nodes):
                    if not self._admits(_in(field, child)):
                        continue
                    before, after = node.nodes[:index], node.nodes[index + 1 :]
                    yield _in(field, Or((*before, *after)))
                    for edited in self._narrowed(child, field):
                        rest = [_in(field, each) for each in (*before, *after)]
                        yield Or((*rest[:index], edited, *rest[index:]))
            case Word(exact=False):
                yield _in(field, Word(node.text, exact=True))

    def _edits_of_word(self, word: Word) -> Iterator[Node]:
        if word.exact:
            yield Word(word.text)
            return
        if form := form_in_main_language(word, self._article, self._languages):
            yield Or((word, Word(form, exact=True)))
        for sign in ("*", "~", "~2"):
            node = parse_operand(f"{word.text}{sign}")[0]
            if isinstance(node, Wildcard) or (isinstance(node, Fuzzy) and _may_differ(node)):
                yield node

    def _edits_of_phrase(self, phrase: Phrase, field: str) -> Iterator[Node]:
        pieces = phrase.text.split()
        within = least_distance(phrase, lambda node: self._admits(_in(field, node)))
        if within is not None:
            yield Phrase(phrase.text, within)
        yield words_of_phrase(phrase)
        for shorter in (pieces[1:], pieces[:-1]):
            if len(shorter) == 1:
                yield words_of_phrase(Phrase(shorter[0]))
            elif shorter:
                yield Phrase(" ".join(shorter), phrase.within)

    def _widened(self, dates: DateRange) -> Iterator[Node]:
        """Dates that hold the whole of the article's date."""
        date = self._article.metadata.date
        if date is not None:
            first = min(dates.first, date.first) if dates.first else None
            last = max(dates.last, date.last) if dates.last else None
            yield DateRange(first, last)


def form_in_main_language(word: Word, article: Document, languages: tuple[str, ...]) -> str | None:
    """Other form of a word in the main language of an index, in an article of another language.

    It is none there, so that the word does not find it. None if the article has no such form.
    """
    main = languages[:1]
    sequences = term_sequences(word.text)
    if set(main) <= set(stemming_languages(article.metadata.language, languages)):
        return None
    if len(sequences) != 1 or len(sequences[0][0]) != 1:
        return None
    term = sequences[0][0][0][0]
    keys = {key for key in stem_keys(term, main) if not key.startswith(":")}
    return next((each for each in _terms_like(term, article) if not keys.isdisjoint(stem_keys(each, main))), None)


def _terms_like(term: str, article: Document) -> Iterator[str]:
    """Other terms of an article with the first letters of a term, in the order of the text."""
    texts = (text[:MAX_SCANNED] for name in CONTENT_FIELDS for text in values(article, name))
    found = (token.term for text in texts for token in tokenize(text))
    yield from dict.fromkeys(each for each in found if each.startswith(term[:3]) and each != term)


def least_distance(phrase: Phrase, admits: Admits) -> int | None:
    """Least number of positions within which the article has all words of a phrase; None if it is MAX_WITHIN or more.

    A larger one than that of the phrase itself.
    """
    low, high = phrase.within or 0, MAX_WITHIN
    if len(phrase.text.split()) < 2 or not admits(Phrase(phrase.text, high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if admits(Phrase(phrase.text, middle)):
            high = middle
        else:
            low = middle
    return high


def words_of_phrase(phrase: Phrase) -> Node:
    """Query for all words of a phrase, in any place and form; `MatchAll` if it has none."""
    nodes = (parse_operand(strip_punctuation(piece))[0] for piece in phrase.text.split())
    return normalize(And(tuple(node for node in nodes if node is not None)))


def _in(field: str, node: Node) -> Node:
    return InField(field, node) if field else node


def _may_differ(node: Fuzzy) -> bool:
    return node.distance == 1 or len(node.text) >= _TWO_EDITS_FROM

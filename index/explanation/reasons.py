"""Reasons in words: the condition of a search that an article fails, and what the article has instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.engine import Document
from backfile.index.explanation.criteria import ArticleTests, Condition, ConditionKind
from backfile.index.explanation.edits import form_in_main_language, least_distance, words_of_phrase
from backfile.index.fields import CONTENT_FIELDS, values
from backfile.index.query import (
    And,
    DateRange,
    Fuzzy,
    InField,
    MatchAll,
    Node,
    Not,
    Notice,
    Or,
    Phrase,
    Wildcard,
    Word,
    clauses,
    normalize,
    to_text,
)

MAX_DETAILS = 5  # parts of a group that are explained one by one
MAX_NAMED = 5  # words and names in a sentence
MAX_SCANNED = 200_000  # characters in which a word is looked for inside others
MAX_SHOWN = 80  # characters of a part of a query in a sentence


@dataclass(frozen=True, slots=True)
class Reason:
    """Condition that an article fails, as text of the query or of the filter, the sentence, and those on its parts."""

    condition: str
    sentence: Notice
    details: tuple[Notice, ...] = ()


def reason_for(condition: Condition, tests: ArticleTests) -> Reason:
    """Reason why the article of the tests fails a condition; raises as they do."""
    if condition.kind is not ConditionKind.CLAUSE:
        return _reason_of_filter(condition, tests.article)
    node = condition.criteria.query
    sentence, *details = _Reasons(tests).sentences(node, "")
    return Reason(to_text(node), sentence, tuple(details))


def _reason_of_filter(condition: Condition, article: Document) -> Reason:
    filters, metadata = condition.criteria.filters, article.metadata
    if condition.kind is ConditionKind.DATE:
        dates = DateRange(filters.first, filters.last)
        return Reason(_dates(dates), _reason_of_dates(dates, article))
    wanted = filters.authors if condition.kind is ConditionKind.AUTHOR else filters.topics
    own = metadata.authors if condition.kind is ConditionKind.AUTHOR else metadata.topics
    names = (("own", _listed(own)), ("wanted", _listed(wanted)))
    match (condition.kind, bool(own)):
        case (ConditionKind.AUTHOR, True):
            sentence = Notice("It is by %(own)s, not by %(wanted)s.", "author", names)
        case (ConditionKind.AUTHOR, False):
            sentence = Notice("It names no author, so it is not by %(wanted)s.", "author", names[1:])
        case (_, True):
            sentence = Notice("Its topics are %(own)s, without %(wanted)s.", "topic", names)
        case _:
            sentence = Notice("It names no topic, so it is not on %(wanted)s.", "topic", names[1:])
    return Reason(f"{condition.kind}: {_listed(wanted)}", sentence)


def _reason_of_dates(dates: DateRange, article: Document) -> Notice:
    date = article.metadata.date
    if date is None:
        return Notice("It has no date, so no search by date finds it.", "undated")
    if dates.last is None:
        return Notice(
            "It is dated %(date)s, before %(first)s.", "date", (("date", date.isoformat()), ("first", _dates(dates)))
        )
    if dates.first is None:
        return Notice(
            "It is dated %(date)s, after %(last)s.", "date", (("date", date.isoformat()), ("last", _dates(dates)))
        )
    shown = (("date", date.isoformat()), ("range", _dates(dates).replace("..", "–")))
    return Notice("It is dated %(date)s, outside %(range)s.", "date", shown)


class _Reasons:
    """Sentences on the parts of a query that an article fails; `field` is the one that they look in ("": several)."""

    def __init__(self, tests: ArticleTests) -> None:
        self._tests, self._article = tests, tests.article

    def sentences(self, node: Node, field: str) -> Iterator[Notice]:
        """Yields the sentence on a node that the article fails, then those on its parts."""
        match node:
            case And():
                failing = [each for each in node.nodes if not self._meets(node, each, field)]
                yield Notice(
                    "It does not have all parts of %(group)s together.", "all-of", (("group", _shown(node, field)),)
                )
                yield from self._of_parts(failing, field)
            case Or():
                yield Notice("It has none of %(group)s.", "none-of", (("group", _shown(node, field)),))
                yield from self._of_parts(node.nodes, field)
            case Not():
                yield from self._of_exclusion(node, field)
            case InField(field="lang"):
                yield self._of_language(node)
            case InField():
                yield from self.sentences(node.node, node.field)
            case _:
                yield self._of_term(node, field)

    def _of_term(self, node: Node, field: str) -> Notice:
        match node:
            case DateRange():
                return _reason_of_dates(node, self._article)
            case Word():
                return self._of_word(node, field)
            case Phrase():
                return self._of_phrase(node, field)
            case Wildcard() | Fuzzy():
                return self._of_pattern(node, field)
        raise TypeError(f"every article meets this: {node!r}")

    def _meets(self, group: And, child: Node, field: str) -> bool:
        optional = self._tests.optional(group) if not field or field in CONTENT_FIELDS else frozenset[Node]()
        return child in optional or self._admits(child, field)

    def _admits(self, node: Node, field: str) -> bool:
        return self._tests.admits(normalize(InField(field, node) if field else node))

    def _of_parts(self, nodes: Sequence[Node], field: str) -> Iterator[Notice]:
        for node in nodes[:MAX_DETAILS]:
            sentences = self.sentences(node, field)
            whole = next(sentences)
            # Of a part that is a conjunction, its first part that fails says more.
            yield next(sentences, whole) if isinstance(node, And) else whole

    def _of_exclusion(self, node: Not, field: str) -> Iterator[Notice]:
        excluded = normalize(InField(field, node.node) if field else node.node)
        found = self._tests.matches(excluded)
        shown = (("excluded", _shown(node, field)), ("words", _listed(found)))
        if found:
            yield Notice("It is excluded by %(excluded)s: it has %(words)s.", "excluded", shown)
        else:
            yield Notice("It is excluded by %(excluded)s.", "excluded", shown[:1])

    def _of_language(self, node: InField) -> Notice:
        shown = (("wanted", _shown(node)), ("language", self._article.metadata.language or ""))
        if self._article.metadata.language:
            return Notice("Its language is “%(language)s”, which %(wanted)s does not accept.", "language", shown)
        return Notice("Its language is not known, so %(wanted)s does not accept it.", "language", shown[:1])

    def _of_word(self, word: Word, field: str) -> Notice:  # noqa: PLR0911
        shown = (("word", word.text), ("field", field))
        if field and self._admits(word, ""):
            return Notice("It has “%(word)s”, but not in the field “%(field)s:”.", "other-field", shown)
        if word.exact and self._admits(Word(word.text), field):
            forms = (*shown, ("forms", _listed(self._matches(Word(word.text), field))))
            return Notice("It has other forms of “%(word)s” (%(forms)s), but not this one.", "exact", forms)
        for other in ("topic", "source") if not field else ():
            if self._admits(word, other):
                return Notice(
                    "It has “%(word)s” only in the field “%(field)s:”, in which words without a field are not looked "
                    "for.",
                    "only-field",
                    (("word", word.text), ("field", other)),
                )
        if form := form_in_main_language(word, self._article, self._tests.languages):
            language = self._article.metadata.language or ""
            return Notice(
                "It has “%(form)s”, which is no form of “%(word)s” in its language, “%(language)s”.",
                "form",
                (("form", form), ("word", word.text), ("language", language)),
            )
        longer = self._longer_words(word, field)
        if longer:
            inside = (*shown, ("longer", _listed(longer)))
            return Notice("It has “%(word)s” only as a part of another word: %(longer)s.", "part", inside)
        alike = Fuzzy(word.text)
        if term_sequences(word.text) and len(word.text) > 3 and self._admits(alike, field):
            spelt = (*shown, ("alike", _listed(self._matches(alike, field))))
            return Notice("It does not have “%(word)s”, but %(alike)s.", "alike", spelt)
        if field:
            return Notice("It does not have “%(word)s” in the field “%(field)s:”.", "lacks", shown)
        return Notice("It does not have “%(word)s”.", "lacks", shown[:1])

    def _matches(self, node: Node, field: str) -> tuple[str, ...]:
        return self._tests.matches(InField(field, node) if field else node)

    def _longer_words(self, word: Word, field: str) -> list[str]:
        """Words of the article inside which a word stands; letters of unspaced scripts are found without this."""
        term = fold(word.text)
        names = (field,) if field in CONTENT_FIELDS else () if field else (*CONTENT_FIELDS, "author")
        texts = (fold(text[:MAX_SCANNED]) for name in names for text in values(self._article, name))
        found = (longer for text in texts for longer in _words_around(term, text))
        return list(islice(dict.fromkeys(islice(found, 1_000)), MAX_NAMED))

    def _of_phrase(self, phrase: Phrase, field: str) -> Notice:
        shown: tuple[tuple[str, str | int], ...] = (("phrase", _shown(phrase, field)), ("field", field))
        if field and self._admits(phrase, ""):
            return Notice("It has %(phrase)s, but not in the field “%(field)s:”.", "other-field", shown)
        words = words_of_phrase(phrase)
        distance = least_distance(phrase, lambda node: self._admits(node, field))
        if distance is not None:
            return _reason_of_distance(phrase, distance, shown)
        if not isinstance(words, MatchAll) and self._admits(words, field):
            return Notice("It has the words of %(phrase)s, but in other forms or far from each other.", "far", shown)
        missing = [to_text(each) for each in clauses(words) if not self._admits(each, field)]
        lacks = (*shown, ("missing", _listed([f"“{each}”" for each in missing])))
        if missing:
            return Notice("It does not have %(phrase)s: it lacks %(missing)s.", "lacks", lacks)
        return Notice("It does not have %(phrase)s.", "lacks", shown[:1])

    def _of_pattern(self, node: Wildcard | Fuzzy, field: str) -> Notice:
        shown = (("pattern", _shown(node, field)), ("field", field))
        if field and self._admits(node, ""):
            return Notice("It has words for %(pattern)s, but not in the field “%(field)s:”.", "other-field", shown)
        if isinstance(node, Fuzzy):
            return Notice("None of its words is spelt nearly like %(pattern)s.", "lacks", shown[:1])
        return Notice("None of its words fits %(pattern)s.", "lacks", shown[:1])


def _reason_of_distance(phrase: Phrase, distance: int, shown: tuple[tuple[str, str | int], ...]) -> Notice:
    values = (*shown, ("distance", distance), ("within", phrase.within or 0))
    if phrase.within is not None:
        return Notice(
            "It has the words of %(phrase)s, but not within %(within)s words: the nearest are within %(distance)s.",
            "apart",
            values,
        )
    if distance < len(phrase.text.split()):
        return Notice("It has the words of %(phrase)s next to each other, but not in this order.", "order", values)
    return Notice(
        "It has the words of %(phrase)s, but not next to each other in this order: the nearest are within %(distance)s "
        "words.",
        "apart",
        values,
    )


def _shown(node: Node, field: str = "") -> str:
    text = to_text(InField(field, node) if field else node)
    text = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return text if isinstance(node, Phrase) and not field else f"“{text}”"


def _listed(names: Sequence[str]) -> str:
    rest = "" if len(names) <= MAX_NAMED else f" (+{len(names) - MAX_NAMED})"
    return ", ".join(names[:MAX_NAMED]) + rest


def _dates(dates: DateRange) -> str:
    return to_text(dates).removeprefix("date:").strip(".")


def _words_around(term: str, text: str) -> Iterator[str]:
    """Yields the words of a text inside which a term stands, in time linear in the text."""
    at = text.find(term) if term else -1
    before = 0
    while at >= 0:
        start, end = at, at + len(term)
        while start > before and text[start - 1].isalnum():
            start -= 1
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        if end - start > len(term):
            yield text[start:end]
        before = end
        at = text.find(term, end)

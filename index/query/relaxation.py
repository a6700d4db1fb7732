"""Words of a query that a document need not have: stop words of its language, and some words of a relaxed query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from backfile.index.analysis.stop_words import is_stop_word, stop_words
from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.query.nodes import And, DateRange, InField, MatchAll, Node, Not, Or, Word, normalize

SENTENCE_WORDS = 7
"""Words, stop words included, from which on a query is taken for a half-remembered sentence."""
FEW = 30
"""Hits up to which a sentence is relaxed."""

_NARROWING = (DateRange, InField, Not)  # nodes that choose among articles and are not what a reader looks for


def language_of(code: str | None, languages: Sequence[str]) -> str:
    """Language of a document whose metadata name `code`: without one the main language, the first of the index."""
    return code or (languages[0] if languages else "")


def document_languages(codes: Iterable[str | None], languages: Sequence[str]) -> tuple[str, ...]:
    """Languages of documents whose metadata name the `codes` (None: no language), the main one first if it is there."""
    main = language_of(None, languages)
    found = {language_of(code, languages) for code in codes}
    return tuple(sorted(found, key=lambda language: (language != main, language)))


@lru_cache(maxsize=4096)
def optional_words(node: And, language: str) -> frozenset[Node]:
    """Words of a conjunction that documents in a language need not match: its stop words.

    English ones too for a language in other letters than Latin. None if the conjunction looks for nothing else (`to be
    or not to be`). `=the` and words in a phrase are required.
    """
    wanted = [child for child in node.nodes if not isinstance(child, _NARROWING)]
    optional = frozenset(child for child in wanted if _is_stop_word(child, language))
    return frozenset() if optional.issuperset(wanted) else optional


def _is_stop_word(node: Node, language: str) -> bool:
    if not isinstance(node, Word) or node.exact:
        return False
    sequences = term_sequences(node.text)
    if len(sequences) != 1 or len(sequences[0][0]) != 1:
        return False
    term = sequences[0][0][0][0]
    return is_stop_word(term, language) or (_has_other_letters(language) and is_stop_word(term, "en"))


@lru_cache(maxsize=256)
def _has_other_letters(language: str) -> bool:
    """Test for a language in other letters than Latin, by its stop words; Latin words in its articles are English."""
    words = stop_words(language)
    return bool(words) and not any(word[0].isascii() and word[0].isalpha() for word in words)


@dataclass(frozen=True, slots=True)
class RelaxedQuery:
    """Query of which a document may lack some plain `words`; `rest` must match (`MatchAll` if there is nothing else).

    `conjunction` is the query as written, `any_word` the same with any of the words.
    """

    conjunction: And
    words: tuple[Word, ...]
    rest: Node

    @property
    def any_word(self) -> Node:
        """Query that marks the words that match."""
        return normalize(And((Or(self.words), self.rest)))

    def applies(self, complete: int) -> bool:
        """Test whether to relax a query that finds `complete` documents: none, or few for a sentence.

        Long articles have the words of a sentence somewhere, although it stands in another.
        """
        return complete == 0 or (self._plain_words >= SENTENCE_WORDS and complete <= FEW)

    @property
    def _plain_words(self) -> int:
        return sum(isinstance(node, Word) and not node.exact for node in self.conjunction.nodes)

    @property
    def may_lack_all(self) -> bool:
        """True if the rest says enough: a phrase, pattern or group, not filters alone."""
        parts = self.rest.nodes if isinstance(self.rest, And) else (self.rest,)
        return not all(isinstance(part, (*_NARROWING, MatchAll)) for part in parts)


def relax(query: Node, languages: Sequence[str]) -> RelaxedQuery | None:
    """Relaxed form of a query; None if there is no word to leave out.

    Only plain words of a top-level conjunction can be left out. Phrases, exact words, patterns, groups, fields, dates
    and exclusions must match. Stop words are not among the words: those of the language in which the query has most,
    one of the `languages` of the archive; of the main one, the first, unless another has two or more.
    """
    if not isinstance(query, And):
        return None
    optional = [optional_words(query, language) for language in languages] or [frozenset[Node]()]
    ignored = max([optional[0], *(words for words in optional if len(words) > 1)], key=len)
    plain = [node for node in query.nodes if isinstance(node, Word) and not node.exact]
    words = tuple(node for node in plain if node not in ignored)
    rest = [node for node in query.nodes if node not in plain]
    found = RelaxedQuery(query, words, normalize(And(tuple(rest))))
    return found if words and (len(words) > 1 or found.may_lack_all) else None


def required_words(most: int, words: int, *, least: int = 1) -> int | None:
    """Number of words that hits of a relaxed query have: more than half, or else as many as any document has (`most`).

    None if that is less than `least`: no hit.
    """
    required = min(most, words // 2 + 1)
    return required if required >= least else None

"""Runs of Chinese, Japanese or Thai without spaces that no article has as one: searched as their words.

There is no dictionary: the articles are one. A run is cut where the product of the shares of articles with its pieces
is largest (maximum likelihood, as word segmentation by unigrams; Viterbi 1967), so that a piece that the archive knows
is preferred to two that stand in most articles. Question words at the ends of a run (如何, 什么) are left
out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.stop_words import is_stop_word
from backfile.index.analysis.tokenizer import UNSPACED_CHARACTER
from backfile.index.query.lexer import Notice
from backfile.index.query.nodes import And, InField, MatchAll, Node, Not, Or, Word, normalize, words_of
from backfile.index.query.parser import MAX_WORDS, ParsedQuery

SHORTEST = 3  # characters of a run that is looked at
LONGEST = 24
_PIECE = 4  # characters of the longest word
_EACH_PIECE = 2.0  # added to the cost of every piece (-log of its share), so that frequent characters tear no word,
_SINGLE = 3.0  # and to that of a single character
_ABSENT = 40.0
_QUESTIONS = ("为什么", "怎么样", "是什么", "什么是", "如何", "怎么", "怎样", "什么", "哪些", "哪里", "为何", "多少")

Count = Callable[[Node], int]
"""Number of articles that a query finds."""


def split_runs(parsed: ParsedQuery, count: Count) -> ParsedQuery:
    """Query in which each run that finds nothing is replaced by its words, with a notice; else the query itself."""
    replaced: dict[str, tuple[str, ...]] = {}
    tree = normalize(_split(parsed.tree, count, replaced))
    if not replaced or len(words_of(tree)) > MAX_WORDS:
        return parsed
    notices = [
        Notice("“%(run)s” was searched as %(words)s.", "words", (("run", run), ("words", " ".join(words))))
        for run, words in replaced.items()
    ]
    return replace(parsed, tree=tree, notices=(*parsed.notices, *notices))


def _split(node: Node, count: Count, replaced: dict[str, tuple[str, ...]]) -> Node:
    match node:
        case And() | Or():
            return type(node)(tuple(_split(child, count, replaced) for child in node.nodes))
        case InField() if node.field != "lang":
            return InField(node.field, _split(node.node, count, replaced))
        case Word(exact=False):
            words = words_of_run(node.text, count)
            if words == (node.text,):
                return node
            replaced[node.text] = words
            pieces = tuple(replace(node, text=word) for word in words)
            return And(pieces) if len(pieces) > 1 else pieces[0]
        case Not():
            return node
    return node


def words_of_run(text: str, count: Count) -> tuple[str, ...]:
    """Words of a run; the text itself if it is none, or if articles have it as one."""
    characters = [match[0] for match in UNSPACED_CHARACTER.finditer(text)]
    if not SHORTEST <= len(characters) <= LONGEST or "".join(characters) != text:
        return (text,)
    characters = _without_questions(characters)
    bare = "".join(characters)
    if len(characters) < SHORTEST or count(Word(bare)):
        return (bare,)
    pieces = map(_without_particles, _pieces(characters, count))
    return tuple(piece for piece in pieces if not _is_stop_word(piece)) or (bare,)


def _is_stop_word(piece: str) -> bool:
    return is_stop_word(fold(piece), "zh")


def _without_particles(piece: str) -> str:
    """A piece of three or four characters without stop words of one at its ends: `港口的` → `港口`."""
    if len(piece) >= SHORTEST and _is_stop_word(piece[-1]):
        return _without_particles(piece[:-1])
    if len(piece) >= SHORTEST and _is_stop_word(piece[0]):
        return _without_particles(piece[1:])
    return piece


def _without_questions(characters: list[str]) -> list[str]:
    for question in _QUESTIONS:
        size = len(question)
        if len(characters) - size < 2:
            continue
        if fold("".join(characters[:size])) == question:
            return _without_questions(characters[size:])
        if fold("".join(characters[-size:])) == question:
            return _without_questions(characters[:-size])
    return characters


def _pieces(characters: list[str], count: Count) -> list[str]:
    """Pieces of a run with the least cost together."""
    articles = max(count(MatchAll()), 1)
    best: list[tuple[float, list[str]]] = [(0.0, [])]
    for end in range(1, len(characters) + 1):
        choices = []
        for start in range(max(end - _PIECE, 0), end):
            piece = "".join(characters[start:end])
            before, pieces = best[start]
            choices.append((before + _cost(piece, end - start, articles, count), [*pieces, piece]))
        best.append(min(choices))
    return best[-1][1]


def _cost(piece: str, size: int, articles: int, count: Count) -> float:
    found = count(Word(piece))
    return _EACH_PIECE + (_SINGLE if size == 1 else 0.0) + (-math.log(found / articles) if found else _ABSENT)

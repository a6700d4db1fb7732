"""Tokens of texts as parallel arrays, made by the batch tokenizer of `index.analysis.term_ids`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from backfile.index.analysis.term_ids import Encoder, token_positions
from backfile.index.analysis.tokenizer import POSITION_GAP
from backfile.index.engine import Document
from backfile.index.fields import WORD_FIELDS, values

Array = npt.NDArray[Any]

_MOST_TERMS = 100_000  # vocabulary of an encoder; beyond it a new one takes its place

MAX_COST = 1_000_000  # characters of prose, or what takes as long, that are tokenized of a document: half a second
_LONG_RUN = 10
_DEAR = 25
_WORD = 200  # characters at the end of a part in which a blank is looked for
_RUN = 33  # signs between blanks that are a long run
_DEAR_SIGNS = (
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\uff66-\uffdc\U0001b000-\U0001b16f\U00020000-\U000323af]"
)
_DEAR_CHARACTER = re.compile(_DEAR_SIGNS)
_DEAR_RUNS = re.compile(f"(?<!\\S)\\S{{{_RUN},}}|{_DEAR_SIGNS}+")


@dataclass(frozen=True, eq=False)
class TokenTable:
    """Tokens of some texts, one text after another, in the order of positions.

    Of each token: `ids`, its term as an id of `encoder` (u32); `positions`, which rise by POSITION_GAP or more between
    texts (i32); `starts` and `ends`, code points of its own text (i32). `bounds[i]` is the first token of text `i`.
    """

    encoder: Encoder
    ids: Array
    positions: Array
    starts: Array
    ends: Array
    bounds: Array

    @classmethod
    def of(cls, encoder: Encoder, texts: Sequence[str]) -> TokenTable:
        """Tokenizes texts."""
        encoded, starts, ends = encoder.encode_spans(texts)
        firsts = np.cumsum(encoded.widths + POSITION_GAP) - encoded.widths
        positions = token_positions(encoded.counts, encoded.stacked, firsts).astype(np.int32)
        bounds = np.concatenate(([0], np.cumsum(encoded.counts)))
        return cls(encoder, encoded.ids, positions, starts.astype(np.int32), ends.astype(np.int32), bounds)

    @classmethod
    def joined(cls, tables: Sequence[TokenTable]) -> TokenTable:
        """The texts of several tables of one encoder in one table."""
        if len(tables) == 1:
            return tables[0]
        sizes = [len(table.ids) for table in tables]
        columns = [(table.ids, table.positions, table.starts, table.ends) for table in tables]
        ids, positions, starts, ends = map(np.concatenate, zip(*columns, strict=True))
        widths = [int(table.positions[-1]) if len(table.positions) else 0 for table in tables]
        positions += np.repeat(list(accumulate(widths[:-1], initial=0)), sizes).astype(np.int32)
        bases = accumulate(sizes[:-1], initial=0)
        bounds = [table.bounds[:-1] + base for table, base in zip(tables, bases, strict=True)]
        return cls(tables[0].encoder, ids, positions, starts, ends, np.concatenate([*bounds, [len(ids)]]))

    def split(self, counts: Sequence[int]) -> list[TokenTable]:
        """Tables of so many texts each, which do not hold the memory of this one."""
        tables = []
        for first, count in zip(accumulate(counts, initial=0), counts, strict=False):
            bounds = self.bounds[first : first + count + 1]
            own = slice(int(bounds[0]), int(bounds[-1]))
            columns = [column[own].copy() for column in (self.ids, self.positions, self.starts, self.ends)]
            ids, positions, starts, ends = columns
            tables.append(TokenTable(self.encoder, ids, positions, starts, ends, bounds - bounds[0]))
        return tables

    @cached_property
    def vocabulary(self) -> tuple[list[str], Array]:
        """Terms of the texts, each once, and their ids."""
        ids = np.flatnonzero(np.bincount(self.ids))
        terms = self.encoder.terms
        return [terms[number] for number in ids.tolist()], ids

    def tokens_of(self, terms: Iterable[str]) -> Array:
        """Numbers of the tokens with one of some terms, ascending."""
        ids = [number for number in map(self.encoder.term_id, terms) if number is not None]
        return self.tokens_with(np.array(ids, np.intp))

    def tokens_with(self, ids: Array) -> Array:
        """Numbers of the tokens with one of some term ids, ascending."""
        if len(ids) == 1:
            return np.flatnonzero(self.ids == ids[0])
        wanted = np.zeros(len(self.encoder.terms), np.bool_)
        wanted[ids] = True
        return np.flatnonzero(wanted[self.ids])

    def texts_of(self, tokens: Array) -> Array:
        """Number of the text of each token."""
        return self.bounds.searchsorted(tokens, side="right") - 1


class TokenizedDocument:
    """Document with the tokens of its WORD_FIELDS, made at first use. May be used by several threads."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.table: TokenTable | None = None

    @cached_property
    def _affordable(self) -> tuple[list[tuple[str, str]], int, bool]:
        return _affordable_texts(self.document)

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Field and text of every value; they cost at most MAX_COST."""
        return self._affordable[0]

    @property
    def cost(self) -> int:
        """Cost of tokenizing the texts."""
        return self._affordable[1]

    @property
    def is_cut(self) -> bool:
        """Whether a part of the texts is left out for its cost."""
        return self._affordable[2]


def _affordable_texts(document: Document) -> tuple[list[tuple[str, str]], int, bool]:
    """Field and text of every value, of the last ones only the beginning if all cost more than MAX_COST.

    With them: what they cost, and whether a part is left out.
    """
    texts: list[tuple[str, str]] = []
    total = 0
    is_cut = False
    for field in sorted(WORD_FIELDS, key="text".__eq__):  # the text last, so that it alone is cut as a rule
        for text in values(document, field):
            part, cost = affordable_part(text, MAX_COST - total)
            texts.append((field, part))
            total += cost
            is_cut = is_cut or len(part) < len(text)
    return texts, total, is_cut


def affordable_part(text: str, most: int) -> tuple[str, int]:
    """Beginning of a text that costs at most so much to tokenize, up to a blank if one is near; and its cost.

    The cost is that of its characters. A character counts _LONG_RUN or _DEAR times in a long run of other signs than
    blanks, which the encoder analyzes anew each time, and in Chinese, Japanese and Korean, where each is a token.
    """
    # Two passes over ordinary prose take a third of the time of the search for runs.
    if len(text) <= most and max(map(len, text.split()), default=0) < _RUN and not _DEAR_CHARACTER.search(text):
        return text, len(text)
    cost = place = 0
    for run in _DEAR_RUNS.finditer(text, 0, most):
        start, end = run.span()
        weight = _LONG_RUN if run.group().isascii() else _DEAR
        if cost + start - place + weight * (end - start) > most:
            return _up_to_blank(text, start + max(most - cost - start + place, 0) // weight), most
        cost += start - place + weight * (end - start)
        place = end
    if cost + len(text) - place > most:
        return _up_to_blank(text, place + most - cost), most
    return text, cost + len(text) - place


def _up_to_blank(text: str, end: int) -> str:
    """Beginning of a text up to the last blank of its last _WORD characters, or to `end` if there is none."""
    blank = max(text.rfind(each, max(end - _WORD, 0), end) for each in " \n")
    return text[: blank if blank > 0 else end]


class _SharedEncoder:
    """One encoder for all threads, so that a word is analyzed once a process."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._encoder: Encoder | None = None

    def newest(self) -> Encoder:
        """The encoder; its vocabulary is bounded by replacing it. Requires the lock."""
        if self._encoder is None or len(self._encoder.terms) > _MOST_TERMS:
            self._encoder = Encoder()
        return self._encoder


_shared = _SharedEncoder()


def tokenize_documents(documents: Sequence[TokenizedDocument]) -> TokenTable:
    """Table of the texts of documents, one document after another; the tokens of each are kept with it."""
    with _shared.lock:
        encoder = _shared.newest()
        fresh = [each for each in documents if each.table is None or each.table.encoder is not encoder]
        if fresh:
            table = TokenTable.of(encoder, [text for each in fresh for _, text in each.texts])
            for each, own in zip(fresh, table.split([len(each.texts) for each in fresh]), strict=True):
                each.table = own
        return TokenTable.joined([each.table for each in documents if each.table])

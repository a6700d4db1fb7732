"""Text → numbers of terms for whole batches: what `index.analysis.tokens` gives, without Python work a word.

The texts are taken together as bytes. A *chunk* is what stands between characters that no word holds; white space and
ASCII punctuation always end a surface, so a chunk means the same wherever it stands and is analysed once. The first
bytes of all chunks are gathered as 64-bit integers and looked up in tables of numpy, some thousands at a time; only
chunks that no table knows are Python objects for a moment. docs/decisions/analysis.md gives the figures.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backfile.index.analysis.tokenizer import MAX_TERM, tokenize

_U64 = npt.NDArray[np.uint64]
_I32 = npt.NDArray[np.int32]
_I64 = npt.NDArray[np.int64]

_IN_WORDS = b"0123456789'-_.&,+#"  # the ASCII signs that may be part of a word; letters are folded to small ones
_BLANK = b" "


def _folded(byte: int) -> int:
    character = bytes([byte]).lower()
    return character[0] if byte >= 128 or character.isalpha() or character in _IN_WORDS else _BLANK[0]


_FOLDED = bytes(map(_folded, range(256)))
_ENDS = np.isin(np.arange(256), list(b".,"))  # of which one at the end of a chunk is taken off unseen

_WORD = 8  # bytes of a chunk looked at together
_WORDS = 4  # so chunks of up to 32 bytes have tables; longer ones are looked up singly
_PADDING = bytes(_BLANK * (_WORD * _WORDS))
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], np.uint64)


class Encoded(NamedTuple):
    """The tokens of some texts, one text after the other, in the order of `tokenize`.

    `ids` (u32) are numbers of terms. `stacked` are the indexes in `ids` of those tokens that stand at the position of
    the token before them; every other one stands one position further on (see `token_positions`). `counts` has the
    number of tokens of each text, `widths` the number of positions it takes: the length of the field.
    """

    ids: npt.NDArray[np.uint32]
    stacked: _I64
    counts: _I64
    widths: _I64


class Encoder:
    """Gives numbers to terms: `terms[number]` is the term; they count from 0 in the order of first sight.

    One encoder serves any number of texts and fields. What it remembers of chunks is bounded; `terms` grows with the
    vocabulary.
    """

    def __init__(self) -> None:
        self._chunks = _Chunks()
        self._tables = [_Table(words) for words in range(1, _WORDS + 1)]
        self.terms = self._chunks.terms

    def encode(self, texts: Sequence[str]) -> Encoded:
        """The tokens of the texts. Takes some twenty bytes of memory for each byte of text while it runs."""
        parts = [text.encode("utf-8", "surrogatepass") for text in texts]
        raw = _BLANK + _BLANK.join(parts).translate(_FOLDED) + _PADDING
        starts, lengths = _chunk_places(raw)
        codes = self._codes(raw, starts, lengths)
        borders = np.cumsum([1, *(len(part) + 1 for part in parts)])
        return self._chunks.expanded(codes, np.searchsorted(starts, borders))

    def _codes(self, raw: bytes, starts: _I64, lengths: _I64) -> _I32:
        """What each chunk stands for, as `_Chunks` tells it."""
        codes = np.full(len(starts), _Chunks.NOTHING, np.int32)
        words = (lengths + (_WORD - 1)) // _WORD
        for number, table in enumerate(self._tables, start=1):
            chosen = np.flatnonzero(words == number)
            if len(chosen):
                codes[chosen] = self._looked_up(table, raw, starts[chosen], lengths[chosen])
        longer = np.flatnonzero(words > _WORDS)
        codes[longer] = self._chunks.codes(raw, starts[longer], lengths[longer])
        return codes

    def _looked_up(self, table: _Table, raw: bytes, starts: _I64, lengths: _I64) -> _I32:
        keys = _keys(raw, starts, lengths, table.words)
        codes = table.find(keys)
        missing = np.flatnonzero(codes == _UNKNOWN)
        if len(missing):
            codes[missing] = self._chunks.codes(raw, starts[missing], lengths[missing])
            table.add([key[missing] for key in keys], codes[missing])
        return codes


def _chunk_places(raw: bytes) -> tuple[_I64, _I64]:
    """Where chunks begin, and their bytes; 0 of a chunk that is a full stop or comma."""
    data = np.frombuffer(raw, np.uint8)
    inside = data != _BLANK[0]
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[::2], edges[1::2]
    return starts, ends - starts - _ENDS[data[ends - 1]]


def _keys(raw: bytes, starts: _I64, lengths: _I64, words: int) -> list[_U64]:
    """Chunks of more than `words - 1` times 8 bytes as `words` integers each; what is beyond their end is zero."""
    # Overlapping windows: element i is the integer that bytes i to i + 7 make.
    windows: _U64 = np.ndarray((len(raw) - _WORD + 1,), "<u8", raw, 0, (1,))
    keys = [windows[starts + _WORD * word if word else starts] for word in range(words)]
    keys[-1] &= _MASKS[lengths - _WORD * (words - 1)]
    return keys


_UNKNOWN = -(1 << 31)
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)  # odd, bits well mixed


class _Table:
    """A hash table from integers to codes (i32), asked for many keys at once: open addressing, a few probes.

    It may forget: keys that find no place within the probes, or are added when it is full, stay unknown.
    """

    _PROBES = 8
    _FIRST_BITS, _MOST_BITS = 14, 19

    def __init__(self, words: int) -> None:
        self.words = words
        self._allocate(self._FIRST_BITS)

    def _allocate(self, bits: int) -> None:
        self._bits = bits
        self._keys = [np.zeros(1 << bits, np.uint64) for _ in range(self.words)]
        self._codes = np.full(1 << bits, _UNKNOWN, np.int32)
        self._taken = 0

    def _slots(self, keys: Sequence[_U64]) -> _I64:
        mixed = keys[0] * np.uint64(_MULTIPLIERS[0])
        for key, multiplier in zip(keys[1:], _MULTIPLIERS[1:], strict=False):
            mixed ^= key
            mixed *= np.uint64(multiplier)
        return (mixed >> np.uint64(64 - self._bits)).astype(np.int64)

    def find(self, keys: Sequence[_U64]) -> _I32:
        """The codes of keys, given as `words` arrays; `_UNKNOWN` for those that are not here."""
        slots = self._slots(keys)
        found = self._at(slots, keys)
        missing = np.flatnonzero(found == _UNKNOWN)
        for probe in range(1, self._PROBES):
            if not len(missing):
                break
            further = self._at(self._further(slots[missing], probe), [key[missing] for key in keys])
            found[missing] = further
            missing = missing[further == _UNKNOWN]
        return found

    def _further(self, slots: _I64, probe: int) -> _I64:
        return (slots + probe) & ((1 << self._bits) - 1)

    def _at(self, slots: _I64, keys: Sequence[_U64]) -> _I32:
        same = self._keys[0][slots] == keys[0]
        for known, key in zip(self._keys[1:], keys[1:], strict=True):
            same &= known[slots] == key
        return np.where(same, self._codes[slots], np.int32(_UNKNOWN))

    def add(self, keys: Sequence[_U64], codes: _I32) -> None:
        """Takes keys that are not here with their codes; a key given twice has one code."""
        if 2 * self._taken > len(self._codes):
            if self._bits == self._MOST_BITS:
                return
            self._grow()
        slots = self._slots(keys)
        for probe in range(self._PROBES):
            places = self._further(slots, probe)
            free = np.flatnonzero(self._codes[places] == _UNKNOWN)
            for known, key in zip(self._keys, keys, strict=True):
                known[places[free]] = key[free]
            self._codes[places[free]] = codes[free]
            lost = np.flatnonzero(self._at(places, keys) == _UNKNOWN)
            if not len(lost):
                break
            slots, keys, codes = slots[lost], [key[lost] for key in keys], codes[lost]
        self._taken = int(np.count_nonzero(self._codes != _UNKNOWN))

    def _grow(self) -> None:
        held = np.flatnonzero(self._codes != _UNKNOWN)
        keys, codes = [key[held] for key in self._keys], self._codes[held]
        self._allocate(self._bits + 1)
        self.add(keys, codes)


class _Chunks(dict[bytes, int]):
    """Chunk → code: the number of its only term, or a negative number for a *special*, of none or several tokens."""

    NOTHING = -1  # the special without tokens
    _LONGEST = 160  # bytes of a chunk that is remembered
    _MOST = 400_000

    def __init__(self) -> None:
        super().__init__()
        self.terms: list[str] = []
        self._numbers: dict[str, int] = {}
        # Of each special: where its tokens begin in the two arrays after these, how many there are, positions taken.
        self._begins, self._counts, self._widths = array("I"), array("I"), array("I")
        self._ids, self._stacked = array("I"), array("B")
        self._special([], [], 0)

    def codes(self, raw: bytes, starts: _I64, lengths: _I64) -> list[int]:
        """The codes of chunks of `raw`."""
        ends = (starts + lengths).tolist()
        return [self[raw[start:end]] for start, end in zip(starts.tolist(), ends, strict=True)]

    def __missing__(self, chunk: bytes) -> int:
        # Nearly all are plain: analysing them would come to the same.
        code = self._number(chunk[:MAX_TERM].decode()) if chunk.isalnum() else self._analysed(chunk)
        if len(chunk) <= self._LONGEST and len(self) < self._MOST:
            self[chunk] = code
        return code

    def _number(self, term: str) -> int:
        number = self._numbers.setdefault(term, len(self.terms))
        if number == len(self.terms):
            self.terms.append(term)
        return number

    def _analysed(self, chunk: bytes) -> int:
        ids: list[int] = []
        stacked: list[bool] = []
        width = 0
        for token in tokenize(chunk.decode("utf-8", "surrogatepass")):
            stacked.append(token.position < width)
            width = token.position + 1
            ids.append(self._number(token.term))
        return ids[0] if len(ids) == width == 1 else self._special(ids, stacked, width)

    def _special(self, ids: list[int], stacked: list[bool], width: int) -> int:
        if not ids and self._begins:
            return self.NOTHING
        self._begins.append(len(self._ids))
        self._counts.append(len(ids))
        self._widths.append(width)
        self._ids.extend(ids)
        self._stacked.extend(stacked)
        return -len(self._begins)

    def expanded(self, codes: _I32, borders: _I64) -> Encoded:
        """The tokens that a row of codes stands for; text `i` has the codes from `borders[i]` to `borders[i + 1]`."""
        special = np.flatnonzero(codes < 0)
        numbers = -1 - codes[special]
        counts = np.frombuffer(self._counts, np.uint32)[numbers].astype(np.int64)
        more = np.concatenate(([0], np.cumsum(counts - 1)))  # tokens beyond one a chunk, before each special
        repeats = np.ones(len(codes), np.int64)
        repeats[special] = counts
        ids = np.repeat(codes, repeats).view(np.uint32)
        nth = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        targets = np.repeat(special + more[:-1], counts) + nth
        sources = np.repeat(np.frombuffer(self._begins, np.uint32)[numbers], counts) + nth
        ids[targets] = np.frombuffer(self._ids, np.uint32)[sources]
        stacked = targets[np.frombuffer(self._stacked, np.bool_)[sources]]
        widths = np.frombuffer(self._widths, np.uint32)[numbers].astype(np.int64)
        wider = np.concatenate(([0], np.cumsum(widths - 1)))
        before = np.searchsorted(special, borders)
        return Encoded(ids, stacked, np.diff(borders + more[before]), np.diff(borders + wider[before]))


def token_positions(counts: npt.ArrayLike, stacked: npt.ArrayLike, firsts: npt.ArrayLike = 0) -> npt.NDArray[np.uint32]:
    """The positions (u32) of the tokens of many texts, one text after another.

    `counts` and `stacked` are those of `Encoded`; `firsts` is the position at which each text begins (for the second
    value of a field: the end of the first + POSITION_GAP).
    """
    counts = np.asarray(counts, dtype=np.int64)
    steps = np.ones(int(counts.sum()), dtype=np.int64)
    steps[np.asarray(stacked, dtype=np.int64)] = 0
    running = np.cumsum(steps) - 1
    starts = np.cumsum(counts) - counts
    bases = np.zeros(len(counts), dtype=np.int64)
    filled = counts > 0
    bases[filled] = running[starts[filled]]
    moves = np.broadcast_to(np.asarray(firsts, dtype=np.int64), counts.shape) - bases
    return (running + np.repeat(moves, counts)).astype(np.uint32)

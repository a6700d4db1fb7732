"""Batch tokenizer: the tokens of `index.analysis.tokenizer.tokenize` as arrays of term ids, without Python work a word.

The texts are joined as bytes and split into *fragments*: runs of bytes between blanks and ASCII punctuation. No raw
token crosses the border of a fragment, so a fragment has the same tokens wherever it stands and is analyzed once. The
first bytes of all fragments are gathered as 64-bit integers and looked up in hash tables of numpy, some thousands at a
time. Only fragments that no table holds become Python objects. docs/decisions/analysis.md gives the figures.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backfile.index.analysis.tokenizer import MAX_TERM, Token, tokenize

_U64 = npt.NDArray[np.uint64]
_I32 = npt.NDArray[np.int32]
_I64 = npt.NDArray[np.int64]

_IN_WORDS = b"0123456789'-_.&,+#"  # the ASCII signs that may be part of a word; letters are folded to small ones
_BLANK = b" "


def _folded(byte: int) -> int:
    character = bytes([byte]).lower()
    return character[0] if byte >= 128 or character.isalpha() or character in _IN_WORDS else _BLANK[0]


_FOLDED = bytes(map(_folded, range(256)))
_ENDS = np.isin(np.arange(256), list(b".,"))  # removed once at the end of a fragment

_WORD = 8  # bytes compared at once
_WORDS = 4  # fragments of up to 32 bytes have tables; longer ones are looked up one by one
_PADDING = bytes(_BLANK * (_WORD * _WORDS))
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], np.uint64)


class Encoded(NamedTuple):
    """Tokens of some texts, one text after the other, in the order of `tokenize`.

    `ids` (u32): term ids. `stacked`: indexes in `ids` of the tokens at the position of the token before them; every
    other token stands one position further on (see `token_positions`). `counts`: number of tokens of each text.
    `widths`: number of positions of each text, the length of the field.
    """

    ids: npt.NDArray[np.uint32]
    stacked: _I64
    counts: _I64
    widths: _I64


class Encoder:
    """Assigns ids to terms: `terms[id]` is the term; ids count from 0 in the order of first occurrence.

    An encoder serves any number of texts and fields, one thread at a time. The caches of fragments are bounded;
    `terms` grows with the vocabulary.
    """

    def __init__(self) -> None:
        self._fragments = _FragmentCodes()
        self._tables = [_HashTable(words) for words in range(1, _WORDS + 1)]
        self.terms = self._fragments.terms

    def term_id(self, term: str) -> int | None:
        """Id of a term; None if no text had it."""
        return self._fragments.term_ids.get(term)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Tokens of the texts. Takes some twenty bytes of memory for each byte of text while it runs."""
        return self._expand(_Fragments.of(texts)).encoded

    def encode_spans(self, texts: Sequence[str]) -> tuple[Encoded, _I64, _I64]:
        """Tokens of the texts, with start and end of each in code points of its own text."""
        fragments = _Fragments.of(texts)
        expansion = self._expand(fragments)
        starts, ends = self._fragments.spans(expansion, *fragments.spans())
        origins = np.cumsum([1, *(len(text) + 1 for text in texts)])[:-1].repeat(expansion.encoded.counts)
        return expansion.encoded, starts - origins, ends - origins

    def _expand(self, fragments: _Fragments) -> _TokenExpansion:
        codes = self._codes(*fragments[:3])
        return self._fragments.expand(codes, np.searchsorted(fragments.starts, fragments.borders))

    def _codes(self, raw: bytes, starts: _I64, lengths: _I64) -> _I32:
        """Code of each fragment, as `_FragmentCodes` defines it."""
        codes = np.full(len(starts), _FragmentCodes.NOTHING, np.int32)
        words = (lengths + (_WORD - 1)) // _WORD
        for number, table in enumerate(self._tables, start=1):
            chosen = np.flatnonzero(words == number)
            if len(chosen):
                codes[chosen] = self._look_up(table, raw, starts[chosen], lengths[chosen])
        longer = np.flatnonzero(words > _WORDS)
        codes[longer] = self._fragments.codes(raw, starts[longer], lengths[longer])
        return codes

    def _look_up(self, table: _HashTable, raw: bytes, starts: _I64, lengths: _I64) -> _I32:
        keys = _keys(raw, starts, lengths, table.words)
        codes = table.find(keys)
        missing = np.flatnonzero(codes == _UNKNOWN)
        if len(missing):
            codes[missing] = self._fragments.codes(raw, starts[missing], lengths[missing])
            table.add([key[missing] for key in keys], codes[missing])
        return codes


class _Fragments(NamedTuple):
    """Texts joined as folded bytes and split: start and length of each fragment, start of each text (and the end)."""

    raw: bytes
    starts: _I64
    lengths: _I64
    borders: _I64

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Fragments:
        parts = [text.encode("utf-8", "surrogatepass") for text in texts]
        raw = _BLANK + _BLANK.join(parts).translate(_FOLDED) + _PADDING
        return cls(raw, *_fragment_bounds(raw), np.cumsum([1, *(len(part) + 1 for part in parts)]))

    def spans(self) -> tuple[_I64, _I64]:
        """Start and end of each fragment in code points of the joined texts."""
        starts, ends = self.starts, self.starts + self.lengths
        if self.raw.isascii():
            return starts, ends
        leading = (np.frombuffer(self.raw, np.uint8) & 0xC0) != 0x80  # all bytes but those inside of a character
        characters = np.cumsum(leading) - 1
        return characters[starts], characters[ends]


def _fragment_bounds(raw: bytes) -> tuple[_I64, _I64]:
    """Start and length of each fragment in bytes; length 0 for a lone full stop or comma."""
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


class _HashTable:
    """Vectorized hash table from integers to codes (i32): open addressing with a bounded number of probes.

    Lossy: keys without a free slot within the probes, or added to a full table, stay unknown.
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
        self._used = 0

    def _slots(self, keys: Sequence[_U64]) -> _I64:
        mixed = keys[0] * np.uint64(_MULTIPLIERS[0])
        for key, multiplier in zip(keys[1:], _MULTIPLIERS[1:], strict=False):
            mixed ^= key
            mixed *= np.uint64(multiplier)
        return (mixed >> np.uint64(64 - self._bits)).astype(np.int64)

    def find(self, keys: Sequence[_U64]) -> _I32:
        """Codes of keys, given as `words` arrays; `_UNKNOWN` for absent keys."""
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
        """Adds absent keys with their codes; a key given twice has one code."""
        if 2 * self._used > len(self._codes):
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
        self._used = int(np.count_nonzero(self._codes != _UNKNOWN))

    def _grow(self) -> None:
        held = np.flatnonzero(self._codes != _UNKNOWN)
        keys, codes = [key[held] for key in self._keys], self._codes[held]
        self._allocate(self._bits + 1)
        self.add(keys, codes)


class _TokenExpansion(NamedTuple):
    """Tokens of a row of codes: tokens of each code; the tokens of compound codes, and their numbers in the tables."""

    encoded: Encoded
    repeats: _I64
    targets: _I64
    sources: _I64


class _FragmentCodes(dict[bytes, int]):
    """Fragment → code: the id of the term that it is, or a negative number for a *compound*: any other tokens."""

    NOTHING = -1  # the compound without tokens
    _LONGEST = 160  # bytes of a fragment in the cache
    _MOST = 400_000

    def __init__(self) -> None:
        super().__init__()
        self.terms: list[str] = []
        self.term_ids: dict[str, int] = {}
        # Of each compound: number of its first token in the tables after these, number of tokens, number of positions.
        self._begins, self._counts, self._widths = array("I"), array("I"), array("I")
        self._ids, self._stacked, self._starts, self._ends = array("I"), array("B"), array("I"), array("I")
        self._compound([])

    def codes(self, raw: bytes, starts: _I64, lengths: _I64) -> list[int]:
        """Codes of fragments of `raw`."""
        ends = (starts + lengths).tolist()
        return [self[raw[start:end]] for start, end in zip(starts.tolist(), ends, strict=True)]

    def __missing__(self, fragment: bytes) -> int:
        # Most are plain: tokenizing them would come to the same.
        code = self._term_id(fragment[:MAX_TERM].decode()) if fragment.isalnum() else self._analyze(fragment)
        if len(fragment) <= self._LONGEST and len(self) < self._MOST:
            self[fragment] = code
        return code

    def _term_id(self, term: str) -> int:
        number = self.term_ids.setdefault(term, len(self.terms))
        if number == len(self.terms):
            self.terms.append(term)
        return number

    def _analyze(self, fragment: bytes) -> int:
        text = fragment.decode("utf-8", "surrogatepass")
        found = list(tokenize(text))
        if len(found) == 1 and (found[0].start, found[0].end) == (0, len(text)):
            return self._term_id(found[0].term)
        return self._compound(found)

    def _compound(self, found: Sequence[Token]) -> int:
        if not found and self._begins:
            return self.NOTHING
        self._begins.append(len(self._ids))
        self._counts.append(len(found))
        self._widths.append(found[-1].position + 1 if found else 0)
        width = 0
        for token in found:
            self._ids.append(self._term_id(token.term))
            self._stacked.append(token.position < width)
            self._starts.append(token.start)
            self._ends.append(token.end)
            width = token.position + 1
        return -len(self._begins)

    def expand(self, codes: _I32, borders: _I64) -> _TokenExpansion:
        """Tokens of a row of codes; text `i` has the codes from `borders[i]` to `borders[i + 1]`."""
        compound = np.flatnonzero(codes < 0)
        numbers = -1 - codes[compound]
        counts = np.frombuffer(self._counts, np.uint32)[numbers].astype(np.int64)
        more = np.concatenate(([0], np.cumsum(counts - 1)))  # tokens beyond one a fragment, before each compound
        repeats = np.ones(len(codes), np.int64)
        repeats[compound] = counts
        ids = np.repeat(codes, repeats).view(np.uint32)
        nth = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        targets = np.repeat(compound + more[:-1], counts) + nth
        sources = np.repeat(np.frombuffer(self._begins, np.uint32)[numbers], counts) + nth
        ids[targets] = np.frombuffer(self._ids, np.uint32)[sources]
        stacked = targets[np.frombuffer(self._stacked, np.bool_)[sources]]
        widths = np.frombuffer(self._widths, np.uint32)[numbers].astype(np.int64)
        wider = np.concatenate(([0], np.cumsum(widths - 1)))
        before = np.searchsorted(compound, borders)
        encoded = Encoded(ids, stacked, np.diff(borders + more[before]), np.diff(borders + wider[before]))
        return _TokenExpansion(encoded, repeats, targets, sources)

    def spans(self, expansion: _TokenExpansion, starts: _I64, ends: _I64) -> tuple[_I64, _I64]:
        """Start and end of each token, from those of the fragments."""
        starts, ends = starts.repeat(expansion.repeats), ends.repeat(expansion.repeats)
        targets, sources = expansion.targets, expansion.sources
        ends[targets] = starts[targets] + np.frombuffer(self._ends, np.uint32)[sources]
        starts[targets] += np.frombuffer(self._starts, np.uint32)[sources]
        return starts, ends


def token_positions(counts: npt.ArrayLike, stacked: npt.ArrayLike, firsts: npt.ArrayLike = 0) -> npt.NDArray[np.uint32]:
    """Positions (u32) of the tokens of some texts, one text after another.

    `counts` and `stacked` are those of `Encoded`; `firsts` is the position of the beginning of each text (for the
    second value of a field: the end of the first + POSITION_GAP).
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

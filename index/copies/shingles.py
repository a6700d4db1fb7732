"""Shingles: runs of three folded words as 64-bit hashes, and MinHash signatures of them.

The similarity of two texts is the Jaccard index of their sets of shingles (Broder, "On the resemblance and containment
of documents", 1997). Signatures estimate it; the exact sets decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rensa import RMinHash  # type: ignore[import-untyped]

from backfile.index.analysis.term_ids import Encoded, Encoder

Shingles = npt.NDArray[np.uint64]
"""Distinct shingles of a text, ascending."""

VERSION = f"1 rensa {RMinHash.ALGORITHM_VERSION}"
"""Version of the signatures: those of another one are computed anew."""

SHINGLE_WORDS = 3
BANDS = 16
"""Parts of a signature; two texts are compared if one part is the same."""

_ROWS = 4  # values of a band; 16 bits each, so that a band is one 64-bit integer
_SEED = 1
_MULTIPLIERS = tuple(map(np.uint64, (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)))
_SHIFT = np.uint64(29)
_PART = 1 << 18  # characters of text at a time, which fit the processor's cache
_MOST_TERMS = 1 << 20  # of an encoder, which grows with the vocabulary


class Signature(NamedTuple):
    """Number of words of a text, and its MinHash signature: `BANDS` 64-bit integers (little-endian bytes)."""

    words: int
    bands: bytes


class ShingleReader:
    """Reads the words of texts as the index has them and makes shingles of them; one thread at a time.

    A word is a token at a position of its own: of `e-mail` *e* and *mail*, and each character of a script without
    spaces.
    """

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._hashes = np.empty(0, np.uint64)

    def signatures(self, texts: Sequence[str]) -> list[Signature]:
        """Signature of each text."""
        return [signature for part in _parts(texts) for signature in self._part_signatures(part)]

    def _part_signatures(self, texts: Sequence[str]) -> Iterator[Signature]:
        counts, shingles, offsets = self._read(texts)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles, offsets, BANDS * _ROWS, _SEED)
        rows = np.array(matrix.to_rows(), np.uint32).reshape(len(texts), BANDS * _ROWS).astype("<u2")
        return map(Signature, counts, map(bytes, rows))

    def shingles(self, text: str) -> Shingles:
        """Shingles of one text; none if it has fewer than three words."""
        return np.unique(self._read([text])[1])

    def _read(self, texts: Sequence[str]) -> tuple[list[int], Shingles, npt.NDArray[np.uint64]]:
        """Number of words of each text, the shingles of all, and where those of each begin (and the end)."""
        if len(self._encoder.terms) > _MOST_TERMS:
            self.__init__()  # type: ignore[misc]
        encoded = self._encoder.encode(texts)
        hashes, counts = self._words(encoded)
        runs = np.maximum(counts - (SHINGLE_WORDS - 1), 0)
        offsets = np.concatenate(([0], np.cumsum(runs)))
        firsts = np.repeat(np.cumsum(counts) - counts - offsets[:-1], runs) + np.arange(offsets[-1])
        mixed = np.zeros(len(firsts), np.uint64)
        for place, multiplier in enumerate(_MULTIPLIERS):
            mixed += hashes[firsts + place] * multiplier
            mixed ^= mixed >> _SHIFT
        return counts.tolist(), mixed, offsets.astype(np.uint64)

    def _words(self, encoded: Encoded) -> tuple[Shingles, npt.NDArray[np.int64]]:
        """Hashes of the words of all texts, and the number of words of each text."""
        self._hash_new_terms()
        own = np.ones(len(encoded.ids), np.bool_)
        own[encoded.stacked] = False
        ends = np.cumsum(encoded.counts)
        before = np.concatenate(([0], np.cumsum(own)))
        return self._hashes[encoded.ids[own]], before[ends] - before[ends - encoded.counts]

    def _hash_new_terms(self) -> None:
        new = self._encoder.terms[len(self._hashes) :]
        if new:
            digests = b"".join(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest() for term in new)
            self._hashes = np.concatenate((self._hashes, np.frombuffer(digests, "<u8")))


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = size = 0
    for number, text in enumerate(texts):
        size += len(text)
        if size >= _PART:
            yield texts[start : number + 1]
            start, size = number + 1, 0
    if start < len(texts):
        yield texts[start:]


def jaccard(one: Shingles, other: Shingles) -> float:
    """Jaccard index of two sets of shingles: from 0 to 1; 0 if both are empty."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - common
    return common / union if union else 0.0

"""Plain BM25, the baseline of `bench.ranking`: one field, Porter stems, a stop list, repeated words of a query counted.

BM25 as Lucene computes it (Robertson and Zaragoza, "The probabilistic relevance framework", 2009), over title and text
together. The stop list is that of Lucene's analyzer for English. The two settings are those that papers on reproducible
baselines use and the ones that Lucene has by default.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import Stemmer

from backfile.index.engine import Document

SETTINGS = ((0.9, 0.4), (1.2, 0.75))
"""Values of k1 and b."""
_STOP_LIST = """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to
    was will with
"""
STOP_WORDS = frozenset(_STOP_LIST.split())
DEPTH = 1_000

_WORDS = re.compile(r"[^\W_]+")
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlainIndex:
    """Postings (document numbers, frequencies) of each stem, and the lengths of the documents in words."""

    ids: tuple[str, ...]
    postings: Mapping[str, tuple[npt.NDArray[np.intp], Array]]
    lengths: Array

    def rank(self, query: str, k1: float, b: float) -> list[str]:
        """Ids of the best documents for any of the words of a query."""
        scores = np.zeros(len(self.ids))
        norms = k1 * (1 - b + b * self.lengths / self.lengths.mean())
        for stem, times in Counter(_stems(query)).items():
            if stem in self.postings:
                documents, frequencies = self.postings[stem]
                df = len(documents)
                idf = math.log(1 + (len(self.ids) - df + 0.5) / (df + 0.5))
                scores[documents] += times * idf * frequencies / (frequencies + norms[documents])
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        return [self.ids[number] for number in best.tolist() if scores[number] > 0]


def build_index(documents: Sequence[Document]) -> PlainIndex:
    """Index of some documents."""
    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    lengths = []
    for number, document in enumerate(documents):
        counts = Counter(_stems(f"{document.metadata.title} {document.text}"))
        lengths.append(counts.total())
        for stem, count in counts.items():
            postings[stem].append((number, count))
    arrays = {
        stem: (np.array([number for number, _ in found]), np.array([float(count) for _, count in found]))
        for stem, found in postings.items()
    }
    return PlainIndex(tuple(document.id for document in documents), arrays, np.array(lengths, np.float64))


def all_rankings(documents: Sequence[Document], queries: Mapping[str, str]) -> Iterator[dict[str, list[str]]]:
    """Rankings by query, for each of SETTINGS."""
    index = build_index(documents)
    for k1, b in SETTINGS:
        yield {query: index.rank(text, k1, b) for query, text in queries.items()}


def _stems(text: str) -> list[str]:
    words = [word for word in _WORDS.findall(text.lower()) if word not in STOP_WORDS]
    return Stemmer.Stemmer("porter").stemWords(words)

"""Stem tables: the terms of each field of a segment grouped by stem, one file a language.

A language can thus be added without touching the postings. Per word field F the file holds `F.keys` (sorted),
`F.starts` and `F.members` (term numbers). The keys of a term are those of `analysis.stemming.sibling_keys`. A
term alone under its own name is left out: that is most of them.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate
from pathlib import Path

import numpy as np

from backfile.index.analysis.stemming import further_keys, stem_keys_in
from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFile, encode, writing
from backfile.index.engines.whoosh.storage.index_layout import WORD_FIELDS
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary, write_terms


def write_stem_table(path: Path, segment: ArrayFile, language: str) -> None:
    """Writes the stem tables of all word fields of a segment for one language, durably."""
    with writing(path) as file:
        for field in WORD_FIELDS:
            name = f"{field}.terms"
            segment.require(each for each in (name, f"{name}.offsets") if each in segment)
            terms = TermDictionary.read(segment, f"{field}.terms").texts()
            groups = _groups(terms, language)
            write_terms(file, f"{field}.keys", (encode(key) for key, _ in groups))
            starts = [0, *accumulate(len(members) for _, members in groups)]
            file.add(f"{field}.starts", np.array(starts, np.uint32))
            members = np.array([number for _, found in groups for number in found], np.uint32)
            file.add(f"{field}.members", members)


def _groups(terms: list[str], language: str) -> list[tuple[str, list[int]]]:
    grouped: defaultdict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(stem_keys_in(terms, language)):
        grouped[key].append(number)
        for further in further_keys(terms[number], language):
            if further != key:
                grouped[further].append(number)
    return sorted(
        (key, members)
        for key, members in grouped.items()
        if len(members) > 1 or terms[members[0]] != key.removeprefix(":")
    )


def stem_key(term: str, language: str) -> str:
    """Stored key of a term in one language: `declar`, or `:us` for terms without a stem."""
    return stem_keys_in((term,), language)[0]


class StemTable:
    """Stem table of one field of one segment in one language."""

    def __init__(self, file: ArrayFile, field: str, language: str) -> None:
        self._keys = TermDictionary.read(file, f"{field}.keys")
        self._starts = file.array(f"{field}.starts")
        self._members = file.array(f"{field}.members")
        self._language = language

    def members(self, key: str, terms: TermDictionary) -> Array:
        """Numbers (u32, ascending) of the terms with a stored key."""
        number = self._keys.find(key)
        if number >= 0:
            start, stop = self._starts[number : number + 2].tolist()
            return self._members[start:stop]
        own = key.removeprefix(":")
        alone = terms.find(own)
        if alone >= 0 and stem_key(own, self._language) == key:
            return np.array([alone], np.uint32)
        return np.zeros(0, np.uint32)

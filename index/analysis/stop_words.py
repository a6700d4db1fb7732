"""Function words (the, of, what, would): they are searched like all words, but say little about what is looked for."""

from __future__ import annotations

import re
from functools import lru_cache

from whoosh.lang.stopwords import stoplists

from backfile.index.analysis.normalization import fold

_CONTRACTED = re.compile(r"'(?:s|m|d|t|re|ve|ll)\Z")


def is_stop_word(term: str, language: str) -> bool:
    """Whether a folded term is in the Snowball project's list for a language (ISO 639-1), or is a contraction of one.

    Never for a language without a list.
    """
    listed = _listed(language.lower().partition("-")[0])
    return term in listed or _CONTRACTED.sub("", term) in listed


@lru_cache(maxsize=16)
def _listed(code: str) -> frozenset[str]:
    return frozenset(map(fold, stoplists.get({"nb": "no", "nn": "no"}.get(code, code), ())))

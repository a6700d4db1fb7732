"""Terms by which similar articles are found (more-like-this)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from backfile.index.analysis.tokenizer import MAX_TERM, tokenize
from backfile.index.engine import Document

MAX_TERMS = 20
"""Characteristic terms of an article: those with the largest tf·idf among the terms that other articles have too."""
_MIN_LENGTH = 3  # letters of a term
_PLAIN = re.compile(r"[(\[\"]*([A-Za-z]+)[.,;:!?)\]\"]*")


def term_frequencies(document: Document) -> Counter[str]:
    """Frequencies of the terms of title and text that may be characteristic."""
    return Counter(term for text in (document.metadata.title, document.text) for term in _terms(text))


def _terms(text: str) -> Iterator[str]:
    """Terms of a text with three letters or more and nothing but letters."""
    for raw in text.split():
        plain = _PLAIN.fullmatch(raw)
        # Short cut: most raw tokens are a word of ASCII letters and punctuation, of which `tokenize` makes this.
        terms = [plain[1].lower()[:MAX_TERM]] if plain else [token.term for token in tokenize(raw)]
        yield from (term for term in terms if len(term) >= _MIN_LENGTH and term.isalpha())

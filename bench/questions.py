"""Query mix: eighty questions drawn from a sample of the articles, the same for every engine."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date as Day

from backfile.index.engine import Document, Filters, Sort
from backfile.index.query import And, Node, Not, Or, Phrase, Wildcard, Word
from bench.drivers.base import Question

_WORD = re.compile(r"[a-z]{3,14}")
STOP_WORDS = ("the", "of", "and", "to", "in", "for", "with", "that", "from", "this", "have", "was", "are", "not", "but")
SEED = 7


class Mix:
    """Draws words by how many of the sampled articles have them, and phrases out of their texts."""

    def __init__(self, sample: Sequence[Document], seed: int = SEED) -> None:
        self.random = random.Random(seed)
        self.sample = sample
        frequency = Counter(word for document in sample for word in set(_WORD.findall(document.text.lower())))
        for word in STOP_WORDS:
            frequency.pop(word, None)
        size = len(sample)
        self.common = [word for word, n in frequency.items() if size * 0.15 <= n]
        self.middling = [word for word, n in frequency.items() if size * 0.01 <= n < size * 0.15]
        self.rare = [word for word, n in frequency.items() if 2 <= n < size * 0.01]
        for words in (self.common, self.middling, self.rare):
            words.sort()

    def words(self, *bands: Sequence[str]) -> tuple[Node, ...]:
        """Draws one word of each frequency band, no word twice."""
        chosen: dict[str, None] = {}
        while len(chosen) < len(bands):
            chosen[self.random.choice(bands[len(chosen)])] = None
        return tuple(Word(word) for word in chosen)

    def phrase(self, length: int, *, stop_word: bool = False) -> Phrase:
        """Draws a phrase out of an article; with `stop_word`, a phrase that has one."""
        while True:
            words = re.findall(r"[^\W_]+", self.random.choice(self.sample).text.lower())
            at = self.random.randrange(max(1, len(words) - length))
            phrase = words[at : at + length]
            has_stop_word = any(word in STOP_WORDS for word in phrase)
            if len(phrase) == length and all(map(str.isalpha, phrase)) and has_stop_word == stop_word:
                return Phrase(" ".join(phrase))

    def author(self) -> str:
        """Draws an author by articles, not by names."""
        return self.random.choice(
            [document.metadata.authors[0] for document in self.sample if document.metadata.authors]
        )

    def years(self, span: int) -> Filters:
        """Draws a range of whole years that begins with an article's."""
        year = self.random.choice([document.metadata.date.year for document in self.sample if document.metadata.date])
        return Filters(first=Day(year, 1, 1), last=Day(min(year + span - 1, 9999), 12, 31))


def questions(sample: Sequence[Document]) -> list[Question]:
    """Draws the mix: always the same for a given sample."""
    mix = Mix(sample)
    common, middling, rare = mix.common, mix.middling, mix.rare
    found: list[Question] = []
    for _ in range(5):
        found += [
            Question("rare word", *mix.words(rare)),
            Question("middling word", *mix.words(middling)),
            Question("common word", *mix.words(common)),
            Question("AND of 2", And(mix.words(common, middling))),
            Question("AND of 2", And(mix.words(middling, middling))),
            Question("AND of 3", And(mix.words(common, common, middling))),
            Question("AND of 5", And(mix.words(common, common, common, common, middling))),
            Question("OR of 2", Or(mix.words(middling, rare))),
            Question("OR of 4", Or(mix.words(common, middling, middling, rare))),
            Question("NOT", And((*mix.words(common), Not(*mix.words(middling))))),
            Question("phrase", mix.phrase(2)),
            Question("phrase with small words", mix.phrase(3, stop_word=True)),
            Question("prefix", Wildcard(mix.random.choice(middling)[:4] + "*")),
            Question("filter by author", *mix.words(common), Filters(authors=(mix.author(),))),
            Question("filter by date", And(mix.words(common, middling)), mix.years(3)),
            Question("newest first", And(mix.words(common, middling)), sort=Sort.NEWEST),
        ]
    return found

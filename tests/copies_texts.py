"""Texts for the tests of copies: made-up prose, and what becomes of it when it is printed again."""

from __future__ import annotations

import random
from collections.abc import Callable

_LETTERS = "bcdfghklmnprstvw"
_VOWELS = "aeiou"


def prose(seed: int, words: int = 120) -> str:
    """Text of so many made-up words, some of them more often than others."""
    chance = random.Random(seed)
    known = [
        "".join(chance.choice(_LETTERS) + chance.choice(_VOWELS) for _ in range(chance.randint(1, 4)))
        for _ in range(60)
    ]
    return " ".join(chance.choice(known) for _ in range(words))


def cut(text: str, share: float) -> str:
    """Beginning of a text."""
    words = text.split()
    return " ".join(words[: int(len(words) * share)])


def edited(text: str, seed: int, share: float) -> str:
    """Text of which a share of the words, at random, are other ones."""
    chance = random.Random(seed)
    return " ".join(f"x{chance.randint(0, 9999)}" if chance.random() < share else word for word in text.split())


def with_lead(text: str, seed: int, words: int = 10) -> str:
    """Text below another first paragraph."""
    return f"{prose(seed + 1_000_000, words)}\n\n{text}"


KINDS: dict[str, Callable[[str, int], str]] = {
    "whole": lambda text, seed: text,
    "cut": lambda text, seed: cut(text, 0.9),
    "edited": lambda text, seed: edited(text, seed, 0.02),
    "with a lead": with_lead,
    "edited much": lambda text, seed: edited(text, seed, 0.2),
    "half": lambda text, seed: cut(text, 0.5),
}

"""Grouping into stories: against a naive one, whatever the order, and around changes alone."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise, permutations

import pytest
from copies_texts import KINDS, cut, edited, prose
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.model import PartialDate
from backfile.index.analysis.tokenizer import tokenize
from backfile.index.copies.grouping import MIN_WORDS, Grouping, SignedArticle
from backfile.index.copies.shingles import ShingleReader, jaccard

DAYS = 31
READER = ShingleReader()
Texts = dict[str, tuple[str, str]]
"""Date (empty: none) and text by id."""


def sign(texts: Texts) -> list[SignedArticle]:
    signatures = READER.signatures([text for _, text in texts.values()])
    return [
        SignedArticle.of(key, PartialDate.parse(day) if day else None, signature)
        for (key, (day, _)), signature in zip(texts.items(), signatures, strict=True)
    ]


def grouping(articles: Iterable[SignedArticle], texts: Texts, days: int = DAYS) -> Grouping:
    shingles = {key: READER.shingles(text) for key, (_, text) in texts.items()}
    return Grouping(list(articles), days, lambda one, other: jaccard(shingles[one.id], shingles[other.id]) >= 0.8)


def shingled(text: str) -> set[tuple[str, ...]]:
    words = [token.term for token in tokenize(text)]
    return set(zip(words, words[1:], words[2:], strict=False))


def naive_stories(texts: Texts, days: int = DAYS) -> dict[str, str]:
    """Stories by definition, every article compared with every lead."""
    dates = {key: PartialDate.parse(day) if day else None for key, (day, _) in texts.items()}
    lengths = {key: len(list(tokenize(text))) for key, (_, text) in texts.items()}
    known = {key: shingled(text) for key, (_, text) in texts.items()}

    def near(one: str, other: str) -> bool:
        first, second = dates[one], dates[other]
        if first is None or second is None:
            return first is second
        return max((first.first - second.last).days, (second.first - first.last).days) <= days

    order = sorted(
        texts, key=lambda key: (dates[key] is None, str(dates[key].first) if dates[key] else "", -lengths[key], key)
    )
    leads: list[str] = []
    stories: dict[str, str] = {}
    for key in order:
        if lengths[key] < MIN_WORDS:
            continue
        for lead in leads:
            if near(lead, key) and 10 * len(known[lead] & known[key]) >= 8 * len(known[lead] | known[key]):
                stories[key] = stories[lead] = lead
                break
        else:
            leads.append(key)
    return stories


def library(seed: int, stories: int = 8) -> Texts:
    """Articles of some stories, printed several times within weeks."""
    chance = random.Random(seed)
    texts: Texts = {}
    for story in range(stories):
        first = chance.randint(1, 300)
        text = prose(100 * seed + story, chance.choice([45, 80, 200]))
        for number in range(chance.randint(1, 5)):
            kind = chance.choice(list(KINDS))
            day = first + chance.choice([0, 0, 1, 20, 31, 32, 60])
            date = chance.choice(
                [f"{2000 + day // 360}-{1 + day % 360 // 30:02}-{1 + day % 28:02}", "2000", "2000-06", ""]
            )
            texts[f"{story}/{chance.randint(0, 99)}-{number}"] = date, KINDS[kind](text, seed + number)
    return texts


@pytest.mark.parametrize("seed", range(12))
def test_stories_are_those_of_a_naive_grouping_in_any_order(seed: int) -> None:
    texts = library(seed)
    expected = naive_stories(texts)
    articles = sign(texts)
    for _ in range(3):
        random.Random(seed).shuffle(articles)
        assert grouping(articles, texts).stories() == expected
    assert len(expected) > 2


@given(st.integers(0, 10**6), st.data())
def test_grouping_around_changes_is_that_of_all(seed: int, data: st.DataObject) -> None:
    before = library(seed, stories=4)
    others = library(seed + 1, stories=2)
    gone = data.draw(st.sets(st.sampled_from(sorted(before)), max_size=3))
    changed = data.draw(st.sets(st.sampled_from(sorted(before)), max_size=2)) - gone
    added = data.draw(st.sets(st.sampled_from(sorted(others)), max_size=3)) - before.keys()
    after = {key: each for key, each in before.items() if key not in gone}
    after |= {key: (after[key][0], cut(after[key][1], 0.93)) for key in changed}
    after |= {key: (others[key][0], next(iter(before.values()))[1]) for key in added}
    old, new = sign(before), sign(after)
    known = grouping(old, before).stories()
    touched_articles = [each for each in old if each.id in gone | changed] + [
        each for each in new if each.id in changed | added
    ]
    found, touched = grouping(new, after).stories_around(touched_articles)
    left_alone = {key: known[key] for key in known if key not in touched and key not in gone | changed | added}
    assert left_alone | found == grouping(new, after).stories()


def test_every_member_is_like_its_lead_and_no_chain_joins_what_differs() -> None:
    # marin-community/marin #6854: connected components made one group of unrelated books.
    text = prose(1, 300)
    versions = [text]
    for step in range(12):
        versions.append(edited(versions[-1], step, 0.02))
    texts = {f"v{number}": (f"2001-01-{number + 1:02}", each) for number, each in enumerate(versions)}
    sets = [shingled(each) for each in versions]
    assert all(len(one & other) / len(one | other) >= 0.8 for one, other in pairwise(sets))
    stories = grouping(sign(texts), texts).stories()
    assert all(
        len(sets[int(key[1:])] & sets[int(lead[1:])]) / len(sets[int(key[1:])] | sets[int(lead[1:])]) >= 0.8
        for key, lead in stories.items()
    )
    assert len(set(stories.values())) > 1


def test_a_chain_of_three_is_cut_in_the_same_place_in_any_order() -> None:
    # ChenghaoMou/text-dedup #106: if A is like B and B like C, what is kept depends on the order of the files.
    words = prose(8, 200).split()
    middle = [*words[:-12], *prose(9, 12).split()]
    last = [*prose(10, 12).split(), *middle[12:]]
    texts = {key: ("2001-01-01", " ".join(each)) for key, each in (("a", words), ("b", middle), ("c", last))}
    sets = {key: shingled(text) for key, (_, text) in texts.items()}
    similarity = {
        pair: len(sets[pair[0]] & sets[pair[1]]) / len(sets[pair[0]] | sets[pair[1]]) for pair in ("ab", "bc", "ac")
    }
    assert similarity["ab"] >= 0.8 <= similarity["bc"]
    assert similarity["ac"] < 0.8
    for order in permutations(sign(texts)):
        assert grouping(order, texts).stories() == {"a": "a", "b": "a"}


def test_texts_that_share_a_template_alone_are_no_copies() -> None:
    # marin-community/marin #6851: dialogues on other subjects, alike in their greetings and turns.
    opening, turn, end = prose(11, 25), prose(12, 15), prose(13, 20)
    texts = {
        f"t{number}": ("2001-01-01", f"{opening} {prose(20 + number, 40)} {turn} {prose(40 + number, 40)} {end}")
        for number in range(12)
    }
    assert grouping(sign(texts), texts).stories() == {}


def stories_of(*texts: tuple[str, str], days: int = DAYS) -> dict[str, str]:
    named = dict(zip("abcdef", texts, strict=False))
    return grouping(sign(named), named, days).stories()


def test_the_lead_is_the_earliest_then_the_longest_then_the_first_by_id() -> None:
    text = prose(2)
    assert set(stories_of(("2001-01-02", text), ("2001-01-01", text)).values()) == {"b"}
    assert set(stories_of(("2001-01-02", text), ("2001-01-02", f"{text} more words")).values()) == {"b"}
    assert set(stories_of(("2001-01-02", text), ("2001-01-02", text)).values()) == {"a"}


@pytest.mark.parametrize(
    ("one", "other", "are_copies"),
    [
        ("2001-01-01", "2001-02-01", True),
        ("2001-01-01", "2001-02-02", False),
        ("2001-01", "2001-03-03", True),
        ("2001-01", "2001-03-04", False),
        ("2001", "2001-07-01", True),
        ("", "", True),
        ("", "2001-01-01", False),
    ],
)
def test_copies_are_near_in_time_and_undated_ones_alone_are_near_undated_ones(
    one: str, other: str, are_copies: bool
) -> None:
    text = prose(3)
    assert bool(stories_of((one, text), (other, text))) is are_copies
    assert bool(stories_of((other, text), (one, text))) is are_copies


def test_the_days_between_copies_can_be_set() -> None:
    text = prose(4)
    assert not stories_of(("2001-01-01", text), ("2001-01-03", text), days=1)
    assert stories_of(("2001-01-01", text), ("2001-01-02", text), days=1)
    assert stories_of(("2001-01-01", text), ("2009-01-02", text), days=36_525)


def test_short_articles_are_stories_of_their_own() -> None:
    assert not stories_of(("2001-01-01", prose(5, MIN_WORDS - 1)), ("2001-01-01", prose(5, MIN_WORDS - 1)))
    assert stories_of(("2001-01-01", prose(5, MIN_WORDS)), ("2001-01-01", prose(5, MIN_WORDS)))


def test_words_are_compared_folded_and_characters_where_no_spaces_are() -> None:
    text = prose(6)
    assert stories_of(("2001-01-01", text), ("2001-01-01", text.upper().replace(" ", ", ")))
    chinese = "".join(chr(0x4E00 + random.Random(7).randint(0, 2000) + number) for number in range(60))
    assert stories_of(("2001-01-01", chinese), ("2001-01-02", f"{chinese}。"))
    assert not stories_of(("2001-01-01", chinese), ("2001-01-02", chinese[:30]))


def test_texts_without_words_are_never_copies() -> None:
    assert not stories_of(("2001-01-01", ""), ("2001-01-01", ""), ("2001-01-01", "… — !"))


def test_signatures_do_not_depend_on_what_was_read_before() -> None:
    texts = [prose(number) for number in range(20)]
    together = ShingleReader().signatures(texts)
    used = ShingleReader()
    used.signatures([prose(99)])
    assert [used.signatures([text])[0] for text in reversed(texts)] == together[::-1]

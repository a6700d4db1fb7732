"""Looking only where a term may stand finds the same spans as looking at every token."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.beginnings import beginnings
from index.families import family_keys
from index.neighbourhoods import Haystack, Needle
from index.occurrences import AllTokens, finder_for
from index.query import Fuzzy, Pattern, Phrase, Word

PIECES = (
    "ferry ferries Ferry's FERRY’S night nights e-mail Email E-MAILS C++ c++-like C# g++ c U.S. us AT&T att 1,000 1000 "
    "node.js nodejs café CAFE\u0301 don’t don't l'avion l’avion d'avions avion 手機版本 手機 版本 ﬁne fine İstanbul istanbul "
    "Straße strasse dying die lies snake_case snakecase the of to be — – … ( ) a-b-c x.y.z ß œuvre Łódź ｃａｆé co\u00adop"
).split()
texts = st.lists(
    st.tuples(
        st.sampled_from(PIECES),
        st.sampled_from((" ", " ", " ", "\n", "  ", "\t", "\u00a0", ", ", ". ", "-", "'", "", " \n")),
    ),
    max_size=25,
).map(lambda parts: "".join(word + gap for word, gap in parts))
anything = st.one_of(texts, texts, st.text(alphabet=st.sampled_from("aB cé-'.+#&_\n\u0301手İ1,’"), max_size=40))
words = st.sampled_from(PIECES)
runs = st.lists(words, min_size=1, max_size=3).map(" ".join)
nodes = st.one_of(
    st.builds(Word, words, st.booleans()),
    st.builds(Phrase, runs, st.one_of(st.none(), st.integers(0, 8))),
    st.builds(Pattern, st.sampled_from(("fe*", "f?rry", "ni*t", "em*", "us*", "ca*", "c*"))),
    st.builds(Fuzzy, st.sampled_from(("ferry", "nihgt", "cafe", "die")), st.integers(1, 2)),
)
languages = st.sampled_from((("en",), ("en", "fr"), ("de",), ("nl", "en"), ("ar", "en"), ()))


@settings(max_examples=400, deadline=None)
@given(anything, nodes, languages)
@example("to be to be to", Phrase("to be to"), ("en",))
@example("c++-like clike", Word("clike"), ("en",))
@example("the night\t\tferry", Phrase("night ferry"), ("en",))
@example("a" * 200 + " " + "a" * 200, Word("a" * 128, exact=True), ("en",))
def test_same_spans_as_all_tokens(text: str, node: Word | Phrase | Pattern | Fuzzy, languages: tuple[str, ...]) -> None:
    find = finder_for(node, languages)
    assert sorted(set(find(Haystack(text)))) == sorted(set(find(AllTokens(text))))


@settings(max_examples=200, deadline=None)
@given(anything, st.sampled_from(("ferry", "email", "us", "c++", "手機")), st.integers(0, 6))
def test_neighbourhoods_are_parts_of_the_text(text: str, term: str, reach: int) -> None:
    near = Haystack(text).tokens_near(Needle(frozenset((term,)), reach=reach))
    every = AllTokens(text).tokens_near(Needle(frozenset((term,))))
    assert [(token.term, token.start, token.end) for token in near] == [
        (token.term, token.start, token.end)
        for token in every
        if (token.start, token.end, token.term) in {(t.start, t.end, t.term) for t in near}
    ]
    assert [token.position for token in near] == sorted(token.position for token in near)
    assert {(token.start, token.end) for token in every if token.term == term} <= {(t.start, t.end) for t in near}


@pytest.mark.parametrize("language", ["en", "de", "fr", "nl", "es", "it"])
def test_families_begin_as_said(language: str) -> None:
    forms = "dying die lying lie skies sky aerosol aarosol ueber uber gedanken danken gegangen l'avion avion d'avions nation"
    for first in forms.split():
        starts = beginnings(first, (language,))
        assert starts is not None
        for other in forms.split():
            if not family_keys(first, (language,)).isdisjoint(family_keys(other, (language,))):
                assert any(part.startswith(start) for start in starts for part in (other, other.rpartition("'")[2]))


def test_languages_that_rewrite_beginnings_are_not_guessed() -> None:
    assert beginnings("kitab", ("ar",)) is None
    assert beginnings("buku", ("en", "id")) is None

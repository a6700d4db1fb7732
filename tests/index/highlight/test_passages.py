"""Passages: choice, sentence boundaries, highlights."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.index.highlight.highlighter import merge_spans
from backfile.index.highlight.passages import LONGEST, SHORTEST, select_passages
from backfile.index.highlight.sentences import sentence_starts

FILLER = "The harbour has much to tell, and most of it is told at length by the men on the quay. "
texts = st.lists(
    st.sampled_from(["ferry", "Night.", "the", "\n", "Mr.", "„", "手機版本。", "x" * 60, "“Yes!”", FILLER]), max_size=60
).map(" ".join)


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, tuple[tuple[int, int], ...]]:
    text = draw(texts)
    if not text:
        return text, ()
    starts = st.integers(0, len(text) - 1)
    spans = draw(st.lists(st.tuples(starts, st.integers(1, 12)), max_size=12))
    return text, merge_spans([(start, min(start + length, len(text))) for start, length in spans])


@settings(max_examples=150, deadline=None)
@given(marked_texts(), st.integers(0, 4))
def test_passages_are_disjoint_parts_in_reading_order_with_marks(
    case: tuple[str, tuple[tuple[int, int], ...]], limit: int
) -> None:
    text, spans = case
    found = select_passages(text, spans, limit)
    assert len(found) <= limit
    place = 0
    for passage in found:
        assert passage.text == passage.text.strip()
        assert 0 < len(passage.text) <= LONGEST
        place = text.index(passage.text, place) + len(passage.text)
    if limit and any(text[start:end].strip() for start, end in spans):
        assert found
        visible = [passage for passage in found if passage.spans]
        assert visible or all(not text[start:end].strip() for start, end in spans)


def spans_of(word: str, text: str) -> tuple[tuple[int, int], ...]:
    return tuple(found.span() for found in re.finditer(word, text))


def test_begins_and_ends_with_sentences() -> None:
    text = f"{FILLER}Mr. J. Smith took the ferry. {FILLER}{FILLER}{FILLER}"
    (passage,) = select_passages(text, spans_of("ferry", text))
    assert passage.text.startswith("Mr. J. Smith")
    assert passage.text.endswith("on the quay.")
    assert SHORTEST <= len(passage.text) <= LONGEST


def test_prefers_passages_with_more_different_words() -> None:
    text = f"ferry ferry ferry. {FILLER * 4}A night ferry. {FILLER * 4}night night. {FILLER * 4}"
    (passage,) = select_passages(text, spans_of("ferry|night", text), 1)
    assert "A night ferry." in passage.text


def test_shows_the_best_in_the_order_of_reading() -> None:
    text = "".join(f"Number {number}: a ferry. {FILLER * 4}" for number in range(9))
    found = select_passages(text, spans_of("ferry", text), 3)
    assert [passage.text[:9] for passage in found] == ["Number 0:", "Number 1:", "Number 2:"]


def test_long_sentences_are_cut_between_words() -> None:
    text = "and so on " * 200 + "ferry " + "and so forth " * 200
    (passage,) = select_passages(text, spans_of("ferry", text))
    assert passage.text.split()[0] in {"and", "so", "on"}
    assert passage.text.split()[-1] in {"and", "so", "forth"}
    assert [passage.text[start:end] for start, end in passage.spans] == ["ferry"]


def test_text_without_spaces_is_cut_anyway() -> None:
    text = "一" * 1_000 + "手機" + "二" * 1_000
    (passage,) = select_passages(text, spans_of("手機", text))
    assert "手機" in passage.text
    assert len(passage.text) <= LONGEST // 2


def test_passages_of_wide_letters_are_half_as_long() -> None:
    text = "港口委员会决定夜间渡轮冬季停航。" * 20 + "软件在这里。" + "公司表示不会在冬天开船。" * 20
    (passage,) = select_passages(text, spans_of("软件", text))
    assert SHORTEST // 2 <= len(passage.text) <= LONGEST // 2
    assert passage.text.endswith("。")
    (lead,) = select_passages(text, ())
    assert SHORTEST // 2 <= len(lead.text) <= LONGEST // 2


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_to_show(text: str) -> None:
    assert select_passages(text, ()) == ()


def test_without_marks_the_lead() -> None:
    (passage,) = select_passages(f"  First. {FILLER * 9}", ())
    assert passage.text.startswith("First.")
    assert passage.text.endswith("quay.")


def test_a_mark_longer_than_a_passage_is_shown_as_far_as_it_goes() -> None:
    text = "night" + " " * 10 + "x " * 400
    (passage,) = select_passages(text, ((0, 600),))
    assert passage.spans == ((0, len(passage.text)),)


def test_thousands_of_marks_are_no_matter() -> None:
    text = f"ferry {FILLER}" * 20_000
    assert len(select_passages(text, spans_of("ferry", text))) == 3


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The pier (cf. Smith and No. 5 on p. 12) was, e.g. by Dr. Brown, rebuilt for the ferry in Sept. 1961."),
        ("de", "Das Schiff lag (vgl. Nr. 5, z. B. Abb. 3) bzw. die Fähre ferry am Kai der St. Pauli Landungsbrücken."),
        ("fr", "Le bac ferry de M. Duval (cf. Moreau, éd. Plon, p. 12, fig. 3) partait vers 1961 du vieux port."),
        ("ru", "Паром ferry стоял у причала (прим. Иванова, см. Рис. 3 на стр. 12), т. е. в г. Москве до 1961 года."),
        ("pl", "Prom ferry stał w porcie (np. Gdynia, zob. Rys. 3 na str. 12) i odpływał o świcie razem ze św. Anną."),
    ],
)
def test_abbreviations_of_the_language_end_no_sentence(language: str, sentence: str) -> None:
    starts = list(sentence_starts(f"{sentence} Next.", 0, len(sentence) + 6, language))
    assert starts == [0, len(sentence) + 1]


def test_prose_is_preferred_to_contents_and_code() -> None:
    contents = "Ferry times\nNight ferry\nThe ferry home\n"
    code = "ferry = open(ferry_path); ferry.run(ferry)\n"
    text = f"{contents}{code}{FILLER * 3}\nThe last ferry left the island late at night in a storm. {FILLER * 3}"
    (passage,) = select_passages(text, spans_of("(?i)ferry", text), 1)
    assert "The last ferry" in passage.text
    (lead,) = select_passages(text, (), 1)
    assert lead.text.startswith("The harbour has")


def test_two_passages_are_never_one_sentence() -> None:
    text = f"{FILLER * 4}The ferry {'and so on ' * 20}the ferry {'and so forth ' * 20}the ferry at last. {FILLER * 4}"
    assert len(select_passages(text, spans_of("ferry", text), 3)) == 1
    assert len(select_passages(text + text, spans_of("ferry", text + text), 3)) == 2


def test_the_name_of_a_picture_is_no_passage() -> None:
    text = f"A ferry. {FILLER * 2}\nferry-at-the-quay-600x450\n{FILLER * 2}The ferry sank. {FILLER * 3}"
    found = [passage.text for passage in select_passages(text, spans_of("ferry", text), 3)]
    assert "ferry-at-the-quay-600x450" not in found
    assert any("The ferry sank." in passage for passage in found)


def test_ends_with_a_sentence_rather_than_at_full_length() -> None:
    text = f"{FILLER * 4}The ferry came from a yard across the sound, in a year of frost. {'And so on ' * 40}."
    (passage,) = select_passages(text, spans_of("ferry", text))
    assert passage.text.endswith("year of frost.")

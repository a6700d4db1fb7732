"""Word for word: what counts and what does not, and agreement with a naive oracle."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.index.quotations.word_stream import Quotation, WordStream


def is_verbatim(quotation: str, text: str) -> bool:
    return Quotation.of(quotation).find_verbatim(WordStream.of(text)) is not None


SAME = {
    "case, accents, quotation marks": ("“CAFÉ” said the “Minister”", "The cafe said ‘the minister’ twice."),
    "punctuation": ("no more no less and then", "No more; no less – and, then?"),
    "line breaks and blocks": ("the end of one the start", "This is the end\nof one.\n\nThe start of another."),
    "a ligature": ("the ﬁnal ofﬁce", "The final office closed."),
    "a long s of German": ("die Straße am Fluss", "Die STRASSE am Fluß war leer."),
    "a hyphen for a blank": ("a well known author", "She is a well-known author."),
    "a blank for a hyphen": ("a well-known author", "She is a well known author."),
    "a hyphen for nothing": ("the e-mail came late", "The email came late."),
    "nothing for a hyphen": ("the email came late", "The e-mail came late."),
    "a soft hyphen": ("infor\u00admation is power", "Information is power."),
    "a word broken at the end of a line": ("infor-\nmation is power", "Information is power."),
    "a broken word in the article": ("information is power", "All infor-\nmation is power."),
    "zero width spaces": ("in\u200bformation is\ufeff power", "Information is power."),
    "the number of a note": ("the treaty was signed", "The treaty² was signed."),
    "a note in brackets": ("the treaty was signed", "The treaty[12] was signed."),
    "the same note in both": ("the treaty[12] was signed", "The treaty[12] was signed."),
    "a note after a sentence": ("was signed. Then came war", "It was signed.[3] Then came war."),
    "sic": ("the goverment [sic] fell", "The goverment fell."),
    "a capital in brackets": ("[T]he board fell silent", "And then the board fell silent."),
    "brackets of the article itself": ("odds ratio 2 CI 1 to 3", "Odds ratio 2 [CI 1 to 3] was found."),
    "an ellipsis": ("the board … cancelled the ferry", "The board, in its wisdom, cancelled the ferry."),
    "three full stops": ("the board ... cancelled the ferry", "The board, in its wisdom, cancelled the ferry."),
    "full stops apart": ("the board . . . cancelled", "The board, in its wisdom, cancelled the ferry."),
    "an ellipsis in brackets": ("the board [...] cancelled", "The board, in its wisdom, cancelled the ferry."),
    "an ellipsis for nothing": ("well … maybe not", "Well... maybe not."),
    "an ellipsis at both ends": ("… in its wisdom …", "The board, in its wisdom, cancelled."),
    "a Chinese ellipsis": ("无来无去无所住……照境法身", "无来无去无所住，三世平等一定住。照境法身清净明。"),
    "Chinese with a line break": ("港口管\n理局", "昨天港口管理局宣布。"),
    "Chinese in traditional characters": ("圖書館開門", "图书馆开门了。"),
    "blanks around Latin in Chinese": ("用 Python 写的", "这是用Python写的程序。"),
    "Thai": ("ภาษาไทย", "เขาพูดภาษาไทยได้"),
    "Arabic with vowel signs": ("الكِتَابُ الجديد", "قرأت الكتاب الجديد أمس."),
    "Hebrew points": ("שָׁלוֹם לכם", "אמר: שלום לכם!"),
    "operators are words": ("not here OR there AND -now", "Not here or there and now."),
    "a range with another dash": ("pages 10-12 of it", "See pages 10–12 of it."),
    "an apostrophe": ("it’s the boys' fault", "It's the boys’ fault."),
    "angle brackets": ("the <night> ferry", "The night ferry."),
    "a slash and a dash": ("and/or - so it goes", "And / or: so it goes."),
}
DIFFERENT = {
    "a word swallowed": ("would improve the law", "It would not improve the law."),
    "another order": ("the ferry night left", "The night ferry left."),
    "the beginning of a word": ("the night fer", "The night ferry left."),
    "the end of a word": ("he night ferry", "The night ferry left."),
    "the end of a compound": ("elected the president", "They re-elected the president."),
    "the beginning of a compound": ("a well", "A well-known author."),
    "two words for one": ("it may be so", "It maybe so."),
    "one word for two": ("it happens everyday here", "It happens every day here."),
    "a decimal point": ("rose by 15 percent", "It rose by 1.5 percent."),
    "a decimal comma": ("stieg um 15 Prozent", "Es stieg um 1,5 Prozent."),
    "a fraction": ("some 15 of them", "Some 1/5 of them."),
    "a range": ("pages 110 to 12", "Pages 1-10 to 12."),
    "another currency": ("it cost €5 then", "It cost $5 then."),
    "no percent": ("rose by 5 then", "It rose by 5% then."),
    "no minus": ("it was 5 or -3 degrees", "It was 5 or 3 degrees."),
    "another comparison": ("if a < b then", "If a > b then."),
    "another number in brackets": ("the items[1] of it", "The items[2] of it."),
    "another power": ("in metres² of land", "In metres³ of land."),
    "letters in brackets": ("the arrayi of it", "The array[i] of it."),
    "C for C++": ("written in C by him", "Written in C++ by him."),
    "a possessive": ("the boys fault was", "The boy's fault was."),
    "parts in another order": ("cancelled the ferry … the board", "The board cancelled the ferry."),
    "a part that is not there": ("the board … sank the ferry", "The board cancelled the ferry."),
    "an ellipsis in the article only": ("the board cancelled", "The board … in its wisdom cancelled."),
    "parts that overlap": ("the night … night ferry", "The night ferry."),
    "another Chinese character": ("港口管理局", "港口管里局"),
    "nothing": ("", "The night ferry."),
    "signs alone": ("…", "The night … ferry."),
}


@pytest.mark.parametrize(("quotation", "text"), SAME.values(), ids=SAME)
def test_word_for_word(quotation: str, text: str) -> None:
    assert is_verbatim(quotation, text)


@pytest.mark.parametrize(("quotation", "text"), DIFFERENT.values(), ids=DIFFERENT)
def test_not_word_for_word(quotation: str, text: str) -> None:
    assert not is_verbatim(quotation, text)


def test_the_shortest_of_several_places_is_taken() -> None:
    text = WordStream.of("The board met. Long after that the board, as told, cancelled the ferry.")
    places = Quotation.of("the board … cancelled").find_verbatim(text)
    assert places is not None
    assert [text.words[first:after] for first, after in places] == [["the", "board"], ["cancelled"]]
    assert places[1][0] - places[0][1] == 2


def test_spans_lead_back_into_the_text() -> None:
    text = "‘Ｆｕｌｌ’ e-mail of İstanbul, ﬁne[1] at $5."
    stream = WordStream.of(text)
    written = [text[start:end] for start, end in zip(stream.starts, stream.ends, strict=True)]
    assert written == ["Ｆｕｌｌ", "e", "mail", "of", "İstanbul", "ﬁne", "at", "$", "5"]
    assert stream.words == ["full", "e", "mail", "of", "istanbul", "fine", "at", "$", "5"]


def test_one_repeated_word_takes_no_long_time() -> None:
    assert not is_verbatim("aa " * 600, "a " * 100_000)


# The oracle knows hyphens, case and punctuation only: it tries every reading of every hyphen.

WORDS = ("a", "b", "ab", "ba", "aa", "the")
_compounds = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("-".join)
_separators = st.sampled_from([" ", ", ", ". ", "\n", " “", "” ", " – "])


@st.composite
def _texts(draw: st.DrawFn, most: int) -> str:
    words = draw(st.lists(_compounds, min_size=1, max_size=most))
    cased = [draw(st.sampled_from([str.upper, str.lower, str.capitalize]))(word) for word in words]
    return "".join(word + draw(_separators) for word in cased)


def _readings(text: str) -> set[tuple[str, ...]]:
    """Sequences of words that a text can be read as, each compound in one word or several; ends of compounds marked."""
    choices = []
    for compound in re.findall(r"[a-z-]+", text.lower()):
        parts = compound.split("-")
        splits = set()
        for joints in itertools.product("- ", repeat=len(parts) - 1):
            joined = "".join(part + joint for part, joint in zip(parts, [*joints, ""], strict=True))
            splits.add(tuple(joined.replace("-", "").split(" ")))
        choices.append([(*split[:-1], split[-1]) for split in splits])
    return {tuple(itertools.chain(*choice)) for choice in itertools.product(*choices)}


def _oracle(quotation: str, text: str) -> bool:
    compounds = re.findall(r"[a-z-]+", text.lower())
    wanted = _readings(quotation)
    return any(
        _readings(" ".join(compounds[first:after])) & wanted
        for first, after in itertools.combinations(range(len(compounds) + 1), 2)
    )


@given(_texts(4), _texts(7))
def test_word_for_word_as_the_naive_oracle_says(quotation: str, text: str) -> None:
    assert is_verbatim(quotation, text) == _oracle(quotation, text)


@given(_texts(6), st.data())
def test_every_piece_of_a_text_stands_in_it(text: str, data: st.DataObject) -> None:
    compounds = re.findall(r"[a-zA-Z-]+", text)
    first = data.draw(st.integers(0, len(compounds) - 1))
    after = data.draw(st.integers(first + 1, len(compounds)))
    assert is_verbatim(" ".join(compounds[first:after]), text)
    assert is_verbatim(" … ".join(compounds[first:after]), text)


@given(st.text(max_size=60), st.text(max_size=120))
def test_any_text_can_be_compared(quotation: str, text: str) -> None:
    stream = WordStream.of(text)
    assert all(start < end <= len(text) for start, end in zip(stream.starts, stream.ends, strict=True))
    Quotation.of(quotation).find_verbatim(stream)
    if Quotation.of(text).parts and len(Quotation.of(text).parts) == 1:
        assert is_verbatim(text, f"{text}")

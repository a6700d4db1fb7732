"""Quotations of drafts: styles of marks, apostrophes, blocks, lines; what is no quotation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.index.quotations.draft_quotations import read_quotations
from backfile.index.quotations.quotation_finder import MAX_QUOTATION

CASES = {
    "straight": ('She said "the night ferry sails at ten" twice.', ["the night ferry sails at ten"]),
    "curly": ("She said “the night ferry sails at ten” twice.", ["the night ferry sails at ten"]),
    "German": ("Er sagte: „Die Fähre fährt um zehn Uhr.“", ["Die Fähre fährt um zehn Uhr."]),
    "German, closed the English way": ("Er sagte: „Die Fähre fährt um zehn Uhr.”", ["Die Fähre fährt um zehn Uhr."]),
    "German books": ("Er sagte: »Die Fähre fährt um zehn Uhr.«", ["Die Fähre fährt um zehn Uhr."]),
    "French": ("Il dit « le ferry part à dix heures ».", ["le ferry part à dix heures"]),
    "French, after French": (
        "« Le ferry part à dix heures », dit-il, « et le train à onze. »",
        ["Le ferry part à dix heures", "et le train à onze."],
    ),
    "Swedish": ("Hon sade ”färjan går klockan tio i kväll” igen.", ["färjan går klockan tio i kväll"]),
    "Chinese": ("他说：「夜间渡轮因罢工取消了」。", ["夜间渡轮因罢工取消了"]),
    "Chinese in curly marks": ("他说：“夜间渡轮因罢工取消了。”", ["夜间渡轮因罢工取消了。"]),
    "Arabic": ("قال: «العبارة الليلية تبحر في العاشرة».", ["العبارة الليلية تبحر في العاشرة"]),
    "British": ("‘The ferry will not sail tonight,’ he said.", ["The ferry will not sail tonight,"]),
    "British with apostrophes": (
        "‘It’s late and we can’t wait,’ he said. ‘Don’t you see the boats’ lights?’",
        ["It’s late and we can’t wait,", "Don’t you see the boats’ lights?"],
    ),
    "British with a possessive": ("‘It was the boys’ fault alone,’ he said.", ["It was the boys’ fault alone,"]),
    "British without punctuation": (
        "A ‘ferry that never sails at night’ is no use to the town’s people.",
        ["ferry that never sails at night"],
    ),
    "British, straight": ("'The ferry won't sail tonight,' he said.", ["The ferry won't sail tonight,"]),
    "no quotation: possessives": ("The dogs' tails and the cats' tails and all of it.", []),
    "no quotation: elisions": ("'Twas in the '80s that rock 'n' roll came to the '90s.", []),
    "nested": ("“He said ‘the ferry is late’ to me,” she said.", ["He said ‘the ferry is late’ to me,"]),
    "nested, British": ("‘He said “the ferry is late” to me,’ she said.", ["He said “the ferry is late” to me,"]),
    "nested in the same marks": ('It is "open the "Save as" box now" in full.', ['open the "Save as" box now']),
    "nested with a year": (
        "She said, \"I thought you said, 'I don't like '80s music'?\"",
        ["I thought you said, 'I don't like '80s music'?"],
    ),
    "after a dash and a bracket": (
        "—“the first one has five words” (“the second one has five too”)",
        ["the first one has five words", "the second one has five too"],
    ),
    "Markdown inside": ('"The *night* ferry [sails](x.md) at **ten**"', ["The night ferry sails at ten"]),
    "code inside": ('"the word `"ferry"` is a name here"', ["the word  ferry  is a name here"]),
    "over lines of a paragraph": ('"The night ferry\nsails at ten"', ["The night ferry\nsails at ten"]),
    "block quotation": ("> The night ferry\n> sails at ten.\n", ["The night ferry\nsails at ten."]),
    "block quotation of two paragraphs": (
        "> The night ferry sails.\n>\n> It sails at ten.\n",
        ["The night ferry sails.\nIt sails at ten."],
    ),
    "block quotation with its author": (
        "> The night ferry sails at ten.\n>\n> — Ann Lee, *The Sea*\n",
        ["The night ferry sails at ten."],
    ),
    "two block quotations": (
        "> The night ferry sails at ten.\n\nAnd:\n\n> The day ferry sails at noon.\n",
        ["The night ferry sails at ten.", "The day ferry sails at noon."],
    ),
    "block quotation in marks": ("> “The night ferry sails at ten.”\n", ["“The night ferry sails at ten.”"]),
    "over paragraphs": (
        "“The night ferry sails.\n\n“It sails at ten.\n\n“Nobody knows,” he said.\n\nSo it is.",
        ["The night ferry sails.\nIt sails at ten.\nNobody knows,"],
    ),
    "in a list, a heading and a table": (
        '# "A heading of some five words"\n\n- "an entry of some five words"\n\n'
        '| a |\n|---|\n| "a cell with some five words" |\n',
        ["A heading of some five words", "an entry of some five words", "a cell with some five words"],
    ),
    "elements of HTML": (
        "He said <q>the night ferry sails at ten</q>.\n\n<blockquote>The day ferry sails at noon</blockquote>\n",
        ["the night ferry sails at ten", "The day ferry sails at noon"],
    ),
    "entities": ("&ldquo;The night ferry sails at ten&rdquo;", ["The night ferry sails at ten"]),
    "no quotation: code": ('`"this is code of five words"`\n\n    "indented code of some words"\n', []),
    "no quotation: fenced code": ('```\n"this is code of five words"\n```\n', []),
    "no quotation: an alert": ("> [!NOTE]\n> This is a note of five words.\n", []),
    "no quotation: front matter": ('---\ntitle: "a title of some five words"\n---\nText.\n', []),
    "no quotation: comments": ('<!-- "a comment of some five words" -->\n', []),
    "no quotation: inches": ('A 6" pipe and a 12" board of good wood for the pier.', []),
}


@pytest.mark.parametrize(("draft", "quotations"), CASES.values(), ids=CASES)
def test_quotations_are_read(draft: str, quotations: list[str]) -> None:
    found = read_quotations(draft)
    assert [each.text for each in found.quotations] == quotations
    assert found.unclosed == ()


def test_lines_count_from_the_beginning_of_the_file() -> None:
    draft = (
        "---\ntitle: x\n---\n\nÄ “first quotation of five words”\nand\n“second quotation of five words”.\n\n"
        "> third one of five words\n"
    )
    assert [each.line for each in read_quotations(draft).quotations] == [5, 7, 9]
    assert [each.line for each in read_quotations(draft.replace("\n", "\r\n")).quotations] == [5, 7, 9]


def test_short_quotations_are_counted_and_unclosed_marks_named() -> None:
    found = read_quotations("A “short one” and “another”.\n\nThen “an open one that never ends.\n\nThe end.\n")
    assert (found.quotations, found.short, found.unclosed) == ((), 2, (3,))


def test_a_mark_without_a_partner_takes_nothing_from_its_neighbours() -> None:
    found = read_quotations("He “never ends.\n\nShe said “the night ferry sails at ten”.\n")
    assert [each.text for each in found.quotations] == ["the night ferry sails at ten"]
    assert found.unclosed == (1,)


def test_a_long_quotation_comes_in_pieces() -> None:
    text = "The night ferry sails at ten, and nobody is told why it does so. " * 80
    pieces = read_quotations(f"“{text.strip()}”").quotations
    assert len(pieces) == 3
    assert all(len(each.text) <= MAX_QUOTATION for each in pieces)
    assert " ".join(each.text for each in pieces) == text.strip()


@given(st.text(alphabet="ab \n\"'“”„‘’«»「」>`-*<q/", max_size=80))
def test_any_draft_is_read(draft: str) -> None:
    found = read_quotations(draft)
    assert all(each.line >= 1 for each in found.quotations)
    assert all(1 <= line <= draft.count("\n") + 1 for line in found.unclosed)


@pytest.mark.parametrize("sign", ["“", '"', "‘", "'", "«", "„"])
def test_many_open_marks_take_no_long_time(sign: str) -> None:
    found = read_quotations(f"{sign}a " * 4_000)
    assert len(found.quotations) + found.short + len(found.unclosed) <= 4_000

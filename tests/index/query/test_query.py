"""Query language: golden trees and notices, round trip to text, bounds, no errors for any text."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from datetime import date as Day
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from long_runs import examples
from paths import DATA, ROOT

from backfile.index import query
from backfile.index.query import (
    And,
    DateRange,
    Fuzzy,
    InField,
    MatchAll,
    Node,
    Not,
    Or,
    Phrase,
    Wildcard,
    Word,
    parse,
    to_text,
)
from backfile.index.query.nodes import nesting_depth, word_count

DATA = DATA / "query"
DOCS = ROOT / "docs" / "query-language.md"


# --- golden files --------------------------------------------------------------------------------------------------


def sketch(tree: Node) -> str:  # noqa: PLR0911
    """Tree in one line, as in the golden files."""
    match tree:
        case MatchAll():
            return "everything"
        case Word():
            times = f" ×{tree.times}" if tree.times > 1 else ""
            return (f"exact {tree.text}" if tree.exact else tree.text) + times
        case Phrase():
            return f"“{tree.text}”" + (f" within {tree.within}" if tree.within else "")
        case Wildcard():
            return f"pattern {tree.text}"
        case Fuzzy():
            return f"fuzzy {tree.text} {tree.distance}"
        case DateRange():
            return f"dates {tree.first or '…'} to {tree.last or '…'}"
        case InField():
            return f"{tree.field}[{sketch(tree.node)}]"
        case Not():
            return f"not[{sketch(tree.node)}]"
        case And() | Or():
            return f"{type(tree).__name__.lower()}[{', '.join(map(sketch, tree.nodes))}]"


def cases(name: str) -> list[tuple[str, list[str]]]:
    """Blocks of a golden file: `? text`, then `= tree` or any number of `! notice`; `#` begins a comment."""
    blocks = re.split(r"^\? ?", (DATA / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = []
    for block in blocks:
        text, *lines = block.splitlines()
        expected = [line[2:] for line in lines if line.startswith(("= ", "! "))]
        found.append((text, expected))
    return found


def texts(name: str) -> list[str]:
    """Queries of a golden file."""
    return [text for text, _ in cases(name)]


@pytest.mark.parametrize(("text", "expected"), cases("trees.txt"))
def test_text_to_tree(text: str, expected: list[str]) -> None:
    parsed = parse(text)
    assert [sketch(parsed.tree)] == expected
    assert parsed.refusal is None
    assert parse(to_text(parsed.tree)).tree == parsed.tree


@pytest.mark.parametrize(("text", "expected"), cases("notices.txt"))
def test_text_to_notices(text: str, expected: list[str]) -> None:
    assert [notice.text for notice in parse(text).notices] == expected


def test_canonical_text_gives_no_notices() -> None:
    for text in texts("trees.txt"):
        tree = parse(text).tree
        kept = {notice.code for notice in parse(to_text(tree)).notices}
        assert kept <= {"star", "wildcard"}, f"{text} → {to_text(tree)}"


READ = re.compile(r"^<!-- reads$(.*?)^-->$", re.MULTILINE | re.DOTALL)
FIRST_CELL = re.compile(r"^\| (`.*?) \|", re.MULTILINE)
CODE = re.compile(r"(`+) ?(.+?) ?\1")


def documented() -> list[list[str]]:
    """(example, sketch) pairs of the comments that stand below the tables of the documentation."""
    blocks = READ.findall(DOCS.read_text(encoding="utf-8"))
    return [line.split(" ⇒ ") for block in blocks for line in block.strip().splitlines()]


@pytest.mark.parametrize(("text", "expected"), documented())
def test_documented_example(text: str, expected: str) -> None:
    assert sketch(parse(text).tree) == expected


def test_every_example_of_the_documentation_is_checked() -> None:
    cells = FIRST_CELL.findall(DOCS.read_text(encoding="utf-8").replace("\\|", "¦"))
    examples = [code.replace("¦", "|") for cell in cells for _, code in CODE.findall(cell)]
    assert len(examples) > 40
    assert set(examples) == {text for text, _ in documented()}


# --- bounds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * 1_001, "longer than 1,000 characters"),
        ("ab " * 400, "longer than 1,000 characters"),
        (" ".join(f"w{number}" for number in range(65)), "has 65 words; at most 64"),
        ('"' + "a " * 65 + '"', "has 65 words"),
        ("渡" * 130, "has 65 words"),
        ("a." * 65, "has 65 words"),
        ("(" * 21 + "x" + ")" * 21, "more than 20 deep"),
        (f"summary:({' '.join(f'lighthouse{number}' for number in range(60))} lang:fr)", "Written out in full"),
    ],
    ids=["long", "long-words", "many", "phrase", "chinese", "compound", "nested", "written-out"],
)
def test_beyond_the_bounds(text: str, reason: str) -> None:
    parsed = parse(text)
    assert parsed.refusal is not None
    assert reason in parsed.refusal
    assert parsed.tree == MatchAll()
    assert parsed.notices == ()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000,
        " " * 5_000 + "ferry",
        " ".join(f"w{number}" for number in range(64)),
        "渡" * 128,
        "(" * 20 + "x" + ")" * 20,
        "((((((((((((((((((((" + ")" * 20 + " ferry",
        "(" * 900 + " ferry",
    ],
    ids=["long", "spaces", "many", "chinese", "nested", "empty-brackets", "open-brackets"],
)
def test_within_the_bounds(text: str) -> None:
    assert parse(text).refusal is None


def test_signs_before_a_word_need_no_recursion() -> None:
    assert parse("NOT " * 240 + "ferry").tree == Word("ferry")
    assert parse("title:" * 150 + "ferry").tree == InField("title", Word("ferry"))
    assert parse("title:-" * 141 + "ferry").tree == Not(InField("title", Word("ferry")))


# --- the way back --------------------------------------------------------------------------------------------------

RUNS = """ferry Ferry night harbour e-mail AT&T U.S. C++ C# F# don’t minister's l'avion 1,000 10:30 node.js 渡轮 ไทย
सत्यमेव العربية naïve déclaré and or not as/400 http://x.org/?a=b 1990s Straße İstanbul 🎉 צה"ל""".split()  # noqa: SIM905
LETTERS = st.text(st.characters(categories=["L", "N", "M"]), min_size=1, max_size=8)
WORDS = st.sampled_from(RUNS) | LETTERS.filter(lambda text: parse(text).tree == Word(text))
ASCII_WORDS = st.from_regex(r"[a-z]{3,9}", fullmatch=True)
DAYS = st.dates(Day(1400, 1, 1), Day(2100, 12, 31))


def leaves() -> st.SearchStrategy[Node]:
    phrases = st.lists(st.sampled_from([*RUNS[:-1], "of", "ferr*"]), min_size=1, max_size=4).map(" ".join)
    ranges = st.tuples(DAYS | st.none(), DAYS | st.none()).filter(any)
    return st.one_of(
        st.builds(Word, WORDS, st.booleans(), st.sampled_from([1, 1, 2, 3])),
        st.builds(Phrase, phrases, st.none() | st.integers(1, 1_000)),
        st.builds(Wildcard, st.tuples(ASCII_WORDS, st.sampled_from(["*", "?y", "*ing", "?*", "*a?b"])).map("".join)),
        st.builds(Fuzzy, ASCII_WORDS, st.sampled_from([1, 2])),
        ranges.map(lambda ends: DateRange(*(sorted(ends) if all(ends) else ends))),  # type: ignore[type-var]
        st.builds(DateRange, st.just(Day(2019, 1, 1)), st.sampled_from([Day(2019, 1, 31), Day(2019, 12, 31)])),
    )


def larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(nodes, min_size=1, max_size=4).map(tuple)
    fields = st.sampled_from(query.FIELDS)
    return st.one_of(st.builds(And, several), st.builds(Or, several), nodes.map(Not), st.builds(InField, fields, nodes))


TREES = st.recursive(leaves(), larger, max_leaves=12).map(query.normalize)


@given(TREES)
def test_every_normal_tree_has_a_text(tree: Node) -> None:
    parsed = parse(to_text(tree))
    if len(to_text(tree)) <= query.MAX_CHARACTERS and word_count(tree) <= query.MAX_WORDS:
        assert parsed.tree == tree
        assert {notice.code for notice in parsed.notices} == set()
        assert nesting_depth(tree) <= query.MAX_NESTING
    else:
        assert parsed.refusal


@given(TREES)
def test_a_normal_tree_is_its_own_normal_form(tree: Node) -> None:
    assert query.normalize(tree) == tree
    for node in query.walk(tree):
        match node:
            case And() | Or():
                assert len(set(node.nodes)) == len(node.nodes) >= 2
                assert not any(isinstance(part, (type(node), MatchAll)) for part in node.nodes)
            case Not():
                assert not isinstance(node.node, (Not, MatchAll))
            case InField():
                assert not isinstance(node.node, Not)
                below = list(query.walk(node))[1:]
                assert not any(isinstance(part, (InField, DateRange, MatchAll)) for part in below)


# --- no text is an error -------------------------------------------------------------------------------------------

SIGNS = "\"“”„«»「」()|=*?~:.,;!#+&_/\\'’-–—…＂（）｜－：＊？～ \t\n\u0301\u200e\ud800\x00"
NAMES = "^2 title: AUTHOR: date: before: after: tag: 2019 -03 2019-13 0000 9999 a ferry 12 渡轮 é צה ~2 ~9 C++ U.S. http://x"
PIECES = st.sampled_from([*SIGNS, *NAMES.split(), "..", "--", "||", " OR ", " AND ", " NOT ", "NOT", "note: "])
QUERIES = st.lists(PIECES, max_size=24).map("".join) | st.text(max_size=60)


def assert_reads_itself(text: str) -> None:
    """Properties of every text: a normal tree within bounds whose text parses to the same tree."""
    parsed = parse(text)
    if parsed.refusal:
        assert parsed.tree == MatchAll()
        return
    again = parse(to_text(parsed.tree))
    assert again.tree == parsed.tree
    assert again.refusal is None
    assert query.normalize(parsed.tree) == parsed.tree
    assert all(notice.code and notice.text.endswith(".") for notice in parsed.notices)


@given(QUERIES)
@example("a/~1" * 249)
@example("ferry^2~ e-mail^2~ ab^2* ab^2~^2 title:ferry^2~1 date:ferry^2~")
@example("ab*/~2 a*b~2* ferry'~2 .title:foo -.-foo -!!! foo")
@example('12".5 "a|b" OR"b" )AND( title:OR -OR =OR OR:x')
def test_every_text_is_a_query(text: str) -> None:
    assert_reads_itself(text)


@pytest.mark.long
@settings(max_examples=examples(10_000), deadline=None)
@given(QUERIES)
def test_every_text_is_a_query_at_length(text: str) -> None:
    assert_reads_itself(text)


@pytest.mark.corpora
def test_naughty_strings_are_queries(corpus: Callable[[str], Path]) -> None:
    files = corpus("bad-blns").rglob("*.txt")
    lines = [line for path in files for line in path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")]
    assert len(lines) > 500
    for line in lines:
        assert_reads_itself(line)


def test_mutated_queries_are_queries() -> None:
    chance = random.Random(1)
    sources = texts("trees.txt")
    for _ in range(1_500):
        text = chance.choice(sources) + " " + chance.choice(sources)
        for _ in range(chance.randint(1, 4)):
            cut, end = sorted(chance.randrange(len(text) + 1) for _ in "12")
            text = chance.choice([text[:cut] + text[end:], text[:end] + text[cut:], text[end:] + text[:cut]])
        assert_reads_itself(text)


PUMPED = '() a( "a a“ --a a~ a/~1 a* a? a: title: tag: a| date: a\' e\u0301 1, 1" =" -( title:( a& a- a.. \u200f'
PUMPS = [*"()\"“-~*?.,:=|'&…渡", *PUMPED.split(), "(a ", "- ", "tag: ", "OR ", "NOT ", "AND ", "NOT (", "date:2019 "]


@pytest.mark.parametrize("pump", PUMPS)
def test_no_text_takes_long(pump: str) -> None:
    text = (pump * query.MAX_CHARACTERS)[: query.MAX_CHARACTERS]
    begin = time.process_time()
    assert_reads_itself(text)
    parse(pump * 200_000)
    assert time.process_time() - begin < 1  # a guard against hangs; it takes a few thousandths


# --- what others ask of a tree -------------------------------------------------------------------------------------


def tree_of(text: str) -> Node:
    return parse(text).tree


def test_words_of_are_those_looked_for() -> None:
    tree = tree_of('night "harbour board" -strike (ferry OR night) title:lighthouse author:quill ferr* qay~ date:2019')
    assert query.words_of(tree) == ("night", "harbour board", "ferry", "lighthouse", "quill")


def test_clauses_can_be_removed() -> None:
    tree = tree_of("night ferry -strike")
    assert [to_text(query.without_clause(tree, part)) for part in query.clauses(tree)] == [
        "ferry -strike",
        "night -strike",
        "night ferry",
    ]
    assert query.without_clause(Word("ferry"), Word("ferry")) == MatchAll()
    assert query.without_clause(tree_of("a b"), Word("a")) == Word("b")
    assert query.clauses(MatchAll()) == ()
    with pytest.raises(ValueError, match="not a clause"):
        query.without_clause(tree, Word("strike"))


@pytest.mark.parametrize(
    ("text", "any_of_these"),
    [
        ("night ferry", "night OR ferry"),
        ('"night ferry" harb* (a OR b) -strike', '("night ferry" OR harb* OR a OR b) -strike'),
        ("night ferry author:quill date:2019", "(night OR ferry) author:quill date:2019"),
        ("ferry -strike", "ferry -strike"),
        ("ferry", "ferry"),
        ("", ""),
    ],
)
def test_any_words(text: str, any_of_these: str) -> None:
    assert to_text(query.match_any(tree_of(text))) == any_of_these

"""Term matcher against a naive pass over every token."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from long_runs import examples

from backfile.archive.model import ArticleMetadata
from backfile.index.analysis.stemming import sibling_keys, stem_prefixes
from backfile.index.analysis.term_ids import Encoder
from backfile.index.analysis.tokenizer import POSITION_GAP, Token, stem_keys, term_sequences, tokenize
from backfile.index.analysis.wildcards import TermTest, fuzzy_test, wildcard_test
from backfile.index.engine import Document, Span
from backfile.index.highlight import token_table
from backfile.index.highlight.term_matcher import StemSiblings, find_occurrences
from backfile.index.highlight.token_table import TokenizedDocument, TokenTable, tokenize_documents
from backfile.index.query import Fuzzy, Phrase, Wildcard, Word

PIECES = (
    "ferry", "ferries", "Ferry's", "FERRY’S", "night", "nights", "e-mail", "Email", "E-MAILS", "C++", "c++-like",
    "C#", "g++", "c", "U.S.", "us", "AT&T", "att", "1,000", "1000", "node.js", "nodejs", "café", "CAFÉ",
    "don’t", "don't", "l'avion", "l’avion", "d'avions", "avion", "手機版本", "手機", "版本", "ﬁne",
    "fine", "İstanbul", "istanbul", "Straße", "strasse", "dying", "die", "lies", "snake_case", "snakecase", "the",
    "of", "to", "be", "—", "–", "…", "(", ")", "a-b-c", "x.y.z", "ß", "œuvre", "Łódź", "ｃａｆé",
    "co\xadop", "น้ำ", "น้ํา", "ｶﾞ", "ガ", "が", "が", "한국", "한", "𝐀bc",
    "abc", "🚢ship", "ship", "Новый", "й", "й", "محمد", "مُحَمَّد", "हिन्दी",
    "½", "ﷺ", "㊀a", "ʼn",
)  # fmt: skip
GAPS = (" ", " ", " ", "\n", "  ", "\t", "\u00a0", ", ", ". ", "-", "'", "", " \n", "\u200b", "\u2028")


def joined(parts: list[tuple[str, str]]) -> str:
    return "".join(word + gap for word, gap in parts)


texts = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS)), max_size=25).map(joined)
anything = st.one_of(
    texts,
    texts,
    st.text(alphabet=st.sampled_from("aB cé-'.+#&_\n\u0301手İ1,’\u0e4dา"), max_size=40),
    st.text(max_size=30),
)
words = st.sampled_from(PIECES)
runs = st.lists(words, min_size=1, max_size=3).map(" ".join)
nodes = st.one_of(
    st.builds(Word, words, st.booleans()),
    st.builds(Phrase, runs, st.one_of(st.none(), st.integers(0, 8), st.just(5_000))),
    st.builds(
        Wildcard, st.sampled_from(("fe*", "f?rry", "ni*t", "em*", "us*", "ca*", "c*", "*s", "手*", "ka*", "が*"))
    ),
    st.builds(Fuzzy, st.sampled_from(("ferry", "nihgt", "cafe", "die", "手機")), st.integers(1, 2)),
)
languages = st.sampled_from((("en",), ("en", "fr"), ("de",), ("nl", "en"), ("ar", "en"), ("ru",), ()))


def spans_by_all_tokens(text: str, node: Word | Phrase | Wildcard | Fuzzy, known: tuple[str, ...]) -> set[Span]:
    """Naive implementation of the rules, over every token."""
    found = list(tokenize(text))
    match node:
        case Wildcard():
            return fitting(found, wildcard_test(node.text))
        case Fuzzy():
            return fitting(found, fuzzy_test(node.text, node.distance))
    spans: set[Span] = set()
    for terms, _ in term_sequences(node.text):
        if isinstance(node, Phrase) and node.within is not None:
            spans |= windows(found, {term for term, _ in terms}, min(node.within, POSITION_GAP - 1))
        elif isinstance(node, Phrase) or len(terms) > 1:
            spans |= sequences(found, terms)
        else:
            term = terms[0][0]
            keys = frozenset() if node.exact else stem_keys(term, known)
            spans |= fitting(
                found, lambda other, term=term, keys=keys: other == term or bool(keys & sibling_keys(other, known))
            )
    return spans


def fitting(found: list[Token], fits: TermTest) -> set[Span]:
    return {(token.start, token.end) for token in found if fits(token.term)}


def sequences(found: list[Token], terms: tuple[tuple[str, int], ...]) -> set[Span]:
    places = {(token.term, token.position): token for token in found}
    spans = set()
    for first in found:
        inside = [places.get((term, first.position + offset)) for term, offset in terms]
        if first.term == terms[0][0] and all(inside):
            spans.add((first.start, max(token.end for token in inside if token)))
    return spans


def windows(found: list[Token], wanted: set[str], reach: int) -> set[Span]:
    own = [token for token in found if token.term in wanted]
    spans = set()
    for first in own:
        inside = [token for token in own if 0 <= token.position - first.position <= reach]
        if {token.term for token in inside} == wanted:
            spans |= {(token.start, token.end) for token in inside}
    return spans


@settings(max_examples=150, deadline=None)
@given(anything, nodes, languages)
@example("to be to be to", Phrase("to be to"), ("en",))
@example("c++-like clike", Word("clike"), ("en",))
@example("the night\t\tferry", Phrase("night ferry"), ("en",))
@example("a" * 200 + " " + "a" * 200, Word("a" * 128, exact=True), ("en",))
@example("e-mail mail", Phrase("email mail"), ("en",))
@example("U.S. s", Phrase("us s"), ("en",))
@example("to be'to be to 'to be' to be’s to be'5 5'to be to", Phrase("to be"), ("en",))
@example("to-be to++ be to''be to手be to - be, to'be be.to be to\u00adbe", Phrase("to be"), ("en",))
@example("手to be手 xto be ßto be tobe to be² to be'² to beß", Phrase("to be"), ("en",))
@example("a-b #ab #a", Fuzzy("#ab", 1), ("en",))
@example("x-the-y th-e the-the o-the ether-e 'th-e l'th-e 手th-e ++th-e t-h-e", Word("the"), ("en", "fr"))
@example("to e-mail to email. e-mail to e", Phrase("to email"), ("en",))
@example("手" * 300, Phrase("手手手"), ("en",))
@example("l'avion d'avions AVION qu’avion's", Word("avion"), ("fr", "en"))
@example("be being beings-be be's unbeing", Word("being"), ("en",))
@example("xother'other other+other otherß other手other", Word("other"), ("en",))
def test_same_spans_as_all_tokens(
    text: str, node: Word | Phrase | Wildcard | Fuzzy, languages: tuple[str, ...]
) -> None:
    check(text, node, languages)


@pytest.mark.long
@settings(max_examples=examples(30_000), deadline=None)
@given(anything, nodes, languages)
def test_same_spans_as_all_tokens_at_length(
    text: str, node: Word | Phrase | Wildcard | Fuzzy, languages: tuple[str, ...]
) -> None:
    check(text, node, languages)


def check(text: str, node: Word | Phrase | Wildcard | Fuzzy, languages: tuple[str, ...]) -> None:
    """Spans by stemming and by a vocabulary equal those of a plain pass."""
    vocabulary = {token.term for token in tokenize(text)}

    def siblings(term: str) -> frozenset[str]:
        keys = stem_keys(term, languages)
        return frozenset(other for other in vocabulary if not keys.isdisjoint(sibling_keys(other, languages)))

    wanted = spans_by_all_tokens(text, node, languages)
    assert spans([text], node, languages) == [wanted]
    assert spans([text], node, languages, siblings) == [wanted]


def spans(
    texts: list[str],
    node: Word | Phrase | Wildcard | Fuzzy,
    languages: tuple[str, ...] = ("en",),
    siblings: StemSiblings | None = None,
) -> list[set[Span]]:
    """Spans of a term in each text."""
    table = TokenTable.of(Encoder(), texts)
    found = find_occurrences(node, table, languages, siblings)
    rows: list[set[Span]] = [set() for _ in texts]
    columns = (table.texts_of(found.tokens), table.starts[found.tokens], found.ends)
    for text, start, end in zip(*(column.tolist() for column in columns), strict=True):
        rows[text].add((start, end))
    return rows


@pytest.mark.parametrize(
    "node",
    [Phrase("the of", 999), Phrase("the " * 60), Phrase("of the", 5), Word("the"), Wildcard("t*"), Fuzzy("teh", 1)],
    ids=repr,
)
def test_long_texts_of_nothing_but_the_words_take_no_longer_than_others(node: Word | Phrase | Wildcard | Fuzzy) -> None:
    text = "the of the the " * 20_000
    assert any(spans([text], node)) or isinstance(node, Phrase)


@pytest.mark.parametrize("text", ["the-" * 12_000, "the-\u0345" * 8_000, "-" * 250_000])
def test_a_fragment_of_very_many_words_is_tokenized_once(text: str) -> None:
    for node in (Word("the"), Word("theth"), Phrase("the of"), Wildcard("th*")):
        assert len(spans([text], node)) == 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(anything, anything, anything), min_size=1, max_size=4), nodes)
def test_documents_tokenized_together_or_apart_have_the_same_spans(
    rows: list[tuple[str, str, str]], node: Word | Phrase | Wildcard | Fuzzy
) -> None:
    documents = [
        TokenizedDocument(Document("a", "a.md", ArticleMetadata(title, summary=summary), text))
        for title, summary, text in rows
    ]
    tokenize_documents(documents[:1])
    table = tokenize_documents(documents)
    found = find_occurrences(node, table, ("en",))
    columns = (table.texts_of(found.tokens), table.starts[found.tokens], found.ends)
    expected = [
        spans_by_all_tokens(text, node, ("en",))
        for title, summary, text in rows
        for text in (title, *filter(None, [summary]), text)
    ]
    assert [
        {
            (start, end)
            for number, start, end in zip(*(each.tolist() for each in columns), strict=True)
            if number == text
        }
        for text in range(len(expected))
    ] == expected


def test_a_full_vocabulary_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (TokenizedDocument(Document(key, f"{key}.md", ArticleMetadata("Night ferry"), "")) for key in "ab")
    before = tokenize_documents([first])
    monkeypatch.setattr(token_table, "_MOST_TERMS", 0)
    table = tokenize_documents([first, second])
    assert table.encoder is not before.encoder
    assert len(find_occurrences(Word("ferry"), table, ("en",)).tokens) == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(anything, max_size=5), nodes, languages)
@example(["night", "ferry", "night ferry"], Phrase("night ferry"), ("en",))
@example(["", "night", "ferry"], Phrase("night ferry", 9), ("en",))
def test_a_phrase_lies_within_one_text(
    texts: list[str], node: Word | Phrase | Wildcard | Fuzzy, languages: tuple[str, ...]
) -> None:
    assert spans(texts, node, languages) == [spans_by_all_tokens(text, node, languages) for text in texts]


@pytest.mark.parametrize(
    "language", ["en", "de", "fr", "nl", "es", "it", "pt", "ru", "sv", "fi", "ro", "ca", "da", "no"]
)
def test_stem_siblings_begin_with_a_stem_prefix(language: str) -> None:
    forms = (
        "dying", "die", "lying", "lie", "skies", "sky", "ugly", "ueber", "uber", "gedanken", "danken", "gegangen",
        "l'avion", "avion", "d'avions", "nation", "nations", "journal", "journaux", "nacao", "nacoes", "naciones",
        "ciudades", "attivita", "declaree", "declarer", "relational", "relate", "possibly", "possible",
        "новый", "новая", "дети", "domov", "talossa", "talo", "haus", "haeuser", "generally",
        "generate", "news", "idly", "gently", "early", "only", "singly", "inning",
    )  # fmt: skip
    for first in forms:
        starts = stem_prefixes(first, (language,))
        for other in forms:
            if not stem_keys(first, (language,)).isdisjoint(stem_keys(other, (language,))):
                assert any(part.startswith(start) for start in starts for part in (other, other.rpartition("'")[2]))


def test_languages_that_rewrite_beginnings_are_not_guessed() -> None:
    assert stem_prefixes("kitab", ("ar",)) == {""}
    assert "" in stem_prefixes("buku", ("en", "id"))

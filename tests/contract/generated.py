"""Hypothesis strategies: small libraries whose words meet often, and queries over the same words."""

from __future__ import annotations

from datetime import date
from string import ascii_lowercase

from hypothesis import strategies as st

from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.index.engine import Document, Filters
from backfile.index.query import And, DateRange, Fuzzy, InField, MatchAll, Node, Not, Or, Phrase, Wildcard, Word

WORDS = (
    "ferry", "ferries", "Ferry", "night", "nights", "the", "of", "to", "declare", "declared", "declaring",
    "minister's", "minister’s", "minister", "e-mail", "email", "emails", "mail", "AT&T", "att", "t", "U.S.",
    "us", "u.s.", "C++", "c#", "c", "café", "cafe", "cafe\u0301", "naïve", "1,000", "1000", "000", "don’t",
    "don't", "node.js", "nodejs", "straße", "strasse", "手機", "機版", "手機版本", "手", "カメラ", "น้ำ", "한국어",
    "محمد", "مُحَمَّد", "Новый", "новые", "й", "state-of-the-art", "co\u00adop", "½", "l'avion", "🎉", "and", "avec",
)  # fmt: skip
GAPS = (" ", " ", " ", ". ", "\n", ", ", " — ", "-", "/", "’", "")
NAMES = ("Ann Lee", "ANN LEE", "ann-lee", "Bo Öst", "Bo O\u0308st", "Lee Ann Park", "lee", "李 明")
TOPICS = ("sea", "night ferry", "Sea", "Night-Ferry", "local government")
LANGUAGES = (None, "en", "en-GB", "fr", "pt-BR")
SOURCES = (
    None,
    Source("The Gazette", None),
    Source(None, "https://news.example.org/a"),
    Source("Ferry", "http://x.example"),
)

_word = st.sampled_from(WORDS)


@st.composite
def texts(draw: st.DrawFn, most: int = 14) -> str:
    """Words of the vocabulary with all kinds of things between them."""
    words = draw(st.lists(_word, max_size=most))
    gaps = draw(st.lists(st.sampled_from(GAPS), min_size=len(words), max_size=len(words)))
    return "".join(word + gap for word, gap in zip(words, gaps, strict=True))


partial_dates = st.one_of(
    st.none(),
    st.sampled_from(["2018", "2019", "2019-03", "2019-12", "2019-03-14", "2018-12-31", "2020-01-01"]).map(
        PartialDate.parse
    ),
)
days = st.one_of(st.none(), st.dates(date(2018, 6, 1), date(2020, 6, 1)))


@st.composite
def documents(draw: st.DrawFn, keys: str = ascii_lowercase[:8]) -> Document:
    """A document with every field now and then."""
    key = draw(st.sampled_from(keys))
    return Document(
        id=key,
        path=f"{key}.md",
        metadata=ArticleMetadata(
            draw(texts(5)) or "?",
            authors=tuple(draw(st.lists(st.sampled_from(NAMES), max_size=2))),
            topics=tuple(draw(st.lists(st.sampled_from(TOPICS), max_size=3))),
            date=draw(partial_dates),
            summary=draw(st.one_of(st.none(), texts(4))),
            source=draw(st.sampled_from(SOURCES)),
            language=draw(st.sampled_from(LANGUAGES)),
        ),
        text=draw(texts()),
    )


words = st.builds(Word, _word, exact=st.booleans(), times=st.sampled_from([1, 1, 1, 2, 5])) | st.builds(
    Word, st.tuples(_word, _word).map("/".join)
)
_joined = st.lists(_word | st.sampled_from(["*", "nig*", "fe*s", "em*"]), min_size=1, max_size=4).map(" ".join)
phrases = st.builds(Phrase, _joined, within=st.one_of(st.none(), st.none(), st.integers(0, 6)))
patterns = st.builds(
    Wildcard, st.sampled_from(["fe*", "n?ght*", "*s", "em*", "c?fe", "手*", "decl*d", "?", "*", "e-m*l", "st*a*e"])
)
fuzzies = st.builds(Fuzzy, _word | st.sampled_from(["feryr", "nihgt", "minster"]), distance=st.sampled_from([1, 2]))
term_nodes = st.one_of(words, words, phrases, patterns, fuzzies)


def _operators(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(children, min_size=2, max_size=3).map(tuple)
    sentence = st.lists(words, min_size=4, max_size=7).map(tuple)
    return st.one_of(
        st.builds(And, several), st.builds(Or, several), st.builds(Not, children), st.builds(And, sentence)
    )


_in_fields = st.builds(
    InField,
    st.sampled_from(["title", "text", "summary", "author", "topic", "source"]),
    st.recursive(
        term_nodes | st.sampled_from(["lee", "ann", "sea", "gazette", "example", "öst"]).map(Word),
        _operators,
        max_leaves=3,
    ),
)
_in_language = st.builds(InField, st.just("lang"), st.sampled_from(["en", "EN-gb", "pt", "fr", "p*"]).map(Word))
_others = st.one_of(_in_fields, _in_language, st.builds(DateRange, days, days), st.just(MatchAll()))
queries: st.SearchStrategy[Node] = st.recursive(
    st.one_of(term_nodes, term_nodes, term_nodes, _others), _operators, max_leaves=6
)
"""Trees of every kind of node."""

word_queries: st.SearchStrategy[Node] = st.recursive(words | phrases, _operators, max_leaves=4)
"""Trees of words and phrases."""

filters = st.builds(
    Filters,
    authors=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
    topics=st.lists(st.sampled_from(TOPICS), max_size=2).map(tuple),
    first=days,
    last=days,
    ids=st.one_of(st.just(()), st.just(()), st.lists(st.sampled_from(ascii_lowercase[:10]), max_size=4).map(tuple)),
)

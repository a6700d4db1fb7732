"""Addresses: what a reader asks for survives the way into an address and back."""

from datetime import date
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from backfile.index.engine import MAX_DEPTH, Sort
from backfile.web.service.arguments import MAX_VALUES, SearchArguments, read_arguments

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)
DATES = st.sampled_from(["", "2019", "2019-03", "2019-03-14", "0900"])
ARGUMENTS = st.builds(
    SearchArguments,
    query=WORDS,
    authors=st.lists(WORDS, max_size=3, unique=True).map(tuple),
    topics=st.lists(WORDS, max_size=3, unique=True).map(tuple),
    first=DATES,
    last=DATES,
    sort=st.sampled_from(Sort),
    page=st.integers(1, MAX_DEPTH),
    per_page=st.integers(1, 100),
)


def from_address(address: str) -> SearchArguments:
    return read_arguments(MultiDict(parse_qsl(urlsplit(address).query, keep_blank_values=True)))


@given(ARGUMENTS)
def test_an_address_reads_back_as_what_it_was_made_from(arguments: SearchArguments) -> None:
    assert from_address(arguments.url()) == arguments


@given(ARGUMENTS)
def test_any_change_but_of_the_page_starts_at_the_first_page(arguments: SearchArguments) -> None:
    assert from_address(arguments.url(query="other")).page == 1
    assert from_address(arguments.url(page=7)).page == 7


@given(st.lists(st.tuples(st.sampled_from(["q", "from", "to", "sort", "page", "per_page", "place"]), st.text())))
def test_no_address_is_too_odd_to_be_read(pairs: list[tuple[str, str]]) -> None:
    arguments = read_arguments(MultiDict(pairs))
    assert 1 <= arguments.page <= MAX_DEPTH
    assert 1 <= arguments.per_page <= 100
    assert arguments.filters is not None


def test_partial_dates_mean_their_whole_span() -> None:
    filters = from_address("/search?from=2019-02&to=2020").filters
    assert (filters.first, filters.last) == (date(2019, 2, 1), date(2020, 12, 31))


def test_what_is_not_understood_is_left_out_and_said() -> None:
    arguments = from_address("/search?q=ferry&from=abc&sort=best&page=-1&per_page=1e9")
    assert arguments == SearchArguments(query="ferry", notices=arguments.notices)
    assert [notice.split("”")[0] for notice in arguments.notices] == [
        "“abc",
        "Articles can be sorted by relevance, newest, oldest, title, not by “best",
        "“page",
        "“per_page",
    ]


def test_values_beyond_the_bound_are_left_out_and_said() -> None:
    values = MultiDict([("author", f"author {number}") for number in range(MAX_VALUES + 1)])
    arguments = read_arguments(values)
    assert len(arguments.authors) == MAX_VALUES
    assert arguments.notices == ("Only the first 100 of 101 authors were used.",)


def test_the_usual_page_size_is_left_out_of_addresses() -> None:
    arguments = read_arguments(MultiDict([("q", "ferry")]), per_page=25)
    assert arguments.per_page == 25
    assert arguments.url() == "/search?q=ferry"


def test_an_article_keeps_the_search_the_rank_and_the_match() -> None:
    arguments = SearchArguments(query="night ferry", topics=("transport",), page=2)
    address = arguments.article_url("1998/the café", rank=12, match=3)
    assert address == "/article/1998/the%20caf%C3%A9?q=night+ferry&topic=transport&place=12&match=3"

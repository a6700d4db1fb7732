"""Arguments of a search: URLs and back."""

from datetime import date
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from backfile.index.engine import MAX_DEPTH, Sort
from backfile.web.service.arguments import MAX_VALUES, PER_PAGE, SearchArguments, read_arguments
from backfile.web.service.lines_view import LINES_PER_PAGE, LinesView

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
    usual_per_page=st.just(PER_PAGE),
    rank=st.none(),
    lines=st.none(),
    notices=st.just(()),
)
VIEWS = st.builds(LinesView, sample=st.one_of(st.none(), st.integers(1, 10_000)), seed=st.just(1)) | st.builds(
    LinesView, sample=st.integers(1, 10_000), seed=st.integers(0, 999_999_999)
)
LINES = st.builds(
    lambda arguments, view: arguments._replace(lines=view, usual_per_page=LINES_PER_PAGE), ARGUMENTS, VIEWS
)


def from_address(address: str) -> SearchArguments:
    return read_arguments(MultiDict(parse_qsl(urlsplit(address).query, keep_blank_values=True)))


@given(ARGUMENTS | LINES)
def test_arguments_survive_a_url(arguments: SearchArguments) -> None:
    assert from_address(arguments.url()) == arguments


@given(ARGUMENTS)
def test_changed_arguments_start_at_the_first_page(arguments: SearchArguments) -> None:
    assert from_address(arguments.url(query="other")).page == 1
    assert from_address(arguments.url(page=7)).page == 7


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["q", "from", "to", "sort", "view", "by", "sample", "seed", "page", "per_page", "place"]),
            st.text(),
        )
    )
)
def test_any_url_can_be_read(pairs: list[tuple[str, str]]) -> None:
    arguments = read_arguments(MultiDict(pairs))
    assert 1 <= arguments.page <= MAX_DEPTH
    assert 1 <= arguments.per_page <= 100
    assert arguments.filters is not None


def test_a_partial_date_stands_for_its_whole_span() -> None:
    filters = from_address("/search?from=2019-02&to=2020").filters
    assert (filters.first, filters.last) == (date(2019, 2, 1), date(2020, 12, 31))


def test_invalid_arguments_are_ignored_with_a_notice() -> None:
    arguments = from_address("/search?q=ferry&from=abc&sort=best&page=-1&per_page=1e9")
    assert arguments == SearchArguments(query="ferry", notices=arguments.notices)
    assert [notice.split("”")[0] for notice in arguments.notices] == [
        "“abc",
        "Articles can be sorted by relevance, newest, oldest, title, not by “best",
        "“page",
        "“per_page",
    ]


def test_too_many_values_are_cut_with_a_notice() -> None:
    values = MultiDict([("author", f"author {number}") for number in range(MAX_VALUES + 1)])
    arguments = read_arguments(values)
    assert len(arguments.authors) == MAX_VALUES
    assert arguments.notices == ("Only the first 100 of 101 authors were used.",)


def test_urls_leave_out_the_default_page_size() -> None:
    arguments = read_arguments(MultiDict([("q", "ferry")]), per_page=25)
    assert arguments.per_page == 25
    assert arguments.url() == "/search?q=ferry"


def test_article_urls_keep_search_rank_and_match() -> None:
    arguments = SearchArguments(query="night ferry", topics=("transport",), page=2)
    address = arguments.article_url("1998/the café", rank=12, match=3)
    assert address == "/article/1998/the%20caf%C3%A9?q=night+ferry&topic=transport&place=12&match=3"

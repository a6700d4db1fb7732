"""Queries whose words no article has all together, and words that need not match."""

from __future__ import annotations

import pytest

from backfile.index.engine import Engine, Filters, Relaxed, Sort
from backfile.index.query import And, Word
from contract.library import article, found, load, marked, result_ids, search

FILLER = "Nothing else is told here about what happened on that day. " * 6

LIBRARY = [
    article(
        "strike", f"The harbour board cancelled the night ferry because of a strike. {FILLER}", authors=("Ann Lee",),
        date="2019",
    ),
    article("scattered", f"Harbour. {FILLER} The board. {FILLER} A ferry, a strike. {FILLER} Cancelled at night."),
    article("storm", f"The night ferry was late because of a storm. {FILLER}", authors=("Bo Berg",), date="2020"),
    article("train", f"A slow train. {FILLER}", authors=("Ann Lee",), date="2020"),
    article("de", "Der Krieg war vorbei.", language="de"),
    article("en", "The war was over.", language="en"),
    article("ru", "Паром Docker.", language="ru"),
    article("es", "Un comando nuevo.", language="es", title="Comando"),
    article("es2", "Como un barco viejo.", language="es", title="Barco"),
]  # fmt: skip


def fill(engine: Engine) -> None:
    load(engine, *LIBRARY, languages=("en", "de", "es"))


def relaxed_ids(engine: Engine, query: str, **request: object) -> list[str]:
    return result_ids(engine, query, relax=True, **request)


@pytest.mark.parametrize(
    ("query", "relaxed", "hits"),
    [
        ("night ferry", None, {"strike", "storm", "scattered"}),
        ("night ferry kittiwake", Relaxed(2, 3), {"strike", "storm", "scattered"}),
        ("the night ferry and a kittiwake", Relaxed(2, 3), {"strike", "storm", "scattered"}),
        ("train kittiwake", Relaxed(1, 2), {"train"}),
        ("kittiwake train", Relaxed(1, 2), {"train"}),
        ("kittiwake ferry night", Relaxed(2, 3), {"strike", "storm", "scattered"}),
        ("night kittiwake OR puffin", None, set()),
        ("night night ferry KITTIWAKE", Relaxed(2, 3), {"strike", "storm", "scattered"}),
        ("night-ferry kittiwake", Relaxed(1, 2), {"strike", "storm"}),
        ("ferry kitiwake~ night", None, set()),
        ("kittiwake puffin", None, set()),
        ("kittiwake", None, set()),
        ("the kittiwake", None, set()),
        ('"night ferry" kittiwake', Relaxed(0, 1), {"strike", "storm"}),
        ('"slow train" ferry', Relaxed(0, 1), {"train"}),
        ('"ferry night" kittiwake train', None, set()),
        ("author:lee kittiwake ferry", Relaxed(1, 2), {"strike"}),
        ("author:lee kittiwake", None, set()),
        ("night ferry kittiwake -storm", Relaxed(2, 3), {"strike", "scattered"}),
        ("night ferry kittiwake date:2020", Relaxed(2, 3), {"storm"}),
        ("night =kittiwake", None, set()),
        ("night kitti*", None, set()),
        ("title:(night kittiwake)", None, set()),
        ("kittiwake OR (night puffin)", None, set()),
    ],
)
def test_most_of_the_words_when_no_article_has_all(
    shared: Engine, query: str, relaxed: Relaxed | None, hits: set[str]
) -> None:
    page = search(shared, query, relax=True)
    assert page.relaxed == relaxed
    assert {hit.id for hit in page.hits} == hits
    assert page.total == len(hits)


def test_only_when_asked_for(shared: Engine) -> None:
    assert found(shared, "night ferry kittiwake") == set()


def test_filters_hold_and_facets_count_what_is_shown(shared: Engine) -> None:
    page = search(shared, "night ferry kittiwake", relax=True, filters=Filters(authors=("Bo Berg",)))
    assert [hit.id for hit in page.hits] == ["storm"]
    authors = next(facet for facet in page.facets if facet.name == "author")
    assert {value.value: value.count for value in authors.values} == {"Ann Lee": 1, "Bo Berg": 1}
    assert relaxed_ids(shared, "night ferry kittiwake", sort=Sort.NEWEST) == ["storm", "strike", "scattered"]


def test_a_hit_names_what_it_lacks_and_marks_what_it_has(shared: Engine) -> None:
    page = search(shared, "the Kittiwake cancelled the NIGHT ferry for a storm", relax=True)
    assert page.relaxed == Relaxed(3, 5)
    missing = {hit.id: hit.missing for hit in page.hits}
    assert missing == {
        "strike": ("Kittiwake", "storm"),
        "scattered": ("Kittiwake", "storm"),
        "storm": ("Kittiwake", "cancelled"),
    }
    passage = next(hit for hit in page.hits if hit.id == "storm").passages[0]
    assert marked(passage.text, passage.spans) == ["night", "ferry", "storm"]


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("nihgt ferry", "night ferry"),
        ("harbuor ferry kittiwake", "harbour ferry kittiwake"),
        ("harbuor kittiwake", "harbour kittiwake"),
        ("hraborr kittiwake", None),
        ("ferry kittiwake", None),
    ],
)
def test_a_correction_by_which_an_article_has_more_of_the_words(
    shared: Engine, query: str, suggestion: str | None
) -> None:
    assert search(shared, query, relax=True).suggestion == suggestion
    is_complete = suggestion is not None and found(shared, suggestion)
    assert search(shared, query).suggestion == (suggestion if is_complete else None)


def test_words_in_one_sentence_come_before_words_anywhere(shared: Engine) -> None:
    assert relaxed_ids(shared, "harbour board cancelled ferry strike kittiwake")[:2] == ["strike", "scattered"]


def test_rare_words_count_more_than_common_ones(engine: Engine) -> None:
    others = [article(f"o{number}", f"The harbour and the ferry, number {number}.") for number in range(20)]
    load(engine, article("rare", "A kittiwake at the ferry."), *others)
    assert relaxed_ids(engine, "kittiwake ferry harbour")[0] == "rare"


def test_a_sentence_that_few_articles_have_is_relaxed_too(engine: Engine) -> None:
    sentence = "harbour board cancelled night ferry"
    scattered = f" {FILLER} ".join(sentence.split())
    load(
        engine,
        article("long", f"{scattered} {FILLER} train"),
        article("right", "The harbour board cancelled the night ferry."),
    )
    page = search(engine, f"the {sentence} train", relax=True)
    assert page.relaxed == Relaxed(4, 6, complete=1)
    assert [(hit.id, hit.missing) for hit in page.hits] == [("right", ("train",)), ("long", ())]
    assert search(engine, "night ferry train", relax=True).relaxed is None


# --- stop words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("the slow of train", {"train"}),
        ("how slow is the train", {"train"}),
        ("=the slow train", set()),
        ('"the slow" train', set()),
        ("war over", {"en"}),
        ("war vorbei", {"de"}),
        ("como viejo", {"es2"}),
        ("como comando", {"es"}),
        ("the и паром", {"ru"}),
    ],
)
def test_stop_words_of_an_article_s_language_are_not_required(shared: Engine, query: str, hits: set[str]) -> None:
    assert found(shared, query) == hits


@pytest.mark.parametrize("query", ["the who", "to be or not to be", "and", "the", "no* to* be", '"not to be"'])
def test_a_query_of_stop_words_finds_them(engine: Engine, query: str) -> None:
    load(engine, article("who", "The Who. And to be, or not to be."), article("other", "Slow train."))
    assert found(engine, query) == {"who"}
    (hit,) = search(engine, query).hits
    assert hit.matches > 0


def test_a_conjunction_of_one_stop_word_twice_finds_it(engine: Engine) -> None:
    """Requests are made by programs too, and these need not put a query into normal form."""
    load(engine, article("who", "The Who."), article("other", "Slow train."))
    assert found(engine, And((Word("the"), Word("the")))) == {"who"}


def test_stop_words_are_not_marked_and_have_no_family(engine: Engine) -> None:
    load(engine, article("a", "The ferry of the harbour. Como el comando.", language="es"), languages=("es",))
    (hit,) = search(engine, "el ferry como").hits
    assert marked(hit.passages[0].text, hit.passages[0].spans) == ["ferry"]
    assert marked(*_passage(engine, '"el comando"')) == ["el comando"]
    assert marked(*_passage(engine, "como")) == ["Como"]


def _passage(engine: Engine, query: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    (hit,) = search(engine, query).hits
    return hit.passages[0].text, hit.passages[0].spans

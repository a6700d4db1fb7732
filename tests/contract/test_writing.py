"""Writing: documents added, replaced, dropped, touched; index emptied, closed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from backfile.archive.errors import ArticleNotFound
from backfile.index.engine import Changes, Document, Engine, Fingerprint, Request, Sort
from backfile.index.errors import DeadlineExceeded, IndexLocked, IndexUnusable
from backfile.index.query import MatchAll, Word
from contract.library import article, fingerprint, found, load, result_ids, search


def test_an_empty_index_answers(engine: Engine) -> None:
    page = search(engine, "ferry")
    assert (page.total, page.hits, page.pages, page.suggestion) == (0, (), 0, None)
    assert found(engine, "") == set()
    assert (engine.fingerprints(), list(engine.ids()), engine.status().language_counts) == ({}, [], {})
    assert engine.status().documents == 0
    assert engine.complete("fer") == type(engine.complete(""))()


def test_added_articles_are_found_at_once(engine: Engine) -> None:
    load(engine, article("a", "ferry"))
    assert found(engine, "ferry") == {"a"}
    load(engine, article("b", "ferry"))
    assert found(engine, "ferry") == {"a", "b"}
    assert engine.status().documents == 2


def test_a_replaced_article_is_found_by_its_new_words_only(engine: Engine) -> None:
    load(engine, article("a", "ferry", title="Old", authors=("Ann",)), article("b", "raft"))
    load(engine, article("a", "train", title="New", authors=("Bo",)))
    assert (found(engine, "ferry"), found(engine, "train"), found(engine, "old")) == (set(), {"a"}, set())
    assert found(engine, "author:ann") == set()
    page = search(engine, "")
    assert page.total == 2
    assert [value.value for value in page.facets[0].values] == ["Bo"]
    assert engine.document("a").metadata.title == "New"


def test_the_last_of_one_id_in_a_batch_counts(engine: Engine) -> None:
    load(engine, article("a", "ferry"), article("b", "raft"), article("a", "train"))
    assert (found(engine, "ferry"), found(engine, "train")) == (set(), {"a"})
    assert search(engine, "").total == engine.status().documents == 2


def test_dropped_articles_are_gone(engine: Engine) -> None:
    load(engine, article("a", "ferry", date="2019"), article("b", "ferry", topics=("sea",)))
    engine.write(Changes(drop=("a", "unknown")))
    assert found(engine, "ferry") == {"b"}
    assert set(engine.fingerprints()) == {"b"}
    assert [facet.total for facet in search(engine, "").facets] == [0, 1, 0]
    with pytest.raises(ArticleNotFound):
        engine.document("a")


def test_a_document_put_and_dropped_in_one_batch_stays(engine: Engine) -> None:
    load(engine, article("a", "ferry"))
    load(engine, article("a", "train"), drop=("a",))
    assert (found(engine, "train"), found(engine, "ferry")) == ({"a"}, set())


def test_a_dropped_article_can_come_back(engine: Engine) -> None:
    load(engine, article("a", "ferry"))
    engine.write(Changes(drop=("a",)))
    load(engine, article("a", "ferry again"))
    assert found(engine, "ferry") == {"a"}


def test_everything_can_be_dropped(engine: Engine) -> None:
    load(engine, article("a", "ferry"), article("b", "ferry"))
    engine.write(Changes(drop=("a", "b")))
    assert search(engine, "ferry").total == search(engine, "").total == engine.status().documents == 0
    load(engine, article("c", "ferry"))
    assert found(engine, "") == {"c"}


def test_document_frequencies_count_live_articles_only(engine: Engine) -> None:
    texts = {"a": "ferry raft", "b": "ferry", "c": "raft", "d": "other words"}
    load(engine, *(article(key, text) for key, text in texts.items()))
    fresh = {hit.id: hit.score for hit in search(engine, "ferry OR raft").hits}
    load(engine, *(article(f"gone{number}", "ferry ferry " * number) for number in range(9)))
    assert {hit.id: hit.score for hit in search(engine, "ferry OR raft").hits} != fresh
    engine.write(Changes(drop=[f"gone{number}" for number in range(9)]))
    assert {hit.id: hit.score for hit in search(engine, "ferry OR raft").hits} == pytest.approx(fresh, rel=1e-9)


def test_fingerprints_come_back_and_can_be_touched(engine: Engine) -> None:
    first, second = article("x/a", "ferry"), article("b", "raft")
    load(engine, first, second)
    assert engine.fingerprints() == {"x/a": ("x/a.md", fingerprint(first)), "b": ("b.md", fingerprint(second))}
    renewed = Fingerprint(size=2**40, mtime_ns=1_700_000_000_123_456_789, digest="é")
    engine.write(Changes(touch={"b": renewed, "unknown": renewed}))
    assert engine.fingerprints() == {"x/a": ("x/a.md", fingerprint(first)), "b": ("b.md", renewed)}
    assert found(engine, "") == {"x/a", "b"}


def test_ids_are_given_by_range_in_order(engine: Engine) -> None:
    load(engine, article("b"), article("é"), article("a/z"))
    load(engine, article("a"), article("\U0001f600"), article("\uffff"))
    engine.write(Changes(drop=("b",)))
    assert list(engine.ids()) == ["a", "a/z", "é", "\uffff", "\U0001f600"]
    assert [list(engine.ids(*each)) for each in ((1, 3), (3,), (4, 99), (5, 9))] == [
        ["a/z", "é"], ["\uffff", "\U0001f600"], ["\U0001f600"], [],
    ]  # fmt: skip


def test_status_counts_articles_by_language(engine: Engine) -> None:
    load(engine, article("a", language="fr"), article("b", language="pt-BR"), article("c"), article("d", language="fr"))
    assert engine.status().language_counts == {"fr": 2, "pt-BR": 1}
    load(engine, article("a", language="de"), drop=("b",))
    assert engine.status().language_counts == {"de": 1, "fr": 1}


def test_a_generator_is_consumed_once_and_a_broken_one_changes_nothing(engine: Engine) -> None:
    def documents(*, broken: bool) -> Iterator[tuple[Document, Fingerprint]]:
        for key in ("a", "b"):
            yield article(key, "ferry"), Fingerprint(1, 1, key)
        if broken:
            raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        engine.write(Changes(put=documents(broken=True)))
    assert (found(engine, ""), engine.fingerprints()) == (set(), {})
    engine.write(Changes(put=documents(broken=False)))
    assert found(engine, "ferry") == {"a", "b"}


def test_status_tells_of_the_last_commit(engine: Engine) -> None:
    before = engine.status().generation
    load(engine, article("a", "ferry"), languages=("en", "fr"), stamp="rules 7")
    status = engine.status(verify=True)
    assert (status.documents, status.languages, status.stamp, status.problems) == (1, ("en", "fr"), "rules 7", ())
    assert status.generation > before
    assert status.engine
    assert status.bytes >= 0


def test_languages_of_the_commit_and_of_the_article_decide_on_stemming(engine: Engine) -> None:
    articles = [
        article("a", "Il déclara la paix.", language="fr"),
        article("b", "L'avion part.", language="fr-CA"),
        article("unknown", "Il déclara"),
    ]
    load(engine, *articles, languages=("en",))
    assert (found(engine, "déclarer"), found(engine, "avion")) == (set(), set())
    load(engine, article("c", "Vous déclarez.", language="fr"), languages=("en", "fr"))
    assert (found(engine, "déclarer"), found(engine, "avion")) == ({"a", "c"}, {"b"})
    load(engine, article("d", "No families."), languages=("fr", "en"))
    assert found(engine, "déclarer") == {"a", "c", "unknown"}
    load(engine, article("e", "No families."), languages=())
    assert (found(engine, "déclarer"), found(engine, "family")) == (set(), set())
    assert found(engine, "déclara") == {"a", "unknown"}


def test_languages_do_not_lend_each_other_stems(engine: Engine) -> None:
    load(
        engine,
        article("fr", "les nations nationales", language="fr"),
        article("es", "cómo usar el comando; los comandos", language="es"),
        article("en", "national commands of the como club", title="Commands", language="en"),
        article("ru", "Проверка доступности форм. Installing Docker", language="ru"),
        article("zh", "如何 installing Docker", language="zh"),
        article("uk", "доступності форм", language="uk"),
        languages=("en", "es", "fr", "ru"),
    )
    assert found(engine, "nation") == {"fr", "en"}
    assert found(engine, "nationale") == {"fr"}
    assert (found(engine, "comandos"), found(engine, "como")) == ({"es"}, {"es", "en"})
    assert found(engine, "доступность форма") == {"ru"}
    assert found(engine, "install") == {"ru", "zh"}
    assert found(engine, "commands") == {"en"}
    matches = {hit.id: hit.matches for hit in search(engine, "como").hits}
    assert matches == {"es": 1, "en": 1}
    assert [hit.matches for hit in search(engine, "command lang:en").hits] == [2]


def test_arabic_words_are_found_with_the_words_written_onto_them(engine: Engine) -> None:
    texts = {"a": "الحادث", "b": "وقع لحادث", "c": "وبالحادث", "d": "حديث", "e": "زير", "f": "الوزير"}
    load(engine, *(article(key, text, language="ar") for key, text in texts.items()), languages=("en", "ar"))
    assert found(engine, "حادث") == {"a", "b", "c"}
    assert found(engine, "الحادث") == {"a", "b", "c"}
    assert (found(engine, "=حادث"), found(engine, "وزير")) == (set(), {"f"})
    assert {hit.id: hit.matches for hit in search(engine, "حادث").hits} == {"a": 1, "b": 1, "c": 1}


def test_an_unknown_article_is_not_found(engine: Engine) -> None:
    load(engine, article("a", "ferry"))
    for unknown_id in ("b", "", "../a", "A"):
        with pytest.raises(ArticleNotFound):
            engine.document(unknown_id)


def test_odd_ids_and_texts_come_back_unchanged(engine: Engine) -> None:
    documents = [
        article("ordner/ü ñ/手機", "Zwei\n\nBlöcke \x00 \u2028 und 🚢 mehr.", title="🚢 ship", updated="2020-02-29"),
        article("a b%20c", " leading and trailing ", title="\u202ertl", topics=("a,b", "a\nb", " ")),
    ]
    load(engine, *documents)
    assert [engine.document(document.id) for document in documents] == documents
    assert found(engine, "ship") == {documents[0].id}
    assert found(engine, "mehr") == {documents[0].id}


def test_a_page_outlives_the_engine(engine: Engine) -> None:
    load(engine, article("a", "The ferry sails."))
    page = search(engine, "ferry")
    engine.close()
    assert page.hits[0].passages[0].text == "The ferry sails."
    assert (page.total, page.facets[0].values) == (1, ())


def test_the_write_lock_admits_the_thread_that_holds_it_only(engine: Engine) -> None:
    with engine.lock(), ThreadPoolExecutor(1) as pool:
        load(engine, article("a", "ferry"))
        with pytest.raises(IndexLocked):
            pool.submit(engine.write, Changes(drop=["a"]), wait=0.0).result()
        assert found(engine, "ferry") == {"a"}
    with ThreadPoolExecutor(1) as pool:
        pool.submit(engine.write, Changes(drop=["a"]), wait=0.0).result()
    assert found(engine, "ferry") == set()


def test_a_closed_engine_raises(engine: Engine) -> None:
    load(engine, article("a", "ferry"))
    engine.close()
    engine.close()
    for act in (
        lambda: engine.search(Request(Word("ferry"))),
        lambda: engine.document("a"),
        engine.fingerprints,
        lambda: engine.write(Changes()),
        lambda: engine.lock().__enter__(),
        lambda: engine.complete("fer"),
        engine.ids,
        lambda: engine.more_like_this("a"),
        engine.status,
    ):
        with pytest.raises(IndexUnusable):
            act()


def test_a_search_without_time_is_stopped(engine: Engine) -> None:
    load(engine, *(article(f"a{number}", f"ferry {number}") for number in range(50)))
    with pytest.raises(DeadlineExceeded):
        engine.search(Request(Word("ferry"), deadline=0.0))


def test_many_commits_answer_as_one(engine: Engine) -> None:
    for number in range(30):
        load(engine, article(f"a{number:02}", f"ferry {number}", date=f"20{number:02}"))
        if number % 3 == 2:
            engine.write(Changes(drop=(f"a{number - 1:02}",)))
    left = [number for number in range(30) if number % 3 != 1]
    assert result_ids(engine, "ferry", sort=Sort.OLDEST, per_page=100) == [f"a{number:02}" for number in left]
    assert engine.search(Request(MatchAll())).total == engine.status().documents == len(left)

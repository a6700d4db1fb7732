"""Index on a cluster: whose it is, how it is built anew, and that parts of an answer are none."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from contract.library import article, fingerprint, found, load, search
from opensearchpy import OpenSearch

from backfile.index.engine import Changes, Document, Engine, Request
from backfile.index.engines import open_engine
from backfile.index.engines.opensearch import index_mapping
from backfile.index.engines.opensearch.bulk_writer import BulkWriter
from backfile.index.engines.options import EngineOptions
from backfile.index.errors import DeadlineExceeded, IndexUnusable, QueryRefused
from backfile.index.query import Word

NOWHERE = Path("unused")


def load_and_fail(engine: Engine, document: Document) -> None:
    with engine.lock():
        load(engine, document)
        raise RuntimeError("power")


def test_an_index_of_another_program_is_refused_and_stays(opensearch_options: EngineOptions) -> None:
    client = OpenSearch(list(opensearch_options.url))
    client.index(index=opensearch_options.index, id="1", body={"text": "ferry"}, refresh=True)
    with closing(open_engine("opensearch", NOWHERE, opensearch_options)) as engine:
        for act in (lambda: engine.search(Request(Word("ferry"))), lambda: load(engine, article("a", "ferry"))):
            with pytest.raises(IndexUnusable, match="is not one of Backfile"):
                act()
    assert client.count(index=opensearch_options.index)["count"] == 1
    client.close()


def test_an_index_of_another_format_is_built_anew_beside_the_old_one(opensearch_options: EngineOptions) -> None:
    with closing(open_engine("opensearch", NOWHERE, opensearch_options)) as engine:
        load(engine, article("a", "ferry"), article("b", "puffin"))
    client = OpenSearch(list(opensearch_options.url))
    (before,) = client.indices.get_alias(name=opensearch_options.index)
    meta = {"program": index_mapping.PROGRAM, "format": 0}
    client.indices.put_mapping(index=before, body={"_meta": meta})
    with closing(open_engine("opensearch", NOWHERE, opensearch_options)) as engine:
        with pytest.raises(IndexUnusable, match="has format 0"):
            engine.search(Request(Word("ferry")))
        with engine.lock():
            assert engine.fingerprints() == {}
            load(engine, article("a", "ferry"))
            assert client.count(index=opensearch_options.index)["count"] == 2  # what readers have meanwhile
            load(engine, article("c", "ferry"))
        assert found(engine, "ferry") == {"a", "c"}
        with pytest.raises(RuntimeError, match="power"):  # an index of this format is not built anew
            load_and_fail(engine, article("d", "ferry"))
        assert found(engine, "ferry") == {"a", "c", "d"}
    (after,) = client.indices.get_alias(name=opensearch_options.index)
    assert after != before
    assert not client.indices.exists(index=before)
    client.close()


def test_a_building_that_fails_leaves_the_old_index(opensearch_options: EngineOptions) -> None:
    client = OpenSearch(list(opensearch_options.url))
    with closing(open_engine("opensearch", NOWHERE, opensearch_options)) as engine:
        load(engine, article("a", "ferry"))
        (before,) = client.indices.get_alias(name=opensearch_options.index)
        client.indices.put_mapping(index=before, body={"_meta": {"program": index_mapping.PROGRAM, "format": 0}})
        with pytest.raises(RuntimeError, match="power"):
            load_and_fail(engine, article("b", "ferry"))
    names = [name for name in client.indices.get(index=f"{opensearch_options.index}-*") if not name.endswith("-lock")]
    assert names == [before]
    client.close()


def test_an_answer_that_came_too_late_is_none(
    opensearch_options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_engine("opensearch", NOWHERE, opensearch_options)) as engine:
        load(engine, article("a", "ferry"))
        search = OpenSearch.search

        def late(client: OpenSearch, **arguments: object) -> object:
            return {**search(client, **arguments), "timed_out": True}  # type: ignore[arg-type]

        monkeypatch.setattr(OpenSearch, "search", late)
        with pytest.raises(DeadlineExceeded):
            engine.search(Request(Word("ferry")))


def test_a_batch_of_several_requests_becomes_visible_as_a_whole(
    opensearch_options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backfile.index.engines.opensearch.bulk_writer._REQUEST_BYTES", 2_000)
    monkeypatch.setattr("backfile.index.engines.opensearch.bulk_writer._HELD_BACK", 0)
    documents = [article(f"a{number}", f"ferry {number}") for number in range(60)]
    with closing(open_engine("opensearch", NOWHERE, opensearch_options)) as engine:
        load(engine, *documents[:5])
        seen = []
        delete = BulkWriter.delete

        def look(writer: BulkWriter, ids: object) -> None:
            seen.append(engine.search(Request(Word("ferry"), deadline=60)).total)
            delete(writer, ids)  # type: ignore[arg-type]

        monkeypatch.setattr(BulkWriter, "delete", look)
        engine.write(Changes(put=[(each, fingerprint(each)) for each in documents[5:]], drop=["a0"]))
        assert seen == [5]
        assert engine.search(Request(Word("ferry"), deadline=60)).total == 59


def test_the_longest_queries_are_answered_in_archives_of_many_languages(opensearch_options: EngineOptions) -> None:
    words = [f"aa{number:x}q" for number in range(1_100)]
    languages = ("en", "fr", "de", "es", "ru")
    others = [article(code, "puffin", language=code) for code in languages]
    with closing(open_engine("opensearch", NOWHERE, opensearch_options)) as engine:
        load(engine, article("long", "night " + " night ".join(words)), *others, languages=languages)
        for query in (" ".join(words[:64]), " OR ".join(words[:64]), "aa*"):
            (hit,) = search(engine, query).hits
            assert (hit.id, hit.score > 0) == ("long", True)
        assert found(engine, '"night aa1*"') == {"long"}
        with pytest.raises(QueryRefused, match="too many words"):
            search(engine, '"night aa*"')

"""Exports as CSV and JSON Lines; well-formedness of feeds."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from random import Random
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.index.engine import Fingerprint
from backfile.index.serialising import FORMULA_START
from backfile.web.screens import export
from backfile.web.service.arguments import SearchArguments
from backfile.web.views.search_manifest import digest_of, export_name
from tests.web_archive import archive_app, client, indexed

__all__ = ["archive_app", "client"]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_exports_hold_the_complete_list_in_order(client: FlaskClient) -> None:
    query = "q=letter&sort=oldest&per_page=3&page=2"
    answer = client.get("/api/search?q=letter&sort=oldest&per_page=100").json
    assert answer is not None
    wanted = [hit["id"] for hit in answer["hits"]]
    assert len(wanted) == 13
    table = client.get(f"/search.csv?{query}")
    assert table.headers["X-Total-Count"] == "13"
    today = datetime.now(UTC).date().isoformat()
    assert table.headers["Content-Disposition"] == (
        f"attachment; filename=\"letter-{today}.csv\"; filename*=UTF-8''letter-{today}.csv"
    )
    assert [row["id"] for row in rows(table.text)] == wanted
    lines = [json.loads(line) for line in client.get(f"/search.jsonl?{query}").text.splitlines()]
    assert [line["id"] for line in lines] == wanted
    assert [line["matches"] for line in lines] == [hit["matches"] for hit in answer["hits"]]
    assert all(client.get(line["url"].removeprefix("http://localhost")).status_code == 200 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (SearchArguments("night ferry"), "night-ferry-2026-11-28"),
        (SearchArguments('"Night" -fer*ry/../'), "night-fer-ry-2026-11-28"),
        (SearchArguments(), "articles-2026-11-28"),
        (SearchArguments(authors=("Zoë Ødegård",), first="2019-03"), "zoë-ødegård-2019-03-2026-11-28"),
        (SearchArguments("夜の渡し船"), "夜の渡し船-2026-11-28"),
        (SearchArguments("*?"), "articles-2026-11-28"),
        (SearchArguments("a" * 900), f"{'a' * 60}-2026-11-28"),
    ],
)
def test_a_file_is_named_by_its_search_and_the_day(arguments: SearchArguments, name: str) -> None:
    assert export_name(arguments, date(2026, 11, 28)) == name


def test_a_name_in_other_letters_is_sent_in_both_forms(client: FlaskClient) -> None:
    sent = client.get("/search.csv?q=夜の").headers["Content-Disposition"]
    assert "filename*=UTF-8''%E5%A4%9C%E3%81%AE" in sent


def test_lists_are_cited_as_their_articles_are(client: FlaskClient) -> None:
    answer = client.get("/api/search?q=letter&per_page=100").json
    assert answer is not None
    ids = [hit["id"] for hit in answer["hits"]]
    for form in ("ris", "bib"):
        listed = client.get(f"/search.{form}?q=letter")
        assert listed.data == b"".join(client.get(f"/cite/{each}.{form}").data for each in ids)
        assert listed.headers["Content-Disposition"].endswith(f".{form}")
    items = [item for each in ids for item in json.loads(client.get(f"/cite/{each}.json").data)]
    assert json.loads(client.get("/search.csl.json?q=letter").data) == items
    assert len({item["id"] for item in items}) == len(ids)


def test_every_export_is_described_by_its_manifest(client: FlaskClient) -> None:
    query = "q=letter&topic=Letters&from=1990&sort=oldest&page=7"
    table = client.get(f"/search.csv?{query}")
    address = table.headers["Link"].partition("<")[2].partition(">")[0]
    answer = client.get(address)
    manifest = answer.json
    assert manifest is not None
    assert answer.headers["Content-Disposition"].endswith(".manifest.json")
    assert manifest["total"] == manifest["given"] == len(rows(table.text))
    assert manifest["query"] == {"typed": "letter", "read": "letter"}
    assert manifest["filters"] == {"authors": [], "topics": ["Letters"], "from": "1990", "to": None}
    assert (manifest["order"], manifest["relaxed"], manifest["software"][:9]) == ("oldest", None, "Backfile ")
    assert datetime.fromisoformat(manifest["time"]).tzinfo is not None
    repeated = client.get(manifest["address"])
    assert repeated.status_code == 200
    assert manifest["fingerprint"].startswith("sha256:")


def test_a_manifest_says_how_a_query_was_read_and_relaxed(client: FlaskClient) -> None:
    manifest = client.get("/search.manifest.json?q=(letter ferry OR lettre harbour").json
    assert manifest is not None
    assert manifest["query"]["read"] != manifest["query"]["typed"]
    relaxed = client.get("/search.manifest.json?q=ferry harbour zeppelin submarine").json
    assert relaxed is not None
    assert relaxed["relaxed"] is None or relaxed["relaxed"]["of"] == 4


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.text(max_size=4), max_size=5), st.randoms())
def test_the_fingerprint_of_an_archive_is_that_of_its_articles(contents: dict[str, str], random: Random) -> None:
    found = {name: (f"{name}.md", Fingerprint(1, 2, digest)) for name, digest in contents.items()}
    shuffled = list(found.items())
    random.shuffle(shuffled)
    moved_clock = {name: (path, Fingerprint(1, 99, each.digest)) for name, (path, each) in shuffled}
    assert digest_of(found) == digest_of(moved_clock)
    for name, digest in contents.items():
        changed = dict(found) | {name: (f"{name}.md", Fingerprint(1, 2, digest + "x"))}
        assert digest_of(changed) != digest_of(found)
        assert digest_of({each: found[each] for each in found if each != name}) != digest_of(found)


def test_hits_are_marked_for_reference_managers(client: FlaskClient) -> None:
    page = client.get("/search?q=letter").text
    spans = re.findall(r'<span class="Z3988" title="([^"]*)"></span>', page)
    answer = client.get("/api/search?q=letter").json
    assert answer is not None
    assert len(spans) == len(answer["hits"])
    for span, hit in zip(spans, answer["hits"], strict=True):
        found = parse_qs(unescape(span))
        assert found["rft_val_fmt"] == ["info:ofi/fmt:kev:mtx:dc"]
        assert found["rft.type"] == ["newspaperArticle"]
        assert found["rft.title"] == [hit["title"]]
        assert found.get("rft.creator", []) == hit["authors"]
        assert found.get("rft.date", [None]) == [hit["date"]]
    assert "Z3988" not in client.get(f"/article/{answer['hits'][0]['id']}").text


def test_a_search_is_cited_in_words(client: FlaskClient) -> None:
    page = client.get("/search?q=letter&page=2").text
    citation = unescape(page.partition('<p class="citation" dir="auto">')[2].partition("</p>")[0])
    assert citation.startswith("Search for “letter”, 13 articles. ")
    assert citation.endswith("http://localhost/search?q=letter")


def test_result_pages_link_to_exports(client: FlaskClient) -> None:
    text = client.get("/author/Ada%20Marsh?q=ferry").text
    for form in ("atom", "csv", "jsonl", "ris", "bib", "csl.json", "manifest.json"):
        address = f"/search.{form}?q=ferry&amp;author=Ada+Marsh&amp;sort=newest"
        assert address in text
        assert client.get(address.replace("&amp;", "&")).status_code == 200


@given(
    st.text(max_size=5).map(lambda text: text.encode("utf-8", "ignore").decode()), st.sampled_from([*"=+-@\t\r＝", ""])
)
def test_csv_cells_are_no_formulas(text: str, sign: str) -> None:
    row: dict[str, object] = {"title": sign + text, "authors": [sign + text, "x"]}
    cells = export._csv_cells(row)
    assert not [cell for cell in cells if cell.startswith(FORMULA_START)]
    assert cells[0].removeprefix("'") == (sign + text).removeprefix("'")


def test_errors_are_reported_before_the_stream_starts(client: FlaskClient) -> None:
    assert client.get("/search.csv?q=" + "x" * 1001).status_code == 400
    assert client.get("/search.jsonl?q=zebra").text == ""
    assert rows(client.get("/search.csv?q=zebra").text) == []


def test_feeds_are_well_formed_xml(tmp_path: Path) -> None:
    settings, engine = indexed(tmp_path)
    odd = "---\ntitle: Odd\n---\nA form feed\x0c, a bell\x07, a stranger\ufffe & an <end>.\n"
    (settings.library / "odd-signs.md").write_text(odd, encoding="utf-8")
    synchronise(Library(settings.library), engine, folder=settings.cache_folder)
    app: Flask = create_app(settings, open_index=lambda: engine)
    for path in ("/search.atom?q=bell", "/search.atom?q=%0B%EF%BF%BEbell"):
        feed = ElementTree.fromstring(app.test_client().get(path).text)  # noqa: S314 - our own text
        assert feed.find("{http://www.w3.org/2005/Atom}entry") is not None

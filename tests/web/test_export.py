"""Exports as CSV and JSON Lines; well-formedness of feeds."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.web.screens import export
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
    assert table.headers["Content-Disposition"] == 'attachment; filename="articles.csv"'
    assert [row["id"] for row in rows(table.text)] == wanted
    lines = [json.loads(line) for line in client.get(f"/search.jsonl?{query}").text.splitlines()]
    assert [line["id"] for line in lines] == wanted
    assert [line["matches"] for line in lines] == [hit["matches"] for hit in answer["hits"]]
    assert all(client.get(line["url"].removeprefix("http://localhost")).status_code == 200 for line in lines)


def test_result_pages_link_to_exports(client: FlaskClient) -> None:
    text = client.get("/author/Ada%20Marsh?q=ferry").text
    for form in ("atom", "csv", "jsonl"):
        address = f"/search.{form}?q=ferry&amp;author=Ada+Marsh&amp;sort=newest"
        assert address in text
        assert client.get(address.replace("&amp;", "&")).status_code == 200


@given(
    st.text(max_size=5).map(lambda text: text.encode("utf-8", "ignore").decode()), st.sampled_from([*"=+-@\t\r＝", ""])
)
def test_csv_cells_are_no_formulas(text: str, sign: str) -> None:
    row: dict[str, object] = {"title": sign + text, "authors": [sign + text, "x"]}
    cells = export._csv_cells(row)
    assert not [cell for cell in cells if cell.startswith(export.FORMULA_START)]
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

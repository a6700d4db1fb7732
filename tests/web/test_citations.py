"""Citations of articles and of quoted passages, and their URLs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.model import Article, ArticleMetadata, PartialDate, Source
from backfile.web.views import citations
from tests.web_archive import archive_app, client

__all__ = ["archive_app", "client"]

ARTICLE = Article(
    id="1998/night ferry",
    path="1998/night ferry.md",
    metadata=ArticleMetadata(
        "Ferries & {trains}: 100 % on time",
        authors=("Ada Marsh", "Joris van Dijk"),
        topics=("transport",),
        date=PartialDate(1998, 3),
        summary="One line.\nAnother.",
        source=Source("The Gazette", None),
        language="en",
    ),
    body="",
)
URL = "https://example.org/article/1998/night%20ferry"


def test_plain_citation() -> None:
    assert citations.plain_citation(ARTICLE, URL, "Backfile") == (
        f"Ada Marsh, Joris van Dijk, “Ferries & {{trains}}: 100 % on time”, The Gazette, March 1998. {URL}"
    )


def test_bibtex() -> None:
    assert citations.bibtex(ARTICLE, URL, "Backfile").splitlines() == [
        "@article{1998/night-ferry,",
        "  author = {{Ada Marsh} and {Joris van Dijk}},",
        r"  title = {{Ferries \& {\textbraceleft}trains{\textbraceright}: 100 \% on time}},",
        "  journaltitle = {The Gazette},",
        "  date = {1998-03},",
        "  keywords = {transport},",
        "  langid = {en},",
        f"  url = {{{URL}}},",
        "}",
    ]


def test_ris() -> None:
    assert citations.ris(ARTICLE, URL, "Backfile").split("\r\n") == [
        "TY  - NEWS",
        "AU  - Ada Marsh",
        "AU  - Joris van Dijk",
        "TI  - Ferries & {trains}: 100 % on time",
        "T2  - The Gazette",
        "PY  - 1998",
        "DA  - 1998/03//",
        "AB  - One line. Another.",
        "KW  - transport",
        "LA  - en",
        f"UR  - {URL}",
        "ER  - ",
        "",
    ]


def test_csl() -> None:
    (item,) = citations.csl(ARTICLE, URL, "Backfile")
    assert item["type"] == "article-newspaper"
    assert item["issued"] == {"date-parts": [[1998, 3]]}
    assert item["author"] == [{"literal": "Ada Marsh"}, {"literal": "Joris van Dijk"}]


PASSAGE = citations.QuotedPassage(r"50 % of C:\ports {sic", f"{URL}#:~:text=50")


REVISED = replace(
    ARTICLE,
    metadata=replace(ARTICLE.metadata, updated=PartialDate(1998, 5, 2)),
    extra={
        "doi": "10.1002/(a_b){c}",
        "ark": "ark:/12025/654",
        "corrections": [{"date": "1998-04-01", "text": "It left at nine."}, {"date": "1998-04-01", "text": "Twice."}],
        "editors_note": "Of no concern to a citation.",
    },
)


def test_a_plain_citation_has_corrections_the_last_change_and_identifiers() -> None:
    assert citations.plain_citation(REVISED, URL, "Backfile") == (
        "Ada Marsh, Joris van Dijk, “Ferries & {trains}: 100 % on time”, The Gazette, March 1998, "
        f"corrected 1 April 1998, updated 2 May 1998, doi:10.1002/(a_b){{c}}, ark:/12025/654. {URL}"
    )


def test_corrections_and_identifiers_have_fields_of_their_own() -> None:
    lines = citations.bibtex(REVISED, URL, "Backfile").splitlines()
    assert "  doi = {10.1002/(a_b)%7Bc%7D}," in lines
    assert "  note = {ark:/12025/654}," in lines
    assert "  addendum = {corrected 1 April 1998, updated 2 May 1998}," in lines
    records = citations.ris(REVISED, URL, "Backfile").split("\r\n")
    assert {"DO  - 10.1002/(a_b){c}", "AN  - ark:/12025/654"} < set(records)
    assert "N1  - Correction (1998-04-01): It left at nine." in records
    item = citations.csl(REVISED, URL, "Backfile")[0]
    assert item["DOI"] == "10.1002/(a_b){c}"
    assert item["note"].splitlines()[-1] == "ARK: ark:/12025/654"


def test_a_plain_citation_begins_with_the_passage() -> None:
    reference = "Ada Marsh, Joris van Dijk, “Ferries & {trains}: 100 % on time”, The Gazette, March 1998."
    words = f"{PASSAGE.quoted} {reference}"
    assert citations.plain_citation(ARTICLE, URL, "Backfile", PASSAGE) == f"{words} {PASSAGE.url}"
    elsewhere = "https://gazette.example/1"
    assert citations.plain_citation(ARTICLE, elsewhere, "Backfile", PASSAGE) == f"{words} {elsewhere} ({PASSAGE.url})"


def test_a_passage_is_a_note_in_each_format() -> None:
    bibtex = citations.bibtex(ARTICLE, URL, "Backfile", PASSAGE)
    assert r"  annote = {“50 \% of C:\textbackslash{}ports {\textbraceleft}sic”}," in bibtex.splitlines()
    assert f"  url = {{{PASSAGE.url}}}," in bibtex.splitlines()
    ris = citations.ris(ARTICLE, URL, "Backfile", PASSAGE).split("\r\n")
    assert ris[-4:-1] == [f"UR  - {PASSAGE.url}", r"N1  - “50 % of C:\ports {sic”", "ER  - "]
    (item,) = citations.csl(ARTICLE, URL, "Backfile", PASSAGE)
    assert (item["note"], item["URL"]) == (r"“50 % of C:\ports {sic”", PASSAGE.url)


@pytest.mark.parametrize(
    ("selected", "text", "directive"),
    [
        ("the night-ferry, again", "the night-ferry, again", "the%20night%2Dferry%2C%20again"),
        ("one two three four five six seven eight", "one two three four five six seven eight", None),
        ("one two three four five six seven eight nine", None, "one%20two%20three%20four,six%20seven%20eight%20nine"),
        (" Costs\n\nWho  pays\tfor it? ", "Costs Who pays for it?", "Costs,for%20it%3F"),
        ("渡轮，夜间。", None, None),
        ("一，二，三，四，五，六，七，八，九。", None, "一，二，三，四，,六，七，八，九。"),
        ("no\0 bell\x07", "no bell", None),
    ],
)
def test_each_end_of_a_text_directive_lies_within_one_block(
    selected: str, text: str | None, directive: str | None
) -> None:
    passage = citations.quote_passage(selected, URL)
    assert passage is not None
    assert passage.text == (text or selected)
    found = passage.url.removeprefix(f"{URL}#:~:text=")
    if directive is None:
        assert unquote(found) == passage.text
    elif directive.isascii():
        assert found == directive
    else:
        assert [unquote(term) for term in found.split(",")] == ["一，二，三，四，", "六，七，八，九。"]


def test_an_empty_selection_is_no_passage() -> None:
    assert citations.quote_passage(" \n\t\0 ", URL) is None


def test_a_long_passage_is_cut_after_a_whole_word() -> None:
    passage = citations.quote_passage("ferry " * 400, URL)
    assert passage is not None
    assert re.fullmatch("(ferry )+ferry…", passage.text)
    assert citations.MAX_PASSAGE - 6 <= len(passage.text) <= citations.MAX_PASSAGE + 1
    assert passage.url.endswith("ferry%20ferry%20ferry%20ferry")
    exact = citations.quote_passage("x" * citations.MAX_PASSAGE, URL)
    assert exact is not None
    assert exact.text == "x" * citations.MAX_PASSAGE


@settings(max_examples=60)
@given(st.text(max_size=60) | st.text(alphabet="{}\\%&~^\r\n\u2028\x85 —:", max_size=30))
def test_no_passage_breaks_out_of_its_field(selected: str) -> None:
    passage = citations.quote_passage(selected, URL)
    if passage is None:
        return
    bare = citations.quote_passage("bare", URL)
    entry = citations.bibtex(ARTICLE, URL, "Backfile", passage)
    assert len(entry.splitlines()) == len(citations.bibtex(ARTICLE, URL, "Backfile", bare).splitlines())
    depths = [entry[: place + 1].count("{") - entry[: place + 1].count("}") for place in range(len(entry))]
    assert depths[-1] == 0
    assert min(depths) == 0
    assert 0 not in depths[entry.index("{") : entry.rindex("}")]
    lines = citations.ris(ARTICLE, URL, "Backfile", passage).splitlines()
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines)
    assert [line[:2] for line in lines].count("ER") == 1
    (item,) = json.loads(json.dumps(citations.csl(ARTICLE, URL, "Backfile", passage)))
    assert item["note"] == f"“{passage.text}”"


FORMS = {
    "txt": "text/plain",
    "bib": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "json": "application/vnd.citationstyles.csl+json",
}


@pytest.mark.parametrize("form", FORMS)
def test_citation_urls(client: FlaskClient, archive_app: Flask, form: str) -> None:
    response = client.get(f"/cite/1998/night-ferry.{form}")
    assert response.status_code == 200
    assert response.mimetype == FORMS[form]
    assert "Harbour board votes for the night ferry" in response.text
    assert "https://example.org/1998/night-ferry" in response.text
    assert ":~:text" not in response.text


@pytest.mark.parametrize("form", FORMS)
def test_passage_urls(client: FlaskClient, archive_app: Flask, form: str) -> None:
    response = client.get(f"/cite/1998/night-ferry.{form}", query_string={"passage": "the night ferry"})
    assert response.status_code == 200
    assert response.mimetype == FORMS[form]
    text = response.json[0]["note"] if form == "json" and response.json else response.text
    assert "“the night ferry”" in text
    assert "http://localhost/article/1998/night-ferry#:~:text=the%20night%20ferry" in response.text


def test_a_plain_citation_is_translated(client: FlaskClient, archive_app: Flask) -> None:
    answer = client.get("/cite/1998/night-ferry.txt?passage=night", headers={"Accept-Language": "de"})
    assert answer.text.startswith("„night“ Ada Marsh")

"""Languages of the interface: complete catalogues, untranslated text, negotiation."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import nodes
from paths import ROOT
from selectolax.lexbor import LexborHTMLParser

import backfile.web.service.ui_language
from backfile.app import create_app
from backfile.archive.model import PartialDate
from backfile.config import SOURCE_LANGUAGE, UI_LANGUAGES, Settings
from backfile.index.query import parse
from backfile.web.service.i18n import format_date, format_duration, format_number, text_direction, translate
from backfile.web.service.ui_language import COOKIE, FOLDER, UiLanguage, load_ui_language
from tests.web_archive import archive_app, client

__all__ = ["archive_app", "client"]

TRANSLATED = sorted(set(UI_LANGUAGES) - {SOURCE_LANGUAGE})
NAMES = {"BibTeX", "CSL-JSON", "CSV", "JSON", "JSON Lines", "Markdown", "RIS", "MB"}  # the same in every language
LETTER = re.compile(r"[^\W\d_]")
PAGES = (
    "/", "/search", "/search?q=ferry+OR+letter&author=Ada+Marsh&topic=transport&from=1998&to=2019-12-31&page=1",
    "/search?q=letter&per_page=2&page=2", "/search?q=zebra", "/search?q=ferry+zebra+harbour+letter&from=1900",
    "/search?from=1700&to=1710", "/trends?q=ferry&q=zebra&by=month&measure=share&from=1998", "/trends?q=ferry&author=x",
    "/search?q=fery&from=abc&sort=odd&page=0", "/search/topics?q=letter",
    "/article/1998/night-ferry?q=ferry&place=1&match=1", "/article/1998/night-ferry?q=ferry", "/article/odd/forty",
    "/authors", "/topics", "/years", "/about", "/search/authors", "/year/2019", "/nowhere", "/article/nowhere",
    "/author/Ada%20Marsh", "/year/x", "/search?q=a&page=900", "/search?page=2000", "/sitemap-9.xml", "/media/x.png",
    "/search?q=" + "a+" * 99,
)  # fmt: skip


def messages(code: str) -> list[Message]:
    with (FOLDER / f"{code}.po").open("rb") as file:
        return [message for message in read_po(file, locale=code, abort_invalid=True) if message.id]


def texts_of(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


# The catalogue


def test_catalogues_are_up_to_date() -> None:
    command = [sys.executable, ROOT / "docs" / "texts.py", "--check"]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    assert {path.name for path in FOLDER.iterdir()} == {f"{code}.po" for code in TRANSLATED}


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated(code: str) -> None:
    for message in messages(code):
        assert not message.fuzzy, message.id
        assert all(texts_of(message.string)), message.id
        assert len(texts_of(message.string)) == len(texts_of(message.id))


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_keep_values_and_markup(code: str) -> None:
    def pieces(text: str) -> tuple[list[str], list[str]]:
        return sorted(re.findall(r"%\(\w+\)s", text)), sorted(re.findall(r"<[^>]+>", text))

    for message in messages(code):
        for source, said in zip(texts_of(message.id), texts_of(message.string), strict=True):
            values, tags = pieces(said)
            expected_values, expected_tags = pieces(source)
            assert tags == expected_tags, said
            assert set(values) | {"%(num)s"} == set(expected_values) | {"%(num)s"}, said
            assert said == said.strip(), said


def test_translations_use_the_typography_of_their_language() -> None:
    german = " ".join(text for message in messages("de") for text in texts_of(message.string))
    assert german.count("„") == german.count("“") > 20
    assert not re.search(r"[”«»]| - ", german)
    french = " ".join(text for message in messages("fr") for text in texts_of(message.string))
    assert french.count("«\u202f") == french.count("\u202f»") == french.count("«") == french.count("»") > 20
    assert not re.search(r"[“”„]|\w'\w", french)
    assert not re.search(r"(?<![\u202f\u00a0\s«])[;!?](?=\s|$)", french)
    assert not re.search(r" [;:!?»]", french.replace("« : ", "").replace("de ?", "").replace("un ?", "")), french


def test_parser_notices_are_in_the_catalogue() -> None:
    known = {text for message in messages("de") for text in texts_of(message.id)}
    requested = [
        '"a',
        "(a",
        "()",
        '""',
        "a |",
        "a - b",
        "OR",
        "title:",
        "= a",
        "note:x",
        "date:x",
        "*",
        "a*",
        "x~",
        "xyz~9",
    ]
    requested += ["what?", "...", '"a b"~0', "x " * 99, "y" * 1001, "(" * 30 + "a" + ")" * 30]
    codes = set()
    for query in requested:
        parsed = parse(query)
        for notice in (*parsed.notices, *([parsed.refused] if parsed.refused else [])):
            codes.add(notice.code)
            assert notice.template in known
            assert "%(" not in translate(notice)
    assert len(codes) >= 12


# Untranslated text


VALUE = "z0z"  # replaces expressions of a template


class Literals(HTMLParser):
    """Parser that collects the literal text of a template."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        shown = {"alt", "aria-description", "aria-label", "label", "placeholder", "title"}
        self.found += [value or "" for name, value in attrs if name in shown]


def constants(node: nodes.Node) -> Iterator[str]:
    """String literals in expressions of a template that are no arguments, names or indexes."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Call | nodes.Filter | nodes.Test | nodes.Getitem | nodes.Compare):
            continue
        if isinstance(child, nodes.Const) and isinstance(child.value, str):
            yield child.value
        yield from constants(child)


@pytest.mark.parametrize("template", sorted(path.name for path in (ROOT / "templates").glob("*.html")))
def test_templates_have_no_untranslated_text(template: str, archive_app: Flask) -> None:
    tree = archive_app.jinja_env.parse((ROOT / "templates" / template).read_text(encoding="utf-8"))
    literals = Literals()
    outputs = [child for output in tree.find_all(nodes.Output) for child in output.nodes]
    literals.feed("".join(child.data if isinstance(child, nodes.TemplateData) else VALUE for child in outputs))
    said = {text.strip() for found in literals.found for text in re.split(rf"[·,:/()]|{VALUE}", found)}
    assert {text for text in said if LETTER.search(text)} <= NAMES
    spoken_by_expressions = {text for output in tree.find_all(nodes.Output) for text in constants(output)}
    assert not {text for text in spoken_by_expressions if re.search(r"\b[A-Z]|\w \w", text)} - NAMES


class Marking(NullTranslations):
    """Catalogue that puts every text in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, amount: int) -> str:
        return f"⟦{one if amount == 1 else many}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return f"⟦{message}⟧"


def outside_brackets(text: str) -> str:
    inner = re.compile(r"⟦[^⟦⟧]*⟧")
    while inner.search(text):
        text = inner.sub(" ", text)
    return text


@pytest.mark.parametrize("address", PAGES)
def test_pages_have_no_untranslated_text(address: str, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    marking = UiLanguage("de", Locale.parse("de"), Marking())
    monkeypatch.setattr(backfile.web.service.ui_language, "load_ui_language", lambda code: marking)
    tree = LexborHTMLParser(client.get(address).text)
    assert tree.body
    attributes = [
        node.attributes[name] or ""
        for node in tree.body.css("*")
        for name in ("aria-label", "title", "placeholder", "alt")
        if name in node.attributes and not node.css_matches(".body *, .Z3988")
    ]
    for node in tree.css("[dir]:not(html), code, kbd, pre, script, time, #languages, td[lang], .trend g > text"):
        node.decompose()
    for text in (tree.body.text(), *attributes):
        left = {word for word in outside_brackets(text).split() if LETTER.search(word)}
        assert left <= {word for name in NAMES for word in name.split()}, address


# Negotiation


def language_of(client: FlaskClient, address: str = "/", **headers: str) -> str:
    response = client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})
    found = LexborHTMLParser(response.text).css_first("html").attributes["lang"]
    assert response.headers["Content-Language"] == found
    assert {"accept-language", "cookie"} <= {name.lower() for name in response.vary}
    return str(found)


@pytest.mark.parametrize(
    ("requested", "given"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.1", "de"),
        ("fr-CH, de;q=0.5", "fr"),
        ("nl, fr;q=0.4, de;q=0.2", "fr"),
        ("nl", "en"),
        ("", "en"),
        ("not a language;;q=x", "en"),
    ],
)
def test_accept_language(client: FlaskClient, requested: str, given: str) -> None:
    assert language_of(client, Accept_Language=requested) == given


def test_a_chosen_language_is_kept_in_a_cookie(archive_app: Flask) -> None:
    client = archive_app.test_client()
    response = client.get("/search?q=ferry&lang=fr")
    cookie = client.get_cookie(COOKIE)
    assert cookie
    assert (cookie.value, cookie.path, cookie.http_only, cookie.same_site) == ("fr", "/", True, "Lax")
    assert "résultat" in response.text or "articles" in response.text
    assert language_of(client, "/about", Accept_Language="de") == "fr"
    assert language_of(client, "/about?lang=en", Accept_Language="de") == "en"
    assert language_of(client, "/about", Accept_Language="de") == "en"
    unknown = archive_app.test_client()
    assert language_of(unknown, "/about?lang=xx") == "en"
    assert unknown.get_cookie(COOKIE) is None


def test_setting_and_library_language_are_defaults(tmp_path: Path) -> None:
    def client_of(**settings: str) -> FlaskClient:
        return create_app(
            Settings(library=tmp_path, index=tmp_path / "index", engine="memory", **settings)
        ).test_client()  # type: ignore[arg-type]

    assert language_of(client_of(interface_language="fr"), Accept_Language="de") == "fr"
    assert language_of(client_of(interface_language="fr"), "/?lang=de") == "de"
    (tmp_path / "library.toml").write_text('language = "de"\n', encoding="utf-8")
    assert language_of(client_of()) == "de"
    assert language_of(client_of(), Accept_Language="en") == "en"
    (tmp_path / "library.toml").write_text('language = "nl"\n', encoding="utf-8")
    assert language_of(client_of()) == "en"


def test_the_footer_links_to_the_page_in_each_language(client: FlaskClient) -> None:
    tree = LexborHTMLParser(client.get("/search?q=ferry&author=Ada+Marsh&author=Miriam+Stein&lang=de").text)
    links = {link.text(): link for link in tree.css("#languages a")}
    assert list(links) == ["English", "Deutsch", "Français"]
    assert links["Français"].attributes["href"] == "?q=ferry&author=Ada+Marsh&author=Miriam+Stein&lang=fr"
    assert [link.text() for link in tree.css("#languages [aria-current]")] == ["Deutsch"]
    assert all(link.attributes["lang"] == link.attributes["hreflang"] for link in links.values())


def test_json_is_english(client: FlaskClient) -> None:
    client.set_cookie(COOKIE, "fr")
    german = {"Accept-Language": "de"}
    answer = client.get('/api/search?q="ferry&from=abc', headers=german)
    assert answer.json
    assert any(notice.startswith("Unmatched quotation mark") for notice in answer.json["notices"])
    assert any("is not a date" in notice for notice in answer.json["notices"])
    wrong = client.get("/api/nowhere", headers=german)
    assert wrong.json
    assert wrong.json["error"]["heading"] == "Page not found"
    for address in ("/api/search?q=ferry", "/health", "/search.csv?q=ferry", "/static/backfile.css", "/robots.txt"):
        with client.get(address, headers=german) as response:
            vary = {name.lower() for name in response.vary}
        assert "Content-Language" not in response.headers
        assert "cookie" not in vary, address


@pytest.mark.parametrize("code", UI_LANGUAGES)
def test_article_texts_keep_their_language(client: FlaskClient, code: str) -> None:
    tree = LexborHTMLParser(client.get(f"/article/odd/rahma?q=a&lang={code}").text)
    article = tree.css_first("#article")
    assert article.attributes["lang"] == "ar"
    assert tree.css_first("#article .byline").attributes["lang"] == code
    assert tree.css_first("#article .facts").attributes["lang"] == code


# Numbers, dates


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", ("14,327", "1 March 2019", "March 2019", "2019", "1.2\u00a0s")),
        ("de", ("14.327", "1. März 2019", "März 2019", "2019", "1,2\u00a0s")),
        ("fr", ("14\u202f327", "1er mars 2019", "mars 2019", "2019", "1,2\u00a0s")),
    ],
)
def test_numbers_and_dates_are_localised(archive_app: Flask, code: str, expected: tuple[str, ...]) -> None:
    with archive_app.test_request_context(f"/?lang={code}"):
        dates = [format_date(PartialDate.parse(text)) for text in ("2019-03-01", "2019-03", "2019")]
        assert (format_number(14327), *dates, format_duration(1234)) == expected


def test_plural_forms() -> None:
    english, french = load_ui_language("en").catalogue, load_ui_language("fr").catalogue
    assert english.ngettext("%(num)s match", "%(num)s matches", 0) == "%(num)s matches"
    assert french.ngettext("%(num)s match", "%(num)s matches", 0) == "%(num)s occurrence"
    assert french.ngettext("%(num)s match", "%(num)s matches", 2) == "%(num)s occurrences"


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("ar-EG", "rtl"), ("fa", "rtl"), ("he-IL", "rtl"), ("ur", "rtl"), ("yi", "rtl"), ("ckb", "rtl"), ("en", "auto"),
        ("ar-Latn", "auto"), ("sr-Latn", "auto"), ("xx", "auto"), (None, "auto"), ("not a code", "auto"),
    ],
)  # fmt: skip
def test_direction_of_texts_in_a_language(language: str | None, direction: str) -> None:
    assert text_direction(language) == direction

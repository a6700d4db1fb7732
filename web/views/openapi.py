"""OpenAPI 3.1 document of the API; tests check the responses against it."""

from __future__ import annotations

from backfile.index.concordance.arrangement import Arrangement
from backfile.index.concordance.lines_request import MOST_SAMPLED
from backfile.index.engine import MAX_DEPTH, Sort
from backfile.index.explanation.article_lookup import MAX_TYPED
from backfile.index.periods import Period
from backfile.index.query import MAX_CHARACTERS
from backfile.index.quotations.quotation_finder import MAX_QUOTATION, QuotationOrder
from backfile.index.trend_series import MAX_QUERIES, Measure
from backfile.web.openapi.api_schemas import SCHEMAS
from backfile.web.openapi.schema_types import (
    DATE,
    TEXT,
    Json,
    json_enum,
)
from backfile.web.service.arguments import ALL_WORDS, COPIES, MAX_PER_PAGE, MAX_VALUES, MOST_WORDS
from backfile.web.service.lines_view import MAX_SEED


def openapi_document(title: str, server: str) -> Json:
    """Builds the document; `server` is the root URL."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "description": "Searches an archive of articles. Arguments that cannot be understood are left out of the "
            "search and named in `notices`. Read-only.",
        },
        "servers": [{"url": server}],
        "paths": {
            "/api/search": _get("One page of a search, as JSON", _search(paged=True), "application/json", "Page"),
            "/api/suggest": _get("Completions of a query", [_typed()], "application/json", "Suggestions"),
            "/api/quote": _get(
                "Articles that have a quotation, word for word or nearly", _quotation(), "application/json", "Quotation"
            ),
            "/api/why": _get("Why a search does not find an article", _why(), "application/json", "Why"),
            "/api/article/{id}": _article(),
            "/api/links": _get("Links within the archive, and the dead ones", [], "application/json", "Links"),
            "/api/lines": _get("Words in context of a search", _lines(paged=True), "application/json", "Lines"),
            "/lines.csv": _get("The same, up to 100,000 lines, as CSV", _lines(), "text/csv"),
            "/lines.jsonl": _get("The same as JSON Lines", _lines(), "application/jsonl"),
            "/api/trends": _get("Articles of several searches by period", _trends(), "application/json", "Trends"),
            "/trends.csv": _get("The same as CSV, one line for each search and period", _trends(), "text/csv"),
            "/search.csv": _get("A complete result list, at most 10,000 articles, as CSV", _search(), "text/csv"),
            "/search.jsonl": _get("The same as JSON Lines", _search(), "application/jsonl"),
            "/search.ris": _get("The same as RIS records", _search(), "application/x-research-info-systems"),
            "/search.bib": _get("The same as BibTeX entries", _search(), "application/x-bibtex"),
            "/search.csl.json": _get(
                "The same as CSL-JSON", _search(), "application/vnd.citationstyles.csl+json", "Citations"
            ),
            "/search.manifest.json": _get(
                "A description of the list: query, filters, total, time, fingerprint of the archive",
                _search(),
                "application/json",
                "Manifest",
            ),
            "/search.atom": _get("The newest articles of a search, as Atom", _search(), "application/atom+xml"),
            "/health": _health(),
        },
        "components": {"schemas": SCHEMAS},
    }


def _get(summary: str, parameters: list[Json], mimetype: str, schema: str = "") -> Json:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"} if schema else TEXT}
    answers = {"200": {"description": "Success", "content": {mimetype: content}}}
    for status, meaning in (
        ("400", "Limit exceeded: too long, too many words, too deep into the list"),
        ("404", "The list has no such page"),
        ("429", "Too many filtered lists or exports; try again later"),
        ("503", "The index cannot be used, or the deadline is exceeded; try again later"),
    ):
        answers[status] = {"description": meaning, "content": _errors(mimetype)}
    return {"get": {"summary": summary, "parameters": parameters, "responses": answers}}


def _errors(mimetype: str) -> Json:
    """Content of error responses: JSON below `/api`, else a page."""
    if mimetype == "application/json":
        return {mimetype: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"text/html": {"schema": TEXT}}


def _article() -> Json:
    path = _get("An article by its id, without its text", [], "application/json", "Article")
    described = path["get"]
    identifier = {"type": "string", "minLength": 1, "pattern": r"^[^/?#]"}
    note = "The path of its file below the library, without the ending; slashes stand as they are."
    described["parameters"] = [
        {"name": "id", "in": "path", "required": True, "description": note, "schema": identifier}
    ]
    content = _errors("application/json")
    described["responses"] |= {
        "301": {"description": "The article has another address now: `Location` says which"},
        "404": {"description": "No article that can be seen now has this id", "content": content},
        "410": {"description": "The article was deleted, is withheld or has expired", "content": content},
    }
    return path


def _health() -> Json:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}
    wrong = {"anyOf": [{"$ref": "#/components/schemas/Health"}, {"$ref": "#/components/schemas/Error"}]}
    return {
        "get": {
            "summary": "Health of the index, for monitors",
            "responses": {
                "200": {"description": "It can be searched", "content": content},
                "503": {"description": "It cannot", "content": {"application/json": {"schema": wrong}}},
            },
        }
    }


def _search(*, paged: bool = False) -> list[Json]:
    parameters = [
        _parameter("q", "The query, in the language of the search box; all articles without it.", _query()),
        _parameter("author", "Names in any spelling; any of them.", _values()),
        _parameter("topic", "Topics, exact; any of them.", _values()),
        _parameter("from", "The first date: a year, a month or a day.", DATE),
        _parameter("to", "The last date, its whole span included.", DATE),
        _parameter("words", "`all`: the search is never relaxed.", {"type": "string", "enum": [ALL_WORDS, MOST_WORDS]}),
        _parameter("sort", "The order.", {"type": "string", "enum": list(Sort)}),
    ]
    if paged:
        shown = {"type": "string", "enum": list(COPIES)}
        parameters.append(
            _parameter("copies", "`show`: every copy of a story is a hit, not the best one alone.", shown)
        )
        numbers = (("page", MAX_DEPTH), ("per_page", MAX_PER_PAGE))
        parameters += [
            _parameter(name, "", {"type": "integer", "minimum": 1, "maximum": most}) for name, most in numbers
        ]
    return parameters


def _why() -> list[Json]:
    typed = {"type": "string", "maxLength": MAX_TYPED}
    return [*_search(), _parameter("article", "Its address, path, id, or title, or a part of one.", typed)]


def _lines(*, paged: bool = False) -> list[Json]:
    integers = (("sample", 1, MOST_SAMPLED, "So many lines at random."), ("seed", 0, MAX_SEED, "The sample's seed."))
    return [
        *_search(paged=paged),
        _parameter("by", "The order of the lines.", {"type": "string", "enum": list(Arrangement)}),
        _parameter("frequent", "The most frequent word first.", {"type": "string", "enum": ["0", "1"]}),
        *(
            _parameter(name, about, {"type": "integer", "minimum": least, "maximum": most})
            for name, least, most, about in integers
        ),
    ]


def _trends() -> list[Json]:
    queries = {"type": "array", "items": _query(), "maxItems": MAX_QUERIES}
    filters = [each for each in _search() if each["name"] in ("author", "topic", "from", "to")]
    return [
        _parameter("q", "The searches to compare.", queries),
        *filters,
        _parameter("by", "The kind of periods; without it one that suits.", {"type": "string", "enum": list(Period)}),
        _parameter("measure", "What the page would draw.", {"type": "string", "enum": list(Measure)}),
    ]


def _query() -> Json:
    return {"type": "string", "maxLength": MAX_CHARACTERS}


def _values() -> Json:
    return {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": MAX_VALUES}


def _typed() -> Json:
    return _parameter("q", "The beginning of a query.", _query())


def _quotation() -> list[Json]:
    text = {"type": "string", "maxLength": MAX_QUOTATION}
    return [
        _parameter("text", "The quotation, plain text; an ellipsis may stand for words left out.", text),
        _parameter("sort", "The order; articles that have it word for word come first.", json_enum(QuotationOrder)),
    ]


def _parameter(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description or name, "schema": schema}

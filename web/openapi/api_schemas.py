"""Schemas of the answers of the API; tests check the responses against them."""

from __future__ import annotations

from collections.abc import Iterable

from backfile.archive.metadata.corrections import CorrectionKind
from backfile.index.engine import MAX_COPIES, Sort
from backfile.index.explanation.article_lookup import Outcome
from backfile.index.fields import CONTENT_FIELDS
from backfile.index.periods import Period
from backfile.index.quotations.alignment import Difference
from backfile.index.quotations.quotation_finder import Verdict
from backfile.index.trend_series import MAX_QUERIES, Measure
from backfile.web.openapi.schema_types import (
    COUNT,
    COUNT_OR_NULL,
    DATE,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    Json,
    json_enum,
    json_object,
)


def _marked(kinds: Iterable[Difference]) -> Json:
    """Text with marks (start, end, kind)."""
    mark = {"type": "array", "prefixItems": [COUNT, COUNT, json_enum(kinds)], "minItems": 3, "maxItems": 3}
    return json_object(text=TEXT, marks={"type": "array", "items": mark})


SCHEMAS: Json = {
    "Page": json_object(
        query=TEXT,
        total=COUNT,
        stories=COUNT_OR_NULL,
        took_ms={"type": "number"},
        notices=TEXTS,
        hits={"type": "array", "items": {"$ref": "#/components/schemas/Hit"}},
        facets={
            "type": "object",
            "additionalProperties": {"type": "array", "items": json_object(value=TEXT, count=COUNT)},
        },
        names={"type": "array", "items": json_object(facet=TEXT, value=TEXT, count=COUNT)},
        suggestion=TEXT_OR_NULL,
        relaxed={"anyOf": [json_object(required=COUNT, of=COUNT), {"type": "null"}]},
        page={"type": "integer", "minimum": 1},
        pages=COUNT,
    ),
    "Hit": json_object(
        id=TEXT,
        title=TEXT,
        authors=TEXTS,
        topics=TEXTS,
        date={"anyOf": [DATE, {"type": "null"}]},
        url=TEXT,
        score={"type": "number"},
        matches=COUNT,
        missing=TEXTS,
        passages={
            "type": "array",
            "items": json_object(
                text=TEXT,
                spans={"type": "array", "items": {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}},
            ),
        },
        copies={
            "type": "array",
            "maxItems": MAX_COPIES,
            "items": json_object(
                id=TEXT,
                title=TEXT,
                date={"anyOf": [DATE, {"type": "null"}]},
                source={"anyOf": [json_object(name=TEXT_OR_NULL, url=TEXT_OR_NULL), {"type": "null"}]},
                url=TEXT,
                added=COUNT_OR_NULL,
                removed=COUNT_OR_NULL,
            ),
        },
        copy_count=COUNT,
    ),
    "Quotation": json_object(
        quotation=TEXT,
        words=COUNT,
        verdict=json_enum(Verdict),
        articles=COUNT,
        took_ms={"type": "number"},
        is_cut={"type": "boolean"},
        matches={"type": "array", "items": {"$ref": "#/components/schemas/QuotationMatch"}},
    ),
    "QuotationMatch": json_object(
        id=TEXT,
        title=TEXT,
        authors=TEXTS,
        date={"anyOf": [DATE, {"type": "null"}]},
        source={"anyOf": [json_object(name=TEXT_OR_NULL, url=TEXT_OR_NULL), {"type": "null"}]},
        url=TEXT,
        verdict=json_enum([Verdict.VERBATIM, Verdict.NEARLY]),
        percent={"type": "integer", "minimum": 0, "maximum": 100},
        field=json_enum(CONTENT_FIELDS),
        left_out=COUNT,
        quotation=_marked([Difference.SAME, Difference.ADDED, Difference.CHANGED]),
        passages={
            "type": "array",
            "items": _marked([Difference.SAME, Difference.MISSING, Difference.CHANGED, Difference.LEFT_OUT]),
        },
        changes={
            "type": "array",
            "items": json_object(
                kind=json_enum([Difference.MISSING, Difference.ADDED, Difference.CHANGED]), quotation=TEXT, article=TEXT
            ),
        },
    ),
    "Article": json_object(
        id=TEXT,
        path=TEXT,
        title=TEXT,
        authors=TEXTS,
        topics=TEXTS,
        date={"anyOf": [DATE, {"type": "null"}]},
        updated={"anyOf": [DATE, {"type": "null"}]},
        summary=TEXT_OR_NULL,
        source={"anyOf": [json_object(name=TEXT_OR_NULL, url=TEXT_OR_NULL), {"type": "null"}]},
        language=TEXT_OR_NULL,
        url=TEXT,
        corrections={
            "type": "array",
            "items": json_object(
                kind={"enum": list(CorrectionKind)}, date={"anyOf": [DATE, {"type": "null"}]}, text=TEXT
            ),
        },
        identifiers={"type": "array", "items": json_object(scheme=TEXT, value=TEXT, url=TEXT_OR_NULL)},
        unlisted={"type": "boolean"},
    ),
    "Lines": json_object(
        query=TEXT,
        articles=COUNT,
        total=COUNT_OR_NULL,
        listed=COUNT_OR_NULL,
        articles_read=COUNT,
        lines_read=COUNT,
        cut_articles=COUNT,
        took_ms={"type": "number"},
        notices=TEXTS,
        lines={
            "type": "array",
            "items": json_object(
                id=TEXT,
                title=TEXT,
                authors=TEXTS,
                date={"anyOf": [DATE, {"type": "null"}]},
                url=TEXT,
                number={"type": "integer", "minimum": 1},
                field={"enum": ["title", "summary", "text"]},
                start=COUNT,
                end=COUNT,
                before=TEXT,
                match=TEXT,
                after=TEXT,
                direction={"enum": ["ltr", "rtl"]},
            ),
        },
        page={"type": "integer", "minimum": 1},
    ),
    "Trends": json_object(
        by={"enum": list(Period)},
        measure={"enum": list(Measure)},
        notices=TEXTS,
        archive=json_object(
            total=COUNT,
            undated=COUNT,
            vague=COUNT,
            points={
                "type": "array",
                "items": json_object(
                    period=TEXT,
                    to=DATE,
                    articles=COUNT,
                    words=COUNT_OR_NULL,
                    reliable={"type": "boolean"},
                    **{"from": DATE},
                ),
            },
        ),
        queries={
            "type": "array",
            "maxItems": MAX_QUERIES,
            "items": json_object(
                query=TEXT,
                total=COUNT,
                undated=COUNT,
                vague=COUNT,
                points={
                    "type": "array",
                    "items": json_object(
                        period=TEXT,
                        articles=COUNT,
                        percent={"type": ["number", "null"], "minimum": 0, "maximum": 100},
                        matches=COUNT_OR_NULL,
                        matches_per_million_words={"type": ["number", "null"], "minimum": 0},
                        url=TEXT,
                    ),
                },
            ),
        },
    ),
    "Why": json_object(
        query=TEXT,
        typed=TEXT,
        notices=TEXTS,
        outcome={"enum": ["found", "not-found", *(each.value for each in Outcome if each is not Outcome.INDEXED)]},
        sentences={"type": "array", "items": json_object(code=TEXT, text=TEXT)},
        article={"anyOf": [json_object(id=TEXT, title=TEXT, url=TEXT), {"type": "null"}]},
        choices={"type": "array", "items": json_object(id=TEXT, title=TEXT, url=TEXT)},
        total=COUNT_OR_NULL,
        rank=COUNT_OR_NULL,
        page=COUNT_OR_NULL,
        folded_under={"anyOf": [json_object(id=TEXT, title=TEXT, url=TEXT), {"type": "null"}]},
        missing=TEXTS,
        reasons={
            "type": "array",
            "items": json_object(
                condition=TEXT,
                code=TEXT,
                text=TEXT,
                details={"type": "array", "items": json_object(code=TEXT, text=TEXT)},
            ),
        },
        further_reasons=COUNT,
        changes={
            "type": "array",
            "items": json_object(
                texts=TEXTS,
                total=COUNT,
                query=TEXT,
                authors=TEXTS,
                topics=TEXTS,
                to={"anyOf": [DATE, {"type": "null"}]},
                url=TEXT,
                **{"from": {"anyOf": [DATE, {"type": "null"}]}},
            ),
        },
        late={"type": "boolean"},
    ),
    "Suggestions": json_object(
        words=TEXTS,
        titles={"type": "array", "items": json_object(id=TEXT, title=TEXT, url=TEXT)},
        authors=TEXTS,
        topics=TEXTS,
    ),
    "Links": json_object(
        links=json_object(resolved=COUNT, unresolved=COUNT),
        unresolved_links={
            "type": "array",
            "items": json_object(
                path=TEXT,
                line={"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
                kind={"enum": ["link", "image"]},
                address=TEXT,
            ),
        },
    ),
    "Citations": {"type": "array", "items": {"type": "object"}},
    "Manifest": json_object(
        format=COUNT,
        software=TEXT,
        archive=TEXT,
        address=TEXT,
        time=TEXT,
        query=json_object(typed=TEXT, read=TEXT),
        filters=json_object(authors=TEXTS, topics=TEXTS, to=TEXT_OR_NULL, **{"from": TEXT_OR_NULL}),
        order={"enum": list(Sort)},
        counts={"enum": ["articles"]},
        total=COUNT,
        stories=COUNT,
        given=COUNT,
        relaxed={"anyOf": [json_object(required=COUNT, of=COUNT), {"type": "null"}]},
        notices=TEXTS,
        articles=COUNT,
        generation=COUNT,
        fingerprint=TEXT_OR_NULL,
    ),
    "Health": json_object(
        status={"enum": ["ok", "indexing", "stale", "damaged", "unavailable"]},
        engine=TEXT,
        articles=COUNT_OR_NULL,
        generation=COUNT_OR_NULL,
        problems=TEXTS,
        stale_since=TEXT_OR_NULL,
    ),
    "Error": json_object(
        error=json_object(
            status={"type": "integer"},
            heading=TEXT,
            message=TEXT,
            hint=TEXT,
            article=json_object(
                state={"enum": ["deleted", "expired", "withheld"]},
                reason=TEXT,
                since=TEXT_OR_NULL,
                title=TEXT,
                date=TEXT,
            ),
        )
        | {"required": ["status", "heading", "message", "hint"]}
    ),
}

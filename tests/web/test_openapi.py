"""Responses of the API conform to its OpenAPI document, for generated requests."""

from __future__ import annotations

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import (
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from backfile.web.views.openapi import openapi_document
from tests.web_archive import archive_app

__all__ = ["archive_app"]

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.mark.parametrize("path", openapi_document("", "")["paths"])
def test_responses_conform_to_the_schema(archive_app: Flask, path: str) -> None:
    operation = schemathesis.openapi.from_wsgi("/api/openapi.json", archive_app)[path]["get"]

    @given(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, headers={"Accept-Encoding": "identity"})

    holds()


def test_described_paths_exist(archive_app: Flask) -> None:
    known = {str(rule).replace("<path:article_id>", "{id}") for rule in archive_app.url_map.iter_rules()}
    assert set(openapi_document("", "")["paths"]) <= known
    assert {rule for rule in known if rule.startswith("/api/")} <= {
        *openapi_document("", "")["paths"],
        "/api/openapi.json",
    }

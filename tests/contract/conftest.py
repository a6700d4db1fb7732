"""Fixtures: every engine, empty, for each test of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backfile.index.engine import Engine
from contract.library import ENGINES, fresh_engine


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty engine, closed afterwards."""
    with fresh_engine(request.param, tmp_path / "index") as opened:
        yield opened


@pytest.fixture(params=ENGINES, scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that the tests of one module share: each module fills it once, with its LIBRARY."""
    with fresh_engine(request.param, tmp_path_factory.mktemp("shared") / "index") as opened:
        request.module.fill(opened)
        yield opened

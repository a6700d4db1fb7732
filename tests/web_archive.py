"""Fixtures: the small archive in `tests/data/web`, indexed by the memory engine and served by the application."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from paths import DATA
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engine import Engine
from backfile.index.engines import open_engine

DATA = DATA / "web"


def indexed(root: Path, archive: Path = DATA) -> tuple[Settings, Engine]:
    """Copies the archive below `root` and indexes it."""
    library = root / "library"
    shutil.copytree(archive, library)
    settings = Settings(library=library, index=root / "cache", engine="memory")
    engine = open_engine("memory", settings.index_folder)
    synchronise(Library(library), engine, folder=settings.cache_folder)
    return settings, engine


@pytest.fixture(scope="session")
def archive_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Application on the archive; read-only, shared by all tests."""
    settings, engine = indexed(tmp_path_factory.mktemp("web"))
    return create_app(settings, open_index=lambda: engine)


@pytest.fixture
def client(archive_app: Flask) -> FlaskClient:
    """Test client of `archive_app`."""
    return archive_app.test_client()

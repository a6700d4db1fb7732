"""Registry of engines: names, missing packages, whether there is an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from backfile.index import engines
from backfile.index.engine import Changes
from backfile.index.engines import has_index, open_engine
from backfile.index.errors import EngineMissing


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no engine 'lucene', only whoosh"):
        open_engine("lucene", tmp_path)


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.REGISTRY, "remote", ("no_such_package.engine", "Remote"))
    with pytest.raises(EngineMissing, match="the engine remote needs the package no_such_package") as error:
        open_engine("remote", tmp_path)
    assert error.value.hint == "pip install 'backfile[remote]'"


def test_a_missing_module_of_our_own_is_no_missing_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.REGISTRY, "remote", ("backfile.no_such_module", "Remote"))
    with pytest.raises(ModuleNotFoundError):
        open_engine("remote", tmp_path)


def test_an_index_is_there_once_it_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    assert not has_index("whoosh", folder)
    engine = open_engine("whoosh", folder)
    engine.write(Changes())
    engine.close()
    assert has_index("whoosh", folder)

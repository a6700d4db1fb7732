"""Fixtures of all tests: clean settings, Hypothesis profiles, real corpora where this machine has them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from opensearch.fixtures import begin_run, end_run, opensearch_options, opensearch_url

from backfile.index import engines
from backfile.index.highlight import hits
from bench import corpora_folder

__all__ = ["opensearch_options", "opensearch_url"]  # fixtures

# CI gives the same verdict twice; on other machines Hypothesis looks for new examples.
SAME_EXAMPLES = bool(os.environ.get("CI"))
for profile, examples in (("fast", 30), ("long", 400)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        derandomize=SAME_EXAMPLES,
        database=None if SAME_EXAMPLES else settings.default.database,
        suppress_health_check=[HealthCheck.too_slow],
    )


def pytest_configure(config: pytest.Config) -> None:
    hits.RAISE_MISMATCHES = True
    engines.REGISTRY["memory"] = ("oracle.memory_engine", "MemoryEngine")  # for tests only
    settings.load_profile("long" if config.getoption("markexpr") == "long" else "fast")
    begin_run()


def pytest_unconfigure() -> None:
    end_run()


@pytest.fixture(autouse=True)
def no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("BACKFILE_") and not name.startswith("BACKFILE_REQUIRE_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], Path]:
    """Finds a corpus by name in $CORPORA (by default ~/.cache/backfile-corpora); skips the test where it is missing."""

    def find(name: str) -> Path:
        folder = corpora_folder() / name
        if not folder.is_dir():
            pytest.skip(f"the corpus {name} is not in {folder.parent}; set CORPORA to where it is")
        return folder

    return find

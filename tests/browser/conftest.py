"""Chromium on the small archive. Without it these tests are skipped, or fail if BACKFILE_REQUIRE_BROWSER is 1."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from paths import ROOT
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from backfile.app import create_app
from tests.web_archive import archive_app, indexed

__all__ = ["archive_app"]

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium: $CHROMIUM, or the one on the PATH."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path:
        return path
    if os.environ.get("BACKFILE_REQUIRE_BROWSER") == "1":
        pytest.fail("BACKFILE_REQUIRE_BROWSER is 1, but there is no Chromium; set CHROMIUM to its path")
    pytest.skip("no Chromium on this machine; set CHROMIUM to its path")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Browser for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def _served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def address(archive_app: Flask) -> Iterator[str]:
    """URL of the small archive."""
    yield from _served(archive_app)


@pytest.fixture(scope="session")
def sample_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the sample library."""
    settings, engine = indexed(tmp_path_factory.mktemp("sample"), ROOT / "archive" / "sample")
    yield from _served(create_app(settings, open_index=lambda: engine))


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens pages in a context of their own; fails on console errors and on requests to other hosts."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(path: str = "/", *, silent: bool = True, **options: object) -> Page:
        context = browser.new_context(base_url=address, **options)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        if silent:
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(address) else complaints.append(sent.url))
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints

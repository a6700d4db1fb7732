"""Makes the README's screenshot, docs/search.png, from the running program with the sample library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"
QUERY = "/search?q=night+ferry"


def main() -> None:
    """Serves the sample library and takes a screenshot of a search in Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "backfile", "serve", "--port", str(PORT)]
        server = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
        try:
            _wait_for_server()
            _take_screenshot(ROOT / "docs" / "search.png")
        finally:
            server.terminate()
            server.wait()


def _wait_for_server() -> None:
    for _ in range(300):
        try:
            urlopen(f"{ADDRESS}/health").close()
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not come up within 30 seconds")


def _take_screenshot(target: Path) -> None:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900}, device_scale_factor=1.5, color_scheme="light")
        for _ in range(4):  # the last one comes from warm caches
            page.goto(ADDRESS + QUERY)
        page.screenshot(path=target)
        browser.close()
    click.echo(f"wrote {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

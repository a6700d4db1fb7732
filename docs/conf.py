"""Sphinx's configuration of `make site`: the pages of this folder as a site, in dist/site."""

from __future__ import annotations

from sphinx.application import Sphinx

project = "Backfile"
author = "the maintainers of Backfile"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["**/__pycache__"]
html_theme = "furo"
html_title = "Backfile"
html_show_copyright = False
html_copy_source = False
myst_heading_anchors = 4
# Files of the checkout that pages link to and that are no pages: they are copied beside them.
html_extra_path: list[str] = []
suppress_warnings = ["myst.strikethrough"]


def setup(app: Sphinx) -> None:
    """Lets links to the measurements, which stand outside of this folder, lead to the page that includes them."""
    app.connect("source-read", _link_to_measurements)


def _link_to_measurements(app: Sphinx, page: str, source: list[str]) -> None:
    up = "../" * page.count("/")
    source[0] = source[0].replace(f"]({up}../bench/README.md", f"]({up}measurements.md")

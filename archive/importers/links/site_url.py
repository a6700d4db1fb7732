"""URL of a published site, from the settings of its site builder."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable, FrontMatterInvalid
from backfile.archive.frontmatter.yaml_reader import read_yaml
from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.web_addresses import address_parts

_SETTINGS = {
    "Hugo": tuple(
        f"{folder}{name}.{ending}"
        for folder in ("", "config/_default/", "config/production/")
        for name in ("hugo", "config")
        for ending in ("toml", "yaml", "yml", "json")
    ),
    "Jekyll": ("_config.yml", "_config.yaml"),
    "Docusaurus": tuple(f"docusaurus.config.{ending}" for ending in ("js", "ts", "mjs", "cjs", "mts")),
    "Pelican": ("publishconf.py", "pelicanconf.py"),
}
_IN_CODE = re.compile(r"""^[ \t]*["']?(url|baseUrl|SITEURL)["']?[ \t]*[:=][ \t]*["'`]([^"'`\s]+)["'`]""", re.MULTILINE)
_PLACEHOLDER_HOST = re.compile(
    r"(?:localhost|[\d.:]+|\[.*|(?:.*\.)?example\.(?:com|org|net)|(?>.*?your)(?>.*?site).*)(?::\d+)?\Z", re.I
)


def read_site_url(root: Path, site: SiteLayout) -> str:
    """URL of the site's front page, with a final `/`; empty if its settings have none, or only a placeholder."""
    for name in _SETTINGS.get(site.builder, ()):
        values = _settings(root, name)
        base = _text(values, "baseurl") or _text(values, "base_url")
        address = _text(values, "url") or _text(values, "siteurl")
        if site.builder in ("Jekyll", "Docusaurus"):
            address = f"{address.rstrip('/')}/{base.strip('/')}"
        else:
            address = base or address
        if _is_public(address):
            return f"{address.rstrip('/')}/"
    return ""


def _settings(root: Path, name: str) -> Mapping[str, object]:
    """Settings in a file by their names in lower case; empty if it is missing or broken."""
    if not (root / name).is_file():
        return {}
    try:
        text = decode(read_bytes(str(root.resolve() / name), str(root.resolve()))).text
        return {str(key).lower(): value for key, value in _entries(name, text)}
    except (ArticleUnreadable, FrontMatterInvalid, OSError, ValueError, RecursionError):
        return {}


def _entries(name: str, text: str) -> Iterator[tuple[object, object]]:
    if name.endswith("toml"):
        yield from tomllib.loads(text).items()
    elif name.endswith(("yml", "yaml", "json")):
        values = json.loads(text) if name.endswith("json") else read_yaml(text)[0]
        yield from values.items() if isinstance(values, dict) else ()
    else:
        yield from reversed(_IN_CODE.findall(text))  # the first of a name counts: a footer has `url:` too


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def _is_public(address: str) -> bool:
    parts = address_parts(address)
    return parts.scheme in ("http", "https") and "." in parts.netloc and not _PLACEHOLDER_HOST.match(parts.netloc)

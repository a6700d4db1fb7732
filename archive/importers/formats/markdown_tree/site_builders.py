"""Site builders: the files they are detected by, and where their sites keep articles and images."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteLayout:
    """Layout of a Markdown tree: its site builder (empty if unknown) and its folders, relative to the root.

    `folders` hold the articles (empty: the whole tree), `excluded` are names of folders without any. Root-relative
    links lead below one of `public`.
    """

    builder: str = ""
    folders: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset({"node_modules", "vendor", "__pycache__"})
    public: tuple[str, ...] = ("", "static", "public", "assets")

    def holds(self, path: str) -> bool:
        """Whether the file at `path` may be an article or an asset of one."""
        below = not self.folders or path.startswith(tuple(f"{folder}/" for folder in self.folders))
        return below and self.excluded.isdisjoint(path.split("/")[:-1])


_LONGEST_PATH = 4_096  # bytes in a path, on every system
_TOOL_FOLDERS = SiteLayout().excluded
_BUILDERS: tuple[tuple[re.Pattern[str], SiteLayout], ...] = (
    (re.compile(r"docusaurus\.config\.\w+\Z"), SiteLayout(
        "Docusaurus", excluded=_TOOL_FOLDERS | {"build", "static", "versioned_docs", "src"}, public=("static", "")
    )),
    (re.compile(r"pelicanconf\.py\Z"), SiteLayout("Pelican", ("content",), public=("content", "content/static", ""))),
    (re.compile(r"(?:hugo\.(?:toml|ya?ml|json)|archetypes/default\.md)\Z|config/_default(?:/|\Z)"), SiteLayout(
        "Hugo", ("content",), public=("static", "assets", "content", "")
    )),
    (re.compile(r"\.obsidian(?:/|\Z)"), SiteLayout("Obsidian", public=("",))),
    (re.compile(r"_config\.ya?ml\Z|\A(?:.*/)?_posts(?:/|\Z)"), SiteLayout(
        "Jekyll", excluded=_TOOL_FOLDERS | {"_site", "_includes", "_layouts", "_sass"}, public=("",)
    )),
)  # fmt: skip


def detect_site(names: Iterable[str]) -> SiteLayout:
    """Detects the site builder of a tree from names of its files (paths below the root).

    `config.toml` of older Hugo versions and section pages (`_index.md`) count only next to the folder `content`.
    """
    known = [name for name in names if len(name) <= _LONGEST_PATH]
    for signature, site in _BUILDERS:
        if any(signature.match(name) for name in known) and _has_folders(site, known):
            return site
    has_content = any(name.startswith("content/") for name in known)
    is_hugo = any(re.match(r"config\.(?:toml|ya?ml|json)\Z|(?:.*/)?_index(?:\.\w+)?\.md\Z", name) for name in known)
    if has_content and is_hugo:
        return next(site for _, site in _BUILDERS if site.builder == "Hugo")
    return SiteLayout()


def _has_folders(site: SiteLayout, names: list[str]) -> bool:
    return all(any(name.startswith(f"{folder}/") for name in names) for folder in site.folders)

"""Site builders: how their sites are told, where articles lie in them, and where pictures are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteLayout:
    """A tree of Markdown: its builder (empty if none is known) and the folders that matter, below its root.

    `folders` hold the articles (none: the whole tree), `leave_out` are names of folders that hold none. Addresses that
    begin with `/` lead below one of `public`. With `by_name` pictures are found wherever in the tree they lie.
    """

    builder: str = ""
    folders: tuple[str, ...] = ()
    leave_out: frozenset[str] = frozenset({"node_modules", "vendor", "__pycache__"})
    public: tuple[str, ...] = ("", "static", "public", "assets")
    by_name: bool = False

    def holds(self, path: str) -> bool:
        """Whether a file of this path is looked at at all."""
        below = not self.folders or path.startswith(tuple(f"{folder}/" for folder in self.folders))
        return below and self.leave_out.isdisjoint(path.split("/")[:-1])


_MACHINERY = SiteLayout().leave_out
_BUILDERS: tuple[tuple[re.Pattern[str], SiteLayout], ...] = (
    (re.compile(r"docusaurus\.config\.\w+\Z"), SiteLayout(
        "Docusaurus", leave_out=_MACHINERY | {"build", "static", "versioned_docs", "src"}, public=("static", "")
    )),
    (re.compile(r"pelicanconf\.py\Z"), SiteLayout("Pelican", ("content",), public=("content", "content/static", ""))),
    (re.compile(r"(?:hugo\.(?:toml|ya?ml|json)|archetypes/default\.md)\Z|config/_default(?:/|\Z)"), SiteLayout(
        "Hugo", ("content",), public=("static", "assets", "content", "")
    )),
    (re.compile(r"\.obsidian(?:/|\Z)"), SiteLayout("Obsidian", by_name=True, public=("",))),
    (re.compile(r"_config\.ya?ml\Z|(?:.*/)?_posts(?:/|\Z)"), SiteLayout(
        "Jekyll", leave_out=_MACHINERY | {"_site", "_includes", "_layouts", "_sass"}, public=("",)
    )),
)  # fmt: skip


def detect_site(names: Iterable[str]) -> SiteLayout:
    """The site whose tree has files of these names (paths below its root); one of no builder if none is known.

    Hugo's older `config.toml` is a sign only beside the folder `content`, and so are section pages (`_index.md`).
    """
    known = list(names)
    for sign, site in _BUILDERS:
        if any(sign.match(name) for name in known) and _has_folders(site, known):
            return site
    has_content = any(name.startswith("content/") for name in known)
    is_hugo = any(re.match(r"config\.(?:toml|ya?ml|json)\Z|(?:.*/)?_index(?:\.\w+)?\.md\Z", name) for name in known)
    if has_content and is_hugo:
        return next(site for _, site in _BUILDERS if site.builder == "Hugo")
    return SiteLayout()


def _has_folders(site: SiteLayout, names: list[str]) -> bool:
    return all(any(name.startswith(f"{folder}/") for name in names) for folder in site.folders)

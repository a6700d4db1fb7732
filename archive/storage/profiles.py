"""Profile pages and lists: display names of the keys of authors and topics.

Hugo keeps `authors/<key>/_index.md`, Jekyll `_authors/<key>.md` or `_data/authors.yml`, Docusaurus `authors.yml` and
`tags.yml` next to the posts: in each the articles hold the key, the page or entry the name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable, FrontMatterInvalid
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.frontmatter.yaml_reader import read_yaml
from backfile.archive.metadata.author_names import name_in
from backfile.archive.metadata.field_names import DATE, normal
from backfile.archive.metadata.mapping import DisplayNames, words
from backfile.archive.metadata.name_keys import author_key, topic_key
from backfile.archive.report import Problem
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.profile_details import profile_text
from backfile.archive.storage.walker import has_article_name

MAX_DEPTH = 3

_FOLDERS = dict.fromkeys(("authors", "_authors", "author"), "authors")
_FOLDERS |= dict.fromkeys(("topics", "topic", "tags", "categories", "_topics", "_tags", "_categories"), "topics")
_LISTS = {f"{name}{ending}": "authors" for name in ("authors",) for ending in (".yml", ".yaml")}
_LISTS |= {f"{name}{ending}": "topics" for name in ("topics", "tags", "categories") for ending in (".yml", ".yaml")}
_KEYS = ("slug", "short_name", "uid", "username", "key")
_NAME_KEYS = ("display_name", "displayname", "name", "full_name")


ProfilePlace = tuple[str, str]
"""Path of the file that holds a profile, and its key there; "" for a page."""


@dataclass(slots=True)
class Profiles:
    """Display names by key, the pages that are profiles only (`pages`: paths below the library), and unread lists.

    `places` gives the file of each key, by `authors` or `topics` and key.
    """

    authors: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    places: dict[tuple[str, str], ProfilePlace] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def names(self, authors: Mapping[str, str], topics: Mapping[str, str]) -> DisplayNames:
        """Display names: those given (by `library.toml`) before those of the profiles."""
        return DisplayNames(
            self.authors | {key.casefold(): name for key, name in authors.items()},
            self.topics | {key.casefold(): name for key, name in topics.items()},
        )

    def places_by_name(self, names: DisplayNames) -> dict[tuple[str, str], ProfilePlace]:
        """Places by facet (`author` or `topic`) and key of the display name (`name_keys`): the first of each name."""
        found: dict[tuple[str, str], ProfilePlace] = {}
        for (kind, key), place in self.places.items():
            facet, key_of = ("author", author_key) if kind == "authors" else ("topic", topic_key)
            found.setdefault((facet, key_of(names.known(facet, key) or key)), place)
        return found

    def add(self, kind: str, key: str, name: str, place: ProfilePlace) -> None:
        """Adds the name of a key of the `authors` or `topics`, unless it has one."""
        names = self.authors if kind == "authors" else self.topics
        if key.casefold() not in names:
            names[key.casefold()] = name
            self.places[kind, key.casefold()] = place


def find_profiles(root: Path) -> Profiles:
    """Reads the profile pages and lists within three folders' depth below `root`.

    A list that cannot be read or parsed is a problem. A page that cannot be read is none here: reading it as an article
    gives its problem.
    """
    found = Profiles()
    for path, kind, is_list in _profile_paths(root):
        if is_list:
            _read_list(root, path, kind, found)
        else:
            _read_folder(root, path, kind, found)
    return found


def _profile_paths(root: Path) -> Iterator[tuple[str, str, bool]]:
    """Folders and lists of profiles: path, `authors` or `topics`, and whether it is a list."""
    level = [""]
    for _ in range(MAX_DEPTH):
        below: list[str] = []
        for folder in sorted(level):
            for name, is_folder in _list_folder(root / folder):
                path = folder + name
                if is_folder and name.casefold() in _FOLDERS:
                    yield path + "/", _FOLDERS[name.casefold()], False
                elif is_folder and name[0] != "." and not name.isdecimal():
                    below.append(path + "/")
                elif not is_folder and name.casefold() in _LISTS:
                    yield path, _LISTS[name.casefold()], True
        level = below


def _list_folder(folder: Path) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as scan:
            return sorted((item.name, item.is_dir(follow_symlinks=False)) for item in scan)
    except OSError:
        return []


def _read_folder(root: Path, folder: str, kind: str, found: Profiles) -> None:
    for name, is_folder in _list_folder(root / folder):
        if is_folder:
            page = next((page for page in ("_index.md", "index.md") if (root / folder / name / page).is_file()), None)
            if page is not None:
                _read_page(root, f"{folder}{name}/{page}", name, kind, found)
        elif has_article_name(name):
            _read_page(root, folder + name, without_suffix(name), kind, found)


def _read_page(root: Path, path: str, key: str, kind: str, found: Profiles) -> None:
    text = _text(root / path)
    if text is None:
        return
    front = parse(text)
    data = {normal(name): value for name, value in front.data.items()}
    if any(name in data for name in (*DATE, "author", "authors")):
        return
    named = next((words(data[normal(name)]) for name in _NAME_KEYS if words(data.get(normal(name)))), "")
    shown = named or words(data.get("title"))
    if not shown:
        return
    for alias in (key, *(words(data.get(normal(other))) for other in _KEYS)):
        if alias:
            found.add(kind, alias, shown, (path, ""))
    if named or not front.body.strip():
        found.pages.add(path)


def _read_list(root: Path, path: str, kind: str, found: Profiles) -> None:
    try:
        data, _ = read_yaml(profile_text(root / path))
    except (FrontMatterInvalid, ArticleUnreadable, OSError) as error:
        listed = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        reason = f"the list of names cannot be read: {getattr(error, 'strerror', None) or error}"
        hint = "mend or remove it: until then keys are shown in the place of names"
        found.problems.append(Problem(listed, getattr(error, "line", None), reason, hint))
        return
    for key, value in data.items() if isinstance(data, dict) else ():
        shown = name_in(value) if isinstance(value, dict) else words(value)
        if shown:
            found.add(kind, str(key), shown, (path, str(key).casefold()))


def _text(path: Path) -> str | None:
    try:
        return profile_text(path) if path.is_file() else None
    except (OSError, ArticleUnreadable):
        return None

"""Entry of a bibliography, whatever file it is from, and the reference made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    Asset,
    Format,
    ImportContext,
    Item,
    Probe,
    Reference,
    read_file,
)
from backfile.archive.importers.links.urls import doi_in
from backfile.archive.importers.markdown.escaping import escape_inline
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import looks_like_html, plain_to_markdown
from backfile.archive.languages import language_code
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import is_url, source_of
from backfile.archive.model import ArticleMetadata, PartialDate

FindFormat = Callable[[Probe], Format | None]
"""Function that tells which format reads a file; None if none does."""

_LOCAL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:(?!\\)")


@dataclass(slots=True)
class BibliographyEntry:
    """Entry of a bibliography. `key` names it in its file; abstract and notes are plain text or HTML.

    `container` is the journal, newspaper or book; `files` are paths as the file gives them.
    """

    key: str
    metadata: ArticleMetadata = field(default_factory=ArticleMetadata)
    container: str = ""
    url: str = ""
    doi: str = ""
    abstract: str = ""
    notes: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)

    def describe(self, **values: Any) -> None:
        """Sets fields of the metadata; a date or a language may be written in any way."""
        if isinstance(values.get("date"), str):
            values["date"] = date_with_note(values["date"] or None)[0]
        if "language" in values:
            values["language"] = language_code(values["language"] or "")
        self.metadata = replace(self.metadata, **values)

    def reference(
        self, folder: Path, context: ImportContext, find_format: Callable[[Probe], Format | None]
    ) -> Reference:
        """Reference with the article that the entry would be: the text of its file, else its abstract, and its notes.

        Files lie in `folder` or below it; `find_format` tells which format reads one.
        """
        doi = doi_in(self.doi) or doi_in(self.url)
        address = self.url if is_url(self.url) else f"https://doi.org/{doi}" if doi else ""
        files = _AttachedFiles(folder, context, find_format)
        text = files.read(self.files)
        abstract = _markdown(self.abstract)
        parts = [text or abstract, *_noted(self.notes), files.links()]
        title = html_to_line(self.metadata.title)
        line = html_to_line(self.abstract)
        summary = line if text and abstract else None
        also_at = (f"https://doi.org/{doi}",) if doi and address and doi not in address else ()
        return Reference(
            Item(
                origin=self.key or doi or address or title or "entry",
                metadata=replace(
                    self.metadata, title=title, summary=summary, source=source_of(html_to_line(self.container), address)
                ),
                body="\n\n".join(filter(None, parts)),
                also_at=also_at,
                extra={key: value for key, value in {"doi": doi, **self.details}.items() if value},
                assets=tuple(files.assets),
                notes=tuple(files.notes),
            ),
            line,
        )


def date_of_parts(parts: Iterable[object]) -> PartialDate | None:
    """Date of year, month and day as far as they are known; None if they are none."""
    numbers: list[int] = []
    for part in parts:
        text = str(part).strip()
        if not text.isdecimal() or not int(text):
            break
        numbers.append(int(text))
    while numbers:
        try:
            return PartialDate(*numbers[:3])
        except ValueError:
            numbers.pop()
    return None


def _markdown(text: str) -> str:
    if not text.strip():
        return ""
    return fragment_to_markdown(text, None) if looks_like_html(text) else plain_to_markdown(text.strip())


def _noted(notes: Iterable[str]) -> list[str]:
    written = [note for note in map(_markdown, notes) if note]
    return ["## Notes", *written] if written else []


class _AttachedFiles:
    """Files of an entry: the text of the first that can be read, and all of them as assets with links."""

    def __init__(self, folder: Path, context: ImportContext, find_format: FindFormat) -> None:
        self.assets: list[Asset] = []
        self.notes: list[str] = []
        self._folder, self._find_format = folder.resolve(), find_format
        self._context = ImportContext(language=context.language, day_first=context.day_first)

    def read(self, names: Iterable[str]) -> str:
        """Markdown of the first file with text; each file becomes an asset, or a note if it is not there."""
        text = ""
        for name in names:
            path = self._find(name)
            if path is None:
                self.notes.append(f"its file {name} does not lie beside the bibliography")
                continue
            self.assets.append(Asset(path.name, partial(read_file, path)))
            text = text or self._text_of(path)
        return text

    def links(self) -> str:
        """List of links to the files; empty if there are none."""
        return "\n".join(f"- [{escape_inline(asset.name)}](<{asset.name}>)" for asset in self.assets)

    def _find(self, name: str) -> Path | None:
        """File below the folder, at its path or by its name alone; never one elsewhere, nor a link to one."""
        bare = name.removeprefix("file://").replace("\\", "/")
        if _LOCAL.match(bare):
            return None
        for candidate in (bare.lstrip("/"), f"files/{bare.rpartition('/')[2]}", bare.rpartition("/")[2]):
            try:
                path = (self._folder / candidate).resolve()
                if candidate and path.is_relative_to(self._folder) and path.is_file():
                    return path
            except (OSError, ValueError):
                continue
        return None

    def _text_of(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                form = self._find_format(Probe(path, False, file.read(64 * 1024)))
            events = list(form.read(path, self._context)) if form is not None else []
        except (*ITEM_FAILURES, ModuleNotFoundError) as error:
            self.notes.append(f"the text of its file {path.name} could not be read: {error}")
            return ""
        bodies = [event.body for event in events if isinstance(event, Item) and event.body]
        if not bodies:
            self.notes.append(f"its file {path.name} has no text that can be read")
        return "\n\n".join(bodies)


def named(values: Mapping[str, object], **names: str) -> dict[str, object]:
    """Values under new names, in one line each: `named(entry, pages="page")`."""
    found = {new: " ".join(str(values.get(old) or "").split()) for new, old in names.items()}
    return {name: value for name, value in found.items() if value}

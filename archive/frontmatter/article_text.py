"""Serialisation of articles: new files in canonical form, existing files changed only where the article differs."""

from __future__ import annotations

from collections.abc import Mapping

from backfile.archive.frontmatter.front_matter import Form, FrontMatter
from backfile.archive.frontmatter.rewriter import rewrite, yaml_block
from backfile.archive.metadata.mapping import MappedMetadata
from backfile.archive.model import Article, Source

_FIELDS = ("title", "authors", "date", "updated", "topics", "summary", "source", "language")


def compose(article: Article) -> str:
    """Text of a new file: canonical front matter (docs/library-format.md) and the body unchanged."""
    values = {name: _written(getattr(article.metadata, name)) for name in _FIELDS if getattr(article.metadata, name)}
    values |= {key: value for key, value in article.extra.items() if key not in values}
    return f"---\n{yaml_block(values)}---\n{article.body}"


def revise(front: FrontMatter, mapped: MappedMetadata, old: Article, new: Article) -> str:
    """Revises the text of a file that holds `old` so that it holds `new`.

    A field that differs is written under the key it had; the other keys that it came from are removed. All else
    keeps its bytes. Raises `FrontMatterInvalid` if the front matter is broken.
    """
    change: dict[str, object] = {}
    remove: list[str] = []
    for name in _FIELDS:
        if getattr(old.metadata, name) != getattr(new.metadata, name):
            used = [key for key in mapped.used.get(name, ()) if key in front.data]
            remove += used
            change |= _under(name, used, getattr(new.metadata, name), front.form)
    change |= {key: value for key, value in new.extra.items() if key not in old.extra or old.extra[key] != value}
    remove += [key for key in old.extra if key not in new.extra]
    text = rewrite(front.text, change, remove)
    if old.body != new.body:
        text = text.removesuffix(front.body) + new.body
    return text


def _under(name: str, used: list[str], value: object, form: Form) -> Mapping[str, object]:
    """Front matter keys and values of one field of an article."""
    if not value:
        return {}
    if isinstance(value, Source):
        parts = {"source": value.name, "source_url": value.url} if form is Form.HEADERS else {"source": _written(value)}
        return {key: part for key, part in parts.items() if part}
    return {used[0] if used else name: _written(value)}


def _written(value: object) -> object:
    if isinstance(value, Source):
        return {"name": value.name, "url": value.url} if value.name and value.url else value.name or value.url
    return list(value) if isinstance(value, tuple) else value

"""Medium: the archive of an account, with a page a story below `posts/`.

Format: https://help.medium.com/hc/en-us/articles/115004745787. Pages are marked up with the classes of h-entry
(https://microformats.org/wiki/h-entry).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import parse_html, text_of
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
    read_file,
)
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata

KIND = "medium"
TITLE = "Medium: the archive of an account"

_STORY = re.compile(r"posts/(?:draft|\d{4}-\d\d-\d\d)_[^/]*-[0-9a-f]{6,14}\.html\Z")
_ID = re.compile(r"-([0-9a-f]{6,14})(?:\.html)?\Z")
_SIGNATURE = re.compile(
    rb'<article class="h-entry">(?:(?!<article class="h-entry">).)*?class="(?:section-divider|p-name)"', re.DOTALL
)
_GRAF = re.compile(rb'class="(?:graf|section section--body)\b')


def detect(probe: Probe) -> int:
    """By the names of stories; a single story by the classes of its page."""
    if probe.is_folder:
        return 97 if any(map(_STORY.match, probe.names)) else 0
    return 96 if _SIGNATURE.search(probe.head[:8192]) and _GRAF.search(probe.head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of stories and drafts."""
    return len(_stories(path)) if path.is_dir() else 1


def _stories(folder: Path) -> list[Path]:
    return sorted(each for each in (folder / "posts").glob("*.html") if not each.is_symlink())


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the published stories in the order of their files' names; all else is skipped by name."""
    for file in _stories(path) if path.is_dir() else [path]:
        name = f"posts/{file.name}" if path.is_dir() else file.name
        if file.name.startswith("draft_"):
            yield Skipped(name, "draft")
            continue
        try:
            context.begin()
            yield _story(parse_html(read_file(file)), name)
        except ITEM_FAILURES as error:
            yield problem_from(name, error)
    for each in sorted(path.iterdir()) if path.is_dir() else []:
        if each.is_dir() and each.name != "posts":
            yield Skipped(each.name, f"no stories, but pages of the account ({sum(1 for _ in each.iterdir()):,})")


def _story(tree: HtmlElement, name: str) -> ImportEvent:
    title = _first_text(tree, "p-name")
    content = next(iter(tree.xpath("//section[contains(@class, 'e-content')]")), None)
    if content is None:
        return Skipped(name, "has no text: is it a page of a profile?")
    published = str(next(iter(tree.xpath("//time[contains(@class, 'dt-published')]/@datetime")), ""))
    url = str(next(iter(tree.xpath("//a[contains(@class, 'p-canonical')]/@href")), ""))
    if not published and not url:
        return Skipped(name, "draft: it has neither a date of publication nor an address")
    if _is_response(content, title, _first_text(tree, "p-summary")):
        return Skipped(name, "a response to another story: it has no title of its own")
    date, note = date_with_note(published or None)
    found = _ID.search(name) or _ID.search(url)
    summary = _clean_content(content, title, _first_text(tree, "p-summary"))
    return Item(
        origin=f"https://medium.com/p/{found[1]}" if found else url or name,
        metadata=ArticleMetadata(
            title=title,
            authors=author_names([_first_text(tree, "p-author")]),
            topics=topic_names([text_of(each) for each in tree.xpath("//a[@class='p-tag']")], key="topics", path=""),
            date=date,
            summary=summary or None,
            source=source_of("", url),
        ),
        body=tree_to_markdown(content, base_url=url or None),
        notes=(note,) if note else (),
    )


def _first_text(tree: HtmlElement, name: str) -> str:
    """Text of the first element of a class, outside the text of the story."""
    return text_of(next(iter(tree.xpath(f"//*[contains(@class, '{name}')]")), None))


def _is_response(content: HtmlElement, title: str, summary: str) -> bool:
    """Whether a story is an answer below somebody's story: no heading, and its title is how its text begins."""
    has_title = content.xpath(".//*[contains(@class, 'graf--title')] | .//h1 | .//h2 | .//h3")
    beginning = title.rstrip("….").strip()
    return not has_title and not summary and bool(beginning) and text_of(content).startswith(beginning)


def _clean_content(content: HtmlElement, title: str, summary: str) -> str:
    """Removes title, subtitle and the first rule from the text; returns the summary, unless the text begins with it."""
    for divider in list(content.iter("div"))[:1]:
        if "section-divider" in (divider.get("class") or ""):
            divider.drop_tree()
    for heading in content.xpath(".//h1 | .//h2 | .//h3 | .//h4")[:3]:
        classes = heading.get("class") or ""
        if ("graf--title" in classes or "graf--leading" in classes) and text_of(heading) == title:
            heading.drop_tree()
        elif "graf--subtitle" in classes and text_of(heading).startswith(summary.rstrip("…").strip()):
            summary = text_of(heading)
            heading.drop_tree()
    for heading in content.iter("h3", "h4"):
        heading.tag = "h2" if heading.tag == "h3" else "h3"  # the editor has two ranks, below a title of the first
    for code in content.iter("pre"):
        language = code.get("data-code-block-lang")
        if language:
            code.set("class", f"language-{language}")
    return "" if text_of(content).startswith(summary.rstrip("….").strip()) else summary

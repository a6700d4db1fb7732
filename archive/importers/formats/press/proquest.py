"""ProQuest: plain text with many documents, parted by lines of underscores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.text_lines import read_lines
from backfile.archive.importers.formats.press.press_fields import PressArticle, joined, split_date, subject_topics
from backfile.archive.importers.formats.press.press_passages import Passage, passages_to_markdown, text_passages
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem

KIND = "proquest"
TITLE = "ProQuest: text with many documents"

MAX_DOCUMENT = 20 * 1024 * 1024
"""Limit of one document in characters."""

_LINE = re.compile(r"\s*(?:_{20,}|\*{20,})\s*\Z")
_SIGNATURE = re.compile(rb"^ProQuest document ID:|^Contact ProQuest", re.MULTILINE)
_DOCUMENT_ID = re.compile(rb"^ProQuest document ID:", re.MULTILINE)
_PARTING = re.compile(rb"^[ \t]{0,20}_{20}", re.MULTILINE)
_NUMBER = re.compile(r"document \d{1,6} of \d{1,6}\Z", re.IGNORECASE)
_LABEL = re.compile(r"([A-Z][A-Za-z]*(?: ?[/&-]? ?[A-Za-z]+){0,4}):(?: |\Z)")
_BLOCKS = ("Full text", "Full Text", "Abstract", "Links", "Abstract (summary)")
_LONGEST_LABEL = 45
_CONTACT = re.compile(r"(?:contact proquest|copyright © \d{4} proquest|terms and conditions)", re.IGNORECASE)
_NO_TEXT = re.compile(r"(?:full text )?not available\.?\Z|none available\.?\Z", re.IGNORECASE)
_LINK_LINES = re.compile(r"(?:proquest document link|https?://\S+)\Z", re.IGNORECASE)
_CLOSING = frozenset(
    {
        *(
            "Subject",
            "Location",
            "People",
            "Company / organization",
            "Identifier / keyword",
            "Title",
            "Alternate title",
        ),
        *("Publication title", "Volume", "Issue", "Pages", "First page", "Number of pages", "Publication year", "Year"),
        *("Publication date", "Section", "Publisher", "Place of publication", "Country of publication", "Column"),
        *("Publication subject", "ISSN", "ISBN", "CODEN", "Source type", "Language of publication", "Document type"),
        *("ProQuest document ID", "Document URL", "Copyright", "Last updated", "Database", "Credit", "Illustration"),
        *("Business indexing term", "Classification", "Document feature", "DOI", "Source attribution", "dateline"),
        *("Dateline", "Publication history", "Online publication date", "Milestone dates", "Supplement", "Edition"),
    }
)
_DETAILS = {
    "Pages": "pages", "First page": "pages", "Section": "section", "Publisher": "publisher", "ISSN": "issn",
    "Location": "geographic", "People": "person", "Company / organization": "organization", "Volume": "volume",
    "Issue": "issue", "Copyright": "copyright", "Source type": "type", "DOI": "doi", "Edition": "edition",
    "Dateline": "place", "Credit": "credit", "Illustration": "graphic", "Column": "column", "Supplement": "supplement",
}  # fmt: skip


def detect(probe: Probe) -> int:
    """By a line of underscores and the label of the document's number."""
    return 93 if not probe.is_folder and _SIGNATURE.search(probe.head) and _PARTING.search(probe.head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of documents."""
    return count_matches(path, _DOCUMENT_ID)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Documents in the order of the file. Raises `ArchiveError` for what is no text, and `OSError`."""
    number = 0
    for number, passages in enumerate(_documents(path), start=1):
        try:
            context.begin()
            yield _item(passages, context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"document {number}: {error}", "look at it in the file")
    if not number:
        yield Problem("", None, "no document of ProQuest is in it", "name its kind with --as if you know it")


def _documents(path: Path) -> Iterator[list[Passage]]:
    """Passages of each document; what stands before the first and after the last is none."""
    lines: list[tuple[int, str]] = []
    size = 0
    for number, line in read_lines(path):
        if _LINE.match(line):
            yield from _document(lines)
            lines, size = [], 0
            continue
        lines.append((number, line))
        size += len(line)
        if size > MAX_DOCUMENT:
            raise ArchiveError(f"a document has more than {MAX_DOCUMENT >> 20} MB of text", hint="split the file")
    yield from _document(lines)


def _document(lines: list[tuple[int, str]]) -> Iterator[list[Passage]]:
    passages = [passage for passage in text_passages(lines) if not _CONTACT.match(passage.text)]
    labels = {_label(passage)[0] for passage in passages}
    if labels & {"ProQuest document ID", "Full text", "Full Text", "Publication title", "Document URL"}:
        yield passages


def _label(passage: Passage) -> tuple[str, str]:
    """Label of a passage and the text behind it; empty if it has none that is known."""
    found = _LABEL.match(passage.text[: _LONGEST_LABEL + 2])
    name = found[1] if found else ""
    return (name, passage.text[found.end() :].strip()) if found and _is_known(name) else ("", passage.text)


def _is_known(name: str) -> bool:
    return name in _CLOSING or name in _BLOCKS or name in ("Author", "Publication info", "Authors")


def _item(passages: list[Passage], context: ImportContext) -> Item:
    labels = [_label(passage) for passage in passages]
    closing = _closing_start(labels)
    fields: dict[str, list[str]] = {}
    texts: dict[str, list[Passage]] = {"top": []}
    current = "top"
    for passage, (name, value) in zip(passages[:closing], labels[:closing], strict=True):
        if name in _BLOCKS:
            current = "text" if name.lower() == "full text" else name.lower().partition(" ")[0]
            texts.setdefault(current, [])
            if value:
                texts[current].append(_without_label(passage, name))
        elif name and current != "text":
            fields.setdefault(name, []).append(value)
        else:
            texts[current].append(passage)
    for name, value in labels[closing:]:
        fields.setdefault(name or "Copyright", []).append(value)
    return _filled(fields, texts, context)


def _without_label(passage: Passage, name: str) -> Passage:
    first = passage.lines[0].lstrip().removeprefix(f"{name}:").strip()
    return Passage(tuple(filter(None, (first, *passage.lines[1:]))))


def _closing_start(labels: list[tuple[str, str]]) -> int:
    """Index of the first of the labelled passages at the end."""
    number = len(labels)
    while number > 0 and (labels[number - 1][0] in _CLOSING or (number > 1 and labels[number - 2][0] == "Copyright")):
        number -= 1
    return number


def _filled(fields: dict[str, list[str]], texts: dict[str, list[Passage]], context: ImportContext) -> Item:
    def first(*names: str) -> str:
        return next((fields[name][0] for name in names if fields.get(name)), "")

    top = [p.text for p in texts["top"] if not _NUMBER.match(p.text) and not _LINK_LINES.match(p.text)]
    article = PressArticle(ArticleMetadata(first("Title") or (top[0] if top else "")))
    article.set_byline(joined(fields.get("Author", []) + fields.get("Authors", [])))
    article.newspaper = first("Publication title") or first("Publication info").partition(";")[0].strip()
    published = split_date(first("Publication date"), day_first=context.day_first)[0]
    date = published or _date_in_info(first("Publication info"), context)
    topics = subject_topics(joined(fields.get("Subject", []) + fields.get("Identifier / keyword", [])))
    article.describe(date=date or split_date(first("Publication year", "Year"))[0], topics=topics)
    article.describe(language=first("Language of publication"))
    number, url = first("ProQuest document ID"), first("Document URL")
    article.url = url.partition("?accountid")[0]
    article.details = {key: joined(fields[name]) for name, key in _DETAILS.items() if name in fields}
    abstract = [passage for passage in texts.get("abstract", []) if not _NO_TEXT.match(passage.text)]
    body = [passage for passage in texts.get("text", []) if not _NO_TEXT.match(passage.text)]
    if not body:
        article.notes.append("has no full text" + (", only its abstract" if abstract else ", only its metadata"))
    elif abstract:
        article.describe(summary=" ".join(passage.text for passage in abstract))
    article.body = passages_to_markdown(body or abstract)
    return article.item(f"proquest:{number}" if number else "")


def _date_in_info(info: str, context: ImportContext) -> PartialDate | None:
    """Date at the end of `The Post; London [London]14 Mar 2019: A.4`."""
    found = re.search(r"(\d{1,2} [A-Z][a-z]{2,8} \d{4})", info)
    return split_date(found[1], day_first=context.day_first)[0] if found else None

"""Citations of an article or of a quoted passage: plain text, BibTeX, RIS and CSL-JSON.

Formats: BibTeX (`@article` of biblatex, with `date` in ISO 8601), RIS (type NEWS, tags as Zotero and EndNote read
them) and CSL-JSON 1.0 (type `article-newspaper`). Names are literal, because the family name is unknown. The text of a
passage stands in the field for notes, which no style prints as part of the reference: `annote` (a synonym of
`annotation` in biblatex), `N1` and `note`; the URL is then that of the passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from backfile.archive.metadata.corrections import CorrectionKind, read_corrections
from backfile.archive.metadata.identifiers import Identifier, read_identifiers
from backfile.archive.model import Article, ArticleMetadata
from backfile.web.service.i18n import format_date, gettext
from backfile.web.views.article_notes import correction_notes
from backfile.web.views.hit_views import text_directive

MAX_PASSAGE = 1000
"""Characters of a passage; 1,000 Chinese ones, percent-encoded, still fit into a URL."""

EDGE_WORDS = 4
_WORD_END = re.compile(r"\s+|(?<=[。、，．！？；：])(?!$)")  # punctuation where no spaces separate words
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_BIBTEX_SPECIAL = re.compile(r"[\\{}$&#_%~^]")
_BIBTEX_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"{\textbraceleft}",  # BibTeX counts the brace of `\{` too
    "}": r"{\textbraceright}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_VERBATIM = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C"})  # biblatex takes DOIs as they are, in braces
_LINE_END = re.compile(r"[\r\n]+")


def forms() -> tuple[tuple[str, str], ...]:
    """Formats of citations as (ending, name)."""
    return (("txt", gettext("Plain text")), ("bib", "BibTeX"), ("ris", "RIS"), ("json", "CSL-JSON"))


class Citable(Protocol):
    """Article or hit, as far as lists cite it."""

    @property
    def metadata(self) -> ArticleMetadata:
        """Title, authors, date, source …"""


class QuotedPassage(NamedTuple):
    """Passage quoted from an article, in one line, and the URL at which browsers highlight it."""

    text: str
    url: str

    @property
    def quoted(self) -> str:
        """Text in quotation marks, which also keep programs from reading `Title: …` as a field."""
        return f"“{self.text}”"


def quote_passage(selected: str, url: str) -> QuotedPassage | None:
    """Quotes text selected in the article at `url`, with blocks on lines of their own; None for white space.

    A text longer than MAX_PASSAGE is cut after a whole word and gets an ellipsis.
    """
    cleaned = _CONTROL.sub("", selected).strip()
    text = cleaned[:MAX_PASSAGE]
    is_cut = len(cleaned) > MAX_PASSAGE
    if is_cut and not cleaned[MAX_PASSAGE].isspace():
        ends = [end.start() for end in _WORD_END.finditer(text)]
        text = text[: ends[-1]] if ends else text
    lines = [" ".join(line.split()) for line in text.replace("\t", "\n").splitlines() if line.strip()]
    if not lines:
        return None
    return QuotedPassage(" ".join(lines) + "…" * is_cut, f"{url}#:~:text={_fragment(lines)}")


def _fragment(lines: Sequence[str]) -> str:
    """Text directive: a short passage as a whole, else its first and last words, each within one block.

    Syntax: WICG Scroll To Text Fragment.
    """
    first, last = lines[0], lines[-1]
    ends = [end.start() for end in _WORD_END.finditer(first)]
    if len(lines) == 1 and len(ends) < 2 * EDGE_WORDS:
        return text_directive([first])
    starts = [end.end() for end in _WORD_END.finditer(last)]
    opening = first[: ends[EDGE_WORDS - 1]] if len(ends) >= EDGE_WORDS else first
    closing = last[starts[-EDGE_WORDS] :] if len(starts) >= EDGE_WORDS else last
    return f"{text_directive([opening])},{text_directive([closing])}"


def plain_citation(article: Article, url: str, archive_title: str, passage: QuotedPassage | None = None) -> str:
    """Plain text: `Author, “Title”, Source, 14 March 2019. https://…`, with the passage before and its URL after it.

    If `url` is that of the article in the archive, the URL of the passage replaces it.
    """
    parts = [
        ", ".join(article.metadata.authors),
        gettext("“%(title)s”", title=article.metadata.title),
        _publication(article, archive_title),
        format_date(article.metadata.date) if article.metadata.date else "",
        *_revisions(article),
        *_identifiers(article),
    ]
    reference = ", ".join(part for part in parts if part)
    if passage is None:
        return f"{reference}. {url}"
    address = passage.url if passage.url.startswith(f"{url}#") else f"{url} ({passage.url})"
    return gettext("“%(passage)s” %(citation)s", passage=passage.text, citation=f"{reference}. {address}")


def bibtex(article: Article, url: str, archive_title: str, passage: QuotedPassage | None = None) -> str:
    """BibTeX `@article`; its key is the article id, reduced to letters, digits, `-`, `.` and `/`."""
    fields = {
        "author": " and ".join("{" + _escape(author) + "}" for author in article.metadata.authors),
        "title": "{" + _escape(article.metadata.title) + "}",
        "journaltitle": _escape(_publication(article, archive_title)),
        "date": article.metadata.date.isoformat() if article.metadata.date else "",
        "keywords": _escape(", ".join(article.metadata.topics)),
        "langid": article.metadata.language or "",
        "addendum": _escape(", ".join(_revisions(article))),
        "doi": _doi(article).translate(_VERBATIM),
        "note": _escape(", ".join(each.value for each in _other_identifiers(article))),
        "url": passage.url if passage else url,
        "annote": _escape(passage.quoted) if passage else "",
    }
    key = re.sub(r"[^A-Za-z0-9./-]+", "-", article.id)
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@article{{{key},", *lines, "}", ""])


def ris(article: Article, url: str, archive_title: str, passage: QuotedPassage | None = None) -> str:
    """RIS record with CRLF line ends."""
    date = article.metadata.date
    known = date.isoformat().split("-") if date and date.month else []
    day = "/".join([*known, *[""] * (4 - len(known))]) if known else ""
    fields = [
        ("TY", "NEWS"),
        *(("AU", author) for author in article.metadata.authors),
        ("TI", article.metadata.title),
        ("T2", _publication(article, archive_title)),
        ("PY", f"{date.year:04d}" if date else ""),
        ("DA", day),
        ("AB", article.metadata.summary or ""),
        *(("KW", topic) for topic in article.metadata.topics),
        ("LA", article.metadata.language or ""),
        ("DO", _doi(article)),
        *(("AN", each.value) for each in _other_identifiers(article)),
        *(("N1", note) for note in _notes(article)),
        ("UR", passage.url if passage else url),
        ("N1", passage.quoted if passage else ""),
    ]
    lines = [f"{tag}  - {_LINE_END.sub(' ', value)}" for tag, value in fields if value]
    return "\r\n".join([*lines, "ER  - ", ""])


def csl(article: Article, url: str, archive_title: str, passage: QuotedPassage | None = None) -> list[dict[str, Any]]:
    """CSL-JSON list of one item."""
    item: dict[str, Any] = {
        "id": article.id,
        "type": "article-newspaper",
        "title": article.metadata.title,
        "container-title": _publication(article, archive_title),
        "URL": passage.url if passage else url,
    }
    if article.metadata.authors:
        item["author"] = [{"literal": author} for author in article.metadata.authors]
    if article.metadata.date:
        known = (article.metadata.date.year, article.metadata.date.month, article.metadata.date.day)
        item["issued"] = {"date-parts": [[part for part in known if part is not None]]}
    if article.metadata.summary:
        item["abstract"] = article.metadata.summary
    if article.metadata.topics:
        item["keyword"] = ", ".join(article.metadata.topics)
    if article.metadata.language:
        item["language"] = article.metadata.language
    if doi := _doi(article):
        item["DOI"] = doi
    notes = [*_notes(article), *(f"{each.scheme.upper()}: {each.value}" for each in _other_identifiers(article))]
    if passage:
        notes.append(passage.quoted)
    if notes:
        item["note"] = "\n".join(notes)
    return [item]


def _revisions(article: Article) -> list[str]:
    """Corrections and the last change of an article, as a reader of its citation is to know them."""
    made = []
    for each in read_corrections(article.extra):
        if each.kind is not CorrectionKind.NOTE:
            day = format_date(each.date) if each.date else ""
            is_retraction = each.kind is CorrectionKind.RETRACTION
            dated = gettext("retracted %(day)s", day=day) if is_retraction else gettext("corrected %(day)s", day=day)
            made.append(dated if day else gettext("retracted") if is_retraction else gettext("corrected"))
    updated = article.metadata.updated
    if updated is not None and updated != article.metadata.date:
        made.append(gettext("updated %(day)s", day=format_date(updated)))
    return list(dict.fromkeys(made))


def _notes(article: Article) -> list[str]:
    """Corrections with their texts, each in one line."""
    notes = []
    for note in correction_notes(article):
        dated = f"{note.heading} ({note.date.isoformat()})" if note.date else note.heading
        notes.append(f"{dated}: {note.text}" if note.text else dated)
    return notes


def _doi(article: Article) -> str:
    return next((each.value for each in read_identifiers(article.extra) if each.scheme == "doi"), "")


def _other_identifiers(article: Article) -> list[Identifier]:
    doi = _doi(article)
    return [each for each in read_identifiers(article.extra) if each.value != doi]


def _identifiers(article: Article) -> list[str]:
    """Identifiers as a citation in words has them: `doi:10.…`, `ark:/…`."""
    prefixes = {"doi": "doi:", "handle": "hdl:"}
    return [prefixes.get(each.scheme, "") + each.value for each in read_identifiers(article.extra)]


def _publication(article: Citable, archive_title: str) -> str:
    return article.metadata.source.name if article.metadata.source and article.metadata.source.name else archive_title


def _escape(text: str) -> str:
    return _BIBTEX_SPECIAL.sub(lambda found: _BIBTEX_ESCAPES.get(found[0], "\\" + found[0]), _LINE_END.sub(" ", text))


def coins(item: Citable, url: str, archive_title: str) -> str:
    """OpenURL ContextObject in a span (COinS, Z39.88-2004): Dublin Core with the type that Zotero gives to articles."""
    metadata = item.metadata
    pairs = [
        ("ctx_ver", "Z39.88-2004"),
        ("rft_val_fmt", "info:ofi/fmt:kev:mtx:dc"),
        ("rft.type", "newspaperArticle"),
        ("rft.title", metadata.title),
        ("rft.source", _publication(item, archive_title)),
        *(("rft.creator", author) for author in metadata.authors),
        ("rft.date", metadata.date.isoformat() if metadata.date else ""),
        ("rft.language", metadata.language or ""),
        ("rft.identifier", url),
    ]
    return urlencode([(name, value) for name, value in pairs if value], quote_via=quote)

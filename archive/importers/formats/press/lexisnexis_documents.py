"""Documents of LexisNexis and Nexis Uni, from the paragraphs of an export in whatever file format.

A document has lines without a label on top (newspaper, date, headline, copyright, in an order that depends on the
product), labelled lines (`SECTION:`, `LENGTH:`, `BYLINE:`), the text, and labelled lines again. The labels are in the
language of the database's pages. Described by the exports themselves; LexisNexis publishes no specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.press.press_fields import (
    PressArticle,
    edition_of,
    joined,
    split_date,
    subject_topics,
)
from backfile.archive.importers.formats.press.press_passages import Passage, passages_to_markdown
from backfile.archive.importers.item import Item

DOCUMENT_OF = re.compile(
    r"(?:document|dokument|documento)\s+\d{1,6}\s+(?:of|von|de|di|van|sur)\s+\d{1,6}"
    r"|\d{1,6}\s+(?:of|von|de|di|van|sur)\s+\d{1,6}\s+(?:documents?|dokumente?n?|documentos?|documenti|documenten)",
    re.IGNORECASE,
)
"""Line above each document of the older exports: `2 of 10 DOCUMENTS`, `Dokument 2 von 10`."""

END_OF_DOCUMENT = re.compile(
    r"(?:end of document|ende des dokuments|fin du document|fin del documento|fine del documento|einde van document"
    r"|einde van het document|fim do documento)",
    re.IGNORECASE,
)
"""Line below each document of the newer exports."""

MAX_DOCUMENT = 20 * 1024 * 1024
"""Limit of the text of one document in characters."""

_LABELS = {
    "headline": "headline|überschrift|titre|titular|kop",
    "byline": "byline|autor|auteur|author|autore|von",
    "section": "section|rubrik|rubrique|sección|seccion|sectie|rubriek|sezione",
    "length": "length|länge|longueur|longitud|extensión|lengte|lunghezza|comprimento",
    "place": "dateline|ort|lieu|lugar",
    "summary": "highlight|abstract|zusammenfassung|encart|destacado|summary|abstrakt",
    "body": "body|text|texte|textkörper|cuerpo|hauptteil|corps|tekst|full text",
    "correction_date": "correction-date|correction date",
    "correction": "correction|berichtigung|rectificatif|corrección",
    "loaded": "load-date|update|datum des ladens|ladedatum|date-chargement|date de chargement|fecha-carga"
    "|fecha de carga|laad-datum|laaddatum",
    "language": "language|sprache|langue|idioma|taal|lingua",
    "type": "publication-type|publication type|publikationsart|type-publication|tipo de publicación|publicatietype"
    "|publicatie-type|document-type|type de publication|type",
    "topics": "subject|pub-subject|subjects|thema|themen|sujet|tema|onderwerp",
    "geographic": "localisation-geo|geographic|geographie|country|state|city|region",
    "organization": "organization|organisation|organisations",
    "company": "societe|company|unternehmen|société|companies",
    "person": "person|people|personen|personne",
    "industry": "secteur-activite|industry|branche|secteur",
    "ticker": "ticker|symbole-boursier|börsenkürzel",
    "graphic": "graphic|grafik|graphique|gráfico|grafiek|illustration",
    "series": "series|serie|série",
    "url": "url",
    "journal_code": "journal-code|journal code|zeitschriftencode",
    "distribution": "distribution",
    "accession": "acc-no|accession-number",
    "reviewer_notes": "notes|note|anmerkungen",
    "classification": "classification|klassifizierung|clasificación|classificatie",
}
_CANONICAL = {label: name for name, labels in _LABELS.items() for label in labels.split("|")}
_LABEL = re.compile(r"([^\W\d_][^\W\d_ -]*(?:[ -][^\W\d_][^\W\d_ -]*){0,3})\s*:(?:\s+|\Z)")
_LONGEST_LABEL = 40
_LONGEST_EDITION = 60
_OPENS_TEXT = ("body",)
_ALONE = frozenset({"body", "classification", "graphic", "reviewer_notes", "correction", "summary"})
_CLOSING = frozenset(
    {"loaded", "language", "type", "topics", "geographic", "organization", "company", "person", "industry", "ticker"}
    | {"graphic", "url", "journal_code", "distribution", "accession", "reviewer_notes", "classification", "correction"}
    | {"correction_date", "series"}
)
_OWN_FIELDS = frozenset(
    {"headline", "byline", "language", "summary", "topics", "url", "body", "length", "loaded", "classification"}
)
_GOES_ON = frozenset({"graphic", "reviewer_notes", "correction", "classification"})
_MOST_CONTINUED = 12
_COPYRIGHT = re.compile(r"\s*(?:copyright\b|©|\(c\)|all rights reserved|alle rechte vorbehalten)", re.IGNORECASE)
_RIGHTS = re.compile(r"rights? reserved|rechte vorbehalten|droits réservés|derechos reservados", re.IGNORECASE)
_EDITION = re.compile(r"\A.{0,40}(?:edition|ausgabe|édition|edición|editie)\b.{0,10}\Z", re.IGNORECASE)
_DISTRIBUTED = re.compile(r"distributed by\b", re.IGNORECASE)
_CAPITALS = re.compile(r"([^\W\d_a-zß-öø-ÿ]{3,}(?:[ -][^\W\d_a-zß-öø-ÿ]{2,}){0,2}): (?=\S)")
_NUMBERS = re.compile(r"\d+")
_LONGEST_VALUE = 60
_HAS_SHARE = re.compile(r"\(\d{1,3}%\)")
_COVER = re.compile(r"(?:time of request|job number|number of (?:lines|documents)|client/matter|print number)\b", re.I)


@dataclass(frozen=True, slots=True)
class ExportedDocument:
    """Passages of one document; `begins_with_headline` if its headline stands above newspaper and date.

    `number` and `total` are those of the line above it (`2 of 10 DOCUMENTS`), 0 without one.
    """

    passages: tuple[Passage, ...]
    begins_with_headline: bool
    number: int = 0
    total: int = 0


@dataclass(slots=True)
class _Labelled:
    """Labelled paragraphs by the name of their field, the first lines without a label, and the text."""

    top: list[Passage] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    body: list[Passage] = field(default_factory=list)

    def add(self, name: str, value: str) -> None:
        """Adds a value to a field."""
        if value:
            self.fields.setdefault(name, []).append(value)

    def first(self, name: str) -> str:
        """First value of a field; empty if there is none."""
        return self.fields.get(name, [""])[0]

    def all(self, name: str) -> str:
        """Values of a field on one line."""
        return joined(self.fields.get(name, []))


def split_documents(passages: Iterable[Passage]) -> Iterator[ExportedDocument]:
    """Yields each document, without the lines that part documents and without the cover of the download.

    Raises `ArchiveError` for a document of more than `MAX_DOCUMENT` characters.
    """
    document: list[Passage] = []
    size, is_newer, is_begun, number, total = 0, False, False, 0, 0
    for passage in passages:
        text = passage.text.strip(" .")
        is_end = len(text) <= _LONGEST_LABEL and END_OF_DOCUMENT.fullmatch(text) is not None
        if is_end or (len(text) <= _LONGEST_LABEL and DOCUMENT_OF.fullmatch(text)):
            is_newer = is_newer or is_end
            if is_document(document) or (is_begun and document):  # also one that only says that it cannot be shown
                yield ExportedDocument(tuple(document), is_newer, number, total)
            document, size, is_begun = [], 0, True
            number, total = (0, 0) if is_end else (int(each) for each in _NUMBERS.findall(text))
            continue
        document.append(passage)
        size += len(text)
        if size > MAX_DOCUMENT:
            raise ArchiveError(f"one document has more than {MAX_DOCUMENT >> 20} MB of text", hint="split the file")
    if is_document(document) or (is_begun and document and not is_newer):
        yield ExportedDocument(tuple(document), is_newer, number, total)


def is_document(passages: Sequence[Passage]) -> bool:
    """Whether passages are a document and not the cover of a download: a cover has no length, section or body."""
    names = {name for name, _ in map(label_of, passages)}
    return bool(names & {"length", "body", "loaded", "section", "language"}) or (
        len(passages) > 2 and any(map(_is_copyright, passages))
    )


def label_of(passage: Passage) -> tuple[str, str]:
    """Field that a passage is labelled as, and its value; empty name if it has no label."""
    text = passage.text
    alone = _CANONICAL.get(text.strip().casefold(), "") if len(text) <= _LONGEST_LABEL else ""
    if alone in _ALONE:
        return alone, ""
    found = _LABEL.match(text[: _LONGEST_LABEL + 2])
    name = _CANONICAL.get(" ".join(found[1].casefold().split()), "") if found else ""
    return (name, text[found.end() :].strip()) if found and name else ("", text)


def read_document(document: ExportedDocument, *, day_first: bool | None = None) -> Item:
    """Item of one document; one without text has its headline and a note."""
    parts = _parted([passage for passage in document.passages if passage.text])
    article = PressArticle()
    _read_top(parts, article, document.begins_with_headline, day_first)
    article.describe(title=parts.all("headline") or article.metadata.title, language=parts.all("language"))
    article.set_byline(parts.all("byline"))
    article.describe(summary=parts.all("summary"), topics=subject_topics(parts.all("topics")))
    article.url = parts.first("url")
    article.body = passages_to_markdown(parts.body)
    if not parts.body:
        article.notes.append("has no text, only its headline and metadata")
    if article.metadata.date is None:
        article.notes.append("its date is not understood")
    article.details |= {name: parts.all(name) for name in parts.fields if name not in _OWN_FIELDS}
    if "place" in parts.fields:
        article.details["place"] = _place(parts.first("place"))
    return article.item()


def _place(dateline: str) -> str:
    """Place in a dateline (`BEIRUT, March 14 2013` → `Beirut`)."""
    pieces = dateline.split(",")
    town = ",".join(piece for number, piece in enumerate(pieces) if not number or split_date(piece)[0] is None)
    town = re.sub(r",? (?:\w{3,9}\.? \d{1,2}|\d{1,2}\.? \w{3,9})\Z", "", town.strip(" ."))
    return town.title() if town.isupper() else town


def _parted(passages: Sequence[Passage]) -> _Labelled:
    """Parts of a document: the top ends at the first label, the text begins after the last label on top."""
    parts = _Labelled()
    labels = [label_of(passage) for passage in passages]
    closing = _closing_start(passages, labels)
    number = 0
    while number < closing and not labels[number][0]:
        parts.top.append(passages[number])
        number += 1
    while number < closing and (name := labels[number][0]) and name not in _OPENS_TEXT:
        value = labels[number][1]
        number += 1
        if not value and name not in _ALONE and number < closing and not labels[number][0]:  # it stands below the label
            value = passages[number].text
            number += 1
        parts.add(name, value)
    if number < closing and labels[number][0] in _OPENS_TEXT:
        if labels[number][1]:
            parts.body.append(Passage((labels[number][1],), passages[number].element))
        number += 1
    parts.body += passages[number:closing]
    former = ""
    for passage, (name, value) in zip(passages[closing:], labels[closing:], strict=True):
        former = name or former
        code = _code(passage) if not name else ()
        if code:
            parts.add(*code)
        elif name or former in _GOES_ON:
            parts.add(former, value)
        else:
            parts.add("copyright", passage.text)
    if not parts.body and parts.top and not parts.fields:
        parts.body, parts.top = parts.top, []
    return parts


def _closing_start(passages: Sequence[Passage], labels: Sequence[tuple[str, str]]) -> int:
    """Index of the first of the labelled lines below the text."""
    number = len(passages)
    while number > 0:
        if labels[number - 1][0] in _CLOSING or _is_copyright(passages[number - 1]) or _code(passages[number - 1]):
            number -= 1
            continue
        above = range(number - 2, max(-1, number - 2 - _MOST_CONTINUED), -1)
        nearest = next((index for index in above if labels[index][0]), None)
        if nearest is None or labels[nearest][0] not in _GOES_ON:
            break
        number = nearest
    return number


def _code(passage: Passage) -> tuple[str, str] | tuple[()]:
    """Name and value of a line with a label that is not known (`ZEITUNGS-CODE: spox`): no sentence of the text."""
    text = passage.text
    found = _CAPITALS.match(text[:_LONGEST_VALUE])
    is_sentence = len(text) > _LONGEST_VALUE or text.endswith((".", "!", "?", '"'))
    if found is None or (is_sentence and not _HAS_SHARE.search(text)):
        return ()
    return found[1].lower().replace("-", "_").replace(" ", "_"), text[found.end() :]


def _is_copyright(passage: Passage) -> bool:
    return _COPYRIGHT.match(passage.text) is not None or (
        len(passage.text) < 200 and _RIGHTS.search(passage.text) is not None
    )


def _read_top(parts: _Labelled, article: PressArticle, headline_first: bool, day_first: bool | None) -> None:
    """Newspaper, date, edition and headline from the lines without a label."""
    lines = [line for passage in parts.top for line in _top_lines(passage, parts)]
    dated = [(number, *split_date(line, day_first=day_first)) for number, line in enumerate(lines)]
    found = next((each for each in reversed(dated) if each[1] and len(each[2]) < _LONGEST_EDITION), None)
    if found is None:
        named = [line for line in lines if not _COVER.search(line)]
        title, article.newspaper = (*named, "", "")[:2] if headline_first else (*named, "", "")[1::-1]
        article.describe(title=title)
        return
    number, date, rest = found
    article.describe(date=date)
    before, after = [line for line in lines[:number] if not _DISTRIBUTED.match(line)], lines[number + 1 :]
    article.newspaper = before[-1].rstrip(" .") if before else ""
    if headline_first:
        article.describe(title=before[-2] if len(before) > 1 else "")
    elif "headline" not in parts.fields and after:
        editions, after = (after[:1], after[1:]) if len(after) > 1 and _EDITION.search(after[0]) else ([], after)
        rest = joined([rest, *editions])
        article.describe(title=after[0])
        parts.body[:0] = [Passage((line,)) for line in after[1:]]
        after = []
    article.details["edition"] = joined([edition_of(rest), *after])


def _top_lines(passage: Passage, parts: _Labelled) -> list[str]:
    """Lines of a passage on top; those of a copyright go to the fields, and the newspaper may stand below them."""
    if not _COPYRIGHT.match(passage.text):
        return [passage.text]
    lines = [" ".join(line.split()) for line in passage.lines]
    last = max((number for number, line in enumerate(lines) if _RIGHTS.search(line)), default=0)
    parts.add("copyright", " ".join(lines[: last + 1]))
    return lines[last + 1 :]

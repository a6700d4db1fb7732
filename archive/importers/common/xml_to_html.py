"""HTML made from XML vocabularies of texts (NITF, TEI, JATS) by a table: element → element of HTML.

An element that a table does not know keeps its text. Notes become footnotes at the end, verse keeps its lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.markdown.html_to_markdown import html_to_markdown

_BLOCKS = frozenset(
    {"p", "div", "blockquote", "ul", "ol", "dl", "table", "pre", "figure", "hr", "h1", "h2", "h3", "h4", "h5", "h6"}
)

Handler = Callable[["XmlConversion", Any], Any]
"""Function that makes the HTML of one element; None if nothing of it is shown."""


@dataclass(frozen=True, slots=True)
class XmlVocabulary:
    """Table of an XML vocabulary: `elements` of HTML by name, `handlers`, `dropped` elements without text of
    their own, `lines` of verse.
    """

    elements: Mapping[str, str]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()


@dataclass(slots=True)
class XmlConversion:
    """Conversion of one article: its footnotes so far, and elements that were left out (name → number).

    `targets` has the notes that stand apart from their references, by their ids.
    """

    vocabulary: XmlVocabulary
    targets: Mapping[str, Any] = field(default_factory=dict)
    notes: list[Any] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def to_markdown(self, *elements: Any, base_url: str | None = None) -> str:
        """Markdown of the content of elements, with the notes that they have at the end."""
        box = etree.Element("div")
        for element in elements:
            box.append(self.converted(element, "div"))
        if self.notes:
            holder = etree.SubElement(box, "ol")
            holder.extend(self.notes)
        return html_to_markdown(etree.tostring(box, encoding="unicode", method="html"), base_url=base_url)

    def converted(self, element: Any, tag: str) -> Any:
        """HTML element `tag` with the converted content of an element."""
        made = etree.Element(tag)
        self.add_content(made, element)
        return _with_paragraphs(made) if tag == "p" else made

    def add_content(self, made: Any, element: Any) -> None:
        """Adds the converted content of an element to an element of HTML."""
        append_text(made, element.text)
        verse: Any = None
        for child in element:
            if child.tag is etree.Entity:
                append_text(made, child.text)
            elif isinstance(child.tag, str):
                if local_name(child.tag) in self.vocabulary.lines:
                    verse = self._add_line(made, verse, child)
                    if (child.tail or "").strip():
                        verse = None
                        append_text(made, child.tail)
                    continue
                verse = None
                part = self.part(child)
                if part is not None:
                    made.append(part)
            append_text(made, child.tail)

    def _add_line(self, made: Any, verse: Any, line: Any) -> Any:
        """Adds a line of verse to the paragraph of the lines above, or begins one; returns it."""
        if verse is None:
            verse = etree.SubElement(made, "p")
        else:
            etree.SubElement(verse, "br")
        span = etree.SubElement(verse, "span")
        self.add_content(span, line)
        return verse

    def part(self, element: Any) -> Any:
        """HTML of an element by the vocabulary; None if nothing of it is shown."""
        name = local_name(element.tag)
        if name in self.vocabulary.dropped:
            return None
        handler = self.vocabulary.handlers.get(name)
        if handler is not None:
            return handler(self, element)
        tag = self.vocabulary.elements.get(name)
        if tag is None:
            tag = "div" if self._holds_blocks(element) else "span"
        return self.converted(element, tag)

    def _holds_blocks(self, element: Any) -> bool:
        known = self.vocabulary.elements
        names = (local_name(each.tag) for each in element.iterdescendants() if isinstance(each.tag, str))
        return any(known.get(name) in _BLOCKS or name in self.vocabulary.lines for name in names)

    def refer_to(self, target: str) -> Any:
        """Reference to the footnote of a note that stands elsewhere; None if there is no such note."""
        note = self.targets.get(target)
        if note is None:
            return None
        if target not in self._numbers:
            self._numbers[target] = len(self.notes) + 1
            self.reference(note)
        return note_reference(self._numbers[target])

    def leave_out(self, name: str) -> None:
        """Counts something that is left out."""
        self.left_out[name] = self.left_out.get(name, 0) + 1

    def reference(self, note: Any) -> Any:
        """Reference to a new footnote that has the content of an element."""
        item = etree.Element("li")
        self.notes.append(item)  # before its content, which may have notes of its own
        number = len(self.notes)
        item.set("id", f"fn{number}")
        content = self.converted(note, "div")
        for block in list(content.iter("p", "div")):
            block.tag = "span"
            block.tail = f" {block.tail or ''}" if block is not content else None
        item.append(content)
        return note_reference(number)


def note_reference(number: int) -> Any:
    """Reference to the footnote of a number."""
    raised = etree.Element("sup")
    link = etree.SubElement(raised, "a", href=f"#fn{number}")
    link.text = str(number)
    return raised


def append_text(made: Any, text: str | None) -> None:
    """Appends text to the content of an element."""
    if not text:
        return
    if len(made):
        made[-1].tail = (made[-1].tail or "") + text
    else:
        made.text = (made.text or "") + text


def _with_paragraphs(made: Any) -> Any:
    """Paragraph as it is, or a `div` of paragraphs and blocks if there are blocks in it, which HTML forbids."""
    if not any(child.tag in _BLOCKS for child in made):
        return made
    box = etree.Element("div")
    run = etree.Element("p")
    append_text(run, made.text)
    for child in list(made):
        tail, child.tail = child.tail, None
        if child.tag in _BLOCKS:
            if "".join(run.itertext()).strip():
                box.append(run)
            box.append(child)
            run = etree.Element("p")
        else:
            run.append(child)
        append_text(run, tail)
    if "".join(run.itertext()).strip():
        box.append(run)
    return box


def xml_text(element: Any) -> str:
    """Text of an element on one line, without comments; empty for None."""
    return " ".join("".join(_texts(element)).split()) if element is not None else ""


def _texts(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            yield from _texts(child)
        elif child.tag is etree.Entity:
            yield child.text
        yield child.tail or ""


def find_all(element: Any, *names: str) -> Iterator[Any]:
    """Descendants of one of the local names, in the order of the document."""
    for each in element.iterdescendants():
        if isinstance(each.tag, str) and local_name(each.tag) in names:
            yield each


def find(element: Any, *path: str) -> Any:
    """First element on a path of local names, each any number of levels below the last; None if there is none."""
    for name in path:
        element = next(find_all(element, name), None)
        if element is None:
            return None
    return element


def children(element: Any, *names: str) -> list[Any]:
    """Children of one of the local names; none of None."""
    if element is None:
        return []
    return [each for each in element if isinstance(each.tag, str) and local_name(each.tag) in names]


def attribute(element: Any, *names: str) -> str:
    """First of the attributes by their local names that is there; empty if there is none."""
    if element is None:
        return ""
    by_name = {local_name(key): value for key, value in element.attrib.items()}
    return next((by_name[name].strip() for name in names if by_name.get(name, "").strip()), "")


def tag_in(path: Path, pattern: re.Pattern[bytes], default: str) -> str:
    """Name with its prefix of the first element that a pattern finds in the beginning of a file. Raises `OSError`."""
    with path.open("rb") as file:
        found = pattern.search(file.read(1 << 20))
    return found[1].decode() if found else default


def link(conversion: XmlConversion, element: Any) -> Any:
    """Link of an element with an address in one of the usual attributes; else its content."""
    address = attribute(element, "href", "target", "url", "uri")
    if not re.match(r"(?:https?|mailto):", address, re.IGNORECASE):
        return conversion.converted(element, "span")
    made = conversion.converted(element, "a")
    made.set("href", address)
    if not "".join(made.itertext()).strip():
        made.text = address
    return made


def preformatted(conversion: XmlConversion, element: Any) -> Any:
    """Text of an element with its line breaks."""
    made = etree.Element("pre")
    made.text = "".join(_texts(element)).strip("\n")
    return made

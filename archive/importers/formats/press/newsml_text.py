"""Text in a NewsML document: NITF, XHTML, paragraphs, or HTML and plain text as characters."""

from __future__ import annotations

from typing import Any

from backfile.archive.importers.common.xml_to_html import find, find_all, xml_text
from backfile.archive.importers.formats.press.nitf_text import nitf_body
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import looks_like_html, plain_to_markdown


def text_in(holder: Any) -> tuple[str, tuple[str, ...]]:
    """Markdown of the text in an element, and notes about what is left out."""
    elements = [child for child in holder if isinstance(child.tag, str)]
    if elements:
        document = find(holder, "nitf")
        if document is None:
            document = find(holder, "html")
        return nitf_body(holder if document is None else document)
    return characters_to_markdown("".join(holder.itertext())), ()


def characters_to_markdown(characters: str) -> str:
    """Markdown of HTML or plain text that stands as characters in XML or JSON."""
    if looks_like_html(characters):
        return fragment_to_markdown(characters, None)
    return plain_to_markdown(characters.strip("\n")) if characters.strip() else ""


def nitf_in(holder: Any) -> Any:
    """NITF document in an element; None if there is none."""
    return find(holder, "nitf") if holder is not None else None


def named_texts(element: Any, name: str) -> list[str]:
    """Texts of the descendants of a name, without those that are blank."""
    return [text for text in map(xml_text, find_all(element, name)) if text] if element is not None else []

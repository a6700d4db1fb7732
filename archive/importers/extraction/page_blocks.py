"""Blocks of a page: paragraphs, headings, items, cells and images without inner blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from lxml.html import HtmlElement

from backfile.archive.importers.extraction.cleaning import innermost_blocks
from backfile.archive.importers.extraction.text_similarity import words
from backfile.archive.importers.markdown.embeds import MARK

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SHORTEST_POINTER = 3
_MOSTLY_LINKS = 0.5
_ORNAMENT = re.compile(r"avatar|author|logo|icon|profile|share|badge|banner|sponsor|promo", re.IGNORECASE)
_TAG = re.compile(r"/(?:tags?|tag-results|categor(?:y|ies)|topics?|labels?)[/.?=]", re.IGNORECASE)
_FILE = re.compile(r"\.(?:pdf|docx?|odt|xlsx?|pptx?|csv|txt|zip|epub|mp3|mp4)(?:[?#]|\Z)", re.IGNORECASE)
_POINTER_LABEL = re.compile(
    r"(?:related|read (?:more|also|next)|see also|also read|more|watch|recommended|don['’]t miss|must read|lire aussi|"
    r"à lire|lesen sie auch|mehr|lees ook|leia (?:também|mais)|lea también|leer más|ver también|leggi anche|"
    r"читайте также|смотрите также|関連記事)\b[^.!?]{0,30}?[:|»>–—]",
    re.IGNORECASE,
)


@dataclass(eq=False, slots=True)
class PageBlock:
    """A block without inner blocks; `position` is its number on the page, `score` is above 0 if it is the article's."""

    element: HtmlElement
    position: int
    text: str
    words: list[str] = field(init=False)
    score: float = 0.0

    def __post_init__(self) -> None:
        self.words = words(self.text)

    @property
    def is_heading(self) -> bool:
        """Whether the element is a heading."""
        return self.element.tag in HEADINGS

    def link_density(self) -> float:
        """Share of the words that are in links."""
        inside = sum(len(words(link.text_content())) for link in self.element.iter("a"))
        around = next(self.element.iterancestors("a"), None) is not None
        return 1.0 if around else inside / max(1, len(self.words))

    def is_pointer(self, link_density: float) -> bool:
        """Whether a line only links to other articles; links to files and written-out addresses are references."""
        if self.element.tag in ("td", "th", "pre", "figcaption") or self.is_embed():
            return False
        links = list(self.element.iter("a"))
        is_tags = all(link.get("rel") == "tag" or _TAG.search(link.get("href") or "") for link in links)
        if link_density == 1 and links and is_tags:
            return True
        if self.element.tag == "li" or len(self.text.split()) < _SHORTEST_POINTER:
            return False
        if link_density == 1:
            return not self.is_heading and not self.links_to_file()
        return link_density > _MOSTLY_LINKS and _POINTER_LABEL.match(self.text.strip()) is not None

    def links_to_file(self) -> bool:
        """Whether it links to a document."""
        return any(_FILE.search(link.get("href") or "") for link in self.element.iter("a"))

    def is_embed(self) -> bool:
        """Whether it is a link to an embedded film, sound or post."""
        link = self.element.find(f".//*[@{MARK}]")
        return link is not None and words(link.text_content()) == self.words

    def is_image(self) -> bool:
        """Whether it holds an image and no text."""
        return not self.words and (self.element.tag == "img" or self.element.find(".//img") is not None)

    def is_image_or_caption(self) -> bool:
        """Whether it is an image or a caption."""
        return self.element.tag == "figcaption" or self.is_image()

    def is_in_figure(self) -> bool:
        """Whether it is a figure or in one."""
        return self.element.tag == "figure" or next(self.element.iterancestors("figure"), None) is not None

    def is_decorative(self) -> bool:
        """Whether the class or id of an image names a logo, an avatar or the like."""
        boxes = [*self.element.iter("img"), self.element, *islice(self.element.iterancestors(), 2)]
        return any(_ORNAMENT.search(f"{each.get('class') or ''} {each.get('id') or ''}") for each in boxes)


def page_blocks(tree: HtmlElement) -> list[PageBlock]:
    """All blocks in document order."""
    return [PageBlock(each, position, each.text_content()) for position, each in enumerate(innermost_blocks(tree))]

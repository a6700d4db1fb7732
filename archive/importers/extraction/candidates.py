"""What libraries of the field take for the article of a page, and the blocks that they agree on.

Two readings are asked first, trafilatura's and Readability's: they err in different ways, so that what both take is
the article. Where they differ much, two slower ones vote as well, and two of four decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy

import trafilatura
from lxml import etree
from lxml.html import HtmlElement
from readability import Document
from readability.readability import Unparseable
from trafilatura.readability_lxml import Document as QuickDocument

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction.blocks import PageBlock
from backfile.archive.importers.extraction.text_similarity import PassageIndex

Reading = Callable[[HtmlElement], str]
_AGREEMENT = 2
_DIFFER = 1.2
"""So many times the running text that the first readings agree on, in one of them: they differ much."""
_SUBSTANCE, _LONGEST = 25, 400
"""Words of a block of running text."""


def primary_candidates(tree: HtmlElement) -> list[str]:
    """The first two readings of a page; the tree is not changed."""
    return [_generous(tree), _main_part(tree)]


def agreed_blocks(blocks: list[PageBlock], texts: Iterable[str], tree: HtmlElement) -> set[PageBlock]:
    """The blocks that the readings agree on: `texts` are the first ones, more are taken from the tree in doubt."""
    indexes = [PassageIndex(text) for text in texts if text.strip()]
    votes = {block: [index.contains(block.words) for index in indexes] for block in blocks if block.words}
    if _differ(votes, len(indexes)):
        for reading in (_readability, _strict):
            text = reading(tree)
            index = PassageIndex(text)
            for block, given in votes.items() if text.strip() else ():
                given.append(index.contains(block.words))
    enough = min(_AGREEMENT, max(map(len, votes.values()), default=0))
    return {block for block, given in votes.items() if sum(given) >= enough > 0}


def _differ(votes: dict[PageBlock, list[bool]], readings: int) -> bool:
    """Whether one reading has far more of the running text than all have, or there are not two of them."""
    if readings < _AGREEMENT:
        return True
    running = [(len(block.words), given) for block, given in votes.items() if _is_running_text(block)]
    common = sum(size for size, given in running if all(given))
    return any(sum(size for size, given in running if given[at]) > _DIFFER * common for at in range(readings))


def _is_running_text(block: PageBlock) -> bool:
    in_prose = block.element.tag in ("p", "div", "li", "td")
    return in_prose and _SUBSTANCE <= len(block.words) <= _LONGEST and block.linked() * 3 < 1


def _generous(tree: HtmlElement) -> str:
    """What trafilatura takes when it would rather take too much."""
    return trafilatura.extract(deepcopy(tree), include_comments=False, favor_recall=True, fast=True) or ""


def _strict(tree: HtmlElement) -> str:
    """What trafilatura takes when it would rather take too little."""
    return trafilatura.extract(deepcopy(tree), include_comments=False, favor_precision=True, fast=True) or ""


def _main_part(tree: HtmlElement) -> str:
    """What the quick version of Readability takes that comes with trafilatura, and works on trees."""
    try:
        return "\n".join(parse_html(QuickDocument(deepcopy(tree)).summary()).itertext())
    except (ArchiveError, etree.LxmlError):
        return ""


def _readability(tree: HtmlElement) -> str:
    """What Readability takes."""
    try:
        summary = Document(etree.tostring(tree, encoding="unicode", method="html")).summary()
        return "\n".join(parse_html(summary).itertext())
    except (Unparseable, ArchiveError, etree.LxmlError):
        return ""

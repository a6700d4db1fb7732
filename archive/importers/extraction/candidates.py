"""Candidate texts of a page by extraction libraries, and the blocks that most of them contain.

trafilatura and a Readability fork err in different ways; blocks that both have are the article. If the two differ much,
Readability proper and trafilatura's precision mode vote as well, and two of four decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import partial
from typing import Any

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

_AGREEMENT = 2
_MAX_RATIO = 1.2
"""Limit of the running text in one candidate to that in all of them."""
_SHORTEST, _LONGEST = 25, 400
"""Words of a block of running text, at least and at most."""


def primary_candidates(tree: HtmlElement) -> list[str]:
    """Candidate texts of the first two extractors; the tree is not modified."""
    return [_trafilatura(tree, favor_recall=True), _readability_fork(tree)]


def agreed_blocks(blocks: list[PageBlock], texts: Iterable[str], tree: HtmlElement) -> set[PageBlock]:
    """Blocks that enough candidates contain: `texts` are the first ones, further ones are made if these disagree."""
    indexes = [PassageIndex(text) for text in texts if text.strip()]
    votes = {block: [index.contains(block.words) for index in indexes] for block in blocks if block.words}
    if _disagree(votes, len(indexes)):
        for extract in (_readability, partial(_trafilatura, favor_precision=True)):
            text = extract(tree)
            index = PassageIndex(text)
            for block, given in votes.items() if text.strip() else ():
                given.append(index.contains(block.words))
    enough = min(_AGREEMENT, max(map(len, votes.values()), default=0))
    return {block for block, given in votes.items() if sum(given) >= enough > 0}


def _disagree(votes: dict[PageBlock, list[bool]], readings: int) -> bool:
    """Whether one candidate has far more running text than all have in common, or there are fewer than two."""
    if readings < _AGREEMENT:
        return True
    running = [(len(block.words), given) for block, given in votes.items() if _is_running_text(block)]
    common = sum(size for size, given in running if all(given))
    return any(sum(size for size, given in running if given[at]) > _MAX_RATIO * common for at in range(readings))


def _is_running_text(block: PageBlock) -> bool:
    is_text_tag = block.element.tag in ("p", "div", "li", "td")
    return is_text_tag and _SHORTEST <= len(block.words) <= _LONGEST and block.link_density() * 3 < 1


def _trafilatura(tree: HtmlElement, **options: Any) -> str:
    """Text by trafilatura, in favour of recall or precision."""
    return trafilatura.extract(deepcopy(tree), include_comments=False, fast=True, **options) or ""


def _readability_fork(tree: HtmlElement) -> str:
    """Text by trafilatura's fork of Readability, which takes trees."""
    try:
        return "\n".join(parse_html(QuickDocument(deepcopy(tree)).summary()).itertext())
    except (ArchiveError, etree.LxmlError):
        return ""


def _readability(tree: HtmlElement) -> str:
    """Text by readability-lxml."""
    try:
        summary = Document(etree.tostring(tree, encoding="unicode", method="html")).summary()
        return "\n".join(parse_html(summary).itertext())
    except (Unparseable, ArchiveError, etree.LxmlError):
        return ""

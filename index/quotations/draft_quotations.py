"""Quotations in a draft: in quotation marks of the usual styles, and block quotations.

Styles: "straight", “English”, „German“ and »so«, « French », ”Swedish”, 「Chinese and Japanese」, and single marks,
among which apostrophes are told by what stands beside them. Of nested quotations the outermost counts. A quotation that
goes on in the next paragraph has an opening mark there again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from backfile.index.analysis.tokenizer import UNSPACED_CHARACTER
from backfile.index.highlight.sentences import sentence_starts
from backfile.index.quotations.draft_blocks import DraftBlock, DraftText, read_draft
from backfile.index.quotations.quotation_finder import MAX_QUOTATION
from backfile.index.quotations.word_stream import WordStream

SHORTEST = 5
"""Words of a quotation that is tested; two characters of a script without spaces are one."""

# Opening marks and the marks that close them.
_CLOSING = {
    "“": "”",
    "„": "“”‟",
    "«": "»",
    "»": "«",
    "「": "」",
    "『": "』",
    "〝": "〞〟",
    '"': '"',
    "”": "”",
    "‟": "”",
}
_SINGLE = {"‘": "’", "'": "'", "‚": "‘’", "‹": "›", "›": "‹"}
_ALWAYS_OPENING = frozenset("“„«「『〝‟")
_APOSTROPHES = frozenset("’'")
_BEFORE_OPENING = re.compile(r"[\s(\[{—–―/\-“„«‘'\"‚:>]\Z")
_ELIDED = re.compile(r"['’‘](?:\d\ds?\b|(?:tis|twas|twere|em|n|cause|til|till|round|bout)\b)", re.IGNORECASE)
_ATTRIBUTION = re.compile(r"(?:\A|(?<!\s)([^\S\n]*+)\n)\s*+(?:—|–|―|--|~)\s*+\S[^\n]{0,200}\Z")
_STRONG = frozenset(".,!?…;:—–")


@dataclass(frozen=True, slots=True)
class DraftQuotation:
    """Quotation of a draft without its marks, and the line on which it begins, from 1."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class DraftQuotations:
    """Quotations of a draft in order. `short`: number of those with fewer than SHORTEST words, which are left out.

    `unclosed` are the lines of opening marks without a closing one; what they begin is not among the quotations.
    """

    quotations: tuple[DraftQuotation, ...]
    short: int
    unclosed: tuple[int, ...]


def read_quotations(markdown: str) -> DraftQuotations:
    """Quotations of a draft in Markdown or plain text. One longer than MAX_QUOTATION comes in several pieces."""
    draft = read_draft(markdown)
    reader = _Reader(draft)
    for quoted, run in groupby(draft.blocks, key=lambda block: block.quoted):
        blocks = list(run)
        if quoted:
            reader.take_block_quotation(blocks)
        else:
            reader.take_marked(blocks)
    found = sorted(reader.found, key=lambda each: each.line)
    long_enough = [each for each in found if word_count(each.text) >= SHORTEST]
    pieces = [piece for each in long_enough for piece in _pieces(each)]
    return DraftQuotations(tuple(pieces), len(found) - len(long_enough), tuple(reader.unclosed))


def word_count(text: str) -> int:
    """Number of words; two characters of a script without spaces are one."""
    words = WordStream.of(text).words
    unspaced = sum(UNSPACED_CHARACTER.match(word) is not None for word in words)
    return len(words) - unspaced // 2


class _Reader:
    """Reader of the blocks of a draft."""

    def __init__(self, draft: DraftText) -> None:
        self._draft = draft
        self.found: list[DraftQuotation] = []
        self.unclosed: list[int] = []

    def take_block_quotation(self, blocks: Sequence[DraftBlock]) -> None:
        """Adds a block quotation; a last line that begins with a dash names its author."""
        text = "\n".join(block.text for block in blocks)
        bare = _ATTRIBUTION.sub(r"\1", text)
        self.found.append(DraftQuotation((bare if bare.strip() else text).strip(), self._draft.line_of(blocks[0], 0)))

    def take_marked(self, blocks: Sequence[DraftBlock]) -> None:
        """Adds the quotations in marks of some blocks side by side."""
        opened: tuple[str, int, str] | None = None  # text so far, line, closing marks
        for block in blocks:
            start = 0
            if opened:
                start = self._go_on(block, opened)
                opened = opened if start < 0 else None
                if start < 0:
                    text, line, closing = opened or ("", 0, "")
                    opened = f"{text}\n{block.text.lstrip()[1:]}", line, closing
                    continue
            opened = self._scan(block, start)
        if opened:
            self.unclosed.append(opened[1])

    def _go_on(self, block: DraftBlock, opened: tuple[str, int, str]) -> int:
        """Ends the quotation that was open in this block, if it goes on here.

        Returns where it ends, 0 if it does not go on (it is unclosed), -1 if the whole block belongs to it.
        """
        text, line, closing = opened
        lead = len(block.text) - len(block.text.lstrip())
        if block.text[lead : lead + 1] not in (*_CLOSING, *_SINGLE):
            self.unclosed.append(line)
            return 0
        end = _end_of(block.text, lead, closing)
        if end is None:
            return -1
        self.found.append(DraftQuotation(f"{text}\n{block.text[lead + 1 : end]}".strip(), line))
        return end + 1

    def _scan(self, block: DraftBlock, start: int) -> tuple[str, int, str] | None:
        """Adds the quotations of a block from a place on; returns one that is open at its end."""
        text, place = block.text, start
        while place < len(text):
            closing = _opens(text, place)
            if not closing:
                place += 1
                continue
            end = _end_of(text, place, closing)
            if end is not None:
                line = self._draft.line_of(block, place)
                self.found.append(DraftQuotation(text[place + 1 : end].strip(), line))
                place = end + 1
            elif text[place] in _SINGLE:
                place += 1
            else:
                return text[place + 1 :], self._draft.line_of(block, place), closing
        return None


def _opens(text: str, place: int) -> str:
    """Marks that close the quotation that begins at a place; none if there begins none."""
    sign = text[place]
    if sign not in _CLOSING and sign not in _SINGLE:
        return ""
    before, after = text[:place], text[place + 1 : place + 2]
    if sign in _ALWAYS_OPENING:
        return _CLOSING[sign]
    is_opening = (not before or _BEFORE_OPENING.search(before[-1]) is not None) and bool(after.strip())
    if sign in "»" and not is_opening and after.isspace():
        return ""
    if not is_opening or (sign in _SINGLE and _ELIDED.match(text, place)):
        return ""
    return _CLOSING.get(sign) or _SINGLE[sign]


def _end_of(text: str, place: int, closing: str) -> int | None:
    """Place of the mark that closes a quotation; None if there is none."""
    return _end_of_single(text, place, closing) if text[place] in _SINGLE else _end_of_double(text, place, closing)


def _end_of_double(text: str, place: int, closing: str) -> int | None:
    """Closing mark of a quotation with nested ones of the same style; the first one if these do not pair."""
    depth, first = 1, None
    for end in range(place + 1, len(text)):
        if (
            text[end] == text[place]
            and _opens(text, end)
            and not (text[end] in closing and not _has_words_after(text, end))
        ):
            depth += 1
        elif text[end] in closing:
            first = end if first is None else first
            depth -= 1
            if not depth:
                return end
    return first


def _has_words_after(text: str, place: int) -> bool:
    return text[place + 1 : place + 2].isalnum()


def _end_of_single(text: str, place: int, closing: str) -> int | None:
    """Closing mark among the apostrophes that follow.

    It stands at the end of a word or sentence. One after punctuation is certain; after an s it may be a possessive
    (`boys’`), and a later one is preferred if it comes before the next quotation.
    """
    weak: int | None = None
    for end in range(place + 1, len(text)):
        if end > place + 1 and _opens(text, end) and text[end] == text[place]:
            break
        if text[end] not in closing or text[end - 1].isspace() or text[end + 1 : end + 2].isalnum():
            continue
        if text[end - 1] in _STRONG or text[end] not in _APOSTROPHES:
            return end
        if weak is None or text[weak - 1] in "sS":
            weak = end
        if text[end - 1] not in "sS":
            return end
    return weak


def _pieces(quotation: DraftQuotation) -> Iterator[DraftQuotation]:
    """Quotation in pieces that can be looked for, cut between sentences or words."""
    text = quotation.text
    while len(text) > MAX_QUOTATION:
        edges = [edge for edge in sentence_starts(text, 0, MAX_QUOTATION) if edge]
        blank = max(text.rfind(" ", 0, MAX_QUOTATION), 0)
        cut = edges[-1] if edges else blank or MAX_QUOTATION
        yield DraftQuotation(text[:cut].strip(), quotation.line)
        text = text[cut:].strip()
    if text:
        yield DraftQuotation(text, quotation.line)

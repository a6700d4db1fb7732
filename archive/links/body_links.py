"""Links of an article with the lines of its file in which they stand."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from backfile.archive.links.destinations import REFERENCE, is_external
from backfile.archive.links.link_index import BodyLink
from backfile.archive.markdown.code_regions import CodeRegions

MAX_EFFORT = 400_000_000
"""Characters × links of an article up to which their lines are looked for."""

_LINE_END = re.compile("\n")
_BEFORE = frozenset("([<\"'|:=} \t\n")
_AFTER = frozenset(")]>\"'|#?\\ \t\n")


def body_links(body: str, links: Iterable[tuple[str, str]], first_line: int) -> tuple[BodyLink, ...]:
    """Internal links among kinds and addresses in reading order; `first_line` is the line at which the body begins."""
    internal = [(kind, address) for kind, address in links if address and not is_external(address)]
    if not internal:
        return ()
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    ends = [found.start() for found in _LINE_END.finditer(body)]
    is_searched = len(body) * len(internal) <= MAX_EFFORT
    at: dict[str, int] = {}
    found = []
    for kind, address in internal:
        start = None
        if is_searched:  # from the last place of this address on, which a definition (`[name]: address`) has once only
            start = _find(body, address, at.get(address, 0)) or (_find(body, address, 0) if address in at else None)
        found.append(BodyLink(None if start is None else first_line + bisect_left(ends, start), kind, address))
        if start is not None:
            at[address] = start + 1
    return tuple(found)


def _find(body: str, address: str, start: int) -> int | None:
    """Place of an address from `start` on, outside code if it is at several places."""
    places = next((places for form in _written(address) if (places := list(_places(body, form, start)))), [])
    if len(places) < 2 or "`" not in body:
        return places[0] if places else None
    regions = CodeRegions(body)
    return next((place for place in places if regions.end_of_code(place) is None), places[0])


def _written(address: str) -> Iterator[str]:
    """Yields the forms in which an address may stand in Markdown."""
    plain = address.removeprefix(REFERENCE)
    yield from dict.fromkeys((plain, unquote(plain), plain.partition("#")[0], unquote(plain.partition("#")[0])))
    yield plain.replace("&", "&amp;")


def _places(body: str, written: str, start: int) -> Iterator[int]:
    """Yields up to ten places at which a text stands between delimiters."""
    count = 0
    at = body.find(written, start) if written else -1
    while at >= 0 and count < 10:
        end = at + len(written)
        if (at == 0 or body[at - 1] in _BEFORE) and (end == len(body) or body[end] in _AFTER):
            count += 1
            yield at
        at = body.find(written, at + 1)

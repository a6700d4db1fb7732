"""The addresses in a body of Markdown: of links, pictures and definitions, also in HTML, but not those in code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from backfile.archive.markdown.code_regions import Regions

# Quantifiers are possessive and stop at the next sign of their own kind, so that hostile text costs one pass as well.
_ADDRESS = re.compile(
    r"""!\[(?:[^\[\]\\]++|\\.|\[[^\[\]]*+\])*+\]\([ ]*+(?:<(?P<angled>[^<>\n]++)>|(?P<shown>[^\s()<>]++))
      | (?<!\\)\]\([ ]*+<?(?P<linked>[^\s<>()]++)(?=[)>\s])
      | <(?:img|source|video|audio)\b[^<>]*?\ssrc=["'](?P<source>[^"'<>]++)["']
      | <a\b[^<>]*?\shref=["'](?P<tag>[^\s"'<>]++)["']
      | ^[ ]{0,3}\[(?!\^)[^\[\]\n]++\]:[ \t]*+<?(?P<defined>[^\s<>]++)""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_PICTURES = frozenset({"angled", "shown", "source"})


def link_destinations(body: str) -> Iterator[tuple[str, bool]]:
    """Each address, also in code, and whether it is that of a picture."""
    for found in _ADDRESS.finditer(body):
        name = found.lastgroup or ""
        yield found[name].strip(), name in _PICTURES


def replace_destinations(body: str, new: Callable[[str, bool], str | None]) -> str:
    """The body with those addresses replaced for which `new` (as `link_destinations` has them) gives another."""
    written, copied = [], 0
    regions: Regions | None = None
    for found in _ADDRESS.finditer(body):
        name = found.lastgroup or ""
        given = new(found[name].strip(), name in _PICTURES)
        if given is None:
            continue
        regions = regions or Regions(body)
        if regions.end_of_code(found.start()) is None:
            written += [body[copied : found.start(name)], given]
            copied = found.end(name)
    return "".join((*written, body[copied:]))

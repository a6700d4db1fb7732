"""Link destinations in a Markdown body: of links, images and definitions, also in HTML, but not in code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from backfile.archive.markdown.code_regions import CodeRegions

# Quantifiers are possessive and stop at the next delimiter of their own kind, so that hostile text costs one pass.
_DESTINATION = re.compile(
    r"""!\[(?:[^\[\]\\]++|\\.|\[[^\[\]]*+\])*+\]\([ ]*+(?:<(?P<angled>[^<>\n]++)>|(?P<shown>[^\s()<>]++))
      | (?<!\\)\]\([ ]*+<?(?P<linked>[^\s<>()]++)(?=[)>\s])
      | <(?:img|source|video|audio)\b[^<>]*?\ssrc=["'](?P<source>[^"'<>]++)["']
      | <a\b[^<>]*?\shref=["'](?P<tag>[^\s"'<>]++)["']
      | ^[ ]{0,3}\[(?!\^)[^\[\]\n]++\]:[ \t]*+<?(?P<defined>[^\s<>]++)""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_IMAGES = frozenset({"angled", "shown", "source"})


def link_destinations(body: str) -> Iterator[tuple[str, bool]]:
    """Yields each destination, also in code, and whether it is that of an image."""
    for found in _DESTINATION.finditer(body):
        name = found.lastgroup or ""
        yield found[name].strip(), name in _IMAGES


def replace_destinations(body: str, new: Callable[[str, bool], str | None]) -> str:
    """Replaces the destinations for which `new(destination, is_image)` returns another; code stays as it is."""
    written, copied = [], 0
    regions: CodeRegions | None = None
    for found in _DESTINATION.finditer(body):
        name = found.lastgroup or ""
        replacement = new(found[name].strip(), name in _IMAGES)
        if replacement is None:
            continue
        regions = regions or CodeRegions(body)
        if regions.end_of_code(found.start()) is None:
            written += [body[copied : found.start(name)], replacement]
            copied = found.end(name)
    return "".join((*written, body[copied:]))


def replace_literally(body: str, replacements: Mapping[str, str]) -> str:
    """Replaces whole destinations, written exactly as the keys of `replacements`, wherever delimiters enclose them."""
    if not replacements:
        return body
    longest_first = "|".join(re.escape(name) for name in sorted(replacements, key=len, reverse=True))
    literal = re.compile(rf"""(?<=[("'<\s])(?:{longest_first})(?=[)"'>\s])|(?<=:[ ])(?:{longest_first})$""", re.M)
    return literal.sub(lambda found: replacements[found[0]], body)

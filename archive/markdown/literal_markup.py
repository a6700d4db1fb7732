"""Text that looks like markup and is none, and markup that parsers take for text.

`<Banca del Gottardo>` is no tag but words, which a browser would not show. An address with spaces
(`![](some image.png)`) is one all the same, as most programs read it. Marks of a merge conflict are lines of their own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from backfile.archive.markdown.code_regions import CodeRegions

_HIDING = (
    "audio canvas datalist embed head iframe math noembed noframes object plaintext script select style svg template"
    " textarea title video xmp"
)
_OPEN = (
    "area base basefont bgsound blockquote body br center col colgroup dd dir div dl dt font frame hr html img input li"
    " link menu meta ol option optgroup p param pre rp rt source span table tbody td tfoot th thead tr track ul wbr"
)
_OTHERS = (
    "a abbr acronym address applet article aside b bdi bdo big blink button caption cite code data del details dfn"
    " dialog em fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup i image ins isindex kbd"
    " keygen label legend listing main map mark marquee menuitem meter nav nextid nobr noscript output picture portal"
    " progress q rb rbc rtc ruby s samp search section slot small spacer strike strong sub summary sup time tt u var"
)
_UNSEEN = frozenset(f"{_HIDING}".split())
"""Elements whose content no reader sees: a tag of one that is never closed would take the rest of the article along."""
_OPEN_ENDED = frozenset(f"{_OPEN}".split())
"""Elements whose end tag may be left out, or often is in old pages."""
_ELEMENTS = frozenset(f"{_HIDING} {_OPEN} {_OTHERS}".split())

_TAG = re.compile(r"(?<!\\)(?<!\{\{)<(?P<name>[A-Za-z][A-Za-z0-9_.-]*)(?P<rest>(?:[ \t\n][^<>]*)?)>")
_ANY_TAG = re.compile(r"<(?P<name>[A-Za-z][A-Za-z0-9_.-]*)(?P<rest>(?:[ \t][^<>]*)?)>|</?[a-zA-Z][^<>]*>|<!--.*?-->")
_ATTRIBUTE = re.compile(r"[^\s=]=|/\Z")
_LABEL = re.compile(r"(?:^[ \t>]*|(?<=\]))\[[^\]\n]*\](?::|(?<=`\]))", re.MULTILINE)
_END_TAG = re.compile(r"</([A-Za-z][A-Za-z0-9_.-]*)[ \t\n]*>")
_PLACE = r"(?:[^()<>\n\"'|]|(?<=\w)'(?=\w)|\([^()<>\n\"]*\))"
_SPACED_ADDRESS = re.compile(
    rf"""(?P<picture>!?)\[(?:[^\[\]\n\\!]|!(?!\[)|\\.|!?\[[^\[\]\n]{{0,200}}+\](?:\([^()\s]{{0,300}}+\))?){{0,300}}+\]
    \(\ *+(?P<address>[^\s()<>"']{_PLACE}{{0,300}}?)(?P<size>\ ++=\d*%?x\d*%?)?
    (?P<title>\ ++(?:"[^"\n]*+"|'[^'\n]*+'))?\ *+\)""",
    re.VERBOSE,
)
_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}(?=#|\Z)")
_LINK_TO_FILE = re.compile(r"\.(?:md|mdx|markdown|html?|pdf|docx?|txt|png|jpe?g|gif|svg|webp)(?=#|\Z)", re.I)
_CONFLICT = re.compile(r"^(?:<{7}(?: [^\n]*)?|\|{7}(?: [^\n]*)?|={7}|>{7}(?: [^\n]*)?)$", re.MULTILINE)


def with_literal_markup(body: str) -> str:
    """Body in which tags that are words are escaped, addresses with spaces bracketed, and conflict marks words."""
    if "<<<<<<<" in body and (lines := list(_conflict_marks(body))):
        body = _replaced(body, [(found.start(), found.end(), f"\n\\{found[0]}\n") for found in lines])
    if "<" in body:
        body = _replaced(body, list(_words_in_brackets(body)))
    if "](" in body and (changes := list(_spaced_addresses(body))):
        body = _replaced(body, changes)
        body = _replaced(body, list(_spaced_addresses(body)))  # pictures within links
    return body


def without_tags(text: str) -> str:
    """One line of Markdown without tags and comments; words in angle brackets stay."""
    closed = {name.casefold() for name in _END_TAG.findall(text)}
    return _ANY_TAG.sub(
        lambda tag: (
            tag[0]
            if tag["name"] and tag["name"].casefold() not in closed and _may_be_words(tag["name"], tag["rest"])
            else ""
        ),
        text,
    )


def conflict_lines(body: str) -> list[int]:
    """Lines of the body, from 1, at which conflicts of a merge begin; those shown as code are none."""
    if "<<<<<<<" not in body:
        return []
    body = body.replace("\r\n", "\n")
    ends = [found.start() for found in re.finditer("\n", body)]
    starts = [found.start() for found in _conflict_marks(body) if found[0][0] == "<"]
    return [1 + bisect_left(ends, start) for start in starts]


def _conflict_marks(body: str) -> Iterator[re.Match[str]]:
    """Yields the marks of conflicts: `<<<<<<<`, `=======` and `>>>>>>>` in turn, outside code."""
    regions, is_open, last = CodeRegions(body), False, body.rfind("\n=======\n")
    for found in _CONFLICT.finditer(body):
        if regions.is_code(found.start()):
            continue
        is_open = is_open or (found[0][0] == "<" and found.end() <= last)
        if is_open:
            yield found
        is_open = is_open and found[0][0] != ">"


def _replaced(body: str, changes: list[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    copied = 0
    for start, end, new in changes:
        parts += (body[copied:start], new)
        copied = end
    return "".join([*parts, body[copied:]])


def _words_in_brackets(body: str) -> Iterator[tuple[int, int, str]]:
    """Yields span and escaped sign of each `<` that begins words and no tag."""
    found = [each for each in _TAG.finditer(body) if _may_be_words(each["name"], each["rest"])]
    if not found:
        return
    closed = {name.casefold() for name in _END_TAG.findall(body)}
    regions = CodeRegions(body)
    labels = [label.span() for label in _LABEL.finditer(body) if "`" in label[0]]  # code where they are used
    for each in found:
        start = each.start()
        number = bisect_left(labels, (start, start)) - 1
        in_label = number >= 0 and start < labels[number][1]
        if each["name"].casefold() not in closed and not in_label and not regions.is_code(start):
            yield start, start + 1, "&lt;"


def _may_be_words(name: str, rest: str) -> bool:
    """Whether a tag that is never closed is words: of no element, or of one that must be closed, in capitals."""
    if _ATTRIBUTE.search(rest):
        return False
    plain = name.casefold()
    return plain not in _ELEMENTS or plain in _UNSEEN or (name.isupper() and plain not in _OPEN_ENDED)


def _spaced_addresses(body: str) -> Iterator[tuple[int, int, str]]:
    """Yields span and replacement of each link or picture whose address has spaces, or a size after it."""
    found = [each for each in _SPACED_ADDRESS.finditer(body) if _is_spaced(each)]
    regions = CodeRegions(body) if found else None
    for each in found:
        if regions is not None and not regions.is_code(each.start()):
            address = each["address"].strip()
            written = f"<{address}>" if " " in address else address
            yield each.start("address"), each.end() - 1, f"{written}{each['title'] or ''}"


def _is_spaced(found: re.Match[str]) -> bool:
    address = found["address"].strip()
    if found["picture"]:
        return bool(found["size"]) or (" " in address and _FILE.search(address) is not None)
    if " " not in address or "://" in address:
        return False
    return _LINK_TO_FILE.search(address) is not None or address.startswith(("./", "../", "/"))

"""Post-processes parser HTML: images, links, heading ids, footnotes. Not a sanitizer.

Images get captions, links are resolved, bare URLs become links, headings get stable ids, footnotes move to the end,
embedded media become links. `renderer` sanitises afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode, create_tag

from backfile.archive.links.destinations import REFERENCE
from backfile.archive.markdown.autolinks import link_and_abbreviate
from backfile.archive.markdown.math.mathml import MATHML_TAGS
from backfile.archive.markdown.plain_text import REFERENCE_TAG, plain_text
from backfile.archive.markdown.word_boundaries import mark_boundaries
from backfile.archive.web_addresses import address_parts, join_address, split_address

Base = str | Callable[[str, str], str | None]
"""Either an address to which relative ones are joined, or a function of kind (`"link"` or `"image"`) and relative
address (never a fragment alone; with the scheme `ref:` one that names its target) that gives the address to use, or
None where there is nothing to point to."""

ID_PREFIX = "article-"
CLASSES = {
    "span": {"picture", "caption", "missing", "formula", "tex"},
    "a": {"remote-image", "embed"},
    "sup": {"footnote-reference"},
    "td": {"left", "center", "right"},
    "th": {"left", "center", "right"},
    "div": {"footnotes"},
    "pre": {"unread"},
    "blockquote": {f"markdown-alert-{kind}" for kind in ("note", "tip", "important", "warning", "caution")},
}

# Parts of a whole page. In an article they are divisions; as they are they would be landmarks of our page.
_PARTS_OF_PAGE = re.compile(
    r"<(/?)(?:main|nav|header|footer|section|article|aside|center|form|fieldset|address|hgroup|search)(?=[ >])"
)
_MEDIA = "iframe, video, audio, embed, object"
_IGNORED_IN_ADDRESS = re.compile(r"[\t\n\r]|^[\x00-\x20]+|[\x00-\x20]+$")
_ALIGNED = re.compile(r"text-align:\s*(left|center|right)")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]+")


def normalized_tree(html: str) -> LexborHTMLParser:
    """Tree of an article's raw HTML with its visible text in reading order: footnotes last, media as links."""
    if "footnote-definition" in html:
        html = _footnotes_last(html)
    tree = LexborHTMLParser(html, is_fragment=True)
    for node in tree.css("noscript"):
        node.unwrap()
    for node in tree.css(_MEDIA):
        _embed(node)
    if "<math" in html:
        _only_mathml(tree)
    mark_boundaries(tree)
    return tree


def postprocess(tree: LexborHTMLParser, abbreviations: Mapping[str, str], *, remote_images: bool, base: Base) -> None:
    """Resolves links and images of a normalized tree, sets ids and links bare URLs; the text does not change."""
    for node in tree.css("a"):
        _link(node, base)
    for node in tree.css("img"):
        _picture(node, remote_images, base)
    for node in tree.css("td[style], th[style]"):
        if aligned := _ALIGNED.search(node.attributes["style"] or ""):
            node.attrs["class"] = aligned[1]
    for node in tree.css("input"):
        node.attrs["aria-label"] = "☑" if "checked" in node.attributes else "☐"  # what a screen reader calls it
    _link_fragments(tree, set_anchors(tree))
    link_and_abbreviate(tree, abbreviations)


def serialised(tree: LexborHTMLParser) -> str:
    """HTML of a tree; landmark elements of a page become `div`."""
    return _PARTS_OF_PAGE.sub(r"<\1div", tree.html or "")


def _only_mathml(tree: LexborHTMLParser) -> None:
    """Leaves nothing but MathML within `math`: other elements become their words, TeX beside it goes."""
    for node in tree.css("math[class]"):
        del node.attrs["class"]  # those of the renderer are no text
    for node in tree.css("math :is(annotation, annotation-xml, script, style, template, textarea, title, svg)"):
        node.decompose()
    for node in tree.css("math *"):
        if node.tag not in MATHML_TAGS:
            node.unwrap()


def _footnotes_last(html: str) -> str:
    """Moves footnotes to the end, as a list in the order of their numbers, each with a way back."""
    tree = LexborHTMLParser(html, is_fragment=True)
    notes: dict[int, str] = {}
    for node in tree.css("div.footnote-definition"):
        label = node.css_first("sup.footnote-definition-label")
        number = label.text().strip() if label is not None else ""
        if label is None or not number.isdecimal() or int(number) in notes:
            continue
        label.decompose()
        back = f'{REFERENCE_TAG}<a href="#fnref-{number}">↩</a></sup>'
        notes[int(number)] = f'<li id="fn-{number}">{node.inner_html or ""}{back}</li>'
        node.decompose()
    referred: set[str] = set()
    for node in tree.css("sup.footnote-reference > a"):
        number = node.text().strip()
        node.attrs["href"] = f"#fn-{number}"
        if number not in referred:
            referred.add(number)
            node.attrs["id"] = f"fnref-{number}"
    items = "".join(notes[number] for number in sorted(notes))
    return f'{tree.html or ""}<div class="footnotes"><ol>{items}</ol></div>'


class Anchors:
    """Anchors of an article in reading order, found by fragments that other site builders made of its headings."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    def __len__(self) -> int:
        return len(self.names)

    def find(self, fragment: str) -> str | None:
        """Anchor that a fragment means; None if there is none.

        Builders differ in case, hyphens, accents and leading numbers. A vault writes the heading itself, after those
        above it (`#Part#Chapter`).
        """
        written = unquote(fragment)
        last = written.rpartition("#")[2]
        letters = _letters(last)
        slugs = [_slug(written), _slug(last)] if letters else []
        for form in [fragment, written, *slugs]:
            if form in self._known:
                return form
        found: str | None = self._by_letters.get(letters) if letters else None
        plain: str | None = self._by_plain_letters.get(_plain_letters(last) or " ")
        return found or plain

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def _by_letters(self) -> dict[str, str]:
        return {_letters(name): name for name in reversed(self.names)}

    @cached_property
    def _by_plain_letters(self) -> dict[str, str]:
        return {_plain_letters(name): name for name in reversed(self.names)}


def _letters(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


def _plain_letters(text: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if each.isascii())
    return _letters(plain).lstrip("0123456789")


def _link_fragments(tree: LexborHTMLParser, anchors: Anchors) -> None:
    """Points links within the article to the anchors that they mean; a link to none becomes plain words."""
    for node in tree.css(f'a[href^="#{ID_PREFIX}"]'):
        fragment = (node.attributes["href"] or "")[len(ID_PREFIX) + 1 :]
        anchor = anchors.find(fragment)
        if anchor is not None:
            node.attrs["href"] = f"#{ID_PREFIX}{anchor}"
        elif node.attributes.get("id"):
            del node.attrs["href"]
        else:
            node.unwrap()


def set_anchors(tree: LexborHTMLParser) -> Anchors:
    """Gives every heading an id that stays the same while its text does, and every id once only; returns them."""
    anchors: dict[str, None] = {}
    for node in tree.css("a[name]"):
        if not node.attributes.get("id"):
            node.attrs["id"] = node.attributes["name"] or ""
    for node in tree.css("[id]"):
        anchor = "-".join((node.attributes["id"] or "").split())
        if not anchor or anchor in anchors:
            del node.attrs["id"]
            continue
        anchors[anchor] = None
        node.attrs["id"] = ID_PREFIX + anchor
    used: dict[str, int] = {}
    for node in tree.css("h1, h2, h3, h4, h5, h6"):
        if node.attributes.get("id"):
            continue
        anchor = slug = _slug(plain_text(node.inner_html or ""))
        while anchor in anchors:
            used[slug] = used.get(slug, 0) + 1
            anchor = f"{slug}-{used[slug]}"
        anchors[anchor] = None
        node.attrs["id"] = ID_PREFIX + anchor
    return Anchors(anchors)


def _slug(text: str) -> str:
    """`Night ferry: yes or no?` → `night-ferry-yes-or-no`, letters of all scripts kept."""
    folded = _NOT_IN_SLUG.sub("", unicodedata.normalize("NFKC", text).casefold())
    return "-".join(folded.split()) or "section"


def _embed(node: LexborNode) -> None:
    """Replaces a media element or frame by a link to its content, named by its title."""
    inner = node.css_first("source")
    address = next((value for name in ("src", "data") if (value := node.attributes.get(name))), None)
    if address is None and inner is not None:
        address = inner.attributes.get("src")
    link = create_tag("a")
    link.attrs["class"] = "embed"
    link.attrs["href"] = address or ""
    link.insert_child(" ".join((node.attributes.get("title") or "").split()))
    node.insert_before(" ")
    node.insert_after(" ")
    node.replace_with(link)


def _link(node: LexborNode, base: Base) -> None:
    """Resolves a link; one without a target becomes plain words, but for the place that it may name."""
    address = _resolved(node.attributes.get("href"), "link", base)
    if address is not None:
        node.attrs["href"] = address
        if node.attributes.get("class") == "embed" and address.startswith(("https:", "http:", "/")):
            node.attrs["title"] = address  # its name, where the player had none
    elif "href" in node.attributes:
        if node.attributes.get("id") or node.attributes.get("name"):
            del node.attrs["href"]
        else:
            node.unwrap()


def _picture(node: LexborNode, remote_images: bool, base: Base) -> None:
    """Gives an image a caption from its alternative text; a remote image becomes a link unless allowed.

    One that is not there is its caption, or else its name, which is no text of the article.
    """
    words = " ".join((node.attributes.get("alt") or "").split())
    address = _resolved(node.attributes.get("src"), "image", base)
    remote = address is not None and _is_remote(address)
    if address is None or (remote and not remote_images and _inside_link(node)):
        replacement = create_tag("span")
        name = "" if words else _file_name(node.attributes.get("src") or "")
        replacement.attrs["class"] = "missing" if name else "caption"
        if name:
            replacement.attrs["title"] = name
        replacement.insert_child(words)
    elif remote and not remote_images:
        replacement = create_tag("a")
        replacement.attrs["class"] = "remote-image"
        replacement.attrs["href"] = address
        replacement.attrs["title"] = address
        replacement.insert_child(words)
    else:
        replacement = _framed(node, address, words)
    node.insert_before(" ")
    node.insert_after(" ")
    node.replace_with(replacement)


def _framed(node: LexborNode, address: str, words: str) -> LexborNode:
    """Image with its caption as text, so that it can be highlighted; `alt` stays empty."""
    frame, image = create_tag("span"), create_tag("img")
    frame.attrs["class"] = "picture"
    image.attrs["src"] = address
    image.attrs["alt"] = ""
    image.attrs["loading"] = "lazy"
    image.attrs["decoding"] = "async"
    for name in ("width", "height"):
        if (value := node.attributes.get(name) or "").isdecimal():
            image.attrs[name] = value
    frame.insert_child(image)
    if words:
        caption = create_tag("span")
        caption.attrs["class"] = "caption"
        caption.insert_child(words)
        frame.insert_child(" ")
        frame.insert_child(caption)
    return frame


def _file_name(address: str) -> str:
    """Name of the file at an address, as its author wrote it."""
    path = address.removeprefix(REFERENCE).partition("#")[0].partition("?")[0]
    return "" if path.startswith("data:") else unquote(path.replace("\\", "/").rstrip("/").rpartition("/")[2])[:200]


def _inside_link(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag == "a":
            return True
        parent = parent.parent
    return False


def _is_remote(address: str) -> bool:
    return address_parts(address).scheme in ("http", "https")


def clean_address(address: str) -> str:
    """Address without what browsers ignore in one, and with `/` for `\\`, which is none."""
    address = _IGNORED_IN_ADDRESS.sub("", address)
    return address if address.startswith("#") else address.replace("\\", "/")


def _resolved(address: str | None, kind: str, base: Base) -> str | None:
    """Resolved URL of a link or image; None if there is none or its scheme is neither web nor mail."""
    address = clean_address(address or "")
    if address.startswith("#"):
        return f"#{ID_PREFIX}{address[1:]}" if len(address) > 1 and kind == "link" else None
    if address.startswith("//"):
        address = "https:" + address
    if address.startswith(REFERENCE):
        return join_address(base, address.removeprefix(REFERENCE)) if isinstance(base, str) else base(kind, address)
    parts = split_address(address)
    if not address or parts is None or (parts.scheme and parts.scheme not in ("http", "https", "mailto")):
        return None
    if parts.scheme:
        return address
    return join_address(base, address) if isinstance(base, str) else base(kind, address)

"""HTML as it comes in: decoded, parsed within limits, and made into Markdown that carries nothing active.

Scripts, styles, event handlers, forms, frames and addresses such as `javascript:` end here; the library shows what is
left through a second sanitiser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urljoin, urlsplit

import nh3
from html_to_markdown import ConversionError, convert
from html_to_markdown.options import ConversionOptions
from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from backfile.archive.errors import ArchiveError, ArticleUnreadable
from backfile.archive.importers.markdown import escaping
from backfile.archive.importers.markdown.charset import detect_encoding
from backfile.archive.importers.markdown.layout_tables import dissolve_tables, is_layout_table

MAX_BYTES = 20 * 1024 * 1024
"""Of one page. The longest articles have a tenth of it; pages beyond are data dressed as a page."""

SCHEMES = frozenset({"http", "https", "mailto"})

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,30})""", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"""\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,30})""", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>", re.IGNORECASE)
_SAMPLE = 65_536
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\f\r"))
_FORM_FEED_AS_SPACE = bytes.maketrans(b"\f", b" ")
# Without re.IGNORECASE, which would take the fast search for "&#" away.
_REFERENCE_TO_NONE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|127|6553[45])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF]|[fF]{3}[efEF]))"
    rb"(?![0-9a-fA-F]);?"
)
_NO_CHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UNSAFE_IN_ADDRESS = re.compile(r"[\s()<>\"'\\`\[\]{}|^]")
_FOOTNOTE = re.compile(r"(?:fn|footnote|note|cite[_-]?note|endnote)[_:.-]?([\w.-]*?\d+)\Z", re.IGNORECASE)
_LANGUAGE = re.compile(r"(?:language|lang|highlight-source|brush:)[- ]?([\w+#]{1,20})\b")
_LETTER = re.compile(r"[^\W_]")
_TAG = re.compile(r"<[^>]*>")
_NAME_KIND = "name its kind with --as if you know it"
_LEFT_OPEN = "elements are left open in it; save the page from a browser again"
_BLANK_LINES = re.compile(r"\n{3,}")
_EMPTY_LINK = re.compile(r"(?<!!)\[\s*\]\((?:<[^>]*>|[^()\s]*)\)")
_PLACEHOLDER = re.compile(r"FOOTNOTE(?:(REF)([0-9]{1,9})ENDNOTE|(DEF)([0-9]{1,9})ENDNOTE\s*)")

_TAGS = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del"}
    | {"dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5"}
    | {"h6", "hr", "i"}
    | {"img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp"}
    | {"small", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th"}
    | {"thead", "time", "tr"}
    | {"tt", "u", "ul", "var", "div", "span"}
)
_DROPPED_WHOLE = frozenset(
    {"script", "style", "template", "iframe", "object", "embed", "noscript", "form", "button", "select"}
    | {"textarea", "svg", "math", "canvas", "audio"}
    | {"video", "head", "title", "nav", "dialog", "applet"}
)
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_DROPPED_WHOLE),
    attributes={
        "a": {"href", "title"},
        "img": {"src", "alt", "title"},
        "ol": {"start"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan"},
        "code": {"class"},
    },
    url_schemes=set(SCHEMES),
    link_rel=None,
)
_OPTIONS = ConversionOptions(
    extract_metadata=False,
    expand_abbreviations=False,
    include_blockquote_citations=False,
    escape_asterisks=False,
    escape_underscores=False,
    escape_misc=False,
    newline_style="backslash",
    compact_tables=True,
    bullets="-",
    autolinks=False,
)


def decode_html(page: bytes, declared: str | None = None) -> str:
    """The text of a page: by its byte order mark, what the server declared, what it says itself, else by its bytes.

    A declaration that the bytes contradict is passed over. Raises `ArchiveError` for more than `MAX_BYTES`, and for
    what is no text.
    """
    if len(page) > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="an article has far less; split it")
    text = _decoded(page, declared)
    if len(_NOT_TEXT.findall(text[:_SAMPLE])) > max(1, len(text[:_SAMPLE]) // 100):
        raise ArchiveError("is no text", hint=_NAME_KIND)
    return text


def _decoded(page: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if page.startswith(mark):
            return page[len(mark) :].decode(encoding, errors="replace")
    for name in (*filter(None, ("utf-8", declared)), *_said(page)):
        try:
            return page.decode(_as_browsers_read(name))
        except (UnicodeError, LookupError):
            continue
    try:
        return page.decode(detect_encoding(page), errors="replace")
    except ArticleUnreadable as error:
        raise ArchiveError("is no text", hint=_NAME_KIND) from error


def _said(page: bytes) -> Iterator[str]:
    """The encoding that a page names; not one in which it could not be read at all until it is known."""
    said = _XML_CHARSET.match(page) or _META_CHARSET.search(page, 0, 8192)
    name = said[1].decode("ascii", errors="replace").lower() if said else ""
    if name and not name.startswith(("utf-16", "utf-32")):
        yield name


def _as_browsers_read(name: str) -> str:
    """Pages that say Latin-1 mean Windows-1252 (https://encoding.spec.whatwg.org/#names-and-labels)."""
    return "cp1252" if name.lower() in {"iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii"} else name


def parse_html(html: bytes | str) -> HtmlElement:
    """The tree of a page or a piece of one, without comments; entities stay what they are, nothing is loaded.

    Raises `ArchiveError` if it is too large or nested too deeply, or there is nothing in it.
    """
    text = decode_html(html) if isinstance(html, bytes) else html
    if len(text) > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="an article has far less; split it")
    page = _only_characters(text)
    for is_deep in (False, True):
        parser = _parser(is_deep=is_deep)
        try:
            tree = document_fromstring(page, parser=parser)
        except (etree.LxmlError, ValueError) as error:
            raise ArchiveError(f"cannot be read as HTML: {str(error) or 'it is empty'}") from error
        if not any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
            return tree
    raise ArchiveError("is nested too deeply", hint=_LEFT_OPEN)


def _only_characters(text: str) -> bytes:
    """UTF-8 without what XML has no place for, written out or as a reference: libxml2 reads it but cannot write it."""
    declared = _DECLARATION.match(text)
    page = text[declared.end() if declared else 0 :].encode("utf-8", errors="ignore")
    page = page.translate(_FORM_FEED_AS_SPACE, _CONTROLS)
    for character in _NO_CHARACTERS:
        page = page.replace(character, b"")
    return _REFERENCE_TO_NONE.sub(b"", page)


def _parser(*, is_deep: bool) -> etree.HTMLParser:
    """A parser that gives up at a depth of 256 or, if `is_deep`, 2,048 elements.

    Its trees have one class of elements: a parser of lxml.html asks for the class of each element anew.
    """
    parser = etree.HTMLParser(
        remove_comments=True, remove_pis=True, no_network=True, huge_tree=is_deep, encoding="utf-8"
    )
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))
    return parser


def html_to_markdown(html: str, *, base_url: str | None) -> str:
    """A piece of HTML as Markdown: headings, lists, quotations, tables, code, footnotes, pictures with captions.

    Addresses become absolute where `base_url` is given. Whatever Markdown would take for markup in the text is
    escaped. Raises `ArchiveError` for what is too large or cannot be parsed.
    """
    if not html.strip():
        return ""
    tree = parse_html(html)
    return tree_to_markdown(tree, base_url=base_url)


def tree_to_markdown(tree: HtmlElement, *, base_url: str | None) -> str:
    """As `html_to_markdown`, of a tree, which is changed on the way."""
    _make_absolute(tree, base_url)
    _mark_footnotes(tree)
    _dress(tree)
    clean = _CLEANER.clean(etree.tostring(tree, encoding="unicode", method="html"))
    try:
        content = convert(_with_signs_hidden(clean), _OPTIONS).content or ""
    except ConversionError as error:
        raise ArchiveError(f"cannot be made into Markdown: {error}") from error
    if not content and _TAG.sub("", clean).strip():
        raise ArchiveError("is nested too deeply", hint=_LEFT_OPEN)
    return escaping.restore_escapes(_tidy(content))


def _with_signs_hidden(clean: str) -> str:
    if not clean.strip():
        return clean
    tree = parse_html(escaping.drop_placeholders(clean))
    escaping.escape_tree(tree)
    return str(etree.tostring(tree, encoding="unicode", method="html"))


def safe_address(base_url: str | None, reference: str) -> str | None:
    """A reference as an address that is safe to write into Markdown, absolute if there is a base; None if unsafe."""
    try:
        joined = urljoin(base_url, reference.strip()) if base_url else reference.strip()
        scheme = urlsplit(joined).scheme
    except ValueError:
        return None
    if scheme and scheme.lower() not in SCHEMES:
        return None
    return _UNSAFE_IN_ADDRESS.sub(lambda found: quote(found[0]), joined)


def _make_absolute(tree: HtmlElement, base_url: str | None) -> None:
    for element in list(tree.iter("img", "a")):
        name = "src" if element.tag == "img" else "href"
        if element.tag == "img":
            _wake(element)
        reference = element.get(name)
        if reference is None or (name == "href" and reference.startswith("#")):
            continue
        absolute = safe_address(base_url, reference)
        if absolute:
            element.set(name, absolute)
        else:
            del element.attrib[name]


def _wake(image: HtmlElement) -> None:
    """Gives a picture that a script would load when it scrolls into view its address now."""
    source = image.get("src") or ""
    if source and not source.startswith("data:") and "placeholder" not in source:
        return
    later = next((image.get(key) for key in ("data-src", "data-original", "data-lazy-src") if image.get(key)), None)
    listed = next((each for each in _sizes(image) if each.strip() and not each.strip().startswith("data:")), "")
    if not later and listed.strip(" ,"):
        later = listed.strip(" ,").split(",")[-1].split()[0]
    if later:
        image.set("src", later)


def _sizes(image: HtmlElement) -> Iterator[str]:
    """The lists of addresses of a picture in several sizes: its own, and those of the `<picture>` it is in."""
    box = next(image.iterancestors("picture"), None)
    for element in (image, *(box.iter("source") if box is not None else ())):
        yield from (element.get(name) or "" for name in ("srcset", "data-srcset"))


def _mark_footnotes(tree: HtmlElement) -> None:
    """Turns `<sup><a href="#fn1">` and `<li id="fn1">` into marks that become footnotes of Markdown."""
    notes = {element.get("id"): element for element in tree.iter("li", "p", "div") if element.get("id")}
    numbers: dict[str, int] = {}
    for link in list(tree.iter("a")):
        target = (link.get("href") or "").partition("#")[2]
        is_reference = (link.get("href") or "").startswith("#") and _FOOTNOTE.match(target) and target in notes
        if is_reference and notes[target] not in link.iterancestors():
            number = numbers.setdefault(target, len(numbers) + 1)
            outer = link.getparent() if link.getparent() is not None and link.getparent().tag == "sup" else link
            _replace_by_text(outer, f"FOOTNOTEREF{number}ENDNOTE")
    for name, number in numbers.items():
        note = notes[name]
        for back in [each for each in note.iter("a") if (each.get("href") or "").startswith("#")]:
            _replace_by_text(back, "")
        for paragraph in note.iter("p"):
            paragraph.tag = "span"
        if note.getparent() is not None and note.getparent().tag in ("ol", "ul"):
            note.getparent().tag = "div"
        note.tag = "p"
        note.text = f"FOOTNOTEDEF{number}ENDNOTE {(note.text or '').lstrip()}"


def _replace_by_text(element: HtmlElement, text: str) -> None:
    parent = element.getparent()
    if parent is None:
        return
    whole = text + (element.tail or "")
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + whole
    else:
        parent.text = (parent.text or "") + whole
    parent.remove(element)


def _dress(tree: HtmlElement) -> None:
    """Gives captions, layout, definitions, highlighting and code the forms that Markdown has for them."""
    dissolve_tables(tree, is_layout_table)
    for caption in list(tree.iter("figcaption")):
        _as_caption(caption)
    for picture in list(tree.iter("img")):
        if not picture.get("src") and picture.getparent() is not None:
            picture.drop_tree()
    for pre in list(tree.iter("pre")):
        _as_code(pre)
    for stressed in list(tree.iter("b", "strong", "i", "em")):
        if not _LETTER.search(stressed.text_content()) and stressed.getparent() is not None:
            stressed.drop_tag()  # signs alone are not seen to be stressed beside letters: `**"**So`
    for term in list(tree.iter("dt")):
        inner = etree.Element("strong")
        inner.text, term.text = term.text, None
        inner.extend(list(term))
        term.append(inner)
        term.tag = "p"
    for element in tree.iter("dl", "dd", "mark", "hgroup", "center"):
        element.tag = {"dd": "p", "mark": "span"}.get(str(element.tag), "div")


def _as_caption(caption: HtmlElement) -> None:
    """A paragraph in italics; none if all pictures that it is of have no address."""
    box = caption.getparent()
    pictures = list(box.iter("img")) if box is not None else []
    words = " ".join(caption.text_content().split())
    if box is not None and pictures and not any(picture.get("src") for picture in pictures):
        caption.drop_tree()
        return
    tail = caption.tail
    caption.clear()
    caption.tail, caption.tag = tail, "p"
    if words:
        etree.SubElement(caption, "em").text = words


def _as_code(pre: HtmlElement) -> None:
    classes = " ".join(each.get("class") or "" for each in (pre, *pre.iter("code")))
    found = _LANGUAGE.search(classes)
    for line_break in list(pre.iter("br")):
        _replace_by_text(line_break, "\n")
    text, tail = pre.text_content(), pre.tail
    pre.clear()
    pre.tail = tail
    code = etree.SubElement(pre, "code")
    code.text = text
    if found:
        code.set("class", f"language-{found[1]}")


def _tidy(markdown: str) -> str:
    content = _EMPTY_LINK.sub("", markdown)
    content = _PLACEHOLDER.sub(lambda found: f"[^{found[2]}]" if found[1] else f"[^{found[4]}]: ", content)
    return _BLANK_LINES.sub("\n\n", "\n".join(_lines(content))).strip()


def _lines(content: str) -> list[str]:
    """Lines without spaces at their ends, and without breaks that lead nowhere: at the end of a paragraph."""
    is_code = False
    lines: list[tuple[str, bool]] = []
    for line in content.split("\n"):
        is_code ^= line.lstrip(" >").startswith("```")
        lines.append((line.rstrip(), is_code))
    following, done = "", []
    for line, is_code in reversed(lines):
        is_idle = line.endswith("\\") and not is_code and not following.strip(" >")
        following = line[:-1].rstrip() if is_idle or line == "\\" else line
        done.append(following)
    return done[::-1]

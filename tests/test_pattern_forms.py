"""Linear forms of patterns against the plain forms that they replaced: the same matches on short texts."""

from __future__ import annotations

import re
from html import unescape
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.index.quotations import draft_blocks, draft_quotations

# Module and name of a pattern, its plain form, the method of its caller, the parts of the texts that it is tried on.
FORMS = [
    ("archive.frontmatter.comment_metadata:_HTML",
     r"<!--+[ \t]*(?P<rest>(?:(?!--)[^\r\n])*+)--+>[ \t]*(?:\r\n|\n|\r|\Z)", "match",
     "<!--|<!---|-|->|>| |a|\r\n|\n"),
    ("archive.frontmatter.front_matter:_OPENING",
     r"(?P<fence>-{3,}|-?[—–][—–-]{0,2}|\+\+\+|;;;)[ \t\u00a0]*(?:(?P<syntax>ya?ml|toml|json|js|javascript|coffee|cson)"
     r"\b)?[ \t\u00a0]*(?:\#[^\r\n]*)?(?>\r\n|\n|\r)", "match", "---|-|–|+++| |yaml|js|json|#|\r\n|\n"),
    ("archive.importers.common.closing_notes:_LIFE_YEARS",
     r"\(\s*(?:b\.\s*)?\d{4}\s*[–-]\s*(?:\d{4})?\s*\)", "search", "(|b.| |1850|–|)|1"),
    ("archive.importers.common.closing_notes:_FOOTER",
     r"(?i:[-–—\s]*(?:30|ends?)[-–—\s]*\Z|(?:#\s*){2,}\Z|[-_=*~•\s]+\Z|\W*(?:https?://|www\.|@)\S+\Z|\S+@\S+\Z"
     r"|[+\d() -]{6,}\Z)", "match", "@|a| |https://|-|www.|\n|é"),
    ("archive.importers.formats.blogs.medium:_STORY",
     r"posts/(?:draft|\d{4}-\d\d-\d\d)_[^/]*-+[0-9a-f]{6,14}\.html\Z", "match", "posts/|draft_|-|abcdef|.html|x|/"),
    ("archive.importers.formats.blogs.substack:_TEXT_FILE",
     r"posts/(\d+)[^/]*\.html\Z", "match", "posts/|1|.html|a|/|."),
    ("archive.importers.formats.blogs.tumblr:_POST",
     r"(?:.*/)?(?:posts/|html/)+(\d{6,20})\.html\Z", "match", "posts/|html/|a/|a|123456|.html"),
    ("archive.importers.formats.documents.markup:_MAIL", r"\s*\([^\s()@]+@[^\s()@]+\)", "sub", " |(|)|a|@|\n"),
    ("archive.importers.formats.documents.pandoc_html:_DATA",
     r"(?is:data:([a-z]+)/([a-z0-9.+-]+)[^,]*;base64,(.*)\Z)", "match", "data:|image/|a|;base64,|,|.|x y"),
    ("archive.importers.formats.notes.notion:_RELATION", r"\s*\([^()\s]*[0-9a-f]{32}\.(?:md|html)\)", "sub",
     " |(|)|a|" + "0a" * 16 + "|.md"),
    ("archive.importers.formats.press.europresse:_COUNT", r"(?i:[\d\s]+\s*(?:mots|words)\Z)",
     "match", "1| |\n|mots|words"),
    ("archive.importers.formats.press.factiva:_SUBJECT", r"(?:\w{2,12}\s*:\s*)?(.+)\Z", "match", "ab|:| |x|\n"),
    ("archive.importers.formats.press.press_fields:_SHARE", r"\s*\(\d{1,3}\s?%\)", "sub", " |(|12|%|)|a"),
    ("archive.importers.formats.wordpress.export_index:_PICTURE",
     r"(?i:\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?)(?:[?#].*)?\Z)", "search", ".jpg|?|#|a|.png|/|.JPEG"),
    ("archive.importers.formats.wordpress.export_index:_SIZE",
     r"(?:-\d{1,5}x\d{1,5}|-scaled)?(\.\w{2,5})?(?:[?#].*)?\Z", "sub", "-1x2|-scaled|.jpg|?|#|a|-"),
    ("archive.importers.markdown.formulas:_DISPLAY_STYLE",
     r"(?s:\A\{\\(?:display|text)style\s*(.*)\}\Z)", "match", "{|\\displaystyle|\\textstyle| |}|x|\n"),
    ("archive.links.article_addresses:_HOST", r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*|//[^/]*", "sub", "http|://|/|a|.|1|:"),
    ("archive.markdown.literal_markup:_FILE", r"\.[A-Za-z][A-Za-z0-9]{1,4}(?:#[^\n]*)?\Z",
     "search", ".md|#|a|.|1|.html"),
    ("archive.markdown.math.formula_spans:_NO_FORMULA",
     r"`|\]\(|</?[A-Za-z][\w-]*(?:\s[^<>=]*=[^<>]*)?\s*/?>|<!--|://|\*\*", "search", "<|/|a|-| |=|>|\n"),
    ("archive.markdown.mdx:_IMPORT",
     r"import\b[^;'\"\n]*(?:\{[^{}'\"]*\}[^;'\"\n]*)?(?:\"[^\"\n]*\"|'[^'\n]*')[ \t]*;?[ \t]*(?=\n|\Z)", "match",
     "import |{|}|a|;|'| |\n|\""),
    ("archive.importers.formats.notes.logseq:_PROPERTY", r"\s*(?:- )?([\w][\w./-]{0,60}):: *(.*)\Z", "match",
     " |- |a|::|:|\n|/"),
    ("archive.importers.formats.press.europresse:_ISSUE", r"(?i:,\s*(?:no|nº|n°|vol|#)[. ].*\Z)",
     "sub", ",| |no|.|a|#|vol"),
    ("archive.importers.formats.documents.pandoc:_PLACE", r" at \S*source line .*\Z",
     "sub", " at |x|source| line | |:"),
    ("archive.storage.readable_body:_PART", r"(?P<path>.+?):(?P<part>[A-Za-z_][\w-]*|\d*:?\d*(?:,\d*:\d*)*)\Z", "match",
     "a|:|1|,|-|b.md"),
    ("index.engines.whoosh.search.counting.match_counts:_VARIANT", r"(?:[+#]+|(?<=[^\W\d_]{3})\d+)$", "sub",
     "+|#|abc|1|_|a|\n"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "plain", "method", "parts"), FORMS, ids=[place for place, *_ in FORMS])
def test_a_linear_form_matches_as_the_plain_one_does(place: str, plain: str, method: str, parts: str) -> None:
    module, _, name = place.partition(":")
    linear = getattr(import_module(f"backfile.{module}"), name)
    old = re.compile(plain, linear.flags if "(?" not in plain[:2] else 0)
    texts = st.lists(st.sampled_from(parts.split("|")), max_size=12).map("".join)
    begin = parts.partition("|")[0]

    @settings(max_examples=40)
    @given(texts | texts.map(lambda text: begin + text))
    def agree(text: str) -> None:
        if method == "sub":
            assert linear.sub("§", text) == old.sub("§", text)
        else:
            found, expected = getattr(linear, method)(text), getattr(old, method)(text)
            assert (found is None) == (expected is None)
            if method == "match" and found:
                assert found.groups() == expected.groups()

    agree()


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["\n", " ", "—", "--", "a", "Ann"]), max_size=12).map("".join))
def test_an_attribution_is_left_out_as_by_the_plain_form(text: str) -> None:
    plain = re.compile(r"(?:\A|\n)\s*(?:—|–|―|--|~)\s*\S[^\n]{0,200}\Z")
    assert draft_quotations._ATTRIBUTION.sub(r"\1", text) == plain.sub("", text)


_PIECES = [
    "<!--",
    "-->",
    "<pre",
    "<code>",
    "</pre",
    "</code >",
    "</q",
    "<q>",
    "<blockquote",
    ">",
    "<",
    " ",
    "a",
    "&lt;",
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_tags_are_left_out_as_by_the_plain_form(html: str) -> None:
    plain = re.compile(
        r"<!--.*?-->|<(pre|code|script|style|textarea)\b.*?</\1\s*>|<(/?)(q|blockquote)\b[^<>]*>|<[^<>]*>", re.S
    )
    marks = {"q": "“", "/q": "”", "blockquote": "“", "/blockquote": "”"}
    expected = unescape(plain.sub(lambda found: marks.get((found[2] or "") + (found[3] or ""), ""), html))
    assert draft_blocks._without_tags(html) == expected


@pytest.mark.parametrize("unclosed", ["<!--a", "<pre a", "<code>a<!--"])
def test_starts_without_an_end_are_read_at_once(unclosed: str) -> None:
    assert draft_blocks._without_tags(unclosed * 100_000).count("a") >= 100_000

"""WordPress exports: selection of posts, their text, broken XML."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from importing import count_items, import_twice

from backfile.archive.importers.formats.wordpress import wxr
from backfile.archive.importers.formats.wordpress.post_html import post_to_html
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- generator="WordPress/6.5" created="2024-06-10 12:29" -->
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<title>The Harbour Post</title><link>https://post.example</link><language>en-GB</language>
<wp:author>
<wp:author_login>edna</wp:author_login><wp:author_display_name>Edna Marsh</wp:author_display_name></wp:author>
<image><title>Logo</title><link>https://cdn.example</link></image>
"""
TAIL = "</channel></rss>"
FN = '<sup data-fn="{0}" class="fn"><a href="#{0}" id="{0}-link">{1}</a></sup>'


def post(number: int = 1, content: str = "<p>It left.</p>", **fields: str) -> str:
    values = {"status": "publish", "post_type": "post", "post_date": "2019-03-14 23:30:00"} | fields
    inner = "".join(f"<wp:{name}><![CDATA[{value}]]></wp:{name}>" for name, value in values.items())
    return f"""<item><title>Ferry {number}</title><link>https://post.example/ferry-{number}/</link>
<guid isPermaLink="false">https://post.example/?p={number}</guid><dc:creator>edna</dc:creator>
<content:encoded><![CDATA[{content}]]></content:encoded><excerpt:encoded>In &lt;b&gt;short&lt;/b&gt;</excerpt:encoded>
<category domain="category" nicename="sea">Sea &amp; air</category><category domain="post_tag">night</category>
<category domain="post_format">Aside</category>{inner}</item>"""


def meta(key: str, value: str) -> str:
    return (
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>"
    )


def with_inside(item: str, *parts: str) -> str:
    """Item with further elements in it."""
    return item.replace("</item>", "".join(parts) + "</item>")


def picture(number: int, name: str, parent: int = 0, caption: str = "") -> str:
    item = post(number, "", post_type="attachment", status="inherit", post_id=str(number), post_parent=str(parent))
    address = f"<wp:attachment_url>https://post.example/up/{name}</wp:attachment_url>"
    return with_inside(item.replace("In &lt;b&gt;short&lt;/b&gt;", caption), address)


def articles(tmp_path: Path, *items: str) -> list[Item]:
    """Articles of an export of these items."""
    return [each for each in read(tmp_path, HEAD + "".join(items) + TAIL) if isinstance(each, Item)]


def read(tmp_path: Path, content: str) -> list[ImportEvent]:
    path = tmp_path / "export.xml"
    path.write_text(content, encoding="utf-8")
    return list(wxr.read(path, ImportContext()))


def test_a_post(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + post() + TAIL) == [
        Item(
            origin="https://post.example/?p=1",
            metadata=ArticleMetadata(
                title="Ferry 1",
                authors=("Edna Marsh",),
                topics=("Sea & air", "night"),
                date=PartialDate(2019, 3, 14),
                summary="In short",
                source=Source("The Harbour Post", "https://post.example/ferry-1/"),
                language="en-GB",
            ),
            body="It left.",
        )
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "draft"}, "draft"),
        ({"status": "future"}, "not published yet"),
        ({"status": "private"}, "private"),
        ({"post_password": "x"}, "behind a password"),
        ({"post_type": "attachment", "status": "inherit"}, "an attachment"),
        ({"post_type": "nav_menu_item"}, "a menu entry"),
        ({"post_type": "wp_block"}, "no article but wp_block"),
    ],
)
def test_items_that_are_no_articles_are_skipped(tmp_path: Path, fields: dict[str, str], reason: str) -> None:
    assert read(tmp_path, HEAD + post(**fields) + TAIL) == [Skipped("https://post.example/?p=1", reason)]


def test_pages_and_posts_of_other_types_are_taken(tmp_path: Path) -> None:
    page, recipe = read(tmp_path, HEAD + post(1, post_type="page") + post(2, post_type="recipe") + TAIL)
    assert isinstance(page, Item)
    assert isinstance(recipe, Item)
    assert (page.extra, recipe.extra) == ({}, {"post_type": "recipe"})


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("One\nline\n\nTwo", "One\\\nline\n\nTwo"),
        ("<h2>A</h2>\nOne\n\n<ul>\n<li>x</li>\n</ul>\nTwo", "## A\n\nOne\n\n- x\n\nTwo"),
        ("<pre>a\n\nb</pre>", "```\na\n\nb\n```"),
        ("<!-- wp:paragraph -->\n<p>One\nline</p>\n<!-- /wp:paragraph -->", "One\nline"),
        ('[caption id="a" width="3"]<img src="/a.png" alt="A" /> The ship[/caption]',
         "![A](https://post.example/a.png)\n\n*The ship*"),
        ("[embed]https://v.example/1[/embed] after", "[https://v.example/1](https://v.example/1) after"),
        ('[gallery ids="1,2"]\n\nBelow', "*(pictures: not in the export)*\n\nBelow"),
        ('[box color="red"]inside[/box] [sic] [[gallery]]', "inside [sic] \\[gallery\\]"),
        ("<!--more-->", ""),
    ],
)  # fmt: skip
def test_the_text_is_that_of_the_wordpress_page(tmp_path: Path, content: str, body: str) -> None:
    (item,) = read(tmp_path, HEAD + post(content=content) + TAIL)
    assert isinstance(item, Item)
    assert item.body == body


def test_a_gallery_is_noted() -> None:
    assert post_to_html("[gallery]")[1] == ("has a gallery of pictures, which the export does not name",)


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ('[gist id="e7656"]', "https://gist.github.com/e7656"),
        ('[gistr link="https://gist.example/x/1"]', "https://gist.example/x/1"),
        ("[youtube=https://v.example/watch?v=abc&amp;w=640]", "https://v.example/watch?v=abc&w=640"),
        ('[youtube id="abc123"]', "https://www.youtube.com/watch?v=abc123"),
        ("[vimeo 123 w=500 h=300]", "https://vimeo.com/123"),
        ("[tweet https://t.example/x/status/1]", "https://t.example/x/status/1"),
        ('[audio mp3="https://post.example/horn.mp3"][/audio]', "https://post.example/horn.mp3"),
        ("[audio https://post.example/horn.mp3|width=180]", "https://post.example/horn.mp3"),
        ('[video width="6" mp4="https://post.example/a.mp4"][/video]', "https://post.example/a.mp4"),
        ("Before\n\nhttps://v.example/9", "https://v.example/9"),
        ("<!-- wp:x --><div>\nhttps://v.example/9\n</div>", "https://v.example/9"),
        ('<!-- wp:embed {"url":"https://v.example/9"} /-->', "https://v.example/9"),
    ],
)
def test_what_a_shortcode_or_block_plays_is_linked(tmp_path: Path, content: str, body: str) -> None:
    (item,) = articles(tmp_path, post(content=content))
    assert f"[{body}]({body})" in item.body
    assert item.notes == ()


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ('[button url="https://post.example/a"]Read on[/button]', "[Read on](https://post.example/a)"),
        ('[vc_row css=".a{background:url(https://post.example/b.png)}"][vc_column]Words[/vc_column][/vc_row]', "Words"),
        ('[spoiler title="The end"]It sinks.[/spoiler]', "**The end**\n\nIt sinks."),
        ('[vc_custom_heading text="The pier"]', "**The pier**"),
        ('[et_pb_image src="https://post.example/p.jpg" alt="x"]', "![](https://post.example/p.jpg)"),
        ('[collapse title="More"]It left.[/collapse]', "**More**\n\nIt left."),
        ("[av_heading heading='The pier' tag='h3'] It left.", "**The pier**\n\nIt left."),
        ("[pullquote]It left.[/pullquote]", "> It left."),
        ('[sourcecode language="sql"]\nSELECT 1\n\nWHERE a &lt; b[0]\n[/sourcecode]',
         "```sql\nSELECT 1\n\nWHERE a < b[0]\n```"),
        ('<pre>[gallery ids="1"] [a href="x"]</pre>', '```\n[gallery ids="1"] [a href="x"]\n```'),
        ("Use <code>[audio x]</code> here", "Use `[audio x]` here"),
        ('[cc lang="c"]#include <stdio.h>\nif (a && b[0]) x("<p>");[/cc]',
         '```c\n#include <stdio.h>\nif (a && b[0]) x("<p>");\n```'),
        ('[caption id="a"]<a href="/b.png"><img src="/b.png" /></a> [A, B] != [B, A][/caption]',
         "[![](https://post.example/b.png)](https://post.example/b.png)\n\n*\\[A, B\\] != \\[B, A\\]*"),
        ('<!-- wp:x --><p>[caption id=&quot;a&quot; width=&quot;4&quot;]<img src="/b.png"/> Pier[/caption]</p>',
         "![](https://post.example/b.png)\n\n*Pier*"),
        ("[vc_raw_html]JTNDcCUzRVdvcmRzJTNDJTJGcCUzRQ==[/vc_raw_html]", "Words"),
        ('[box caption="a &lt;b&gt;" link="<a href=\'x\'>y</a>"]in[/box]', "**a \\<b>**\n\nin"),
        ("He said [see below] in [2019] [php].", "He said [see below] in [2019] [php]."),
    ],
)  # fmt: skip
def test_what_shortcodes_enclose_or_say_stays(tmp_path: Path, content: str, body: str) -> None:
    (item,) = articles(tmp_path, post(content=content))
    assert (item.body, item.notes) == (body, ())


def test_shortcodes_that_are_lost_are_named(tmp_path: Path) -> None:
    content = (
        '[sc name="price"] [map center=&#8221;35.8&#8243;] [vc_empty_space height="3"] [contact-form-7 id="1"] End'
    )
    (item,) = articles(tmp_path, post(content=content))
    assert item.body == "End"
    assert item.notes == ('left out what these shortcodes show: sc name="price", map center=&#8221;35.8&#8243;',)


def test_a_gallery_shows_the_pictures_of_the_export(tmp_path: Path) -> None:
    items = [picture(5, "a.jpg", 1, "The pier"), picture(6, "b.jpg"), post(content='[gallery ids="6,5,99"]')]
    assert articles(tmp_path, *items)[0].body == (
        "![](https://post.example/up/b.jpg)\n\n![](https://post.example/up/a.jpg)\n\n*The pier*"
    )
    own = articles(tmp_path, post(content="[gallery]", post_id="1"), *items[:2])[0]
    assert own.body == "![](https://post.example/up/a.jpg)\n\n*The pier*"


def test_footnotes_of_the_block_editor_come_along(tmp_path: Path) -> None:
    content = (
        f"<!-- wp:paragraph --><p>One{FN.format('b-2', 1)}, two{FN.format('a-1', 2)}, one{FN.format('b-2', 1)}.</p>"
    )
    notes = (
        '[{"content":"First, <em>p. 3</em>.","id":"a-1"},{"content":"Second.","id":"b-2"},{"id":"c","content":"Last"}]'
    )
    (item,) = articles(tmp_path, with_inside(post(content=content), meta("footnotes", ""), meta("footnotes", notes)))
    assert item.body == "One[^1], two[^2], one[^1].\n\nLast\n\n[^1]: Second.\n\n[^2]: First, *p. 3*."
    (item,) = articles(tmp_path, with_inside(post(content=content), meta("footnotes", "[{broken")))
    assert item.body == "One<sup>1</sup>, two<sup>2</sup>, one<sup>1</sup>."
    assert item.notes == ("its footnotes cannot be read", "the text of 3 of its footnotes is not in the export")


@pytest.mark.parametrize(
    "content",
    [
        "It left[fn]At nine.[/fn] late.",
        "It left[efn_note]At nine.[/efn_note] late.",
        'It left[footnote id="x"]At nine.[/footnote] late.',
        "It left[note]At nine.[/note] late.",
    ],
)
def test_footnotes_of_plugins_are_footnotes(content: str, tmp_path: Path) -> None:
    (item,) = articles(tmp_path, post(content=content))
    assert item.body == "It left[^1] late.\n\n[^1]: At nine."


def test_counted_notes_in_brackets_are_footnotes_and_other_numbers_are_not(tmp_path: Path) -> None:
    content = "Late[1. The harbour log.] again [2. The same.], see [3] and [Art. 4]."
    (item,) = articles(tmp_path, post(content=content))
    assert item.body == ("Late[^1] again[^2], see [3] and [Art. 4].\n\n[^1]: The harbour log.\n\n[^2]: The same.")
    assert articles(tmp_path, post(content="As in Mose [1. Mose 3]."))[0].body == "As in Mose [1. Mose 3]."


def test_co_authors_go_before_the_account_that_posted(tmp_path: Path) -> None:
    terms = (
        '<category domain="author" nicename="cap-edna"><![CDATA[edna]]></category>',
        '<category domain="author" nicename="cap-jroe"><![CDATA[cap-jroe]]></category>',
        '<category domain="author" nicename="mara-quill"><![CDATA[Mara Quill]]></category>',
    )
    guest = with_inside(
        post(9, "", post_type="guest-author", post_name="cap-jroe"), meta("cap-display_name", "John Roe")
    )
    found = read(tmp_path, HEAD + with_inside(post(), *terms) + guest + TAIL)
    assert isinstance(found[0], Item)
    assert found[0].metadata.authors == ("Edna Marsh", "John Roe", "Mara Quill")
    assert found[1] == Skipped("https://post.example/?p=9", "the profile of an author")
    (item,) = articles(tmp_path, with_inside(post(), meta("guest-author", "Mara Quill")))
    assert item.metadata.authors == ("Mara Quill",)


def test_no_address_of_an_author_comes_in(tmp_path: Path) -> None:
    author = (
        "<wp:author><wp:author_login>j@post.example</wp:author_login><wp:author_email>j@post.example</wp:author_email>"
        "<wp:author_display_name>j@post.example</wp:author_display_name><wp:author_first_name>John</wp:author_first_name>"
        "<wp:author_last_name>Roe</wp:author_last_name></wp:author>"
    )
    for creator, name in [("j@post.example", "John Roe"), ("mara.quill@post.example", "mara.quill")]:
        (item,) = articles(tmp_path, author + post().replace(">edna<", f">{creator}<"))
        assert item.metadata.authors == (name,)


def test_the_featured_picture_stands_above_the_text_unless_that_shows_it(tmp_path: Path) -> None:
    items = (picture(77, "pier.jpg", 0, "At dusk. Photo: J. Roe"), meta("_thumbnail_id", "77"))
    (item,) = articles(tmp_path, items[0], with_inside(post(), items[1]))
    assert item.body == "![](https://post.example/up/pier.jpg)\n\n*At dusk. Photo: J. Roe*\n\nIt left."
    shown = '<p>It left.</p><img src="https://post.example/up/pier-300x200.jpg">'
    (item,) = articles(tmp_path, items[0], with_inside(post(content=shown), items[1]))
    assert item.body == "It left.\n\n![](https://post.example/up/pier-300x200.jpg)"
    other = '<p>It left.</p><img src="https://post.example/up/pier-house.jpg">'
    (item,) = articles(tmp_path, items[0], with_inside(post(content=other), items[1]))
    assert item.body.startswith("![](https://post.example/up/pier.jpg)")
    (item,) = articles(tmp_path, with_inside(post(), items[1]))
    assert (item.body, item.notes) == ("It left.", ("its featured picture is not in the export",))


def test_the_sound_of_a_podcast_is_linked(tmp_path: Path) -> None:
    (item,) = articles(tmp_path, with_inside(post(), meta("enclosure", "https://post.example/1.mp3\n123\naudio/mpeg")))
    assert item.body == "It left.\n\n[https://post.example/1.mp3](https://post.example/1.mp3)"


def test_reusable_blocks_and_texts_in_attributes_come_in(tmp_path: Path) -> None:
    block = post(
        42, "<!-- wp:paragraph --><p>Shared words.</p><!-- /wp:paragraph -->", post_type="wp_block", post_id="42"
    )
    content = (
        '<!-- wp:block {"ref":42} /--><!-- wp:block {"ref":43} /--><!-- wp:latest-posts {"postsToShow":9} /-->'
        '<!-- wp:acf/quote {"data":{"text":"It is late.","_text":"field_1"}} /--><!-- wp:shop/cart {"id":1} /-->'
    )
    (item,) = articles(tmp_path, post(content=content), block)
    assert item.body == "Shared words.\n\n*(reusable block: not in the export)*\n\nIt is late."
    assert item.notes == ("left out a reusable block", "left out the block shop/cart")


def test_a_block_that_holds_itself_ends(tmp_path: Path) -> None:
    block = post(42, 'x<!-- wp:block {"ref":42} /-->', post_type="wp_block", post_id="42")
    (item,) = articles(tmp_path, post(content='<!-- wp:block {"ref":42} /-->'), block)
    assert item.body.count("x") < 9


def test_empty_posts_come_in_with_their_summary(tmp_path: Path) -> None:
    contents = (
        "&nbsp;",
        "<!-- wp:paragraph -->\n<p>&nbsp;</p>",
        '<!-- wp:rss {"feedURL":"https://x.example"} /-->',
        " ",
    )
    found = articles(tmp_path, *(post(number, content) for number, content in enumerate(contents)))
    assert [(each.body, each.metadata.summary, each.notes) for each in found] == [("", "In short", ())] * 4


def test_terms_descriptions_languages_and_odd_states_are_kept(tmp_path: Path) -> None:
    item = with_inside(
        post(status="archived").replace("In &lt;b&gt;short&lt;/b&gt;", ""),
        '<category domain="series" nicename="f">Ferries</category>',
        '<category domain="language" nicename="de">Deutsch</category>',
        meta("_yoast_wpseo_metadesc", "All about it."),
    )
    (found,) = articles(tmp_path, item)
    assert (found.extra, found.metadata.language) == ({"series": ["Ferries"]}, "de")
    assert found.metadata.summary == "All about it."
    assert found.notes == ("its status is archived, which is none of WordPress itself",)


def test_comments_are_counted(tmp_path: Path) -> None:
    comment = "<wp:comment><wp:comment_content>No!</wp:comment_content></wp:comment>"
    found = read(tmp_path, HEAD + with_inside(post(), comment, comment) + TAIL)
    assert found[1:] == [Skipped("comments", "2 comments of readers left out")]


@pytest.mark.parametrize(
    "content",
    ["<pre>" * 20_000, "[code]" * 20_000, "[fn]" * 20_000, "[" * 100_000, '[a b="' * 20_000, "[ref]x" * 9_000],
)
def test_open_tags_take_no_long_time(content: str) -> None:
    assert post_to_html(content)[1] == ()


def test_broken_xml_is_reported_and_reading_goes_on(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + post(1) + post(2, content="a]]>b\x0c") + post(3) + "<item><title>cut")
    assert [each.metadata.title for each in found if isinstance(each, Item)][:3] == ["Ferry 1", "Ferry 2", "Ferry 3"]
    problems = [each for each in found if isinstance(each, Problem)]
    assert all(each.reason.startswith("broken XML") for each in problems)
    assert all(each.line for each in problems)
    assert len(problems) >= 2


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    bomb = f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100}"><!ENTITY f SYSTEM "{secret.as_uri()}">]>\n<rss'
    found = read(tmp_path, (HEAD + post() + TAIL).replace("<rss", bomb, 1).replace("Ferry 1", "Ferry &f;&a;"))
    assert "SECRET" not in repr(found)
    assert "xxxx" not in repr(found)


def test_an_export_comes_in_twice_alike(tmp_path: Path) -> None:
    notes = meta("footnotes", '[{"content":"So they say.","id":"a-1"}]')
    first = with_inside(post(1, f"<p>It left{FN.format('a-1', 1)}.</p>"), notes, meta("_thumbnail_id", "77"))
    path = tmp_path / "export.xml"
    path.write_text(HEAD + first + post(2, "[gallery]", post_id="2") + picture(77, "pier.jpg", 2, "At dusk") + TAIL)
    written = import_twice(tmp_path / "library", path)
    shown = "![](https://post.example/up/pier.jpg)\n\n*At dusk*\n"
    assert written["2019/2019-03-14-ferry-1.md"].endswith(f"\n{shown}\nIt left[^1].\n\n[^1]: So they say.\n")
    assert written["2019/2019-03-14-ferry-2.md"].endswith(f"\n{shown}")


@pytest.mark.long
def test_ten_thousand_posts_take_no_more_memory_than_one(tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    with path.open("w") as file:
        file.write(HEAD)
        for number in range(10_000):
            item = post(number, "<p>" + "It left the harbour at nine. " * 100 + "</p>", post_id=str(number))
            file.write(with_inside(item, meta("_thumbnail_id", str(20_000 + number))))
            file.write(picture(20_000 + number, f"{number}.jpg", number))
        file.write(TAIL)
    items, growth = count_items(wxr, path)
    assert items == 10_000
    assert growth < 48 << 20, growth


def test_exports_are_recognised_and_other_feeds_are_not() -> None:
    assert wxr.detect(Probe(Path("x"), False, HEAD.encode())) == 98
    assert wxr.detect(Probe(Path("x"), False, b'<rss version="2.0"><channel>')) == 0


@pytest.mark.corpora
@pytest.mark.long
def test_the_exports_of_the_world() -> None:
    root = Path(os.environ.get("CORPORA", Path.home() / ".cache/backfile-corpora")) / "wxr-wordpress"
    if not root.is_dir():
        pytest.skip("the corpus wxr-wordpress is not on this machine")
    found = [each for path in sorted(root.rglob("*.xml")) for each in wxr.read(path, ImportContext())]
    assert sum(isinstance(each, Item) for each in found) > 300
    assert sum(isinstance(each, Problem) for each in found) < 10


def test_control_characters_do_not_end_a_text(tmp_path: Path) -> None:
    first, second = articles(tmp_path, post(1, "<p>It\x0bleft\x08 late. It came back.</p>"), post(2))
    assert first.body == "It left late. It came back."
    assert (first.metadata.date, second.body) == (PartialDate(2019, 3, 14), "It left.")


def test_text_that_is_only_in_custom_fields_is_named(tmp_path: Path) -> None:
    words = "<p>The ferry left the harbour a little after eleven, as it had done every night since the war.</p>"
    fields = (("story", words), ("_edit", words), ("settings", f's:{len(words)}:"{words}"'), ("short", "two words"))
    empty, whole = (with_inside(post(n, body), *(meta(*each) for each in fields)) for n, body in ((1, ""), (2, words)))
    first, second = articles(tmp_path, empty, whole)
    assert first.notes == ("has no text of its own; text is in custom fields, which are not read: story",)
    assert second.notes == ()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("It is $latex a_1 + b_2 &lt; c$ high.", "It is $a_1 + b_2 < c$ high."),
        ("<p>[latex]E=mc^2[/latex] holds.</p>", "$E=mc^2$ holds."),
        ("First\n\n$latex \\frac{a}{b}$\n\nLast", "First\n\n$\\frac{a}{b}$\n\nLast"),
        ("It costs $5, in latex $6.", "It costs $5, in latex $6."),
    ],
)
def test_formulas_of_jetpack_are_tex(content: str, text: str, tmp_path: Path) -> None:
    (article,) = articles(tmp_path, post(1, content))
    assert article.body == text

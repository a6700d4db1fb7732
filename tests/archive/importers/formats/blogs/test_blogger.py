"""Blogger: the Atom backup and the folder of Google Takeout."""

from __future__ import annotations

from pathlib import Path

import pytest
from importing import count_items, import_twice, write_tree

from backfile.archive.importers.formats.blogs import blogger
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

BACKUP_HEAD = """<?xml version='1.0' encoding='UTF-8'?><?xml-stylesheet href="https://www.blogger.com/styles/atom.css"?>
<feed xmlns='http://www.w3.org/2005/Atom' xmlns:gd='http://schemas.google.com/g/2005'
 xmlns:thr='http://purl.org/syndication/thread/1.0'>
<id>tag:blogger.com,1999:blog-7.archive</id><updated>2019-05-01T00:00:00.000-07:00</updated>
<title type='text'>The Harbour Post
</title><link rel='alternate' type='text/html' href='https://post.example/'/>
<author><name>Edna Marsh</name><email>noreply@blogger.com</email></author><generator version='7.00'>Blogger</generator>
"""
TAKEOUT_HEAD = """<?xml version='1.0' encoding='utf-8'?>
<feed xmlns='http://www.w3.org/2005/Atom' xmlns:blogger='http://schemas.google.com/blogger/2018'>
<id>tag:blogger.com,1999:blog-7</id><title>The Harbour Post</title>
"""
KIND = (
    "<category scheme='http://schemas.google.com/g/2005#kind' term='http://schemas.google.com/blogger/2008/kind#{}'/>"
)
DRAFT = "<app:control xmlns:app='http://purl.org/atom/app#'><app:draft>yes</app:draft></app:control>"


def entry(number: int, kind: str = "post", content: str = "&lt;p&gt;It left at nine.&lt;/p&gt;", more: str = "") -> str:
    return f"""<entry><id>tag:blogger.com,1999:blog-7.post-{number}</id>
<published>2019-03-14T23:30:00.001-07:00</published><updated>2019-03-16T08:00:00.000-07:00</updated>
{KIND.format(kind)}<category scheme='http://www.blogger.com/atom/ns#' term='Night ferries'/>
<title type='text'>The night ferry &amp;amp; the tide {number}</title><content type='html'>{content}</content>
<link rel='replies' type='text/html' href='https://post.example/2019/03/ferry.html#comment-form'/>
<link rel='alternate' type='text/html' href='https://post.example/2019/03/ferry-{number}.html'/>
<author><name>Edna Marsh</name><uri>https://www.blogger.com/profile/1</uri><email>edna@post.example</email></author>
<thr:total>2</thr:total>{more}</entry>
"""


def taken(number: int, kind: str = "POST", status: str = "LIVE", more: str = "") -> str:
    return f"""<entry><id>tag:blogger.com,1999:blog-7.post-{number}</id><blogger:type>{kind}</blogger:type>
<blogger:status>{status}</blogger:status><author><name>Edna Marsh</name><blogger:type>BLOGGER</blogger:type></author>
<title>The night ferry {number}</title><content type='html'>&lt;p&gt;It left at nine.&lt;/p&gt;</content>
<published>2019-03-14T10:15:00Z</published><updated>2019-03-14T10:15:00Z</updated>
<category scheme='tag:blogger.com,1999:blog-7' term='Ferries'/>
<blogger:filename>/2019/03/ferry-{number}.html</blogger:filename><link/><enclosure/>{more}</entry>
"""


def read(tmp_path: Path, content: str) -> list[ImportEvent]:
    path = tmp_path / "blog.xml"
    path.write_text(content, encoding="utf-8")
    return list(blogger.read(path, ImportContext()))


def read_body(tmp_path: Path, content: str) -> str:
    (item,) = read(tmp_path, BACKUP_HEAD + entry(1, content=content) + "</feed>")
    assert isinstance(item, Item)
    return item.body


def test_a_post_of_the_backup(tmp_path: Path) -> None:
    (item,) = read(tmp_path, BACKUP_HEAD + entry(1) + "</feed>")
    assert isinstance(item, Item)
    assert item.origin == "tag:blogger.com,1999:blog-7.post-1"
    assert item.metadata.title == "The night ferry & the tide 1"
    assert item.metadata.authors == ("Edna Marsh",)
    assert item.metadata.topics == ("Night ferries",)
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.updated == PartialDate(2019, 3, 16)
    assert item.metadata.source == Source("The Harbour Post", "https://post.example/2019/03/ferry-1.html")
    assert item.body == "It left at nine."


def test_what_is_no_published_post_is_skipped_with_its_reason(tmp_path: Path) -> None:
    entries = [
        entry(1, "settings"),
        entry(2, "template"),
        entry(3, "comment"),
        entry(4, more=DRAFT),
        entry(5, "page"),
        taken(6, "COMMENT"),
        taken(7, status="DRAFT"),
        taken(8, status="SOFT_TRASHED"),
        taken(9, "PAGE"),
        taken(10, more="<blogger:trashed>2020-01-01T00:00:00Z</blogger:trashed>"),
        taken(11, status="SCHEDULED"),
    ]
    found = read(tmp_path, BACKUP_HEAD + "".join(entries) + "</feed>")
    assert [event.reason if isinstance(event, Skipped) else type(event) for event in found] == [
        "a setting of the blog",
        "the template of the blog",
        "a comment",
        "draft",
        Item,
        "a comment",
        "draft",
        "in the trash",
        Item,
        "in the trash",
        "not published yet",
    ]


def test_the_address_of_a_post_of_takeout_is_that_of_the_settings_beside_it(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"feed.atom": TAKEOUT_HEAD + taken(1) + "</feed>"}
    (item,) = blogger.read(write_tree(tmp_path, files) / "feed.atom", ImportContext())
    assert isinstance(item, Item)
    assert item.metadata.source == Source("The Harbour Post")
    assert item.extra == {"permalink": "/2019/03/ferry-1.html"}
    write_tree(tmp_path, {"settings.csv": "blog_adult_content,blog_custom_domain,blog_subdomain\nfalse,,harbour\n"})
    (item,) = blogger.read(tmp_path / "feed.atom", ImportContext())
    assert isinstance(item, Item)
    assert item.metadata.source == Source("The Harbour Post", "https://harbour.blogspot.com/2019/03/ferry-1.html")
    assert not item.extra


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("One.&lt;br /&gt;&lt;br /&gt;Two &lt;b&gt;bold&lt;/b&gt;.&lt;br&gt;Three.", "One.\n\nTwo **bold**.\\\nThree."),
        (
            "&lt;table class=&quot;tr-caption-container&quot;&gt;&lt;tbody&gt;&lt;tr&gt;&lt;td&gt;"
            "&lt;a href=&quot;https://pics.example/s1600/pier.jpg&quot;&gt;"
            "&lt;img src=&quot;https://pics.example/s320/pier.jpg&quot;&gt;&lt;/a&gt;&lt;/td&gt;&lt;/tr&gt;&lt;tr&gt;"
            "&lt;td class=&quot;tr-caption&quot;&gt;The pier&lt;/td&gt;&lt;/tr&gt;&lt;/tbody&gt;&lt;/table&gt;It.",
            "[![](https://pics.example/s320/pier.jpg)](https://pics.example/s1600/pier.jpg)\n\n*The pier*\n\nIt.",
        ),
        ("&lt;a href=&quot;/2018/01/a.html&quot;&gt;Before&lt;/a&gt;", "[Before](https://post.example/2018/01/a.html)"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;&lt;p onclick=&quot;x()&quot;&gt;It.&lt;/p&gt;", "It."),
    ],
)
def test_the_html_of_posts(content: str, body: str, tmp_path: Path) -> None:
    assert read_body(tmp_path, content) == body


def test_names_of_deleted_profiles_are_no_authors(tmp_path: Path) -> None:
    posts = "".join(entry(1).replace("Edna Marsh", name) for name in ("Unknown", "Anonymous", "edna@post.example"))
    found = read(tmp_path, BACKUP_HEAD + posts + "</feed>")
    assert [event.metadata.authors for event in found if isinstance(event, Item)] == [(), (), ()]


def test_xhtml_and_plain_text(tmp_path: Path) -> None:
    as_xhtml = entry(1, content="<div><p>It <b>left</b> at nine.</p></div>").replace("type='html'", "type='xhtml'")
    as_text = entry(2, content="It left at * nine.").replace("content type='html'", "content type='text'")
    found = read(tmp_path, BACKUP_HEAD + as_xhtml + as_text + "</feed>")
    assert [event.body for event in found if isinstance(event, Item)] == [
        "It **left** at nine.",
        "It left at \\* nine.",
    ]


def test_a_broken_entry_does_not_reach_the_next(tmp_path: Path) -> None:
    broken = entry(2).replace("</published>", "")
    deep = entry(3, content="&lt;div&gt;" * 5000)
    content = BACKUP_HEAD + entry(1) + broken + deep + entry(4) + entry(5).partition("</title>")[0]
    found = read(tmp_path, content)
    assert [type(event) for event in found] == [Item, Problem, Problem, Item, Problem]
    problems = [event for event in found if isinstance(event, Problem)]
    for problem, number, reason in zip(problems, "235", ("broken XML", "nested", "the file ends within"), strict=True):
        assert reason in problem.reason
        assert problem.line == content[: content.index(f"post-{number}<")].count("\n") + 1


def test_entities_and_forbidden_characters_are_no_reason_to_lose_a_post(tmp_path: Path) -> None:
    post = entry(1, content="One&nbsp;\x0btwo &#x1b;&hellip; R&D.").replace("ferry &amp;amp;", "ferry\x08 &ndash;")
    (item,) = read(tmp_path, BACKUP_HEAD + post + "</feed>")
    assert isinstance(item, Item)
    assert (item.metadata.title, item.body) == ("The night ferry – the tide 1", "One two … R&D.")


def test_detection(tmp_path: Path) -> None:
    for head in (BACKUP_HEAD + entry(1), TAKEOUT_HEAD):
        detection = registry.detect_format(Probe(tmp_path / "blog.xml", False, head.encode()))
        assert detection is not None
        assert detection.format.KIND == "blogger"
    public = BACKUP_HEAD.encode()
    assert blogger.detect(Probe(tmp_path / "feed.xml", False, public)) == 0  # a feed of today's posts


def test_a_folder_of_takeout_comes_in_twice_alike(tmp_path: Path) -> None:
    blog = "Takeout/Blogger/Blogs/The Harbour Post"
    files: dict[str, str | bytes] = {
        f"{blog}/feed.atom": TAKEOUT_HEAD + taken(1) + taken(2, status="DRAFT") + taken(3, "COMMENT") + "</feed>",
        f"{blog}/settings.csv": "blog_custom_domain\npost.example\n",
        f"{blog}/theme-classic.html": "<html>",
        "Takeout/Blogger/Albums/The Harbour Post/pier.jpg": b"\xff\xd8",
        "Takeout/archive_browser.html": "<html>",
    }
    written = import_twice(tmp_path / "library", write_tree(tmp_path / "export", files) / "Takeout")
    assert list(written.values()) == [
        "---\ntitle: The night ferry 1\nauthors: [Edna Marsh]\ndate: 2019-03-14\ntopics: [Ferries]\n"
        "source: {name: The Harbour Post, url: 'https://post.example/2019/03/ferry-1.html'}\n---\n\nIt left at nine.\n"
    ]


@pytest.mark.long
def test_ten_thousand_posts_are_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "blog.xml"
    with path.open("w") as file:
        file.write(BACKUP_HEAD)
        for number in range(10_000):
            file.write(entry(number, content="&lt;p&gt;" + "It left the harbour at nine. " * 150 + "&lt;/p&gt;"))
        file.write("</feed>")
    items, growth = count_items(blogger, path)
    assert items == 10_000
    assert growth < 32 << 20, growth

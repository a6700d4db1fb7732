"""Squarespace: its export is WordPress's, with addresses below the site and blocks of its own."""

from __future__ import annotations

from pathlib import Path

from importing import import_twice, write_tree

EXPORT = """<?xml version="1.0" encoding="UTF-8"?>
<rss xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<title>The Harbour Post</title><link>http://post.example</link><language>en-GB</language><wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_login>edna@post.example</wp:author_login>
<wp:author_display_name><![CDATA[Edna Marsh]]></wp:author_display_name></wp:author>
<item><title>Draft</title><link>/draft</link><content:encoded><![CDATA[<p>No.</p>]]></content:encoded>
<wp:post_type>post</wp:post_type><wp:post_id>1</wp:post_id><wp:status>draft</wp:status></item>
<item><title>The night ferry</title><link>/blog/night-ferry</link><content:encoded><![CDATA[<div class="sqs-layout">
<div class="sqs-block html-block"><div class="sqs-block-content"><p>It left at nine.</p></div></div>
<div class="sqs-block image-block"><figure class="sqs-block-image-figure">
<noscript><img src="https://pics.example/pier.jpg" /></noscript>
<img class="thumb-image" data-src="https://pics.example/pier.jpg" alt="Pier"></figure></div></div>]]></content:encoded>
<wp:post_name>night-ferry</wp:post_name><wp:post_type>post</wp:post_type><wp:post_id>4</wp:post_id>
<wp:status>publish</wp:status><wp:post_date>2019-03-14 03:00:44</wp:post_date>
<category domain="post_tag" nicename="sea"><![CDATA[sea]]></category><dc:creator>edna@post.example</dc:creator></item>
</channel></rss>
"""


def test_an_export_comes_in_twice_alike(tmp_path: Path) -> None:
    path = write_tree(tmp_path, {"Squarespace-Wordpress-Export-05-14-2024.xml": EXPORT})
    written = import_twice(tmp_path / "library", path / "Squarespace-Wordpress-Export-05-14-2024.xml")
    ((name, text),) = written.items()
    assert name == "2019/2019-03-14-the-night-ferry.md"
    assert "authors: [Edna Marsh]" in text
    assert "edna@" not in text
    assert "It left at nine.\n\n![Pier](https://pics.example/pier.jpg)\n" in text

"""Footers of feeds: left out in every language, and nothing else."""

from __future__ import annotations

import pytest

from backfile.archive.importers.common.feed_footers import without_feed_footer

LINK, SITE = "https://www.post.example/2020/ferry/", "https://post.example/"
ENTRY = '<a rel="nofollow" href="https://post.example/2020/ferry?utm_source=rss">The night ferry</a>'
HOME = '<a href="http://post.example">The Harbour Post</a>'
TEXT = "<p>It left at nine.</p>\n"


def without(html: str) -> str:
    return without_feed_footer(html, (LINK, ""), SITE)


@pytest.mark.parametrize(
    "footer",
    [
        f"<p>The post {ENTRY} appeared first on {HOME}.</p>",
        f"<p>Der Beitrag {ENTRY} erschien zuerst auf {HOME}.</p>",
        f"<p>L’article {ENTRY} est apparu en premier sur {HOME}.</p>",
        f"<p>La entrada {ENTRY} se publicó primero en {HOME}.</p>",
        f"<p>Artykuł {ENTRY} pochodzi z serwisu {HOME}.</p>",
        f"<p>Сообщение {ENTRY} появились сначала на {HOME}.</p>",
        f"<p>投稿{ENTRY}は{HOME}に最初に表示されました。</p>",
        f"<p>{ENTRY} @ {HOME}</p>",
        f"<p>The post {ENTRY} appeared first on The Harbour Post.</p>",
        f"<p>Der Beitrag {ENTRY} erschien zuerst auf Hafenpost.</p>",
        f"<p>The post {ENTRY} appeared first on {HOME}.</p>\n<img width='1' height='1' src='https://count.example/1'>",
        f"<div><p>The post {ENTRY} appeared first on {HOME}.</p></div><p></p>",
        f"<br>The post {ENTRY} appeared first on {HOME}.",
        f"<hr><p>{ENTRY} was originally published in {HOME} on Medium, where people are continuing the conversation by"
        " highlighting and responding to this story.</p>",
    ],
)
def test_a_footer_is_left_out(footer: str) -> None:
    assert without(TEXT + footer).replace("<div>", "").replace("<hr>", "").strip() == TEXT.strip()


@pytest.mark.parametrize(
    "last",
    [
        f"<p>The post {ENTRY} appeared first on {HOME}.</p><p>More.</p>",
        f"<p>The post {ENTRY} appeared first on <a href='https://other.example/'>another</a>.</p>",
        "<p>The post <a href='https://post.example/2019/tram/'>The tram</a> appeared first on The Post.</p>",
        f"<p>More about it is at {ENTRY}.</p>",
        f"<p>More at {HOME}.</p>",
        f"<p>The post {ENTRY} {'and more ' * 12} appeared first on {HOME}.</p>",
        f"<p>The post {ENTRY} appeared first on {HOME}.<img src='map.png'></p>",
        "<p>It ended.</p>",
        "",
    ],
)
def test_another_last_paragraph_stays(last: str) -> None:
    assert without(TEXT + last) == TEXT + last


def test_pages_told_by_their_query() -> None:
    footer = (
        '<p>The post <a href="https://p.example/?p={}">X</a> appeared first on <a href="https://p.example">P</a>.</p>'
    )
    assert without_feed_footer(TEXT + footer.format(1), ("https://p.example/?p=1",), "") == TEXT
    assert without_feed_footer(TEXT + footer.format(2), ("https://p.example/?p=1",), "") != TEXT


def test_a_long_end_without_a_footer_is_cheap() -> None:
    html = "<p>" + "<br>" * 5_000 + f"x {ENTRY} y"
    assert without(html) == html

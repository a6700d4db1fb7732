from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction.extractor import ExtractedArticle, extract
from backfile.archive.importers.extraction.page_authors import visible_authors
from backfile.archive.importers.extraction.page_metadata import read_metadata
from backfile.archive.model import PartialDate
from bench import extraction as bench

URL = "https://harbour.example/2019/night-ferry"
TITLE = "The night ferry leaves at last"
TALE = (
    "The night ferry to the islands left the harbour of Marsh Bay a little after eleven, with ninety people aboard.",
    "Nobody on the pier had believed the captain, who had promised for three winters that he would sail once more.",
    "Lamps burned along the quay, and the band of the fire brigade, short of a drum, played what it could remember.",
    "By midnight the lights of the town were a low line in the north, and those who had never left it went below.",
    "The mate counted blankets twice, found six too few, and gave away his own before anybody could ask him for it.",
    "In the morning there was fog, as there had been on the day of the last crossing, and again nobody was afraid.",
)
P = [f"<p>{sentence} {sentence[:60]}, or so they say, and the log has it in other words.</p>" for sentence in TALE]


def page(article: str, *, head: str = "", around: str = "") -> ExtractedArticle:
    html = f"""<html lang="en"><head><title>{TITLE} | The Harbour Post</title>
    <meta property="og:title" content="{TITLE}"><meta property="og:site_name" content="The Harbour Post">{head}</head>
    <body><nav><a href="/">Home</a></nav>
    <main><article class="article-body">{article}</article></main>{around}<footer>Copyright</footer></body></html>"""
    return extracted(html)


def extracted(html: str) -> ExtractedArticle:
    return extract(parse_html(html), url=URL)


def whole(found: ExtractedArticle) -> bool:
    return all(sentence in found.body for sentence in TALE)


def test_links_to_other_articles_are_dropped() -> None:
    found = page(
        f"<h1>{TITLE}</h1>{P[0]}<p>Related: <a href='/a'>Ten piers that no longer stand</a></p>{P[1]}{P[2]}"
        f"<p><a href='/b'>The captain who never came back from the north</a></p>{P[3]}"
        f"<p><a href='/log.pdf'>The whole log of the crossing</a></p>{P[4]}{P[5]}<h3>What do you think?</h3>"
    )
    assert whole(found)
    assert "[The whole log of the crossing](https://harbour.example/log.pdf)" in found.body
    for piece in (TITLE, "Ten piers", "never came back", "What do you think", "Home", "Copyright"):
        assert piece not in found.body


def test_headings_lists_and_quotations_between_paragraphs_stay() -> None:
    found = page(
        f"{P[0]}{P[1]}<h2>Below</h2>{P[2]}<blockquote class='twitter-tweet'><p>So proud!</p>— A mate</blockquote>{P[3]}"
        f"<ul><li>Ninety people, six of whom had sailed before</li><li>A drum</li><li>Blankets</li></ul>{P[4]}{P[5]}"
    )
    assert whole(found)
    for piece in ("## Below", "> So proud!", "- Ninety people", "- A drum", "- Blankets"):
        assert piece in found.body


def test_a_picture_has_one_caption_and_a_film_is_a_link_with_its_caption() -> None:
    found = page(
        f"{P[0]}<figure><a href='/big'><img src='/pier.jpg' alt='Pier'></a><span class='credit'>A. Mate</span>"
        f"<figcaption>The pier <b>at night</b></figcaption></figure>{P[1]}{P[2]}<div><img src='/fog.jpg' alt='Fog'>"
        f"<div class='image-caption'><p>Fog in the morning</p><span>Photo: B. Mate</span></div></div>{P[3]}"
        f"<figure><iframe src='/film'></iframe><figcaption>Film: leaving the pier</figcaption></figure>{P[4]}{P[5]}"
    )
    assert whole(found)
    assert "![Pier](https://harbour.example/pier.jpg)\n\n*A. Mate The pier at night*" in found.body
    assert "![Fog](https://harbour.example/fog.jpg)\n\n*Fog in the morning Photo: B. Mate*" in found.body
    assert "[https://harbour.example/film](https://harbour.example/film)\n\n*Film: leaving the pier*" in found.body


def test_hidden_elements_are_dropped_unless_they_are_the_page() -> None:
    popup = "<span class='person-popup-body'>More stories about the captain of the ferry</span>"
    shown = page(f"{P[0]}<p>The captain{popup} smiled.</p>{''.join(P[1:])}<p style='display: none'>Accept cookies</p>")
    assert whole(shown)
    assert "The captain smiled." in shown.body
    assert "cookies" not in shown.body
    assert whole(page(f"<div style='display:none' class='until-ready'>{''.join(P)}</div>"))


def test_a_pull_quote_is_left_out_and_a_refrain_is_not() -> None:
    quoted = page(f"{P[0]}{P[1]}<aside class='pull'><p>{TALE[1]}</p></aside>{''.join(P[2:])}")
    assert quoted.body.count(TALE[1]) == 1
    refrain = "<p>And row, my lads, and row again, the night is long and wide and wet</p>"
    song = page("".join(f"<div class='stanza'>{each}{refrain}</div>" for each in P))
    assert song.body.count("And row, my lads") == len(P)


def test_the_summary_above_the_text_is_not_repeated() -> None:
    summary = "Three winters late, ninety people cross to the islands"
    head = f"<meta name='description' content='{summary}'>"
    found = page(f"<div class='standfirst'><p>{summary}</p></div><div class='text'>{''.join(P)}</div>", head=head)
    assert whole(found)
    assert found.metadata.summary is None
    assert found.body.count(summary) == 1
    other = page("".join(P), head=head)
    assert other.metadata.summary == summary


def test_the_picture_that_opens_an_article_stays() -> None:
    picture = "<figure><img src='/pier.jpg' alt='Pier'><figcaption>The pier</figcaption></figure>"
    byline = "<p class='byline'><img class='avatar' src='/edna.png'>By Edna Marsh</p>"
    for opening in (picture, f"{picture}{byline}", "<img src='/pier.jpg' alt='Pier'>"):
        found = extracted(f"<body><img src='/logo.png'><h1>{TITLE}</h1>{opening}<div>{''.join(P)}</div>")
        assert whole(found)
        assert found.body.startswith("![Pier](https://harbour.example/pier.jpg)")
        assert "logo.png" not in found.body
        assert "edna.png" not in found.body


def test_text_that_a_script_would_show_comes_from_json_ld() -> None:
    data = json.dumps({"@type": "NewsArticle", "headline": TITLE, "articleBody": "\n\n".join(TALE)})
    found = page(f"<p>{TALE[0]}</p>", head=f"<script type='application/ld+json'>{data}</script>")
    assert found.body == "\n\n".join(TALE)


def test_articles_in_scripts_without_spaces_are_whole() -> None:
    sentences = [
        f"その夜、{number}番の船は港を出て、島へ向かった。桟橋には誰もいなかったが、灯りは{word}ついていた。"
        for number, word in enumerate(["まだ", "ずっと", "静かに", "明るく", "暗く", "長く"], 1)
    ]
    found = page("".join(f"<p>{sentence * 3}</p>" for sentence in sentences))
    assert all(sentence in found.body for sentence in sentences)


def test_a_page_without_end_tags_is_an_article() -> None:
    found = extracted(f"<title>{TITLE}</title><body><div><h1>{TITLE}" + "".join(f"<p>{each}" for each in TALE))
    assert whole(found)


@pytest.mark.parametrize(
    ("html", "names"),
    [
        ("<p class=byline>By <a href=/e>Edna Marsh</a> and John Roe</p>", ("Edna Marsh", "John Roe")),
        ("<p class=byline>by <a>Edna Marsh</a><span>22 Dec 2016</span><a>651</a></p>", ("Edna Marsh",)),
        ("<div class=FeatureByline>By <b>Edna Marsh</b><br>March 25, 2015</div>", ("Edna Marsh",)),
        ("<p class='byline author'>Written by Edna Marsh<br>Edited by John Roe</p>", ("Edna Marsh",)),
        ("<cite class=byline><span>By </span><b>EDNA MARSH</b> <abbr>March 11, 2015</abbr></cite>", ("Edna Marsh",)),
        ("<div class=author><a>Edna Marsh</a><div class=t>Games Editor</div></div>", ("Edna Marsh",)),
        ("<b itemprop=author><a>Ed Marsh</a> (avec John Roe et Ada Quill)</b>", ("Ed Marsh", "John Roe", "Ada Quill")),
        ("<ul><li><a rel=author>Edna Marsh</a><li><a rel=author>John Roe</a></ul>", ("Edna Marsh", "John Roe")),
        ("<p class=byline><a class=author>Edna Marsh</a> <i class=publication>Post</i>", ("Edna Marsh",)),
        ("<p class=byline>By <a class=author>Edna Marsh</a>, <a class=author>J. Roe</a>", ("Edna Marsh", "J. Roe")),
        ("<div class=author-name><a>Edna Mars<span>h</span></a></div>", ("Edna Marsh",)),
        ("<ul class=comments><li><p class=author>By John Roe</ul><p class=byline>By Edna Marsh</p>", ("Edna Marsh",)),
        ("<div class=author-details>Last Updated: January 7, 2025</div>", ()),
        ("<div class=author-box><button>Follow Author</button></div>", ()),
        ("<ul><li id=menuBylines><a>Personal</a></ul>", ()),
        ("<p class=byline>" * 3_000 + "By Edna Marsh", ()),
    ],
)  # fmt: skip
def test_bylines_are_read_as_readers_do(html: str, names: tuple[str, ...]) -> None:
    assert visible_authors(parse_html(f"<body>{html[:9_000]}</body>")) == names


@pytest.mark.parametrize(
    ("claim", "seen", "names"),
    [
        ("Edna Marsh", "John Roe", ("Edna Marsh",)),
        ("emarsh77", "Edna Marsh", ("Edna Marsh",)),
        ("emarsh77", "", ("emarsh77",)),
        ("The Harbour Post", "Edna Marsh", ("Edna Marsh",)),
        ("The Harbour Post", "", ("The Harbour Post",)),
        ("EDNA MARSH, Staff Writer", "", ("EDNA MARSH",)),
    ],
)
def test_people_go_before_handles_and_the_site(claim: str, seen: str, names: tuple[str, ...]) -> None:
    head = f"<meta name=author content='{claim}'><meta property=og:site_name content='The Harbour Post'>"
    tree = parse_html(f"<head>{head}</head><body><p class=byline>{seen}</p></body>")
    assert read_metadata(tree, URL).metadata.authors == names


@pytest.mark.parametrize(
    ("html", "date"),
    [
        ("<time datetime='2019-03-14T08:00'>yesterday</time>", PartialDate(2019, 3, 14)),
        ("<div class=publish-date>Published 11:11 PM EST Mar 14, 2019</div>", PartialDate(2019, 3, 14)),
        ("<span class=posted-on>Posted on 14 March 2019</span>", PartialDate(2019, 3, 14)),
        ("<p>Ferries, [ 2019-03-14 17:32 ]</p>", PartialDate(2019, 3, 14)),
        ("<p>In 2609 boats a day will cross.</p>", None),
        ("<meta itemprop=datePublished content='0001-01-01T00:00:00Z'>", None),
        ("<meta itemprop=datePublished content='2609-10-27'>", None),
    ],
)
def test_dates_are_found_where_readers_see_them(html: str, date: PartialDate | None) -> None:
    assert read_metadata(parse_html(f"<body>{html}<p>The night ferry left.</p></body>"), None).metadata.date == date


@pytest.mark.corpora
def test_real_pages_are_taken_nearly_as_people_do(corpus: Callable[[str], Path]) -> None:
    corpus("html-scrapinghub")
    scores = []
    for number, (_, url, content, truth) in enumerate(bench.pages()):
        if number % 6 == 0:
            scores.append(bench.shares(truth, bench.text_without_captions(extract(parse_html(content), url=url).body)))
    f1, precision, recall = bench.average(scores)
    assert f1 > 0.955
    assert min(precision, recall) > 0.94


@pytest.mark.corpora
def test_authors_of_real_pages_are_the_ones_in_their_bylines(corpus: Callable[[str], Path]) -> None:
    corpus("html-readability")
    wrong = [page for page, agrees in bench.authors_agree() if not agrees]
    assert not wrong


def test_short_lines_of_an_interview_stay() -> None:
    talk = "".join(
        f"<p><strong>{name}:</strong> {words}</p>"
        for name, words in (
            ("Post", "Are you tired?"),
            ("Captain", "Yes."),
            ("Post", "Why?"),
            ("Captain", "No, never."),
        )
    )
    found = page(f"{P[0]}{talk}{P[1]}{P[2]}")
    for line in ("**Captain:** Yes.", "**Post:** Why?", "**Captain:** No, never."):
        assert line in found.body


def test_a_list_whose_first_item_is_prose_is_whole() -> None:
    items = "".join(f"<li>{each}</li>" for each in (TALE[1], "A drum", "Six blankets", "No fog"))
    found = page(f"{P[0]}<ul>{items}</ul>{P[2]}{P[3]}")
    for item in ("- A drum", "- Six blankets", "- No fog"):
        assert item in found.body


def test_a_page_in_a_form_or_in_navigation_without_end_is_an_article() -> None:
    for box in ("form", "nav"):
        found = extracted(
            f"<title>{TITLE}</title><body><{box}><ul><li><a href='/'>Home</a></ul><div>{''.join(P)}</div>"
        )
        assert whole(found)


@pytest.mark.parametrize(
    ("html", "link"),
    [
        ("<iframe title='Leaving the pier' src='//www.youtube.com/embed/abcdef12345?rel=0'></iframe>",
         "[Leaving the pier](https://www.youtube.com/watch?v=abcdef12345)"),
        ("<iframe title='YouTube video player' src='https://www.youtube-nocookie.com/embed/abcdef12345'></iframe>",
         "(https://www.youtube.com/watch?v=abcdef12345)"),
        ("<iframe data-src='https://player.vimeo.com/video/1234'></iframe>", "(https://vimeo.com/1234)"),
        ("<lite-youtube videoid='abcdef12345' playlabel='The pier'></lite-youtube>",
         "[The pier](https://www.youtube.com/watch?v=abcdef12345)"),
        ("<video controls title='The pier'><source src='/pier.mp4'></video>",
         "[The pier](https://harbour.example/pier.mp4)"),
        ("<audio controls src='/horn.mp3'></audio>", "(https://harbour.example/horn.mp3)"),
        ("<script src='https://gist.github.com/mate/0123456789ab.js'></script>",
         "(https://gist.github.com/mate/0123456789ab)"),
        ("<blockquote class='twitter-tweet'><a href='https://posts.example/mate/1'></a></blockquote>",
         "(https://posts.example/mate/1)"),
        ("<amp-youtube data-videoid='abcdef12345'></amp-youtube>", "(https://www.youtube.com/watch?v=abcdef12345)"),
    ],
)  # fmt: skip
def test_embedded_media_are_links(html: str, link: str) -> None:
    found = page(f"{P[0]}{P[1]}{html}{P[2]}{P[3]}")
    assert whole(page(f"{''.join(P)}"))
    assert link in found.body
    assert found.body.index(TALE[1]) < found.body.index(link) < found.body.index(TALE[2])


@pytest.mark.parametrize(
    "html",
    [
        "<iframe title='3rd party ad content' src='https://ads.example/slot'></iframe>",
        "<iframe width='1' height='1' src='https://count.example/view'></iframe>",
        "<iframe src='https://www.google.com/recaptcha/api2/anchor'></iframe>",
        "<iframe src='about:blank'></iframe>",
        "<iframe src='javascript:alert(1)'></iframe>",
    ],
)
def test_frames_of_advertising_and_forms_are_left_out(html: str) -> None:
    assert "](" not in page(f"{P[0]}{P[1]}{html}{P[2]}{P[3]}").body


NOTES = {
    "kramdown": ("<sup id='fnref:1' role='doc-noteref'><a href='#fn:1' class='footnote'>1</a></sup>",
        "<div class='footnotes'><ol><li id='fn:1'><p>So. <a href='#fnref:1'>↩</a></p></li></ol></div>"),
    "Hugo, title of the site in ids": ("<sup id='fnref:ferry-1'><a href='#fn:ferry-1'>1</a></sup>",
        "<ol><li id='fn:ferry-1'>So. <a href='#fnref:ferry-1'>↩︎</a></li></ol>"),
    "named by a word": ("<sup id='fnref:times'><a href='#fn:times'>1</a></sup>",
        "<ol><li id='fn:times'>So. <a href='#fnref:times'>return</a></li></ol>"),
    "Substack": ("<a class='footnote-anchor' id='footnote-anchor-1' href='#footnote-1'>1</a>",
        "<div class='footnote'><a id='footnote-1' href='#footnote-anchor-1' class='footnote-number'>1</a>"
        "<div class='footnote-content'><p>So.</p></div></div>"),
    "Word": ("<a href='#_ftn1' name='_ftnref1'><span class='MsoFootnoteReference'>[1]</span></a>",
        "<div><br><hr><div id='ftn1'><p class='MsoFootnoteText'><a href='#_ftnref1' name='_ftn1'><span>[1]</span></a> "
        "So.</p></div></div>"),
    "Google Docs": ("<sup><a href='#ftnt1' id='ftnt_ref1'>[1]</a></sup>",
        "<hr><div><p><a href='#ftnt_ref1' id='ftnt1'>[1]</a><span> So.</span></p></div>"),
    "WordPress": ("<sup data-fn='3f1c-ab' class='fn'><a href='#3f1c-ab' id='3f1c-ab-link'>1</a></sup>",
        "<ol class='wp-block-footnotes'><li id='3f1c-ab'>So. <a href='#3f1c-ab-link'>↩︎</a></li></ol>"),
    "Easy Footnotes": ("<span id='easy-footnote-1-77' class='margin-adjust'></span><span class='easy-footnote'>"
        "<a href='#easy-footnote-bottom-1-77' title='The timetable'><sup>1</sup></a></span>",
        "<ol class='footnotes-wrapper'><li class='footnote-single'><span id='easy-footnote-bottom-1-77'></span>"
        "So.<a class='easy-footnote-to-top' href='#easy-footnote-1-77'></a></li></ol>"),
    "MediaWiki": ("<sup id='cite_ref-1' class='reference'><a href='#cite_note-1'>[1]</a></sup>",
        "<ol class='references'><li id='cite_note-1'><b><a href='#cite_ref-1'>^</a></b> So.</li></ol>"),
    "pandoc": ("<a href='#fn1' class='footnote-ref' id='fnref1'><sup>1</sup></a>",
        "<section class='footnotes'><ol><li id='fn1'><p>So.<a href='#fnref1'>↩︎</a></p></li></ol>"),
    "Mammoth": ("<sup><a href='#footnote-2' id='footnote-ref-2'>[1]</a></sup>",
        "<ol><li id='footnote-2'><p> So. <a href='#footnote-ref-2'>↑</a></p></li></ol>"),
    "asterisk": ("<a href='#below' id='above'>*</a>", "<p id='below'><a href='#above'>*</a> So.</p>"),
    "outside of the article": ("<sup><a href='#fn-1' id='fnref-1'>1</a></sup>",
        "</article><aside><div id='fn-1'><a href='#fnref-1'>1</a> So.</div></aside><article>"),
}  # fmt: skip


@pytest.mark.parametrize("make", NOTES)
def test_footnotes_of_every_make_come_along(make: str) -> None:
    reference, notes = NOTES[make]
    found = page(P[0].replace("</p>", f"{reference}</p>") + "".join(P[1:]) + notes)
    assert whole(found)
    assert "other words.[^1]\n" in found.body
    assert found.body.count("So.") == 1
    assert "\n[^1]: So." in found.body


def test_numbers_of_a_table_of_contents_are_no_footnotes() -> None:
    contents = "<p><a href='#part-1'>1</a> <a href='#part-2'>2</a></p>"
    found = page(f"{contents}<h2 id='part-1'>Out</h2>{''.join(P[:3])}<h2 id='part-2'>Back</h2>{''.join(P[3:])}")
    assert whole(found)
    assert "[^" not in found.body


def test_powers_indices_and_fractions_keep_their_meaning() -> None:
    mass = "A mass of 10<sup>6</sup> kg of H<sub>2</sub>O at 3<sup>1</sup>/<sub>2</sub> pence."
    assert mass in page(f"{P[0]}<p>{mass}</p>{P[1]}").body


def test_a_picture_that_a_click_enlarges_stays() -> None:
    button = "<button class='{}'><img src='/{}.png' alt='Diagram'></button>"
    page = (
        "<html><body><article><h1>Tables</h1><p>The first of the tables has a snapshot of the harbour, which the board"
        f" has not seen for years.</p><div>{button.format('image lightbox', 'a')}</div><p>The second one has none, and"
        f" the pilots asked for it at each of their meetings.</p>{button.format('share', 'b')}</article></body></html>"
    )
    body = extract(parse_html(page), url="https://post.example/x").body
    assert "post.example/a.png" in body
    assert "b.png" not in body

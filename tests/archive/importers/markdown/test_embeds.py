"""Embedded films, sound and frames as links."""

from __future__ import annotations

import pytest

from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown

FILM = "https://video.example/embed/7"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (f'<iframe src="{FILM}" title="The pier at night"></iframe>', f"[The pier at night]({FILM})"),
        (f'<iframe src="{FILM}" title="YouTube video player"></iframe>', f"[{FILM}]({FILM})"),
        ('<iframe data-src="//video.example/embed/7" src="about:blank"></iframe>', f"[{FILM}]({FILM})"),
        (f'<p>Watch<iframe src="{FILM}" aria-label="it"></iframe>first.</p>', f"Watch [it]({FILM}) first."),
        (
            '<figure><video src="/up/ferry.mp4"></video><figcaption>Leaving</figcaption></figure>',
            "[https://post.example/up/ferry.mp4](https://post.example/up/ferry.mp4)\n\n*Leaving*",
        ),
        (
            '<audio controls title="The horn"><source src="horn.ogg"/><source src="horn.mp3"/>No sound?</audio>',
            "[The horn](https://post.example/horn.ogg)",
        ),
        (
            f'<object><param name="movie" value="{FILM}"/><embed src="{FILM}"/></object><p>After</p>',
            f"[{FILM}]({FILM})\n\nAfter",
        ),
        ('<iframe title="Fares since 1990" srcdoc="&lt;b&gt;x"></iframe>', "*Fares since 1990*"),
    ],
)
def test_what_is_embedded_becomes_a_link(html: str, markdown: str) -> None:
    assert fragment_to_markdown(html, "https://post.example/") == markdown


@pytest.mark.parametrize(
    "html",
    [
        '<iframe src="https://www.googletagmanager.com/ns.html?id=1" title="x"></iframe>',
        '<iframe src="https://pixel.example/" width="1" height="1"></iframe>',
        '<iframe src="https://hidden.example/" style="display: none"></iframe>',
        '<iframe src="https://www.facebook.com/plugins/like.php?href=x"></iframe>',
        '<iframe src="javascript:alert(1)"></iframe>',
        '<video src="data:video/mp4;base64,AAAA"></video>',
    ],
)
def test_buttons_trackers_and_unsafe_addresses_are_left_out(html: str) -> None:
    assert fragment_to_markdown(f"{html}<p>Text</p>", "https://post.example/") == "Text"


@pytest.mark.parametrize("html", ["&nbsp;", "<p>&nbsp;</p>", "<div>&#8203;&shy;</div>", "<p>&ensp;<br></p>", "\ufeff"])
def test_invisible_text_is_no_text(html: str) -> None:
    assert fragment_to_markdown(html, None) == ""

"""Hostile articles in Chromium: no script of a body runs, with and without the policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import to_html, to_text
from backfile.web.service.headers import content_security_policy
from backfile.web.views.marked_html import mark_html

ADDRESS = "http://archive.test/"
BATCH = 300
MAX_PAGE = 400_000
MAX_BODY = 10_000
OWN = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src='javascript:parent.alert(1)'></iframe>",
    "<details open ontoggle=alert(1)>x</details>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java&#9;script:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "<javascript:alert(1)>",
    "![x](x){onerror=alert(1)}",
    '![x" onerror="alert(1)](x)',
    '![x](x "y\\" onerror=\\"alert(1)")',
    '[x](https://example.org/"onmouseover="alert(1))',
    'https://example.org/"onmouseover="alert(1)',
    '{{< img src="x" alt="\\" onerror=\\"alert(1)" >}}',
    "<div>\n{{< img src='x onerror=alert(1)' alt='\"><img src=x onerror=alert(1)>' >}}\n</div>",
    "{{< img src=x caption='<img src=x onerror=alert(1)>' >}}",
    "{{< button href='javascript:alert(1)' text='x' >}}",
    "[[javascript:alert(1)|x]]",
    '*[x]: " onmouseover="alert(1)\n\nx',
    '## <img src=x onerror=alert(1)> {#a" onclick="alert(1)}',
    "x[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
    '``` x" onclick="alert(1)\n<script>alert(1)</script>\n```',
    "| <img src=x onerror=alert(1)> |\n|---|\n| <script>alert(1)</script> |",
    '<sup class="footnote-reference"><img src=x onerror=alert(1)></sup>',
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "<object data='javascript:alert(1)'></object><embed src='javascript:alert(1)'>",
    "<form action='javascript:alert(1)'><button>x</button></form><button formaction='javascript:alert(1)'>x</button>",
    "<base href='javascript:alert(1)//'><a href='x'>x</a>",
    "<style>@import 'javascript:alert(1)';</style><p style='background:url(javascript:alert(1))'>x</p>",
    "&lt;img src=x onerror=alert(1)&gt; &amp;lt;script&amp;gt;alert(1)",
)
WATCH = """
window.fired = [];
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => { window.fired.push(name); };
addEventListener("securitypolicyviolation", (event) => {
  if (/script/.test(event.effectiveDirective)) window.fired.push("refused " + event.sample);
});
"""
PROVOKE = """
async () => {
  addEventListener("click", (event) => event.preventDefault(), true);
  for (const element of document.body.querySelectorAll("*"))
    for (const type of ["mouseover", "mouseenter", "focus", "click", "toggle", "load", "error", "animationend"])
      element.dispatchEvent(new Event(type, {bubbles: false, cancelable: true}));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const active = [...document.body.querySelectorAll("*")].filter((element) =>
    /^(script|style|iframe|object|embed|form|svg|math|base|meta|link)$/i.test(element.localName)
    || [...element.attributes].some((attribute) => /^on|^style$|^srcdoc$/i.test(attribute.name))
    || (element.localName === "a" && element.href && !/^(https?|mailto):/.test(element.href)));
  return [...window.fired, ...active.map((element) => element.outerHTML.slice(0, 200))];
}
"""


def shown(body: str) -> str:
    """Renders an article as its page does, with every word highlighted, and checks its text."""
    html = to_html(body, remote_images=True).html
    assert plain_text(html) == to_text(body)
    done = mark_html(html, [found.span() for found in re.finditer(r"\w+", to_text(body))])
    assert re.sub(r'<mark (?:id="m|data-mark=")\d+">|</mark>', "", done) == html
    return done


def ran(browser: Browser, html: str, *, policy: bool) -> list[str]:
    """Scripts that ran, or that only the policy stopped, in a page with this HTML."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    headers = {"Content-Security-Policy": content_security_policy(remote_images=True)} if policy else {}

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(content_type="text/html; charset=utf-8", body=f"<!doctype html><body>{html}", headers=headers)
        else:
            route.abort()

    page.route("**/*", answer)
    page.goto(ADDRESS, wait_until="load")
    found: list[str] = page.evaluate(PROVOKE)
    assert page.url == ADDRESS
    context.close()
    return found


def batches(bodies: Iterator[str]) -> Iterator[str]:
    """Joins articles into pages that a browser loads in a second or two."""
    articles: list[str] = []
    for body in bodies:
        articles.append(f"<article>{shown(body)}</article>")
        if len(articles) == BATCH or sum(map(len, articles)) > MAX_PAGE:
            yield "\n".join(articles)
            articles = []
    if articles:
        yield "\n".join(articles)


def corpus_bodies(corpus: Callable[[str], Path]) -> Iterator[str]:
    """Hostile and unusual texts of the corpora: a line, a case, or (part of) a file a body."""
    xss = corpus("bad-xss")
    for path in (xss / "payloadbox/Intruder/xss-payload-list.txt", xss / "h5sc/vectors.txt"):
        yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
    yield from (xss / "h5sc/items.js").read_text(encoding="utf-8", errors="replace").split("\n\n")
    yield from json.loads((corpus("bad-blns") / "blns.json").read_text(encoding="utf-8"))
    spec = (corpus("bad-commonmark") / "spec.txt").read_text(encoding="utf-8")
    yield from re.findall(r"`{32} example\n(.*?)\n\.\n", spec.replace("→", "\t"), re.DOTALL)
    for name in ("bad-mistune-fixtures", "bad-jekyll-fixtures", "bad-unicode"):
        for path in sorted(corpus(name).rglob("*")):
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                yield from (text[start : start + MAX_BODY] for start in range(0, len(text), MAX_BODY))


def test_unsanitised_vectors_run(browser: Browser) -> None:
    """Control: the same bodies run if they are not sanitised."""
    assert all(ran(browser, body, policy=False) for body in OWN[:3])
    assert ran(browser, OWN[1], policy=True) != []


@pytest.mark.parametrize("policy", [False, True])
def test_no_vector_runs(browser: Browser, policy: bool) -> None:
    for html in batches(iter(OWN)):
        assert ran(browser, html, policy=policy) == []


@pytest.mark.corpora
@pytest.mark.parametrize("policy", [False, True])
def test_no_sampled_vector_runs(browser: Browser, corpus: Callable[[str], Path], policy: bool) -> None:
    sample = islice((body for body in corpus_bodies(corpus) if len(body) < 2_000), 0, None, 23)
    for html in batches(sample):
        assert ran(browser, html, policy=policy) == []


@pytest.mark.long
@pytest.mark.corpora
@pytest.mark.timeout(1_800)
def test_no_text_of_the_corpora_runs(browser: Browser, corpus: Callable[[str], Path]) -> None:
    number = 0
    for html in batches(corpus_bodies(corpus)):
        number += html.count("<article>")
        assert ran(browser, html, policy=False) == []
        assert ran(browser, html, policy=True) == []
    assert number > 8_000


@pytest.mark.corpora
def test_indexed_text_equals_displayed_text(browser: Browser, corpus: Callable[[str], Path]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    for name in ("digitalgov", "do-tutorials", "rust-blog", "publicdomain-md"):
        paths = [path for path in sorted(corpus(name).rglob("*.md")) if 500 < path.stat().st_size < 20_000]
        for path in paths[7 :: len(paths) // 3]:
            body = path.read_text(encoding="utf-8")
            style = "<style>.footnote-reference { display: none }</style>"
            page.set_content(f"<!doctype html>{style}<body>{to_html(body).html}", wait_until="domcontentloaded")
            text = page.evaluate("""() => {
                document.querySelectorAll("details").forEach((part) => { part.open = true; });
                return document.body.innerText;
            }""")
            assert text.split() == to_text(body).split()
    context.close()

"""Accessibility of the pages: axe-core, small screens, keyboard, colour schemes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

OpenPage = Callable[..., Page]

PAGES = {
    "home": "/",
    "results": "/search?q=ferry+OR+letter&author=Ada+Marsh&from=1998",
    "nothing": "/search?q=ferry+zebra&author=Ada+Marsh",
    "facet": "/search/topics?q=",
    "lines": "/search?q=ferry+OR+العبّارة&view=lines&by=l1&frequent=1",
    "article": "/article/1998/night-ferry?q=ferry&place=1&match=2",
    "arabic": "/article/odd/rahma?q=العبّارة",
    "authors": "/authors",
    "topics": "/topics",
    "years": "/years",
    "trends": "/trends?q=ferry&q=letter&by=year&measure=share",
    "months": "/trends?q=ferry&by=month&from=1998&to=2007",
    "on this day": "/on-this-day?day=03-14",
    "quotation": "/quote?text=The+harbour+council+voted+seven+to+five+to+bring+back+the+night+ferry",
    "no quotation": "/quote?text=The+moon+is+made+of+green+cheese",
    "why": "/why?q=ferry+-train&article=1998/night-ferry",
    "about": "/about",
    "missing": "/nowhere",
    "alerts, tasks, players": "/article/2007/library",
    "german": "/search?q=ferry+zebra&lang=de",
    "french": "/article/1998/night-ferry?q=ferry&place=1&lang=fr",  # the last: it is remembered
}


COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
COLOURFUL = {name: PAGES[name] for name in ("home", "results", "article", "topics", "trends", "quotation", "about")}


@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", COLOURS)], ids=["light", "dark"])
def test_axe_finds_no_violations(open_page: OpenPage, scheme: str, options: dict[str, object]) -> None:
    """Checks all rules on every page; in the second colour scheme only those about colours."""
    axe = Axe()
    page = open_page("/", color_scheme=scheme, silent=False)
    findings = []
    for name, path in PAGES.items() if not options else COLOURFUL.items():
        page.goto(path)
        result = axe.run(page, options={"resultTypes": ["violations"], **options})
        findings += [
            (name, violation["id"], node["target"], node["failureSummary"])
            for violation in result.response["violations"]
            for node in violation["nodes"]
        ]
    assert not findings


def test_no_horizontal_scrolling_on_small_screens(open_page: OpenPage) -> None:
    page = open_page("/", viewport={"width": 320, "height": 640}, silent=False)
    for name, path in PAGES.items():
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name


def test_filters_are_folded_on_small_screens_only(open_page: OpenPage) -> None:
    phone = open_page("/search?q=ferry", viewport={"width": 360, "height": 740})
    expect(phone.get_by_role("checkbox", name="Ada Marsh")).to_be_hidden()
    phone.get_by_text("Filter by author").click()
    expect(phone.get_by_role("checkbox", name="Ada Marsh")).to_be_visible()
    desk = open_page("/search?q=ferry", viewport={"width": 1280, "height": 800})
    expect(desk.get_by_role("checkbox", name="Ada Marsh")).to_be_visible()
    expect(desk.get_by_text("Filter by author")).to_be_hidden()


def test_first_tab_is_a_skip_link(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the results")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".hit h2 a").first).to_be_focused()


def test_keyboard_focus_is_visible_everywhere(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry")
    wanted = page.locator("a[href]:visible, button:visible, input:not([type=hidden]):visible, summary:visible").count()
    seen = set()
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => {
                const element = document.activeElement;
                const style = getComputedStyle(element);
                const everything = [...document.querySelectorAll("*")];
                return [everything.indexOf(element), style.outlineStyle !== "none" || element === document.body];
            }"""
        )
        assert shown[1], page.evaluate("document.activeElement.outerHTML")
        seen.add(shown[0])
    assert len(seen) >= wanted


def test_accessibility_tree_has_lists_and_languages(open_page: OpenPage) -> None:
    page = open_page("/authors")
    expect(page.get_by_role("main")).to_match_aria_snapshot("""
      - heading "Authors" [level=1]
      - list:
        - listitem:
          - link "Ada Marsh"
          - text: 1998–2019 8
    """)
    expect(page.get_by_role("navigation", name="Language")).to_match_aria_snapshot("""
      - link "English"
      - link "Deutsch"
      - link "Français"
    """)
    page = open_page("/article/2007/library")
    expect(page.get_by_role("checkbox", name="☑")).to_be_checked()
    expect(page.get_by_role("link", name="https://video.example.org/roof")).to_be_visible()


def test_target_sizes(open_page: OpenPage) -> None:
    for path in (PAGES["results"], PAGES["article"]):
        page = open_page(path, viewport={"width": 360, "height": 740})
        small = page.evaluate(
            """() => [...document.querySelectorAll(
                "button, .pages a, .chips a, .choice, summary, .sorts a, .matchbar a, nav a, .tags a")]
                .filter((element) => element.checkVisibility())
                .map((element) => [element.outerHTML, element.getBoundingClientRect().height])
                .filter(([, height]) => height < 24)"""
        )
        assert not small


def test_marks_do_not_rely_on_colour(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry", forced_colors="active")
    style = page.locator("mark").first.evaluate(
        "node => [getComputedStyle(node).textDecorationLine, getComputedStyle(node).fontWeight]"
    )
    assert style[0] == "underline"
    assert int(style[1]) >= 600


@pytest.mark.parametrize(("width", "height", "least"), [(1440, 900, 5), (360, 740, 3)])
def test_a_screen_shows_many_hits(browser: Browser, sample_address: str, width: int, height: int, least: int) -> None:
    """Hits whose title stands wholly on the first screen; a desk shows two passages of each, a phone one."""
    page = browser.new_page(base_url=sample_address, viewport={"width": width, "height": height})
    for query in ("ferry", "council", "night+ferry"):
        page.goto(f"/search?q={query}")
        bottoms = page.locator(".hit h2").evaluate_all(
            "nodes => nodes.map(node => node.getBoundingClientRect().bottom)"
        )
        assert sum(bottom <= height for bottom in bottoms) >= least, query
        shown = page.locator("#hit-1 .passage:visible")
        assert shown.count() == (2 if width > 900 else 1)
    if width < 900:
        page.locator("#hit-1 .rest summary").click()
        expect(page.locator("#hit-1 .passage:visible")).to_have_count(2)
    page.close()


def test_no_layout_shift(open_page: OpenPage) -> None:
    for path in (PAGES["home"], PAGES["results"], PAGES["article"]):
        page = open_page(path)
        page.wait_for_load_state("networkidle")
        shifted = page.evaluate(
            """() => new Promise((done) => {
                let sum = 0;
                new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
                    .observe({ type: "layout-shift", buffered: true });
                setTimeout(() => done(sum), 200);
            })"""
        )
        assert shifted < 0.01, path


def test_number_of_requests(open_page: OpenPage) -> None:
    page = open_page("/search?q=letter")
    page.wait_for_load_state("networkidle")
    names = page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(names) <= 5, names

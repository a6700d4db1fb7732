"""Use of the pages with and without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

OpenPage = Callable[..., Page]


def query_of(page: Page) -> list[tuple[str, str]]:
    """Arguments in the URL of the page, without empty ones."""
    return parse_qsl(urlsplit(page.url).query)


def titles(page: Page) -> list[str]:
    return page.locator(".hit h2").all_inner_texts()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_search_filter_share_read_and_return(open_page: OpenPage, script: bool) -> None:
    page = open_page("/", java_script_enabled=script)
    page.get_by_label("Search for words").fill("ferry")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#status")).to_contain_text("2 articles")
    assert page.locator(".hit mark").count() >= 4

    page.get_by_role("checkbox", name="Ada Marsh").check()
    if not script:
        page.get_by_role("checkbox", name="local government").check()
        page.get_by_role("button", name="Apply").click()
    else:
        page.wait_for_url("**author=Ada+Marsh**")
        page.get_by_role("checkbox", name="local government").check()
    expect(page.locator("#status")).to_contain_text("1 article")
    expect(page.locator(".chips")).to_contain_text("Ada Marsh")
    assert query_of(page) == [("q", "ferry"), ("author", "Ada Marsh"), ("topic", "local government")]

    shared = open_page(page.url, java_script_enabled=script)
    assert titles(shared) == ["Harbour board votes for the night ferry"]
    expect(shared.get_by_role("checkbox", name="Ada Marsh")).to_be_checked()
    expect(shared.get_by_role("checkbox", name="local government")).to_be_checked()

    page.get_by_role("link", name="Harbour board votes").click()
    expect(page.locator("h1")).to_have_text("Harbour board votes for the night ferry")
    bar = page.get_by_role("navigation", name="Matches")
    total = page.locator("mark[id]").count()
    expect(bar).to_contain_text(f" of {total}" if script else f"{total} matches")
    start = int(page.locator("mark.current").get_attribute("id")[1:]) if script else 0  # the match of the passage

    def step(key: str, name: str) -> None:
        """With script by a key: a click of Playwright scrolls the sticky bar to its place first, as no reader does."""
        page.keyboard.press(key) if script else bar.get_by_role("link", name=name).click()

    for number in [place % total + 1 for place in range(start, start + 3)]:
        step("n", "Next match")
        expect(bar).to_contain_text(f"{number} of {total}")
        expect(page.locator(f"#m{number}")).to_be_in_viewport()
    step("p", "Previous match")
    expect(bar).to_contain_text(f"{(start + 1) % total + 1} of {total}")

    page.get_by_role("link", name="Back to 1 result").click()
    assert titles(page) == ["Harbour board votes for the night ferry"]
    assert page.url.endswith("#hit-1")


def test_back_and_forward_restore_filters(open_page: OpenPage) -> None:
    page = open_page("/search?q=letter")
    page.get_by_role("checkbox", name="Tom O’Brien").check()
    expect(page.locator("#status")).to_contain_text("6 articles")
    page.get_by_role("link", name="Oldest").click()
    expect(page.locator(".hit h2").first).to_have_text("Letter number 2 to the editor")
    page.go_back()
    page.wait_for_url(lambda url: "sort" not in url)
    expect(page.get_by_role("link", name="Relevance")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#status")).to_contain_text("13 articles")
    expect(page.get_by_role("checkbox", name="Tom O’Brien")).not_to_be_checked()
    page.go_forward()
    expect(page.locator("#status")).to_contain_text("6 articles")
    page.reload()
    expect(page.get_by_role("checkbox", name="Tom O’Brien")).to_be_checked()


def test_a_tick_keeps_focus_and_updates_title_and_status(open_page: OpenPage) -> None:
    page = open_page("/search?q=letter")
    page.get_by_role("checkbox", name="Tom O’Brien").focus()
    page.keyboard.press("Space")
    expect(page.locator("#status")).to_contain_text("6 articles")
    expect(page.get_by_role("checkbox", name="Tom O’Brien")).to_be_focused()
    expect(page).to_have_title("letter – 6 articles · The Harbour Gazette")


def test_a_new_query_keeps_sort_and_filters(open_page: OpenPage) -> None:
    page = open_page("/search?q=letter")
    page.get_by_role("link", name="Oldest").click()
    page.wait_for_url("**sort=oldest**")
    page.get_by_role("checkbox", name="Ada Marsh").check()
    page.wait_for_url("**author=Ada+Marsh**")
    page.get_by_label("Search for words").fill("timetable")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=timetable**")
    assert page.url.endswith("/search?q=timetable&sort=oldest&author=Ada+Marsh")
    expect(page.locator("#status")).to_contain_text("7 articles")


def test_result_pages_are_replaced_in_place(open_page: OpenPage) -> None:
    page = open_page("/search?q=letter&sort=oldest")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator("#status")).to_contain_text("page 2 of 2")
    expect(page.locator("#results")).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_a_bar_of_the_year_chart_filters(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry+OR+letter")
    page.get_by_role("link", name="1998: 2 articles").click()
    expect(page.locator("#status")).to_contain_text("2 articles")
    expect(page.get_by_label("From")).to_have_value("1998")
    expect(page.get_by_label("To")).to_have_value("1998")


def test_a_long_facet_is_searched_by_script(open_page: OpenPage) -> None:
    page = open_page("/search")
    page.get_by_role("searchbox", name="Search in Topic").fill("matter 40")
    page.get_by_role("checkbox", name="matter 40").check()
    expect(page.locator("#status")).to_contain_text("1 article")
    expect(page.locator(".chips")).to_contain_text("matter 40")


def test_keyboard_shortcuts(open_page: OpenPage) -> None:
    page = open_page("/search?q=letter&topic=letters&sort=oldest")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#q")).to_have_value("j")
    page.locator("#q").blur()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#hit-2 a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Letter number 2 to the editor")
    page.keyboard.press("n")
    page.keyboard.press("p")
    expect(page.locator("[data-number]")).to_have_text("1 of 1")
    page.keyboard.press("j")
    expect(page.locator("h1")).to_have_text("Letter number 3 to the editor")
    page.keyboard.press("k")
    expect(page.locator("h1")).to_have_text("Letter number 2 to the editor")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_completions_are_a_combobox(open_page: OpenPage) -> None:
    page = open_page("/")
    box = page.get_by_role("combobox")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("Ada M")
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("Ada M")
    box.press_sequentially("a")
    author = page.get_by_role("option", name="Ada Marsh")
    expect(author).to_be_visible()
    while author.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == author.get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("8 articles")


def test_enter_without_a_completion_searches(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_role("combobox").press_sequentially("ferr*")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("2 articles")


def test_hostile_text_is_escaped(open_page: OpenPage) -> None:
    dialogs: list[str] = []
    page = open_page("/")
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    for path in ("/search?q=hostile", "/article/odd/hostile?q=hostile", "/authors"):
        page.goto(path)
        page.wait_for_load_state("load")
        page.locator("body").hover()
    assert not dialogs


@pytest.mark.parametrize(
    ("browser_speaks", "button", "found", "sort"),
    [("de-AT", "Suchen", "2 Artikel", "Neueste"), ("fr-FR", "Chercher", "2 articles", "Plus récents")],
)
def test_search_page_in_the_language_of_the_browser(
    open_page: OpenPage, browser_speaks: str, button: str, found: str, sort: str
) -> None:
    page = open_page(locale=browser_speaks)
    language = browser_speaks[:2]
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.get_by_role("searchbox").or_(page.get_by_role("combobox")).first.fill("ferry")
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text(found)
    expect(page).to_have_title(re.compile(f"^ferry – {found}"))
    page.get_by_role("link", name=sort, exact=True).click()
    expect(page.locator("#sorts [aria-current]")).to_have_text(sort)
    page.locator(".hit h2 a").first.click()
    expect(page.locator("#article .byline")).to_have_attribute("lang", language)
    page.keyboard.press("n")
    expect(page.locator("[data-number]")).to_have_text(re.compile(r"^1 (von|sur) \d+$"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text(
        {"de": "nächste Fundstelle", "fr": "occurrence suivante"}[language]
    )


def test_language_links_keep_the_search(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry")
    page.get_by_role("checkbox", name="Ada Marsh").check()
    expect(page.get_by_role("list", name="Active filters")).to_be_visible()
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("checkbox", name="Ada Marsh")).to_be_checked()
    page.get_by_role("link", name="Themen", exact=True).click()
    expect(page.locator("h1")).to_have_text("Themen")


def test_a_range_of_years_is_drawn_over_the_bars(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry+OR+letter")
    bars = page.locator("#filters .chart a")
    boxes = [box for place in (0, 1) if (box := bars.nth(place).bounding_box())]
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    page.mouse.move(*middles[0])
    page.mouse.down()
    page.mouse.move(*middles[1], steps=4)
    expect(page.locator("#filters .chart .drawn")).to_have_count(2)
    expect(page.locator("#filters .axis")).to_contain_text("1998–2007")
    page.mouse.up()
    expect(page.locator("#status")).to_contain_text("3 articles")
    assert query_of(page) == [("q", "ferry OR letter"), ("from", "1998"), ("to", "2007")]
    expect(page.locator("#from")).to_have_value("1998")
    expect(page.locator("#filters .drawn")).to_have_count(0)
    page.go_back()
    expect(page.locator("#status")).to_contain_text("15 articles")
    bars.nth(2).click()
    expect(page.locator("#status")).to_contain_text("12 articles")
    assert query_of(page)[1:] == [("from", "2019"), ("to", "2019")]


def test_a_range_of_years_is_chosen_with_the_keyboard(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry+OR+letter")
    bars = page.locator("#filters .chart a")
    bars.nth(2).focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(bars.nth(1)).to_be_focused()
    expect(page.locator("#filters [role=status]")).to_have_text("2007–2019")
    page.keyboard.press("Escape")
    expect(page.locator("#filters .drawn")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#from")).to_have_value("1998")
    assert query_of(page)[1:] == [("from", "1998"), ("to", "2019")]
    expect(page.locator("#filters .chart [aria-current]").first).to_be_focused()


def test_the_chart_of_the_front_page_searches_the_range(open_page: OpenPage) -> None:
    page = open_page("/years")
    box = page.locator(".chart").bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_url("**/search?**")
    assert [name for name, _ in query_of(page)] == ["from", "to", "sort"]


def test_the_bars_of_a_chart_are_one_tab_stop(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry+OR+letter")
    stops = page.locator('#filters .chart a[tabindex="0"]')
    bars = page.locator("#filters .chart a")
    expect(stops).to_have_count(1)
    stops.focus()
    page.keyboard.press("End")
    expect(bars.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(bars.nth(1)).to_be_focused()
    expect(stops).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator("#from")).to_be_focused()
    page.locator("#filters .chart a").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#filters .chart a[aria-current]")).to_have_count(1)
    expect(stops).to_have_count(1)


def test_next_match_starts_where_the_reader_stands(browser: Browser, sample_address: str) -> None:
    page = browser.new_page(base_url=sample_address, viewport={"width": 360, "height": 500})
    page.goto("/search?q=ferry")
    page.locator("#hit-1 h2 a").click()
    number = page.locator("[data-number]")
    expect(number).to_contain_text("of")  # the match of the passage, not the one in the title
    place = int(number.inner_text().split()[0])
    assert place > 1
    page.keyboard.press("n")
    expect(page.locator(f"#m{place + 1}")).to_be_focused()
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.keyboard.press("n")
    expect(page.locator("#m1")).to_be_focused()
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    page.keyboard.press("p")
    last = page.locator("mark[id]").count()
    expect(page.locator(f"#m{last}")).to_be_focused()
    page.close()


LONG_HIT = """
hit => {
  const tags = hit.querySelector('.tags');
  for (let number = 0; number < 2; number++) {
    const topic = document.createElement('li');
    topic.innerHTML = '<a href="/">Ports, harbours, ferries and other ways over the water</a>';
    tags.append(topic);
  }
  hit.querySelectorAll('.passage').forEach(each => each.append(' The ferry sails at night.'.repeat(20)));
  return [hit.querySelector('.meta').offsetHeight, hit.offsetHeight,
          hit.querySelector('time').getBoundingClientRect().right <= tags.getBoundingClientRect().left];
}
"""


def test_five_hits_with_long_topics_fit_on_a_desk(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry", viewport={"width": 1440, "height": 900})
    top = page.locator(".hit").first.bounding_box()
    assert top is not None
    of_meta, of_hit, has_date = page.locator(".hit").first.evaluate(LONG_HIT)
    assert of_meta <= 30
    assert top["y"] + 5 * (of_hit + 11) <= 905
    assert has_date
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_marks_of_a_long_title_do_not_cover_it(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry")
    page.locator(".hit a").first.click()
    shade = page.locator("h1 mark").first.evaluate("mark => getComputedStyle(mark).backgroundImage")
    assert shade.startswith("linear-gradient")


def test_points_of_trends_are_reached_by_keyboard_and_lead_to_their_articles(open_page: OpenPage) -> None:
    page = open_page("/trends?q=ferry&by=decade")
    page.get_by_role("button", name="Compare").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip the chart")).to_be_focused()
    page.keyboard.press("Tab")
    name = page.evaluate("document.activeElement.textContent.trim()")
    found = re.fullmatch(r"(\d+–\d+), ferry: (\d+) articles?", name)
    assert found
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text(f"{found[2]} article" if int(found[2]) else "No results")


def test_words_in_context_take_the_width_of_a_desk(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry&view=lines", viewport={"width": 1440, "height": 900})
    tops, bottoms, widths = [], [], []
    for part in (".listhead", ".arrange", ".lines"):
        box = page.locator(part).bounding_box()
        assert box is not None
        tops.append(box["y"])
        bottoms.append(box["y"] + box["height"])
        widths.append(box["width"])
    assert widths[-1] > 1100
    assert all(bottom <= top for bottom, top in zip(bottoms, tops[1:], strict=False))

"""What a page may cost, what it may never do, and what it is to a screen reader."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessible import PAGES

OpenPage = Callable[..., Page]
STATIC = Path(__file__).parent.parent.parent / "static"
PAGE_BYTES = 30_000
VIOLATIONS = """addEventListener("securitypolicyviolation", (event) => {
  (window.refused ??= []).push(event.violatedDirective);
})"""


@pytest.mark.parametrize(("name", "most"), [("backfile.css", 12_000), ("backfile.js", 10_000)])
def test_style_and_script_are_small(name: str, most: int) -> None:
    assert len(gzip.compress((STATIC / name).read_bytes())) <= most


def test_no_page_is_large_and_none_breaks_its_policy(open_page: OpenPage) -> None:
    page = open_page("/", silent=False)
    page.add_init_script(VIOLATIONS)
    for name, path in PAGES.items():
        answer = page.goto(path, wait_until="networkidle")
        assert answer is not None
        sizes = page.evaluate("() => performance.getEntriesByType('navigation').map((entry) => entry.encodedBodySize)")
        assert sizes[0] <= PAGE_BYTES, name
        assert page.evaluate("window.refused ?? []") == [], name


def test_what_a_screen_reader_is_told_of_results(open_page: OpenPage) -> None:
    page = open_page("/search?q=ferry&author=Ada+Marsh")
    expect(page.locator("body")).to_match_aria_snapshot("""
      - link "Skip to the results"
      - banner:
        - navigation "Main"
      - main:
        - search:
          - text: Search for words, names or “exact phrases”
          - combobox "Search for words, names or “exact phrases”": ferry
        - group:
          - group "Date":
            - group /Articles per/
            - textbox "From"
            - textbox "To"
          - group "Author":
            - list:
              - listitem:
                - checkbox "Ada Marsh 2" [checked]
        - heading "ferry" [level=1]
        - status: /2 articles/
        - navigation "Order"
        - list "Filters in force":
          - listitem:
            - link "Remove the filter Ada Marsh"
        - list:
          - listitem:
            - article:
              - heading [level=2]:
                - link
      - contentinfo
    """)


def test_what_a_screen_reader_is_told_of_an_article(open_page: OpenPage) -> None:
    page = open_page("/article/1998/night-ferry?q=ferry&place=1&match=2")
    expect(page.locator("body")).to_match_aria_snapshot("""
      - link "Skip to the article"
      - main:
        - navigation "Where you are":
          - link /Back to/
        - article:
          - heading /night ferry/ [level=1]
          - navigation "Contents"
        - region "Similar articles":
          - heading "Similar articles" [level=2]
      - navigation "Matches":
        - status: /2 of/
        - link "Previous match"
        - link "Next match"
      - contentinfo
    """)


def test_a_passage_is_copied_with_its_source_and_opens_again_there(open_page: OpenPage) -> None:
    page = open_page("/article/1998/night-ferry")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    passage = page.evaluate(
        """() => {
            const first = document.querySelector(".body p");
            getSelection().selectAllChildren(first);
            return String(getSelection()).trim();
        }"""
    )
    page.get_by_role("button", name="Copy passage and source").click()
    expect(page.locator(".quote [role=status]")).to_have_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f"“{passage}” Ada Marsh, Joris van Dijk, “Harbour board")
    found = re.search(r"\((http\S+/article/1998/night-ferry#:~:text=\S+)\)$", text)
    assert found
    assert page.goto(found[1]) is None or page.locator("h1").count() == 1


def test_citations_are_copied(open_page: OpenPage) -> None:
    page = open_page("/article/1998/night-ferry")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".cite summary").click()
    page.get_by_role("button", name="Copy BibTeX").click()
    expect(page.locator(".cite [role=status]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("@article{1998/night-ferry,")

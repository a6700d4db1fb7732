"""Sizes, policy violations and accessibility trees of the pages; citing a passage."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from paths import ROOT
from playwright.sync_api import Page, expect

from tests.browser.test_accessible import PAGES

OpenPage = Callable[..., Page]
STATIC = ROOT / "static"
PAGE_BYTES = 30_000
VIOLATIONS = """addEventListener("securitypolicyviolation", (event) => {
  (window.refused ??= []).push(event.violatedDirective);
})"""


@pytest.mark.parametrize(("name", "most"), [("backfile.css", 12_000), ("backfile.js", 10_000)])
def test_stylesheet_and_script_sizes(name: str, most: int) -> None:
    assert len(gzip.compress((STATIC / name).read_bytes())) <= most


def test_page_sizes_and_policy_violations(open_page: OpenPage) -> None:
    page = open_page("/", silent=False)
    page.add_init_script(VIOLATIONS)
    for name, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        sizes = page.evaluate("() => performance.getEntriesByType('navigation').map((entry) => entry.encodedBodySize)")
        assert sizes[0] <= PAGE_BYTES, name
        assert page.evaluate("window.refused ?? []") == [], name


def test_accessibility_tree_of_results(open_page: OpenPage) -> None:
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
        - list "Active filters":
          - listitem:
            - link "Remove the filter Ada Marsh"
        - list:
          - listitem:
            - article:
              - heading [level=2]:
                - link
      - contentinfo
    """)


def test_accessibility_tree_of_an_article(open_page: OpenPage) -> None:
    page = open_page("/article/1998/night-ferry?q=ferry&place=1&match=2")
    expect(page.locator("body")).to_match_aria_snapshot("""
      - link "Skip to the article"
      - main:
        - navigation "Breadcrumb":
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


def select(page: Page, text: str, *, start: int = 0, end: int | None = None) -> str:
    """Selects a range of offsets in the first text node of the body that contains `text`."""
    return str(
        page.evaluate(
            """([text, start, end]) => {
                const walker = document.createTreeWalker(document.querySelector(".body"), NodeFilter.SHOW_TEXT);
                while (walker.nextNode() && !walker.currentNode.data.includes(text));
                const node = walker.currentNode;
                const from = node.data.indexOf(text);
                getSelection().setBaseAndExtent(node, from + start, node, from + (end ?? text.length));
                return String(getSelection());
            }""",
            [text, start, end],
        )
    )


def test_a_passage_is_copied_with_its_source(open_page: OpenPage) -> None:
    page = open_page("/article/1998/night-ferry")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    passage = page.evaluate(
        """() => {
            getSelection().selectAllChildren(document.querySelector(".body p"));
            return String(getSelection()).trim();
        }"""
    )
    page.get_by_role("button", name="Copy passage and source").click()
    expect(page.locator(".quote").get_by_text("Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f"“{passage}” Ada Marsh, Joris van Dijk, “Harbour board")
    assert re.search(r"\(http\S+/article/1998/night-ferry#:~:text=\S+\)$", text)


def test_a_selected_passage_is_cited_in_four_formats(open_page: OpenPage, address: str) -> None:
    page = open_page("/article/1998/night-ferry")
    menu = page.get_by_role("group", name="Cite the selected passage")
    expect(menu).to_be_hidden()
    first = page.locator(".body p").first.inner_text()
    words = first.split()
    # Cut inside of its first word and its last one: browsers find whole words only.
    select(page, first[:40], start=1, end=len(" ".join(words[:4])) - 1)
    expect(menu).to_be_visible()
    assert menu.get_by_role("link").all_inner_texts() == ["Plain text", "BibTeX", "RIS", "CSL-JSON"]
    for form in menu.get_by_role("link").all():
        answer = page.request.get(form.get_attribute("href") or "")
        assert answer.ok
        assert " ".join(words[:4]) in answer.text()
        found = re.search(r"http\S+/article/1998/night-ferry#:~:text=[^\s)}\"]+", answer.text())
        assert found
        assert found[0].startswith(address)
    page.evaluate("getSelection().removeAllRanges()")
    expect(menu).to_be_hidden()


def test_a_passage_is_cited_without_script(open_page: OpenPage) -> None:
    # Not held to silence: beside plain text the browser asks for an icon of its own.
    page = open_page("/article/1998/night-ferry", java_script_enabled=False, silent=False)
    page.locator(".cite summary").click()
    page.get_by_label("Cite a passage").fill("night ferry")
    page.locator(".cite form").get_by_role("button", name="Plain text").click()
    expect(page.locator("body")).to_contain_text("“night ferry” Ada Marsh")
    expect(page.locator("body")).to_contain_text("/article/1998/night-ferry#:~:text=night%20ferry")


def test_citations_can_be_copied(open_page: OpenPage) -> None:
    page = open_page("/article/1998/night-ferry")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".cite summary").click()
    page.get_by_role("button", name="Copy BibTeX").click()
    expect(page.locator(".cite").get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("@article{1998/night-ferry,")

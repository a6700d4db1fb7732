"""Wildcards: a search through a vocabulary finds the same terms as a test of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.index.analysis.wildcards import matching_lines, wildcard_test

terms = st.lists(st.text("abc'é+#1", min_size=1, max_size=6), max_size=12)
patterns = st.text("abc?*é'", min_size=1, max_size=7)


@given(patterns, terms)
def test_lines_fit_as_terms_do(pattern: str, terms: list[str]) -> None:
    fits = wildcard_test(pattern)
    expected = [number for number, term in enumerate(terms) if fits(term)]
    assert matching_lines(pattern, "\n".join(terms)) == expected


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("f?rry", [1]), ("fe*", [0, 1, 2]), ("f*s", [2]), ("ferry", [1]), ("*", [0, 1, 2, 3])],
)
def test_lines_are_numbered_from_nought(pattern: str, found: list[int]) -> None:
    assert matching_lines(pattern, "fer\nferry\nferries's\nzoo") == found

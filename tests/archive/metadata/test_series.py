"""Series in front matter: names, parts, and the forms in which archives write them."""

from __future__ import annotations

import pytest

from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.metadata.series import MAX_SERIES, SeriesPart, read_series

TIDES = "The tides"


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("series: The tides\npart: 2", [(TIDES, "2", 2, "")]),
        ("series: The tides\npart: 2 of 5", [(TIDES, "2", 2, "5")]),
        ("series: The tides\npart: 2/5", [(TIDES, "2", 2, "5")]),
        ("series: The tides\npart: Part II", [(TIDES, "2", 2, "")]),
        ("series: The tides\npart: XIV of 20", [(TIDES, "14", 14, "20")]),
        ("series: Die Gezeiten\npart: Teil 3 von 4", [("Die Gezeiten", "3", 3, "4")]),
        ("series: Les marées\npart: partie 3 sur 4", [("Les marées", "3", 3, "4")]),
        ("series: The tides\npart: 2.5", [(TIDES, "2.5", 2.5, "")]),
        ("series: The tides\npart: 0", [(TIDES, "0", 0, "")]),
        ("series: The tides\npart: Prologue", [(TIDES, "Prologue", None, "")]),
        ("series: The tides\npart: iiii", [(TIDES, "iiii", None, "")]),
        ("series: The tides\npart: 2019-03-14", [(TIDES, "2019-03-14", None, "")]),
        ("series: The tides\npart: [1, 2]", [(TIDES, "", None, "")]),
        ("series: The tides\nseries_order: 3\nseries_total: 7", [(TIDES, "3", 3, "7")]),
        ("series: ['The tides', Harbours]\nseries_order: 3", [(TIDES, "3", 3, ""), ("Harbours", "3", 3, "")]),
        ("series: [The tides, the-tides]", [(TIDES, "", None, "")]),
        ("series: {name: The tides, part: 4, total: 9}\npart: 1", [(TIDES, "4", 4, "9")]),
        ("series:\n- {title: The tides, order: 2}\n- Harbours", [(TIDES, "2", 2, ""), ("Harbours", "", None, "")]),
        ("params: {series: The tides, part: 2}", [(TIDES, "2", 2, "")]),
        ("taxonomies: {series: [The tides]}\nextra: {series_order: 2}", [(TIDES, "2", 2, "")]),
        ("Series: '[[The tides]]'", [(TIDES, "", None, "")]),
        ("series: [[The tides]]", [(TIDES, "", None, "")]),
        ("series: 1984\npart: 1", [("1984", "1", 1, "")]),
        ("series_title: Tides\nseries: The tides\npart: 2", [(TIDES, "2", 2, "")]),
        ("series_title: The tides\nseries:\npart: 2", [(TIDES, "2", 2, "")]),
        ("series: false\npart: 2", []),
        ("series:\npart: 2", []),
        ("part: 2", []),
        ("series: {part: 2}", []),
    ],
)
def test_forms(front: str, expected: list[tuple[str, str, float | None, str]]) -> None:
    assert [tuple(each) for each in read_series(parse(f"---\n{front}\n---\n").data)] == expected


def test_an_article_is_a_part_of_few_series() -> None:
    assert len(read_series({"series": [f"Series {number}" for number in range(100)]})) == MAX_SERIES
    assert SeriesPart("The-Tides").key == SeriesPart("the tides").key

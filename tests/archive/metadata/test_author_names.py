"""Authors: one or several in a string, and strings that stay whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.metadata.author_names import author_names

STRINGS = {
    "Ada Quill": ["Ada Quill"],
    "By Ada Quill": ["Ada Quill"],
    "BY ADA QUILL": ["ADA QUILL"],
    "Words by Ada Quill": ["Ada Quill"],
    "Byron": ["Byron"],
    "Ada Quill and Ben Oar": ["Ada Quill", "Ben Oar"],
    "Ada Quill & Ben Oar": ["Ada Quill", "Ben Oar"],
    "By Ada Quill, Ben Oar": ["Ada Quill", "Ben Oar"],
    "Ada Quill, Ben Oar and Cy Pole": ["Ada Quill", "Ben Oar", "Cy Pole"],
    "Ada Quill, Ben Oar, and Cy Pole": ["Ada Quill", "Ben Oar", "Cy Pole"],
    "Ada, Ben, Cy and Di": ["Ada", "Ben", "Cy", "Di"],
    "Ada, Ben and Cy": ["Ada", "Ben", "Cy"],
    "Ada Quill; Ben Oar": ["Ada Quill", "Ben Oar"],
    "Ada Quill | Ben Oar": ["Ada Quill", "Ben Oar"],
    "Ada Quill\nBen Oar": ["Ada Quill", "Ben Oar"],
    "adaquill, Ben Oar": ["adaquill", "Ben Oar"],
    "Ada Quill, benoar": ["Ada Quill", "benoar"],
    "Quill, Ada": ["Ada Quill"],
    "Quill, A. B.": ["A. B. Quill"],
    "van der Berg, Jan": ["Jan van der Berg"],
    "Quill, Ada; Oar, Ben": ["Ada Quill", "Ben Oar"],
    "Quill, Ada and Oar, Ben": ["Ada Quill", "Ben Oar"],
    "Ada Quill, PhD": ["Ada Quill, PhD"],
    "Ada Quill, M.D., and Ben Oar, Jr.": ["Ada Quill, M.D.", "Ben Oar, Jr."],
    "Ada Quill, Director of Studies": ["Ada Quill, Director of Studies"],
    "Ada Quill, The Harbour Desk": ["Ada Quill", "The Harbour Desk"],
    "Office of Harbours, Tides": ["Office of Harbours, Tides"],
    "Institute of Tides and Currents": ["Institute of Tides and Currents"],
    "Open and Structured Tides Working Group": ["Open and Structured Tides Working Group"],
    "Ada Quill and the Harbour Desk": ["Ada Quill", "the Harbour Desk"],
    "Ada Quill on behalf of the Harbour Board": ["Ada Quill on behalf of the Harbour Board"],
    "Ada (Quill, or Pen) and Ben Oar": ["Ada (Quill, or Pen)", "Ben Oar"],
    "Ada Quill (@ada) & Ben Oar (@ben)": ["Ada Quill (@ada)", "Ben Oar (@ben)"],
    "Ada Quill <ada@example.org>": ["Ada Quill"],
    "ada@example.org (Ada Quill)": ["Ada Quill"],
    "[Ada Quill](https://example.org/ada)": ["Ada Quill"],
    "Kristen O&#39;Nell": ["Kristen O'Nell"],
    "José Ortega y Gasset": ["José Ortega y Gasset"],
    "Hans Meier und Eva Müller": ["Hans Meier", "Eva Müller"],
    "王小明、李华": ["王小明", "李华"],
    "أحمد علي، ليلى حسن": ["أحمد علي", "ليلى حسن"],
    "  Ada   Quill ": ["Ada Quill"],
    "Ada Quill, Ada Quill": ["Ada Quill"],
    "García Oar, Federico; Vargas Pole, Mario": ["Federico García Oar", "Mario Vargas Pole"],
    "García Oar, F.": ["F. García Oar"],
    "Ada Quill, Madonna": ["Ada Quill", "Madonna"],
    "AdaQuill, Ben Oar": ["AdaQuill", "Ben Oar"],
    "MacQuill, Ada": ["Ada MacQuill"],
    "DeQuill, Ada Mary": ["Ada Mary DeQuill"],
    "Quill, Ada; Oar, Ben; and Pole, Cy": ["Ada Quill", "Ben Oar", "Cy Pole"],
    "Le Quill, Ada K.": ["Ada K. Le Quill"],
    "De Quill, Ada": ["Ada De Quill"],
    "Quill, Ada Mary": ["Ada Mary Quill"],
    "Quill, Ada Mary, Jr.": ["Ada Mary Quill, Jr."],
    "Quill, A., Oar, B. C., & Pole, D.": ["A. Quill", "B. C. Oar", "D. Pole"],
    "Quill, A., & Oar, B.": ["A. Quill", "B. Oar"],
    "Quill, A., Oar, J.-B.": ["A. Quill", "J.-B. Oar"],
    "Quill, Ada, and Ben Oar": ["Ada Quill", "Ben Oar"],
    "Quill, Ada, Ben Oar, and Cy Pole": ["Ada Quill", "Ben Oar", "Cy Pole"],
    "Ada Quill, Reuters": ["Ada Quill", "Reuters"],
    "Ada Quill, DOJ": ["Ada Quill", "DOJ"],
    "Müller-Quill, Ada": ["Ada Müller-Quill"],
    "O'Quill, Ada": ["Ada O'Quill"],
    "Mun\u0303oz": ["Mu\u00f1oz"],
    "ada-quill": ["Ada Quill"],
    "juan_de_la_mar": ["Juan de la Mar"],
    "harbour-desk-2": ["harbour-desk-2"],
    "[[Mara Quill]]": ["Mara Quill"],
    "[[people/Mara Quill|Mara]]": ["Mara"],
    "[[people/Mara Quill.md]], [[Ben Oar#Life]]": ["Mara Quill", "Ben Oar"],
    "Ada Quill, ADA QUILL": ["Ada Quill"],
    "J. R. Quill; J.R. Quill": ["J. R. Quill"],
    "null": [],
    "By": [],
    "": [],
}


@pytest.mark.parametrize(("text", "expected"), STRINGS.items())
def test_strings(text: str, expected: list[str]) -> None:
    assert list(author_names(text)) == expected


VALUES = [
    (["Ada Quill", "Ben Oar"], ["Ada Quill", "Ben Oar"]),
    (["Ada Quill", "ada quill"], ["Ada Quill"]),
    ({"name": "Ada Quill", "url": "https://example.org"}, ["Ada Quill"]),
    ([{"name": "Ada Quill"}, "Ben Oar", None], ["Ada Quill", "Ben Oar"]),
    ({"first_name": "Ada", "last_name": "Quill"}, ["Ada Quill"]),
    ({"ada": {"name": "Ada Quill"}, "ben": None}, ["Ada Quill", "ben"]),
    (["Ada Quill and Ben Oar"], ["Ada Quill", "Ben Oar"]),
    (7, ["7"]),
    (True, []),
    (None, []),
    ([[["Ada Quill"]]], ["Ada Quill"]),
    ([["Mara Quill"]], ["Mara Quill"]),  # [[Mara Quill]] without quotes
    ([[["people/Mara Quill|Mara"]]], ["Mara"]),
    (["García Oar, Federico", "Vargas Pole, Mario José"], ["Federico García Oar", "Mario José Vargas Pole"]),
    (["Ada Quill, Editor", "Oar, Ben"], ["Ada Quill, Editor", "Ben Oar"]),
    (["Jose\u0301 Oar", "Jos\u00e9 Oar"], ["Jos\u00e9 Oar"]),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=repr)
def test_values(value: object, expected: list[str]) -> None:
    assert list(author_names(value)) == expected


def test_keys_of_the_library_are_shown_by_name_and_not_taken_apart() -> None:
    names = {"ada-quill": "Ada Quill", "board": "Board of Tides, Currents and Ferries"}
    shown = author_names(["ada-quill", "board", "ben-oar"], lambda key: names.get(key, key))
    assert shown == ("Ada Quill", "Board of Tides, Currents and Ferries", "Ben Oar")


@given(st.text(max_size=80) | st.text(st.sampled_from("AaBb ,;&()|.'@<>\n"), max_size=60))
def test_no_text_does_harm_and_no_name_is_empty(text: str) -> None:
    names = author_names(text)
    assert all(name.strip() for name in names)
    assert len({name.casefold() for name in names}) == len(names)

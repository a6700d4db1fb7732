"""Identifiers and corrections of front matter."""

from __future__ import annotations

import pytest

from backfile.archive.metadata.corrections import Correction, CorrectionKind, read_corrections
from backfile.archive.metadata.identifiers import read_identifiers
from backfile.archive.model import PartialDate

DAY = PartialDate(2019, 3, 15)
CORRECTION, RETRACTION, NOTE = CorrectionKind


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"doi": "10.5281/zenodo.123"}, [("doi", "10.5281/zenodo.123", "https://doi.org/10.5281/zenodo.123")]),
        ({"DOI": "https://dx.doi.org/10.1000/182."}, [("doi", "10.1000/182", "https://doi.org/10.1000/182")]),
        ({"doi": "doi:10.1002/(SICI)1097"}, [("doi", "10.1002/(SICI)1097", "https://doi.org/10.1002/(SICI)1097")]),
        ({"doi": "10.1234/a<b>"}, [("doi", "10.1234/a<b>", "https://doi.org/10.1234/a%3Cb%3E")]),
        ({"doi": "pending"}, []),
        ({"ark": "ark:/12025/654xz321"}, [("ark", "ark:/12025/654xz321", "https://n2t.net/ark:/12025/654xz321")]),
        ({"ark": "https://n2t.net/ark:12148/btv1"}, [("ark", "ark:/12148/btv1", "https://n2t.net/ark:/12148/btv1")]),
        ({"handle": "2027/mdp.390"}, [("handle", "2027/mdp.390", "https://hdl.handle.net/2027/mdp.390")]),
        ({"identifier": ["urn:nbn:de:101:1-2"]}, [("urn", "urn:nbn:de:101:1-2", None)]),
        ({"identifier": "javascript:alert(1)"}, [("", "javascript:alert(1)", None)]),
        ({"identifier": "https://example.org/x"}, [("url", "https://example.org/x", "https://example.org/x")]),
        (
            {"identifiers": [{"type": "doi", "value": "10.5281/z.1"}]},
            [("doi", "10.5281/z.1", "https://doi.org/10.5281/z.1")],
        ),
        ({"identifier": {"isbn": "978-3"}}, [("isbn", "978-3", None)]),
        ({"params": {"doi": "10.5555/1"}}, [("doi", "10.5555/1", "https://doi.org/10.5555/1")]),
        ({"doi": "10.5555/1", "identifier": "doi:10.5555/1"}, [("doi", "10.5555/1", "https://doi.org/10.5555/1")]),
        ({"doi": True, "identifier": None, "ark": {}}, []),
    ],
)
def test_identifiers(extra: dict[str, object], expected: list[tuple[str, str, str | None]]) -> None:
    assert [(each.scheme, each.value, each.url) for each in read_identifiers(extra)] == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"correction": "It left at *nine*."}, [(CORRECTION, "It left at nine.", None)]),
        (
            {"corrections": [{"date": "2019-03-15", "text": "A"}, "B"]},
            [(CORRECTION, "A", DAY), (CORRECTION, "B", None)],
        ),
        ({"corrected": "2019-03-15"}, [(CORRECTION, "", DAY)]),
        ({"correction": "true"}, [(CORRECTION, "", None)]),
        ({"correction": "no"}, []),
        ({"errata": {"2019-03-15": "x"}}, [(CORRECTION, "x", DAY)]),
        ({"Editor's Note": "Hello"}, [(NOTE, "Hello", None)]),
        ({"retraction": {"on": "2019-03-15", "reason": "wrong"}}, [(RETRACTION, "wrong", DAY)]),
        ({"params": {"correction": "nested"}}, [(CORRECTION, "nested", None)]),
        ({"correction": {}, "erratum": [], "corrected": None}, []),
    ],
)
def test_corrections(extra: dict[str, object], expected: list[tuple[CorrectionKind, str, PartialDate | None]]) -> None:
    assert read_corrections(extra) == tuple(Correction(*each) for each in expected)

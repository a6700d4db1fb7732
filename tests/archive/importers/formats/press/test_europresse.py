"""Europresse: HTML in the present and the older form."""

from __future__ import annotations

from pathlib import Path

import pytest
from importing import import_twice

from backfile.archive.importers.formats.press import europresse
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source

PRESENT = """<!DOCTYPE html><html><head><meta charset="utf-8"><title></title></head><body>
<article><header><div class="rdp__DocPublicationName"><span class="DocPublicationName">La Voix du Port, no. 4301
</span></div><div><span class="DocHeader">Politique, jeudi 14 mars 2019 520 mots, p. 4</span></div>
<div class="titreArticle"><p class="sm-margin-TopNews titreArticleVisu rdp__articletitle">Le bac de nuit revient</p>
<p class="sm-margin-TopNews rdp__subtitle">Une semaine de brume</p></div>
<p class="sm-margin-bottomNews">Edna Marsh et John Roe</p></header>
<section><div class="DocText clearfix"><div class="docOcurrContainer"><p>Le <mark>bac</mark> a quitté le port.</p>
<p>Personne n'a fait signe.</p>
<p><a href="https://voix.example/bac">Cet article est paru dans La Voix du Port</a></p></div></div></section>
<aside><div><b>Note(s) : </b></div><div><p>Photo : Ada Quill</p></div></aside>
<footer><small>© 2019 La Voix. Tous droits réservés.</small><p>Numéro de document : news·20190314·VP·4301_12</p>
<div id="divPubliC"><table><tr><td>Ce certificat est émis à <b>Bibliothèque</b></td></tr></table></div>
</footer></article>
<article><header><div><span class="DocPublicationName">The Harbour Post</span></div>
<div><span class="DocHeader">Thursday, March 14, 2019 - 10:15 UTC</span></div>
<div class="titreArticle"><p class="titreArticleVisu">Pier closed</p></div></header><section></section>
<footer><p>Document number: web·20190314·HPW·9</p></footer></article>
<article><p>Résultats</p></article></body></html>"""
OLDER = """<html xmlns:n1="http://www.cedrom-sni.com/schema/newsv1.xsd"><head>
<META http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"></head><body>
<table><tr><td><table id="t"><tr><td><img src="x.gif"></td></tr></table>
<span class="DocPublicationName">Le Bac</span><br><span class="DocHeader">Politique, </span>
<span class="DocHeader">jeudi </span><span class="DocHeader">14 mars 2019</span><br><br>
<span class="TitreArticleVisu">Le bac de nuit</span><br><br>Edna Marsh<p></p>Du texte accentué : éè.<font> Suite.</font>
<p></p>
Fin.<p></p><b><i>© 2019 Le Bac. Tous droits réservés.</i></b><p></p>Numéro de document : news·20190314·LB·204<br>
<table><tr><td>Ce certificat</td></tr></table></td></tr></table>
<table><tr><td><span class="DocPublicationName">Le Port</span><span class="DocHeader">15 mars 2019</span>
<span class="TitreArticleVisu">Deuxième</span><br>Un texte.<p></p>Numéro de document : news·20190315·LP·7
</td></tr></table>
</body></html>"""


def read(path: Path, content: str, encoding: str = "utf-8") -> list[ImportEvent]:
    path.write_bytes(content.encode(encoding))
    return list(europresse.read(path, ImportContext()))


def test_articles_of_the_present_form(tmp_path: Path) -> None:
    first, second, third = read(tmp_path / "biblio.html", PRESENT)
    assert isinstance(first, Item)
    assert first.origin == "news·20190314·VP·4301_12"
    assert first.metadata.title == "Le bac de nuit revient"
    assert first.metadata.authors == ("Edna Marsh", "John Roe")
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.metadata.summary == "Une semaine de brume"
    assert first.metadata.source == Source("La Voix du Port", "https://voix.example/bac")
    assert first.body.startswith("Le bac a quitté le port.\n\nPersonne n'a fait signe.")
    assert first.body.endswith("Photo : Ada Quill")
    assert first.extra == {
        "issue": "no. 4301",
        "section": "Politique",
        "pages": "4",
        "copyright": "© 2019 La Voix. Tous droits réservés.",
    }
    assert isinstance(second, Item)
    assert second.origin == "web·20190314·HPW·9"
    assert second.metadata.date == PartialDate(2019, 3, 14)
    assert second.notes == ("has no text, only its headline and metadata",)
    assert isinstance(third, Skipped)


def test_articles_of_the_older_form(tmp_path: Path) -> None:
    first, second = read(tmp_path / "biblio.html", OLDER, "latin-1")
    assert isinstance(first, Item)
    assert first.origin == "news·20190314·LB·204"
    assert first.metadata.title == "Le bac de nuit"
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.body == "Du texte accentué : éè. Suite.\n\nFin."
    assert first.extra["section"] == "Politique"
    assert isinstance(second, Item)
    assert second.metadata.date == PartialDate(2019, 3, 15)
    assert second.body == "Un texte."


@pytest.mark.parametrize(("content", "articles"), [(PRESENT, 2), (OLDER, 2)])
def test_exports_are_detected_and_a_second_import_changes_nothing(content: str, articles: int, tmp_path: Path) -> None:
    path = tmp_path / "biblio.html"
    path.write_text(content.replace("ISO-8859-1", "utf-8"), encoding="utf-8")
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "europresse"
    assert len(import_twice(tmp_path / "library", path)) == articles

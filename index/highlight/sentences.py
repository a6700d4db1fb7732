"""Sentences and lines of a plain text: where they begin, and whether a line is prose."""

from __future__ import annotations

import re
from collections.abc import Iterator

# The expression begins with one set of characters, so that `re` passes over all others at full speed.
_SENTENCE_END = re.compile(
    r"""[.!?…。！？।؟\n](?:(?<=[.!?…])["'’”»)\]]*\s+(?=["'‘“«„¿¡(\[]*[^\W_])"""
    r"""|(?<=[。！？।؟])["'’”」』）]*|(?<=\n)\s*)"""
)
_SHORT = 3  # letters of a word that may be an abbreviation
_LAST_WORD = re.compile(r"(?<![^\W_])[^\W_]+\Z")

# Abbreviations before which a full stop ends no sentence, without those of one letter. Those in lower case stand for
# their capitalized form too.
_ABBREVIATIONS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "Mr Mrs Ms Dr Prof St Rev Hon Gov Sen Rep Gen Col Capt Lt Sgt Maj Adm Messrs Mt Ft No Nos vs etc cf viz "
        "ibid al ed eds vol vols pp ch fig figs eq approx ca Inc Ltd Co Corp Bros Jan Feb Apr Aug Sept Oct Nov Dec "
        "Ave Blvd Univ Assn Dept Jr Sr",
        "de": "bzw ca evtl ggf inkl exkl usw vgl Nr Nrn Bd Bde Hrsg Dr Prof Dipl Ing Frl Hr Fr St Str Abs Art Abb Kap "
        "Tel Mio Mrd Jan Feb Apr Aug Sept Okt Nov Dez sog geb gest zzgl bes insb Anm Aufl Verf",
        "fr": "MM Mme Mmes Mlle Mlles Dr Pr Me Mgr St Ste cf chap éd env etc fig ibid vol pp art av apr janv févr juil "
        "sept oct nov déc no nos réf tél",
        "es": "Sr Sra Sres Sras Srta Dr Dra Dres Prof Lic Ing Ud Uds Vd Vds Gral cap cf ed fig núm págs pág pp vol "
        "aprox art Avda tel EE",
        "pt": "Sr Sra Srs Sras Dr Dra Drs Prof Profa Exmo Exma cap cf ed fig núm pág págs pp vol aprox art Av tel",
        "it": "Sig Sigg Dott Prof Ing Avv Arch On Mons cap cfr ed fig pag pagg pp vol art ecc es sec tel",
        "nl": "dhr mevr mw dr drs prof ir mr bijv bv ca cf enz evt nr nrs blz vgl resp zgn incl excl tel vol",
        "ru": "г гг в вв им ул пр просп пер обл стр см ср рис табл гл прим напр др проф акад доц тыс млн млрд руб коп "
        "род ум ок изд ред пер сокр св тел",
        "uk": "р рр ст ім вул див рис табл гл прим напр проф акад тис млн млрд грн стор ред пер тел",
        "pl": "dr prof inż mgr hab np tzn tj itd itp nr ul al pl str rys tab tys mln mld godz im św wyd red zob por ok",
        "cs": "např tzv tj atd apod resp č čp str obr tab tis mil mld ul nám prof dr ing mgr srov ed roč",
        "sv": "bl dr prof kap nr resp sid tel osv jfr ca fig",
        "da": "bl dr prof kap nr resp ca jf osv fig tlf mio",
        "no": "bl dr prof kap nr resp ca jf osv fig tlf mill",
        "tr": "Dr Prof Doç Av Sn bkz vb vs yy No Cad Sok Mah Tel",
    }.items()
}
_USUAL = _ABBREVIATIONS["en"]

_SHORTEST_PROSE = 60  # characters of a line
_SENTENCE_ENDS = tuple('.!?…。！？।؟"”»’)」』）')
_CODE = re.compile(r"[{}<>=;|\\$`]|\w\(|::|->|--\w")
_MOST_CODE = 40  # characters of prose, at least, for each sign of code
# The name of a picture, in place of words on what it shows.
_FILE_NAME = re.compile(
    r"(?:\S+\.(?:jpe?g|png|gif|svg|webp|avif|bmp|tiff?|pdf)|_*+[^\W_]++(?:_*+(?:-_*+)?[^\W_]++){3,}_*+)", re.IGNORECASE
)


def sentence_starts(text: str, low: int, high: int, language: str | None = None) -> Iterator[int]:
    """Starts of sentences or lines in text[low:high + 1], in order, without `low` itself unless it is 0."""
    if not low:
        yield 0
    for found in _SENTENCE_END.finditer(text, low, high + 1):
        edge = found.end()
        if low < edge <= high and not (found[0][0] == "." and _is_abbreviated(text, found.start(), edge, language)):
            yield edge


def is_prose(line: str) -> bool:
    """True for a line of sentences; False for headings, entries of lists and tables, names of files and code."""
    line = line.strip()
    wide = not line.isascii() and any(sign in line for sign in "。！？，、")
    if len(line) < _SHORTEST_PROSE // (2 if wide else 1) or not ends_sentence(line) or "\t" in line:
        return False
    return len(_CODE.findall(line)) * _MOST_CODE <= len(line)


def ends_sentence(text: str) -> bool:
    """True if a text ends with the end of a sentence."""
    return text.rstrip().endswith(_SENTENCE_ENDS)


def is_file_name(line: str) -> bool:
    """True for a line that is only the name of a file: `IMG_0412.jpg`, `600-x-450-survey-results-2`."""
    return _FILE_NAME.fullmatch(line.strip()) is not None


def _is_abbreviated(text: str, stop: int, edge: int, language: str | None) -> bool:
    """True if the full stop at `stop` follows an initial or an abbreviation of the language (None: of English).

    A short word counts as one if a letter in lower case follows, at `edge`.
    """
    found = _LAST_WORD.search(text, max(stop - 12, 0), stop)
    if not found:
        return False
    word = found[0]
    if len(word) == 1 or (len(word) <= _SHORT and text[edge : edge + 1].islower()):
        return word.isalpha()
    known = _ABBREVIATIONS.get((language or "en").partition("-")[0], _USUAL)
    return word in known or word[:1].lower() + word[1:] in known

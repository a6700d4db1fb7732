"""Updates the message catalogues (web/translations) from templates and code; `--check` only compares them.

A new text gets an empty translation, an unused one is removed. A changed text counts as new: a fuzzy match would be
shown to readers unreviewed.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from backfile.config import SOURCE_LANGUAGE, UI_LANGUAGES  # noqa: E402 - the checkout first
from backfile.web.service.ui_language import language_name  # noqa: E402

FOLDER = ROOT / "web" / "translations"
METHODS = [("templates/**", "jinja2"), ("web/**.py", "python"), ("index/**.py", "python")]
OPTIONS = {"templates/**": {"trimmed": "true", "silent": "false"}}
# Functions whose arguments are translatable: those of web/service/i18n.py, and notices of the query parser.
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "gettext_noop": None,
    "Notice": (1,),
    "NoticeTemplate": (2,),
    "_note": (2,),
    "_refused": (1,),
}


HEADER = """\
# Texts of the pages in {name}. `make texts` adds what is new and takes out what is gone.
msgid ""
msgstr ""
"Language: {code}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


def extract_texts() -> Catalog:
    """Extracts all texts of templates and code."""
    found = Catalog()
    for name, line, message, _, context in extract_from_dir(ROOT, METHODS, OPTIONS, keywords=KEYWORDS):
        if message:
            found.add(message, locations=[(name, line)], context=context)
    return found


def read_catalogue(code: str) -> Catalog:
    """Reads the catalogue of a language."""
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def updated_catalogue(code: str, texts: Catalog) -> str:
    """Text of a catalogue file with the current texts and the existing translations."""
    made = read_catalogue(code) if (FOLDER / f"{code}.po").exists() else Catalog(locale=code)
    made.update(texts, no_fuzzy_matching=True)
    made.obsolete.clear()
    written = io.BytesIO()
    write_po(written, made, width=120, omit_header=True, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    # Babel's own header holds times and its version; the file should change only with its texts.
    header = HEADER.format(name=language_name(code), code=code, plural_forms=made.plural_forms)
    return f"{header}\n{written.getvalue().decode().strip()}\n"


def is_outdated(code: str, texts: Catalog) -> bool:
    """Whether a catalogue lacks a text or has an unused one."""
    path = FOLDER / f"{code}.po"
    return not path.exists() or keys(read_catalogue(code)) != keys(texts)


def keys(texts: Catalog) -> set[tuple[str, ...]]:
    """Keys of the texts: context, singular, plural."""
    return {(text.context or "", *((text.id,) if isinstance(text.id, str) else text.id)) for text in texts if text.id}


def main() -> None:
    """Writes the catalogues, or with --check names outdated ones and fails."""
    texts = extract_texts()
    wrong = False
    for code in UI_LANGUAGES:
        path = FOLDER / f"{code}.po"
        if code == SOURCE_LANGUAGE:
            continue
        if "--check" not in sys.argv:
            path.write_text(updated_catalogue(code, texts), encoding="utf-8")
        elif is_outdated(code, texts):
            wrong = True
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date; `make texts` renews it\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

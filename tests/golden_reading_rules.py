"""Golden readings: text, fields and terms of a small corpus, with the versions that made them.

`python -m tests.golden_reading_rules` writes them. It refuses if a file reads differently under the same READING_RULES:
an older index would never be brought up to date.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from typing import Any

from backfile.archive.storage.library import Library
from backfile.index.analysis.stemming import LANGUAGES
from backfile.index.analysis.tokenizer import Token, stem_keys, tokenize
from backfile.index.engine import Document
from backfile.index.fields import WORD_FIELDS, values
from backfile.index.sync import reading_rules
from backfile.index.sync.reader import ReadResult, read_documents
from tests.paths import DATA

CORPUS = DATA / "reading_rules" / "library"
GOLDEN = CORPUS.parent / "golden.json"
COMMAND = "python -m tests.golden_reading_rules"

Golden = dict[str, Any]


def read_golden() -> Golden:
    """Recorded readings; without the file, none, of version 0."""
    if not GOLDEN.exists():
        return {"reading_rules": 0, "libraries": {}, "settings": "", "articles": {}}
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def make_golden() -> Golden:
    """Readings of the corpus by the present code, as a synchronisation reads it."""
    library = Library(CORPUS)
    paths = sorted(entry.path for entry in library.walk())
    made = {
        "reading_rules": reading_rules.READING_RULES,
        "libraries": reading_rules.library_versions(),
        "settings": hashlib.blake2b((CORPUS / "library.toml").read_bytes(), digest_size=16).hexdigest(),
        "articles": {result.path: _reading(result) for result in read_documents(library, paths)},
    }
    return json.loads(json.dumps(made))


def _reading(result: ReadResult) -> Golden:
    reading: Golden = {
        "digest": result.digest,
        "left_out": result.left_out,
        "problems": len(result.problems),
        "document": None,
    }
    if (document := result.document) is not None:
        found = {field: [list(tokenize(value)) for value in values(document, field)] for field in WORD_FIELDS}
        terms = sorted({token.term for texts in found.values() for text in texts for token in text})
        reading["document"] = {"id": document.id, "path": document.path, "text": document.text} | asdict(
            document.metadata
        )
        reading["terms"] = {field: [" ".join(map(_describe, text)) for text in texts] for field, texts in found.items()}
        reading["stem_keys"] = {term: " ".join(sorted(stem_keys(term, _languages(document)))) for term in terms}
        every = repr([sorted(stem_keys(term, tuple(sorted(LANGUAGES)))) for term in terms])
        reading["stem_keys_in_all_languages"] = hashlib.blake2b(every.encode(), digest_size=16).hexdigest()
    return reading


def _describe(token: Token) -> str:
    return f"{token.term}@{token.position}[{token.start}:{token.end}]"


def _languages(document: Document) -> tuple[str, ...]:
    return tuple(dict.fromkeys(("en", (document.metadata.language or "en").partition("-")[0])))


def differences(recorded: Golden, made: Golden) -> list[str]:
    """Differences between readings of the same file: path, part, recorded and present value."""
    if recorded["settings"] != made["settings"]:
        return []
    return [
        f"{path}: {difference}"
        for path, old in recorded["articles"].items()
        if (new := made["articles"].get(path)) is not None and old["digest"] == new["digest"]
        for difference in _between(old, new)
    ]


def _between(old: object, new: object, name: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [each for key in keys for each in _between(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))]
    return [] if old == new else [f"{name}: {old!r} became {new!r}"]


def same_corpus(recorded: Golden, made: Golden) -> bool:
    """Whether the recorded readings are those of the present files of the corpus."""
    digests = [{path: each["digest"] for path, each in golden["articles"].items()} for golden in (recorded, made)]
    return digests[0] == digests[1] and recorded["settings"] == made["settings"]


def refusal(recorded: Golden, made: Golden) -> str:
    """Reason not to replace `recorded` by `made`, or an empty string."""
    changed = differences(recorded, made)
    if changed and made["reading_rules"] <= recorded["reading_rules"]:
        return "\n".join(
            ["The same files read differently: raise READING_RULES in index/sync/reading_rules.py.", *changed]
        )
    return ""


def main() -> int:
    """Writes the golden file, or prints the reason not to on stderr."""
    made = make_golden()
    if reason := refusal(read_golden(), made):
        sys.stderr.write(f"{reason}\n")
        return 1
    GOLDEN.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

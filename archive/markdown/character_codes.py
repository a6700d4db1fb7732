"""Codes for characters and keys: `:calendar:` → 📆, `:material-home:` → nothing, `++ctrl+c++` → the names of keys."""

from __future__ import annotations

from functools import lru_cache
from html import escape

_ICONS = ("material-", "octicons-", "fontawesome-", "simple-", "si-", "mdi-", "fa-", "bootstrap-", "lucide-", "icons-")


@lru_cache(maxsize=1)
def _emoji() -> dict[str, str]:
    """Code without colons → characters, of GitHub and of Twemoji."""
    from pymdownx import gemoji_db, twemoji_db  # noqa: PLC0415 - large tables, of use to few articles

    found: dict[str, str] = {}
    for table in (twemoji_db, gemoji_db):
        known = {name: entry["unicode"] for name, entry in table.emoji.items() if "unicode" in entry}
        known |= {alias: known[name] for alias, name in table.aliases.items() if name in known}
        found |= {name.strip(":"): _characters(points) for name, points in known.items()}
    return found


def _characters(points: str) -> str:
    return "".join(chr(int(point, 16)) for point in points.split("-"))


def character_of(code: str) -> str | None:
    """Character of a code written without its colons; "" for an icon of a theme, None for other words."""
    if code.startswith(_ICONS):
        return ""
    return _emoji().get(code)


@lru_cache(maxsize=1)
def _keys() -> dict[str, str]:
    from pymdownx import keymap_db  # noqa: PLC0415

    return keymap_db.keymap | {alias: keymap_db.keymap[name] for alias, name in keymap_db.aliases.items()}


def keys_as_html(names: str) -> str | None:
    """`ctrl+alt+"x"` → keys as HTML; None if a name is no key."""
    shown = []
    for name in names.split("+"):
        key = name.strip('"') if name.startswith('"') else _keys().get(name.lower())
        if key is None:
            return None
        shown.append(f"<kbd>{escape(key, quote=False)}</kbd>")
    return "+".join(shown)

"""The engines there are, by name. Nothing is imported before it is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from index.engine import Engine

DEFAULT = "whoosh"
_MAKERS = {
    "whoosh": ("index.engines.whoosh", "WhooshEngine"),
    "memory": ("index.engines.memory", "MemoryEngine"),
}


def names() -> tuple[str, ...]:
    """The names that `open_engine` knows, the default one first."""
    return tuple(_MAKERS)


def open_engine(name: str, folder: Path) -> Engine:
    """The engine called `name` on the index in `folder`, which is made when it is missing.

    Raises `ValueError` for an unknown name, `IndexUnusable` when the folder holds something else.
    """
    if name not in _MAKERS:
        raise ValueError(f"there is no engine {name!r}, only {', '.join(_MAKERS)}")
    module, maker = _MAKERS[name]
    engine: Engine = getattr(import_module(module), maker)(folder)
    return engine

"""The engines there are, by name. Nothing is imported before it is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from backfile.index.engine import Engine

DEFAULT = "whoosh"
REGISTRY = {
    "whoosh": ("backfile.index.engines.whoosh", "WhooshEngine"),
}


def names() -> tuple[str, ...]:
    """The names that `open_engine` knows, the default one first."""
    return tuple(REGISTRY)


def open_engine(name: str, folder: Path) -> Engine:
    """The engine called `name` on the index in `folder`, which is made when it is missing.

    Raises `ValueError` for an unknown name, `IndexUnusable` when the folder holds something else.
    """
    if name not in REGISTRY:
        raise ValueError(f"there is no engine {name!r}, only {', '.join(REGISTRY)}")
    module, maker = REGISTRY[name]
    engine: Engine = getattr(import_module(module), maker)(folder)
    return engine

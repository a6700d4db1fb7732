"""Registry of engines by name; an engine is imported when it is opened."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from backfile.index.engine import Engine

DEFAULT = "whoosh"
REGISTRY = {
    "whoosh": ("backfile.index.engines.whoosh", "WhooshEngine"),
}


def names() -> tuple[str, ...]:
    """Names of the engines, the default one first."""
    return tuple(REGISTRY)


def open_engine(name: str, folder: Path) -> Engine:
    """Opens the index in `folder` with the engine called `name`; makes the index when it is missing.

    Raises `ValueError` for an unknown name, `IndexUnusable` when the folder holds something else.
    """
    if name not in REGISTRY:
        raise ValueError(f"there is no engine {name!r}, only {', '.join(REGISTRY)}")
    module, maker = REGISTRY[name]
    engine: Engine = getattr(import_module(module), maker)(folder)
    return engine

"""Registry of engines by name; an engine is imported when it is opened."""

from __future__ import annotations

from contextlib import closing
from importlib import import_module
from pathlib import Path
from types import ModuleType

from backfile.index.engine import Engine
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from backfile.index.errors import EngineMissing, IndexUnusable

DEFAULT = "whoosh"
REGISTRY = {
    "whoosh": ("backfile.index.engines.whoosh", "WhooshEngine"),
    "opensearch": ("backfile.index.engines.opensearch.opensearch_engine", "OpenSearchEngine"),
}


def names() -> tuple[str, ...]:
    """Names of the engines, the default one first."""
    return tuple(REGISTRY)


_ON_SERVERS = {"opensearch"}  # engines that keep nothing in the folder of the index


def is_on_server(name: str) -> bool:
    """Whether an engine keeps its index on a server, which cares for its files itself, and not in a folder."""
    return name in _ON_SERVERS


def has_index(name: str, folder: Path, options: EngineOptions = NO_OPTIONS) -> bool:
    """Whether there is an index, usable or not. Raises `IndexUnavailable` when a server cannot be asked."""
    if not is_on_server(name):
        return folder.exists()
    with closing(open_engine(name, folder, options)) as engine:
        try:
            return engine.status().generation > 0
        except IndexUnusable:
            return True


def open_engine(name: str, folder: Path, options: EngineOptions = NO_OPTIONS) -> Engine:
    """Opens the index in `folder`, or on the cluster of `options`, with the engine called `name`; makes a missing one.

    Raises `ValueError` for an unknown name, `IndexUnusable` when something else is there, `IndexUnavailable` when the
    cluster cannot be reached.
    """
    if name not in REGISTRY:
        raise ValueError(f"there is no engine {name!r}, only {', '.join(REGISTRY)}")
    module, maker = REGISTRY[name]
    engine: Engine = getattr(_import(name, module), maker)(folder, options)
    return engine


def _import(name: str, module: str) -> ModuleType:
    """Module of an engine; raises `EngineMissing` when a package that it needs is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("backfile"):
            raise
        raise EngineMissing(
            f"the engine {name} needs the package {error.name}", hint=f"pip install 'backfile[{name}]'"
        ) from error

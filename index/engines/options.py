"""Options of engines that keep their index on a server, not in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class Secret(str):
    """Text that is used and never shown: its `repr` hides it, and output of settings leaves it out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(hidden)"


NO_SECRET = Secret()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Addresses of a cluster's nodes, the name of the index there, and how to log in. The embedded engine needs none.

    A secret of a file is read at each connection, so that a renewed one is taken over. `insecure` accepts any
    certificate. `shards` and `replicas` hold for an index that is created; there are fewer replicas on fewer nodes.
    """

    url: tuple[str, ...] = ("http://127.0.0.1:9200",)
    index: str = "backfile"
    user: str = ""
    password: Secret = NO_SECRET
    password_file: Path | None = None
    api_key: Secret = NO_SECRET
    api_key_file: Path | None = None
    ca_file: Path | None = None
    insecure: bool = False
    shards: int = 1
    replicas: int = 1


NO_OPTIONS = EngineOptions()

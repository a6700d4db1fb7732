"""How many examples a long property test takes: all of them when asked for, a twentieth in the run of every change."""

from __future__ import annotations

import os


def examples(full: int) -> int:
    """`full` with BACKFILE_ALL_EXAMPLES=1 (`make thorough`, which may take hours), else a twentieth of it."""
    return full if os.environ.get("BACKFILE_ALL_EXAMPLES") else full // 20

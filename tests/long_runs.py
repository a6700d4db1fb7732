"""Number of examples of long property tests: all with BACKFILE_ALL_EXAMPLES=1, else a twentieth."""

from __future__ import annotations

import os

# Read at the import: during a test no variable of the shell is set that begins with BACKFILE_.
ALL_EXAMPLES = bool(os.environ.get("BACKFILE_ALL_EXAMPLES"))


def examples(full: int, share: int = 20) -> int:
    """Number of examples: `full` under `make thorough`, which may take hours, else one in `share`."""
    return full if ALL_EXAMPLES else full // share

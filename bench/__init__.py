"""Measurements: speed compared with other engines, quality of ranking and extraction, and the corpora for both."""

from __future__ import annotations

import os
from pathlib import Path


def corpora_folder() -> Path:
    """Folder of the unpacked corpora: `$CORPORA`, or one in the user's cache."""
    return Path(os.environ.get("CORPORA") or "~/.cache/backfile-corpora").expanduser()

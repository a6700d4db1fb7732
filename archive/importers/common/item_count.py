"""Estimate of the number of items in a file, for the progress bar: pattern matches, without parsing."""

from __future__ import annotations

import re
from pathlib import Path

_CHUNK = 1 << 20
_LONGEST_MATCH = 64


def count_matches(path: Path, pattern: re.Pattern[bytes]) -> int:
    """Number of matches of a pattern of at most `_LONGEST_MATCH` bytes in a file, read in chunks. Raises `OSError`."""
    total, tail = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            piece = tail + chunk
            ends = [found.end() for found in pattern.finditer(piece)]
            total += len(ends)
            tail = piece[max([len(piece) - _LONGEST_MATCH, *ends[-1:]]) :]
    return total

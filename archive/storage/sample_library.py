"""Sample library: articles written for this project, to try it with."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "sample"


def copy_sample(folder: Path) -> None:
    """Makes `folder`, which must not exist, a library with the sample articles: all of them or, failing, nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as workplace:
        made = Path(shutil.copytree(SAMPLE, Path(workplace) / "sample"))
        made.rename(folder)

"""Numbers, dates and durations in the words of the interface; addresses of static files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from archive.model import PartialDate

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def spoken(date: PartialDate) -> str:
    """`14 March 2019`, `March 2019` or `2019`, as far as the date is known."""
    words = [str(date.day)] if date.day else []
    words += [MONTHS[date.month - 1]] if date.month else []
    return " ".join([*words, str(date.year)])


def number(value: int) -> str:
    """A whole number with its thousands parted: `14,327`."""
    return f"{value:,}"


def plural(value: int, one: str, many: str) -> str:
    """`1 article`, `2,910 articles`."""
    return f"{value:,} {one if value == 1 else many}"


def duration(milliseconds: float) -> str:
    """`3 ms`, `under 1 ms`, or `1.2 seconds` for what a reader notices."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} seconds"
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "under 1 ms"


def asset_addresses(folder: Path) -> Callable[[str], str]:
    """A function from a static file's name to its address, which changes with the file's content."""
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in folder.iterdir()}
    return lambda name: f"/static/{name}?v={digests[name]}"


def register_wording(app: Flask, static: Path) -> None:
    """Gives the templates their filters and `asset`."""
    app.jinja_env.filters.update(spoken=spoken, number=number, plural=plural, duration=duration)
    app.jinja_env.globals["asset"] = asset_addresses(static)

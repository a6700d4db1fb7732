"""Pandoc (https://pandoc.org/MANUAL.html), of the extra `documents`: documents as HTML, in a sandbox and within limits.

In the sandbox Pandoc reads nothing but the document: no includes, no pictures beside it, nothing of the web.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pypandoc  # type: ignore[import-untyped]

from backfile.archive.errors import ArchiveError
from backfile.archive.storage.durable_files import write_bytes

MAX_BYTES = 64 * 1024 * 1024
"""Limit of a document, and of what Pandoc makes of it."""

_SECONDS = 60.0
_HEAP = "-M768M"
_HEAP_EXHAUSTED = 251
_BODY = "<!--BODY-->"
_TEMPLATE = f"$meta-json$\n{_BODY}\n$body$\n"
_WARNING = re.compile(r"\[WARNING\] (.*?)(?=\n\[|\n\S|\Z)", re.DOTALL)
_FOREIGN = re.compile(r"Could not (?:load|find)|include|not found", re.IGNORECASE)
_PLACE = re.compile(r" at \S*source line .*", re.DOTALL)
_PICTURE = re.compile(r"<img\s[^<>]*src=\"(?!https?:|data:)")
_MAX_WARNINGS = 5


@dataclass(frozen=True, slots=True)
class PandocDocument:
    """Document as HTML with embedded pictures, its metadata by Pandoc's names, and warnings about what is missing."""

    metadata: Mapping[str, object]
    html: str
    warnings: tuple[str, ...]


def convert(content: bytes, markup: str) -> PandocDocument:
    """Converts a document; `markup` is Pandoc's name of its format.

    Raises `ArchiveError` for a document that is broken, too large, or takes too much time or memory.
    """
    if len(content) > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="split it")
    try:
        program = pypandoc.get_pandoc_path()
    except OSError as error:
        raise ArchiveError("Pandoc is not installed", hint="pip install 'backfile[documents]'") from error
    with tempfile.TemporaryDirectory(prefix="backfile-pandoc-") as folder:
        source, template, made = Path(folder, "source"), Path(folder, "template"), Path(folder, "made.html")
        write_bytes(str(source), content)
        write_bytes(str(template), _TEMPLATE.encode())
        options = ["--sandbox", "--wrap=none", "--katex", "--syntax-highlighting=none", f"--template={template}"]
        command = [program, "+RTS", _HEAP, "-RTS", "-f", markup, "-t", "html5", *options, "-o", str(made)]
        warnings = _run([*command, str(source)], folder)
        metadata, _, html = made.read_text(encoding="utf-8").partition(_BODY)
        if _PICTURE.search(html):  # embedding breaks the JSON of the metadata, and takes its time
            _run([*command, "--embed-resources", str(source)], folder)
            html = made.read_text(encoding="utf-8").partition(_BODY)[2]
    return PandocDocument(_parse_metadata(metadata), html.strip(), warnings)


def _run(command: list[str], folder: str) -> tuple[str, ...]:
    """Runs Pandoc, and returns its warnings.

    The kernel ends it after a time of the processor, also if this process is ended before.
    """
    process = subprocess.Popen(  # noqa: S603 - a fixed program and fixed options, no shell
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with process:
        seconds = max(1, int(_SECONDS))
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (seconds, seconds))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (MAX_BYTES * 2, MAX_BYTES * 2))
        try:
            said = process.communicate(timeout=_SECONDS)[1].decode(errors="replace")
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise ArchiveError("takes too long to read", hint="split it") from error
            raise
    if process.returncode == _HEAP_EXHAUSTED:
        raise ArchiveError("needs too much memory to read", hint="split it")
    if process.returncode < 0:
        raise ArchiveError("takes too long to read, or becomes too large", hint="split it")
    if process.returncode != 0:
        raise ArchiveError(f"cannot be read: {_first_line(said)}", hint="open it in its program, and save it again")
    found = [_PLACE.sub("", " ".join(each.split())) for each in _WARNING.findall(said)]
    missing = [each for each in dict.fromkeys(found) if _FOREIGN.search(each)]
    more = [f"and {len(missing) - _MAX_WARNINGS} more"] if len(missing) > _MAX_WARNINGS else []
    return (*missing[:_MAX_WARNINGS], *more)


def _first_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("[WARNING]")]
    return " ".join(lines[:3])[:300] or "Pandoc does not say why"


def _parse_metadata(text: str) -> dict[str, object]:
    """Metadata as the template writes it."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}

"""Archives of files (zip, tar) as folders: exports and vaults come packed, and are looked at as if they were not."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.sources.containers import ContainerRefused, Member, open_members
from backfile.archive.storage.durable_files import write_bytes

MAX_BYTES = 2 * 1024 * 1024 * 1024
"""Of all that one archive may put into the folder for temporary files."""

ZIP_BASED_KINDS = frozenset({"docx", "epub", "warc"})
"""Kinds whose files are zips themselves."""

_MACHINERY = ("__MACOSX/", ".git/")


@dataclass(slots=True)
class UnpackedArchive:
    """A folder with what was in an archive, and what was left out with the reason."""

    folder: Path
    refused: list[tuple[str, str]] = field(default_factory=list)


def is_archive(path: Path, head: bytes) -> bool:
    """Whether a file that is of no kind of its own holds files. Raises `OSError`."""
    return head.startswith(b"PK\x03\x04") or tarfile.is_tarfile(path)


@contextmanager
def unpack(path: Path) -> Iterator[UnpackedArchive]:
    """The files of an archive in a temporary folder: no links, no names that lead out of it, within limits.

    If all lies in one folder of the archive, that is the folder. Raises `ArchiveError` if the archive is broken or is
    more than may be unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="backfile-") as name:
        found, total = UnpackedArchive(Path(name)), 0
        with open_members(path) as members:
            for member in members:
                if isinstance(member, ContainerRefused):
                    found.refused.append(("", str(member)))
                elif not member.name.startswith(_MACHINERY):
                    total += _write(member, found, MAX_BYTES - total)
        inside = list(found.folder.iterdir())
        if len(inside) == 1 and inside[0].is_dir():
            found.folder = inside[0]
        yield found


def _write(member: Member, found: UnpackedArchive, most: int) -> int:
    """Writes one file; how many bytes it has. What cannot be written is noted, and the rest goes on."""
    try:
        content = member.read()
        if len(content) > most:
            raise ArchiveError(f"has more than {MAX_BYTES >> 30} GB", hint="unpack it yourself")
        place = found.folder / member.name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(str(place), content)
    except ContainerRefused as error:
        found.refused.append((member.name, str(error)))
        return 0
    except OSError as error:
        found.refused.append((member.name, f"cannot be unpacked: {error.strerror}"))
        return 0
    return len(content)

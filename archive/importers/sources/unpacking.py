"""Unpacks archives (zip, tar) into a temporary folder, because exports and vaults are often downloaded as archives."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.sources.containers import ContainerRefused, Member, open_members
from backfile.archive.importers.sources.temporary_folders import temporary_folder
from backfile.archive.storage.durable_files import write_bytes

MAX_BYTES = 2 * 1024 * 1024 * 1024
"""Limit for the files that one archive may write to the temporary folder."""

ZIP_BASED_KINDS = frozenset({"docx", "epub", "warc"})
"""Kinds whose files are zip archives themselves."""

_TOOL_FOLDERS = ("__MACOSX/", ".git/")


@dataclass(slots=True)
class UnpackedArchive:
    """Folder with the files of an archive; `refused` holds name and reason of the members left out."""

    folder: Path
    refused: list[tuple[str, str]] = field(default_factory=list)


def is_archive(path: Path, head: bytes) -> bool:
    """Whether a file is a zip or tar archive. Raises `OSError`."""
    return head.startswith(b"PK\x03\x04") or tarfile.is_tarfile(path)


@contextmanager
def unpack(path: Path) -> Iterator[UnpackedArchive]:
    """Unpacks the files of an archive into a temporary folder: no links, no names that lead out of it, within limits.

    A single top-level folder of the archive is the folder. Raises `ArchiveError` if the archive is broken or passes a
    limit.
    """
    with temporary_folder() as folder:
        unpacked, total = UnpackedArchive(folder), 0
        with open_members(path) as members:
            for member in members:
                if isinstance(member, ContainerRefused):
                    unpacked.refused.append(("", str(member)))
                elif not member.name.startswith(_TOOL_FOLDERS):
                    total += _write(member, unpacked, MAX_BYTES - total)
        inside = list(unpacked.folder.iterdir())
        if len(inside) == 1 and inside[0].is_dir():
            unpacked.folder = inside[0]
        yield unpacked


def _write(member: Member, unpacked: UnpackedArchive, limit: int) -> int:
    """Writes one file and returns its size; a file that cannot be written is refused.

    Raises `ArchiveError` if it has more than `limit` bytes.
    """
    try:
        content = member.read()
        if len(content) > limit:
            raise ArchiveError(f"has more than {MAX_BYTES >> 30} GB", hint="unpack it yourself")
        path = unpacked.folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(str(path), content)
    except ContainerRefused as error:
        unpacked.refused.append((member.name, str(error)))
        return 0
    except OSError as error:
        unpacked.refused.append((member.name, f"cannot be unpacked: {error.strerror}"))
        return 0
    return len(content)

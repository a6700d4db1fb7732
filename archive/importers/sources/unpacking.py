"""Unpacks archives (zip, tar) into a temporary folder, because exports and vaults are often downloaded as archives."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.sources.containers import (
    MAX_MEMBERS,
    MAX_RATIO,
    MIN_CHECKED,
    ContainerRefused,
    Member,
    open_members,
)
from backfile.archive.importers.sources.temporary_folders import temporary_folder
from backfile.archive.storage.durable_files import write_bytes

MAX_BYTES = 2 * 1024 * 1024 * 1024
"""Limit for the files that one archive may write to the temporary folder."""

ZIP_BASED_KINDS = frozenset({"docx", "document", "epub", "warc"})
"""Kinds whose files are zip archives themselves."""

_ZIP = b"PK\x03\x04"
_TOOL_FOLDERS = ("__MACOSX/", ".git/")


@dataclass(slots=True)
class UnpackedArchive:
    """Folder with the files of an archive; `refused` holds name and reason of the members left out."""

    folder: Path
    refused: list[tuple[str, str]] = field(default_factory=list)


def is_archive(path: Path, head: bytes) -> bool:
    """Whether a file is a zip or tar archive. Raises `OSError`."""
    return head.startswith(_ZIP) or tarfile.is_tarfile(path)


@contextmanager
def unpack(path: Path) -> Iterator[UnpackedArchive]:
    """Unpacks the files of an archive into a temporary folder: no links, no names that lead out of it, within limits.

    Zips in it are unpacked as well, but not the archives in these. A single top-level folder of the archive is the
    folder. Raises `ArchiveError` if the archive is broken or passes a limit.
    """
    with temporary_folder() as folder:
        unpacked = UnpackedArchive(folder)
        _Unpacking(unpacked, path.stat().st_size).unpack_all(path)
        inside = list(folder.iterdir())
        if len(inside) == 1 and inside[0].is_dir():
            unpacked.folder = inside[0]
        yield unpacked


class _Unpacking:
    """Unpacking of one archive with the zips in it, whose files are counted together against the limits."""

    def __init__(self, unpacked: UnpackedArchive, packed: int) -> None:
        self._unpacked, self._root, self._packed = unpacked, unpacked.folder, packed
        self._total = self._files = 0

    def unpack_all(self, path: Path) -> None:
        """Unpacks an archive. If all files in it are zips, they are parts of one export, and unpacked into one folder.

        A broken zip in it is refused, and the others are unpacked.
        """
        names = self._unpack(path, self._root, "")
        zips = [name for name in names if name.lower().endswith(".zip")]
        for name in zips:
            file = self._root / name
            into = self._root if len(zips) == len(names) else _free_folder(file)
            try:
                if not _starts_zip(file):
                    continue
                self._unpack(file, into, f"{name}/")
            except (ContainerRefused, OSError) as error:
                self._refuse(name, error)
            self._total -= file.stat().st_size
            file.unlink()

    def _unpack(self, path: Path, folder: Path, label: str) -> list[str]:
        """Unpacks the files of one archive below a folder; returns their names."""
        names = []
        with open_members(path) as members:
            for member in members:
                if isinstance(member, ContainerRefused):
                    self._unpacked.refused.append((label.rstrip("/"), str(member)))
                elif not member.name.startswith(_TOOL_FOLDERS) and self._write(member, folder, label):
                    names.append(member.name)
        return names

    def _write(self, member: Member, folder: Path, label: str) -> bool:
        """Writes one file; returns whether it did: one that cannot be written is refused.

        Raises `ArchiveError` if all files together pass a limit.
        """
        try:
            content = member.read()
            self._count(len(content), is_nested=bool(label))
            path = folder / member.name
            if path.exists():
                raise ContainerRefused("is there twice; the first is taken")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(str(path), content)
        except (ContainerRefused, OSError) as error:
            self._refuse(label + member.name, error)
            return False
        return True

    def _count(self, size: int, *, is_nested: bool) -> None:
        self._total += size
        self._files += 1
        if self._total > MAX_BYTES:
            raise ArchiveError(f"has more than {MAX_BYTES >> 30} GB", hint="unpack it yourself")
        if self._files > MAX_MEMBERS:
            raise ArchiveError(f"has more than {MAX_MEMBERS:,} files", hint="unpack it yourself")
        if is_nested and self._total > max(MIN_CHECKED, MAX_RATIO * self._packed):
            raise ArchiveError(f"unpacks to more than {MAX_RATIO} times its size, as only bombs do")

    def _refuse(self, name: str, error: ContainerRefused | OSError) -> None:
        reason = f"cannot be unpacked: {error.strerror}" if isinstance(error, OSError) else str(error)
        self._unpacked.refused.append((name, reason))


def _starts_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _free_folder(file: Path) -> Path:
    """Folder named like a file without its suffix, of a name that is not taken."""
    folder, number = file.with_suffix(""), 1
    while folder.exists():
        number += 1
        folder = file.with_name(f"{file.stem}-{number}")
    return folder

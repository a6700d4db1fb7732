"""Reader of archives (zip, tar): members one by one in flat memory, within limits, under safe names."""

from __future__ import annotations

import io
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from backfile.archive.errors import ArchiveError

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_TOTAL_BYTES = 8 * 1024 * 1024 * 1024
MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
"""Limit for the directory of a zip, which is read at once: 300 bytes a member."""

MAX_RATIO = 200
"""Limit for unpacked to packed size above `MIN_CHECKED` bytes; text reaches 10, pages of tables at most 100."""

MIN_CHECKED = 4 * 1024 * 1024
"""Size up to which the ratio of sizes does not count."""

_CHUNK = 256 * 1024
_UNPACK = "unpack it and import the folder"


class ContainerRefused(ArchiveError):
    """An archive or one of its members is broken, unsafe or too large."""


@dataclass(frozen=True, slots=True)
class Member:
    """File in an archive: `name` with `/` between folders, `size` unpacked as the archive declares it."""

    name: str
    size: int
    read: Callable[[], bytes]
    """Reads the content; raises `ContainerRefused` if it is broken or passes a limit."""


def safe_name(name: str) -> str:
    """Normalizes the name of a member; raises `ContainerRefused` for a path that leads out of the archive."""
    bare = name.replace("\\", "/")
    parts = bare.split("/")
    if not bare or bare.startswith("/") or "\x00" in bare or ".." in parts or ":" in parts[0][:2]:
        raise ContainerRefused(f"the name {name[:80]!r} leads out of the archive")
    return posixpath.normpath(bare)


@contextmanager
def open_members(path: Path) -> Iterator[Iterator[Member | ContainerRefused]]:
    """Opens a zip or tar (also with gzip, bzip2 or xz) and iterates over its files in the order of the archive.

    Links, devices and members with unsafe names are yielded as errors; folders are left out. Raises `ContainerRefused`
    for a file that is no archive or has too many members.
    """
    try:
        if zipfile.is_zipfile(path):
            with _DirectoryReader(io.FileIO(path)) as file, _opened_zip(file, path.name) as archive:
                file.is_limited = False
                yield _zip_members(archive)
        else:
            with tarfile.open(path, "r|*") as tar:
                yield _tar_members(tar, path.stat().st_size)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise ContainerRefused(f"{path.name}: is a broken archive: {error}") from error


class _DirectoryReader(io.BufferedReader):
    """Zip file whose directory is refused before `zipfile` makes objects of its entries, a kilobyte each.

    The entries themselves are counted: the number that a zip states may be forged.
    """

    is_limited = True

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads as any file; while the directory is read, `ContainerRefused` for more entries than `MAX_MEMBERS`."""
        if not self.is_limited:
            return super().read(size)
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise ContainerRefused(f"has more than {MAX_MEMBERS:,} members", hint=_UNPACK)
        content = super().read(size)
        if content.count(b"PK\x01\x02") > MAX_MEMBERS:
            raise ContainerRefused(f"has more than {MAX_MEMBERS:,} members", hint=_UNPACK)
        return content


def _opened_zip(file: IO[bytes], name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (NotImplementedError, ValueError, OSError, OverflowError) as error:  # a newer version; no UTF-8; no offset
        raise ContainerRefused(f"{name}: is a broken archive: {error}") from error


def _zip_members(archive: zipfile.ZipFile) -> Iterator[Member | ContainerRefused]:
    infos = archive.infolist()
    budget = _Budget()
    if len(infos) > MAX_MEMBERS:
        raise ContainerRefused(f"has more than {MAX_MEMBERS:,} members")
    for info in infos:
        if info.is_dir():
            continue
        try:
            name = safe_name(info.filename)
            if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000):
                raise ContainerRefused(f"{name}: is a link or a device")
            if info.flag_bits & 1:
                raise ContainerRefused(f"{name}: is encrypted")
        except ContainerRefused as error:
            yield error
            continue
        yield Member(name, info.file_size, partial(_read_zipped, archive, info, budget))


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget) -> bytes:
    try:
        with archive.open(info) as file:
            return budget.read(file, info.filename, info.compress_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as error:
        raise ContainerRefused(f"{info.filename}: is broken: {error}") from error


def _tar_members(tar: tarfile.TarFile, packed: int) -> Iterator[Member | ContainerRefused]:
    budget = _Budget(packed)
    for count, info in enumerate(tar):
        if count >= MAX_MEMBERS:
            raise ContainerRefused(f"has more than {MAX_MEMBERS:,} members")
        if info.isdir():
            continue
        budget.admit(info.name, info.size)
        try:
            name = safe_name(info.name)
            if not info.isfile():
                raise ContainerRefused(f"{name}: is a link or a device")
        except ContainerRefused as error:
            yield error
            continue
        yield Member(name, info.size, partial(_read_from_tar, tar, info, budget))
        tar.members.clear()  # type: ignore[attr-defined]  # a stream keeps every header it has read


def _read_from_tar(tar: tarfile.TarFile, info: tarfile.TarInfo, budget: _Budget) -> bytes:
    file = tar.extractfile(info)
    if file is None:
        raise ContainerRefused(f"{info.name}: has no content")
    return budget.read(file, info.name, info.size)


class _Budget:
    """Bytes unpacked from one archive, against its limits; `packed` is its size if it is compressed as a whole."""

    def __init__(self, packed: int | None = None) -> None:
        self._packed, self._total, self._announced = packed, 0, 0

    def admit(self, name: str, size: int) -> None:
        """Counts a member of a stream, whether it is read or not, because skipping it unpacks it as well."""
        self._announced += size
        if self._packed is not None:
            _check(name, self._announced, self._packed, MAX_TOTAL_BYTES)

    def read(self, file: IO[bytes], name: str, packed: int) -> bytes:
        """Reads the content of a member in chunks; raises `ContainerRefused` as soon as it passes a limit."""
        chunks: list[bytes] = []
        size = 0
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            self._total += len(chunk)
            _check(name, size, packed, MAX_MEMBER_BYTES)
            if self._total > MAX_TOTAL_BYTES:
                raise ContainerRefused(f"{name}: with it the archive has more than {MAX_TOTAL_BYTES >> 30} GB")
            chunks.append(chunk)
        return b"".join(chunks)


def _check(name: str, size: int, packed: int, limit: int) -> None:
    if size > limit:
        raise ContainerRefused(f"{name}: is larger than {limit >> 20:,} MB")
    if size > MIN_CHECKED and size > MAX_RATIO * max(1, packed):
        raise ContainerRefused(f"{name}: unpacks to more than {MAX_RATIO} times its size, as only bombs do")

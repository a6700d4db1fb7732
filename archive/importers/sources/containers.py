"""The one reader of archives (zip, tar, gzip): members in flat memory, within limits, with names that stay inside.

Nothing is ever unpacked to the disk by the names that an archive gives.
"""

from __future__ import annotations

import gzip
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backfile.archive.errors import ArchiveError

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_TOTAL_BYTES = 8 * 1024 * 1024 * 1024
MAX_RATIO = 200
"""Of unpacked to packed size, beyond `_FREE` bytes; text comes to ten, the best pages of tables to a hundred."""

_FREE = 4 * 1024 * 1024
_CHUNK = 256 * 1024


class ContainerRefused(ArchiveError):
    """An archive or a member of it that is broken, unsafe or too much."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its `name` with `/` between folders, `size` unpacked as the archive says."""

    name: str
    size: int
    read: Callable[[], bytes]
    """The content; raises `ContainerRefused` if it is more than allowed or broken."""


def safe_name(name: str) -> str:
    """The name of a member as a path that stays inside; raises `ContainerRefused` for any other."""
    bare = name.replace("\\", "/")
    parts = bare.split("/")
    if not bare or bare.startswith("/") or "\x00" in bare or ".." in parts or ":" in parts[0][:2]:
        raise ContainerRefused(f"the name {name[:80]!r} leads out of the archive")
    return posixpath.normpath(bare)


@contextmanager
def open_members(path: Path) -> Iterator[Iterator[Member | ContainerRefused]]:
    """The files in a zip or tar (also packed with gzip, bzip2 or xz), one by one in the order of the archive.

    Links, devices and members with unsafe names are given as errors; folders are passed over. Raises
    `ContainerRefused` for what is no archive or has too many members.
    """
    try:
        if zipfile.is_zipfile(path):
            with _opened_zip(path) as archive:
                yield _zip_members(archive)
        else:
            with tarfile.open(path, "r|*") as tar:
                yield _tar_members(tar, path.stat().st_size)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise ContainerRefused(f"{path.name}: is a broken archive: {error}") from error


def _opened_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (NotImplementedError, ValueError) as error:  # of a newer version; names that are no UTF-8
        raise ContainerRefused(f"{path.name}: is a broken archive: {error}") from error


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
        yield Member(name, info.file_size, _zip_reader(archive, info, budget))


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                return budget.read(file, info.filename, info.compress_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as error:
            raise ContainerRefused(f"{info.filename}: is broken: {error}") from error

    return read


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
        yield Member(name, info.size, _tar_reader(tar, info, budget))
        tar.members.clear()  # type: ignore[attr-defined]  # a stream keeps every header it has read


def _tar_reader(tar: tarfile.TarFile, info: tarfile.TarInfo, budget: _Budget) -> Callable[[], bytes]:
    def read() -> bytes:
        file = tar.extractfile(info)
        if file is None:
            raise ContainerRefused(f"{info.name}: has no content")
        return budget.read(file, info.name, info.size)

    return read


class _Budget:
    """What may still be unpacked of one archive. `packed` is its size where members are not packed one by one."""

    def __init__(self, packed: int | None = None) -> None:
        self._packed, self._total, self._announced = packed, 0, 0

    def admit(self, name: str, size: int) -> None:
        """Counts a member of a stream, whether it is read or passed over, for passing over unpacks it as well."""
        self._announced += size
        if self._packed is not None:
            _check(name, self._announced, self._packed, MAX_TOTAL_BYTES)

    def read(self, file: IO[bytes], name: str, packed: int) -> bytes:
        """The content of a member, read in pieces; raises `ContainerRefused` when it passes a limit."""
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


def _check(name: str, size: int, packed: int, most: int) -> None:
    if size > most:
        raise ContainerRefused(f"{name}: is larger than {most >> 20:,} MB")
    if size > _FREE and size > MAX_RATIO * max(1, packed):
        raise ContainerRefused(f"{name}: unpacks to more than {MAX_RATIO} times its size, as only bombs do")


def read_gzip(path: Path, *, most: int = MAX_MEMBER_BYTES) -> bytes:
    """The content of a file packed with gzip; raises `ContainerRefused` if it is broken or passes a limit."""
    packed = path.stat().st_size
    chunks: list[bytes] = []
    size = 0
    try:
        with gzip.open(path) as file:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                _check(path.name, size, packed, most)
                chunks.append(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ContainerRefused(f"{path.name}: is broken: {error}") from error
    return b"".join(chunks)

"""Array files: many flat little-endian arrays in one checked file, written in one go and read through `mmap`.

Layout (docs/decisions/codec.md): a header of 64 bytes, the arrays, each at a multiple of 64, and a directory in JSON
with the type, offset, length and CRC-32 of each. The header holds the size of the file and the offset and CRC of the
directory. It is written last, so that opening recognises a truncated, half-written or foreign file. Opening checks the
CRCs of the small arrays, `require` those of named arrays, `verify` those of all.
"""

from __future__ import annotations

import errno
import io
import json
import mmap
import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from backfile.index.errors import IndexUnusable

Array = npt.NDArray[Any]

FORMAT = 4
_MAGIC = b"BACKFILE"
_HEADER = struct.Struct("<8sIIQQII")  # magic, format, directory CRC, its offset, file size, its length, header CRC
_HEADER_SIZE = 64
_ALIGNMENT = 64
_PART = 1 << 20  # bytes that `verify` reads at a time
OPEN_BUDGET = 4 << 20
"""Bytes of arrays, the smallest first, that are verified when a file is opened: about 2 ms."""
_DTYPES = frozenset({"<u1", "<u2", "<u4", "<u8", "<i2", "<i4", "<i8"})


def encode(text: str) -> bytes:
    """UTF-8 that keeps lone surrogates, which JSON front matter can hold."""
    return text.encode("utf-8", "surrogatepass")


def decode(data: bytes | memoryview) -> str:
    """Inverse of `encode`."""
    return str(data, "utf-8", "surrogatepass")


def open_file(path: Path) -> io.FileIO:
    """Opens a regular file for reading, without a buffer; never waits for a pipe.

    Raises `IndexUnusable` for anything else in its place, and `OSError`.
    """
    try:
        file = io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise IndexUnusable(f"{path.name}: no regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise IndexUnusable(f"{path.name}: no regular file")
    return file


class ArrayFile:
    """Array file opened for reading. Arrays are views of the map and keep it alive, even once the file is unlinked.

    `crc` is the CRC-32 of the directory, which holds those of the arrays: it vouches for the whole content.
    """

    def __init__(self, path: Path, mapped: mmap.mmap, crc: int, directory: dict[str, Any]) -> None:
        self.path = path
        self.crc = crc
        self.facts: dict[str, Any] = directory["facts"]
        self._map = mapped
        self._entries: dict[str, list[Any]] = {name: entry for name, *entry in directory["arrays"]}

    @classmethod
    def open(cls, path: Path, *, budget: int = OPEN_BUDGET) -> ArrayFile:
        """Maps a file, checks its header and directory, and verifies small arrays of at most `budget` bytes together.

        Raises `FileNotFoundError` for a missing file and `IndexUnusable` for one that is not whole or not ours.
        """
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size < _HEADER_SIZE:
                raise IndexUnusable(f"{path.name}: cut short ({size} bytes)")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        opened = cls(path, mapped, *_read_directory(path.name, mapped, size))
        opened.require(opened._smallest(budget))
        return opened

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """Names of the arrays."""
        return list(self._entries)

    def __len__(self) -> int:
        """Bytes of the file."""
        return len(self._map)

    def is_whole(self) -> bool:
        """Whether the file still has the size that is mapped: reading a page past its end kills the process."""
        return self._map.size() == len(self._map)

    def array(self, name: str) -> Array:
        """Array of that name, read-only, mapped and not read. Raises `KeyError` for an unknown name."""
        dtype, offset, count, _ = self._entries[name]
        return np.frombuffer(self._map, dtype=dtype, count=count, offset=offset)

    def data(self, name: str) -> memoryview:
        """Bytes of the array of that name."""
        dtype, offset, count, _ = self._entries[name]
        return memoryview(self._map)[offset : offset + count * np.dtype(dtype).itemsize]

    def _length(self, name: str) -> int:
        dtype, _, count, _ = self._entries[name]
        return int(count * np.dtype(dtype).itemsize)

    def _smallest(self, budget: int) -> Iterator[str]:
        """Names of the smallest arrays, of at most `budget` bytes together."""
        for name in sorted(self._entries, key=self._length):
            budget -= self._length(name)
            if budget < 0:
                return
            yield name

    def require(self, names: Iterable[str] | None = None) -> None:
        """Verifies arrays (None: all) through the map; raises `IndexUnusable` for a wrong checksum."""
        for name in self._entries if names is None else names:
            if zlib.crc32(self.data(name)) != self._entries[name][3]:
                raise IndexUnusable(self._wrong(name))

    def verify(self, pace: Callable[[int], None] | None = None) -> list[str]:
        """Reads every array from the disk; returns a message for each whose checksum is wrong.

        Reads the file and not the map, so that a truncation or a bad sector is an error and not a signal. Calls `pace`
        with the number of bytes of each part that was read. Raises `OSError`.
        """
        try:
            if ArrayFile.open(self.path, budget=0).crc != self.crc:
                return [f"{self.path.name}: not the file that was opened"]
        except IndexUnusable as error:
            return [str(error)]
        with open_file(self.path) as file:
            return [
                self._wrong(name)
                for name, (_, offset, _, crc) in self._entries.items()
                if _crc_of_part(file, offset, self._length(name), pace) != crc
            ]

    def _wrong(self, name: str) -> str:
        return f"{self.path.name}: checksum of {name} is wrong"


def _crc_of_part(file: FileIO, offset: int, length: int, pace: Callable[[int], None] | None) -> int:
    """CRC-32 of `length` bytes of a file, or of those that it has."""
    crc = 0
    file.seek(offset)
    while length > 0 and (data := file.read(min(length, _PART))):
        crc = zlib.crc32(data, crc)
        length -= len(data)
        if pace is not None:
            pace(len(data))
    return crc


def _read_directory(name: str, mapped: mmap.mmap, size: int) -> tuple[int, dict[str, Any]]:
    """(CRC-32 of the directory, directory) of an array file of `size` bytes."""
    magic, version, crc, offset, whole, length, header_crc = _HEADER.unpack_from(mapped)
    if magic != _MAGIC:
        raise IndexUnusable(f"{name}: not an index file of Backfile")
    if zlib.crc32(mapped[: _HEADER.size - 4]) != header_crc:
        raise IndexUnusable(f"{name}: damaged header")
    if version != FORMAT:
        raise IndexUnusable(f"{name}: format {version}, but this program reads format {FORMAT}")
    if whole != size or offset + length != size:
        raise IndexUnusable(f"{name}: {size} bytes where {whole} were written")
    data = mapped[offset : offset + length]
    if zlib.crc32(data) != crc:
        raise IndexUnusable(f"{name}: damaged directory")
    directory: dict[str, Any] = json.loads(data)
    return crc, directory


class ArrayFileWriter:
    """Writer of an array file, which is invalid until `finish` has synced it to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts: dict[str, Any] = {}
        self._file: BinaryIO = path.open("xb")
        self._file.write(bytes(_HEADER_SIZE))
        self._arrays: list[tuple[str, str, int, int, int]] = []

    def add(self, name: str, values: Array) -> None:
        """Writes one array under a new name; its dtype must be an integer type of at most 8 bytes."""
        self.stream(name, values.dtype, (values,))

    def stream(self, name: str, dtype: npt.DTypeLike, chunks: Iterable[Array]) -> int:
        """Writes one array given in parts, one part in memory at a time; returns the number of its elements."""
        kind = np.dtype(dtype).newbyteorder("<")
        if (code := np.dtype(kind).str.replace("|", "<")) not in _DTYPES:
            raise ValueError(f"an array file holds integers, not {dtype}")
        self._align()
        offset, count, crc = self._file.tell(), 0, 0
        for chunk in chunks:
            data = memoryview(np.ascontiguousarray(chunk, dtype=kind).data).cast("B") if len(chunk) else memoryview(b"")
            crc = zlib.crc32(data, crc)
            self._file.write(data)
            count += len(chunk)
        self._arrays.append((name, code, offset, count, crc))
        return count

    def _align(self) -> None:
        self._file.write(bytes(-self._file.tell() % _ALIGNMENT))

    def finish(self) -> None:
        """Writes directory and header and syncs the file."""
        directory = json.dumps({"facts": self.facts, "arrays": self._arrays}, separators=(",", ":")).encode()
        offset = self._file.tell()
        self._file.write(directory)
        fields = (_MAGIC, FORMAT, zlib.crc32(directory), offset, offset + len(directory), len(directory))
        crc = zlib.crc32(_HEADER.pack(*fields, 0)[:-4])
        self._file.seek(0)
        self._file.write(_HEADER.pack(*fields, crc))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Closes and removes the unfinished file."""
        self._file.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[ArrayFileWriter]:
    """Yields an `ArrayFileWriter`; finishes it after the block, removes it when the block raises."""
    writer = ArrayFileWriter(path)
    try:
        yield writer
        writer.finish()
    except BaseException:
        writer.abandon()
        raise


def write_durably(path: Path, data: bytes) -> None:
    """Replaces a file atomically: temporary file, fsync, rename. `sync_folder` syncs its name."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def sync_folder(folder: Path) -> None:
    """Syncs the names in a folder, so that files created or renamed there survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

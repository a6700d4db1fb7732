"""Array files: many flat little-endian arrays in one checked file, written in one go and read through `mmap`.

Layout (docs/decisions/codec.md): a header of 64 bytes, the arrays one after the other, each begun at a multiple of 64,
and at the end a directory in JSON that names type, place, length and CRC-32 of each. The header holds the size of the
file and the place and CRC of the directory and is written last, so that a truncated, half-written or foreign file is
recognised when it is opened. The CRCs of the arrays are read by `verify` only.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from backfile.index.errors import IndexUnusable

Array = npt.NDArray[Any]

FORMAT = 2
_MAGIC = b"BACKFILE"
_HEADER = struct.Struct("<8sIIQQII")  # magic, format, directory CRC, its offset, file size, its length, header CRC
_HEADER_SIZE = 64
_ALIGNMENT = 64
_DTYPES = frozenset({"<u1", "<u2", "<u4", "<u8", "<i2", "<i4", "<i8"})


def encode(text: str) -> bytes:
    """UTF-8; lone surrogates, which JSON front matter can hold, are kept as they are."""
    return text.encode("utf-8", "surrogatepass")


def decode(data: bytes | memoryview) -> str:
    """The inverse of `encode`."""
    return str(data, "utf-8", "surrogatepass")


class ArrayFile:
    """An array file opened for reading. Arrays are views of the map and keep it alive, even once the file is unlinked.

    Raises `FileNotFoundError` when there is no such file and `IndexUnusable` when it is not a whole file of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < _HEADER_SIZE:
                raise IndexUnusable(f"{path.name}: cut short ({size} bytes)")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.crc = 0
        """CRC-32 of the directory, which holds those of the arrays: it stands for the whole content."""
        directory = self._read_directory(size)
        self.facts: dict[str, Any] = directory["facts"]
        self._places: dict[str, tuple[str, int, int, int]] = {
            name: (dtype, offset, count, crc) for name, dtype, offset, count, crc in directory["arrays"]
        }

    def _read_directory(self, size: int) -> dict[str, Any]:
        magic, version, crc, offset, whole, length, header_crc = _HEADER.unpack_from(self._map)
        if magic != _MAGIC:
            raise IndexUnusable(f"{self.path.name}: not an index file of Backfile")
        if zlib.crc32(self._map[: _HEADER.size - 4]) != header_crc:
            raise IndexUnusable(f"{self.path.name}: damaged header")
        if version != FORMAT:
            raise IndexUnusable(f"{self.path.name}: format {version}, but this program reads format {FORMAT}")
        if whole != size or offset + length != size:
            raise IndexUnusable(f"{self.path.name}: {size} bytes where {whole} were written")
        data = self._map[offset : offset + length]
        self.crc = crc
        if zlib.crc32(data) != crc:
            raise IndexUnusable(f"{self.path.name}: damaged directory")
        directory: dict[str, Any] = json.loads(data)
        return directory

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def names(self) -> list[str]:
        """The names of the arrays."""
        return list(self._places)

    def __len__(self) -> int:
        """Bytes of the file."""
        return len(self._map)

    def array(self, name: str) -> Array:
        """The array of that name, read-only, without reading it. Raises `KeyError` when there is none."""
        dtype, offset, count, _ = self._places[name]
        return np.frombuffer(self._map, dtype=dtype, count=count, offset=offset)

    def data(self, name: str) -> memoryview:
        """The bytes of the array of that name."""
        dtype, offset, count, _ = self._places[name]
        return memoryview(self._map)[offset : offset + count * np.dtype(dtype).itemsize]

    def verify(self) -> list[str]:
        """Reads every array and names those whose checksum is wrong."""
        wrong = [name for name, place in self._places.items() if zlib.crc32(self.data(name)) != place[3]]
        return [f"{self.path.name}: checksum of {name} is wrong" for name in wrong]


class ArrayFileWriter:
    """Writes an array file. Nothing counts until `finish`, which also brings the file to the disk (fsync)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts: dict[str, Any] = {}
        self._file: BinaryIO = path.open("xb")
        self._file.write(bytes(_HEADER_SIZE))
        self._arrays: list[tuple[str, str, int, int, int]] = []

    def add(self, name: str, values: Array) -> None:
        """Writes one array under a name of its own; its dtype must be an integer type of at most 8 bytes."""
        self.stream(name, values.dtype, (values,))

    def stream(self, name: str, dtype: npt.DTypeLike, chunks: Iterable[Array]) -> int:
        """Writes one array given in parts, holding one part at a time; returns the number of its elements."""
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
        """Writes directory and header and returns when all of it is on the disk."""
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
    """An `ArrayFileWriter` that is finished when the block ends well and removed when it does not."""
    writer = ArrayFileWriter(path)
    try:
        yield writer
        writer.finish()
    except BaseException:
        writer.abandon()
        raise


def write_durably(path: Path, data: bytes) -> None:
    """Puts a whole file in place: temporary file, fsync, rename. The folder is synced by `sync_folder`."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def sync_folder(folder: Path) -> None:
    """Brings the names in a folder to the disk, so that files created or renamed there survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

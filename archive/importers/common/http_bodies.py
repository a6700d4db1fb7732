"""Bodies of HTTP messages as crawlers store them: in chunks, and packed with gzip, deflate, Brotli or Zstandard.

Formats: RFC 9112, 7.1 (chunks); RFC 9110, 8.4 (content codings); RFC 8878 (Zstandard).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping

import brotli
import zstandard

from backfile.archive.errors import ArchiveError

_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?:<\0?[!?a-zA-Z]|\0<)")
_MAX_WINDOW = 128 * 1024 * 1024
_MAX_CODINGS = 3
_STEP = 256
_CUT = "is cut off in the archive: its end is missing"


def decode_body(content: bytes, headers: Mapping[str, str], limit: int) -> tuple[bytes, str]:
    """Content of a body as it was before it was sent, and a note if its end is missing.

    `headers` has `transfer-encoding` and `content-encoding`. Crawlers that undo a coding may leave its header: a body
    that does not have it is taken as it is. Raises `ArchiveError` for a body that is broken, of an unknown coding or
    larger than `limit` bytes.
    """
    note = ""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        content, note = _join_chunks(content)
    codings = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    applied = [name.removeprefix("x-") for name in codings if name not in ("", "identity", "none", "utf-8")]
    if len(applied) > _MAX_CODINGS:
        raise ArchiveError(f"is packed {len(applied)} times")
    for name in reversed(applied):
        if _MARKUP.match(content):
            break
        unpack = _DECODERS.get(name)
        if unpack is None:
            raise ArchiveError(f"is packed as {name[:40]}, which is not read")
        try:
            content, is_whole = unpack(content, limit)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise ArchiveError(f"is packed as {name}, and broken: {error}") from error
        if not content and not is_whole:
            raise ArchiveError(f"is packed as {name}, and broken: there is nothing in it")
        note = note or ("" if is_whole else _CUT)
        if len(content) > limit:
            raise ArchiveError(f"is larger than {limit >> 20} MB")
    return content, note


def _join_chunks(content: bytes) -> tuple[bytes, str]:
    """Content of the chunks of a body, and a note if the last is missing; a body without chunks unchanged."""
    pieces: list[bytes] = []
    at = 0
    while (found := _CHUNK_SIZE.match(content, at)) is not None:
        size = int(found[1], 16)
        if size == 0:
            return b"".join(pieces), ""
        pieces.append(content[found.end() : found.end() + size])
        at = found.end() + size
        at += 2 if content[at : at + 2] == b"\r\n" else 1 if content[at : at + 1] == b"\n" else 0
    if not pieces or at < len(content):  # sizes that lead nowhere are no sizes
        return content, ""
    return b"".join(pieces), _CUT


def _gunzip(content: bytes, limit: int) -> tuple[bytes, bool]:
    """Unpacks gzip of several members, of which each is bounded by what is left."""
    pieces: list[bytes] = []
    size = 0
    while content[:2] == b"\x1f\x8b" or not pieces:
        unpacker = zlib.decompressobj(wbits=31)
        pieces.append(unpacker.decompress(content, limit + 1 - size))
        size += len(pieces[-1])
        if size > limit or not unpacker.eof:
            return b"".join(pieces), size > limit
        content = unpacker.unused_data
    return b"".join(pieces), True


def _inflate(content: bytes, limit: int) -> tuple[bytes, bool]:
    """Unpacks deflate, which servers send with the header of zlib or without."""
    try:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(content, limit + 1)
    except zlib.error:
        unpacker = zlib.decompressobj(wbits=-15)
        unpacked = unpacker.decompress(content, limit + 1)
    return unpacked, unpacker.eof or len(unpacked) > limit


def _unbrotli(content: bytes, limit: int) -> tuple[bytes, bool]:
    unpacker = brotli.Decompressor()
    pieces = [unpacker.process(content, output_buffer_limit=limit + 1)]
    size = len(pieces[0])
    while size <= limit and not unpacker.is_finished() and pieces[-1]:
        pieces.append(unpacker.process(b"", output_buffer_limit=limit + 1 - size))
        size += len(pieces[-1])
    return b"".join(pieces), unpacker.is_finished() or size > limit


def _unzstd(content: bytes, limit: int) -> tuple[bytes, bool]:
    """Unpacks frames of Zstandard in small steps: a step cannot be bounded, and a block of 3 bytes may hold 128 KB."""
    pieces: list[bytes] = []
    size = at = 0
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
    while at < len(content) and size <= limit:
        if unpacker.eof:
            unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
        step = content[at : at + _STEP]
        pieces.append(unpacker.decompress(step))
        size += len(pieces[-1])
        at += len(step) - len(unpacker.unused_data)
    return b"".join(pieces), unpacker.eof or size > limit


_DECODERS: Mapping[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}

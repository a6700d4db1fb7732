"""Bodies of HTTP messages: chunks and packing, whole, cut off, broken, and as bombs."""

from __future__ import annotations

import gzip
import random
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.http_bodies import decode_body

LIMIT = 1 << 20
PAGE = b"<!DOCTYPE html><p>The night ferry left the harbour a little after eleven.</p>" * 20


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": lambda content: brotli.compress(content, quality=1),
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
    "": bytes,
}


def chunked(content: bytes, size: int = 200, line_end: bytes = b"\r\n") -> bytes:
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return b"".join(b"%x%b%b%b" % (len(each), line_end, each, line_end) for each in pieces) + b"0" + line_end * 2


def decoded(content: bytes, coding: str = "", *, in_chunks: bool = False, limit: int = LIMIT) -> tuple[bytes, str]:
    return decode_body(
        content, {"content-encoding": coding, "transfer-encoding": "chunked" if in_chunks else ""}, limit
    )


@pytest.mark.parametrize("coding", PACKERS)
def test_packed_and_chunked_bodies(coding: str) -> None:
    packed = PACKERS[coding](PAGE)
    assert decoded(packed, coding) == (PAGE, "")
    assert decoded(chunked(packed), coding, in_chunks=True) == (PAGE, "")
    assert decoded(PAGE, coding) == (PAGE, ""), "the crawler undid it, and left the header"
    assert decoded(packed, coding, in_chunks=True) == (PAGE, "")


@given(content=st.binary(max_size=500), size=st.integers(1, 300), line_end=st.sampled_from([b"\r\n", b"\n"]))
def test_chunks_of_any_content_are_joined(content: bytes, size: int, line_end: bytes) -> None:
    assert decoded(chunked(content, size, line_end), in_chunks=True) == (content, "")


def test_several_codings_are_undone_from_the_last() -> None:
    assert decoded(brotli.compress(gzip.compress(PAGE)), "gzip, br") == (PAGE, "")
    assert decoded(gzip.compress(PAGE) * 2, "gzip")[0] == PAGE * 2
    assert decoded(PACKERS["zstd"](PAGE) * 2, "zstd")[0] == PAGE * 2
    with pytest.raises(ArchiveError, match="4 times"):
        decoded(PAGE, "gzip, br, gzip, br")


def test_chunks_with_extensions_trailers_and_without_an_end() -> None:
    assert decoded(b"5;a=b\r\n<p>It\r\n0\r\nExpires: x\r\n\r\n", in_chunks=True) == (b"<p>It", "")
    content, note = decoded(chunked(PAGE)[:400], in_chunks=True)
    assert (PAGE.startswith(content), "cut off" in note) == (True, True)
    assert decoded(b"beef, and more of it", in_chunks=True) == (b"beef, and more of it", "")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate", "br", "zstd"])
def test_what_is_cut_off_comes_as_far_as_it_goes(coding: str) -> None:
    whole = PAGE + random.Random(1).randbytes(300_000)
    content, note = decoded(PACKERS[coding](whole)[:-8], coding)
    assert content
    assert whole.startswith(content)
    assert "cut off" in note


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b"(\xb5/\xfdxx", b"\x1f\x8bxxxxxxxxxxxx", b"\xff\xff\xff\xff\xff"])
def test_broken_bodies_are_errors(coding: str, body: bytes) -> None:
    with pytest.raises(ArchiveError, match=f"is packed as {coding}, and broken"):
        decoded(body, coding)


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(ArchiveError, match="is packed as compress, which is not read"):
        decoded(b"\x1f\x9d\x90", "compress")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate", "br", "zstd"])
def test_a_bomb_ends_at_the_limit(coding: str) -> None:
    bomb = PACKERS[coding](b"\0" * (30 << 20))
    assert len(bomb) < 1 << 20
    with pytest.raises(ArchiveError, match="is larger than 1 MB"):
        decoded(bomb, coding)

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from backfile.archive.importers.sources import containers
from backfile.archive.importers.sources.containers import ContainerRefused, Member, open_members, safe_name


def contents(path: Path) -> dict[str, bytes]:
    with open_members(path) as members:
        return {each.name: each.read() for each in members if isinstance(each, Member)}


def refused(path: Path) -> list[str]:
    with open_members(path) as members:
        return [str(each) for each in members if isinstance(each, ContainerRefused)]


def make_tar(path: Path, *infos: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in infos:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_files_of_zip_and_tar_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one/a.txt", "A")
        archive.mkdir("two")
    make_tar(tmp_path / "a.tgz", (tarfile.TarInfo("one/a.txt"), b"A"), (tarfile.TarInfo("b.txt"), b"B"))
    assert contents(tmp_path / "a.zip") == {"one/a.txt": b"A"}
    assert contents(tmp_path / "a.tgz") == {"one/a.txt": b"A", "b.txt": b"B"}


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "a/../../x", "C:/x", "c:x/y", "..\\x", "\\\\host\\x", "a\x00b", ""]
)
def test_names_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(ContainerRefused, match="leads out"):
        safe_name(name)


def test_unsafe_members_are_errors_and_the_others_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../evil", "x")
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good", "x")
    assert contents(tmp_path / "a.zip") == {"good": b"x"}
    assert len(refused(tmp_path / "a.zip")) == 2


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.linkname = kind, "/etc/passwd"
    make_tar(tmp_path / "a.tgz", (info, b""), (tarfile.TarInfo("good"), b"G"))
    assert refused(tmp_path / "a.tgz") == ["x: is a link or a device"]
    assert contents(tmp_path / "a.tgz") == {"good": b"G"}


@pytest.mark.parametrize("shape", ["zip", "tgz"])
def test_bombs_are_refused_in_flat_memory(tmp_path: Path, shape: str) -> None:
    content, path = bytes(60 * 1024 * 1024), tmp_path / f"bomb.{shape}"
    if shape == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb", content)
    else:
        make_tar(path, (tarfile.TarInfo("bomb"), content))
    del content
    tracemalloc.start()
    with pytest.raises(ContainerRefused, match="bombs"):
        contents(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * 1024 * 1024


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_MEMBERS", 3)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(4):
            archive.writestr(str(number), "")
    make_tar(tmp_path / "a.tgz", *((tarfile.TarInfo(str(number)), b"") for number in range(4)))
    for name in ("a.zip", "a.tgz"):
        with pytest.raises(ContainerRefused, match="more than 3 members"):
            contents(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04broken", gzip.compress(b"x" * 5000)[:-200]])
def test_broken_archives_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ContainerRefused):
        contents(tmp_path / "a")


def forge_zip(path: Path, entries: int, stated: int | None = None, size: int | None = None) -> Path:
    """Zip with a directory of `entries`, of which it states another number, or another size of the directory."""
    member = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0, 0, 5, 0) + b"a.txt"
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b"a.txt"
    stated, size = entries if stated is None else stated, len(entry) * entries if size is None else size
    start = len(member)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, stated, stated, size, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start + len(entry) * entries, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(member + entry * entries + end64 + locator + end)
    return path


@pytest.mark.parametrize(
    ("entries", "stated"), [(1_000_000, None), (1_000_000, 1), (150_000, 1), (150_000, 2**40)], ids=str
)
def test_a_million_entries_are_refused_in_bounded_memory(tmp_path: Path, entries: int, stated: int | None) -> None:
    path = forge_zip(tmp_path / "a.zip", entries, stated)
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(ContainerRefused, match="more than 100,000 members") as raised:
        contents(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "unpack it" in raised.value.hint
    assert peak < 40 * 1024 * 1024
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("stated", "size"), [(10**6, None), (1, 2**40), (10**6, 2**63), (1, 0), (0, 10)], ids=str)
def test_forged_numbers_of_entries_are_harmless(tmp_path: Path, stated: int, size: int | None) -> None:
    path = forge_zip(tmp_path / "a.zip", 1, stated, size)
    try:
        found = contents(path)
    except ContainerRefused:
        return
    assert found in ({}, {"a.txt": b""})

from __future__ import annotations

import gzip
import io
import stat
import tarfile
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

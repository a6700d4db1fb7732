"""Array files: round trip; truncated, corrupted and foreign files are recognised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from backfile.index.engines.whoosh.storage.array_file import ArrayFile, ArrayFileWriter, writing
from backfile.index.errors import IndexUnusable

DTYPES = ["<u1", "<u2", "<u4", "<u8", "<i2", "<i4", "<i8"]
columns = st.dictionaries(
    st.text(min_size=1, max_size=10),
    st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, st.integers(0, 40))),
    max_size=5,
)


def written(path: Path, **named: np.ndarray) -> Path:
    with writing(path) as file:
        for name, values in named.items():
            file.add(name, values)
    return path


@given(columns=columns, facts=st.dictionaries(st.text(), st.integers()))
def test_arrays_and_facts_are_read_as_they_were_written(tmp_path_factory, columns, facts):
    path = tmp_path_factory.mktemp("arrays") / "file"
    with writing(path) as file:
        file.facts.update(facts)
        for name, values in columns.items():
            file.add(name, values)
    read = ArrayFile.open(path)
    assert read.facts == facts
    assert read.verify() == []
    for name, values in columns.items():
        found = read.array(name)
        assert found.dtype == values.dtype
        assert np.array_equal(found, values)


def test_an_array_given_in_parts_is_one_array(tmp_path):
    with writing(tmp_path / "file") as file:
        count = file.stream("numbers", np.uint32, (np.arange(part, dtype=np.uint32) for part in (3, 0, 2)))
    assert count == 5
    assert ArrayFile.open(tmp_path / "file").array("numbers").tolist() == [0, 1, 2, 0, 1]


def test_arrays_outlive_the_name_of_their_file(tmp_path):
    path = written(tmp_path / "file", numbers=np.arange(10_000, dtype=np.uint32))
    numbers = ArrayFile.open(path).array("numbers")
    path.unlink()
    assert int(numbers.sum()) == 49_995_000


def test_arrays_cannot_be_changed(tmp_path):
    numbers = ArrayFile.open(written(tmp_path / "file", numbers=np.arange(3, dtype=np.uint32))).array("numbers")
    with pytest.raises(ValueError, match="read-only"):
        numbers[0] = 1


def test_a_file_that_fails_half_way_is_removed(tmp_path):
    def parts():
        yield np.arange(3, dtype=np.uint32)
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"), writing(tmp_path / "file") as file:
        file.stream("numbers", np.uint32, parts())
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_file_is_not_one(tmp_path):
    file = ArrayFileWriter(tmp_path / "file")
    file.add("numbers", np.arange(1_000_000, dtype=np.uint32))
    with pytest.raises(IndexUnusable, match="not an index file"):
        ArrayFile.open(tmp_path / "file")
    file.abandon()


def test_only_integers_are_taken(tmp_path):
    with pytest.raises(ValueError, match="integers"), writing(tmp_path / "file") as file:
        file.add("numbers", np.zeros(3))


def test_every_truncation_is_recognised_when_the_file_is_opened(tmp_path):
    data = written(tmp_path / "file", a=np.arange(20, dtype=np.uint16), b=np.arange(9, dtype=np.int64)).read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut").write_bytes(data[:length])
        with pytest.raises(IndexUnusable):
            ArrayFile.open(tmp_path / "cut")
    (tmp_path / "long").write_bytes(data + b"\0")
    with pytest.raises(IndexUnusable, match="bytes where"):
        ArrayFile.open(tmp_path / "long")


def test_every_flipped_bit_is_recognised_when_opened_or_verified(tmp_path):
    """Only the zeros between arrays, which nothing reads, may be anything."""
    path = written(tmp_path / "file", a=np.arange(20, dtype=np.uint16), b=np.arange(9, dtype=np.int64))
    data = path.read_bytes()
    padding = {*range(40, 64), *range(64 + 40, 128)}
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        (tmp_path / "flipped").write_bytes(flipped)
        assert is_recognised(tmp_path / "flipped") == (place not in padding), place


def is_recognised(path: Path) -> bool:
    try:
        return bool(ArrayFile.open(path).verify())
    except IndexUnusable:
        return True


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7" + bytes(200), bytes(64), bytes(5_000)])
def test_foreign_files_are_recognised(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(IndexUnusable):
        ArrayFile.open(tmp_path / "file")


def test_the_error_names_the_format_of_a_foreign_file(tmp_path, monkeypatch):
    monkeypatch.setattr("backfile.index.engines.whoosh.storage.array_file.FORMAT", 77)
    path = written(tmp_path / "file", a=np.arange(2, dtype=np.uint16))
    monkeypatch.undo()
    with pytest.raises(IndexUnusable, match="format 77, but this program reads format"):
        ArrayFile.open(path)

from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="tables need unseam[scan]")

import pyarrow as pa
from pyarrow import parquet

from unseam.errors import DataError
from unseam.scanning.rows import blank_row
from unseam.scanning.table import KEY, read_rows, read_settings, write_table

SETTINGS = {"methods": {"m": "1"}}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [blank_row(f"{i}.jpg", ["m"]) | {"status": "done"} for i in range(100)]
    write_table(rows, tmp_path / "out.parquet", SETTINGS)
    return tmp_path / "out.parquet"


def test_a_table_comes_back(table: Path) -> None:
    assert read_settings(table, "out") == SETTINGS
    assert [row["path"] for row in read_rows(table)] == [f"{i}.jpg" for i in range(100)]


def test_a_file_that_is_not_a_table_is_refused_in_printable_text(table: Path) -> None:
    table.write_bytes(b"PAR1\x1b[31m\0\xff" + table.read_bytes()[12:])
    with pytest.raises(DataError, match="cannot be read as a Parquet file"):
        list(read_rows(table))
    table.write_bytes(b"PAR1" + bytes(range(256)) + b"PAR2")
    with pytest.raises(DataError, match="out cannot be read as a Parquet file") as told:
        read_settings(table, "out")
    assert str(told.value).isprintable()


@pytest.mark.parametrize("text", [b"{", b"[" * 60_000, b"9" * 5000])
def test_settings_that_are_none_are_refused(tmp_path: Path, text: bytes) -> None:
    schema = pa.schema([("path", pa.string())], metadata={KEY: text})
    parquet.write_table(pa.table({"path": ["a"]}, schema=schema), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="cannot be read as a Parquet file"):
        read_settings(tmp_path / "a.parquet", "a")


def test_a_table_whose_column_has_no_readable_name_is_refused(table: Path) -> None:
    table.write_bytes(table.read_bytes().replace(b"sha256", b"sh\xff256"))
    with pytest.raises(DataError, match="cannot be read as a Parquet file"):
        read_settings(table, "out")

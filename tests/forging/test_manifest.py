from pathlib import Path

import pytest

from unseam.errors import DataError
from unseam.forging.manifest import CAPTIONED, caption, read_rows

COLUMNS = ",".join(sorted(CAPTIONED))


def manifest(folder: Path, text: str | bytes) -> Path:
    (folder / "manifest.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe\0", "codec can't decode"),
        (f"{COLUMNS}\n" + "a" * 200_000, "field larger than"),
        ("file,index\na,1\n", "no columns adjustment"),
        ("", "no columns adjustment"),
        (f"{COLUMNS}\n" + "one," * len(CAPTIONED), "an index that is not a number"),
        (f"{COLUMNS}\n" + "9" * 5000 + ("," + "9" * 5000) * len(CAPTIONED), "an index that is not a number"),
    ],
)
def test_a_file_that_is_not_a_manifest_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read_rows(manifest(tmp_path, text))


def test_cells_that_are_missing_are_empty(tmp_path: Path) -> None:
    names = ["index", *sorted(CAPTIONED - {"index"})]
    (row,) = read_rows(manifest(tmp_path, ",".join(names) + "\n7\n"))
    assert row == dict.fromkeys(names, "") | {"index": "7"}
    assert caption(row) == "\n"

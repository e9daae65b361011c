from collections.abc import Iterator
from pathlib import Path

import pytest

from unseam.whole_files import write_csv, write_text


def test_what_fails_halfway_leaves_the_file_of_before(tmp_path: Path) -> None:
    def lines() -> Iterator[tuple[object, ...]]:
        yield 1, "a,b"
        raise OSError("the disk is full")

    path = tmp_path / "table.csv"
    write_csv(path, [("n", "word"), (0, 'say "x"')])
    with pytest.raises(OSError, match="full"):
        write_csv(path, lines())
    assert path.read_bytes() == b'n,word\n0,"say ""x"""\n'
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_utf_8_wherever_it_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / "words.md", "naïve\n")
    assert (tmp_path / "words.md").read_bytes() == "naïve\n".encode()

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from unseam.system.atomic_files import replacing, write_csv, write_text


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - hidden files as well


def test_a_finished_file_takes_the_old_ones_place_at_the_end_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    with replacing(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - hidden files as well


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

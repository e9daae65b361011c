import json
import os
from pathlib import Path

import pytest

from unseam.photo.paths import PhotoPath, find_photos, folder_for
from unseam.system.text import printable

ONE, OTHER = "1a2b3c4d" * 8, "deadbeef" * 8


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def reported(folder: Path, sha256: str) -> None:
    touch(folder / "report.json")
    (folder / "report.json").write_text(json.dumps({"sha256": sha256}), encoding="utf-8")


def test_folders_are_searched_to_the_bottom_and_by_name(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("b.JPG", "a.png", "notes.txt", "deep/er/c.webp", "deep/d.jpeg")))
    found = find_photos([tmp_path])
    assert [photo.path.relative_to(tmp_path).as_posix() for photo in found] == [
        *("a.png", "b.JPG", "deep/d.jpeg", "deep/er/c.webp")
    ]
    assert [photo.key.as_posix() for photo in found] == ["a", "b", "deep/d", "deep/er/c"]


def test_a_file_that_is_named_itself_may_be_called_anything_and_may_be_missing(tmp_path: Path) -> None:
    touch(tmp_path / "holiday")
    found = find_photos([tmp_path / "holiday", tmp_path / "gone.jpg"])
    assert [photo.key.as_posix() for photo in found] == ["holiday", "gone"]


def test_a_photo_that_is_named_twice_is_judged_once(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg")
    assert len(find_photos([tmp_path / "a.jpg", tmp_path, tmp_path / "a.jpg"])) == 1


def test_the_pictures_of_an_earlier_run_are_not_photos(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "out" / "a" / "cnn-lstm.overlay.png")
    assert [photo.path.name for photo in find_photos([tmp_path], tmp_path / "out")] == ["a.jpg"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("a/x.jpg", "b/x.jpg"), ("a/x.jpg", "a/x.png"), ("a/x.jpg", "a/X.png"), ("a/x.jpg", "c/X.jpg")],
)
def test_photos_of_one_name_get_folders_of_their_own(tmp_path: Path, first: str, second: str) -> None:
    touch(tmp_path / first, tmp_path / second)
    one, other = find_photos([tmp_path / first, tmp_path / second])
    folders = {folder_for(one, tmp_path / "out", ONE).name, folder_for(other, tmp_path / "out", OTHER).name}
    assert {name.casefold() for name in folders} == {"x-1a2b3c4d", "x-deadbeef"}


def test_photos_of_one_name_in_different_folders_of_a_search_keep_their_folders(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "x.jpg", tmp_path / "b" / "x.jpg")
    out = tmp_path / "out"
    folders = [folder_for(photo, out, ONE) for photo in find_photos([tmp_path])]
    assert folders == [out / "a" / "x", out / "b" / "x"]


def test_a_later_run_replaces_the_report_of_the_same_photo_and_no_other(tmp_path: Path) -> None:
    photo = PhotoPath(Path("x.jpg"), Path("x"))
    assert folder_for(photo, tmp_path, ONE) == tmp_path / "x"
    reported(tmp_path / "x", ONE)
    assert folder_for(photo, tmp_path, ONE) == tmp_path / "x"
    assert folder_for(photo, tmp_path, OTHER) == tmp_path / "x-deadbeef"


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_folder_with_a_report_of_unknown_origin_is_left_alone(tmp_path: Path, content: str) -> None:
    touch(tmp_path / "x" / "report.json")
    (tmp_path / "x" / "report.json").write_text(content, encoding="utf-8")
    assert folder_for(PhotoPath(Path("x.jpg"), Path("x")), tmp_path, ONE) == tmp_path / "x-1a2b3c4d"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("...jpg", "photo"),
        (".jpg", ".jpg"),
        ("a. .jpg", "a"),
        ("n" * 200 + ".jpg", "n" * 150),
        ("é" * 100 + ".jpg", "é" * 75),
        ("x" + "é" * 100 + ".jpg", "x" + "é" * 74 + "_"),
        ("caf\udce9.jpg", "caf_"),
        ("d\udce9/a.jpg", "a"),
    ],
)
def test_odd_names_neither_leave_the_output_folder_nor_overflow_it(name: str, key: str) -> None:
    assert [photo.key.as_posix() for photo in find_photos([Path(name)])] == [key]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("plain é 写.jpg", "plain é 写.jpg"),
        ("two\nlines\x1b[31m", "two\\nlines\\x1b[31m"),
        ("\udcff.jpg", "\\xff.jpg"),
    ],
)
def test_names_are_printed_on_one_line_whatever_they_hold(name: str, line: str) -> None:
    assert printable(name) == line


@pytest.mark.skipif(os.name == "nt", reason="needs a right to make links on Windows")
def test_a_folder_that_links_to_itself_is_searched_once(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(find_photos([tmp_path])) == 1


@pytest.mark.parametrize("text", ["{", "[" * 60_000, "9" * 5000, "[]", '{"sha256": [1]}'])
def test_a_report_that_cannot_be_read_is_of_another_photo(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "report.json").write_text(text)
    assert folder_for(find_photos([Path("a.jpg")])[0], tmp_path, "0123456789").name == "a-01234567"

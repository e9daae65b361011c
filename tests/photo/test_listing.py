import os
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.photo_files import FILES
from support.tiff_files import picture, tiff
from unseam.errors import PhotoError, PhotoNotFound, PhotoTooLarge
from unseam.photo.listing import Listing, files_below, kind_left_out
from unseam.photo.paths import find_photos
from unseam.photo.photo import load_photo

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names and links of POSIX systems")

LOCKED = "locked"
"""Folder whose listing is refused: the tests may run as root, who is refused nothing."""


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == LOCKED:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """A folder with two good photos that differ in case alone, and one entry of every kind that is not good."""
    folder = tmp_path / "odd"
    (folder / LOCKED).mkdir(parents=True)
    jpeg = FILES["jpeg"]()
    for name in (b"good.jpg", b"GOOD.JPG", b"two\nlines.jpg", b"caf\xe9.jpg", b"without suffix"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(jpeg)
    (folder / LOCKED / "hidden.jpg").write_bytes(jpeg)
    (folder / "dangling.jpg").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "up").symlink_to(folder)
    (folder / "null.jpg").symlink_to(os.devnull)
    os.mkfifo(folder / "pipe.jpg")
    os.mkfifo(folder / "other pipe")
    (folder / "notes.txt").write_text("a note", encoding="utf-8")
    (folder / "cut.jpg").write_bytes(jpeg[:200])
    return folder


def _outcomes(folder: Path, listing: Listing | None = None) -> dict[str, str]:
    """Load everything that is found: name -> format, or kind of error."""
    outcomes = {}
    for photo in find_photos([folder], listing=listing):
        name = os.fsencode(photo.path.name).decode("latin-1")
        try:
            outcomes[name] = photo.problem or load_photo(photo.path).format
        except PhotoError as error:
            outcomes[name] = type(error).__name__
    return outcomes


@pytest.mark.usefixtures("refusing")
def test_no_entry_of_a_folder_stops_the_others(odd_folder: Path) -> None:
    (tmp := odd_folder.parent / "s").mkdir()
    listening = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(tmp)  # the address of a socket is short
    listening.bind("socket.jpg")
    os.chdir(here)
    (tmp / "socket.jpg").rename(odd_folder / "socket.jpg")
    listing = Listing()

    outcomes = _outcomes(odd_folder, listing)
    listening.close()

    assert outcomes == {
        **dict.fromkeys(["good.jpg", "GOOD.JPG", "two\nlines.jpg", "caf\xe9.jpg", "without suffix"], "JPEG"),
        "dangling.jpg": "PhotoNotFound",
        "loop": "UnreadablePhoto",
        "null.jpg": "NotAFile",
        "pipe.jpg": "NotAFile",
        "socket.jpg": "NotAFile",
        "cut.jpg": "TruncatedPhoto",
        LOCKED: "the folder cannot be listed (Permission denied)",
    }
    assert listing.left_out == {"a text": 1, "a device, a pipe or a socket": 1}
    assert listing.summary() == "2 files left out as not a photo: a device, a pipe or a socket (1), a text (1)"


def test_a_photo_that_vanishes_after_it_was_listed_is_its_own_failure(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(FILES["jpeg"]())
    (found,) = find_photos([tmp_path])
    found.path.unlink()

    with pytest.raises(PhotoNotFound):
        load_photo(found.path)


def test_a_folder_that_vanishes_while_it_is_searched_stops_nothing(tmp_path: Path) -> None:
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    unreadable: dict[str, str] = {}
    walk = files_below(tmp_path, unreadable)
    first = next(walk)
    other = tmp_path / ("b" if first.startswith("a") else "a")
    next(other.iterdir()).unlink()
    other.rmdir()

    assert list(walk) == []
    assert list(unreadable) == [f"{other.name}/"]


def test_a_file_that_grows_while_it_is_read_is_not_read_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(bytes(1))
    small = path.stat()
    path.write_bytes(bytes(3000))
    monkeypatch.setattr(Path, "stat", lambda _: small)
    monkeypatch.setattr("unseam.photo.photo.ALWAYS_ALLOWED_BYTES", 1000)

    with pytest.raises(PhotoTooLarge, match="MB"):
        load_photo(path, max_pixels=1)


@pytest.mark.parametrize("name", ["n" * 4096, "/".join(["n" * 200] * 30), "a\0b"])
def test_a_name_that_no_file_can_have_is_an_error_of_its_own(name: str) -> None:
    (found,) = find_photos([Path(name)])

    with pytest.raises(PhotoError):
        load_photo(found.path)


@pytest.mark.parametrize(
    "name", ["a.HIF", "a.MPO", "a.jfi", "a.pjpeg", "a.JPG_large", "a", "a.dat", "a.txt", "a.jpg.1"]
)
def test_photos_are_known_by_their_first_bytes_whatever_their_name(tmp_path: Path, name: str) -> None:
    for format_name in ("jpeg", "png", "webp", "tiff", "bmp", "gif", "avif"):
        (tmp_path / name).write_bytes(FILES[format_name]())
        assert kind_left_out(tmp_path / name) == ""


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.mp4", b"\0\0\0\x18ftypmp42", "a video"),
        ("a.txt", b"words", "a text"),
        ("a", b"", "an empty file"),
        ("a", b"\x93\x81\x11", "of an unknown kind"),
        ("._a.jpg", b"\0\5\x16\7\0\2\0\0" + bytes(40), "macOS's companion of a file"),
        ("a.NEF", tiff(picture(np.zeros((4, 4, 3), np.uint8)), data=bytes(48)), "a camera's raw file"),
    ],
)
def test_what_is_left_out_is_named(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(data)
    listing = Listing()

    assert find_photos([tmp_path], listing=listing) == []
    assert listing.left_out == {kind: 1}
    assert listing.summary() == f"1 file left out as not a photo: {kind} (1)"


def test_a_broken_photo_is_found_by_its_suffix(tmp_path: Path) -> None:
    for name, data in (("empty.jpg", b""), ("page.jpeg", b"<html>")):
        (tmp_path / name).write_bytes(data)

    assert _outcomes(tmp_path) == {"empty.jpg": "EmptyPhoto", "page.jpeg": "NotAnImage"}


def test_links_lead_out_of_a_folder_and_not_in_circles(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        Image.new("RGB", (8, 8)).save(folder / f"{folder.name}.png")
    (inside / "out").symlink_to(outside)
    (inside / "again").symlink_to(outside)
    (inside / "self").symlink_to(inside)
    (outside / "back").symlink_to(inside)

    assert sorted(path.rpartition("/")[2] for path in files_below(inside, {})) == ["inside.png", "outside.png"]

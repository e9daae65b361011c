import os
import pickle
from pathlib import Path

import pytest

from support.scan_work import save
from unseam.errors import DataError, NotAFile, PhotoNotFound, UnreadablePhoto
from unseam.photo.listing import Listing
from unseam.scanning.sources import FolderSource, PhotoSource, open_source


def found(source: PhotoSource) -> list[str]:
    paths = list(source.find(Listing()))
    assert len(paths) == len(set(paths))
    return sorted(paths)


def test_photos_of_one_name_in_several_folders_stay_apart(tmp_path: Path) -> None:
    for name in ("x.jpg", "a/x.jpg", "a/b/x.JPG", "a/x.png"):
        save(tmp_path / name)
    assert found(open_source(str(tmp_path))) == ["a/b/x.JPG", "a/x.jpg", "a/x.png", "x.jpg"]


def test_other_files_are_counted_and_on_request_taken(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    for name in ("notes.txt", "content-addressed"):
        (tmp_path / name).write_bytes(b"x")
    listing = Listing()
    assert list(open_source(str(tmp_path)).find(listing)) == ["a.png"]
    assert listing.left_out.total() == 2
    assert found(open_source(str(tmp_path), all_files=True)) == ["a.png", "content-addressed", "notes.txt"]


def test_a_folder_is_listed_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (tmp_path / f"{number}.jpg").touch()
    asked: list[str] = []
    monkeypatch.setattr("unseam.scanning.sources.kind_left_out", lambda path: asked.append(path.name) or "")
    paths = open_source(str(tmp_path)).find(Listing())
    next(paths)
    assert len(asked) == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_loops_of_links_end_and_each_photo_keeps_its_own_path(tmp_path: Path) -> None:
    root = tmp_path / "root"
    save(root / "a" / "x.jpg")
    save(tmp_path / "outside" / "y.jpg")
    save(tmp_path / "outside" / "deep" / "z.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "above").symlink_to(tmp_path)
    (root / "0").symlink_to(root / "a")  # before it in any order
    (root / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "deep" / "back").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "home").symlink_to(root)
    assert found(open_source(str(root))) == ["a/x.jpg", "out/deep/z.jpg", "out/y.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="links and pipes need rights on Windows")
def test_links_and_things_that_are_no_files_are_found_and_cannot_be_read(tmp_path: Path) -> None:
    save(tmp_path / "photo.png")
    (tmp_path / "link.png").symlink_to("photo.png")
    (tmp_path / "nowhere.png").symlink_to("gone.png")
    (tmp_path / "circle.png").symlink_to("circle.png")
    os.mkfifo(tmp_path / "pipe.png")
    source = open_source(str(tmp_path))
    assert found(source) == ["circle.png", "link.png", "nowhere.png", "photo.png", "pipe.png"]
    assert source.read("link.png", 10**6) == (tmp_path / "photo.png").read_bytes()
    for name, error in [("nowhere.png", PhotoNotFound), ("circle.png", UnreadablePhoto), ("pipe.png", NotAFile)]:
        with pytest.raises(error):
            source.read(name, 10**6)


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/x.jpg", "b/c/x.jpg", "d/x.jpg"):
        save(tmp_path / name)
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "c":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = Listing()
    assert sorted(open_source(str(tmp_path)).find(listing)) == ["a/x.jpg", "d/x.jpg"]
    assert listing.unreadable == {"b/c/": "the folder cannot be listed (Permission denied)"}


def test_what_the_scan_writes_is_not_searched(tmp_path: Path) -> None:
    for name in ("x.jpg", "maps/x.jpg.red.png", "a/maps/y.jpg"):
        save(tmp_path / name)
    assert found(open_source(str(tmp_path), left_out=(tmp_path / "maps",))) == ["a/maps/y.jpg", "x.jpg"]


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "x.jpg")
    with pytest.raises(DataError, match=r"x\.jpg is a file"):
        open_source(str(tmp_path / "x.jpg"))
    with pytest.raises(DataError, match="gone does not exist"):
        open_source(str(tmp_path / "gone"))


def test_a_folder_goes_to_another_process(tmp_path: Path) -> None:
    source = open_source(str(tmp_path), left_out=(tmp_path / "a",))
    assert (
        pickle.loads(pickle.dumps(source))
        == source
        == FolderSource(tmp_path.resolve(), False, (tmp_path.resolve() / "a",))
    )


def test_a_url_gives_the_paths_and_bytes_of_the_folder_behind_it(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    for name in ("x.jpg", "a/x.jpg", "a/b/x.JPG"):
        save(tmp_path / name)
    (tmp_path / "a" / "notes.txt").touch()
    by_url, listing = open_source(f"file://{tmp_path}"), Listing()
    assert sorted(by_url.find(listing)) == found(open_source(str(tmp_path)))
    assert listing.left_out.total() == 1
    assert by_url.read("a/x.jpg", 10**6) == (tmp_path / "a" / "x.jpg").read_bytes()
    with pytest.raises(PhotoNotFound, match=r"gone\.jpg"):
        by_url.read("gone.jpg", 10**6)


def test_a_url_that_leads_to_nothing_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(DataError, match="cannot be listed"):
        list(open_source(f"file://{tmp_path}/gone").find(Listing()))

from __future__ import annotations

import io
import os
import shutil
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unseam.errors import DataError
from unseam.forging.factory import load_sources
from unseam.forging.sources import Source, find_all, find_photos, object_boxes, read_map, split

SEED = 20261122


def splits(*roots: Path) -> dict[str, str]:
    return {source.digest: source.split for source in load_sources(roots, [], split_seed=SEED)}


def fake(count: int, group: str) -> list[Source]:
    return [Source(Path(f"{group}{i}"), f"{i}", group, digest=f"{group}-{i}") for i in range(count)]


def test_a_folder_is_split_65_10_25() -> None:
    counts = Counter(source.split for source in split(fake(200, "a"), SEED))
    assert abs(counts["train"] - 130) <= 1
    assert abs(counts["validation"] - 20) <= 1
    assert abs(counts["test"] - 50) <= 1


def test_folders_of_one_photograph_are_split_65_10_25_on_average() -> None:
    lonely = [replace(source, group=source.digest) for source in fake(2000, "b")]
    counts = Counter(source.split for source in split(lonely, SEED))
    assert abs(counts["train"] / 2000 - 0.65) < 0.04
    assert abs(counts["test"] / 2000 - 0.25) < 0.04


def test_another_folder_moves_no_photograph(photos: Path, objects: Path, tmp_path: Path) -> None:
    shutil.copytree(objects / "images", tmp_path / "more")
    for path in photos.iterdir():
        shutil.copy(path, tmp_path / "more" / f"again-{path.name}")
    alone, together = splits(photos), splits(photos, tmp_path / "more")
    assert len(together) == len(alone) + 8
    assert all(together[digest] == name for digest, name in alone.items())


def test_crops_of_one_file_have_the_split_of_the_first_folder() -> None:
    crops = [replace(source, original=source.name) for source in fake(100, "crops")]
    wholes = [replace(source, original=source.name) for source in fake(100, "wholes")]
    alone = {source.name: source.split for source in split(crops, SEED)}
    together = split([*crops, *wholes], SEED)
    assert all(source.split == alone[source.name] for source in together)
    assert {source.name: source.split for source in split(wholes, SEED)} != alone


def test_the_seed_decides_the_split() -> None:
    assert split(fake(50, "a"), 1) == split(fake(50, "a"), 1)
    assert split(fake(50, "a"), 1) != split(fake(50, "a"), 2)


def test_one_content_under_two_names_is_one_photograph(photos: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        shutil.copy(photos / "00.png", tmp_path / name)
    assert len(load_sources([tmp_path], [], split_seed=SEED)) == 1


def test_photographs_of_one_name_in_folders_of_one_name_have_names_of_their_own(photos: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        (tmp_path / name / "images").mkdir(parents=True)
        shutil.copy(photos / f"0{2 * number}.png", tmp_path / name / "images" / "x.png")
        shutil.copy(photos / f"0{4 + 2 * number}.png", tmp_path / name / "images" / f"{name}.png")
    sources = find_all([tmp_path / "a" / "images", tmp_path / "b" / "images"], [])
    assert [source.name for source in sources] == [
        "images/a.png",
        "a/images/x.png",
        "images/b.png",
        "b/images/x.png",
    ]
    files = find_all([tmp_path / "a" / "images" / "x.png", tmp_path / "b" / "images" / "x.png"], [])
    assert [source.name for source in files] == ["a/images/x.png", "b/images/x.png"]


def test_masks_next_to_images_are_not_photographs(objects: Path) -> None:
    assert {source.path.parent.name for source in find_photos([objects])} == {"images"}


def test_a_folder_given_as_photos_and_as_objects_is_taken_once_with_its_objects(objects: Path) -> None:
    sources = find_all([objects], [objects])
    assert len(sources) == 8
    assert all(source.maps for source in sources)


def test_objects_have_their_box_and_area(objects: Path) -> None:
    maps = objects / "masks" / "00.png"
    values = read_map(maps)
    for box in object_boxes(maps, *values.shape):
        inside = values == box.value
        assert inside.sum() == box.area == inside[box.top : box.bottom, box.left : box.right].sum()


def test_every_value_of_segments_is_an_object(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    values = np.zeros((100, 100), np.uint8)
    values[:, 50:] = 1
    Image.fromarray(values).save(tmp_path / "segments" / "a.png")
    assert [box.value for box in object_boxes(tmp_path / "segments" / "a.png", 100, 100)] == [1, 2]


def test_a_mask_of_another_size_is_refused(objects: Path) -> None:
    with pytest.raises(DataError, match="expected the same size"):
        object_boxes(objects / "masks" / "00.png", 10, 10)


def test_a_broken_mask_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="cannot be read"):
        read_map(tmp_path / "bad.png")


def test_a_map_that_is_no_png_or_lies_about_itself_is_refused_without_another_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tiff = io.BytesIO()
    Image.new("L", (9, 9)).save(tiff, "TIFF", compression="tiff_adobe_deflate")
    Image.new("L", (9, 9)).save(tmp_path / "sound.png")
    sound = (tmp_path / "sound.png").read_bytes()
    for number, data in enumerate(
        (tiff.getvalue()[:8] + b"\xff" * 90, tiff.getvalue(), sound[:40], sound[:33] + sound[50:])
    ):
        (tmp_path / f"{number}.png").write_bytes(data)
        with pytest.raises(DataError, match="cannot be read"):
            read_map(tmp_path / f"{number}.png")
    animated = sound[:33] + struct.pack(">I4sII", 8, b"acTL", 0, 0) + struct.pack(">I", zlib.crc32(b"acTL" + bytes(8)))
    (tmp_path / "animated.png").write_bytes(animated + sound[33:])
    assert read_map(tmp_path / "animated.png").shape == (9, 9)
    assert capfd.readouterr() == ("", "")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        find_photos([tmp_path / "none"])
    with pytest.raises(DataError, match="images/"):
        find_all([], [tmp_path])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are not UTF-8")
def test_any_name_and_any_entry_of_a_folder_leave_the_other_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (tmp_path / "locked").mkdir()
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")).write_bytes(b"")

    names = [source.name for source in find_photos([tmp_path])]

    assert sorted(names) == [f"{tmp_path.name}/{name}" for name in ("caf\\xe9.jpg", "locked", "loop.jpg")]
    "".join(names).encode("utf-8")

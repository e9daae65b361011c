import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.scan_work import Red, save
from unseam.scanning.rows import columns
from unseam.scanning.sources import open_source
from unseam.scanning.task import ScanTask, map_name


def task(folder: Path, heat_maps: Path | None = None, max_pixels: int = 10**6) -> ScanTask:
    methods = {"red": Red(), "calm": Red("calm", obeys=False)}
    return ScanTask(open_source(str(folder)), methods, max_pixels, heat_maps)


def test_a_row_says_of_a_photo_what_a_report_says(tmp_path: Path) -> None:
    path = save(tmp_path / "a" / "x.png", red=250)
    row = task(tmp_path)("a/x.png")
    assert row.keys() == columns(["red", "calm"]).keys()
    assert row["path"] == "a/x.png"
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (row["size"], row["format"], row["height"], row["width"]) == (path.stat().st_size, "PNG", 32, 40)
    assert (row["status"], row["verdict"], row["method"], row["error"]) == ("done", "manipulated", "red", None)
    assert row["reason"].startswith("Likely manipulated: region 1 (20 % of the photo) differs from the rest")
    for suffix in ("", "_red", "_calm"):
        assert row[f"score{suffix}"] == pytest.approx(250 / 255)
        assert row[f"marked_share{suffix}"] == 256 / (32 * 40)
        assert row[f"regions{suffix}"] == 1
    assert row["seconds"] >= row["seconds_red"] + row["seconds_calm"]
    assert "numpy " + np.__version__ in row["versions"]


def test_a_method_that_declines_leaves_the_verdict_to_the_next(tmp_path: Path) -> None:
    save(tmp_path / "x.png", "decline", red=250)
    row = task(tmp_path)("x.png")
    assert (row["status"], row["method"], row["verdict"]) == ("done", "calm", "manipulated")
    assert (row["score_red"], row["reason_red"]) == (None, "told to decline")


def test_a_photo_that_no_method_can_judge_is_no_failure(tmp_path: Path) -> None:
    save(tmp_path / "x.png", "decline")
    row = replace(task(tmp_path), methods={"red": Red()})("x.png")
    assert (row["status"], row["verdict"], row["error"]) == ("not applicable", "cannot tell", None)
    assert row["reason"] == "Cannot tell: no method applies to this photo (red: told to decline)."
    assert row["score"] is row["regions"] is row["method"] is None


def test_a_method_that_breaks_fails_the_row_and_keeps_what_the_others_found(tmp_path: Path) -> None:
    save(tmp_path / "x.png", "raise", red=250)
    row = task(tmp_path)("x.png")
    assert (row["status"], row["error"]) == ("failed", "red: RuntimeError: told to")
    assert (row["reason_red"], row["score_red"]) == ("RuntimeError: told to", None)
    assert (row["method"], row["verdict"], row["regions_calm"]) == ("calm", "manipulated", 1)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [("gone.png", None, "does not exist"), ("empty.png", b"", "zero bytes"), ("text.png", b"hello", "is a text")],
)
def test_what_is_not_a_photo_is_a_failed_row(tmp_path: Path, name: str, content: bytes | None, error: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    row = task(tmp_path)(name)
    assert row["status"] == "failed"
    assert error in row["error"]
    assert row["size"] == (None if content is None else len(content))
    assert row["verdict"] is row["height"] is row["score_red"] is None


def test_a_photo_over_the_limit_is_a_failed_row(tmp_path: Path) -> None:
    save(tmp_path / "x.png")
    assert "megapixels" in task(tmp_path, max_pixels=100)("x.png")["error"]


def test_heat_maps_lie_where_their_photos_do(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "a" / "x.png", red=250)
    task(tmp_path / "photos", tmp_path / "maps")("a/x.png")
    assert sorted(path.name for path in (tmp_path / "maps" / "a").iterdir()) == ["x.png.calm.png", "x.png.red.png"]
    with Image.open(tmp_path / "maps" / "a" / "x.png.red.png") as image:
        heat = np.asarray(image)
    assert heat.shape == (32, 40)
    assert heat.dtype == np.uint8
    assert (heat[4:12, 10:18] == 250).all()
    assert heat[5, 0] == 40


def test_names_of_heat_maps_are_short_enough_and_stay_apart() -> None:
    names = [map_name("a/" + "x" * 240 + suffix, "block-grid").as_posix() for suffix in (".jpg", ".png")]
    assert names[0] != names[1]
    assert all(len(name) < 200 and name.startswith("a/xxx") for name in names)
    assert map_name("a/x.jpg", "block-grid").as_posix() == "a/x.jpg.block_grid.png"

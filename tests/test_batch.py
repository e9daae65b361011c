import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from unseam.batch import judge_photos
from unseam.errors import ModelError
from unseam.models.load import load_model
from unseam.models.model_file import _SESSIONS
from unseam.photo.paths import PhotoPath, find_photos
from unseam.report.files import Entry, to_json, write_index
from unseam.system.text import printable


@pytest.fixture
def photos(tmp_path: Path, spotted: NDArray[np.uint8]) -> Path:
    """A folder with two good photos and a broken one between them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(spotted).save(folder / "a.png")
    (folder / "b.jpg").write_text("no photo", encoding="utf-8")
    Image.fromarray(spotted[:, ::-1]).save(folder / "c.png")
    return folder


def test_a_broken_photo_stops_none_of_the_others(photos: Path, brightness_model: Path, tmp_path: Path) -> None:
    outcomes = list(judge_photos(find_photos([photos]), [load_model(brightness_model)], tmp_path / "out"))
    assert [outcome.failure == "" for outcome in outcomes] == [True, False, True]
    assert [outcome.page for outcome in outcomes] == [
        *(tmp_path / "out" / "a" / "report.html", None, tmp_path / "out" / "c" / "report.html")
    ]
    assert str(photos / "b.jpg") in outcomes[1].failure
    assert "\n" not in outcomes[1].failure
    assert outcomes[0].document["path"] == str(photos / "a.png")
    written = json.loads((tmp_path / "out" / "a" / "report.json").read_text(encoding="utf-8"))
    assert {**written, "path": str(photos / "a.png")} == outcomes[0].document


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="file systems that take any bytes as a name")
@pytest.mark.parametrize(
    "name", [b"caf\xe9.png", b"two\nlines.png", b"a b&c#d%e\"f'.png", b"\xff/\xfe.png", b"a:b.png"]
)
def test_any_name_that_the_system_allows_gets_a_report_a_link_and_a_line(
    brightness_model: Path, tmp_path: Path, spotted: NDArray[np.uint8], name: bytes
) -> None:
    path = tmp_path / "photos" / os.fsdecode(name)
    path.parent.mkdir(parents=True)
    Image.fromarray(spotted).save(path)
    out = tmp_path / "out"

    (outcome,) = judge_photos(find_photos([tmp_path / "photos"]), [load_model(brightness_model)], out)
    index = write_index([Entry(outcome.document["path"], outcome.page, outcome.document)], out)

    assert outcome.failure == ""
    assert outcome.document["path"] == printable(path)
    to_json(outcome.document).encode("utf-8")
    (link,) = re.findall('href="([^"]+)"', index.read_text(encoding="utf-8"))
    assert (out / os.fsdecode(unquote_to_bytes(link))).samefile(outcome.page)


def test_a_folder_that_cannot_be_listed_is_a_failure_of_its_own(tmp_path: Path) -> None:
    (outcome,) = judge_photos([PhotoPath(tmp_path, Path(), problem="the folder cannot be listed (why)")], [], None)

    assert outcome.failure == f"{tmp_path}: the folder cannot be listed (why)"


def test_without_output_folder_nothing_is_written(photos: Path, brightness_model: Path, tmp_path: Path) -> None:
    outcomes = list(judge_photos(find_photos([photos]), [load_model(brightness_model)], None))
    assert [outcome.page for outcome in outcomes] == [None] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_outcomes_come_one_by_one(photos: Path, brightness_model: Path) -> None:
    outcomes = judge_photos(find_photos([photos]), [load_model(brightness_model)], None)
    assert next(outcomes).failure == ""
    (photos / "c.png").unlink()
    next(outcomes)
    assert "c.png" in next(outcomes).failure


def test_an_output_folder_that_cannot_be_written_is_told_per_photo(
    photos: Path, brightness_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    outcomes = list(judge_photos(find_photos([photos]), [load_model(brightness_model)], tmp_path / "out"))
    assert "cannot write the report below" in outcomes[0].failure
    assert len(outcomes) == 3


def test_a_model_file_that_vanished_stops_the_run(photos: Path, brightness_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model.onnx"
    copy.write_bytes(brightness_model.read_bytes())
    localizer = load_model(copy)
    copy.write_bytes(b"")
    _SESSIONS.clear()
    with pytest.raises(ModelError, match="changed since it was loaded"):
        next(judge_photos(find_photos([photos]), [localizer], None))


def test_too_many_pixels_are_a_failure_of_that_photo(photos: Path, brightness_model: Path) -> None:
    outcomes = list(judge_photos(find_photos([photos]), [load_model(brightness_model)], None, max_pixels=100))
    assert all(outcome.failure for outcome in outcomes)

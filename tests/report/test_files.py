import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from support.heatmaps import found, info_of
from support.tiny_models import ModelMaker
from unseam.analyze import Report, analyze
from unseam.errors import NotApplicable
from unseam.method import Heatmap, MethodInfo
from unseam.models.load import load_model
from unseam.models.patch.method import PatchMethod
from unseam.photo.photo import Photo
from unseam.report import files as report_module
from unseam.report.files import to_json, write_report


@dataclass(frozen=True)
class Never:
    """A method that applies to no photo, with a name that is no file name."""

    name: str = "../never <b>"

    @property
    def info(self) -> MethodInfo:
        return info_of(self.name, paper="none & nothing")

    def __call__(self, _photo: Photo) -> Heatmap:
        raise NotApplicable("it has no <JPEG> coefficients")


class Everywhere(Never):
    """A method that is half sure of everything."""

    def __call__(self, photo: Photo) -> Heatmap:
        return found(np.full((photo.height, photo.width), 0.5, dtype=np.float32), 0.5)


WRITTEN = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def localizer(make_model: ModelMaker) -> PatchMethod:
    return load_model(make_model(patch_threshold=0.1))


def as_file(pixels: NDArray[np.uint8], orientation: int = 1) -> bytes:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


@pytest.fixture
def report(localizer: PatchMethod, spotted: NDArray[np.uint8]) -> Report:
    return analyze(as_file(spotted, 6), [localizer, Never()])


def read_grey(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


def test_the_document_holds_all_that_is_known(report: Report, localizer: PatchMethod) -> None:
    document = report.document()
    assert document["file"] == "bytes"
    assert document["sha256"] == report.photo.sha256
    assert (document["format"], document["height"], document["width"]) == ("PNG", 160, 192)
    assert document["orientation"] == 6
    assert document["verdict"] == "manipulated"
    assert document["method"] == "brightness"
    assert document["score"] == pytest.approx(report.score, abs=1e-6)
    assert document["marked_share"] == pytest.approx(report.mask.mean(), abs=1e-6)
    (region,) = document["regions"]
    assert set(region) == {"top", "left", "bottom", "right", "area", "mean_heat", "traces"}
    assert abs(np.array([region["top"], region["left"]]) - [40, 24]).max() <= 1
    applies, never = document["methods"]
    assert applies["digest"] == localizer.digest
    assert len(applies["patches"]["boxes"]) == len(applies["patches"]["probability"]) == 20
    assert never["applies"] is False
    assert never["reason"] == "it has no <JPEG> coefficients"
    assert all(method["seconds"] >= 0 for method in document["methods"])
    assert {"unseam", "python", "numpy", "onnxruntime"} <= set(document["versions"])
    assert (applies["detects"], applies["blind_spots"], applies["needs"]) == ("bright pixels", "in the dark", [])
    assert applies["min_size"] == [1, 1]
    assert document["provenance"]["size"] == len(report.photo.data or b"")
    assert document["sentence"].startswith("Likely manipulated: region 1 (")


def test_the_document_says_when_it_was_written(report: Report) -> None:
    assert report.document(WRITTEN)["written"] == "2030-01-02T03:04:05+00:00"
    now = datetime.fromisoformat(report.document()["written"])
    assert abs((datetime.now(UTC) - now).total_seconds()) < 3600


def test_the_document_survives_json_and_is_one_line(report: Report) -> None:
    text = to_json(report.document(WRITTEN))
    assert "\n" not in text
    assert json.loads(text) == report.document(WRITTEN)


def test_without_an_applicable_method_there_is_no_score(spotted: NDArray[np.uint8]) -> None:
    document = analyze(spotted, [Never()]).document()
    assert document["verdict"] == "cannot tell"
    assert [document[key] for key in ("score", "method", "sha256")] == [None] * 3
    assert document["regions"] == []


def test_a_number_that_is_not_finite_never_reaches_a_report(spotted: NDArray[np.uint8]) -> None:
    class Broken(Never):
        def __call__(self, photo: Photo) -> Heatmap:
            return found(np.zeros((photo.height, photo.width), dtype=np.float32), float("nan"))

    with pytest.raises(ValueError, match="expected a finite number"):
        analyze(spotted, [Broken()]).document()


def test_the_files_hold_heat_and_mask_in_stored_pixels(report: Report, tmp_path: Path) -> None:
    page = write_report(report, tmp_path / "deep" / "photo", report.document(WRITTEN))
    folder = page.parent
    assert sorted(path.name for path in folder.iterdir()) == [
        *("brightness.heat.npy", "brightness.heat.png", "brightness.mask.png", "brightness.overlay.png"),
        *("report.html", "report.json"),
    ]
    heat = np.load(folder / "brightness.heat.npy", allow_pickle=False)
    assert heat.dtype == np.float32
    np.testing.assert_array_equal(heat, report.heat)
    np.testing.assert_allclose(read_grey(folder / "brightness.heat.png"), report.heat * 255, atol=0.51)
    np.testing.assert_array_equal(read_grey(folder / "brightness.mask.png"), report.mask * 255)
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert document == report.document(WRITTEN)
    assert {folder / name for name in document["methods"][0]["files"].values()} <= set(folder.iterdir())


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_overlay_is_upright(
    localizer: PatchMethod, spotted: NDArray[np.uint8], tmp_path: Path, orientation: int
) -> None:
    write_report(analyze(as_file(spotted, orientation), [localizer]), tmp_path)
    overlay = cv2.imread(str(tmp_path / "brightness.overlay.png"))
    assert overlay is not None
    letters = round(overlay.shape[1] / 48)
    assert overlay.shape[0] - 6 * letters == 5 * (192 if orientation == 6 else 160)


def test_a_method_of_any_name_writes_inside_the_folder(spotted: NDArray[np.uint8], tmp_path: Path) -> None:
    write_report(analyze(spotted, [Everywhere()]), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "___never__b_.mask.png").is_file()


def test_a_report_without_any_map_is_written_too(spotted: NDArray[np.uint8], tmp_path: Path) -> None:
    page = write_report(analyze(spotted, [Never()]), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]
    assert "Cannot tell" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (65, 63)])
def test_photos_of_any_size_are_reported(localizer: PatchMethod, tmp_path: Path, size: tuple[int, int]) -> None:
    write_report(analyze(np.full((*size, 3), 200, dtype=np.uint8), [localizer]), tmp_path)
    assert read_grey(tmp_path / "brightness.mask.png").shape == size


def test_where_nobody_can_tell_the_overlay_gives_no_score(
    localizer: PatchMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []

    def record(pixels: NDArray[np.uint8], *_: object, title: str, **__: object) -> NDArray[np.uint8]:
        titles.append(title)
        return pixels

    monkeypatch.setattr(report_module, "draw_overlay", record)
    for size in (30, 100):
        report = analyze(np.full((size, size, 3), 200, dtype=np.uint8), [localizer])
        report_module.overlay_picture(report, "brightness")
    assert titles[0] == "Cannot tell    no score    brightness"
    assert titles[1].startswith("Likely manipulated    score 0.78")

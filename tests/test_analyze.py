import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import unseam
from support.heatmaps import found, info_of
from support.tiny_models import ModelMaker
from unseam.analyze import Report, Step, analyze
from unseam.errors import NotApplicable, PhotoNotFound, PhotoTooLarge, UnknownMethod
from unseam.method import Finding, Heatmap, MethodInfo
from unseam.models.load import load_model
from unseam.photo.photo import Photo, load_photo


@dataclass(frozen=True)
class Fixed:
    """A method that gives the same answer for any photo: a heat, or why not."""

    heat: float | None = None
    score: float = 0.5
    name: str = "fixed"

    @property
    def info(self) -> MethodInfo:
        return info_of(self.name)

    def __call__(self, photo: Photo) -> Heatmap:
        if self.heat is None:
            raise NotApplicable("it is too blue")
        return found(np.full((photo.height, photo.width), self.heat, dtype=np.float32), self.score)


def test_a_path_bytes_pixels_and_a_photo_are_judged_alike(
    tmp_path: Path, brightness_model: Path, spotted: NDArray[np.uint8]
) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(spotted).save(path)
    sources = [path, str(path), path.read_bytes(), spotted, load_photo(path)]
    reports = [analyze(source, [str(brightness_model)]) for source in sources]
    for report in reports:
        np.testing.assert_array_equal(report.heat, reports[0].heat)
    assert [report.photo.name for report in reports] == ["photo.png", "photo.png", "bytes", "array", "photo.png"]


def test_a_bright_square_is_one_region_and_the_verdict_says_so(
    make_model: ModelMaker, spotted: NDArray[np.uint8]
) -> None:
    report = analyze(spotted, [load_model(make_model(patch_threshold=0.1))])
    (region,) = report.regions
    assert abs(np.array([region.top, region.left, region.bottom, region.right]) - [40, 24, 120, 104]).max() <= 1
    assert report.mask.sum() == region.area
    assert report.method == "brightness"
    assert str(report.verdict) == report.verdict.finding == "manipulated"
    share = f"{100 * report.mask.mean():.0f}"
    assert report.verdict.sentence.startswith(
        f"Likely manipulated: region 1 ({share} % of the photo) differs from the rest. "
    )
    assert list(report.seconds) == ["brightness"]
    assert report.seconds["brightness"] > 0


def test_a_method_that_does_not_apply_is_recorded_and_the_next_one_gives_the_verdict(
    spotted: NDArray[np.uint8],
) -> None:
    report = analyze(spotted, [Fixed(name="blue"), Fixed(0.2, 0.1)])
    assert isinstance(report.results["blue"], NotApplicable)
    assert report.method == "fixed"
    assert report.score == 0.1
    assert report.verdict.finding is Finding.NO_EVIDENCE
    assert report.verdict.sentence.startswith("No evidence of manipulation: nothing in this photo stands out")
    assert report.regions == ()
    assert set(report.seconds) == {"blue", "fixed"}


def test_when_no_method_applies_nobody_can_tell_and_there_is_no_map(spotted: NDArray[np.uint8]) -> None:
    report = analyze(spotted, [Fixed()])
    assert report.verdict.finding is Finding.CANNOT_TELL
    assert report.verdict.sentence == "Cannot tell: no method applies to this photo (fixed: it is too blue)."
    for name in ("heat", "mask", "regions", "score", "method"):
        with pytest.raises(NotApplicable, match="it is too blue"):
            getattr(report, name)


def test_the_steps_of_an_analysis_are_reported_as_they_begin(spotted: NDArray[np.uint8]) -> None:
    steps: list[Step] = []
    analyze(spotted, [Fixed(name="blue"), Fixed(0.2)], progress=steps.append)
    assert steps == [("blue", 1, 2), ("fixed", 2, 2)]


def test_a_method_that_breaks_is_left_out_where_the_caller_takes_its_failure(spotted: NDArray[np.uint8]) -> None:
    class Broken(Fixed):
        def __call__(self, _photo: Photo) -> Heatmap:
            raise ZeroDivisionError("broken")

    failures: dict[str, Exception] = {}
    report = analyze(spotted, [Broken(name="broken"), Fixed(0.2)], failed=failures.__setitem__)
    assert list(report.results) == ["fixed"]
    assert list(failures) == ["broken"]
    assert isinstance(failures["broken"], ZeroDivisionError)


def test_a_method_without_a_score_gives_a_map_and_no_verdict(spotted: NDArray[np.uint8]) -> None:
    report = analyze(spotted, ["block-grid"])
    assert report.score is None
    assert report.verdict.finding is Finding.CANNOT_TELL
    assert report.verdict.sentence == "Cannot tell: block-grid gives a map, but no verdict of its own."


def test_what_the_file_says_is_read_once(spotted: NDArray[np.uint8], tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(spotted).save(path)
    report = analyze(path, [Fixed(0.2)])
    assert report.provenance is not None
    assert report.provenance is report.provenance
    assert report.document()["provenance"]["size"] == path.stat().st_size
    assert analyze(spotted, [Fixed(0.2)]).provenance is None


def test_below_one_patch_there_is_a_map_but_nobody_can_tell(brightness_model: Path) -> None:
    report = analyze(np.full((63, 200, 3), 250, dtype=np.uint8), [str(brightness_model)])
    assert report.heat.shape == (63, 200)
    assert report.verdict.finding is Finding.CANNOT_TELL
    assert report.verdict.sentence == (
        "Cannot tell: the photo is 200 x 63 pixels, and brightness judges patches of 64 x 64."
    )


def test_one_name_need_not_be_wrapped_in_a_list(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    assert list(analyze(spotted, str(brightness_model)).results) == ["brightness"]


def test_a_second_model_of_the_same_name_does_not_hide_the_first(
    brightness_model: Path, make_model: ModelMaker, spotted: NDArray[np.uint8]
) -> None:
    other = load_model(make_model(pixel_threshold=0.9))
    report = analyze(spotted, [str(brightness_model), other, other, str(brightness_model)])
    assert set(report.results) == {"brightness", f"brightness@{other.digest[:8]}"}
    assert report.methods["brightness"].info.digest != other.digest


def test_two_methods_that_cannot_be_told_apart_are_refused(spotted: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="two methods are named 'fixed'"):
        analyze(spotted, [Fixed(0.1), Fixed(0.2)])


def test_no_method_at_all_is_refused(spotted: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        analyze(spotted, [])


def test_unknown_methods_and_bad_photos_are_errors(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    with pytest.raises(UnknownMethod, match="cnn-lstm"):
        analyze(spotted, ["nothing"])
    with pytest.raises(PhotoNotFound):
        analyze("nowhere.jpg", str(brightness_model))
    with pytest.raises(PhotoTooLarge):
        analyze(spotted, str(brightness_model), max_pixels=100)


def test_other_errors_than_not_applicable_are_not_swallowed(spotted: NDArray[np.uint8]) -> None:
    class Hungry(Fixed):
        def __call__(self, _photo: Photo) -> Heatmap:
            raise MemoryError

    with pytest.raises(MemoryError):
        analyze(spotted, [Hungry()])


def test_the_public_names_are_exactly_these() -> None:
    assert set(unseam.__all__) == {
        *("DEFAULT_METHODS", "METHODS", "analyze", "load_model", "load_photo", "__version__"),
        *("Finding", "Heatmap", "Method", "MethodInfo", "NotApplicable", "Photo", "Region", "Report"),
        *("UnseamError", "Verdict"),
    }
    for name in unseam.__all__:
        assert getattr(unseam, name) is not None
    assert dir(unseam) == sorted(unseam.__all__)
    assert unseam.Report is Report
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = unseam.analyse


IMPORT_ORDERS = [
    "import unseam; unseam.METHODS; import unseam.analyze",
    "from unseam.analyze import Report; import unseam",
    "import unseam.report.files, unseam",
    "from unseam import *; import unseam",
]


@pytest.mark.parametrize("statements", IMPORT_ORDERS)
def test_analyze_is_the_function_whatever_was_imported_before(statements: str) -> None:
    code = f"{statements}\nassert callable(unseam.analyze), unseam.analyze"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_core_loads_neither_training_libraries_nor_the_heavy_ones_before_they_are_needed() -> None:
    code = (
        "import sys, unseam\n"
        "assert not {'cv2', 'scipy', 'onnxruntime', 'PIL', 'rich', 'typer', 'jinja2'} & set(sys.modules)\n"
        "import unseam.batch, unseam.cli\n"
        "assert not {'torch', 'matplotlib', 'onnx', 'lightning'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_stands_for_every_method(monkeypatch: pytest.MonkeyPatch, spotted: NDArray[np.uint8]) -> None:
    from unseam import methods

    few = {name: methods.METHODS[name] for name in ("block-grid", "demosaicing")}
    monkeypatch.setattr(methods, "METHODS", few)

    assert list(unseam.analyze(spotted, "all").results) == list(few)

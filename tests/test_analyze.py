import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import unseam
from support.tiny_models import ModelMaker
from unseam.analyze import Finding, Report, analyze, digest_of
from unseam.errors import NotApplicable, PhotoNotFound, PhotoTooLarge, UnknownMethod
from unseam.method import Heatmap, Need
from unseam.models.patch.method import load_localizer
from unseam.photo.photo import Photo, load_photo


@dataclass(frozen=True)
class Fixed:
    """A method that gives the same answer for any photo: a heat, or why not."""

    heat: float | None = None
    score: float = 0.5
    name: str = "fixed"
    paper: str = "none"
    sees: str = "nothing"
    blind: str = "always"
    needs: frozenset[Need] = frozenset()
    min_size: tuple[int, int] = (1, 1)

    def __call__(self, photo: Photo) -> Heatmap:
        if self.heat is None:
            raise NotApplicable("it is too blue")
        return Heatmap(np.full((photo.height, photo.width), self.heat, dtype=np.float32), self.score)


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
    report = analyze(spotted, [load_localizer(make_model(patch_threshold=0.1))])
    (region,) = report.regions
    assert abs(np.array([region.top, region.left, region.bottom, region.right]) - [40, 24, 120, 104]).max() <= 1
    assert report.mask.sum() == region.area
    assert report.method == "brightness"
    assert str(report.verdict) == report.verdict.finding == "manipulated"
    score, share = f"{report.score:.2f}", f"{100 * report.mask.mean():.1f}"
    expected = f"brightness marks 1 region, {share} % of the photo; its score is {score}"
    assert report.verdict.reason == expected
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
    assert report.verdict.reason == "fixed marks no region; its score is 0.10"
    assert report.regions == ()
    assert set(report.seconds) == {"blue", "fixed"}


def test_when_no_method_applies_nobody_can_tell_and_there_is_no_map(spotted: NDArray[np.uint8]) -> None:
    report = analyze(spotted, [Fixed()])
    assert report.verdict.finding is Finding.CANNOT_TELL
    assert report.verdict.reason == "no method applies: fixed: it is too blue"
    for name in ("heat", "mask", "regions", "score", "method"):
        with pytest.raises(NotApplicable, match="it is too blue"):
            getattr(report, name)


@pytest.mark.parametrize("score", [0.1, 0.9])
def test_a_marked_region_decides_and_the_score_stands_beside_it(spotted: NDArray[np.uint8], score: float) -> None:
    hot, calm = (analyze(spotted, [Fixed(heat, score)]).verdict for heat in (0.7, 0.3))
    assert hot.finding is Finding.MANIPULATED
    assert hot.reason == f"fixed marks 1 region, 100.0 % of the photo; its score is {score:.2f}"
    assert calm.finding is Finding.NO_EVIDENCE
    assert calm.reason == f"fixed marks no region; its score is {score:.2f}"


def test_below_one_patch_there_is_a_map_but_nobody_can_tell(brightness_model: Path) -> None:
    report = analyze(np.full((63, 200, 3), 250, dtype=np.uint8), [str(brightness_model)])
    assert report.heat.shape == (63, 200)
    assert report.verdict.finding is Finding.CANNOT_TELL
    assert report.verdict.reason == "the photo is 200 x 63 pixels, and brightness judges patches of 64 x 64"


def test_one_name_need_not_be_wrapped_in_a_list(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    assert list(analyze(spotted, str(brightness_model)).results) == ["brightness"]


def test_a_second_model_of_the_same_name_does_not_hide_the_first(
    brightness_model: Path, make_model: ModelMaker, spotted: NDArray[np.uint8]
) -> None:
    other = load_localizer(make_model(pixel_threshold=0.9))
    report = analyze(spotted, [str(brightness_model), other, other, str(brightness_model)])
    assert set(report.results) == {"brightness", f"brightness@{other.digest[:8]}"}
    assert digest_of(report.methods["brightness"]) != other.digest
    assert digest_of(Fixed()) == ""


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
        *("DEFAULT_METHODS", "METHODS", "analyze", "load_localizer", "load_photo", "__version__"),
        *("Heatmap", "Method", "NotApplicable", "Photo", "Region", "Report", "UnseamError", "Verdict"),
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

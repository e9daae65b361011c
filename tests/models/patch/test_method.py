import dataclasses
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from support.tiny_models import METADATA, ModelMaker, graph, save_model
from unseam.errors import ModelError
from unseam.method import Heatmap, Method
from unseam.models.load import load_model
from unseam.models.network import NetworkOptions
from unseam.models.patch.method import PatchMethod
from unseam.photo.photo import load_photo


def test_a_bright_square_is_hot_where_it_is(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    heatmap = load_model(brightness_model)(load_photo(spotted))
    assert heatmap.heat.dtype == np.float32
    np.testing.assert_allclose(heatmap.heat, spotted[..., 0] / 255, atol=1e-5)
    assert heatmap.mask is not None
    assert heatmap.mask[80, 60]
    assert not heatmap.mask[10, 150]
    assert heatmap.score > 0.7


def test_a_localizer_is_a_method_described_by_its_file(brightness_model: Path) -> None:
    localizer = load_model(str(brightness_model))
    assert isinstance(localizer, Method)
    info = localizer.info
    assert (info.name, info.detects, info.blind_spots) == ("brightness", "bright pixels", "in the dark")
    assert info.paper == METADATA["paper"]
    assert (info.needs, info.min_size) == (frozenset(), (1, 1))
    assert len(localizer.digest) == 64


def test_every_patch_has_a_box_and_a_label(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    patches = load_model(brightness_model)(load_photo(spotted)).patches
    assert patches is not None
    assert len(patches.boxes) == len(patches.probability) == 4 * 5
    for (top, left, bottom, right), probability in zip(patches.boxes, patches.probability, strict=True):
        assert probability == pytest.approx(spotted[top:bottom, left:right, 0].mean() / 255, abs=1e-5)
    assert patches.threshold == 0.5


def test_the_heat_is_calibrated_and_the_input_scaled_as_the_file_says(make_model: ModelMaker) -> None:
    grey = load_photo(np.full((64, 64, 3), 100, dtype=np.uint8))
    path = make_model(input_scale=1 / 200, input_offset=0.25, heat_calibration={"slope": 2.0, "intercept": 0.0})
    odds = (0.75 / 0.25) ** 2  # 100 / 200 + 0.25 = 0.75
    np.testing.assert_allclose(load_model(path)(grey).heat, odds / (1 + odds), atol=1e-5)


def test_the_score_follows_the_files_curve(make_model: ModelMaker, spotted: NDArray[np.uint8]) -> None:
    photo = load_photo(spotted)
    never = make_model(score_curve={"quantile": 0.99, "slope": 1.0, "intercept": -30.0})
    median = make_model(score_curve={"quantile": 0.5, "slope": 1.0, "intercept": 0.0})
    assert load_model(never)(photo).score < 1e-6
    assert load_model(median)(photo).score == pytest.approx(float(np.median(spotted[..., 0])) / 255, abs=1e-3)


def test_the_mask_is_gated_by_the_patch_label_and_the_heat_is_not(
    make_model: ModelMaker, spotted: NDArray[np.uint8]
) -> None:
    photo = load_photo(spotted)
    open_gate, shut_gate = (load_model(make_model(patch_threshold=value))(photo) for value in (0.1, 1.0))
    np.testing.assert_array_equal(open_gate.heat, shut_gate.heat)
    assert open_gate.mask is not None
    assert shut_gate.mask is not None
    assert open_gate.mask.any()
    assert not shut_gate.mask.any()


def test_a_network_without_patch_head_is_not_gated(make_model: ModelMaker, spotted: NDArray[np.uint8]) -> None:
    heatmap = load_model(make_model(("pixel_probability",), patch_threshold=1.0))(load_photo(spotted))
    assert heatmap.patches is None
    assert heatmap.mask is not None
    assert heatmap.mask[80, 60]


def test_a_network_with_only_a_patch_head_heats_whole_patches(make_model: ModelMaker) -> None:
    pixels = np.zeros((64, 192, 3), dtype=np.uint8)
    pixels[:, 128:] = 230
    heatmap = load_model(make_model(("patch_probability",), stride=64))(load_photo(pixels))
    np.testing.assert_allclose(heatmap.heat[:, 128:], 230 / 255, atol=1e-5)
    assert heatmap.heat[:, :128].max() < 1e-5
    assert heatmap.mask is not None
    assert heatmap.mask[30, 160]


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (63, 64), (64, 64), (65, 64), (97, 131)])
def test_any_size_gives_a_map_of_that_size(brightness_model: Path, size: tuple[int, int]) -> None:
    heatmap = load_model(brightness_model)(load_photo(np.full((*size, 3), 51, dtype=np.uint8)))
    assert heatmap.heat.shape == size
    np.testing.assert_allclose(heatmap.heat, 0.2, atol=1e-5)
    assert (heatmap.doubt is not None) == (min(size) < 64)


def test_a_shorter_stride_judges_more_patches(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    heatmap = load_model(brightness_model, NetworkOptions(stride=16))(load_photo(spotted))
    assert heatmap.patches is not None
    assert len(heatmap.patches.boxes) == 7 * 9


@pytest.mark.parametrize("stride", [0, -8, 12, 72])
def test_a_stride_off_the_jpeg_grid_is_refused(brightness_model: Path, stride: int) -> None:
    with pytest.raises(ModelError, match=f"found stride {stride}, expected a multiple of 8 from 8 to 64"):
        load_model(brightness_model, NetworkOptions(stride=stride))


def test_a_negative_number_of_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        NetworkOptions(threads=-1)


def test_the_same_photo_gives_the_same_heat_bit_for_bit_in_threads_and_processes(
    brightness_model: Path, spotted: NDArray[np.uint8]
) -> None:
    localizer, photo = load_model(brightness_model), load_photo(spotted)
    expected = localizer(photo).heat.tobytes()
    with ThreadPoolExecutor(4) as threads:
        assert {heatmap.heat.tobytes() for heatmap in threads.map(localizer, [photo] * 8)} == {expected}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert {heatmap.heat.tobytes() for heatmap in processes.map(localizer, [photo])} == {expected}


def test_a_pickled_localizer_judges_alike(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    localizer = load_model(brightness_model)
    again = pickle.loads(pickle.dumps(localizer))
    assert again == localizer
    np.testing.assert_array_equal(again(load_photo(spotted)).heat, localizer(load_photo(spotted)).heat)


def test_a_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.onnx: No such file.*expected an ONNX file"):
        load_model(tmp_path / "nothing.onnx")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x09" * 500])
def test_a_file_that_is_no_onnx_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx: not a usable ONNX file"):
        load_model(path)


def test_a_truncated_model_is_a_model_error(tmp_path: Path, brightness_model: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(brightness_model.read_bytes()[:-200])
    with pytest.raises(ModelError, match=r"model\.onnx"):
        load_model(path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "no metadata 'unseam', expected a file written by `unseam export`"),
        ("{", "metadata that is not JSON"),
        ("[]", "metadata of type list, expected a JSON object"),
        (json.dumps({**METADATA, "format": 2}), "metadata format 2, expected format 1; update unseam"),
        (
            json.dumps({key: METADATA[key] for key in METADATA if key != "detects"}),
            "metadata without detects, expected all",
        ),
        (json.dumps({**METADATA, "patch_side": "64"}), "patch_side '64', expected an integer"),
        (json.dumps({**METADATA, "patch_side": 60}), "patch_side 60, expected a multiple of 8"),
        (json.dumps({**METADATA, "stride": 96}), "stride 96, expected a multiple of 8 from 8 to 64"),
        (json.dumps({**METADATA, "name": 3}), "name 3, expected a string"),
        (json.dumps({**METADATA, "input_scale": True}), "input_scale True, expected a finite number"),
        (
            json.dumps({**METADATA, "input_offset": float("nan")}),
            "the number NaN, expected finite numbers in the metadata",
        ),
        (json.dumps({**METADATA, "pixel_threshold": 1.5}), "pixel_threshold 1.5, expected a number from 0 to 1"),
        (json.dumps({**METADATA, "smoothing_sigma": -1}), "smoothing_sigma -1.0, expected a number from 0 to 64"),
        (json.dumps({**METADATA, "recipe": 1}), "recipe 1, expected a JSON object"),
        (json.dumps({**METADATA, "training_sources": {}}), "training_sources {}, expected a list"),
        (json.dumps({**METADATA, "heat_calibration": {"slope": 1}}), "heat_calibration without intercept"),
        (json.dumps({**METADATA, "score_curve": {"quantile": 0.9, "slope": -1, "intercept": 0}}), "slopes above 0"),
    ],
)
def test_metadata_that_cannot_be_used_says_what_was_found(tmp_path: Path, metadata: str | None, message: str) -> None:
    path = save_model(tmp_path / "model.onnx", graph(("pixel_probability",)), metadata)
    with pytest.raises(ModelError) as raised:
        load_model(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def renamed_input(content: onnx.GraphProto) -> None:
    content.CopyFrom(graph(("pixel_probability",), input_name="image"))


def other_side(content: onnx.GraphProto) -> None:
    content.CopyFrom(graph(("pixel_probability",), side=32))


def fixed_batch(content: onnx.GraphProto) -> None:
    content.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def unknown_output(content: onnx.GraphProto) -> None:
    content.node[0].output[0] = content.node[1].input[0] = content.output[0].name = "heat"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (renamed_input, "inputs ['image'], expected one input 'patches'"),
        (other_side, "found patches of tensor(float), shape ['N', 3, 32, 32], expected float32 of shape"),
        (fixed_batch, "shape [1, 3, 64, 64], expected float32"),
        (unknown_output, "outputs ['heat'], expected one or both of"),
    ],
)
def test_a_graph_with_other_inputs_or_outputs_is_refused(
    tmp_path: Path, change: Callable[[onnx.GraphProto], None], message: str
) -> None:
    content = graph(("pixel_probability",))
    change(content)
    path = save_model(tmp_path / "model.onnx", content, json.dumps(METADATA))
    with pytest.raises(ModelError) as raised:
        load_model(path)
    assert message in str(raised.value)


def test_outputs_that_are_no_probabilities_are_refused(make_model: ModelMaker) -> None:
    localizer = load_model(make_model(input_scale=1.0))
    with pytest.raises(ModelError, match="are not probabilities"):
        localizer(load_photo(np.full((64, 64, 3), 200, dtype=np.uint8)))


def test_a_model_file_that_changed_after_loading_is_refused(make_model: ModelMaker) -> None:
    path = make_model()
    localizer = dataclasses.replace(load_model(path), digest="f" * 64)
    with pytest.raises(ModelError, match="changed since it was loaded"):
        localizer(load_photo(np.zeros((64, 64, 3), dtype=np.uint8)))


def test_asking_does_not_change_the_photo(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    before = spotted.copy()
    result = load_model(brightness_model)(load_photo(spotted))
    assert isinstance(result, Heatmap)
    np.testing.assert_array_equal(spotted, before)
    np.testing.assert_array_equal(np.asarray(result), result.heat)


def test_the_number_of_threads_changes_no_bit(brightness_model: Path, spotted: NDArray[np.uint8]) -> None:
    maps = {
        load_model(brightness_model, NetworkOptions(threads=threads, stride=8))(load_photo(spotted)).heat.tobytes()
        for threads in (1, 2, 5)
    }
    assert len(maps) == 1


def _varied(height: int, width: int, bright: float) -> NDArray[np.uint8]:
    """Dark noise with bright rectangles, so that some patches are labelled manipulated and most are not."""
    random = np.random.default_rng(11)
    pixels = random.integers(0, 90, (height, width, 3), dtype=np.uint8)
    for _ in range(round(bright * 10)):
        top, left = int(random.integers(0, height - 60)), int(random.integers(0, width - 60))
        pixels[top : top + 70, left : left + 60] += 150
    return pixels


@pytest.mark.parametrize("stride", [16, 32, 64])
@pytest.mark.parametrize("sigma", [0.0, 2.0, 7.0])
@pytest.mark.parametrize("bright", [0.0, 0.1, 0.4])
def test_fast_gives_the_same_mask_at_the_same_stride(
    make_model: ModelMaker, stride: int, sigma: float, bright: float
) -> None:
    path = make_model(patch_threshold=0.4, pixel_threshold=0.3, smoothing_sigma=sigma)
    photo = load_photo(_varied(330, 471, bright))
    every, fast = (load_model(path, NetworkOptions(stride=stride, fast=fast))(photo) for fast in (False, True))
    assert every.mask is not None
    assert fast.mask is not None
    np.testing.assert_array_equal(fast.mask, every.mask)
    assert every.mask.any() == (bright > 0)
    np.testing.assert_array_equal(fast.heat[fast.mask], every.heat[every.mask])
    assert every.patches is not None
    assert fast.patches is not None
    np.testing.assert_array_equal(fast.patches.probability, every.patches.probability)


def test_fast_asks_for_pixels_only_where_a_mask_can_be(make_model: ModelMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = dict.fromkeys(("patch_probability", "pixel_probability"), 0)
    judge = PatchMethod._ask

    def counting(self: PatchMethod, session: Any, patches: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        answer = judge(self, session, patches)
        for name in answer:
            asked[name] += len(patches)
        return answer

    monkeypatch.setattr(PatchMethod, "_ask", counting)
    path = make_model(patch_threshold=0.4, pixel_threshold=0.3)
    heatmap = load_model(path, NetworkOptions(fast=True, threads=1))(load_photo(_varied(640, 640, 0.1)))
    assert heatmap.patches is not None
    assert len(heatmap.patches.boxes) == 10 * 10
    assert 100 < asked["patch_probability"] < 140
    assert 0 < asked["pixel_probability"] < 40
    assert (heatmap.heat == 0).mean() > 0.5


def test_fast_does_not_ask_twice_where_most_patches_are_labelled(
    make_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatchMethod, "_judge_gated", None)
    path = make_model(patch_threshold=0.0)
    assert load_model(path, NetworkOptions(fast=True))(load_photo(_varied(200, 200, 0.1))).heat.all()


@pytest.mark.parametrize("heads", [("patch_probability",), ("pixel_probability",)])
def test_fast_with_one_head_is_only_the_longer_step(make_model: ModelMaker, heads: tuple[str, ...]) -> None:
    path, photo = make_model(heads), load_photo(_varied(200, 200, 0.2))
    fast, same = (load_model(path, options)(photo) for options in (NetworkOptions(fast=True), NetworkOptions(64)))
    np.testing.assert_array_equal(fast.heat, same.heat)
    assert fast.score == same.score


@pytest.mark.parametrize("bright", [0.0, 0.1, 0.3])
def test_the_score_of_fast_is_near_that_of_all_pixels(make_model: ModelMaker, bright: float) -> None:
    path = make_model(score_curve={"quantile": 0.9, "slope": 1.0, "intercept": 0.0}, patch_threshold=0.4)
    photo = load_photo(_varied(640, 640, bright))
    every, fast = (load_model(path, NetworkOptions(stride=64, fast=fast))(photo).score for fast in (False, True))
    assert fast == pytest.approx(every, abs=0.03)

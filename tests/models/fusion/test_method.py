"""The method `fusion`, with a network made on the spot: log odds that are one of its features."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from unseam.analyze import analyze
from unseam.errors import ModelError, UnfitOption
from unseam.method import Finding, Method
from unseam.methods import METHODS
from unseam.models.fusion import method as room
from unseam.models.fusion.features import BlockFeatures, block_features, feature_names
from unseam.models.fusion.log_odds import LogOdds
from unseam.models.fusion.method import FusionMethod
from unseam.models.fusion.photo_head import HEAD_INPUTS
from unseam.models.load import load_model, load_patch_model
from unseam.models.metadata import HeatCalibration
from unseam.models.network import NetworkOptions
from unseam.photo.photo import Photo, load_photo


def head(slope: float = 2.0, intercept: float = 1.0) -> dict[str, Any]:
    """Return a head that reads the mean of the windows alone."""
    inputs = [
        {"name": name, "centre": 0.0, "scale": 1.0, "weight": float(name == "mean of windows")}
        for name in sorted(HEAD_INPUTS)
    ]
    curve = {"first_quality": 0, "last_quality": 100, "slope": slope, "intercept": intercept}
    return {"inputs": inputs, "curves": [curve]}


METADATA: dict[str, Any] = {
    "format": 1,
    "kind": "fusion",
    "name": "redness",
    "network": "red",
    "features": list(feature_names()),
    "heat_calibration": {"slope": 10.0, "intercept": 0.0},
    "photo_head": head(),
    "thresholds": {"manipulated": 0.6, "suspicious": 0.5},
    "manipulated_mask": {"extent": 0.6, "seed": 0.9},
    "suspicious_mask": {"extent": 0.9, "seed": 0.999},
    "power": [],
    "calibration": {},
    "photos_seen": 0,
    "recipe": {},
    "data_digest": "0" * 64,
    "licence": "CC0-1.0",
    "training_sources": [],
    "paper": "none: a network for tests",
    "detects": "red",
    "blind_spots": "in the dark",
    "false_alarms": {"marked": 0.02, "source": "for tests", "scores": [0.1, 0.4]},
}

Maker = Callable[..., Path]


def graph(features: int = len(feature_names())) -> onnx.GraphProto:
    """Redness of a block, -0.5 to 0.5, for its four cells; blue as confidence; for windows the mean."""
    red = feature_names().index("colour: red")
    constants = {
        "red": np.array([red], np.int64),
        "blue": np.array([red + 2], np.int64),
        "channel": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["features", "red"], ["plane"], axis=1),
        helper.make_node("Concat", ["plane"] * 4, ["quarters"], axis=1),
        helper.make_node("DepthToSpace", ["quarters"], ["twice"], blocksize=2),
        helper.make_node("Squeeze", ["twice", "channel"], ["cell_log_odds"]),
        helper.make_node("Gather", ["features", "blue"], ["plane of blue"], axis=1),
        helper.make_node("Squeeze", ["plane of blue", "channel"], ["confidence_log_odds"]),
        helper.make_node("AveragePool", ["plane"], ["windows"], kernel_shape=[64, 64], strides=[32, 32], pads=[32] * 4),
        helper.make_node("Squeeze", ["windows", "channel"], ["photo_log_odds"]),
    ]
    shapes = {"cell_log_odds": [1, "2R", "2C"], "confidence_log_odds": [1, "R", "C"], "photo_log_odds": [1, "r", "c"]}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, features, "R", "C"])]
    return helper.make_graph(
        nodes, "redness", inputs, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()]
    )


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    def maker(content: onnx.GraphProto | None = None, **changes: Any) -> Path:
        model = helper.make_model(content or graph(), opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        helper.set_model_props(model, {"unseam": json.dumps(METADATA | changes)})
        path = tmp_path / "redness.onnx"
        onnx.save(model, path)
        return path

    return maker


def reddish() -> NDArray[np.uint8]:
    pixels = np.full((96, 133, 3), 90, np.uint8)
    pixels[24:56, 40:88, 0] = 250
    return pixels


def test_the_map_is_hot_where_the_network_says_so(make: Maker) -> None:
    heatmap = load_model(make())(load_photo(reddish()))
    assert heatmap.heat.shape == (96, 133)
    assert heatmap.heat.dtype == np.float32
    assert heatmap.heat[40, 64] == pytest.approx(1 / (1 + np.exp(-10 * (250 / 255 - 0.5))), abs=1e-4)
    assert heatmap.heat[5, 120] < 0.3
    assert heatmap.mask[28:52, 44:84].all()
    assert heatmap.mask[24:56, 40:88].sum() == heatmap.mask.sum()
    assert heatmap.confidence is not None
    assert heatmap.confidence.shape == (96, 133)
    assert heatmap.finding is Finding.MANIPULATED
    assert [region.area for region in heatmap.regions] == [heatmap.mask.sum()]


def test_the_score_is_what_the_head_makes_of_the_windows(make: Maker) -> None:
    grey = load_photo(np.full((80, 80, 3), 100, np.uint8))
    expected = 1 / (1 + np.exp(-(2 * (100 / 255 - 0.5) + 1)))
    assert load_model(make())(grey).score == pytest.approx(expected, abs=1e-4)


def test_the_score_decides_and_the_mask_follows_from_the_finding(make: Maker) -> None:
    photo = load_photo(reddish())
    manipulated, suspicious, none = (
        load_model(make(photo_head=head(intercept=intercept)))(photo) for intercept in (5.0, 0.5, -5.0)
    )
    findings = [found.finding for found in (manipulated, suspicious, none)]
    assert findings == [Finding.MANIPULATED, Finding.SUSPICIOUS, Finding.NO_EVIDENCE]
    assert np.count_nonzero(manipulated.mask) == pytest.approx(32 * 48, rel=0.05)  # corners are averaged away
    assert suspicious.regions  # nothing reaches its seed: the hottest place is marked
    assert suspicious.mask[24:56, 40:88].sum() == suspicious.mask.sum()
    assert not none.mask.any()
    np.testing.assert_array_equal(manipulated.heat, none.heat)


def _rates(flagged: float) -> dict[str, float]:
    return {"photos": 100, "manipulated": flagged / 2, "flagged": flagged}


def _classes(forgeries: float, authentic: float) -> list[dict[str, Any]]:
    bounds = {"first_quality": 0, "last_quality": 100, "min_pixels": 0, "max_pixels": 10**9}
    measured = {"authentic": _rates(authentic), "forgeries": _rates(forgeries), "by_edit": [_rates(forgeries)] * 4}
    return [bounds | measured]


def test_power_comes_with_the_finding_and_its_lack_forbids_one(make: Maker) -> None:
    photo = load_photo(reddish())
    able, unable = (load_model(make(power=_classes(forgeries, 0.1)))(photo) for forgeries in (0.6, 0.2))
    assert able.power is not None
    assert able.power.sentence.endswith(
        "unseam flags 60 in 100 forgeries made to test it and 10 in 100 authentic ones."
    )
    assert able.finding is Finding.MANIPULATED
    assert unable.finding is Finding.CANNOT_TELL
    assert "flags 20 in 100 forgeries" in str(unable.doubt)
    assert not unable.mask.any()


def test_a_graphic_is_no_photograph(make: Maker) -> None:
    drawn = np.full((200, 300, 3), 240, np.uint8)
    drawn[:40] = (20, 90, 80)
    drawn[80:120, 40:200] = (255, 255, 255)
    found = load_model(make())(load_photo(drawn))
    assert found.finding is Finding.CANNOT_TELL
    assert "screenshot or graphic" in str(found.doubt)


def test_tiles_on_the_lattice_are_explained_and_not_marked(make: Maker) -> None:
    """A red tile of 256 x 256 pixels where tiles lie, and the same square elsewhere."""
    rng = np.random.default_rng(5)
    calm = load_model(make(photo_head=head(intercept=-1.0)))
    found = []
    for top, left in ((256, 256), (144, 200)):
        pixels = rng.integers(60, 110, (768, 768, 3), dtype=np.uint8)
        pixels[top : top + 256, left : left + 256, 0] = 250
        photo = load_photo(pixels)
        found.append(calm.judged(photo, stretched(calm.log_odds(photo, calm.features(photo)))))
    on_lattice, elsewhere = found
    assert on_lattice.finding is Finding.CANNOT_TELL
    assert "lattice of 256 x 256" in str(on_lattice.doubt)
    assert on_lattice.heat[300:480, 300:480].max() < 0.5
    assert elsewhere.heat[200:380, 250:400].min() > 0.9


def stretched(odds: LogOdds) -> LogOdds:
    """Return log odds as far apart as those of a trained network."""
    return replace(odds, cell=20 * odds.cell)


def test_it_is_a_method_described_by_its_file(make: Maker) -> None:
    localizer = load_model(make())
    assert isinstance(localizer, FusionMethod)
    assert isinstance(localizer, Method)
    info = localizer.info
    assert (info.name, info.detects, info.blind_spots) == ("redness", "red", "in the dark")
    assert (info.needs, info.min_size) == (frozenset(), (1, 1))
    assert info.false_alarms is not None
    assert info.false_alarms.at(0.3) == 0.5
    assert pickle.loads(pickle.dumps(localizer)) == localizer


def test_the_map_does_not_depend_on_the_number_of_threads(make: Maker) -> None:
    path, photo = make(), load_photo(reddish())
    maps = [load_model(path, NetworkOptions(threads=count))(photo).heat for count in (1, 2)]
    np.testing.assert_array_equal(*maps)


def test_fast_does_not_look_for_copied_regions(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def measured(photo: Photo, **how: Any) -> BlockFeatures:
        asked.append(how["without"])
        return block_features(photo, **how)

    monkeypatch.setattr(room, "block_features", measured)
    for fast in (False, True):
        load_model(make(), NetworkOptions(fast=fast))(load_photo(reddish()))
    assert asked == [frozenset(), frozenset({"copy-move"})]


def test_a_stride_is_refused_because_it_reads_the_whole_photo(make: Maker) -> None:
    with pytest.raises(UnfitOption, match="no stride"):
        load_model(make(), NetworkOptions(stride=32))


def test_what_cannot_be_judged_is_doubted(make: Maker) -> None:
    localizer = load_model(make())
    assert "too little to compare" in str(localizer(load_photo(np.zeros((40, 300, 3), np.uint8))).doubt)
    assert "flat colour" in str(localizer(load_photo(np.zeros((100, 100, 3), np.uint8))).doubt)
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", quality=20)
    assert "below quality 50" in str(localizer(load_photo(buffer.getvalue())).doubt)
    assert localizer(load_photo(noise)).doubt is None


def _damaged(part: float) -> bytes:
    """A red JPEG with restart markers at each row of units, and with its end at a part of its rows."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 60, (320, 320, 3), np.uint8)
    Image.fromarray(noise + np.array([190, 0, 0], np.uint8)).save(buffer, "JPEG", quality=95, restart_marker_rows=1)
    data = buffer.getvalue()
    place = data.index(b"\xff\xda") + int(part * (len(data) - data.index(b"\xff\xda")))
    return data[:place] + (b"\xff\x9f" if part < 0.5 else b"\xff\xd9") + data[place:]


def test_a_damaged_photo_is_doubted_where_a_relevant_share_is_lost(make: Maker) -> None:
    heatmap = load_model(make())(load_photo(_damaged(0.6)))

    assert "damaged from row 192 on" in str(heatmap.doubt)


def test_damaged_rows_are_no_evidence(make: Maker) -> None:
    photo = load_photo(_damaged(0.4))
    heatmap = load_model(make())(photo)

    assert photo.damage.rows.sum() == 16
    assert heatmap.doubt is None
    assert (heatmap.heat[photo.damage.rows] == 0.5).all()
    assert not heatmap.mask[photo.damage.rows].any()
    assert not heatmap.confidence[photo.damage.rows].any()
    assert heatmap.mask[~photo.damage.rows].mean() > 0.9


def test_a_resampled_photo_is_doubted_and_keeps_its_map(make: Maker) -> None:
    localizer = load_model(make())
    photo = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    for pixels, reason in (
        (cv2.resize(photo, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC), "resized"),
        (cv2.GaussianBlur(photo, (0, 0), 2), "smoothed"),
    ):
        report = analyze(np.asarray(pixels, np.uint8), [localizer])
        assert reason in report.verdict.sentence
        assert str(report.verdict) == "cannot tell"
        assert np.ptp(report.heat) > 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"features": ["spectrum: 0, 0"]}, "trained on other features"),
        ({"manipulated_mask": {"extent": 1.5, "seed": 0.9}}, "expected a number from 0 to 1"),
        ({"thresholds": {"manipulated": 0.4, "suspicious": 0.5}}, "suspicious <= manipulated"),
        ({"thresholds": {"manipulated": 0.4}}, "thresholds without suspicious"),
        ({"photo_head": head() | {"inputs": head()["inputs"][:3]}}, "head inputs"),
        ({"photo_head": head() | {"curves": []}}, "curves for 0 qualities"),
        ({"photo_head": head(slope=-1.0)}, "slopes above 0"),
        ({"photo_head": head(slope=1e9)}, "a number up to 1e"),
        ({"power": [{"first_quality": 1}]}, "power.last_quality None"),
        ({"power": _classes(0.3, 1.3)}, "manipulated <= flagged <= 1"),
        ({"heat_calibration": {"slope": -1.0, "intercept": 0.0}}, "slopes above 0"),
        ({"features": "all"}, "expected a list of strings"),
        ({"kind": "magic"}, "magic"),
        ({"name": "No Name"}, "lower-case"),
        ({"format": 99}, "format 99"),
    ],
)
def test_metadata_that_contradict_themselves_are_refused(
    make: Maker, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        load_model(make(**changes))


def test_a_graph_of_another_number_of_features_is_refused(make: Maker) -> None:
    with pytest.raises(ModelError, match="features of shape"):
        load_model(make(graph(features=7)))


def test_a_network_of_patches_is_expected_where_one_is_needed(make: Maker) -> None:
    with pytest.raises(ModelError, match="kind 'fusion'"):
        load_patch_model(make())


EXPORTED = HeatCalibration(slope=0.6018770822851022, intercept=1.134374514650537)
"""Of the weights' first calibration: another one of the same weights leaves the stored heat as it is."""


@pytest.mark.parametrize("name", ["authentic-cafe", "copy-move-houseboat", "removal-hikers", "splice-butterfly"])
def test_the_shipped_network_gives_the_same_heat_as_when_it_was_exported(name: str) -> None:
    """Every 24th pixel, float32, with the first export's calibration; new weights and new features need a new file.

    It was written by ``np.savez_compressed(file, **{name: METHODS["fusion"](load_photo(...)).heat[::24, ::24]})``.
    """
    expected = np.load(Path(__file__).parent / "shipped-heat.npz")[name]
    method = METHODS["fusion"].load()
    method = replace(method, settings=replace(method.settings, heat_calibration=EXPORTED))
    photo = load_photo(Path(__file__).parents[3] / "examples" / "photos" / f"{name}.jpg")
    np.testing.assert_allclose(method(photo).heat[::24, ::24], expected, rtol=0, atol=1e-6)

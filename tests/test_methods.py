import hashlib
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from unseam import methods
from unseam.errors import ModelError, UnfitOption, UnknownMethod
from unseam.methods import DIGESTS, METHODS, ShippedMethod, find_method, find_methods, with_options
from unseam.models.network import NetworkOptions
from unseam.models.patch.method import PatchMethod

ASSETS = resources.files("unseam") / "assets"


@pytest.fixture
def shipped(tmp_path: Path, brightness_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the package ship one small model."""
    assets = tmp_path / "assets"
    assets.mkdir()
    shutil.copy(brightness_model, assets / "brightness.onnx")
    digest = hashlib.sha256(brightness_model.read_bytes()).hexdigest()
    (assets / DIGESTS).write_text(f"{digest}  brightness.onnx\n", encoding="utf-8")
    monkeypatch.setattr(methods.resources, "files", lambda _: tmp_path)
    methods._shipped.cache_clear()
    yield assets
    methods._shipped.cache_clear()


def test_every_shipped_model_is_listed_with_its_digest_and_no_other() -> None:
    lines = (ASSETS / DIGESTS).read_text(encoding="utf-8").splitlines()
    listed = {name.lstrip("*"): digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    present = [file for file in ASSETS.iterdir() if file.name.endswith(".onnx")]
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in present} == listed
    assert {method.asset for method in METHODS.values() if isinstance(method, ShippedMethod)} == set(listed)


def test_a_shipped_model_is_read_when_it_is_first_asked_for_something(shipped: Path) -> None:
    method = ShippedMethod("brightness.onnx")
    assert methods._shipped.cache_info().misses == 0
    info = method.info
    assert (info.detects, info.blind_spots, info.needs) == ("bright pixels", "in the dark", frozenset())
    assert info.digest == method.load().digest
    assert methods._shipped.cache_info().misses == 1


def test_options_reach_the_shipped_model(shipped: Path) -> None:
    method = ShippedMethod("brightness.onnx", NetworkOptions(stride=16))
    assert method.load().stride == 16


def test_a_shipped_model_of_another_digest_is_refused(shipped: Path) -> None:
    (shipped / DIGESTS).write_text(f"{'0' * 64}  brightness.onnx\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"brightness\.onnx has SHA-256 .*, expected 0000.*install unseam again"):
        ShippedMethod("brightness.onnx").load()


def test_a_shipped_model_without_digest_is_refused(shipped: Path) -> None:
    (shipped / DIGESTS).write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="expected None"):
        ShippedMethod("brightness.onnx").load()


@pytest.mark.parametrize("missing", [DIGESTS, "brightness.onnx"])
def test_a_missing_asset_is_a_model_error(shipped: Path, missing: str) -> None:
    (shipped / missing).unlink()
    with pytest.raises(ModelError, match=missing):
        ShippedMethod("brightness.onnx").load()


def test_a_method_is_found_by_name_and_by_file(brightness_model: Path) -> None:
    assert find_method("cnn-lstm") is METHODS["cnn-lstm"]
    found = find_method(brightness_model)
    assert isinstance(found, PatchMethod)


def test_an_unknown_method_error_lists_those_that_exist() -> None:
    with pytest.raises(UnknownMethod, match=r"no method 'cnn_lstm'; there are: fusion, cnn-lstm"):
        find_method("cnn_lstm")


def test_the_list_of_methods_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        METHODS["mine"] = METHODS["cnn-lstm"]  # type: ignore[index]


def test_all_stands_for_every_method_once() -> None:
    assert methods.expanded(["all"]) == list(METHODS)
    assert methods.expanded(["block-grid", "all", "mine.onnx"])[0] == "block-grid"
    assert sorted(methods.expanded(["block-grid", "all"])) == sorted(METHODS)
    assert methods.expanded(["mine.onnx", "mine.onnx"]) == ["mine.onnx"]


def test_methods_are_found_in_their_order_with_all_expanded(brightness_model: Path) -> None:
    own = find_method(brightness_model)
    assert find_methods(["block-grid", own]) == [METHODS["block-grid"], own]
    assert find_methods(["all"]) == list(METHODS.values())


def test_networks_are_run_with_options_and_detectors_as_they_are() -> None:
    network = with_options(METHODS["fusion"], fast=True)
    assert network.info.settings == ("fast",)
    assert network.info.options == {"threads", "fast"}
    assert with_options(METHODS["block-grid"], fast=True) is METHODS["block-grid"]


def test_an_option_that_a_network_does_not_take_is_refused() -> None:
    with pytest.raises(UnfitOption, match="it takes no stride"):
        _ = with_options(METHODS["fusion"], stride=32).info

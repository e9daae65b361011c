"""unseam reproduce: what is refused, what is gone on with, and one network from forging to the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

from unseam.datasets.splits import DataSet
from unseam.errors import DataError
from unseam.reproduction import run as room
from unseam.reproduction.networks import recipe_path
from unseam.reproduction.run import Settings, reproduce
from unseam.training.recipe import load_patch_recipe

SMOKE = Settings(smoke=True, seeds=1, only=("p-conv-lstm",), whole_photos=False, accelerator="cpu", quiet=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reproduction")
    assert reproduce(SMOKE, out, command="unseam reproduce --smoke").finished
    return out


def test_a_smoke_run_ends_with_a_page_that_says_what_it_is(finished: Path) -> None:
    page = (finished / "index.html").read_text(encoding="utf-8")

    assert room.Reproduction([], {}, {}, smoke=True).warnings[0] in page
    assert "P-Conv-LSTM" in page
    assert "Figure 3" in page
    assert "Figure 4" not in page  # the paper's network was not asked for


def test_what_is_measured_is_not_trained_again(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (finished / "tables.csv").read_bytes()

    def fail(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("unseam.reproduction.networks._train", fail)
    assert reproduce(SMOKE, finished).finished
    assert (finished / "tables.csv").read_bytes() == before


def test_a_measurement_of_another_recipe_is_refused(finished: Path) -> None:
    with pytest.raises(DataError, match="measured with another recipe or on other photographs"):
        reproduce(replace(SMOKE, steps=3), finished)


def test_an_interrupted_training_leaves_a_page_that_says_what_is_missing(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unseam.reproduction.networks._train", lambda *_: None)

    done = reproduce(replace(SMOKE, only=("p-conv-lstm", "fcn")), finished)

    assert not done.finished
    assert "Not measured yet: fcn (seed 1)." in done.page.read_text(encoding="utf-8")


def test_the_measurement_names_its_windows_and_patches(finished: Path) -> None:
    stored = json.loads((finished / "measured" / "seed-1" / "p-conv-lstm.json").read_text(encoding="utf-8"))

    photos, windows, manipulated = stored["windows"]["0.125"]
    assert photos > 0
    assert windows == 2 * manipulated > 0
    assert stored["patches_seen"] == room.SMOKE_STEPS * load_patch_recipe(recipe_path("p-conv-lstm")).optimisation.batch
    assert stored["figures"]["0.125 patch"]["majority"] == 0.5


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(smoke=True, photos=(Path("a"),)),
        Settings(dataset=DataSet(Path("a")), photos=(Path("a"),)),
    ],
)
def test_no_data_or_two_kinds_of_it_are_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="name one"):
        reproduce(settings, tmp_path)


def test_an_unknown_network_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no network lstm; there are: j-conv-lstm-conv"):
        reproduce(replace(SMOKE, only=("lstm",)), tmp_path)


def test_a_file_in_the_place_of_the_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "out").touch()

    with pytest.raises(DataError, match=r"out: the folder cannot be made \(.*\); name another"):
        reproduce(SMOKE, tmp_path / "out")


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data" / "pictures").mkdir(parents=True)

    with pytest.raises(DataError, match="no folder images/ and no folder masks/ in it; expected"):
        reproduce(replace(SMOKE, smoke=False, dataset=DataSet(tmp_path / "data")), tmp_path / "out")


def test_a_set_with_nothing_to_test_is_refused_before_anything_is_trained(finished: Path, tmp_path: Path) -> None:
    forged = DataSet(finished / "forged").samples("train").samples[:8]
    rows = [f"{s.photo},{s.mask or ''},{s.kind},{s.group},train" for s in forged]
    (tmp_path / "pairs.csv").write_text("\n".join(["photo,mask,kind,group,split", *rows]) + "\n", encoding="utf-8")

    with pytest.raises(DataError, match="nothing on the test side; train 8, validation 0, test 0"):
        reproduce(replace(SMOKE, smoke=False, dataset=DataSet(tmp_path / "pairs.csv")), tmp_path / "out")
    assert not (tmp_path / "out" / "runs").exists()

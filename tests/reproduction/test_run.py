"""unseam reproduce: what is refused, what is gone on with, and one network from forging to the page."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

from unseam.datasets.splits import SPLITS, DataSet
from unseam.errors import DataError
from unseam.evaluation.baselines import BASELINES
from unseam.reproduction import run as room
from unseam.reproduction.networks import identify, recipe_path
from unseam.reproduction.paper import CLASSICAL
from unseam.reproduction.run import Settings, reproduce
from unseam.training.recipe import load_patch_recipe

pytestmark = pytest.mark.xdist_group("reproduction run")

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


@pytest.fixture
def forged(finished: Path, tmp_path: Path) -> Path:
    """A folder in which the forgeries are made, and nothing else is."""
    shutil.copytree(finished / "forged", tmp_path / "out" / "forged")
    return tmp_path / "out"


def test_with_whole_photos_every_table_and_figure_is_there_and_stays(
    forged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SMOKE, only=("j-conv-lstm-conv", "iou-0.5"), whole_photos=True)

    done = reproduce(settings, forged)

    text = (forged / "tables.md").read_text(encoding="utf-8")
    titles = [line.removeprefix("## ").split(".")[0] for line in text.splitlines() if line.startswith("## ")]
    assert titles[:6] == [f"Table {number}" for number in range(1, 7)]
    assert [f"Figure {number}" in text for number in (3, 4, 5)] == [True] * 3
    assert "labels at 12.5 % over 50 %" in text
    for name in (*CLASSICAL, *(f"{baseline} (baseline)" for baseline in BASELINES)):
        assert f"| {name} |" in text
    curves = (forged / "figures" / "roc.csv").read_text(encoding="utf-8").splitlines()
    assert curves[0] == "false positive rate,patch (one seed),pixel (one seed)"
    assert curves[-1] == "1.00000,1.00000,1.00000"
    assert not list((forged / "photos").glob("results.*"))  # they would be pages without the warning

    monkeypatch.setattr("unseam.evaluation.evaluate.measure", None)
    monkeypatch.setattr(room, "draw_examples", None)
    assert reproduce(settings, forged) == done
    assert (forged / "tables.md").read_text(encoding="utf-8") == text


def test_a_network_that_the_data_cannot_train_does_not_keep_the_others_waiting(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_windows(*_: object) -> None:
        raise DataError("no window above 50 %")

    monkeypatch.setattr("unseam.reproduction.networks._train", no_windows)

    done = reproduce(replace(SMOKE, only=("iou-0.5", "p-conv-lstm")), finished)

    assert done.finished
    assert done.failures == ("iou-0.5 (seed 1): no window above 50 %",)
    page = done.page.read_text(encoding="utf-8")
    assert "iou-0.5 (seed 1): no window above 50 %" in page
    assert "P-Conv-LSTM" in page


def test_a_damaged_test_photo_is_told_and_the_others_are_measured(forged: Path) -> None:
    damaged = next(s for s in DataSet(forged / "forged").samples("test").samples if s.photo.suffix == ".jpg")
    damaged.photo.write_bytes(damaged.photo.read_bytes()[:2000])

    done = reproduce(SMOKE, forged)

    assert done.finished
    (failure,) = done.failures
    assert failure.startswith(f"{damaged.name}: ")
    assert "P-Conv-LSTM" in done.page.read_text(encoding="utf-8")


def test_more_forgeries_than_were_measured_are_refused_before_they_are_made(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = (finished / "forged" / "manifest.csv").read_bytes()
    monkeypatch.setattr(room, "SMOKE_COUNT", room.SMOKE_COUNT + 1)

    asked, held = room.SMOKE_COUNT, room.SMOKE_COUNT - 1
    with pytest.raises(DataError, match=rf"holds {held} forgeries, not {asked}; ask for {held}, or name a new folder"):
        reproduce(SMOKE, finished)
    assert (finished / "forged" / "manifest.csv").read_bytes() == manifest


def test_what_is_trained_on_and_every_mask_belong_to_the_identity_of_data(finished: Path, tmp_path: Path) -> None:
    found = [sample for side in SPLITS for sample in DataSet(finished / "forged").samples(side).samples]
    rows = [f"{s.photo.resolve()},{s.mask.resolve() if s.mask else ''},{s.kind},{s.group},{s.split}" for s in found]
    header = "photo,mask,kind,group,split"

    def identity(lines: list[str]) -> str:
        (tmp_path / "pairs.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        data = DataSet(tmp_path / "pairs.csv")
        return identify(data, data.samples("test").samples)

    whole = identity(rows)
    assert identity(rows) == whole
    train = next(row for row in rows if row.endswith(",train"))
    assert identity([row for row in rows if row != train]) != whole
    data = DataSet(tmp_path / "pairs.csv")
    test = data.samples("test").samples
    more = [replace(sample, more_masks=(sample.mask,)) if sample.mask else sample for sample in test]
    assert identify(data, more) != identify(data, test)


def test_a_network_named_twice_is_measured_once(finished: Path) -> None:
    done = reproduce(replace(SMOKE, only=("p-conv-lstm", "p-conv-lstm")), finished)

    row = next(line for line in (finished / "tables.md").read_text("utf-8").splitlines() if "| P-Conv-LSTM" in line)
    assert row.split("|")[-3].strip() == "1"
    assert done.failures == ()


@pytest.mark.parametrize("damage", ['"metrics": []', '"metrics": {"0.125 patch": 3}', '"patches_seen": "many"'])
def test_a_measurement_that_is_none_is_one_clear_error(finished: Path, damage: str) -> None:
    path = finished / "measured" / "seed-1" / "p-conv-lstm.json"
    whole = path.read_text(encoding="utf-8")
    name = damage.split(":")[0]
    path.write_text(json.dumps({**json.loads(whole), **json.loads("{" + damage + "}")}), encoding="utf-8")
    assert name in path.read_text(encoding="utf-8")
    try:
        with pytest.raises(DataError, match=r"no measurement of this version .*; delete it to measure anew"):
            reproduce(SMOKE, finished)
    finally:
        path.write_text(whole, encoding="utf-8")


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
    assert stored["metrics"]["0.125 patch"]["majority"] == 0.5


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

    with pytest.raises(DataError, match="the test split is empty; train 8, validation 0, test 0"):
        reproduce(replace(SMOKE, smoke=False, dataset=DataSet(tmp_path / "pairs.csv")), tmp_path / "out")
    assert not (tmp_path / "out" / "runs").exists()

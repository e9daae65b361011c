import json
import tracemalloc
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from support.fakes import SHAPE, Fake, broken, constant, crashing, fussy, inverse, knowing, noise, truth_of
from support.heatmaps import found
from unseam.datasets.sample import Exclusion, Sample
from unseam.errors import DataError, ModelError
from unseam.evaluation.evaluate import evaluate
from unseam.evaluation.rows import Row, RowStore, row_to_json
from unseam.evaluation.tables import EvaluationTable
from unseam.method import Heatmap
from unseam.photo.photo import Photo
from unseam.system.folder_lock import FolderLock

MEAN_AUC = "pixel AUC, mean over forged photos"
POOLED_AUC = "pixel AUC, pooled over forged photos"
MEAN_PRECISION = "average precision, mean over forged photos"
POOLED_PRECISION = "average precision, pooled over forged photos"
RING_AUC = "ring AUC, mean over forged photos"
F1_AT_THRESHOLD = "F1 at the method's threshold, mean over forged photos"
HALF_F1 = "F1 at 0.5, mean over forged photos"
BEST_F1 = "F1 at the data set's best threshold (by F1; chosen on the test photos), pooled over forged photos"
IMAGE_AUC = "image-level AUC, forged against authentic photos"
ALARMS = "false alarms: share of authentic photos with any region"


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    found = []
    for name, top in (("a.png", 5), ("b.png", 20), ("c.png", 40), ("d.png", None)):
        pixels = np.random.default_rng(zlib.crc32(name.encode())).integers(0, 60, (*SHAPE, 3), dtype=np.uint8)
        mask = np.zeros(SHAPE, np.uint8)
        if top is not None:
            mask[top : top + 30, top : top + 50] = 255
            pixels[mask > 0] = 255
            Image.fromarray(mask).save(tmp_path / f"mask_{name}")
        Image.fromarray(pixels).save(tmp_path / name)
        kind = "authentic" if top is None else "splice"
        found.append(Sample(name, tmp_path / name, None if top is None else tmp_path / f"mask_{name}", kind))
    return found


def run(tmp_path: Path, samples: list[Sample], *methods: Fake, workers: int = 0) -> EvaluationTable:
    return evaluate({method.name: method for method in methods}, samples, tmp_path / "out", workers=workers)


def test_truth_inverse_and_constant_have_the_figures_they_must(tmp_path: Path, samples: list[Sample]) -> None:
    fakes = [Fake("knowing", knowing), Fake("inverse", inverse), Fake("constant", constant)]
    table = run(tmp_path, samples, *fakes)
    for name, auc, f1, best in (("knowing", 1, 1, 1), ("inverse", 0, 0, None), ("constant", 0.5, 0, None)):
        assert table.value(name, MEAN_AUC) == auc
        assert table.value(name, POOLED_AUC) == auc
        assert table.value(name, RING_AUC) == auc
        assert table.value(name, F1_AT_THRESHOLD) == f1
        assert table.value(name, HALF_F1) == f1
        if best is not None:
            assert table.value(name, BEST_F1) == best
    assert table.value("knowing", IMAGE_AUC) == 1
    assert table.value("inverse", IMAGE_AUC) == 0.5
    assert table.value("knowing", ALARMS) == 0
    assert table.value("inverse", ALARMS) == 1


def test_mean_and_pooled_figures_agree_with_scikit_learn(tmp_path: Path, samples: list[Sample]) -> None:
    def tilted(photo: Photo) -> Heatmap:
        return found(0.7 * noise(photo).heat + np.float32(0.3) * truth_of(photo), threshold=0.55)

    table = run(tmp_path, samples, Fake("tilted", tilted))
    pairs = []
    for sample in samples[:3]:
        photo = Photo(np.asarray(Image.open(sample.photo)))
        pairs.append((truth_of(photo).ravel(), tilted(photo).heat.ravel()))
    areas = [roc_auc_score(truth, heat) for truth, heat in pairs]
    assert table.value("tilted", MEAN_AUC) == pytest.approx(np.mean(areas), abs=1e-4)
    truth, heat = (np.concatenate(part) for part in zip(*pairs, strict=True))
    assert table.value("tilted", POOLED_AUC) == pytest.approx(roc_auc_score(truth, heat), abs=1e-4)
    assert table.value("tilted", POOLED_PRECISION) == pytest.approx(average_precision_score(truth, heat), abs=1e-3)
    precisions = [average_precision_score(*pair) for pair in pairs]
    assert table.value("tilted", MEAN_PRECISION) == pytest.approx(np.mean(precisions), abs=1e-3)
    masks = [tilted(Photo(np.asarray(Image.open(sample.photo)))).mask for sample in samples[:3]]
    own = [f1_score(truth, mask.ravel()) for (truth, _), mask in zip(pairs, masks, strict=True)]
    assert table.value("tilted", F1_AT_THRESHOLD) == pytest.approx(np.mean(own))
    best = max(f1_score(truth, heat >= t) for t in np.linspace(0.3, 0.7, 41))
    assert table.value("tilted", BEST_F1) == pytest.approx(best, abs=0.01)


def test_the_mask_is_the_methods_and_not_its_heat(tmp_path: Path, samples: list[Sample]) -> None:
    def masked(photo: Photo) -> Heatmap:
        return Heatmap.of(constant(photo).heat, truth_of(photo))

    assert run(tmp_path, samples, Fake("masked", masked)).value("masked", F1_AT_THRESHOLD) == 1


def test_not_applicable_is_counted_apart_and_stands_as_a_constant_map_among_all(
    tmp_path: Path, samples: list[Sample]
) -> None:
    table = run(tmp_path, samples, Fake("fussy", fussy), Fake("knowing", knowing))
    assert table.outcomes["fussy"] == {"judged": 3, "not applicable": 1}
    assert table.value("fussy", MEAN_AUC, "applicable") == 1
    assert table.value("fussy", MEAN_AUC) == pytest.approx((0.5 + 1 + 1) / 3)
    assert table.value("fussy", F1_AT_THRESHOLD) == pytest.approx(2 / 3)
    assert table.value("fussy", BEST_F1, "applicable") == 1
    assert table.value("fussy", BEST_F1) == pytest.approx(2 * 2 / (2 * 2 + 1))
    counts = {metric.photos for metric in table.metrics["applicable"]["fussy"] if metric.name == MEAN_AUC}
    assert counts == {2}
    assert next(iter(table.metrics["all"])) == "knowing"
    assert "## Only the photos that each method could judge" in table.markdown()


def test_controls_are_in_every_table(tmp_path: Path, samples: list[Sample]) -> None:
    table = run(tmp_path, samples, Fake("noise", noise))
    assert set(table.metrics["all"]) == {"noise", "centre", "texture"}
    assert table.value("noise", MEAN_AUC) == pytest.approx(0.5, abs=0.03)


def test_finished_rows_are_not_computed_again(tmp_path: Path, samples: list[Sample]) -> None:
    first, again, other = Fake("m", noise), Fake("m", noise), Fake("m", noise, digest="2")
    before = run(tmp_path, samples, first)
    assert run(tmp_path, samples, again) == before
    assert (len(first.calls), again.calls) == (4, [])
    run(tmp_path, samples, other)
    assert len(other.calls) == 4


def test_a_changed_mask_is_measured_again(tmp_path: Path, samples: list[Sample]) -> None:
    method = Fake("m", knowing)
    run(tmp_path, samples, method)
    assert samples[0].mask
    Image.fromarray(np.roll(np.asarray(Image.open(samples[0].mask)), 9, axis=1)).save(samples[0].mask)
    assert (run(tmp_path, samples, method).value("m", MEAN_AUC) or 1) < 1
    assert len(method.calls) == 5


def test_an_evaluation_that_was_cut_off_goes_on_and_ends_the_same(tmp_path: Path, samples: list[Sample]) -> None:
    whole = evaluate({"m": Fake("m", noise)}, samples, tmp_path / "whole")

    def interrupted(photo: Photo) -> Heatmap:
        if photo.name == "c.png":
            raise KeyboardInterrupt
        return noise(photo)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, samples, Fake("m", partial(interrupted)))  # code of the same modules: the same method
    rows, counts = tmp_path / "out" / "rows.jsonl", tmp_path / "out" / "counts.bin"
    assert len(rows.read_bytes().splitlines()) == 6
    rows.write_bytes(rows.read_bytes()[:-40])  # as a crash in the middle of writing leaves it
    counts.write_bytes(counts.read_bytes() + b"torn")
    method = Fake("m", noise)
    table = run(tmp_path, samples, method)
    assert len(method.calls) < 4
    assert table == whole
    assert len(RowStore(tmp_path / "out").finished) == 12


def test_a_second_evaluation_of_one_folder_is_refused_and_the_first_is_not_disturbed(
    tmp_path: Path, samples: list[Sample]
) -> None:
    whole = evaluate({"m": Fake("m", noise)}, samples, tmp_path / "whole")
    second = Fake("m", noise)

    def interrupted(photo: Photo) -> Heatmap:
        with pytest.raises(DataError, match="another process is at work"):
            run(tmp_path, samples, second)
        return noise(photo)

    assert run(tmp_path, samples, Fake("m", partial(interrupted))) == whole
    assert second.calls == []
    names = [{path.name for path in (tmp_path / folder).iterdir()} for folder in ("out", "whole")]
    assert names[0] == names[1]
    assert run(tmp_path, samples, second) == whole


def test_rows_can_be_read_while_they_are_written_and_stay_as_they_are(tmp_path: Path, samples: list[Sample]) -> None:
    run(tmp_path, samples, Fake("m", noise))
    rows = tmp_path / "out" / "rows.jsonl"
    unfinished = rows.read_bytes()[:-40]
    rows.write_bytes(unfinished)
    with FolderLock(tmp_path / "out", DataError):
        store = RowStore(tmp_path / "out")
        assert len(store.finished) == 11
        assert store.counts_of(store.finished.values()).positives.sum() > 0
    assert rows.read_bytes() == unfinished


def test_several_processes_give_the_same_table(tmp_path: Path, samples: list[Sample]) -> None:
    one = evaluate({"m": Fake("m", noise)}, samples, tmp_path / "one")
    assert evaluate({"m": Fake("m", noise)}, samples, tmp_path / "three", workers=3) == one


def test_a_method_that_ends_its_process_costs_one_row_and_counts_there_as_constant(
    tmp_path: Path, samples: list[Sample]
) -> None:
    table = run(tmp_path, samples, Fake("crashing", crashing), Fake("knowing", knowing), workers=2)
    assert table.outcomes["crashing"] == {"judged": 3, "failed": 1}
    assert table.outcomes["knowing"] == table.outcomes["centre"] == {"judged": 4}
    assert table.failures == ("b.png, crashing: " + table.failures[0].partition(": ")[2],)
    assert "exit code 3" in table.failures[0]
    assert table.value("crashing", MEAN_AUC) == pytest.approx((1 + 0.5 + 1) / 3)


def test_a_method_with_a_bug_costs_its_rows_and_no_others(tmp_path: Path, samples: list[Sample]) -> None:
    table = run(tmp_path, samples, Fake("broken", broken), Fake("knowing", knowing))
    assert table.outcomes["broken"] == {"failed": 4}
    assert table.failures[0] == "a.png, broken: ValueError: broken on a.png"
    assert table.value("knowing", MEAN_AUC) == 1


def test_a_map_of_another_size_is_a_failure(tmp_path: Path, samples: list[Sample]) -> None:
    def small(photo: Photo) -> Heatmap:
        return found(np.zeros((2, 2), np.float32))

    table = run(tmp_path, samples, Fake("small", small))
    assert "a map of shape (2, 2)" in table.failures[0]


def test_a_photo_that_cannot_be_read_is_listed_and_the_others_are_done(tmp_path: Path, samples: list[Sample]) -> None:
    samples[1].photo.write_bytes(b"no photo")
    table = run(tmp_path, samples, Fake("m", knowing))
    assert table.outcomes["m"] == {"judged": 3, "failed": 1}
    assert any(line.startswith("b.png, m: ") for line in table.failures)
    assert (table.photos, table.forged) == (3, 2)
    assert "## Failures" in table.markdown()


def test_a_method_that_fails_is_listed_counted_as_constant_and_tried_again(
    tmp_path: Path, samples: list[Sample]
) -> None:
    def failing(photo: Photo) -> Heatmap:
        raise ModelError("damaged")

    table = run(tmp_path, samples, Fake("m", failing))
    assert table.value("m", MEAN_AUC) == 0.5
    assert table.value("m", MEAN_AUC, "applicable") is None
    assert run(tmp_path, samples, Fake("m", knowing)).value("m", MEAN_AUC) == 1


def test_without_authentic_photos_detection_is_not_available(tmp_path: Path, samples: list[Sample]) -> None:
    table = run(tmp_path, samples[:3], Fake("m", knowing))
    assert table.value("m", IMAGE_AUC) is None
    assert table.value("m", ALARMS) is None
    assert "n/a" in table.markdown()


def test_tables_name_photos_command_and_exclusions(tmp_path: Path, samples: list[Sample]) -> None:
    left_out = [Exclusion(tmp_path / "x", "mask without a photo")]
    evaluate({}, samples, tmp_path / "out", command="unseam evaluate ...", exclusions=left_out)
    text = (tmp_path / "out" / "results.md").read_text()
    assert "Every method could judge every photo" in text
    assert "4 photos: 3 forged, 1 authentic" in text
    assert "Left out: 1 files, mask without a photo" in text
    assert "`unseam evaluate ...`" in text
    lines = (tmp_path / "out" / "results.csv").read_text().splitlines()
    assert lines[0] == "coverage,method,metric,value,low,high,photos,command"
    assert len(lines) > 80


def test_unusable_requests_are_refused(tmp_path: Path, samples: list[Sample]) -> None:
    with pytest.raises(DataError, match="no sample"):
        run(tmp_path, [])
    with pytest.raises(DataError, match="share a name"):
        run(tmp_path, [samples[0], samples[0]])
    with pytest.raises(DataError, match="baselines"):
        run(tmp_path, samples, Fake("centre", noise))


def test_rows_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"key": "a", "unknown": 1}) + "\n")
    with pytest.raises(DataError, match="another version"):
        RowStore(tmp_path)


@pytest.mark.parametrize(
    "line", ["[]", "[" * 60_000, "3", '"text"', "9" * 5000, "{}", '{"key":"a","\\u202e":1}', '{"' + "a" * 5000 + '":1}']
)
def test_rows_that_are_none_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match="another version") as told:
        RowStore(tmp_path)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 500


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, 2**80), ("0", 5), (0.5, 5), (True, 5)])
def test_rows_that_point_nowhere_are_refused(tmp_path: Path, offset: object, length: object) -> None:
    row = json.loads(row_to_json(Row("k", "a", "splice", "", "m", "judged"))) | {"offset": offset, "length": length}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match="another version"):
        RowStore(tmp_path)


@pytest.mark.parametrize("counts", [b"", b"no counts", zlib.compress(b"short"), zlib.compress(bytes(10**8), 9)])
def test_damaged_counts_are_refused_and_never_unpacked_beyond_their_size(tmp_path: Path, counts: bytes) -> None:
    (tmp_path / "counts.bin").write_bytes(counts)
    row = Row("k", "a", "splice", "", "m", "judged", length=10**6)
    (tmp_path / "rows.jsonl").write_text(row_to_json(row) + "\n")
    store = RowStore(tmp_path)
    tracemalloc.start()
    try:
        if len(counts) > 10**4:
            assert store.counts_of(store.finished.values()).positives.sum() == 0
        else:
            with pytest.raises(DataError, match="damaged"):
                store.counts_of(store.finished.values())
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()

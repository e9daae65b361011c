"""Measurements beside the paper's numbers, from measurements made by hand."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import ttest_1samp

from unseam.methods import METHODS
from unseam.reproduction.networks import Measured, recipe_path
from unseam.reproduction.page import TOO_FEW, Reproduction, write_pages
from unseam.reproduction.paper import CLAIMS, CLASSICAL, HALF, PAPER_NETWORK, TABLES, recipes, rules_of
from unseam.reproduction.results import Table, claims_table, interval_over_seeds, mean_roc, network_tables


def measured(recipe: str, seed: int, patch: float | None, pixel: float | None, patches: int = 100) -> Measured:
    metrics = {
        f"0.125 {task}": {"accuracy": value, "auc": value, "majority": 0.5}
        for task, value in (("patch", patch), ("pixel", pixel))
        if value is not None
    }
    return Measured(recipe, seed, "d" * 64, patches, metrics, {"0.125": (10, 80, 40)}, {"patch": (0.0, 0.5, 1.0)})


def test_every_network_of_the_tables_has_a_recipe_in_the_repository() -> None:
    for name in recipes():
        assert recipe_path(name).is_file()
    assert recipes()[0] == PAPER_NETWORK


def test_every_classical_detector_of_table_6_is_among_the_methods() -> None:
    assert set(CLASSICAL) <= set(METHODS)
    assert len(CLASSICAL) == 7


def test_claims_compare_networks_of_the_tables_as_the_papers_own_numbers_do() -> None:
    published = {
        (row.recipe, quantity): next(iter(values.values()))
        for table in TABLES
        for row in table.rows
        for quantity, values in row.published.items()
    }
    for claim in CLAIMS:
        worse = published.get((claim.worse, claim.quantity))
        if worse is not None:  # IoU-0.5 is published under its own rule only
            assert published[claim.better, claim.quantity] > worse, claim.text


def test_only_the_networks_of_table_4_are_measured_under_both_rules() -> None:
    assert rules_of(PAPER_NETWORK) == rules_of("iou-0.5") == (0.125, HALF)
    assert rules_of("fcn") == (0.125,)


def test_a_row_shows_mean_and_interval_over_seeds_beside_majority_and_paper() -> None:
    runs = {"p-lstm": [measured("p-lstm", seed, value, None) for seed, value in ((1, 0.6), (2, 0.7), (3, 0.8))]}

    (table,) = network_tables(runs)

    assert table.title.startswith("Table 1")
    ((label, shown, majority, nist, *_, seeds, patches),) = table.rows
    low, high = interval_over_seeds([0.6, 0.7, 0.8]) or (0, 0)
    assert (label, shown) == ("P-LSTM", f"0.7000 ({low:.4f} to {high:.4f})")
    assert (majority, nist, seeds, patches) == ("0.5000", "0.8105", "3", "100")


def test_controls_stand_below_the_networks_and_undefined_figures_are_said_to_be() -> None:
    runs = {
        "p-lstm": [measured("p-lstm", 1, 0.6, None)],
        "fcn": [measured("fcn", 1, None, None)],
        "texture": [measured("texture", 1, 0.55, 0.52, patches=0)],
    }

    patches, pixels, _ = network_tables(runs)

    assert [row[:2] for row in patches.rows] == [("P-LSTM", "0.6000"), ("texture (baseline)", "0.5500")]
    assert patches.rows[-1][-2:] == ("", "")
    assert pixels.rows[0][:3] == ("FCN", "n/a", "n/a")
    assert patches.rows[-1][3] == ""  # the paper has no baselines


def test_a_table_says_what_it_rests_on() -> None:
    runs = {name: [measured(name, seed, 0.6, 0.7) for seed in (1, 2)] for name in ("p-lstm", "p-conv-lstm")}

    (table,) = [table for table in network_tables(runs) if table.title.startswith("Table 1")]

    assert table.basis == (
        "80 windows of 10 test photos, 40 manipulated by the 12.5% rule; seeds 1, 2; "
        "recipe and data (SHA-256): p-lstm dddddddddddd, p-conv-lstm dddddddddddd"
    )


def test_the_interval_is_students() -> None:
    values = [0.61, 0.64, 0.58, 0.66]

    expected = ttest_1samp(values, 0).confidence_interval(0.95)

    assert interval_over_seeds(values) == pytest.approx((expected.low, expected.high))
    assert interval_over_seeds([0.6]) is None


@pytest.mark.parametrize(
    ("joint", "single", "verdict"),
    [
        ([0.70, 0.71, 0.72], [0.60, 0.61, 0.62], "yes"),
        ([0.60, 0.61, 0.62], [0.70, 0.71, 0.72], "no: reversed"),
        ([0.60, 0.80, 0.62], [0.70, 0.61, 0.63], "undecided"),
        ([0.70, 0.71], [0.60, 0.61], "2 seeds: same direction"),
        ([0.70], [0.60], "one seed: same direction"),
        ([0.60], [0.60], "one seed: no difference"),
        ([0.60], [0.70], "one seed: other direction"),
    ],
)
def test_a_claim_holds_only_where_its_interval_says_so(joint: list[float], single: list[float], verdict: str) -> None:
    runs = {
        PAPER_NETWORK: [measured(PAPER_NETWORK, seed, value, None) for seed, value in enumerate(joint)],
        "p-conv-lstm": [measured("p-conv-lstm", seed, value, None) for seed, value in enumerate(single)],
    }

    rows = claims_table(runs).rows

    assert [row[1] for row in rows] == ["patch accuracy", "patch AUC"]
    for row in rows:
        assert row[0].startswith("joint over single task, patches")
        assert row[-1] == verdict


def test_claims_compare_networks_of_the_same_seed() -> None:
    runs = {
        PAPER_NETWORK: [measured(PAPER_NETWORK, 1, 0.6, None), measured(PAPER_NETWORK, 2, 0.8, None)],
        "p-conv-lstm": [measured("p-conv-lstm", 2, 0.7, None)],
    }

    assert claims_table(runs).rows[0][2:] == ("+0.1000", "one seed: same direction")


def test_roc_curves_of_several_seeds_are_averaged() -> None:
    mean = mean_roc([measured("x", 1, 0.5, None), measured("x", 2, 0.5, None)], "patch")

    np.testing.assert_array_equal(mean, [0, 0.5, 1])
    assert mean_roc([measured("x", 1, 0.5, None)], "pixel") is None


def test_all_three_pages_hold_every_cell_and_every_warning(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    table = Table("Table <1>", ("network", "metric"), (("A & B", "0.5"), ("C", "")), "A note.", "8 windows")
    found = Reproduction(
        [table],
        {"A picture": tmp_path / "a.png"},
        {"Data": "x"},
        "unseam <y>",
        smoke=True,
        unfinished=("fcn (seed 1)",),
        failures=("a.jpg: <damaged>",),
    )

    page = write_pages(found, tmp_path)

    html, markdown = page.read_text(encoding="utf-8"), (tmp_path / "tables.md").read_text(encoding="utf-8")
    rows = list(csv.reader((tmp_path / "tables.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[1][:4] == ["Facts", "Data", "", "x"]
    assert rows[2][:4] == ["Facts", "Made by", "", "unseam <y>"]
    assert rows[3][:5] == ["Table <1>", "A & B", "metric", "0.5", "8 windows"]
    for text in (markdown, " ".join(rows[1])):
        assert TOO_FEW in text
        assert "fcn (seed 1)" in text
    assert "A &amp; B" in html
    assert "Table &lt;1&gt;" in html
    assert TOO_FEW in html
    assert "a.jpg: &lt;damaged&gt;" in html
    for text in (html, markdown):
        assert "8 windows." in text
    assert "- a.jpg: <damaged>" in markdown
    assert "<script" not in html
    assert 'src="data:image/png' in html
    assert "![A picture](a.png)" in markdown

"""What the paper says: its tables, their numbers, and the orderings that it claims.

Bappy, Roy-Chowdhury, Bunk, Nataraj, Manjunath: "Exploiting Spatial Structure for Localizing Manipulated Image Regions",
ICCV 2017, DOI 10.1109/ICCV.2017.532, section 4. Accuracies are shares, not percent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from unseam.datasets.windows import MANIPULATED_SHARE

Task = Literal["patch", "pixel"]
Metric = Literal["accuracy", "auc"]

NIST, FORENSIC, COVERAGE = "NIST 2016", "IFS-TC", "COVERAGE"
"""The paper's three data sets."""

HALF = 0.5
"""The label rule of IoU-0.5: a patch is manipulated if more than half of its pixels are."""

PAPER_NETWORK = "j-conv-lstm-conv"
"""Recipe of the network that the paper proposes."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of a table: what is measured on balanced test windows, under which label rule."""

    task: Task
    metric: Metric = "accuracy"
    rule: float = MANIPULATED_SHARE

    @property
    def title(self) -> str:
        """The column's header."""
        name = "AUC" if self.metric == "auc" else self.metric
        return f"{self.task} {name}" + ("" if self.rule == MANIPULATED_SHARE else f", labels at {self.rule:.0%}")


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A row of a table: the paper's name of a network, its recipe, and the paper's numbers by quantity and data set.

    ``beyond`` marks a row that the paper does not have.
    """

    label: str
    recipe: str
    published: Mapping[Quantity, Mapping[str, float]]
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class NetworkTable:
    """A table whose rows are networks."""

    key: str
    title: str
    quantities: tuple[Quantity, ...]
    rows: tuple[NetworkRow, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """An ordering that the paper claims: one network is better than another by a quantity."""

    text: str
    better: str
    worse: str
    quantity: Quantity


PATCH, PIXEL = Quantity("patch"), Quantity("pixel")
PATCH_AT_HALF, PIXEL_AT_HALF = Quantity("patch", rule=HALF), Quantity("pixel", rule=HALF)
PATCH_AUC, PIXEL_AUC = Quantity("patch", "auc"), Quantity("pixel", "auc")


def _three(nist: float, forensic: float, coverage: float) -> Mapping[str, float]:
    return {NIST: nist, FORENSIC: forensic, COVERAGE: coverage}


TABLES: tuple[NetworkTable, ...] = (
    NetworkTable(
        "1",
        "Table 1. Accuracy of patches, manipulated or not",
        (PATCH, PATCH_AUC),
        (
            NetworkRow("P-LSTM", "p-lstm", {PATCH: _three(0.8105, 0.8427, 0.7328)}),
            NetworkRow("P-Conv-LSTM", "p-conv-lstm", {PATCH: _three(0.8676, 0.8605, 0.7912)}),
            NetworkRow("J-Conv-LSTM-Conv", PAPER_NETWORK, {PATCH: _three(0.8938, 0.8768, 0.8006)}),
        ),
    ),
    NetworkTable(
        "2",
        "Table 2. Accuracy of pixels",
        (PIXEL, PIXEL_AUC),
        (
            NetworkRow("FCN", "fcn", {PIXEL: {NIST: 0.6434}}),
            NetworkRow("S-LSTM-Conv(3,4)", "s-lstm-conv-3-4", {PIXEL: {NIST: 0.7443}}),
            NetworkRow("S-LSTM-Conv", "s-lstm-conv", {PIXEL: _three(0.7860, 0.7404, 0.7538)}),
            NetworkRow("S-Conv-LSTM-Conv", "s-conv-lstm-conv", {PIXEL: _three(0.8278, 0.7432, 0.7842)}),
            NetworkRow("J-Conv-LSTM-Conv", PAPER_NETWORK, {PIXEL: _three(0.8460, 0.7767, 0.8114)}),
        ),
    ),
    NetworkTable(
        "3",
        "Table 3. Sizes of feature maps",
        (PATCH, PIXEL, PATCH_AUC, PIXEL_AUC),
        (
            NetworkRow("Conv1-8f", "conv1-8f", {PATCH: {NIST: 0.8290}, PIXEL: {NIST: 0.8088}}),
            NetworkRow("Conv1-32f", "conv1-32f", {PATCH: {NIST: 0.7803}, PIXEL: {NIST: 0.7317}}),
            NetworkRow("LSTM-64h", "lstm-64h", {PATCH: {NIST: 0.8056}, PIXEL: {NIST: 0.7616}}),
            NetworkRow("J-Conv-LSTM-Conv", PAPER_NETWORK, {PATCH: {NIST: 0.8938}, PIXEL: {NIST: 0.8460}}),
        ),
    ),
    NetworkTable(
        "4",
        "Table 4. The share of manipulated pixels from which a patch is labelled manipulated",
        (PATCH, PIXEL, PATCH_AT_HALF, PIXEL_AT_HALF),
        (
            NetworkRow("IoU-0.5", "iou-0.5", {PATCH_AT_HALF: {NIST: 0.9656}, PIXEL_AT_HALF: {NIST: 0.7532}}),
            NetworkRow("IoU-0.125", PAPER_NETWORK, {PATCH: {NIST: 0.8938}, PIXEL: {NIST: 0.8460}}),
        ),
        "Both networks are measured under both rules: windows are drawn and labelled by the rule of the column.",
    ),
    NetworkTable(
        "5",
        "Table 5. Area under the ROC curve",
        (PATCH_AUC, PIXEL_AUC),
        (
            NetworkRow(
                "J-Conv-LSTM-Conv",
                PAPER_NETWORK,
                {PATCH_AUC: _three(0.9390, 0.8938, 0.7238), PIXEL_AUC: _three(0.7641, 0.7238, 0.6137)},
            ),
        ),
        "The paper does not say how pixels are pooled; here all pixels of all test windows together.",
    ),
    NetworkTable(
        "open",
        "What the paper leaves open",
        (PATCH, PIXEL, PATCH_AUC, PIXEL_AUC),
        (
            NetworkRow("J-Conv-LSTM-Conv", PAPER_NETWORK, {}),
            NetworkRow("patch label from all steps", "patch-head-all", {}, beyond=True),
            NetworkRow("blocks along a Hilbert curve", "hilbert", {}, beyond=True),
            NetworkRow("conv1 and conv2 initialised as a map of local noise", "high-pass", {}, beyond=True),
            NetworkRow("P-Conv-LSTM, initialised so", "p-conv-lstm-high-pass", {}, beyond=True),
            NetworkRow("S-Conv-LSTM-Conv, initialised so", "s-conv-lstm-conv-high-pass", {}, beyond=True),
            NetworkRow("FCN", "fcn", {}),
            NetworkRow("FCN, conv1 initialised with high-pass kernels", "fcn-high-pass", {}, beyond=True),
        ),
        "Better initial weights have separate rows; of the FCN, conv1 alone (its other layers have many maps).",
    ),
)

CLAIMS: tuple[Claim, ...] = (
    Claim("joint over single task, patches (Table 1)", PAPER_NETWORK, "p-conv-lstm", PATCH),
    Claim("convolutions before the LSTM over none, patches (Table 1)", "p-conv-lstm", "p-lstm", PATCH),
    Claim("joint over single task, pixels (Table 2)", PAPER_NETWORK, "s-conv-lstm-conv", PIXEL),
    Claim("convolutions before the LSTM over none, pixels (Table 2)", "s-conv-lstm-conv", "s-lstm-conv", PIXEL),
    Claim("three convolutions after the LSTM over two (Table 2)", "s-lstm-conv", "s-lstm-conv-3-4", PIXEL),
    Claim("LSTM over FCN (Table 2)", "s-lstm-conv-3-4", "fcn", PIXEL),
    Claim("16 maps in conv1 over 8, patches (Table 3)", PAPER_NETWORK, "conv1-8f", PATCH),
    Claim("16 maps in conv1 over 32, patches (Table 3)", PAPER_NETWORK, "conv1-32f", PATCH),
    Claim("256 features over 64, patches (Table 3)", PAPER_NETWORK, "lstm-64h", PATCH),
    Claim("16 maps in conv1 over 8, pixels (Table 3)", PAPER_NETWORK, "conv1-8f", PIXEL),
    Claim("16 maps in conv1 over 32, pixels (Table 3)", PAPER_NETWORK, "conv1-32f", PIXEL),
    Claim("256 features over 64, pixels (Table 3)", PAPER_NETWORK, "lstm-64h", PIXEL),
    Claim("labels at 12.5 % over 50 %, pixels (Table 4)", PAPER_NETWORK, "iou-0.5", PIXEL),
    Claim("joint over single task, patches, from better initial weights", "high-pass", "p-conv-lstm-high-pass", PATCH),
    Claim(
        "joint over single task, pixels, from better initial weights", "high-pass", "s-conv-lstm-conv-high-pass", PIXEL
    ),
    Claim("LSTM over FCN, from better initial weights", "s-conv-lstm-conv-high-pass", "fcn-high-pass", PIXEL),
)

CLASSICAL: Mapping[str, tuple[str, float]] = {
    "dct-histogram": ("DCT Histograms", 0.545),
    "aligned-jpeg": ("ADJPEG", 0.5891),
    "nonaligned-jpeg": ("NADJPEG", 0.6567),
    "copy-move": ("PatchMatch", 0.6513),
    "jpeg-error": ("Error level analysis", 0.4288),
    "block-grid": ("Block Features", 0.4785),
    "noise-level": ("Noise Inconsistencies", 0.4874),
}
"""Table 6: method -> the paper's name of it, and its AUC on NIST 2016. What the paper cites as error level analysis is
Luo, Huang and Qiu 2010; the resave difference that every tool calls so is ``error-level``."""

PAPER_NETWORK_AUC = 0.7641
"""Table 6: "our approach" on NIST 2016."""


PUBLISHED = frozenset(row.recipe for table in TABLES for row in table.rows if row.published)
"""Recipes of the networks for which the paper gives numbers."""


def recipes() -> tuple[str, ...]:
    """Every recipe of the tables, the paper's network first, each once."""
    named = [row.recipe for table in TABLES for row in table.rows]
    return tuple(dict.fromkeys([PAPER_NETWORK, *named]))


def rules_of(recipe: str) -> tuple[float, ...]:
    """Label rules under which a network is measured: both for those of Table 4."""
    rules = {q.rule for table in TABLES for row in table.rows if row.recipe == recipe for q in table.quantities}
    return tuple(sorted(rules))

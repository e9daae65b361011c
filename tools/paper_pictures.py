"""Make the pictures of docs/results/paper: the paper's Figures 3 and 5, of photographs that may be published.

    unseam forge PHOTOS --objects PHOTOS --preset easy --count 400 --seed 2017 --out FORGERIES
    python tools/paper_pictures.py MODEL.onnx FORGERIES

PHOTOS are such photographs, in the same splits as in the reproduction that trained the model: every folder
of photographs is split by itself. Whose photographs the pictures can show is printed.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

from unseam.datasets.splits import DataSet
from unseam.evaluation.evaluate import evaluate
from unseam.evaluation.rows import RowStore
from unseam.models.load import load_patch_model
from unseam.reproduction.photos import OURS, draw_examples, draw_seams

PLACE = Path(__file__).resolve().parent.parent / "docs" / "results" / "paper"


def main() -> None:
    """Write ``seams.png`` (Figure 3) and ``examples.png`` (Figure 5)."""
    model, forgeries = map(Path, sys.argv[1:])
    test = DataSet(forgeries).samples("test").samples
    draw_seams(test, PLACE / "seams.png")
    with tempfile.TemporaryDirectory() as folder:
        evaluate({OURS: load_patch_model(model)}, test, Path(folder), workers=1)
        draw_examples(model, test, RowStore(Path(folder)), PLACE / "examples.png")
    for credit in sorted(_credits(forgeries)):
        print(credit)  # noqa: T201


def _credits(forgeries: Path) -> set[str]:
    """Name author, licence and origin of every photograph of the test split."""
    with (forgeries / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    named = ((row, who) for row in rows for who in ("host", "donor") if row[who])
    return {", ".join(row[f"{who}_{fact}"] for fact in ("author", "licence", "origin")) for row, who in named}


if __name__ == "__main__":
    main()

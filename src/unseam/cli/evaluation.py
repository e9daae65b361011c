"""For who measures methods: ``unseam evaluate``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from unseam.cli.app import app, one_line_errors


@app.command()
def evaluate(
    method: Annotated[list[str], typer.Option(help="A method, or a model file (.onnx); repeatable.")],
    root: Annotated[Path, typer.Option(help="Folder of the data set.")],
    out: Annotated[Path, typer.Option(help="Folder for rows and tables; finished rows in it are kept.")],
    dataset: Annotated[str, typer.Option(help="Name of the data set's adapter.")] = "folder",
    split: Annotated[str | None, typer.Option(help="Only this split, where the data set has splits.")] = None,
    masks: Annotated[str, typer.Option(help="Name of the folder of masks.")] = "masks",
    patches_only: Annotated[bool, typer.Option("--patches-only", help="Only the tables over patches.")] = False,
    patches_per_photo: Annotated[int, typer.Option(min=0, help="Patches drawn from each photo.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the patches that are drawn for the tables over patches.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Photos judged at a time.")] = 1,
) -> None:
    """Measure methods on a data set: tables for people and for programs."""
    with one_line_errors():
        from unseam.evaluation.run import run_evaluation

        command = " ".join(["unseam", *map(shlex.quote, sys.argv[1:])])
        evaluation = run_evaluation(
            method,
            root,
            out,
            dataset=dataset,
            split=split,
            masks=masks,
            whole_photos=not patches_only,
            patches_per_photo=patches_per_photo,
            seed=seed,
            workers=workers,
            command=command,
        )
        typer.echo(evaluation.markdown())

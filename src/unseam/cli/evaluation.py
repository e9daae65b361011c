"""For who measures methods: ``unseam evaluate``."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from unseam.cli.app import FAILED, app, complain, one_line_errors


@app.command()
def evaluate(
    method: Annotated[
        list[str], typer.Option(help="A method, a model file (.onnx), or all; may be given several times.")
    ],
    root: Annotated[Path, typer.Option(help="Folder of the data set.")],
    out: Annotated[Path, typer.Option(help="Folder for rows, tables and pictures; finished rows in it are kept.")],
    dataset: Annotated[str, typer.Option(help="Name of the data set's adapter.")] = "folder",
    split: Annotated[str | None, typer.Option(help="Only this split, where the data set has splits.")] = None,
    masks: Annotated[
        str | None, typer.Option(help="Which masks, where a data set has several; for folder, the folder of masks.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only this many photos, drawn at random, each kind in its share.")
    ] = None,
    degrade: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=S,S]",
            help="Also on degraded photos: jpeg, resize, blur, noise, screenshot, or all; with strengths of your own "
            "as in jpeg=90,70. May be given several times.",
        ),
    ] = None,
    patches_only: Annotated[bool, typer.Option("--patches-only", help="Only the tables over patches.")] = False,
    patches_per_photo: Annotated[int, typer.Option(min=0, help="Patches drawn from each photo.")] = 8,
    seed: Annotated[int, typer.Option(help="Of all that is drawn: photos, noise, patches.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that judge photos side by side.  [default: one a core]")
    ] = None,
) -> None:
    """Measure methods on a data set: tables, curves and contact sheets; an interrupted run goes on when run again."""
    with one_line_errors():
        from unseam.evaluation.run import Plan, run_evaluation

        plan = Plan(
            dataset=dataset,
            split=split,
            masks=masks,
            limit=limit,
            degrade=tuple(degrade or ()),
            whole_photos=not patches_only,
            patches_per_photo=patches_per_photo,
            seed=seed,
            workers=workers or _cores(),
        )
        command = " ".join(["unseam", *map(shlex.quote, sys.argv[1:])])
        evaluation = run_evaluation(method, root, out, plan, command=command)
        typer.echo(evaluation.markdown())
        for failure in evaluation.failures:
            complain(failure)
        if evaluation.failures:
            raise typer.Exit(FAILED)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux: containers and taskset allow fewer than there are
    return len(affinity(0)) if affinity else os.cpu_count() or 1

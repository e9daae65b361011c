"""For researchers who measure methods: ``unseam evaluate``, ``unseam reproduce``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from unseam.cli.app import FAILED, FAST, INTERRUPTED, app, complain, one_line_errors
from unseam.cli.training import Accelerator
from unseam.system.cores import cores
from unseam.system.text import printable


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
    fast: Annotated[bool, typer.Option("--fast", help=FAST)] = False,
    patches_only: Annotated[bool, typer.Option("--patches-only", help="Only the tables over patches.")] = False,
    patches_per_photo: Annotated[int, typer.Option(min=0, help="Patches drawn from each photo.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of the photos, noise and patches that are drawn.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that judge photos side by side.  [default: one a core]")
    ] = None,
) -> None:
    """Measure methods on a data set: tables, curves and contact sheets; an interrupted run resumes when run again."""
    with one_line_errors():
        from unseam.evaluation.run import EvaluationPlan, run_evaluation

        plan = EvaluationPlan(
            dataset=dataset,
            split=split,
            masks=masks,
            limit=limit,
            degrade=tuple(degrade or ()),
            whole_photos=not patches_only,
            patches_per_photo=patches_per_photo,
            seed=seed,
            workers=workers or cores(),
            fast=fast,
        )
        command = " ".join(["unseam", *map(shlex.quote, sys.argv[1:])])
        evaluation = run_evaluation(method, root, out, plan, command=command)
        typer.echo(evaluation.markdown())
        for failure in evaluation.failures:
            complain(failure)
        if evaluation.failures:
            raise typer.Exit(FAILED)


@app.command()
def reproduce(
    out: Annotated[Path, typer.Option(help="Folder for all results; finished parts in it are kept.")],
    dataset: Annotated[str | None, typer.Option(help="Name of a data set's adapter, with --root.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of the data set.")] = None,
    masks: Annotated[str | None, typer.Option(help="Which masks, where the data set has several.")] = None,
    photos: Annotated[
        list[Path] | None, typer.Option(help="Photographs to forge from, instead of a data set; repeatable.")
    ] = None,
    objects: Annotated[
        list[Path] | None, typer.Option(help="Folders of photographs with object masks; may be given several times.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="How many forgeries and authentic outputs.  [default: 1000]")
    ] = None,
    easy: Annotated[bool, typer.Option("--easy", help="Forgeries with hard seams and light compression.")] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Trainings of each network.  [default: 3; with --smoke: 1]")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps instead of those of the recipes.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this network; may be given several times.")] = None,
    whole_photos: Annotated[bool, typer.Option(help="Judge whole photos, for Table 6 and Figure 5.")] = True,
    smoke: Annotated[bool, typer.Option("--smoke", help="On examples/, in minutes: does everything work?")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that forge and judge.  [default: one a core]")
    ] = None,
    devices: Annotated[int, typer.Option(min=1, help="Devices of each training.")] = 1,
    accelerator: Annotated[Accelerator, typer.Option(help="What to train on.")] = Accelerator.AUTO,
) -> None:
    """Make the paper's tables and figures, measured, next to its own numbers (needs the extras train and eval)."""
    with one_line_errors():
        from unseam.datasets.splits import DataSet
        from unseam.reproduction.run import Settings
        from unseam.reproduction.run import reproduce as make

        if (dataset is None) != (root is None):
            raise typer.BadParameter("--dataset and --root go together")
        if not photos and (objects or count or easy):
            raise typer.BadParameter("--objects, --count and --easy go with --photos")
        settings = Settings(
            dataset=DataSet(root, dataset, masks) if root is not None and dataset is not None else None,
            photos=tuple(photos or ()),
            objects=tuple(objects or ()),
            count=count or 1000,
            easy=easy,
            seeds=seeds or (1 if smoke else 3),
            steps=steps,
            only=tuple(only or ()),
            whole_photos=whole_photos,
            smoke=smoke,
            workers=workers or cores(),
            devices=devices,
            accelerator=accelerator.value,
        )
        done = make(settings, out, command=" ".join(["unseam", *map(shlex.quote, sys.argv[1:])]))
        typer.echo(f"Open {printable(done.page)}")
        if not done.finished:
            complain("interrupted; what was finished before is on disk, the same command does the rest")
            raise typer.Exit(INTERRUPTED)
        for failure in done.failures:
            complain(failure)
        if done.failures:
            raise typer.Exit(FAILED)

"""For researchers who train networks: ``unseam train``, ``unseam export``."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseam.cli.app import INTERRUPTED, app, one_line_errors
from unseam.system.text import printable

if TYPE_CHECKING:
    from unseam.datasets.splits import DataSet


class Accelerator(StrEnum):
    """What a network is trained on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


Dataset = Annotated[str | None, typer.Option(help="Name of a data set (see unseam datasets), with --root.")]
Root = Annotated[Path | None, typer.Option(help="Folder of that data set; split by group unless it names its splits.")]
Masks = Annotated[str | None, typer.Option(help="Which of several masks that data set has.")]


def _places(data: list[Path] | None, dataset: str | None, root: Path | None, masks: str | None) -> list[Path | DataSet]:
    """Gather what was named to train on."""
    from unseam.datasets.splits import DataSet

    if (dataset is None) != (root is None):
        raise typer.BadParameter("--dataset and --root go together: a data set's name and its folder")
    if not data and root is None:
        raise typer.BadParameter("name something to train on: --data FOLDER, or --dataset NAME --root FOLDER")
    public = [DataSet(root, dataset, masks)] if root is not None and dataset is not None else []
    return [*(data or []), *public]


Features = Annotated[
    Path | None, typer.Option(help="Feature store of fusion, which runs may share.  [default: RUN/features]")
]
Workers = Annotated[int, typer.Option(min=0, help="Processes that compute features; 0 for one a core.")]


@app.command()
def features(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe of fusion, say recipes/fusion.toml.")],
    out: Annotated[Path, typer.Option(help="The feature store; what it holds already is not computed again.")],
    data: Annotated[list[Path] | None, typer.Option(help="Folder written by unseam forge; repeatable.")] = None,
    dataset: Dataset = None,
    root: Root = None,
    masks: Masks = None,
    workers: Workers = 0,
) -> None:
    """Compute the block features that fusion trains on, once for all runs. Needs the extra train."""
    with one_line_errors():
        places = _places(data, dataset, root, masks)
        from unseam.training import measure

        typer.echo(f"{measure(recipe, places, out, workers=workers)} photos -> {printable(out)}")


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file, say recipes/j-conv-lstm-conv.toml.")],
    data: Annotated[list[Path] | None, typer.Option(help="Folder written by unseam forge; repeatable.")] = None,
    dataset: Dataset = None,
    root: Root = None,
    masks: Masks = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.  [default: runs/NAME]")] = None,
    init_from: Annotated[
        Path | None,
        typer.Option("--init-from", help="A run or model file (.onnx): the initial weights."),
    ] = None,
    features: Features = None,
    workers: Workers = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Resume from the last checkpoint.")] = False,
    devices: Annotated[int, typer.Option(min=1, help="Processes, each with its own device.")] = 1,
    accelerator: Annotated[Accelerator, typer.Option(help="What to train on.")] = Accelerator.AUTO,
) -> None:
    """Train a network on forgeries (--data) or on a public data set (--dataset, --root). Needs the extra train."""
    with one_line_errors():
        places = _places(data, dataset, root, masks)
        from unseam.training import train as train_network

        run = train_network(
            recipe,
            places,
            out,
            init_from=init_from,
            features=features,
            workers=workers,
            resume=resume,
            devices=devices,
            accelerator=accelerator.value,
        )
        typer.echo(f"{run.reason} at step {run.step}; best {run.best_value:.4f} at step {run.best_step}")
        if run.reason == "interrupted":
            raise typer.Exit(INTERRUPTED)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    terms: Annotated[Path, typer.Option(help="TOML file: licence of the weights, and the training sources.")],
    data: Annotated[
        list[Path] | None, typer.Option(help="Folder written by unseam forge, to calibrate on; repeatable.")
    ] = None,
    dataset: Dataset = None,
    root: Root = None,
    masks: Masks = None,
    out: Annotated[Path | None, typer.Option(help="The model file.  [default: RUN/NAME.onnx]")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Do not calibrate.")] = False,
) -> None:
    """Write a trained network as one ONNX file, after proof that it gives the same numbers (needs the extra train)."""
    with one_line_errors():
        from unseam.training import export_run
        from unseam.training.export import load_terms, validation_samples

        samples = validation_samples(_places(data, dataset, root, masks))
        path = export_run(run, out, terms=load_terms(terms), samples=samples, calibrated=not raw)
        typer.echo(f"-> {printable(path)}  SHA-256 {sha256(path.read_bytes()).hexdigest()}")


@app.command()
def calibrate(
    model: Annotated[Path, typer.Argument(metavar="MODEL.onnx", help="A file of the network fusion.")],
    data: Annotated[
        list[Path],
        typer.Option(
            help="Folder of authentic photos and forgeries, as unseam forge writes it, or a table of such, whose "
            "validation split is used; repeatable."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The calibrated model file.")],
    unseen: Annotated[
        list[Path] | None,
        typer.Option(help="The same, but no photo of it was trained on: all splits are used; repeatable."),
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="Folder of features, as unseam features fills it; another network reuses it.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder that keeps the network's outputs; the next fit then takes seconds.")
    ] = None,
    copies: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="How many photos are measured with the search for copied regions, too: it takes longer than all else. "
            "With the recipe's copy_move_share, --features finds those of the training.",
        ),
    ] = 1.0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that measure features.")] = 1,
) -> None:
    """Fit a model's score, thresholds, masks and power anew, without its checkpoint (needs the extra train)."""
    with one_line_errors():
        from unseam.datasets.splits import DataSet
        from unseam.training.export import write_model
        from unseam.training.fusion.calibration_frames import Kept
        from unseam.training.fusion.recalibrate import recalibrated

        samples = [sample for root in data for sample in DataSet(root).samples("validation").samples]
        samples += [sample for root in unseen or [] for sample in DataSet(root).samples().samples]
        write_model(out, recalibrated(model, samples, Kept(features, cache, copies, workers)))
        typer.echo(f"-> {printable(out)}  SHA-256 {sha256(out.read_bytes()).hexdigest()}")

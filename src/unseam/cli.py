"""The command line: parse, call one function, print. What needs an extra is imported inside its command.

Exit codes: 0 all done, 1 some photo or the whole task failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unseam.errors import UnknownMethod, UnseamError
from unseam.photo_paths import find_photos, printable

if TYPE_CHECKING:
    from unseam.batch import Outcome
    from unseam.method import Method

FAILED, INTERRUPTED = 1, 130

DEFAULT_OUT = Path("unseam-reports")

PATCH_GRID = 8
"""Pixels: strides are multiples of a JPEG block."""

app = typer.Typer(
    help="Find the seams in manipulated photographs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Accelerator(StrEnum):
    """What a network is trained on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal's encoding lacks is no failure
    app()


def _complain(message: object) -> None:
    typer.echo(f"unseam: {printable(' '.join(str(message).split()))}", err=True)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn what a user can mend into one line and an exit code; everything else is a bug and keeps its traceback."""
    try:
        yield
    except UnknownMethod as error:
        raise typer.BadParameter(str(error)) from error
    except UnseamError as error:
        _complain(error)
        raise typer.Exit(FAILED) from error
    except KeyboardInterrupt as error:
        _complain("interrupted; what was finished before is on disk")
        raise typer.Exit(INTERRUPTED) from error


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"unseam {version('unseam')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Find the seams in manipulated photographs."""


def _on_grid(stride: int | None) -> int | None:
    if stride is not None and (stride < PATCH_GRID or stride % PATCH_GRID):
        raise typer.BadParameter(f"{stride} is no multiple of {PATCH_GRID}: patches must lie on the photo's JPEG grid")
    return stride


@app.command()
def localize(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders to search for photos.")],
    method: Annotated[
        list[str] | None, typer.Option(help="A method, or a model file (.onnx); may be given several times.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=f"Folder for the reports.  [default: {DEFAULT_OUT}; with --json: none]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line instead of text.")] = False,
    stride: Annotated[
        int | None,
        typer.Option(callback=_on_grid, help="Pixels between patches, a multiple of 8: larger is faster and coarser."),
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="Refuse photos of more pixels, before decoding.")
    ] = None,
) -> None:
    """Find manipulated regions: heat map, mask, overlay, JSON and HTML report for each photo."""
    with _one_line_errors():
        from unseam.batch import judge_photos

        out = out if out is not None or as_json else DEFAULT_OUT
        methods = _methods(method, stride)
        found = find_photos(photos, out)
        if not found:
            raise UnseamError(f"no photo in {', '.join(map(str, photos))}; expected files such as .jpg or .png")
        done = []
        for outcome in _with_progress(judge_photos(found, methods, out, max_pixels), [photo.path for photo in found]):
            _print_outcome(outcome, as_json)
            done.append(outcome)
        if out is not None:
            _write_index(done, out, as_json)
        if any(outcome.failure for outcome in done):
            raise typer.Exit(FAILED)


def _methods(names: list[str] | None, stride: int | None) -> list[Method]:
    """Find the methods and read their model files once, so that a broken one is told once and not for each photo."""
    from dataclasses import replace

    from unseam.localizer import LocalizerOptions
    from unseam.methods import DEFAULT_METHOD, find_method, is_learned

    methods = [find_method(name) for name in names or [DEFAULT_METHOD]]
    if stride is not None:
        if not any(is_learned(method) for method in methods):
            raise typer.BadParameter("--stride is for learned methods, and none is among those named")
        options = LocalizerOptions(stride=stride)
        methods = [replace(method, options=options) if is_learned(method) else method for method in methods]
    for method in methods:
        _ = method.min_size
    return methods


def _with_progress(outcomes: Iterator[Outcome], paths: list[Path]) -> Iterator[Outcome]:
    """Show on stderr, if it is a terminal, which photo is being judged; the lines on stdout stay as they are."""
    if not sys.stderr.isatty():
        yield from outcomes
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as progress:
        task = progress.add_task("", total=len(paths))
        for path in paths:
            progress.update(task, description=escape(printable(path.name)))
            outcome = next(outcomes)
            progress.stop()  # the caller prints while nothing is drawn
            yield outcome
            progress.advance(task)
            progress.start()


def _print_outcome(outcome: Outcome, as_json: bool) -> None:
    if outcome.failure:
        _complain(outcome.failure)
    elif as_json:
        from unseam.report import to_json

        typer.echo(to_json(outcome.document))
    else:
        typer.echo(_line(outcome))


def _line(outcome: Outcome) -> str:
    """Say what was found on one line that a person understands."""
    document = outcome.document
    parts = [document["path"], document["verdict"]]
    if document["score"] is None or document["verdict"] == "cannot tell":
        parts.append(document["reason"])
    else:
        count = len(document["regions"])
        share = f"{count} region{'' if count == 1 else 's'}, {100 * document['marked_share']:.1f} % of the photo"
        parts += [f"score {document['score']:.2f}", share if count else "no regions"]
    if outcome.page is not None:
        parts.append(f"-> {printable(outcome.page)}")
    return "  ".join(parts)


def _write_index(outcomes: list[Outcome], out: Path, as_json: bool) -> None:
    from unseam.report import Entry, write_index

    entries = [Entry(item.document["path"], item.page, item.document) for item in outcomes if item.page is not None]
    if not entries:
        return
    page = write_index(entries, out) if len(entries) > 1 else entries[0].page
    if not as_json:
        typer.echo(f"Open {printable(page)}")


@app.command()
def methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the methods: source, what each sees, when it is blind, and what it needs."""
    with _one_line_errors():
        from unseam.methods import DEFAULT_METHOD, METHODS

        facts = [_facts(method) for method in METHODS.values()]
        if as_json:
            from unseam.report import to_json

            typer.echo(to_json({"default": DEFAULT_METHOD, "methods": facts}, indent=1))
            return
        for fact in facts:
            typer.echo(f"{fact['name']}{' (default)' if fact['name'] == DEFAULT_METHOD else ''}")
            for key in ("paper", "sees", "blind"):
                typer.echo(f"  {key + ':':<7}{fact[key]}")
            typer.echo(f"  needs: {', '.join(fact['needs']) or 'nothing but pixels'}\n")


def _facts(method: Method) -> dict[str, Any]:
    facts = {"name": method.name, "paper": method.paper, "sees": method.sees, "blind": method.blind}
    return facts | {"needs": sorted(method.needs), "min_size": list(method.min_size)}


@app.command()
def forge(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTOS", help="Authentic photographs, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder for images, masks and manifest.")],
    count: Annotated[int, typer.Option(min=1, help="How many forgeries and authentic outputs.")],
    objects: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of photos with object masks; repeatable. None: blobs and polygons only."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same photographs: same forgeries.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the forgeries do not depend on it.")] = 1,
    easy: Annotated[
        bool, typer.Option("--easy", help="Hard seams, light compression: the start of a curriculum.")
    ] = False,
) -> None:
    """Make forgeries with exact masks from authentic photographs."""
    with _one_line_errors():
        from dataclasses import replace

        from unseam.forging.config import ForgeConfig
        from unseam.forging.factory import forge_folder

        config = ForgeConfig.easy() if easy else ForgeConfig()
        if not objects:
            config = replace(config, object_share=0.0)  # smooth blobs and polygons only
        made = forge_folder(photos, objects or [], out, count=count, seed=seed, workers=workers, config=config)
        for name, reason in made.skipped:
            _complain(f"{name}: {reason}; left out")
        for counts in (made.kinds, made.splits):
            typer.echo("  ".join(f"{name} {number}" for name, number in counts.items()))
        typer.echo(
            f"{made.made} made, {made.found} found, from {made.photographs} photographs -> {printable(made.out)}"
        )


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file, say recipes/j-conv-lstm-conv.toml.")],
    data: Annotated[list[Path], typer.Option(help="Folder written by unseam forge; repeatable.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run.  [default: runs/NAME]")] = None,
    begin_from: Annotated[
        Path | None, typer.Option("--from", help="Folder of a run whose best weights this one begins with.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    devices: Annotated[int, typer.Option(min=1, help="Processes, each with its own device.")] = 1,
    accelerator: Annotated[Accelerator, typer.Option(help="What to train on.")] = Accelerator.AUTO,
) -> None:
    """Train a network (needs the extra train)."""
    with _one_line_errors():
        from unseam.training import train as train_network

        run = train_network(
            recipe,
            data,
            out,
            begin_from=begin_from,
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
    data: Annotated[list[Path], typer.Option(help="Folder written by unseam forge, to calibrate on; repeatable.")],
    out: Annotated[Path | None, typer.Option(help="The model file.  [default: RUN/NAME.onnx]")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Do not calibrate.")] = False,
) -> None:
    """Write a trained network as one ONNX file, after proof that it gives the same numbers (needs the extra train)."""
    with _one_line_errors():
        from unseam.training import export_run
        from unseam.training.export import load_terms, validation_samples

        path = export_run(run, out, terms=load_terms(terms), samples=validation_samples(data), calibrated=not raw)
        typer.echo(f"-> {printable(path)}")


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
    with _one_line_errors():
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


if __name__ == "__main__":
    main()

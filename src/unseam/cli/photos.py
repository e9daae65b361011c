"""The commands of analysts: ``unseam localize``, ``unseam methods``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unseam.cli.app import FAILED, FAST, INTERRUPTED, TRUST_ANCHORS, app, complain, one_line_errors, read_anchors
from unseam.errors import UnseamError, for_command_line
from unseam.system.cores import multiply_on_one_thread
from unseam.system.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress

    from unseam.batch import Outcome
    from unseam.method import Method

DEFAULT_OUT = Path("unseam-reports")

PATCH_GRID = 8
"""Pixels: strides are multiples of a JPEG block."""


def _on_grid(stride: int | None) -> int | None:
    if stride is not None and (stride < PATCH_GRID or stride % PATCH_GRID):
        raise typer.BadParameter(
            f"{stride} is not a multiple of {PATCH_GRID}: patches must lie on the photo's JPEG grid"
        )
    return stride


@app.command()
def localize(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders to search for photos.")],
    method: Annotated[
        list[str] | None, typer.Option(help="A method, a model file (.onnx), or all; may be given several times.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=f"Folder for the reports.  [default: {DEFAULT_OUT}; with --json: none]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line instead of text.")] = False,
    stride: Annotated[
        int | None,
        typer.Option(callback=_on_grid, help="Pixels between patches, a multiple of 8: larger is faster and coarser."),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help=FAST)] = False,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="Refuse photos of more pixels, before decoding.")
    ] = None,
    trust_anchors: Annotated[Path | None, typer.Option(metavar="FILE", help=TRUST_ANCHORS)] = None,
) -> None:
    """Find manipulated regions: heat map, mask, overlay, JSON and HTML report for each photo."""
    multiply_on_one_thread()
    with one_line_errors():
        from unseam.batch import judge_photos
        from unseam.photo.listing import Listing
        from unseam.photo.paths import find_photos

        out = out if out is not None or as_json else DEFAULT_OUT
        methods = _methods(method, stride, fast=fast)
        listing = Listing()
        found = find_photos(photos, out, listing)
        if listing.left_out:
            complain(listing.summary())
        if not found:
            raise UnseamError(f"no photo in {', '.join(map(str, photos))}; expected files such as .jpg or .png")
        judge = partial(judge_photos, found, methods, out, max_pixels, read_anchors(trust_anchors))
        done: list[Outcome] = []
        try:
            for outcome in _with_progress(judge, [photo.path for photo in found]):
                done.append(outcome)  # first: an interruption never denies a photo that is printed
                _print_outcome(outcome, as_json)
        except KeyboardInterrupt as error:
            complain(f"interrupted after {len(done)} of {len(found)} photos; what was finished before is on disk")
            raise typer.Exit(INTERRUPTED) from error
        if out is not None:
            _write_index(done, out, as_json)
        if any(outcome.failure for outcome in done):
            raise typer.Exit(FAILED)


def _methods(names: list[str] | None, stride: int | None, *, fast: bool) -> list[Method]:
    """Find the methods and read their model files once, so that a broken one is reported once and not per photo."""
    from unseam.methods import DEFAULT_METHODS, find_methods, with_options

    methods = find_methods(names or DEFAULT_METHODS)
    if stride is not None:
        strides = ["stride" in method.info.options for method in methods]
        if not any(strides):
            raise typer.BadParameter("--stride is for networks that judge patches, and none is among those named")
        methods = [with_options(m, stride=stride) if takes else m for m, takes in zip(methods, strides, strict=True)]
    methods = [with_options(method, fast=fast) for method in methods]
    for method in methods:
        _ = method.info
    return methods


def _with_progress(judge: Callable[..., Iterator[Outcome]], paths: list[Path]) -> Iterator[Outcome]:
    """Show on stderr, if it is a terminal, the photo, the method, rate and time left; stdout stays as it is.

    Parameters
    ----------
    judge : function
        `unseam.batch.judge_photos` with everything but ``progress``.
    paths : list of Path
        Of the photos, in their order.
    """
    if not sys.stderr.isatty():
        yield from judge()
        return
    from rich.markup import escape

    started = time.monotonic()
    with _bar() as progress:
        task = progress.add_task("", total=len(paths), method="", rate="")
        outcomes = judge(progress=lambda step: progress.update(task, method=step.method))
        for done, path in enumerate(paths, start=1):
            progress.update(task, description=escape(printable(path.name)))
            outcome = next(outcomes)
            progress.stop()  # the caller prints while nothing is drawn
            yield outcome
            progress.update(task, advance=1, method="", rate=_rate(done, time.monotonic() - started))
            progress.start()


def _bar() -> Progress:
    from rich import progress
    from rich.console import Console

    columns = (
        progress.SpinnerColumn(),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[rate]}"),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.description}  {task.fields[method]}"),
    )
    console = Console(stderr=True)
    return progress.Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)


def _rate(done: int, seconds: float) -> str:
    """Say how fast it goes, in numbers above one."""
    return f"{done / seconds:.1f} photos/s" if done > seconds else f"{seconds / done:.1f} s/photo"


def _print_outcome(outcome: Outcome, as_json: bool) -> None:
    if outcome.failure:
        complain(outcome.failure)
    elif as_json:
        from unseam.report.files import to_json

        typer.echo(to_json(outcome.document))
    else:
        typer.echo(_line(outcome))


def _line(outcome: Outcome) -> str:
    """Say what was found on one line that a person understands."""
    document = outcome.document
    page = [f"-> {printable(outcome.page)}"] if outcome.page is not None else []
    return "  ".join([document["path"], document["verdict"], document["sentence"], *page])


def _write_index(outcomes: list[Outcome], out: Path, as_json: bool) -> None:
    from unseam.report.files import Entry, write_index

    entries = [Entry(item.document["path"], item.page, item.document) for item in outcomes if item.page is not None]
    if not entries:
        return
    failures = [for_command_line(item.failure) for item in outcomes if item.failure]
    page = write_index(entries, out, failures) if len(entries) > 1 else entries[0].page
    if not as_json:
        typer.echo(f"Open {printable(page)}")


@app.command()
def methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the methods: source, what each detects, its blind spots, and what it needs."""
    with one_line_errors():
        from unseam.methods import DEFAULT_METHODS, METHODS

        facts = [_facts(method) for method in METHODS.values()]
        if as_json:
            from unseam.report.files import to_json

            typer.echo(to_json({"default": DEFAULT_METHODS, "methods": facts}, indent=1))
            return
        for fact in facts:
            typer.echo(f"{fact['name']}{' (default)' if fact['name'] in DEFAULT_METHODS else ''}")
            for key in ("paper", "detects", "blind_spots"):
                typer.echo(f"  {key.replace('_', ' ') + ':':<13}{fact[key]}")
            typer.echo(f"  {'needs:':<13}{', '.join(fact['needs']) or 'nothing but pixels'}")
            typer.echo(f"  {'model:':<13}SHA-256 {fact['digest']}\n" if fact["digest"] else "")


def _facts(method: Method) -> dict[str, Any]:
    info = method.info
    facts: dict[str, Any] = {
        "name": info.name,
        "paper": info.paper,
        "detects": info.detects,
        "blind_spots": info.blind_spots,
    }
    return facts | {"digest": info.digest or None, "needs": sorted(info.needs), "min_size": list(info.min_size)}

"""For users with many photos: ``unseam scan``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseam.cli.app import FAILED, FAST, INTERRUPTED, TRUST_ANCHORS, app, complain, one_line_errors, read_anchors
from unseam.errors import UnseamError
from unseam.system.text import printable

if TYPE_CHECKING:
    from unseam.method import Method
    from unseam.scanning.plan import ScanPlan, ScanSummary


class Engine(StrEnum):
    """What a scan runs on."""

    LOCAL = "local"
    RAY = "ray"


@app.command()
def scan(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of photos, or a URL such as s3://bucket/a.")],
    out: Annotated[str, typer.Option(help="The Parquet file; with --engine ray, the folder (or URL) of such files.")],
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="A method, a model file (.onnx), or all; repeatable. The first that applies gives the verdict."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an earlier scan: do the rest.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: retry what failed before.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes, one thread each.  [default: one per core]")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="This machine, or Ray Data (needs the extra ray).")] = Engine.LOCAL,
    address: Annotated[
        str | None, typer.Option(help="With --engine ray: the cluster.  [default: one that is started here]")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help=FAST)] = False,
    heat_maps: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write each method's heat map as PNG, 255 = heat 1.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds that one file may take; 0 for no limit.")] = 600,
    memory: Annotated[
        float | None,
        typer.Option(min=0.5, help="Gigabytes that one process may use (Linux).  [default: its share of all there is]"),
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="Refuse photos of more pixels, before decoding.")
    ] = None,
    all_files: Annotated[bool, typer.Option("--all-files", help="Analyze every file, whatever its name.")] = False,
    trust_anchors: Annotated[Path | None, typer.Option(metavar="FILE", help=TRUST_ANCHORS)] = None,
) -> None:
    """Analyze all photos of a folder and its subfolders: one row per file (needs the extra scan)."""
    with one_line_errors():
        from unseam.photo.photo import DEFAULT_MAX_PIXELS
        from unseam.scanning.plan import ScanPlan, share_of_memory
        from unseam.system.cores import cores

        if address is not None and engine is not Engine.RAY:
            raise typer.BadParameter("--address is for --engine ray")
        if retry_failed and not resume:
            raise typer.BadParameter("--retry-failed goes with --resume")
        count = workers or (cores() if address is None else 0)
        plan = ScanPlan(
            place=folder,
            out=out,
            methods=_methods(method, fast=fast),
            resume=resume,
            retry_failed=retry_failed,
            workers=count,
            heat_maps=heat_maps,
            seconds=timeout or None,
            memory=int(memory * 1e9) if memory else share_of_memory(count) if engine is Engine.LOCAL else None,
            max_pixels=max_pixels or DEFAULT_MAX_PIXELS,
            all_files=all_files,
            trust_anchors=read_anchors(trust_anchors),
        )
        try:
            summary = _run(plan, engine, address)
        except KeyboardInterrupt as error:
            complain("interrupted; finished rows are kept, and --resume continues")
            raise typer.Exit(INTERRUPTED) from error
        except OSError as error:
            if isinstance(error, UnseamError):
                raise
            raise UnseamError(f"the scan stopped ({error}); fix that and use --resume") from error
        _print_summary(summary, out)


def _methods(names: list[str] | None, *, fast: bool) -> dict[str, Method]:
    """Find the methods and read their model files once, so that a broken one is reported once and not per file."""
    from unseam.analyze import key_methods
    from unseam.methods import DEFAULT_METHODS, find_methods, with_options

    return key_methods(with_options(method, fast=fast) for method in find_methods(names or DEFAULT_METHODS))


def _run(plan: ScanPlan, engine: Engine, address: str | None) -> ScanSummary:
    if engine is Engine.RAY:
        from unseam.scanning.distributed import scan_on_cluster

        return scan_on_cluster(plan, address)
    from unseam.scanning.local import scan_locally

    return scan_locally(plan)


def _print_summary(summary: ScanSummary, out: str) -> None:
    """Print how the scan ended; failed files end it with exit code 1, as for all commands."""
    for failure in summary.failures:
        complain(failure)
    failed = summary.counts["failed"]
    if failed > len(summary.failures):
        complain(f"and {failed - len(summary.failures)} more; they are the rows of {out} whose status is failed")
    if summary.left_out:
        typer.echo(f"{summary.left_out} other files left out, which are not photos (--all-files takes them)")
    counts = ", ".join(f"{count} {status}" for status, count in summary.counts.items())
    before = f" ({summary.found_before} from before)" if summary.found_before else ""
    typer.echo(f"{counts}{before} -> {printable(out)}")
    if failed:
        raise typer.Exit(FAILED)

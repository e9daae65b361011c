"""For who prepares data: ``unseam forge``, ``unseam datasets``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unseam.cli.app import app, complain, one_line_errors
from unseam.photo_paths import printable


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
    with one_line_errors():
        from dataclasses import replace

        from unseam.forging.config import ForgeConfig
        from unseam.forging.factory import forge_folder

        config = ForgeConfig.easy() if easy else ForgeConfig()
        if not objects:
            config = replace(config, object_share=0.0)  # smooth blobs and polygons only
        made = forge_folder(photos, objects or [], out, count=count, seed=seed, workers=workers, config=config)
        for name, reason in made.skipped:
            complain(f"{name}: {reason}; left out")
        for counts in (made.kinds, made.splits):
            typer.echo("  ".join(f"{name} {number}" for name, number in counts.items()))
        typer.echo(
            f"{made.made} made, {made.found} found, from {made.photographs} photographs -> {printable(made.out)}"
        )


datasets = typer.Typer(help="List the data sets that can be measured on, or check a folder of one.")
app.add_typer(datasets, name="datasets", rich_help_panel=None)


@datasets.callback(invoke_without_command=True)
def list_datasets(
    context: typer.Context,
    layout: Annotated[bool, typer.Option("--layout", help="Also draw how each folder has to look.")] = False,
) -> None:
    """List the data sets that can be measured on: terms, citation, where to get them; or check a folder of one."""
    if context.invoked_subcommand:
        return
    from unseam.datasets import ADAPTERS
    from unseam.datasets.about import about

    for name, adapter in ADAPTERS.items():
        known = about(adapter)
        typer.echo(f"{name}\n  {known.what}")
        for key in ("licence", "citation", "where", "masks", "splits"):
            if text := getattr(known, key):
                typer.echo(f"  {key + ':':<9} {text}")
        typer.echo("".join(f"    {line}\n" for line in known.layout.splitlines()) if layout else "")


@datasets.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of the data sets that unseam datasets lists.")],
    root: Annotated[Path, typer.Option(help="Folder of the data set.")],
    masks: Annotated[
        str | None, typer.Option(help="Which masks, where a data set has several; for folder, the folder of masks.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this part, where the data set has parts.")] = None,
    names: Annotated[int, typer.Option(min=0, help="How many files to name for each reason to leave them out.")] = 3,
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw photos with their masks outlined.")
    ] = None,
) -> None:
    """Prove the pairing of a data set's folder: counts, and every file that is left out with its reason."""
    with one_line_errors():
        from unseam.datasets import find_adapter
        from unseam.datasets.check import summary, write_preview
        from unseam.datasets.sample import LOOKS_INVERTED

        found = find_adapter(name)(str(root), masks=masks, split=split)
        typer.echo(summary(found, root, named=names))
        if found.looks_inverted:
            complain(LOOKS_INVERTED)
        if preview is not None:
            write_preview(found, preview, title=f"{name}: {printable(root)}")
            typer.echo(f"-> {printable(preview)}")

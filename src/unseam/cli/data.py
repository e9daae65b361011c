"""For who prepares data: ``unseam forge``."""

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

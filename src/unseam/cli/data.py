"""For researchers who prepare data: ``unseam forge``, ``unseam windows``, ``unseam datasets``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseam.cli.app import app, complain, one_line_errors
from unseam.system.text import printable

if TYPE_CHECKING:
    from unseam.datasets.preview import SplitCounts
    from unseam.forging.config import ForgeConfig


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
    preset: Annotated[
        str,
        typer.Option(help="default; easy: hard seams, high quality; large: small edits in 2 to 12 megapixels."),
    ] = "default",
    sides: Annotated[
        tuple[int, int] | None,
        typer.Option(min=64, metavar="MIN MAX", help="Height and width of the frames in pixels; else 384 to 768."),
    ] = None,
    launder: Annotated[
        float | None,
        typer.Option(min=0, max=1, metavar="SHARE", help="How many files are resized and recompressed at the end."),
    ] = None,
    authentic: Annotated[
        float | None, typer.Option(min=0, max=1, metavar="SHARE", help="How many files are not manipulated.")
    ] = None,
    split_as: Annotated[
        list[Path] | None,
        typer.Option(help="Folder whose photographs, or cuts of the same files, keep the split they have there."),
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw some of them: photo, mask, boxes, windows.")
    ] = None,
) -> None:
    """Make forgeries with exact masks from authentic photographs."""
    with one_line_errors():
        from unseam.forging.factory import forge_folder

        config = _forge_config(preset, sides, launder, authentic, with_objects=bool(objects))
        options = {"count": count, "seed": seed, "workers": workers}
        made = forge_folder(photos, objects or [], out, config=config, split_as=split_as or [], **options)
        for name, reason in made.skipped:
            complain(f"{name}: {reason}; left out")
        for counts in (made.kinds, made.splits):
            typer.echo("  ".join(f"{name} {number}" for name, number in counts.items()))
        typer.echo(
            f"{made.made} made, {made.found} found, from {made.photographs} photographs -> {printable(made.out)}"
        )
        if preview is not None:
            _draw_forgeries(made.out, preview)


def _forge_config(
    preset: str,
    sides: tuple[int, int] | None,
    launder: float | None,
    authentic: float | None,
    *,
    with_objects: bool,
) -> ForgeConfig:
    """Return a preset with what the command line changes."""
    from dataclasses import replace

    from unseam.forging.config import PRESETS

    if preset not in PRESETS:
        raise typer.BadParameter(f"{preset!r} is not a preset; expected {', '.join(PRESETS)}")
    config = PRESETS[preset]()
    if sides is not None:
        config = replace(config, sides=sides, megapixels=None)
    if launder is not None:
        config = replace(config, laundered_share=launder)
    if authentic is not None:
        config = config.with_authentic(authentic)
    return config if with_objects else replace(config, object_share=0.0)  # smooth blobs and polygons only


def _draw_forgeries(out: Path, preview: Path) -> None:
    """Write a contact sheet of a folder of forgeries."""
    from unseam.datasets.folder import folder
    from unseam.datasets.preview import write_preview
    from unseam.forging.manifest import caption, read_rows

    rows = {row["file"]: row for row in read_rows(out)}
    write_preview(
        folder(out).samples,
        preview,
        title=printable(out),
        captions={name: caption(row) for name, row in rows.items()},
        origins={name: out / row["mask_source"] for name, row in rows.items() if row["mask_source"]},
    )
    typer.echo(f"-> {printable(preview)}")


@app.command()
def windows(
    data: Annotated[Path | None, typer.Option(help="Folder written by unseam forge, or of photos and masks.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Name of a data set, instead of --data; needs --root.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of that data set.")] = None,
    masks: Annotated[str | None, typer.Option(help="Which of several masks that data set has.")] = None,
    split: Annotated[str | None, typer.Option(help="Draw photos of this split alone, say train.")] = None,
    rule: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Manipulated above this share of a window.  [default: the paper's]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the windows that are drawn.")] = 0,
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw photos, masks, boxes and windows with their labels.")
    ] = None,
) -> None:
    """Show what a network would be trained on: splits, windows, labels; nothing is trained."""
    with one_line_errors():
        from unseam.datasets.preview import Cutting, count_windows, write_preview
        from unseam.datasets.splits import SPLITS, DataSet, with_splits

        if (data is None) == (root is None) or (dataset is None) != (root is None):
            raise typer.BadParameter("name either --data FOLDER, or --dataset NAME and --root FOLDER")
        place = DataSet(root, dataset, masks) if root is not None and dataset is not None else DataSet(data or Path())
        found = with_splits(place.samples())
        cutting = Cutting() if rule is None else Cutting(rule=rule)
        counts = count_windows(found.samples, cutting)
        for name in (name for name in SPLITS if name in counts):
            typer.echo(_counted(name, counts[name]))
        for reason, count in found.exclusion_counts().items():
            complain(f"left out: {count} files, {reason}")
        if preview is not None:
            shown = [sample for sample in found.samples if split in (None, sample.split)]
            title = f"{printable(place.root)}, rule {cutting.rule:g}"
            write_preview(shown, preview, title=title, cutting=cutting, seed=seed)
            typer.echo(f"-> {printable(preview)}")


def _counted(split: str, counts: SplitCounts) -> str:
    kinds = f"{counts.manipulated} manipulated, {counts.near} authentic near a region, {counts.elsewhere} elsewhere"
    small = f"; {counts.without} photos smaller than a window" if counts.without else ""
    return f"{split}: {counts.photos} photos of {counts.groups} groups; windows: {kinds}{small}"


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

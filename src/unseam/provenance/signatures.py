"""The signature table: how known cameras, libraries, editors and platforms write JPEG files.

``assets/camera-tables.json`` has the sets of quantization tables of cameras, ``assets/encoder-signatures.json`` those
of libraries and editors, and the sizes and qualities of messengers and networks; each entry names where it was read. A
match means that the file is written *as* X writes. It never means that X wrote it: anybody can choose tables and sizes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from unseam.jpeg.quantization import (
    QUALITIES,
    STANDARD_CHROMA,
    STANDARD_LUMA,
    CameraTables,
    Table,
    camera_tables,
    ijg_table,
    nearest_quality,
)

SIGNATURES = "encoder-signatures.json"

SHOWN_CAMERAS = 2
"""Cameras that a sentence names; the others are counted."""


class Encoder(StrEnum):
    """Whom the quantization tables are known from."""

    IJG = "IJG"
    MOZJPEG = "mozjpeg"
    CAMERA = "camera"
    PHOTOSHOP = "Photoshop"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a file's tables are known from.

    Attributes
    ----------
    encoder : Encoder
    words : str
        To follow "the tables are": "as libjpeg writes at quality 90".
    cameras : tuple of str
        Make and model of the known cameras that write these tables; other encoders may write them, too.
    turned : bool
        Whether the tables are a camera's, transposed: the file was turned by 90 degrees without decoding it.
    source : str
        Where the signature was read; empty for none.
    """

    encoder: Encoder
    words: str
    cameras: tuple[str, ...] = ()
    turned: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    """How a messenger or network writes the pictures that it delivers; None where it is not known.

    Attributes
    ----------
    name : str
    longest : tuple of int
        Pixels: lengths to which the longer side is reduced.
    quality : (int, int), optional
        Lowest and highest, on the IJG's scale.
    progressive : bool, optional
    source : str
        Where it was read.
    """

    name: str
    longest: tuple[int, ...]
    quality: tuple[int, int] | None
    progressive: bool | None
    source: str


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    text = (files("unseam") / "assets" / SIGNATURES).read_text("utf-8")
    listed: dict[str, list[dict[str, Any]]] = json.loads(text)
    return listed


@cache
def platforms() -> tuple[Platform, ...]:
    """Return all messengers and networks of the table."""
    return tuple(
        Platform(
            entry["name"],
            tuple(entry["longest"]),
            None if entry["quality"] is None else (entry["quality"][0], entry["quality"][1]),
            entry["progressive"],
            entry["source"],
        )
        for entry in _table()["platforms"]
    )


@cache
def known_cameras() -> tuple[CameraTables, ...]:
    """Return every set of tables of a camera, those that no forgery uses included."""
    return camera_tables() + camera_tables("not_for_forging")


@cache
def editor_tables() -> tuple[tuple[str, Table, Table], ...]:
    """Return editor and setting, luma and chroma table of every known setting of an editor."""
    return tuple(
        (f"{entry['name']}, {entry['setting']}", tuple(entry["luma"]), tuple(entry["chroma"]))
        for entry in _table()["exact"]
    )


def recognize(luma: Table, chroma: Table | None, subsampling: str = "") -> Match:
    """Find whom quantization tables are known from.

    Parameters
    ----------
    luma, chroma : tuple of 64 int
        Steps, row by row; None for a grey file.
    subsampling : str
        ``4:2:0`` and so on; cameras with another one are left out of the match, if any has the same, and else marked.
    """
    cameras = _cameras(luma, chroma, subsampling)
    named = tuple(dict.fromkeys(camera for known in cameras for camera in known.cameras))
    standard = _scaled_by(STANDARD_LUMA, STANDARD_CHROMA, luma, chroma)
    if standard:
        words = f"as libjpeg and the many programs built on it write at quality {standard}{_default(standard)}"
        return Match(Encoder.IJG, words, named, source="ITU-T T.81, tables K.1 and K.2")
    for entry in _table()["exact"]:
        if luma == tuple(entry["luma"]) and chroma in (None, tuple(entry["chroma"])):
            return Match(Encoder.PHOTOSHOP, f"as Photoshop writes at {entry['setting']}", named, source=entry["source"])
    for entry in _table()["scaled"]:
        quality = _scaled_by(tuple(entry["luma"]), tuple(entry["chroma"]), luma, chroma)
        if quality:
            words = f"as {entry['name']} writes at quality {quality}"
            return Match(Encoder.MOZJPEG, words, named, source=entry["source"])
    return _of_camera(luma, chroma, subsampling, cameras, named) or Match(Encoder.CUSTOM, _custom(luma))


def _of_camera(
    luma: Table, chroma: Table | None, subsampling: str, cameras: tuple[CameraTables, ...], named: tuple[str, ...]
) -> Match | None:
    source = "assets/camera-tables.json"
    if cameras:
        other = "" if cameras[0].subsampling == subsampling else ", but with another sampling of colour"
        return Match(Encoder.CAMERA, f"as {_counted(named)}{other}", named, source=source)
    turned = _cameras(_transposed(luma), None if chroma is None else _transposed(chroma), "")
    if not turned:
        return None
    named = tuple(dict.fromkeys(camera for known in turned for camera in known.cameras))
    words = f"as {_counted(named)}, transposed: the file was turned by 90 degrees without decoding it"
    return Match(Encoder.CAMERA, words, named, turned=True, source=source)


def _counted(named: tuple[str, ...]) -> str:
    """Name some cameras and count the others, with the verb."""
    if not named:
        return "a digital camera writes"
    others = len(named) - SHOWN_CAMERAS
    shown = [short_camera(camera) for camera in named[:SHOWN_CAMERAS]]
    if others > 0:
        return f"{', '.join(shown)} and {others} other known camera{'' if others == 1 else 's'} write"
    return f"{shown[0]} writes" if len(shown) == 1 else f"{' and '.join(shown)} write"


def short_camera(camera: str) -> str:
    """Name a camera once: ``Canon Canon EOS 20D`` is how EXIF's make and model read together."""
    words = camera.split()
    return " ".join(words[1:] if len(words) > 1 and words[0].lower() == words[1].lower() else words)


def _default(quality: str) -> str:
    names = [entry["name"] for entry in _table()["defaults"] if str(entry["quality"]) == quality]
    return f" (the default of {names[0]})" if names else ""


def _custom(luma: Table) -> str:
    quality = nearest_quality(luma)
    if max(abs(ours - theirs) for ours, theirs in zip(luma, ijg_table(STANDARD_LUMA, quality), strict=True)) <= 1:
        return f"nearly those of libjpeg at quality {quality}, rounded in another way"
    return "of no encoder that is known here"


def _scaled_by(base_luma: Table, base_chroma: Table, luma: Table, chroma: Table | None) -> str:
    """Name the quality at which tables are these bases, scaled as libjpeg does; of both if they differ."""
    first = [q for q in QUALITIES if ijg_table(base_luma, q) == luma]
    if chroma is None:
        return str(first[-1]) if first else ""
    second = [q for q in QUALITIES if ijg_table(base_chroma, q) == chroma]
    if not first or not second:
        return ""
    both = set(first) & set(second)
    return str(max(both)) if both else f"{first[-1]} (colour {second[-1]})"


def _cameras(luma: Table, chroma: Table | None, subsampling: str) -> tuple[CameraTables, ...]:
    """List the cameras' sets with these tables, those with the same subsampling alone if there are any."""
    found = tuple(known for known in known_cameras() if known.luma == luma and chroma in (None, known.chroma))
    return tuple(known for known in found if known.subsampling == subsampling) or found


def _transposed(table: Table) -> Table:
    return tuple(table[8 * column + row] for row in range(8) for column in range(8))

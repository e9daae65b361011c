"""Many photos: a report for each, and the failure of one stops none of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unseam.analyze import Step, analyze
from unseam.errors import PhotoError, memory_ran_out
from unseam.method import Method
from unseam.photo.paths import PhotoPath, folder_for
from unseam.report.files import write_report
from unseam.report.report import Report
from unseam.system.text import printable


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo.

    Attributes
    ----------
    photo : PhotoPath
        Which photo.
    document : dict
        Its report, as in report.json, with ``path`` added; empty when it failed.
    page : Path, optional
        The HTML page, where one was written.
    failure : str
        Why there is no report, on one line; empty when there is one.
    """

    photo: PhotoPath
    document: dict[str, Any] = field(default_factory=dict)
    page: Path | None = None
    failure: str = ""


def judge_photos(
    photos: Iterable[PhotoPath],
    methods: Sequence[Method],
    out: Path | None,
    max_pixels: int | None = None,
    trust_anchors: str | None = None,
    progress: Callable[[Step], None] | None = None,
) -> Iterator[Outcome]:
    """Judge photos one after the other.

    Parameters
    ----------
    photos : iterable of PhotoPath
        From `unseam.photo.paths.find_photos`.
    methods : sequence of Method
        The first that applies gives the verdict.
    out : Path, optional
        Where a folder of files is written for each photo; None for nothing on disk.
    max_pixels : int, optional
        Refuse larger photos; see `unseam.analyze.analyze`.
    trust_anchors : str, optional
        Certificates (PEM) to trust in Content Credentials; see `unseam.analyze.analyze`.
    progress : function, optional
        Called before each method of each photo; see `unseam.analyze.analyze`.

    Yields
    ------
    Outcome
        In the order of the photos, each as soon as it is known.

    Raises
    ------
    ModelError
        A method's file cannot be used: no photo could be judged with it.
    """
    for photo in photos:
        if photo.problem:
            yield Outcome(photo, failure=_one_line(photo, photo.problem))
            continue
        try:
            report = analyze(photo.path, methods, max_pixels=max_pixels, trust_anchors=trust_anchors, progress=progress)
            yield _written(photo, report, out)
        except (PhotoError, MemoryError) as error:
            reason = "it takes more memory than there is; try fewer methods" if memory_ran_out(error) else error
            yield Outcome(photo, failure=_one_line(photo, reason))


def _written(photo: PhotoPath, report: Report, out: Path | None) -> Outcome:
    document = report.document()
    listed = {"path": printable(photo.path)} | document
    if out is None:
        return Outcome(photo, listed)
    try:
        page = write_report(report, folder_for(photo, out, report.photo.sha256 or ""), document)
    except OSError as error:
        return Outcome(photo, failure=_one_line(photo, f"cannot write the report below {out}: {error}"))
    return Outcome(photo, listed, page)


def _one_line(photo: PhotoPath, error: object) -> str:
    message = printable(" ".join(str(error).split()))
    path = printable(photo.path)
    return message if path in message else f"{path}: {message}"

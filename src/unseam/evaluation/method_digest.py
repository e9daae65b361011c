"""What makes a row the same again: the content of the photo, of its mask, and the method.

A method is its model file, its parameters and options, and the version of unseam, whose code and constants it runs;
versions of other packages are not part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

from unseam.datasets.sample import Sample
from unseam.detectors.detector import Detector
from unseam.evaluation import degrade
from unseam.evaluation.degrade import ORIGINAL, Condition
from unseam.evaluation.rows import LAYOUT
from unseam.method import Method


def row_keys(sample: Sample, condition: Condition, digests: Mapping[str, str], seed: int = 0) -> dict[str, str]:
    """Identify each method's row on this sample by content: photo, mask, how it is degraded, and `method_digest`.

    The seed counts only where the photo is degraded.
    """
    content: list[object] = [LAYOUT, *_contents(sample)]
    if condition != ORIGINAL:
        content += [str(condition), seed, file_digest(Path(degrade.__file__))]
    return {name: _digest(*content, name, digest) for name, digest in digests.items()}


def _contents(sample: Sample) -> list[object]:
    """List what a sample holds, files by their bytes; group and split change no row."""
    contents: list[object] = []
    for field in fields(sample):
        value = getattr(sample, field.name)
        if field.name not in ("group", "split"):
            values = value if isinstance(value, tuple) else (value,)
            contents += [field.name, *(file_digest(part) if isinstance(part, Path) else part for part in values)]
    return contents


def method_digest(method: Method) -> str:
    """Identify a method: version of unseam, model file, parameters, and the options that change a heat map."""
    info = method.info
    parameters = method.config if isinstance(method, Detector) else None
    return _digest(version("unseam"), info.name, info.digest, *info.settings, parameters)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes; empty if it cannot be read, which is said where it is needed."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8")).hexdigest()

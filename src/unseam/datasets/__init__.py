"""Data sets: one adapter per public set, from a folder to a list of samples; and the windows cut from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from unseam.datasets.folder import folder
from unseam.datasets.sample import SampleSet


class Adapter(Protocol):
    """A function from a folder to the samples whose pairing is proven, and what was left out."""

    def __call__(self, root: str, /, *, masks: str = ..., split: str | None = ...) -> SampleSet: ...  # noqa: D102


ADAPTERS: Mapping[str, Adapter] = {"folder": folder}
"""Name on the command line -> adapter: the only list there is."""

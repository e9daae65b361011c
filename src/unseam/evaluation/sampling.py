"""A random sample of a data set, for when the whole takes too long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unseam.datasets.sample import Sample


def draw_samples(samples: Sequence[Sample], limit: int, seed: int = 0) -> list[Sample]:
    """Draw samples at random, each kind in its share of the whole.

    Parameters
    ----------
    samples : sequence of Sample
    limit : int
        How many to draw at most.
    seed : int
        The same samples, limit and seed give the same draw.

    Returns
    -------
    list of Sample
        In their old order; all where there are no more than ``limit``. Seats that remain go to the largest
        remainders (Hamilton's method), so a rare kind can be missing from a small draw.
    """
    if len(samples) <= limit:
        return list(samples)
    kinds: dict[str, list[int]] = {}
    for index, sample in enumerate(samples):
        kinds.setdefault(sample.kind, []).append(index)
    rng = np.random.default_rng(seed)
    seats = _seats([len(indices) for indices in kinds.values()], limit)
    drawn = [rng.choice(indices, count, replace=False) for indices, count in zip(kinds.values(), seats, strict=True)]
    return [samples[index] for index in np.sort(np.concatenate(drawn))]


def _seats(sizes: Sequence[int], limit: int) -> list[int]:
    """Share out ``limit`` seats in proportion."""
    exact = np.array(sizes) * limit / sum(sizes)
    seats = np.floor(exact).astype(int)
    for index in np.argsort(seats - exact, kind="stable")[: limit - seats.sum()]:
        seats[index] += 1
    return [int(count) for count in seats]

"""The learning rate as a pure function of the step, so that a resumed run needs no scheduler state."""

from __future__ import annotations

import math


def learning_rate(step: int, *, peak: float, final: float, warmup_steps: int, steps: int) -> float:
    """Learning rate of one step: a linear warm-up, then half a cosine down to ``final``.

    Parameters
    ----------
    step : int
        From 0; the first step of a warm-up already moves, at ``peak / warmup_steps``.
    peak : float
        The rate at the end of the warm-up.
    final : float
        The rate at the last step and beyond.
    warmup_steps : int
        Steps of the warm-up; 0 for none.
    steps : int
        Steps of the whole run.

    Returns
    -------
    float
        The rate, in (0, peak].

    Notes
    -----
    The cosine is that of Loshchilov & Hutter, "SGDR", ICLR 2017, equation 5, without restarts.

    Examples
    --------
    >>> [round(learning_rate(s, peak=1.0, final=0.0, warmup_steps=2, steps=7), 3) for s in range(7)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146, 0.0]
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / max(1, steps - 1 - warmup_steps))
    return final + (peak - final) * 0.5 * (1.0 + math.cos(math.pi * progress))

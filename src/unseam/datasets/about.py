"""What is known about a data set, as its adapter's docstring tells it: the one place where it is written."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """The first paragraphs of an adapter's module docstring.

    Attributes
    ----------
    what : str
        One sentence.
    licence, citation, where : str
        Terms of use, paper with DOI, and where to get it.
    masks : str
        What ``--masks`` chooses among, default first, or how masks are read where there is no choice.
    splits : str
        What ``--split`` chooses among; empty where the set has no parts.
    layout : str
        The drawing of the folder.
    notes : str
        What follows the drawing: variants, what is uncertain, what a group is.
    """

    what: str
    licence: str
    citation: str
    where: str
    masks: str
    splits: str
    layout: str
    notes: str


def about(adapter: Callable[..., object]) -> About:
    """Read what an adapter's module says about its data set.

    Raises
    ------
    KeyError
        A paragraph is missing; a test makes sure that none is.
    """
    text = inspect.getdoc(sys.modules[adapter.__module__]) or ""
    facts, _, rest = text.partition("\n::\n\n")
    paragraphs = [" ".join(part.split()) for part in facts.split("\n\n")]
    parts = dict(part.split(": ", 1) for part in paragraphs if re.match(r"[A-Z][a-z]+: ", part))
    drawing = re.match(r"(?: {4}.*\n|\n)*", rest)
    layout = drawing[0] if drawing else ""
    return About(
        paragraphs[0],
        parts["Licence"],
        parts["Citation"],
        parts["Where"],
        parts["Masks"],
        parts.get("Splits", ""),
        inspect.cleandoc(layout),
        rest[len(layout) :].replace("``", "`").strip(),
    )

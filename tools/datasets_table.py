"""The table of data sets, from what each adapter's docstring says.

python tools/datasets_table.py
"""

from __future__ import annotations

import re
from pathlib import Path

from unseam.datasets import ADAPTERS
from unseam.datasets.about import about

TOP = """# Data sets

The sets that `unseam evaluate --dataset NAME --root DIR` reads. None of them is part of this package: get a set where
it is published, on its terms, and point `--root` at its folder.

```sh
unseam datasets                                                    # this page, on the terminal
unseam datasets check coverage --root COVERAGE --preview sheet.png # is everything there, and do masks fit photos?
unseam evaluate --dataset coverage --root COVERAGE --method cnn-lstm --out results/coverage
```

A pair counts only if it is proven: one photo, one mask (or one per object), equal sizes, and a mask that marks some of
the photo but not all of it. `check` and the tables of `evaluate` list everything that fails, and every file that has no
place in the layout, with its reason. `--masks` chooses among several masks of a set, `--split` among its parts. Photos
that share a source share a group; splits for training keep groups together.

Made by: `python tools/datasets_table.py`
"""

ROOT = Path(__file__).resolve().parent.parent


def page() -> str:
    """Write the page."""
    known = {name: about(adapter) for name, adapter in ADAPTERS.items()}
    rows = [f"| [`{name}`](#{name}) | {x.what} | {x.licence} | {_linked(x.citation)} |" for name, x in known.items()]
    lines = [TOP, "| name | what | licence | citation |", "|---|---|---|---|", *rows]
    for name, found in known.items():
        lines += ["", f"## {name}", "", found.what, "", f"Where: {_linked(found.where)}"]
        lines += ["", f"`--masks`: {found.masks}"]
        lines += ["", f"`--split`: {found.splits}"] if found.splits else []
        lines += ["", "```", found.layout, "```", "", found.notes]
    return "\n".join([*lines, ""])


def _linked(text: str) -> str:
    """Make links of DOIs and addresses."""
    text = re.sub(r"(?<![\w/])doi:(10\.[^\s,;]+[^\s,;.])", r"[doi:\1](https://doi.org/\1)", text)
    return re.sub(r"(?<![(\w])(https?://[^\s,;]+[^\s,;.:])", r"<\1>", text)


if __name__ == "__main__":
    (ROOT / "docs" / "datasets.md").write_text(page(), encoding="utf-8")

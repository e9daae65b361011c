"""The table of data sets, from what each adapter's docstring says.

python tools/datasets_table.py > docs/datasets.md
"""

from __future__ import annotations

import re
from pathlib import Path

from unseam.datasets import ADAPTERS
from unseam.datasets.about import about

TOP = """# Data sets

What `unseam evaluate --dataset NAME --root DIR` measures on. None of them is part of this package: get a set where it
is published, on its terms, and point `--root` at its folder.

```sh
unseam datasets                                                    # this page, on the terminal
unseam datasets check coverage --root COVERAGE --preview sheet.png # is everything there, and do masks fit photos?
unseam evaluate --dataset coverage --root COVERAGE --method cnn-lstm --out results/coverage
```

A pair counts only if it is proven: one photo, one mask (or one per object), equal sizes, some of the photo marked and
not all of it. Whatever fails, and every file that the layout has no place for, is listed with its reason, in `check`
and in the tables of `evaluate`. `--masks` chooses where a set has several masks, `--split` where it has parts. Photos
that share a source share a group; splits for training keep groups together.

Made by: `python tools/datasets_table.py`
"""

ROOT = Path(__file__).resolve().parent.parent


def page() -> str:
    """Write the page."""
    known = {name: about(adapter) for name, adapter in ADAPTERS.items()}
    rows = [f"| [`{name}`](#{name}) | {x.what} | {x.licence} | {_linked(x.citation)} |" for name, x in known.items()]
    lines = [TOP, "| name | what | licence | citation |", "|---|---|---|---|", *rows]
    for name, told in known.items():
        lines += ["", f"## {name}", "", told.what, "", f"Where: {_linked(told.where)}", "", f"`--masks`: {told.masks}"]
        lines += ["", f"`--split`: {told.splits}"] if told.splits else []
        lines += ["", "```", told.layout, "```", "", told.notes]
    return "\n".join([*lines, ""])


def _linked(text: str) -> str:
    """Make links of DOIs and addresses."""
    text = re.sub(r"(?<![\w/])doi:(10\.[^\s,;]+[^\s,;.])", r"[doi:\1](https://doi.org/\1)", text)
    return re.sub(r"(?<![(\w])(https?://[^\s,;]+[^\s,;.:])", r"<\1>", text)


if __name__ == "__main__":
    (ROOT / "docs" / "datasets.md").write_text(page(), encoding="utf-8")

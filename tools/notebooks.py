"""Execute the notebooks of the docs and store what they show, without Jupyter.

python tools/notebooks.py

Cells are run in one namespace, from the repository's root. Of each are kept what it prints, the value of a last
expression, and its figures, as PNG of 256 colours: the notebook stays small.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "notebooks"
COLOURS = 256
"""Of the palette of a stored figure."""

Notebook = dict[str, Any]


def main() -> None:
    """Execute every notebook and write it back."""
    os.chdir(ROOT)
    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = executed(json.loads(path.read_text(encoding="utf-8")))
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def executed(notebook: Notebook) -> Notebook:
    """Return a notebook with the outputs of its code, run in this process from the first cell to the last."""
    import matplotlib as mpl

    names: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    with mpl.rc_context({"backend": "agg"}):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                count += 1
                outputs = list(_outputs("".join(cell["source"]), names, count))
                cell = cell | {"execution_count": count, "outputs": outputs}
            cells.append(cell)
    return notebook | {"cells": cells}


def texts(notebook: Notebook) -> list[str]:
    """Return all that its cells print or return, in order, without figures."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    found = ["".join(output.get("text", output.get("data", {}).get("text/plain", []))) for output in outputs]
    return [text for text in found if text]


def _outputs(source: str, names: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    printed, value = io.StringIO(), None
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    if printed.getvalue():
        yield {"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(keepends=True)}
    for picture in _figures():
        yield {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}
    if value is not None:
        shown = {"text/plain": repr(value).splitlines(keepends=True)}
        yield {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": shown}


def _figures() -> Iterator[str]:
    """Yield the open figures as base64 of a PNG, and close them."""
    import matplotlib.pyplot as plt
    from PIL import Image

    for number in plt.get_fignums():
        drawn, stored = io.BytesIO(), io.BytesIO()
        plt.figure(number).savefig(drawn, dpi=90, bbox_inches="tight")
        Image.open(drawn).convert("RGB").quantize(COLOURS).save(stored, "PNG", optimize=True)
        yield base64.b64encode(stored.getvalue()).decode("ascii")
    plt.close("all")


if __name__ == "__main__":
    main()

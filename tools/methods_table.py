"""The overview of methods, from what each says of itself.

python tools/methods_table.py
"""

from __future__ import annotations

from pathlib import Path

from unseam.methods import DEFAULT_METHODS, METHODS
from unseam.report.wording import needs_in_words

PAGES = Path(__file__).resolve().parent.parent / "docs" / "methods"
"""Folder of the methods' pages."""

TOP = """# Methods

Each method looks for one trace and finds nothing where that trace is missing. None proves that a photo is authentic.
`unseam localize PHOTO --method all` runs all of them; without `--method`, those in bold run.

Made by: `python tools/methods_table.py`

| method | detects | blind spots | needs |
|---|---|---|---|
"""


def page() -> str:
    """Write the page."""
    rows = []
    for name, method in METHODS.items():
        own_page = (PAGES / f"{name}.md").exists()
        link = f"{name}.md" if own_page else "../../MODEL_CARD.md"
        shown = f"[`{name}`]({link})"
        cells = (
            f"**{shown}**" if name in DEFAULT_METHODS else shown,
            _sentence(method.info.detects),
            _sentence(method.info.blind_spots),
            needs_in_words(method.info),
        )
        rows.append(f"| {' | '.join(cells)} |\n")
    return TOP + "".join(rows)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".").replace("|", "\\|") + "."


if __name__ == "__main__":
    (PAGES / "index.md").write_text(page(), encoding="utf-8")

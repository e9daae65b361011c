import runpy
from pathlib import Path

from unseam.datasets import ADAPTERS
from unseam.datasets.about import about

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_data_sets_is_what_the_adapters_say_today() -> None:
    page = runpy.run_path(str(DOCS.parent / "tools" / "datasets_table.py"))["page"]()
    assert (DOCS / "datasets.md").read_text(encoding="utf-8") == page, "run: python tools/datasets_table.py"
    assert all(f"\n## {name}\n" in page for name in ADAPTERS)


def test_drawing_and_notes_are_told_apart() -> None:
    known = about(ADAPTERS["coverage"])
    assert known.layout.startswith("ROOT/\n├── image/")
    assert known.layout.splitlines()[-1].startswith("└── label/")
    assert known.notes.startswith("The layout is that of the set's own readme.")
    assert known.splits == ""
    assert about(ADAPTERS["grip"]).splits.startswith("plain")

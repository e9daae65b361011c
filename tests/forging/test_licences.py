from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from support.synthetic import SMALL, rows_of, textured
from unseam.forging import forge_folder
from unseam.forging.licences import Terms, find_terms


def written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("file,licence,author,source\nimages/a.jpg,CC0-1.0,Ann,https://x.org\n", ""),
        ("image,mask,license,author_or_source,url\nimages/a.jpg,masks/a.png,CC0-1.0,Ann,https://x.org\n", ""),
        ("FileName,License,Artist,URL\na.jpg,CC0-1.0,Ann,https://x.org\n", "images"),
    ],
    ids=["core", "objects", "same folder"],
)
def test_terms_are_read_from_the_table_of_the_folder(tmp_path: Path, table: str, where: str) -> None:
    (tmp_path / "images").mkdir()
    written(tmp_path / where, "table.csv", table)
    assert find_terms(tmp_path / "images" / "a.jpg") == Terms("CC0-1.0", "Ann", "https://x.org")
    assert find_terms(tmp_path / "images" / "b.jpg") == Terms()


def test_a_table_names_files_alone_and_the_file_that_each_was_cut_from(tmp_path: Path) -> None:
    written(tmp_path, "manifest.csv", "file,licence,sha1_full\na.jpg,free,6e32\n")
    (tmp_path / "images").mkdir()
    assert find_terms(tmp_path / "images" / "a.jpg") == Terms("free", original="6e32")


def test_the_first_table_that_names_a_licence_decides(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", "file,w,h\nimages/a.jpg,1,2\n")
    written(tmp_path, "b.csv", "file,licence\nimages/a.jpg,\n")
    written(tmp_path, "c.csv", 'file,licence\nimages/a.jpg,"free to use,\n however you wish"\n')
    assert find_terms(tmp_path / "images" / "a.jpg").licence == "free to use, however you wish"


def test_what_is_no_table_claims_nothing(tmp_path: Path) -> None:
    written(tmp_path, "empty.csv", "")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00file,licence\xff")
    assert find_terms(tmp_path / "a.jpg") == Terms()


def test_a_manifest_names_the_licences_of_host_and_donor(tmp_path: Path) -> None:
    photos = tmp_path / "set" / "images"
    photos.mkdir(parents=True)
    names = [f"{i}.png" for i in range(8)]
    for i, name in enumerate(names):
        Image.fromarray(textured(200, 210, i)).save(photos / name)
    lines = [f"images/{name},CC-{name},author of {name}\n" for name in names]
    written(tmp_path / "set", "any.csv", "file,licence,author\n" + "".join(lines))
    forge_folder([photos], [], tmp_path / "out", count=20, seed=1, config=SMALL.__class__(object_share=0.0))
    rows = rows_of(tmp_path / "out")
    assert any(row["donor"] for row in rows)
    for row in rows:
        for who in ("host", "donor"):
            name = Path(row[who]).name
            assert row[f"{who}_licence"] == (f"CC-{name}" if row[who] else "")
            assert row[f"{who}_author"] == (f"author of {name}" if row[who] else "")

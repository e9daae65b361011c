"""Targets that read other files back: recipes, manifests, masks, tables, journals, rows, earlier reports."""

import io
import json
from functools import cache
from pathlib import Path
from random import Random

from fuzzing.originals import HEIGHT, WIDTH, photo
from fuzzing.photo_cases import mutated_photo
from fuzzing.target import Target, written
from fuzzing.text_mutations import mutated_json, mutated_table, mutated_toml
from unseam.datasets.folder import folder as read_set
from unseam.datasets.masks import load_mask
from unseam.datasets.sample import stored_shape
from unseam.errors import DataError, PhotoError, RecipeError, RunError
from unseam.evaluation.counts import Counts
from unseam.evaluation.rows import Row, RowStore, pack, row_to_json
from unseam.forging.licences import find_terms
from unseam.forging.manifest import caption, read_rows
from unseam.forging.sources import read_map
from unseam.photo.paths import PhotoPath, folder_for
from unseam.scanning.journal import Journal
from unseam.scanning.plan import ScanSummary
from unseam.scanning.rows import blank_row
from unseam.scanning.table import read_rows as read_table_rows
from unseam.scanning.table import read_settings, write_rows, write_table

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))
TERMS = sorted((Path(__file__).parents[2] / "recipes" / "terms").glob("*.toml"))
COLUMNS = (
    "file,mask,mask_source,split,kind,host,donor,host_sha256,index,"
    "fill,shape,seam,seam_width,format,tables,quality,subsampling,adjustment,laundering"
)
FORGED = (
    "images/0.jpg,masks/0.png,,train,splice,a.jpg,b.jpg,00ff,0,,ellipse,feather,2.5,JPEG,ijg75,75,4:2:0,none,telegram"
)
AUTHENTIC = "images/1.png,,,test,authentic,c.jpg,,11ee,1,,,,,PNG,,,,none,"
PAIRS = "photo,mask,kind,group,split,reading\nimages/0.jpg,masks/0.png,splice,g,train,white\nimages/1.png,,,,,\n"
LICENCES = "file,licence,author,source\nphoto.jpg,CC0-1.0,Somebody,https://example.org\n"
METHODS = {"noise-level": "0" * 64}
SETTINGS = {"layout": 1, "source": "photos", "methods": METHODS, "max_pixels": 10, "all_files": False}


def mutated_recipe(draw: Random) -> bytes:
    return mutated_toml(draw.choice(RECIPES).read_text(encoding="utf-8"), draw)


def read_recipe(data: bytes, folder: Path) -> str:
    from unseam.training.recipe import load_recipe, recipe_from

    for path in RECIPES:  # what a recipe may extend
        (folder / path.name).symlink_to(path)
    recipe = load_recipe(written(folder, "mutated recipe.toml", data))
    assert recipe_from(json.loads(json.dumps(recipe.as_dict()))) == recipe or "nan" in str(recipe)
    return type(recipe).__name__


def mutated_terms(draw: Random) -> bytes:
    return mutated_toml(draw.choice(TERMS).read_text(encoding="utf-8"), draw)


def read_terms(data: bytes, folder: Path) -> str:
    from unseam.training.export import load_terms

    load_terms(written(folder, "terms.toml", data))
    return "terms"


@cache
def mask() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    picture = Image.new("L", (WIDTH, HEIGHT))
    picture.paste(255, (10, 10, 50, 40))
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def forged_set(folder: Path) -> None:
    """Write two photos and a mask."""
    for name in ("images", "masks"):
        (folder / name).mkdir()
    (folder / "images" / "0.jpg").write_bytes(photo("JPEG"))
    (folder / "images" / "1.png").write_bytes(photo("PNG"))
    (folder / "masks" / "0.png").write_bytes(mask())


def mutated_manifest(draw: Random) -> bytes:
    return mutated_table(f"{COLUMNS}\n{FORGED}\n{AUTHENTIC}\n", draw)


def read_manifest(data: bytes, folder: Path) -> str:
    forged_set(folder)
    written(folder, "manifest.csv", data)
    captions = [caption(row) for row in read_rows(folder)]
    samples = read_set(folder).samples
    assert all(sample.truth((HEIGHT, WIDTH)).shape == (HEIGHT, WIDTH) for sample in samples)
    return f"{len(samples)} samples, {len(captions)} captions"


def read_pairs(data: bytes, folder: Path) -> str:
    forged_set(folder)
    return f"{len(read_set(written(folder, 'pairs.csv', data)).samples)} samples"


def mutated_mask(draw: Random) -> bytes:
    return mutated_photo(draw)


def read_mask(data: bytes, folder: Path) -> str:
    path = written(folder, "mask.png", data)
    try:
        shape = stored_shape(path)
    except PhotoError:
        shape = None
    return f"mask {'' if load_mask(path, shape).ndim == 2 else 'of another shape'}"


def read_instances(data: bytes, folder: Path) -> str:
    return f"map of {read_map(written(folder, 'map.png', data)).dtype}"


def read_licences(data: bytes, folder: Path) -> str:
    written(folder, "core.csv", data)
    return "terms" if find_terms(folder / "photo.jpg").licence else "no terms"


def _row(status: str, path: str) -> dict[str, object]:
    return blank_row(path, METHODS) | {"status": status, "error": "it broke" if status == "failed" else None}


def mutated_journal(draw: Random) -> bytes:
    """Make the rows and the settings of a scan, one behind the other."""
    rows = [mutated_json(_row(status, f"{status}.jpg"), draw) for status in ("done", "failed", "not applicable")]
    settings = mutated_json(SETTINGS, draw) if draw.random() < 0.4 else json.dumps(SETTINGS).encode()
    return settings.replace(b"\n", b" ") + b"\n" + b"\n".join(rows) + b"\n" * draw.randrange(2)


def read_journal(data: bytes, folder: Path) -> str:
    settings, _, rows = data.partition(b"\n")
    written(folder, "scan.json", settings)
    written(folder, "rows.jsonl", rows)
    with Journal(folder, SETTINGS) as journal:
        found = len(journal.finished())
        assert "never.jpg" not in journal.finished()
        journal.drop("failed")
        write_table(ScanSummary().count(journal.rows_by_path()), folder / "out.parquet", SETTINGS)
    return f"{found} rows"


@cache
def table() -> bytes:
    buffer = io.BytesIO()
    write_rows([_row("done", f"{i}.jpg") for i in range(20)], buffer, SETTINGS)
    return buffer.getvalue()


def mutated_parquet(draw: Random) -> bytes:
    from fuzzing.byte_mutations import MUTATIONS

    data = table()
    for _ in range(draw.choice((1, 1, 3))):
        data = draw.choice(MUTATIONS)(data, draw)
    return data


def read_parquet(data: bytes, folder: Path) -> str:
    path = written(folder, "out.parquet", data)
    read_settings(path, str(path))
    return f"{sum(1 for _ in read_table_rows(path))} rows"


def mutated_rows(draw: Random) -> bytes:
    packed = pack(Counts.empty())
    rows = [Row("k", "a.jpg", "splice", "", "noise-level", "judged", height=8, width=8, length=len(packed))]
    return b"".join(mutated_json(json.loads(row_to_json(row)), draw) + b"\n" for row in rows * 2)


def read_evaluation(data: bytes, folder: Path) -> str:
    written(folder, "rows.jsonl", data)
    packed = pack(Counts.empty())
    written(folder, "counts.bin", packed if len(data) % 2 else packed[:-20] + bytes(20))
    store = RowStore(folder)
    store.counts_of(store.finished.values())
    return f"{len(store.finished)} rows"


def mutated_metrics(draw: Random) -> bytes:
    return b"".join(mutated_json({"step": step, "event": "loss", "loss": 0.5}, draw) + b"\n" for step in range(3))


def read_metrics(data: bytes, folder: Path) -> str:
    from unseam.training.metrics_log import cut_back

    metrics = written(folder, "metrics.jsonl", data)
    cut_back(metrics, 1)
    return f"{len(metrics.read_bytes().splitlines())} lines"


def mutated_report(draw: Random) -> bytes:
    return mutated_json({"layout": 1, "file": "photo.jpg", "sha256": "ab" * 32, "methods": [{"name": "a"}]}, draw)


def find_folder(data: bytes, folder: Path) -> str:
    (folder / "photo").mkdir()
    written(folder, "photo/report.json", data)
    found = folder_for(PhotoPath(folder / "photo.jpg", Path("photo")), folder, "ab" * 32)
    return "the same folder" if found.name == "photo" else "another folder"


TARGETS = (
    Target("recipe", mutated_recipe, read_recipe, (RecipeError,), 8),
    Target("terms", mutated_terms, read_terms, (RecipeError,), 2),
    Target("manifest", mutated_manifest, read_manifest, (DataError, PhotoError), 6),
    Target("pairs", lambda draw: mutated_table(PAIRS, draw), read_pairs, (DataError, PhotoError), 3),
    Target("mask", mutated_mask, read_mask, (DataError,), 8),
    Target(
        "instance-map", lambda draw: mutated_photo(draw, "PNG", "PNG", "TIFF", "GIF"), read_instances, (DataError,), 3
    ),
    Target("licences", lambda draw: mutated_table(LICENCES, draw), read_licences, (), 2),
    Target("journal", mutated_journal, read_journal, (DataError,), 5),
    Target("scan-table", mutated_parquet, read_parquet, (DataError,), 4),
    Target("evaluation-rows", mutated_rows, read_evaluation, (DataError,), 3),
    Target("metrics", mutated_metrics, read_metrics, (RunError,), 1),
    Target("earlier-report", mutated_report, find_folder, (), 2),
)

"""Adapters on the real files of public sets, laid out as published; only where the files are there."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.places import SHARED
from unseam.datasets import ADAPTERS
from unseam.datasets.sample import SampleSet

REAL = SHARED / "forgeries"


def real(name: str) -> tuple[Path, list[dict[str, str]]]:
    if not (REAL / name).is_dir():
        pytest.skip(f"the optional data set {name} is not there")
    with (REAL / name / "index.csv").open(newline="", encoding="utf-8") as file:
        return REAL / name, list(csv.DictReader(file))


def linked(root: Path, links: Mapping[str, Path]) -> str:
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    return str(root)


def partition(pairs: Mapping[str, str]) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for photo, group in pairs.items():
        groups.setdefault(group, set()).add(photo)
    return {frozenset(photos) for photos in groups.values()}


def shares(found: SampleSet) -> dict[str, float]:
    return {Path(name).stem: round(share, 4) for name, share in found.shares.items()}


def test_casia1_gives_kinds_groups_and_shares_of_the_index(tmp_path: Path) -> None:
    source, rows = real("casia1_dev")
    links = {f"Au/{path.name}": path for path in (source / "authentic").iterdir()}
    links |= {f"Tp/{path.name}": path for path in (source / "images").iterdir()}
    links |= {f"CASIA 1.0 groundtruth/{path.stem}_gt.png": path for path in (source / "masks").iterdir()}
    found = ADAPTERS["casia1"](linked(tmp_path, links))
    forged = [sample for sample in found.samples if sample.mask]
    assert found.exclusions == ()
    assert len(found.samples) == 658
    assert {sample.photo.stem: sample.kind for sample in forged} == {
        row["name"]: row["kind"].replace("copymove", "copy-move") for row in rows
    }
    assert shares(found) == {row["name"]: float(row["mask_fraction"]) for row in rows}
    own = {sample.photo.stem: sample.group for sample in forged}
    # Two photographs look alike, which no name tells: the index holds them together.
    own["Sp_S_NNN_A_nat0011_nat0011_0206"] = own["Sp_D_NRN_R_nat0013_nat0012_0572"]
    assert partition(own) == partition({row["name"]: row["component"] for row in rows})
    assert not found.looks_inverted


def test_comofod_is_found_by_its_published_names(tmp_path: Path) -> None:
    source, rows = real("comofod")
    links = {f"{path.stem}_F.png": path for path in (source / "images").iterdir()}
    links |= {f"{path.stem}_B.png": path for path in (source / "masks").iterdir()}
    found = ADAPTERS["comofod"](linked(tmp_path, links))
    assert found.exclusions == ()
    assert shares(found) == {f"{row['name']}_F": float(row["mask_fraction"]) for row in rows}


@pytest.mark.parametrize(("masks", "column"), [("gt", "mask_fraction"), ("target", "target_mask_fraction")])
def test_cvip_is_found_by_its_published_names(tmp_path: Path, masks: str, column: str) -> None:
    source, rows = real("cvip_d12")
    forgery = {row["name"]: f"out_{row['transform'].replace('p', '.')}_{row['scene']}" for row in rows}
    links = {
        f"D1-2/{row['scene']}/{forgery[row['name']]}{ending}.png": source / folder / f"{row['name']}.png"
        for row in rows
        for folder, ending in (("images", ""), ("masks", "_gt"), ("masks_target", "_target"))
    }
    found = ADAPTERS["cvip"](linked(tmp_path, links), masks=masks)
    assert shares(found) == {forgery[row["name"]]: float(row[column]) for row in rows}
    assert found.exclusion_counts() == {"mask of another kind than the chosen one": len(rows)}
    assert len({sample.group for sample in found.samples}) == len(rows)


def test_misd_is_found_by_its_published_names(tmp_path: Path) -> None:
    source, rows = real("misd_dev")
    links = {}
    for row in rows:
        name = Path(row["original_image_name"]).stem
        links[f"Ground Truth Masks/{name}/images/{name}.jpg"] = source / "images" / f"{row['id']}.jpg"
        links[f"Ground Truth Masks/{name}/masks/all.png"] = source / "masks" / f"{row['id']}.png"
        links[f"Sp/{name}.jpg"] = source / "images" / f"{row['id']}.jpg"
    beside = ADAPTERS["misd"](linked(tmp_path, links))
    assert sorted(shares(beside).values()) == sorted(float(row["mask_fraction"]) for row in rows)
    assert list(beside.exclusion_counts().values()) == [len(rows)]
    assert [s.group for s in ADAPTERS["misd"](str(tmp_path), masks="sp").samples]
    together = {sample.photo.stem: sample.group for sample in beside.samples}
    first, second = "Sp_D_ani_0018_ani_0051_ani_0050_262", "Sp_D_ani_30459_ani_30402_ani_30413_ani_30405_26"
    assert together[first] != together[second]

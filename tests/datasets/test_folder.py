import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.places import SHARED
from unseam.datasets import ADAPTERS
from unseam.datasets.folder import folder
from unseam.errors import DataError

REAL = SHARED / "forgeries"


def photo(path: Path, size: tuple[int, int] = (20, 16)) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.new("RGB", size, (90, 120, 30)).save(path)


def mask(path: Path, size: tuple[int, int] = (20, 16), white: int = 255) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    values = np.zeros(size[::-1], np.uint8)
    values[2:6, 3:9] = white
    Image.fromarray(values).save(path)


def table(path: Path, rows: Iterable[dict[str, str]]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.png", "c.tif"):
        photo(tmp_path / "images" / name)
        mask(tmp_path / "masks" / f"{name[0]}.png")
    return tmp_path


def test_photos_are_paired_with_their_masks(pairs: Path) -> None:
    found = folder(pairs)
    assert [sample.name for sample in found.samples] == ["images/a.jpg", "images/b.png", "images/c.tif"]
    assert [sample.mask for sample in found.samples] == [pairs / "masks" / f"{stem}.png" for stem in "abc"]
    assert found.exclusions == ()


def test_index_gives_kind_and_group_and_the_group_of_authentic_hosts(pairs: Path) -> None:
    photo(pairs / "authentic" / "host.jpg")
    photo(pairs / "authentic" / "other.jpg")
    rows = [{"name": "a", "kind": "splice", "component": "7", "authentic_file": "host.jpg"}]
    table(pairs / "index.csv", rows)
    by_name = {sample.name: sample for sample in folder(pairs).samples}
    assert (by_name["images/a.jpg"].kind, by_name["images/a.jpg"].group) == ("splice", "7")
    assert (by_name["images/b.png"].kind, by_name["images/b.png"].group) == ("manipulated", "images/b.png")
    host, other = by_name["authentic/host.jpg"], by_name["authentic/other.jpg"]
    assert (host.mask, host.kind, host.group) == (None, "authentic", "7")
    assert other.group == "authentic/other.jpg"


def test_another_folder_of_masks_can_be_named(pairs: Path) -> None:
    for stem in "ab":
        mask(pairs / "masks_target" / f"{stem}.png")
    found = folder(pairs, masks="masks_target")
    assert {sample.mask.parent.name for sample in found.samples if sample.mask} == {"masks_target"}
    assert found.exclusion_counts() == {"photo without a mask": 1}


def test_every_broken_pair_is_listed_with_its_reason(pairs: Path) -> None:
    photo(pairs / "images" / "lonely.jpg")
    mask(pairs / "masks" / "widow.png")
    photo(pairs / "images" / "a.png")
    mask(pairs / "masks" / "b.png", size=(16, 20))
    photo(pairs / "images" / "empty.png")
    mask(pairs / "masks" / "empty.png", white=0)
    (pairs / "images" / "text.jpg").write_text("no image")
    mask(pairs / "masks" / "text.png")
    table(pairs / "index.csv", [{"name": "gone", "kind": "splice"}])
    found = folder(pairs)
    assert [sample.name for sample in found.samples] == ["images/c.tif"]
    reasons = {exclusion.path.relative_to(pairs).as_posix(): exclusion.reason for exclusion in found.exclusions}
    two = "two candidates of one name"
    assert reasons == {
        "images/a.jpg": two,
        "images/a.png": two,
        "images/b.png": "mask of 16 x 20 pixels for a photo of 20 x 16 pixels",
        "images/empty.png": "mask that marks nothing",
        "images/gone": "named in index.csv, but there is no such photo",
        "images/lonely.jpg": "photo without a mask",
        "images/text.jpg": "photo that cannot be read",
        "masks/widow.png": "mask without a photo",
        "masks/a.png": two,
    }


@pytest.fixture
def forged(pairs: Path) -> Path:
    photo(pairs / "images" / "d.jpg")
    rows = [("a.jpg", "a", "train"), ("b.png", "b", "test"), ("d.jpg", "", "test")]
    table(
        pairs / "manifest.csv",
        [
            {
                "file": f"images/{file}",
                "mask": f"masks/{stem}.png" if stem else "",
                "split": split,
                "kind": "splice" if stem else "authentic",
                "host": "h.jpg",
                "donor": "",
            }
            for file, stem, split in rows
        ],
    )
    return pairs


def test_manifest_decides_and_a_split_can_be_chosen(forged: Path) -> None:
    everything, test = folder(forged), folder(forged, split="test")
    assert [sample.split for sample in everything.samples] == ["train", "test", "test"]
    assert [(s.name, s.kind, s.group) for s in test.samples] == [
        ("images/b.png", "splice", "h.jpg"),
        ("images/d.jpg", "authentic", "h.jpg"),
    ]
    assert everything.exclusion_counts() == {"not named in manifest.csv": 2}


def test_hosts_of_one_name_are_told_apart_by_their_digest(forged: Path) -> None:
    path = forged / "manifest.csv"
    header, *rows = path.read_text().splitlines()
    digests = ("aa", "bb", "aa")
    rows = [f"{row},{digest}" for row, digest in zip(rows, digests, strict=True)]
    path.write_text("\n".join([f"{header},host_sha256", *rows]))
    assert [sample.group for sample in folder(forged).samples] == list(digests)


def test_manifest_that_names_missing_files_lists_them(forged: Path) -> None:
    (forged / "images" / "a.jpg").unlink()
    (forged / "masks" / "b.png").unlink()
    reasons = {exclusion.path.name: exclusion.reason for exclusion in folder(forged).exclusions}
    assert reasons["a.jpg"] == "photo that cannot be read"
    assert reasons["b.png"].startswith("mask that cannot be read")


def test_manifest_whose_kind_contradicts_its_mask_is_not_believed(forged: Path) -> None:
    path = forged / "manifest.csv"
    path.write_text(path.read_text().replace("authentic", "splice"))
    reasons = {exclusion.path.name: exclusion.reason for exclusion in folder(forged).exclusions}
    assert reasons["d.jpg"] == "kind splice without a mask"


def test_unknown_split_is_an_error_that_names_those_there(forged: Path) -> None:
    with pytest.raises(DataError, match="there are test, train"):
        folder(forged, split="tset")


def test_split_without_a_manifest_is_an_error(pairs: Path) -> None:
    with pytest.raises(DataError, match=r"no manifest\.csv"):
        folder(pairs, split="test")


def test_folder_of_another_layout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder images/"):
        folder(tmp_path)
    photo(tmp_path / "images" / "a.png")
    with pytest.raises(DataError, match="no folder masks/"):
        folder(tmp_path)
    (tmp_path / "masks").mkdir()
    with pytest.raises(DataError, match="not one usable photo"):
        folder(tmp_path)


def test_an_index_may_name_photos_by_their_paths(pairs: Path) -> None:
    table(pairs / "index.csv", [{"image": "images/c.tif", "mask": "masks/c.png", "kind": "splice"}])
    kinds = {sample.name: sample.kind for sample in folder(pairs).samples}
    assert kinds["images/c.tif"] == "splice"


def test_index_without_names_is_an_error(pairs: Path) -> None:
    table(pairs / "index.csv", [{"file": "a"}])
    with pytest.raises(DataError, match="name or id or image"):
        folder(pairs)


@pytest.mark.parametrize(
    ("name", "masks", "forgeries", "authentic"),
    [
        ("casia1_dev", "masks", 458, 200),
        ("misd_dev", "masks", 80, 0),
        ("comofod", "masks_target", 25, 0),
        ("cvip_d12", "masks", 10, 0),
    ],
)
def test_public_sets_pair_completely(name: str, masks: str, forgeries: int, authentic: int) -> None:
    if not (REAL / name).is_dir():
        pytest.skip(f"the optional data set {name} is not there")
    found = ADAPTERS["folder"](str(REAL / name), masks=masks)
    assert found.exclusions == ()
    assert sum(sample.mask is None for sample in found.samples) == authentic
    assert len(found.samples) == forgeries + authentic


def test_any_two_folders_are_paired(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        photo(tmp_path / "photos" / name)
        mask(tmp_path / "elsewhere" / "truth" / f"{name[0]}.png")
    for masks in (str(tmp_path / "elsewhere" / "truth"), "../elsewhere/truth"):
        found = folder(tmp_path / "photos", masks=masks)
        assert [sample.name for sample in found.samples] == ["a.jpg", "b.png"]
        assert found.exclusions == ()


def test_a_mask_may_be_called_after_its_photo_with_an_ending(pairs: Path) -> None:
    for stem, ending in (("d", "_mask"), ("e", "-gt"), ("f", ".mask")):
        photo(pairs / "images" / f"{stem}.png")
        mask(pairs / "masks" / f"{stem}{ending}.png")
    photo(pairs / "images" / "g_mask.png")
    mask(pairs / "masks" / "g_mask.png")
    found = folder(pairs)
    assert len(found.samples) == 7
    assert found.exclusions == ()


def test_a_table_of_pairs_gives_photos_masks_and_what_else_is_known(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        photo(tmp_path / "x" / f"{name}.png")
    mask(tmp_path / "y" / "1.png")
    Image.fromarray(255 - np.asarray(Image.open(tmp_path / "y" / "1.png"))).save(tmp_path / "y" / "2.png")
    rows = [
        {"photo": "x/a.png", "mask": "y/1.png", "kind": "splice", "group": "g", "split": "test", "reading": ""},
        {"photo": "x/b.png", "mask": "y/2.png", "kind": "", "group": "", "split": "train", "reading": "black"},
        {"photo": "x/c.png", "mask": "", "kind": "", "group": "g", "split": "test", "reading": ""},
        {"photo": "x/gone.png", "mask": "y/1.png", "kind": "", "group": "", "split": "test", "reading": ""},
        {"photo": "x/a.png", "mask": "y/2.png", "kind": "", "group": "", "split": "test", "reading": ""},
    ]
    table(tmp_path / "pairs.csv", rows)
    found = folder(tmp_path / "pairs.csv")
    assert [(s.name, s.kind, s.group, s.split) for s in found.samples] == [
        ("x/a.png", "splice", "g", "test"),
        ("x/b.png", "manipulated", "x/b.png", "train"),
        ("x/c.png", "authentic", "g", "test"),
    ]
    truths = [sample.truth((16, 20)) for sample in found.samples]
    assert np.array_equal(truths[0], truths[1])
    assert {(e.path.name, e.reason) for e in found.exclusions} == {
        ("gone.png", "photo that cannot be read"),
        ("a.png", "two candidates of one name"),
    }
    assert [sample.name for sample in folder(tmp_path / "pairs.csv", split="train").samples] == ["x/b.png"]


def test_a_table_that_is_none_or_lacks_its_columns_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("image,truth\na,b\n")
    with pytest.raises(DataError, match="columns photo, mask"):
        folder(tmp_path / "pairs.csv")
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff\x00")
    with pytest.raises(DataError, match="no CSV file"):
        folder(tmp_path / "picture.csv")
    table(tmp_path / "pairs.csv", [{"photo": "a", "mask": "b", "reading": "purple"}])
    with pytest.raises(DataError, match="white, black, any but black"):
        folder(tmp_path / "pairs.csv")


def test_share_of_every_truth_is_kept(pairs: Path) -> None:
    assert folder(pairs).shares == dict.fromkeys(("images/a.jpg", "images/b.png", "images/c.tif"), 24 / 320)


@pytest.mark.parametrize("name", ["\u202e.jpg", "n" * 5000 + ".jpg"])
def test_an_error_shows_odd_names_of_a_table_in_short_and_in_print(tmp_path: Path, name: str) -> None:
    (tmp_path / "pairs.csv").write_text(f"photo,mask\n{name},\n", encoding="utf-8")
    with pytest.raises(DataError, match="not one usable photo") as told:
        folder(tmp_path / "pairs.csv")
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 600

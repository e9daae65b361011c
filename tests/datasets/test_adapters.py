"""Every adapter against its data set in miniature: what it finds, and that nothing is dropped in silence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.dataset_layouts import LAYOUTS, REGION, SIZE, Layout, white
from unseam.datasets import ADAPTERS
from unseam.datasets.about import about
from unseam.datasets.sample import SampleSet
from unseam.errors import DataError

PUBLIC = sorted(set(ADAPTERS) - {"folder"})
WITH_PARTS = [name for name in PUBLIC if any(expected.split for expected in LAYOUTS[name].samples.values())]
WITH_CHOICE = [(name, masks) for name in PUBLIC for masks in LAYOUTS[name].other_masks]


@pytest.fixture(params=PUBLIC)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def layout(name: str) -> Layout:
    return LAYOUTS[name]


@pytest.fixture
def root(layout: Layout, tmp_path: Path) -> Path:
    return layout.build(tmp_path / "set")


def reported(found: SampleSet, root: Path) -> list[str]:
    """Every photo, mask and exclusion, each as often as it is reported; a mask that several photos share once."""
    masks = {mask for sample in found.samples for mask in sample.masks}
    masks |= {mask for exclusion in found.exclusions for mask in exclusion.masks}
    paths = [sample.photo for sample in found.samples] + [exclusion.path for exclusion in found.exclusions]
    return [path.relative_to(root).as_posix() for path in (*paths, *sorted(masks))]


def reasons(found: SampleSet, root: Path) -> dict[str, str]:
    return {exclusion.path.relative_to(root).as_posix(): exclusion.reason for exclusion in found.exclusions}


def a_pair(layout: Layout) -> tuple[str, str]:
    """A forgery whose mask no other one shares."""
    masks = [mask for expected in layout.samples.values() for mask in expected.masks]
    for photo, expected in layout.samples.items():
        if len(expected.masks) == 1 and masks.count(expected.masks[0]) == 1:
            return photo, expected.masks[0]
    raise AssertionError("the layout needs a pair of its own")


def test_every_adapter_has_a_miniature() -> None:
    assert sorted(LAYOUTS) == PUBLIC


def test_photos_are_found_with_their_kind_group_split_and_masks(name: str, layout: Layout, root: Path) -> None:
    found = {
        sample.name: (
            sample.kind,
            sample.group,
            tuple(mask.relative_to(root).as_posix() for mask in sample.masks),
            sample.split,
        )
        for sample in ADAPTERS[name](str(root)).samples
    }
    assert found == {photo: (e.kind, e.group, e.masks, e.split) for photo, e in layout.samples.items()}


def test_the_truth_is_the_forged_region_whatever_the_masks_look_like(name: str, root: Path) -> None:
    for sample in ADAPTERS[name](str(root)).samples:
        truth = sample.truth(SIZE[::-1])
        inside, outside = truth[REGION], truth.copy()
        outside[REGION] = False
        assert inside.mean() > 0.9 or sample.mask is None, sample.name
        assert outside.mean() < 0.1 or sample.more_masks, sample.name


def test_what_is_left_out_is_listed_with_its_reason(name: str, layout: Layout, root: Path) -> None:
    found = reasons(ADAPTERS[name](str(root)), root)
    assert found.keys() == layout.left_out.keys()
    wrong = {path: found[path] for path, part in layout.left_out.items() if part not in found[path]}
    assert not wrong


def test_every_file_is_photo_or_mask_or_exclusion_and_only_one_of_them(name: str, root: Path) -> None:
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    told = reported(ADAPTERS[name](str(root)), root)
    assert len(told) == len(set(told))
    assert files <= set(told)
    assert all((root / path).exists() for path in told) or name == "nc2016"  # its table names a photo that is not there


def _remove(path: Path) -> None:
    path.unlink()


def _enlarge(path: Path) -> None:
    white(path, size=(SIZE[0] + 1, SIZE[1]))


def _blank(path: Path) -> None:
    with Image.open(path) as image:
        mode = "RGB" if image.mode == "RGB" else "L"
    Image.new(mode, SIZE).save(path)


def _fill(path: Path) -> None:
    Image.new("RGB", SIZE, (0, 255, 0) if "edgemask" in path.name else "white").save(path)


def _damage(path: Path) -> None:
    path.write_bytes(b"no picture")


@pytest.mark.parametrize(
    ("broken", "how", "expected"),
    [
        ("mask", _remove, ("photo without a mask",)),
        ("photo", _remove, ("mask without a photo", "there is no such photo")),
        ("mask", _enlarge, ("mask of 41 x 32 pixels for a photo of 40 x 32 pixels", "mask without colour")),
        ("mask", _blank, ("marks nothing", "marks the whole photo")),
        ("mask", _fill, ("marks nothing", "marks the whole photo")),
        ("mask", _damage, ("mask that cannot be read",)),
        ("photo", _damage, ("photo that cannot be read",)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_pair_is_left_out_with_its_reason_and_no_other(
    name: str, layout: Layout, root: Path, broken: str, how: Callable[[Path], None], expected: tuple[str, ...]
) -> None:
    photo, mask = a_pair(layout)
    before = {sample.name for sample in ADAPTERS[name](str(root)).samples}
    how(root / (mask if broken == "mask" else photo))
    found = ADAPTERS[name](str(root))
    assert before - {sample.name for sample in found.samples} == {photo}
    why = {path: reason for path, reason in reasons(found, root).items() if path in (photo, mask)}
    assert why
    assert all(any(part in reason for part in expected) for reason in why.values()), why
    left = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert left <= set(reported(found, root))


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - {"nc2016", "misd"}))  # there a table or a folder decides
def test_two_files_for_one_place_are_both_left_out(name: str, tmp_path: Path) -> None:
    root = LAYOUTS[name].build(tmp_path)
    photo, _ = a_pair(LAYOUTS[name])
    twin = (root / photo).with_suffix(".webp")
    with Image.open(root / photo) as image:
        image.save(twin)
    found = ADAPTERS[name](str(root))
    why = reasons(found, root)
    assert why[photo] == why[twin.relative_to(root).as_posix()] == "two candidates of one name"
    assert photo not in {sample.name for sample in found.samples}


@pytest.mark.parametrize(("name", "masks"), WITH_CHOICE)
def test_another_of_several_masks_can_be_chosen(name: str, masks: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    root = layout.build(tmp_path)
    first, other = ADAPTERS[name](str(root)), ADAPTERS[name](str(root), masks=masks)
    wanted = (root / layout.other_masks[masks]).relative_to(root).as_posix()
    chosen = [sample for sample in other.samples if wanted in [m.relative_to(root).as_posix() for m in sample.masks]]
    assert len(chosen) >= 1
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert files <= set(reported(other, root))
    assert masks in about(ADAPTERS[name]).masks
    truths = {sample.name: sample.truth(SIZE[::-1]) for sample in first.samples if sample.mask}
    same = [np.array_equal(truths[s.name], s.truth(SIZE[::-1])) for s in chosen if s.name in truths]
    if name not in ("nc2016", "misd", "comofod"):  # there the masks differ in where they lie, or in colour
        assert not all(same)


def test_unknown_masks_and_parts_are_errors_that_name_those_there(name: str, root: Path) -> None:
    with pytest.raises(DataError, match="no masks 'nose'; this data set has "):
        ADAPTERS[name](str(root), masks="nose")
    with pytest.raises(DataError, match="no split 'nose'; there are "):
        ADAPTERS[name](str(root), split="nose")


@pytest.mark.parametrize("name", WITH_PARTS)
def test_one_part_can_be_chosen_and_what_belongs_to_all_stays(name: str, tmp_path: Path) -> None:
    layout, root = LAYOUTS[name], LAYOUTS[name].build(tmp_path)
    for part in {expected.split for expected in layout.samples.values()} - {""}:
        found = ADAPTERS[name](str(root), split=part)
        names = {photo for photo, expected in layout.samples.items() if expected.split in ("", part)}
        assert {sample.name for sample in found.samples} == names
        assert part in about(ADAPTERS[name]).splits or name in ("comofod", "cvip")


def test_another_folder_is_an_error_that_says_what_was_expected(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected"):
        ADAPTERS[name](str(tmp_path / "missing"))
    Image.new("RGB", SIZE).save(tmp_path / "holiday.jpg")
    with pytest.raises(DataError, match="expected"):
        ADAPTERS[name](str(tmp_path))


@pytest.mark.parametrize("name", list(ADAPTERS))
def test_every_adapter_says_what_it_is_on_what_terms_and_how_the_folder_looks(name: str) -> None:
    known = about(ADAPTERS[name])
    assert known.what.endswith(".")
    for text in (known.licence, known.citation, known.where, known.masks):
        assert len(text) > 3
    assert "├──" in known.layout
    assert "doi:10." in known.citation or "no DOI" in known.citation or name == "folder"
    assert "http" in known.where or name == "folder"

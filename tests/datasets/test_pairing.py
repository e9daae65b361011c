import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unseam.datasets.pairing import Draft, components, keyed
from unseam.datasets.sample import AUTHENTIC
from unseam.errors import DataError

SOURCES = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=12)


@given(SOURCES)
def test_photos_that_share_a_source_share_a_group(sources: list[list[str]]) -> None:
    groups = components(sources)
    for names, group in zip(sources, groups, strict=True):
        for others, another in zip(sources, groups, strict=True):
            assert group == another or not set(names) & set(others)


@given(SOURCES)
def test_groups_are_no_larger_than_the_chain_of_shared_sources(sources: list[list[str]]) -> None:
    groups = components(sources)
    for group in set(groups):
        inside = [set(names) for names, own in zip(sources, groups, strict=True) if own == group]
        reached = inside[0]
        for _ in inside:
            reached = reached.union(*(names for names in inside if names & reached))
        assert all(names <= reached for names in inside)
        assert group == min(reached)


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)
    return path


def test_folders_are_told_by_the_end_of_their_path_in_any_case(tmp_path: Path) -> None:
    inside = picture(tmp_path / "COVERAGE" / "Image" / "1.tif")
    deep = picture(tmp_path / "a" / "4cam_splc" / "edgemask" / "m.jpg")
    picture(tmp_path / "images" / "1.tif")
    draft = Draft(tmp_path, "image/")
    assert draft.pictures("image") == [inside]
    assert draft.pictures("4cam_splc/edgemask") == [deep]
    assert len(draft.pictures()) == 3
    assert Draft(inside.parent, "image/").pictures("image") == [inside]


def test_hidden_files_are_not_looked_at(tmp_path: Path) -> None:
    seen = picture(tmp_path / "a.png")
    picture(tmp_path / ".b.png")
    picture(tmp_path / ".git" / "c.png")
    assert Draft(tmp_path, "images").pictures() == [seen]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "image").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "set")
    assert Draft(tmp_path / "set", "images").pictures() == [tmp_path / "set" / "image" / "a.png"]


def test_names_are_keyed_by_their_groups_in_any_case(tmp_path: Path) -> None:
    paths = [Path("IM1_a.png"), Path("im1_B.png"), Path("im2.png"), Path("other.png")]
    assert keyed(r"im(\d+)(?:_(\w))?", paths) == {"1/a": [paths[0]], "1/b": [paths[1]], "2": [paths[2]]}


def test_a_picture_that_was_claimed_is_not_offered_again(tmp_path: Path) -> None:
    first, second = picture(tmp_path / "a.png"), picture(tmp_path / "b.png")
    draft = Draft(tmp_path, "pictures")
    draft.add(first, kind=AUTHENTIC, sources=[])
    assert draft.pictures() == [second]
    found = draft.proven()
    assert [(sample.name, sample.group) for sample in found.samples] == [("a.png", "a.png")]
    assert found.exclusion_counts() == {"picture that the data set's layout has no place for": 1}


def test_versions_may_share_a_mask_but_not_a_name(tmp_path: Path) -> None:
    photos = [picture(tmp_path / name) for name in ("a_1.png", "a_2.png", "a_2.tif", "b_1.png", "b_1.tif")]
    masks = {"a": [picture(tmp_path / "a.png")], "b": [picture(tmp_path / "b.png")]}
    draft = Draft(tmp_path, "pictures")
    pairs = list(draft.pairs({"a": photos[:3], "b": photos[3:]}, masks, shared=True))
    assert pairs == [("a", photos[0], masks["a"][0])]
    assert draft.pictures() == [masks["a"][0], photos[0]]  # what is left to claim: no twin, and no mask of twins alone


def test_a_draft_of_a_missing_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder; expected image/"):
        Draft(tmp_path / "missing", "image/")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are not UTF-8")
def test_a_name_that_is_not_utf_8_and_a_loop_stop_nothing(tmp_path: Path) -> None:
    photo = picture(tmp_path / "x.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    draft = Draft(tmp_path, "images")

    assert draft.pictures() == [photo]
    draft.add(photo, kind="authentic", sources=["a"])
    (sample,) = draft.proven().samples
    assert sample.name == "caf\\xe9.png"

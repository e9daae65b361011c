from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.synthetic import SMALL
from unseam.errors import DataError
from unseam.forging import ForgeConfig
from unseam.forging.crops import TRACELESS_REDUCTION
from unseam.forging.plan import Plan
from unseam.forging.planner import Planner
from unseam.forging.sources import Source
from unseam.jpeg.quantization import CameraTables
from unseam.provenance.signatures import editor_tables

TABLES = CameraTables((7,) * 64, (9,) * 64, "4:2:2")


def photographs(*sizes: tuple[int, int], is_jpeg: bool = True) -> list[Source]:
    return [
        Source(
            Path(f"{i}.jpg"),
            f"{i}",
            "g",
            digest=f"{i}",
            original=f"{i}",
            height=height,
            width=width,
            is_jpeg=is_jpeg,
            tables=TABLES if is_jpeg else None,
        )
        for i, (height, width) in enumerate(sizes)
    ]


def plans(sources: list[Source], config: ForgeConfig, count: int = 200) -> list[Plan]:
    planner = Planner(sources, replace(config, object_share=0.0), 1)
    return [planner.plan(index) for index in range(count)]


def test_large_frames_have_2_to_12_megapixels_and_small_photographs_are_donors_only() -> None:
    sources = photographs((3000, 4000), (480, 640), (5000, 7000), (1500, 2000))
    made = plans(sources, ForgeConfig.large())
    assert {plan.host for plan in made} == {0, 2, 3}
    assert all(1.95 <= plan.crop.height * plan.crop.width / 1e6 <= 12 for plan in made)
    assert {plan.donor for plan in made} == {-1, 0, 1, 2, 3}
    assert all(0.001 <= plan.area <= 0.1 for plan in made if plan.kind != "authentic")


def test_large_frames_need_a_large_photograph() -> None:
    with pytest.raises(DataError, match=r"the largest of 2 photographs has 0.3 megapixels; expected at least 2"):
        Planner(photographs((480, 640), (480, 640)), ForgeConfig.large(), 1)


def test_crops_on_the_files_grid_start_at_multiples_of_16() -> None:
    config = replace(ForgeConfig.large(), aligned_share=1.0, native_share=1.0, host_history_share=0.0)
    for plan in plans(photographs((3000, 4000), (3333, 4444)), config):
        assert (plan.crop.top + plan.history.shift_row) % 16 == 0
        assert (plan.crop.left + plan.history.shift_column) % 16 == 0


def test_a_file_is_saved_with_its_hosts_own_tables_as_often_as_asked() -> None:
    config = replace(ForgeConfig(), host_tables_share=0.5, png_share=0.0, two_camera_share=0.0, tile_share=0.0)
    saved = [plan.finish.compression for plan in plans(photographs((900, 1200), (900, 1200)), config)]
    own = [compression for compression in saved if compression.name == "host"]
    assert 70 < len(own) < 130
    assert {compression.tables for compression in own} == {TABLES}
    assert {compression.subsampling for compression in own} == {"4:2:2"}


def test_editors_save_with_tables_of_their_own() -> None:
    config = replace(ForgeConfig(), editor_share=1.0, host_tables_share=0.0, png_share=0.0, two_camera_share=0.0)
    made = plans(photographs((900, 1200), (900, 1200)), replace(config, tile_share=0.0), 60)
    tables = {plan.finish.compression.tables for plan in made}
    known = {(luma, chroma) for _, luma, chroma in editor_tables()}
    assert len(tables) > 5
    assert all(one is not None and (one.luma, one.chroma) in known for one in tables)


def test_frames_with_tiles_are_mostly_saved_as_finely_as_phones_do() -> None:
    config = replace(ForgeConfig(), tile_share=1.0, two_camera_share=0.0, png_share=0.0, camera_share=0.0)
    made = plans(photographs((900, 1200), (900, 1200)), replace(config, editor_share=0.0, quality=(60, 70)))
    assert all(plan.tiles is not None for plan in made)
    fine = [plan.finish.compression.quality >= 90 for plan in made]
    assert 0.6 < sum(fine) / len(fine) < 0.8


def test_two_cameras_are_never_compressed_before_and_lose_the_traces_of_their_files() -> None:
    config = replace(SMALL, two_camera_share=1.0, laundered_share=0.0, splice=1.0, authentic=0.2)
    made = plans(photographs((900, 1200), (240, 320), (1100, 900)), config)
    assert {plan.host for plan in made} == {0, 2}
    for plan in made:
        assert plan.two_cameras
        assert plan.crop.reduction >= TRACELESS_REDUCTION[0]
        assert plan.history.compression.lossless
        assert plan.donor_history.compression.lossless
        assert plan.tiles is None
        assert plan.finish.saved.lossless
        if plan.kind == "splice":
            assert plan.donor in (0, 2)
            assert plan.donor_reduction >= TRACELESS_REDUCTION[0]
            assert 0.25 <= plan.area <= 0.5
    assert {plan.kind for plan in made} == {"splice", "copy-move", "removal", "authentic"}


def test_lossless_photographs_serve_two_cameras_at_their_own_size() -> None:
    config = replace(SMALL, two_camera_share=1.0, native_share=1.0)
    made = plans(photographs((300, 300), (300, 300), is_jpeg=False), config, 20)
    assert all(plan.two_cameras for plan in made)


def test_crops_of_one_file_are_never_host_and_donor_of_one_another() -> None:
    sources = [replace(source, original="same") for source in photographs((500, 500), (500, 500))]
    assert {plan.kind for plan in plans(sources, SMALL)} == {"copy-move", "removal", "authentic"}


def test_a_frame_that_is_laundered_is_cropped_larger() -> None:
    config = replace(SMALL, laundered_share=1.0, native_share=1.0)
    for plan in plans(photographs((3000, 4000), (3000, 4000)), config):
        scale = 1.0
        for copy in plan.finish.copies:
            scale *= copy.scale
        assert 158 <= plan.crop.height * scale <= 226

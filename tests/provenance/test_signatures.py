import json
from importlib.resources import files

import numpy as np
import pytest

from unseam.jpeg.quantization import STANDARD_CHROMA, STANDARD_LUMA, Table, ijg_table, nearest_quality
from unseam.provenance.signatures import SIGNATURES, Encoder, known_cameras, platforms, recognize, short_camera

TABLE = json.loads((files("unseam") / "assets" / SIGNATURES).read_text("utf-8"))


def turned(table: Table) -> Table:
    return tuple(np.reshape(table, (8, 8)).T.ravel().tolist())


def test_every_entry_names_where_it_was_read() -> None:
    assert set(TABLE) == {"scaled", "exact", "defaults", "platforms"}
    assert all(entry["source"] for entries in TABLE.values() for entry in entries)
    listed = json.loads((files("unseam") / "assets" / "camera-tables.json").read_text("utf-8"))
    assert all(entry["sources"] for entry in listed["sets"] + listed["not_for_forging"])


def test_the_standard_tables_are_known_with_the_program_whose_default_they_are() -> None:
    match = recognize(ijg_table(STANDARD_LUMA, 92), ijg_table(STANDARD_CHROMA, 92))
    assert match.encoder is Encoder.IJG
    assert (
        match.words == "as libjpeg and the many programs built on it write at quality 92 (the default of ImageMagick)"
    )


def test_luma_and_chroma_of_two_qualities_are_told_apart() -> None:
    match = recognize(ijg_table(STANDARD_LUMA, 90), ijg_table(STANDARD_CHROMA, 60))
    assert match.encoder is Encoder.IJG
    assert "at quality 90 (colour 60)" in match.words


def test_tables_of_mozjpeg_are_known_at_every_quality() -> None:
    base = tuple(TABLE["scaled"][0]["luma"])
    for quality in (10, 60, 75, 85):
        table = ijg_table(base, quality)
        match = recognize(table, table)
        assert (match.encoder, match.words) == (Encoder.MOZJPEG, f"as mozjpeg writes at quality {quality}")


def test_no_camera_has_the_tables_of_photoshop() -> None:
    for entry in TABLE["exact"]:
        luma, chroma = tuple(entry["luma"]), tuple(entry["chroma"])
        match = recognize(luma, chroma)
        assert match.encoder is Encoder.PHOTOSHOP
        assert entry["setting"] in match.words
        assert match.cameras == ()


def test_every_set_of_a_camera_is_known_by_its_cameras() -> None:
    for known in known_cameras():
        match = recognize(known.luma, known.chroma, known.subsampling)
        assert match.encoder in (Encoder.CAMERA, Encoder.IJG)
        assert set(known.cameras) <= set(match.cameras)
        assert not match.turned


def test_transposed_tables_of_a_camera_mean_a_turned_file() -> None:
    known = next(k for k in known_cameras() if recognize(turned(k.luma), turned(k.chroma)).turned and k.cameras)
    match = recognize(turned(known.luma), turned(known.chroma))
    assert match.encoder is Encoder.CAMERA
    assert "turned by 90 degrees without decoding" in match.words


def test_another_sampling_than_the_cameras_is_said() -> None:
    known = next(k for k in known_cameras() if recognize(k.luma, k.chroma, "4:1:1").encoder is Encoder.CAMERA)
    assert "another sampling of colour" in recognize(known.luma, known.chroma, "4:1:1").words


def test_tables_of_nobody_have_no_name() -> None:
    assert recognize((7,) * 64, (7,) * 64).words == "of no encoder that is known here"
    odd = tuple(step + (i == 9) for i, step in enumerate(ijg_table(STANDARD_LUMA, 80)))
    assert nearest_quality(odd) == 80
    assert "nearly those of libjpeg at quality 80" in recognize(odd, None).words


@pytest.mark.parametrize(
    ("exif", "name"),
    [("Canon Canon EOS 20D", "Canon EOS 20D"), ("SONY DSC-P52", "SONY DSC-P52"), ("NIKON", "NIKON")],
)
def test_a_camera_is_named_once(exif: str, name: str) -> None:
    assert short_camera(exif) == name


def test_platforms_have_sizes_and_sources() -> None:
    assert len(platforms()) >= 6
    assert all(platform.longest and platform.source for platform in platforms())

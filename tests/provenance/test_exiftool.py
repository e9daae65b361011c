"""What ExifTool reads of the same files; skipped where it is not installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from provenance.test_iptc import dataset, resource
from provenance.test_xmp import HISTORY, xmp_packet
from support.exif_blocks import block, jpeg, number, scene, segment, text
from support.places import SHARED
from unseam.photo.photo import load_photo
from unseam.provenance.facts import Facts, gather

EXIFTOOL = shutil.which("exiftool")
CAMERAS = SHARED / "photos" / "cameras" / "images"

pytestmark = pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")


def exiftool(path: Path) -> dict[str, object]:
    command = [str(EXIFTOOL), "-json", "-G1", "-a", str(path)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return dict(found)


def agree(facts: Facts, theirs: dict[str, object]) -> None:
    """Both say the same of what both read."""
    assert facts.exif is not None
    for ours, tag in (
        (facts.exif.make, "IFD0:Make"),
        (facts.exif.model, "IFD0:Model"),
        (facts.exif.software, "IFD0:Software"),
        (facts.exif.stated_width, "ExifIFD:ExifImageWidth"),
        (facts.exif.stated_height, "ExifIFD:ExifImageHeight"),
    ):
        expected = theirs.get(tag)
        if isinstance(expected, str):
            expected = " ".join(expected.split()) or None
        # JSON has no text "1.00": ExifTool writes what looks like a number as one
        assert str(ours or "").rstrip("0") == str(expected or "").rstrip("0"), tag
    for ours, tag in ((facts.exif.taken, "ExifIFD:DateTimeOriginal"), (facts.exif.changed, "IFD0:ModifyDate")):
        if isinstance(expected := theirs.get(tag), str) and expected[:4].isdigit() and expected[:4] != "0000":
            assert (ours or "").replace(":", "-")[:10] == expected.replace(":", "-")[:10], tag


def test_exif_xmp_and_iptc_read_as_exiftool_reads_them(tmp_path: Path) -> None:
    exif = block(
        {0x010F: text("Maker"), 0x0110: text("Model"), 0x0131: text("GIMP 2"), 0x0132: text("2024:05:06 07:08:09")},
        {0x9003: text("2024:05:05 07:08:09"), 0xA002: number(400), 0xA003: number(300)},
    )
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    packet = xmp_packet(HISTORY, xmp_CreatorTool="Tool 1", ext_DigitalSourceType=source)
    path = tmp_path / "rich.jpg"
    path.write_bytes(
        jpeg(
            scene(48, 64),
            segment(0xE1, b"Exif\0\0" + exif),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet),
            segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, dataset(65, b"Editor") + dataset(55, b"20240506"))),
        )
    )
    facts, theirs = gather(load_photo(path)), exiftool(path)
    agree(facts, theirs)
    assert facts.xmp is not None
    assert facts.xmp.creator_tool == theirs["XMP-xmp:CreatorTool"]
    assert [save.action for save in facts.xmp.history] == theirs["XMP-xmpMM:HistoryAction"]
    assert facts.xmp.digital_source_type == "digitalCapture"
    assert str(theirs["XMP-iptcExt:DigitalSourceType"]).endswith("digitalCapture")
    assert facts.iptc is not None
    assert facts.iptc.program == theirs["IPTC:OriginatingProgram"]


@pytest.mark.skipif(not CAMERAS.is_dir(), reason=f"no reference data in {CAMERAS}")
@pytest.mark.parametrize("path", sorted(CAMERAS.iterdir()) if CAMERAS.is_dir() else [], ids=lambda path: path.stem)
def test_cameras_read_as_exiftool_reads_them(path: Path) -> None:
    agree(gather(load_photo(path)), exiftool(path))

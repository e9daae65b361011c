import io
import json
import struct
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from provenance.test_iptc import dataset, resource
from provenance.test_xmp import HISTORY, xmp_packet
from support.exif_blocks import block, jpeg, number, scene, segment, text
from unseam.jpeg.quantization import ijg_table
from unseam.photo.photo import load_photo
from unseam.provenance import History, Provenance, provenance_document, read_provenance

SCENE = scene(96, 128)
TAKEN = "2024:05:06 07:08:09"
SIGNATURES = json.loads((files("unseam") / "assets" / "encoder-signatures.json").read_text("utf-8"))
PHOTOSHOP_12 = next(entry for entry in SIGNATURES["exact"] if entry["setting"] == "quality 12 of 12")
MOZJPEG = ijg_table(SIGNATURES["scaled"][0]["luma"], 80)
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def exif(
    software: str = "Ver1.0", changed: str = TAKEN, preview: bytes = b"", **details: tuple[int, int, bytes]
) -> bytes:
    main = {0x010F: text("Maker"), 0x0110: text("Maker C-100"), 0x0131: text(software), 0x0132: text(changed)}
    more = {0x9003: text(TAKEN), 0x829A: (5, 1, struct.pack("<II", 1, 100))}
    more |= {int(tag[1:], 16): value for tag, value in details.items()}
    return block(main, more, {2: number(1)}, preview)


def as_camera(data: bytes, *segments: bytes) -> bytes:
    """Lay a JPEG out as cameras do: no JFIF, EXIF first, both quantization tables in one segment."""
    start = data.index(b"\xff\xdb")
    first, second = data[start + 4 : start + 69], data[start + 73 : start + 138]
    return data[:2] + b"".join(segments) + segment(0xDB, first + second) + data[start + 138 :]


def camera(*segments: bytes, **options: object) -> bytes:
    block_ = options.pop("exif", None) or exif()
    return as_camera(jpeg(SCENE, **({"quality": 95} | options)), segment(0xE1, b"Exif\0\0" + bytes(block_)), *segments)  # type: ignore[call-overload]


def as_library(*segments: bytes) -> bytes:
    """Lay a JPEG out as libjpeg does: JFIF first."""
    data = jpeg(SCENE)
    end = 4 + int.from_bytes(data[4:6], "big") - 2 + 2
    return data[:end] + b"".join(segments) + data[end:]


def xmp_segment(packet: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def told(data: bytes) -> Provenance:
    provenance = read_provenance(load_photo(data))
    assert provenance is not None
    document = provenance_document(provenance)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    return provenance


def leads(provenance: Provenance, *, contradictions: bool = False) -> str:
    return " ".join(lead.text for lead in provenance.leads if lead.contradiction or not contradictions)


def png(pixels: np.ndarray = SCENE, **texts: str) -> bytes:
    info = PngInfo()
    for keyword, value in texts.items():
        info.add_text(keyword, value)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_a_file_as_a_camera_writes_it_is_a_camera_original() -> None:
    found = told(camera())
    assert found.history is History.CAMERA
    assert "EXIF names the Maker C-100, and nothing contradicts it" in found.summary
    assert not found.ai_made
    assert found.editor is None
    assert leads(found) == ""


def test_a_program_named_in_exif_xmp_or_iptc_is_the_editor() -> None:
    assert told(camera(exif=exif("Adobe Photoshop 25.0"))).editor == "Adobe Photoshop"
    found = told(camera(xmp_segment(xmp_packet(HISTORY))))
    assert (found.history, found.editor) == (History.EDITED, "Adobe Photoshop")
    assert found.summary == "Edited in Adobe Photoshop according to the file."
    assert "XMP lists 2 steps of work by Photoshop 1, Photoshop 2" in leads(found)
    iptc = segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, dataset(65, b"Photo Mechanic")))
    assert told(camera(iptc)).editor == "Photo Mechanic"
    assert told(jpeg(SCENE, segment(0xFE, b"Created with GIMP"))).editor == "GIMP"
    assert told(png(Software="Paint.NET 5")).editor == "Paint.NET"


def test_a_jpeg_without_camera_data_was_saved_again() -> None:
    found = told(jpeg(scene(120, 1600), quality=70))
    assert found.history is History.RESAVED
    assert "with the size and quality of Signal for Android or WhatsApp" in found.summary
    assert "as Signal for Android or WhatsApp deliver" in leads(found)


def test_the_mark_of_facebook_is_named() -> None:
    found = told(jpeg(SCENE, segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, dataset(40, b"FBMD01")))))
    assert found.history is History.RESAVED
    assert "Facebook" in found.summary


def test_prompts_and_source_types_mean_ai() -> None:
    found = told(png(parameters="a cat\nSteps: 20, Sampler: Euler, Seed: 1"))
    assert (found.history, found.ai_made, found.ai) == (History.AI, True, "all")
    assert "A trace of Stable Diffusion web UI" in leads(found)
    found = told(jpeg(SCENE, xmp_segment(xmp_packet(ext_DigitalSourceType=TRAINED))))
    assert found.summary == "AI-made according to the file: IPTC's digital source type in XMP says so."
    assert found.digital_source_type == "trainedAlgorithmicMedia"
    composite = TRAINED.replace("trained", "compositeWithTrained")
    found = told(jpeg(SCENE, xmp_segment(xmp_packet(ext_DigitalSourceType=composite))))
    assert (found.ai, found.summary.startswith("AI-made in part")) == ("part", True)


def test_screenshots_and_graphics_are_told_from_photographs() -> None:
    drawn = np.full((80, 90, 3), 255, np.uint8)
    drawn[20:40, 10:70] = 0
    assert told(png(drawn)).history is History.DRAWN
    assert told(png(Software="gnome-screenshot")).summary == "A screenshot, according to the file."
    comment = b"ASCII\0\0\0Screenshot"
    shot = block({0x010F: text("")}, {0x9286: (7, len(comment), comment)})
    assert told(jpeg(SCENE, segment(0xE1, b"Exif\0\0" + shot))).history is History.DRAWN
    assert told(png()).history is History.UNKNOWN


def test_an_unknown_program_makes_the_history_unknown() -> None:
    found = told(camera(exif=exif("Wonderful Images 3")))
    assert found.history is History.UNKNOWN
    assert "a program that is not known here, Wonderful Images 3" in found.summary


@pytest.mark.parametrize("software", ["Ver1.0", "C-100 v1.01", "G991BXXU5CVGB", "1.01+R", "16.1", "Maker firmware 2"])
def test_firmware_is_no_editor(software: str) -> None:
    assert told(camera(exif=exif(software))).history is History.CAMERA


def test_a_camera_and_the_layout_of_a_library_leave_the_history_unknown() -> None:
    found = told(as_library(segment(0xE1, b"Exif\0\0" + exif())))
    assert found.history is History.UNKNOWN
    assert "laid out as by libjpeg" in leads(found)
    assert leads(found, contradictions=True) == ""
    assert told(as_library(segment(0xE1, b"Exif\0\0" + exif("GIMP 2.10")))).history is History.EDITED


def test_a_camera_and_the_tables_of_an_editor_contradict_each_other() -> None:
    luma, chroma = (PHOTOSHOP_12[key] for key in ("luma", "chroma"))
    found = told(camera(qtables=[luma, chroma], quality=50))
    assert found.history is History.EDITED
    data = as_camera(jpeg(SCENE, qtables=[MOZJPEG, MOZJPEG], quality=50), segment(0xE1, b"Exif\0\0" + exif()))
    found = told(data)
    assert found.history is History.RESAVED
    assert "the quantization tables are as mozjpeg writes" in leads(found, contradictions=True)
    assert found.summary.endswith("The file contradicts itself in one point.")


def test_dates_out_of_order_contradict_each_other() -> None:
    found = told(camera(exif=exif(changed="2023:01:01 00:00:00")))
    assert "last changed before that" in leads(found, contradictions=True)
    assert found.leads[0].contradiction
    later = told(camera(exif=exif(changed="2024:05:07 00:00:00")))
    assert later.history is History.CAMERA
    assert "taken 2024-05-06 07:08:09, changed 2024-05-07 00:00:00" in leads(later)


def test_the_day_of_the_satellites_is_compared_with_the_camera() -> None:
    gps = {2: number(1), 0x1D: text("2021:01:01")}
    main = {0x010F: text("Maker"), 0x0132: text(TAKEN)}
    found = told(camera(exif=block(main, {0x9003: text(TAKEN)}, gps)))
    assert "position was measured on 2021-01-01" in leads(found, contradictions=True)


def test_another_size_than_stated_contradicts() -> None:
    found = told(camera(exif=exif(xA002=number(4000), xA003=number(3000))))
    assert "EXIF states 4000 x 3000 pixels, the photo has 128 x 96" in leads(found, contradictions=True)
    turned = told(camera(exif=exif(xA002=number(96), xA003=number(128))))
    assert leads(turned) == ""


def test_a_preview_of_another_picture_contradicts_and_says_nothing_about_turning() -> None:
    found = told(camera(exif=exif(preview=jpeg(scene(60, 80, seed=7)))))
    assert "shows another picture than the photo" in leads(found, contradictions=True)
    assert "turned" not in leads(found)
    edited = SCENE.copy()
    edited[30:60, 40:70] = 255 - edited[30:60, 40:70]
    data = as_camera(jpeg(edited, quality=95), segment(0xE1, b"Exif\0\0" + exif(preview=jpeg(SCENE[::2, ::2]))))
    assert "does not show this photo as it is now" in leads(told(data), contradictions=True)


def test_a_preview_that_shows_more_than_the_photo_says_that_it_was_cropped() -> None:
    whole = scene(480, 640)
    cropped = jpeg(whole[100:400, 150:550], quality=95)
    preview = jpeg(np.asarray(Image.fromarray(whole).resize((160, 120), Image.Resampling.BOX)))
    found = told(as_camera(cropped, segment(0xE1, b"Exif\0\0" + exif(preview=preview))))
    assert "shows more than the photo, which is a section of 6" in leads(found, contradictions=True)
    assert "the photo was cropped and the preview was not" in leads(found)
    assert found.history is History.RESAVED


def test_a_camera_and_a_generator_contradict_each_other() -> None:
    comment = b"ASCII\0\0\0a cat, Steps: 20, Sampler: Euler, Seed: 1"
    found = told(camera(exif=exif(x9286=(7, len(comment), comment))))
    assert found.ai_made
    assert "both a generator's trace and a camera's data" in leads(found, contradictions=True)


def test_photoshops_mark_without_its_tables_contradicts() -> None:
    mark = segment(0xED, b"Photoshop 3.0\0" + resource(0x0406, struct.pack(">hhHB", 8, 0, 1, 1)))
    assert "mark of Photoshop, but its tables are as libjpeg" in leads(told(jpeg(SCENE, mark)), contradictions=True)


def test_every_lead_says_how_easily_it_is_forged_and_where_it_was_read() -> None:
    found = told(camera(xmp_segment(xmp_packet(HISTORY, xmp_CreatorTool="Tool", crs_Version="15")), exif=exif("GIMP")))
    assert len(found.leads) >= 3
    for lead in found.leads:
        assert lead.forgery
        assert lead.source in {"EXIF", "XMP", "IPTC", "Content Credentials", "PNG", "JPEG", "preview", "pixels", "file"}
        assert lead.text.endswith(".")
        assert lead.text.isprintable()


@pytest.mark.parametrize("rest", [b"PK\x03\x04....", b"\0\0\0\x18ftyphvc1\0\0\0\0" + b"\x91" * 99, saved := png()])
def test_data_behind_the_picture_are_a_lead(rest: bytes) -> None:
    assert f"{len(rest):,} bytes follow the end of the picture" in leads(told(camera() + rest))

import json

from provenance.test_xmp import xmp_packet
from support.exif_blocks import block, jpeg, number, scene, segment, text
from unseam.photo.photo import load_photo
from unseam.provenance import provenance_document, read_provenance

SCENE = scene(96, 128)
KEYS = [
    "history",
    "summary",
    "leads",
    "ai_made",
    "ai_share",
    "ai_source",
    "digital_source_type",
    "editor",
    "c2pa_state",
    "size",
    "exif",
    "xmp",
    "iptc",
    "encoding",
    "generators",
    "content_credentials",
    "thumbnail",
    "trailing",
    "drawn",
    "damage",
    "pictures",
    "oddities",
]


def test_an_array_has_no_provenance() -> None:
    assert read_provenance(load_photo(SCENE)) is None
    assert provenance_document(None) is None


def test_every_key_is_in_every_document() -> None:
    rich = jpeg(SCENE, segment(0xE1, b"Exif\0\0" + block({0x010F: text("Maker")}, preview=jpeg(SCENE[::2, ::2]))))
    for data in (jpeg(SCENE), rich + b"PK\x03\x04"):
        document = provenance_document(read_provenance(load_photo(data)))
        assert document is not None
        assert list(document) == KEYS
        assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_what_is_private_is_in_no_document() -> None:
    main = {0x010F: text("Maker"), 0x013B: text("Jane Roe"), 0x8298: text("(c) Jane Roe"), 0x010E: text("Jane at home")}
    details = {0xA430: text("Jane Roe"), 0xA431: text("SN-12345"), 0xA435: text("LENS-777")}
    details |= {0x9286: (7, 20, b"ASCII\0\0\0Jane's party")}
    gps = {2: (5, 3, b"\x30\0\0\0\1\0\0\0\x33\0\0\0\1\0\0\0\x1d\0\0\0\1\0\0\0"), 4: number(8)}
    packet = xmp_packet(
        "<dc:creator><rdf:Seq><rdf:li>Jane Roe</rdf:li></rdf:Seq></dc:creator>", ps_AuthorsPosition="Boss"
    )
    data = jpeg(
        SCENE,
        segment(0xE1, b"Exif\0\0" + block(main, details, gps)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet),
    )
    document = provenance_document(read_provenance(load_photo(data)))
    assert document is not None
    assert document["exif"]["has_position"] is True
    for secret in ("Jane", "SN-12345", "LENS-777", "party", "Boss"):
        assert secret not in json.dumps(document)


def test_hostile_words_stay_printable_and_short() -> None:
    evil = "</script><script>alert(1)</script>\x1b[31m\u202e" + "x" * 3000
    data = jpeg(SCENE, segment(0xE1, b"Exif\0\0" + block({0x010F: text(evil), 0x0131: text(evil), 0x0132: text(evil)})))
    provenance = read_provenance(load_photo(data))
    assert provenance is not None
    assert provenance.summary.isprintable()
    assert all(lead.text.isprintable() and len(lead.text) < 1000 for lead in provenance.leads)


def test_reading_twice_says_the_same() -> None:
    data = jpeg(SCENE, segment(0xFE, b"a comment"))
    assert provenance_document(read_provenance(load_photo(data))) == provenance_document(
        read_provenance(load_photo(data))
    )


def test_a_photo_is_read_once_for_each_trust() -> None:
    photo = load_photo(jpeg(SCENE))
    assert read_provenance(photo) is read_provenance(photo)
    assert read_provenance(photo, "other") is not read_provenance(photo)

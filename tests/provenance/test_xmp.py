from unseam.provenance.rdf import RDF
from unseam.provenance.xmp import MAX_LISTED, Save, read_xmp

NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "mm": "http://ns.adobe.com/xap/1.0/mm/",
    "evt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "ref": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "ps": "http://ns.adobe.com/photoshop/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "gc": "http://ns.google.com/photos/1.0/camera/",
    "hdr": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "terms": "http://purl.org/dc/terms/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def xmp_packet(inside: str = "", **attributes: str) -> bytes:
    """Write a packet; the first underscore of a name parts prefix and property."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    given = " ".join(f'{name.replace("_", ":", 1)}="{value}"' for name, value in attributes.items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}" {declared}>'
        f'<rdf:Description rdf:about="" {given}>'
        f"{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


HISTORY = (
    "<mm:History><rdf:Seq>"
    '<rdf:li evt:action="created" evt:when="2024-01-02T03:04:05+01:00" evt:softwareAgent="Photoshop 1"/>'
    '<rdf:li evt:action="saved" evt:changed="/" evt:softwareAgent="Photoshop 2"/></rdf:Seq></mm:History>'
)


def test_programs_dates_and_saves_are_read() -> None:
    found = read_xmp(
        xmp_packet(HISTORY, xmp_CreatorTool="Tool 7", xmp_CreateDate="2024-01-02T03:04:05", xmp_ModifyDate="tomorrow")
    )
    assert (found.creator_tool, found.created, found.modified) == ("Tool 7", "2024-01-02 03:04:05", "tomorrow")
    assert found.history == (
        Save("created", "Photoshop 1", "2024-01-02 03:04:05", None),
        Save("saved", "Photoshop 2", None, "/"),
    )


def test_sources_and_ancestors_are_counted() -> None:
    inside = (
        '<mm:DerivedFrom ref:instanceID="xmp.iid:1"/>'
        "<ps:DocumentAncestors><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></ps:DocumentAncestors>"
    )
    found = read_xmp(xmp_packet(inside, mm_DocumentID="a", mm_OriginalDocumentID="b"))
    assert (found.derived_from, found.ancestors, found.other_original) == (True, 2, True)
    same = read_xmp(xmp_packet(mm_DocumentID="a", mm_OriginalDocumentID="a"))
    assert (same.derived_from, same.ancestors, same.other_original) == (False, 0, False)


def test_the_digital_source_type_is_a_term_of_the_vocabulary() -> None:
    address = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert read_xmp(xmp_packet(ext_DigitalSourceType=address)).digital_source_type == "trainedAlgorithmicMedia"
    unknown = read_xmp(xmp_packet(ext_DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/dream"))
    assert unknown.digital_source_type is None
    assert unknown.other_source_type == "http://cv.iptc.org/newscodes/digitalsourcetype/dream"


def test_raw_settings_and_local_changes_are_noticed() -> None:
    found = read_xmp(
        xmp_packet("<crs:RetouchAreas><rdf:Seq><rdf:li>x</rdf:li></rdf:Seq></crs:RetouchAreas>", crs_Version="15.0")
    )
    assert (found.raw_developed, found.retouched) == ("15.0", True)
    assert not read_xmp(xmp_packet(crs_Version="15.0")).retouched


def test_what_phones_add_is_named() -> None:
    found = read_xmp(xmp_packet(gc_MotionPhoto="1", hdr_Version="1.0"))
    assert found.extras == ("an HDR gain map (Ultra HDR)", "a short video (motion photo)")


def test_the_extended_packet_is_read_after_the_main_one() -> None:
    found = read_xmp(xmp_packet(xmp_CreatorTool="main"), xmp_packet(xmp_CreatorTool="more", ps_Credit="somebody"))
    assert (found.creator_tool, found.credit) == ("main", "somebody")


def test_credentials_kept_elsewhere_are_noticed() -> None:
    assert read_xmp(xmp_packet(terms_provenance="https://example.org/x.c2pa")).remote_credentials


def test_texts_are_printable_short_and_on_one_line() -> None:
    found = read_xmp(xmp_packet(xmp_CreatorTool="a&#10;b\u202egpj.exe" + "x" * 5000))
    assert found.creator_tool is not None
    assert found.creator_tool.startswith("a b\\u202egpj.exe")
    assert len(found.creator_tool) == 200


def test_of_a_long_history_the_newest_steps_are_kept() -> None:
    steps = "".join(f'<rdf:li evt:action="saved {number}"/>' for number in range(500))
    found = read_xmp(xmp_packet(f"<mm:History><rdf:Seq>{steps}</rdf:Seq></mm:History>"))
    assert len(found.history) == MAX_LISTED
    assert found.history[-1].action == "saved 499"


def test_broken_xmp_says_so() -> None:
    assert read_xmp(b"<x").oddities == ("the XMP is not well-formed XML",)

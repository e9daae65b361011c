import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseam.provenance.rdf import MAX_BYTES, MAX_DEPTH, MAX_TEXT, RDF, read_properties

HEAD = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}" xmlns:a="http://ns.adobe.com/xap/1.0/" '
    'xmlns:m="http://ns.adobe.com/xap/1.0/mm/" xmlns:e="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
    'xmlns:u="http://unknown.example/">'
)
TAIL = "</rdf:RDF></x:xmpmeta>"


def packet(inside: str) -> bytes:
    return f'<?xpacket begin="" id="W5M0"?>{HEAD}{inside}{TAIL}<?xpacket end="w"?>'.encode()


def test_attributes_and_elements_are_the_same_property() -> None:
    as_attribute = read_properties(packet('<rdf:Description rdf:about="" a:CreatorTool="Tool 1"/>'))
    as_element = read_properties(packet("<rdf:Description><a:CreatorTool>Tool 1</a:CreatorTool></rdf:Description>"))
    assert as_attribute == as_element
    assert as_attribute.text("xmp:CreatorTool") == "Tool 1"
    assert as_attribute.oddity == ""


def test_lists_keep_their_order_and_their_entries_apart() -> None:
    inside = (
        "<rdf:Description><m:History><rdf:Seq>"
        '<rdf:li rdf:parseType="Resource"><e:action>created</e:action><e:when>2024</e:when></rdf:li>'
        '<rdf:li e:action="saved" e:changed="/"/>'
        "</rdf:Seq></m:History></rdf:Description>"
    )
    assert list(read_properties(packet(inside)).entries("xmpMM:History")) == [
        {"stEvt:action": "created", "stEvt:when": "2024"},
        {"stEvt:action": "saved", "stEvt:changed": "/"},
    ]


def test_values_given_as_addresses_are_read() -> None:
    found = read_properties(packet('<rdf:Description><a:BaseURL rdf:resource="http://x/"/></rdf:Description>'))
    assert found.text("xmp:BaseURL") == "http://x/"


def test_unknown_namespaces_are_dropped_with_all_inside_them() -> None:
    found = read_properties(
        packet('<rdf:Description u:x="1"><u:y><a:CreatorTool>z</a:CreatorTool></u:y></rdf:Description>')
    )
    assert found.values == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_of_unicode_are_read(encoding: str) -> None:
    text = f'{HEAD}<rdf:Description a:CreatorTool="Ü"/>{TAIL}'
    assert read_properties(text.encode(encoding)).text("xmp:CreatorTool") == "Ü"


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]><x>&b;&c;</x>'
)


def test_a_document_type_ends_the_reading_before_any_entity_exists() -> None:
    found = read_properties(BOMB)
    assert found.values == ()
    assert "document type" in found.oddity


@pytest.mark.parametrize(
    ("data", "oddity"),
    [
        (b"no xml", "not well-formed"),
        (packet("<rdf:Description>"), "not well-formed"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "not well-formed"),
        (packet("<rdf:Description><a:x>" * (MAX_DEPTH + 1)), "deeper"),
        (packet("<rdf:Description/>" * 50_001), "more elements"),
        (b" " * (MAX_BYTES + 1), "more than"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, oddity: str) -> None:
    assert oddity in read_properties(data).oddity


def test_what_came_before_the_damage_is_kept() -> None:
    found = read_properties(packet('<rdf:Description a:CreatorTool="Tool"/><broken'))
    assert found.text("xmp:CreatorTool") == "Tool"
    assert found.oddity


def test_a_huge_value_is_cut_and_takes_little_memory() -> None:
    data = packet(f"<rdf:Description><a:Thumbnails>{'A' * 8_000_000}</a:Thumbnails></rdf:Description>")
    tracemalloc.start()
    found = read_properties(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(text) for _, text in found.values] == [MAX_TEXT]
    assert peak < 20_000_000


@given(st.binary(max_size=200), st.integers(0, 600))
def test_nothing_raises(junk: bytes, place: int) -> None:
    whole = packet(
        '<rdf:Description a:CreatorTool="Tool"><m:History><rdf:Seq><rdf:li e:action="x"/></rdf:Seq></m:History>'
    )
    for data in (junk, whole[:place] + junk + whole[place:]):
        assert isinstance(read_properties(data).oddity, str)

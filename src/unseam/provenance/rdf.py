"""XMP's RDF as a flat list of properties, read from XML that nobody vouches for.

Only the standard library's expat is used, and it never sees what makes XML dangerous: a document type (so no entity
can be declared, expanded or fetched) ends the reading, as do too deep, too many or too large elements. What was read
up to there is kept.

A property is its path and its text: ``("xmpMM:History", 2, "stEvt:action")`` is the action of the third entry of the
history. Names have the usual prefix of their namespace, whatever prefix the file gives them; properties of unknown
namespaces are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

MAX_BYTES = 16 * 2**20
"""Of one packet. Depth maps and preview pictures make extended packets of several MiB."""
MAX_DEPTH = 64
"""Nested elements; XMP of cameras and editors has about ten."""
MAX_ELEMENTS = 50_000
"""A Photoshop file with hundreds of placed pictures has some ten thousand."""
MAX_PROPERTIES = 20_000
MAX_TEXT = 4096
"""Characters of one value that are kept; the rest, such as a picture in base64, is dropped."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_STRUCTURE = frozenset({"about", "ID", "nodeID", "parseType", "datatype", "resource"})

PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.google.com/photos/1.0/container/item/": "Item",
    "http://ns.google.com/photos/1.0/depthmap/": "GDepth",
    "http://ns.google.com/photos/1.0/image/": "GImage",
    "http://ns.google.com/photos/dd/1.0/device/": "Device",
    "http://ns.google.com/photos/1.0/creations/": "GCreations",
    "http://ns.apple.com/pixeldatainfo/1.0/": "apdi",
    "http://ns.apple.com/HDRGainMap/1.0/": "HDRGainMap",
    "http://ns.apple.com/depthData/1.0/": "depthData",
}
"""Namespaces that are read (XMP specification part 2, and the makers' own documents) to their usual prefix."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Properties:
    """What an XMP packet says.

    Attributes
    ----------
    values : tuple of (path, text)
        In the order of the file.
    oddity : str
        Why reading ended early, in plain words; empty where it did not.
    """

    values: tuple[tuple[Path, str], ...] = ()
    oddity: str = ""

    def text(self, *path: str | int) -> str | None:
        """Return the first value at a path, or the first entry of the list there; None where there is none."""
        return next((text for found, text in self.values if found[: len(path)] == path and text), None)

    def entries(self, *path: str | int) -> Iterator[dict[str, str]]:
        """Yield each entry of a list of structures, as field name to text."""
        listed: dict[str | int, dict[str, str]] = {}
        for found, text in self.values:
            if found[: len(path)] == path and len(found) >= len(path) + 2:
                listed.setdefault(found[len(path)], {}).setdefault(str(found[len(path) + 1]), text)
        yield from listed.values()

    def has(self, prefix: str) -> bool:
        """Whether any property, at any depth, is of a namespace."""
        return any(isinstance(name, str) and name.startswith(f"{prefix}:") for path, _ in self.values for name in path)


class _TooMuchError(Exception):
    """A limit of this module; the message says which."""


def read_properties(packet: bytes) -> Properties:
    """Read one packet.

    Parameters
    ----------
    packet : bytes
        XML in UTF-8 or UTF-16, with or without its ``xpacket`` frame; anything.

    Returns
    -------
    Properties
        Never an exception.
    """
    if len(packet) > MAX_BYTES:
        return Properties(oddity=f"the XMP has more than {MAX_BYTES // 2**20} MiB")
    reader = _Reader()
    oddity = ""
    try:
        reader.parser.Parse(packet.strip(b"\0 \t\r\n"), True)
    except _TooMuchError as limit:
        oddity = str(limit)
    except (expat.ExpatError, ValueError, LookupError):  # the latter two: an encoding that Python does not know
        oddity = "the XMP is not well-formed XML"
    return Properties(tuple(reader.values), oddity)


class _Reader:
    """Collects properties while expat walks through the elements."""

    def __init__(self) -> None:
        self.values: list[tuple[Path, str]] = []
        self.elements = 0
        self.open: list[_Open] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def doctype(self, *_declared: object) -> None:
        raise _TooMuchError("the XMP declares a document type, which XMP never does; it was not read further")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS or len(self.open) >= MAX_DEPTH:
            raise _TooMuchError("the XMP has more elements, or deeper ones, than any photo needs")
        self.open.append(_Open(self.path_of(name)))
        for attribute, value in attributes.items():
            uri, _, local = attribute.rpartition(" ")
            if uri == RDF and local == "resource":
                self.keep(self.open[-1].path, value)
            elif uri != RDF or local not in _STRUCTURE:
                self.keep(self.extended(attribute), value)

    def path_of(self, name: str) -> Path | None:
        """Return the path of a new element; None where it, or what holds it, is of an unknown namespace."""
        parent = self.open[-1] if self.open else _Open(())
        uri, _, local = name.rpartition(" ")
        if parent.path is None:
            return None
        if uri != RDF:
            return self.extended(name) if self.in_description() else ()
        if local != "li":
            return parent.path
        parent.entries += 1
        return (*parent.path, parent.entries - 1)

    def in_description(self) -> bool:
        """Whether an element here can be a property; ``x:xmpmeta`` and ``rdf:RDF`` are none."""
        return len(self.open) >= 2

    def extended(self, name: str) -> Path | None:
        """Return the path of something named below the innermost open element."""
        base = self.open[-1].path if self.open else ()
        uri, _, local = name.rpartition(" ")
        prefix = PREFIXES.get(uri)
        return None if base is None or prefix is None else (*base, f"{prefix}:{local}")

    def text(self, data: str) -> None:
        if self.open and self.open[-1].path:
            self.open[-1].add(data)

    def end(self, _name: str) -> None:
        closed = self.open.pop()
        self.keep(closed.path, "".join(closed.parts).strip())

    def keep(self, path: Path | None, value: str) -> None:
        if not path or not value:
            return
        if len(self.values) >= MAX_PROPERTIES:
            raise _TooMuchError(f"the XMP has more than {MAX_PROPERTIES} properties")
        self.values.append((path, value[:MAX_TEXT]))


class _Open:
    """An open element: its path, the text so far, the entries of a list so far."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.parts: list[str] = []
        self.length = 0
        self.entries = 0

    def add(self, data: str) -> None:
        room = MAX_TEXT - self.length
        if room > 0:
            self.parts.append(data[:room])
            self.length += min(room, len(data))

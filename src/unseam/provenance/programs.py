"""What kind of program a name stands for: editor, raw developer, generator, screenshot tool, or a camera's firmware.

Names are what the programs write about themselves into ``Software`` (EXIF, PNG), ``CreatorTool`` and the history (XMP),
and claim generators (C2PA); anybody can write any of them. The list holds names that were seen in files or in the
programs' documentation; an unknown name is no statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a program does to a picture."""

    GENERATOR = "generator"
    EDITOR = "editor"
    DEVELOPER = "raw developer"
    SCREENSHOT = "screenshot tool"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that a text names."""

    name: str
    kind: Kind


_GENERATORS = {
    "Adobe Firefly": r"firefly",
    "Stable Diffusion": r"stable[ -]?diffusion|automatic1111|\bsdxl\b|stability ai|dreamstudio",
    "ComfyUI": r"comfyui",
    "NovelAI": r"\bnovelai\b",
    "InvokeAI": r"invoke ?ai",
    "Fooocus": r"fooocus",
    "SwarmUI": r"\bswarmui\b",
    "Midjourney": r"midjourney|niji ?journey",
    "OpenAI (ChatGPT, DALL-E)": r"dall[-·. ]?e\b|openai|chatgpt|gpt-(?:image|4o)",
    "Google (Gemini, Imagen)": r"\bgemini\b|\bimagen\b|made with google ai|edited with google ai|google generative ai",
    "Microsoft (Designer, Bing)": r"bing image creator|microsoft designer|azure openai imagegen",
    "Meta AI": r"\bmeta ai\b|imagined with ai",
    "Grok (xAI)": r"\bgrok\b|\bxai\b",
    "FLUX": r"\bflux\.?1\b|black forest labs",
    "Leonardo.Ai": r"leonardo\.? ?ai",
    "Ideogram": r"\bideogram\b",
    "Recraft": r"\brecraft\b",
    "Runway": r"\brunway(?:ml)?\b",
    "Amazon Titan, Nova": r"\bamazon (?:titan|nova|bedrock)\b",
    "Draw Things": r"draw things",
}
_EDITORS = {
    "Adobe Photoshop": r"photoshop",
    "Adobe Lightroom": r"lightroom",
    "Adobe Bridge": r"adobe bridge",
    "Adobe Express": r"adobe express",
    "Adobe Illustrator or InDesign": r"adobe (?:illustrator|indesign)",
    "GIMP": r"\bgimp\b",
    "Affinity Photo": r"affinity",
    "Pixelmator": r"pixelmator",
    "Apple Photos": r"^photos \d|apple photos|image capture|^preview$|\bmac os x preview\b",
    "Snapseed": r"snapseed",
    "Picasa": r"picasa",
    "Google Photos": r"google photos",
    "Paint.NET": r"paint\.net",
    "Microsoft Paint or Photos": r"microsoft (?:paint|windows photo|photos?)\b|windows photo (?:editor|viewer|gallery)",
    "PaintShop Pro": r"paint ?shop",
    "Corel": r"\bcorel\b",
    "ACDSee": r"acd ?see|acd systems",
    "IrfanView": r"irfanview",
    "XnView": r"xnview",
    "FastStone": r"faststone",
    "PhotoScape": r"photoscape",
    "PicsArt": r"picsart",
    "VSCO": r"\bvsco",
    "Canva": r"\bcanva\b",
    "Pixlr": r"\bpixlr\b",
    "Fotor": r"\bfotor\b",
    "BeFunky": r"befunky",
    "Polarr": r"polarr",
    "Facetune": r"facetune",
    "FaceApp": r"\bfaceapp\b",
    "Meitu, BeautyPlus": r"\bmeitu\b|beautyplus|beautycam",
    "B612, SNOW": r"\bb612\b",
    "Remini": r"\bremini\b",
    "Topaz": r"\btopaz\b",
    "Luminar": r"\bluminar\b|skylum",
    "Krita": r"\bkrita\b",
    "Instagram": r"^instagram$",
    "ImageMagick": r"imagemagick",
    "Samsung Photo Editor": r"samsung.*photo editor|^photo editor$|galaxy ai|sketch to image|generative edit",
    "MIUI Gallery": r"miui gallery",
    "Photo Mechanic": r"photo mechanic",
    "Noise Ninja": r"noise ninja",
    "FinePixViewer": r"finepix ?viewer",
    "Nikon Transfer": r"nikon transfer",
    "OfotoNow": r"ofoto",
    "CapCut": r"\bcapcut\b",
}
_DEVELOPERS = {
    "Capture One": r"capture one",
    "DxO PhotoLab": r"\bdxo\b",
    "darktable": r"darktable",
    "RawTherapee": r"rawtherapee",
    "digiKam": r"digikam",
    "UFRaw, dcraw": r"\bufraw\b|\bdcraw\b",
    "Canon Digital Photo Professional": r"digital photo professional",
    "Nikon Capture, NX Studio": r"\bcapture nx|viewnx|nx studio",
    "Silkypix": r"silkypix",
    "Olympus Viewer, OM Workspace": r"olympus viewer|olympus master|om workspace",
}
_SCREENSHOTS = {
    "a screenshot tool": r"screen ?shot|screen ?capture|snipping|\bsnagit\b|\bsharex\b|greenshot|flameshot|lightshot",
}
_CAMERAS = {
    "the camera": r"^\d+(?:\.\d+)*\w?$|^ver|digital camera|firmware|^hdr\+|^v\d|^[a-z]\d{3}\w{6,}$",
}

_NAMED = tuple(
    (re.compile(pattern, re.IGNORECASE), Program(name, kind))
    for kind, patterns in (
        (Kind.SCREENSHOT, _SCREENSHOTS),
        (Kind.GENERATOR, _GENERATORS),
        (Kind.DEVELOPER, _DEVELOPERS),
        (Kind.EDITOR, _EDITORS),
        (Kind.CAMERA, _CAMERAS),
    )
    for name, pattern in patterns.items()
)


def program_of(text: str | None) -> Program | None:
    """Return the program that a text names; None where it names none that is known.

    Parameters
    ----------
    text : str, optional
        Such as ``Adobe Photoshop CC 2015 (Macintosh)``, ``Ver1.00`` or ``16.1``.
    """
    if not text:
        return None
    return next((program for pattern, program in _NAMED if pattern.search(text)), None)

import pytest

from unseam.provenance.programs import Kind, program_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Adobe Photoshop CC 2015 (Macintosh)", Kind.EDITOR),
        ("Adobe Lightroom 5.3 (Macintosh)", Kind.EDITOR),
        ("GIMP 2.10.34", Kind.EDITOR),
        ("Photos 8.0", Kind.EDITOR),
        ("Snapseed 2.0", Kind.EDITOR),
        ("darktable 4.6.1", Kind.DEVELOPER),
        ("Capture One 23 Windows", Kind.DEVELOPER),
        ("NovelAI", Kind.GENERATOR),
        ("Adobe Firefly", Kind.GENERATOR),
        ("DALL-E", Kind.GENERATOR),
        ("Made with Google AI", Kind.GENERATOR),
        ("Screenshot", Kind.SCREENSHOT),
        ("gnome-screenshot", Kind.SCREENSHOT),
        ("16.1", Kind.CAMERA),
        ("Ver1.002", Kind.CAMERA),
        ("Digital Camera FinePix2650 Ver1.00", Kind.CAMERA),
        ("HDR+ 1.0.345618096zd", Kind.CAMERA),
        ("G991BXXU5CVGB", Kind.CAMERA),
    ],
)
def test_known_names_have_their_kind(text: str, kind: Kind) -> None:
    program = program_of(text)
    assert program is not None
    assert program.kind is kind


@pytest.mark.parametrize("text", ["", None, "Some Program 3", "a program", "Prefixai"])
def test_an_unknown_name_is_no_statement(text: str | None) -> None:
    assert program_of(text) is None

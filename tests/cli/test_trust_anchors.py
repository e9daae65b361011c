import json
from pathlib import Path

import pytest

from support.command import run
from support.exif_blocks import jpeg, scene
from support.signed_photos import action, certificates, signed

pytest.importorskip("c2pa")


@pytest.fixture
def signed_photo(tmp_path: Path) -> Path:
    path = tmp_path / "signed.jpg"
    path.write_bytes(signed(jpeg(scene(96, 128)), [action("c2pa.created", "digitalCapture")]))
    return path


def test_certificates_that_the_user_trusts_make_a_signer_trusted(signed_photo: Path, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(certificates()[0])
    states = []
    for options in ([], ["--trust-anchors", anchors]):
        result = run("localize", signed_photo, "--method", "block-grid", "--json", *options)
        assert result.exit_code == 0
        states.append(json.loads(result.stdout)["provenance"]["c2pa_state"])
    assert states == [
        "signed by an unknown authority and unchanged",
        "signed by a known authority and unchanged",
    ]


@pytest.mark.parametrize(("content", "message"), [(None, "cannot be read"), (b"no PEM", "holds no certificate")])
def test_a_file_without_certificates_is_one_line(
    signed_photo: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    anchors = tmp_path / "anchors.pem"
    if content is not None:
        anchors.write_bytes(content)
    result = run("localize", signed_photo, "--trust-anchors", anchors, "--json")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert message in line

import io
import json
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image

from support.exif_blocks import jpeg, scene
from support.signed_photos import action, certificates, signed
from support.web_methods import obedient
from support.web_scenes import png, spots
from support.web_service import ask, error_of
from unseam.provenance.content_credentials import State
from unseam.web.analysis import PhotoAnalysis
from unseam.web.messages import Answer, PhotoRequest


def test_a_photo_of_too_many_pixels_is_refused_by_its_header(client: httpx.Client) -> None:
    wide = png(spots().repeat(4, axis=0).repeat(4, axis=1))
    answer = client.post("/v1/analyze", files={"photo": ("wide.png", wide)})
    assert error_of(answer) == (413, "PhotoTooLarge")
    assert answer.json()["message"] == "wide.png is 640 x 480 = 0.3 megapixels, over the limit of 0.2."


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_photo_that_takes_too_much_memory_gets_413(client: httpx.Client) -> None:
    answer = ask(client, "eat")
    assert error_of(answer) == (413, "OutOfMemory")
    assert "spots.png takes more memory" in answer.json()["message"]
    assert ask(client, "bright").status_code == 200


def test_without_room_for_a_temporary_copy_it_is_the_service_that_has_none(client: httpx.Client) -> None:
    data = io.BytesIO()
    Image.fromarray(spots()).save(data, "JPEG")
    answer = client.post("/v1/analyze?method=full", files={"photo": ("spots.jpg", data.getvalue())})
    assert error_of(answer) == (507, "UnreadablePhoto")
    assert answer.json()["message"].startswith("spots.jpg: ")
    assert answer.json()["message"].endswith("(No such file or directory).")
    assert ask(client, "bright").status_code == 200


def test_a_service_trusts_the_certificates_that_it_was_given() -> None:
    pytest.importorskip("c2pa")
    request = PhotoRequest(
        signed(jpeg(scene(96, 128)), [action("c2pa.created", "digitalCapture")]), "a.jpg", ("blank",)
    )
    states = []
    for anchors in (None, certificates()[0]):
        *_, answer = PhotoAnalysis(obedient(Path()), 200_000, anchors)(request)
        assert isinstance(answer, Answer)
        states.append(json.loads(answer.body)["provenance"]["c2pa_state"])
    assert states == [State.UNKNOWN_SIGNER, State.TRUSTED]


def test_a_method_that_breaks_is_named_and_its_insides_are_not(client: httpx.Client) -> None:
    answer = ask(client, "break")
    assert error_of(answer) == (500, "MethodBroke")
    assert "break failed on it (ZeroDivisionError)" in answer.json()["message"]
    assert "of no interest" not in answer.text

import io
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from support.exif_blocks import jpeg, scene
from support.signed_photos import ISSUER, SIGNER, action, certificates, signed
from unseam.photo.photo import load_photo
from unseam.provenance import content_credentials, read_provenance
from unseam.provenance.content_credentials import CHILD, State, read_credentials, trust_list
from unseam.provenance.leads import Forgery

pytest.importorskip("c2pa")

SCENE = scene(96, 128)
PLAIN = jpeg(SCENE)
CAPTURE = [action("c2pa.created", "digitalCapture")]


@pytest.fixture(scope="module")
def photo() -> bytes:
    return signed(PLAIN, [action("c2pa.created", "trainedAlgorithmicMedia", "Generator X"), action("c2pa.cropped")])


def test_an_unknown_signer_is_named_and_not_trusted(photo: bytes) -> None:
    found = read_credentials(photo, "JPEG")
    assert (found.state, found.reason) == (State.UNKNOWN_SIGNER, "")
    (manifest,) = found.manifests
    assert (manifest.signer, manifest.issuer, manifest.generator) == (SIGNER, ISSUER, "Test Editor 1.0")
    assert [(a.action, a.source_type, a.software) for a in manifest.actions] == [
        ("c2pa.created", "trainedAlgorithmicMedia", "Generator X"),
        ("c2pa.cropped", None, None),
    ]


def test_an_authority_that_the_caller_trusts_makes_the_signer_trusted(photo: bytes) -> None:
    assert read_credentials(photo, "JPEG", certificates()[0]).state is State.TRUSTED
    trusted = read_provenance(load_photo(photo), certificates()[0])
    assert trusted is not None
    assert any("whether the certificate was revoked is not checked" in lead.text.lower() for lead in trusted.leads)


def test_a_changed_picture_is_told_from_a_changed_record(photo: bytes) -> None:
    changed = bytearray(photo)
    changed[-40] ^= 0x55
    found = read_credentials(bytes(changed), "JPEG", certificates()[0])
    assert (found.state, found.reason) == (State.CHANGED, "assertion.dataHash.mismatch")
    record = photo.replace(b"c2pa.cropped", b"c2pa.edited\0", 1)
    assert read_credentials(record, "JPEG", certificates()[0]).state in (State.FORGED, State.INVALID)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_other_formats_are_read(kind: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(SCENE).save(buffer, kind)
    found = read_credentials(signed(buffer.getvalue(), CAPTURE, kind=kind), kind)
    assert found.state is State.UNKNOWN_SIGNER


def test_a_record_that_breaks_the_rules_makes_its_statements_easy_to_forge(photo: bytes) -> None:
    odd = signed(PLAIN, [action("c2pa.opened"), action("c2pa.placed")], [("parentOf", photo), ("componentOf", photo)])
    found = read_provenance(load_photo(odd))
    assert found is not None
    assert found.c2pa_state == State.INVALID
    (parts,) = [lead for lead in found.leads if lead.text.startswith("By its Content Credentials")]
    assert parts.forgery is Forgery.SECONDS


def test_the_tree_of_ingredients_is_walked_to_the_bottom(photo: bytes) -> None:
    middle = signed(PLAIN, [action("c2pa.created")], [("componentOf", photo)])
    top = signed(PLAIN, [action("c2pa.created", "composite")], [("componentOf", middle)])
    found = read_credentials(top, "JPEG")
    assert [(manifest.depth, manifest.whole) for manifest in found.manifests] == [(0, True), (1, False), (2, False)]
    assert found.manifests[2].actions[0].source_type == "trainedAlgorithmicMedia"
    provenance = read_provenance(load_photo(top))
    assert provenance is not None
    assert provenance.ai == "part"
    assert provenance.digital_source_type == "trainedAlgorithmicMedia"
    assert "AI-made in part according to the file" in provenance.summary


def test_a_picture_that_was_made_by_ai_and_then_edited_stays_made_by_ai(photo: bytes) -> None:
    edited = signed(PLAIN, [action("c2pa.opened"), action("c2pa.edited")], [("parentOf", photo)])
    provenance = read_provenance(load_photo(edited))
    assert provenance is not None
    assert provenance.ai == "all"
    assert provenance.editor == "Test Editor 1.0"


def test_thumbnails_are_compared_with_the_photo(photo: bytes) -> None:
    other = jpeg(scene(96, 128, seed=5))
    edited = signed(PLAIN, [action("c2pa.opened")], [("parentOf", photo), ("componentOf", other)])
    facts = read_provenance(load_photo(edited)).facts  # type: ignore[union-attr]
    assert facts.signed_thumbnail is not None
    assert facts.signed_thumbnail.agrees is True
    assert [look is not None and look.agrees for look in facts.ingredient_thumbnails] == [True, False]


def test_a_file_that_holds_none_is_never_given_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_credentials, "_ask", None)
    provenance = read_provenance(load_photo(PLAIN))
    assert provenance is not None
    assert provenance.c2pa_state is None


def test_without_the_library_the_file_says_what_to_install(photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_credentials, "find_spec", lambda _name: None)
    provenance = read_provenance(load_photo(photo))
    assert provenance is not None
    assert provenance.c2pa_state == "not read"
    assert any('pip install "unseam[c2pa]"' in lead.text for lead in provenance.leads)


def test_a_child_that_breaks_or_takes_too_long_costs_the_credentials_only(
    photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*args: object, **options: Any) -> None:
        raise subprocess.TimeoutExpired("child", 1)

    monkeypatch.setattr(subprocess, "run", too_long)
    assert read_credentials(photo, "JPEG").state is State.UNREADABLE


def test_a_damaged_record_is_unreadable(photo: bytes) -> None:
    start = photo.index(b"jumb")
    damaged = photo[: start + 100] + bytes(200) + photo[start + 300 :]
    assert read_credentials(damaged, "JPEG").state in (State.UNREADABLE, State.INVALID, State.FORGED)


def test_the_child_imports_nothing_of_this_package() -> None:
    code = f"import runpy, sys; runpy.run_path({str(CHILD)!r}); print([m for m in sys.modules if 'unseam' in m])"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"


def test_the_shipped_trust_list_is_dated_and_is_of_certificates() -> None:
    from cryptography import x509

    text = trust_list()
    assert "of 2026-08-13" in text
    assert len(x509.load_pem_x509_certificates(text.encode())) == 30


STORE: dict[str, Any] = {
    "active_manifest": "a",
    "manifests": {
        "a": {"ingredients": [{"active_manifest": "b", "relationship": "parentOf"}, {"active_manifest": "a"}]},
        "b": {"ingredients": [{"active_manifest": "a"}, {"active_manifest": "missing"}], "assertions": [{"label": 7}]},
    },
}


def answered(monkeypatch: pytest.MonkeyPatch, store: object, state: object = "Valid") -> State:
    answer = json.loads(json.dumps({"store": store, "pictures": {}, "state": state}))
    monkeypatch.setattr(content_credentials, "_ask", lambda *_args: answer)
    return read_credentials(b"", "JPEG").state


def test_records_that_contain_one_another_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, STORE) is State.UNKNOWN_SIGNER


@pytest.mark.parametrize("store", [None, [], {}, {"active_manifest": "a", "manifests": {"a": []}}, {"manifests": 5}])
def test_a_store_of_another_structure_is_unreadable(store: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, store) is State.UNREADABLE


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(["ingredients", "assertions", "signature_info", "claim_generator_info", "thumbnail"]), json_values
)
def test_no_store_raises(key: str, value: object) -> None:
    store = {"active_manifest": "a", "manifests": {"a": {key: value}}}
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert answered(monkeypatch, store) in (State.UNKNOWN_SIGNER, State.UNREADABLE)


def test_pixels_are_as_before_signing(photo: bytes) -> None:
    assert np.array_equal(load_photo(photo).pixels, load_photo(PLAIN).pixels)

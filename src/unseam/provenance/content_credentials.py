"""Content Credentials (C2PA): who signed a file, whether it was changed since, and what was done to make it.

A manifest store is a signed record inside the file. The signature proves that the record and the file belong together
and were written by whoever holds the key; it does not prove that the record is true. Whether the holder of the key is
known is a question of trust: it is answered by a list of certificates, `TRUST_LIST` or the caller's.

The library that checks signatures runs in a child process (`unseam.provenance.credentials_process`), is given only
files that hold a manifest store, and fetches nothing. What it returns is a stranger's document, and is read as such.

Reference: C2PA technical specification 2.2 (2025), chapters 11, 15 and 18.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unseam.provenance.source_types import term_of
from unseam.system.text import one_line

TRUST_LIST = "c2pa-trust-list.pem"
"""The C2PA's own list of issuers, of the date at its top; in ``assets``."""

CHILD = Path(__file__).with_name("credentials_process.py")
"""Started as a file, so that it imports the library and nothing of this package."""
SECONDS = 30
"""By the clock, the start of the child included."""
MAX_ANSWER = 32 * 2**20
"""Bytes of the child's answer: eight thumbnails and a store; the largest public test file has 0.2 MiB."""
MAX_MANIFESTS, MAX_DEPTH = 200, 32
"""Of the tree of ingredients; a much edited collage has about 50 manifests, ten deep."""
MAX_ACTIONS, MAX_INGREDIENTS = 100, 50

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}

INSTALL = 'pip install "unseam[c2pa]"'

_CHANGED = ("assertion.dataHash.mismatch", "assertion.boxesHash.mismatch", "assertion.bmffHash.mismatch")
_UNTRUSTED = "signingCredential.untrusted"
_FORGED = ("claimSignature.mismatch", "assertion.hashedURI.mismatch", "claimSignature.missing")


class State(StrEnum):
    """What can be said of a file's Content Credentials."""

    TRUSTED = "signed by a known authority and unchanged"
    UNKNOWN_SIGNER = "signed by an unknown authority and unchanged"
    CHANGED = "changed since it was signed"
    FORGED = "the signature does not match the record"
    INVALID = "the record breaks the rules"
    UNREADABLE = "unreadable"
    ELSEWHERE = "kept elsewhere"
    NOT_READ = "not read"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that was done: its label (``c2pa.edited``), by which program, when, and from what source."""

    action: str
    software: str | None = None
    when: str | None = None
    source_type: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One signed record of the tree.

    Attributes
    ----------
    generator : str, optional
        Program that wrote it.
    actions : tuple of Action
    source_types : tuple of str
        Terms that other statements than actions name.
    depth : int
        0 for the file's own record, 1 for its ingredients, and so on.
    whole : bool
        Whether the picture of this record became the whole file (``parentOf`` all the way up), and not a part of it.
    issuer, signer, signed : str, optional
        Organisation and common name of the certificate, and the time that an authority confirms.
    """

    generator: str | None
    actions: tuple[Action, ...]
    source_types: tuple[str, ...]
    depth: int
    whole: bool
    issuer: str | None
    signer: str | None
    signed: str | None


@dataclass(frozen=True, slots=True)
class Ingredient:
    """What the file was made of: its title, whether the whole file came from it, and its thumbnail's bytes."""

    title: str | None
    relation: str
    signed: bool
    thumbnail: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a file's Content Credentials say.

    Attributes
    ----------
    state : State
    reason : str
        Why they were not read, or codes of what is wrong; empty where nothing is.
    manifests : tuple of Manifest
        The whole tree, the file's own record first; empty where nothing could be read.
    ingredients : tuple of Ingredient
        Of the file's own record.
    thumbnail : bytes
        Of the picture when it was signed; empty where there is none.
    """

    state: State
    reason: str = ""
    manifests: tuple[Manifest, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    thumbnail: bytes = field(default=b"", repr=False)


def read_credentials(data: bytes, kind: str, anchors: str | None = None) -> Credentials:
    """Read the Content Credentials of a file that holds some.

    Parameters
    ----------
    data : bytes
        The file.
    kind : str
        Its format, as in `unseam.photo.Photo.format`.
    anchors : str, optional
        Certificates to trust, in PEM, in place of `TRUST_LIST`.

    Returns
    -------
    Credentials
        Never an exception.
    """
    if kind not in MEDIA_TYPES:
        return Credentials(State.NOT_READ, f"the Content Credentials of a {kind} are not read")
    if find_spec("c2pa") is None:
        return Credentials(State.NOT_READ, f"reading Content Credentials needs: {INSTALL}")
    answer = _ask(data, MEDIA_TYPES[kind], trust_list() if anchors is None else anchors)
    if "error" in answer:
        return _refused(str(answer["error"]), str(answer.get("message", "")))
    try:
        return _understood(answer)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return Credentials(State.UNREADABLE, "the record has another structure than the specification's")


@cache
def trust_list() -> str:
    """Return the certificates that are trusted by default, in PEM."""
    return (files("unseam") / "assets" / TRUST_LIST).read_text("utf-8")


def _ask(data: bytes, media_type: str, anchors: str) -> dict[str, Any]:
    """Run the child; its answer, or an ``error`` of our own."""
    if getattr(sys, "frozen", False) or not sys.executable:  # bundled into one program: no Python to start
        return {"error": "NotRead", "message": "this program cannot start the process that reads them"}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    pem = anchors.encode("utf-8")
    try:
        child = subprocess.run(
            [sys.executable, "-P", str(CHILD), media_type],
            input=b"".join((len(pem).to_bytes(8, "big"), pem, data)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
        answer = json.loads(child.stdout) if len(child.stdout) <= MAX_ANSWER else None
    except (subprocess.TimeoutExpired, OSError, ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        return {"error": "Broken", "message": "the library that reads them gave up on this file"}
    return answer


def _refused(error: str, message: str) -> Credentials:
    if error == "NotRead":
        return Credentials(State.NOT_READ, message)
    if message.startswith("Remote:") or error == "RemoteManifest":
        return Credentials(
            State.ELSEWHERE, "the file only says where on the internet they are kept; nothing is fetched"
        )
    return Credentials(State.UNREADABLE, _line(message) or error)


def _understood(answer: Mapping[str, Any]) -> Credentials:
    """Read the library's document (``ManifestStore`` of c2pa-rs)."""
    store, pictures = answer["store"], answer["pictures"]
    manifests = store["manifests"]
    active = manifests[store["active_manifest"]]
    failures = [_line(entry["code"]) for entry in _failures(store)]
    state = _state(answer["state"], failures)
    wrong = failures if state not in (State.TRUSTED, State.UNKNOWN_SIGNER) else []
    return Credentials(
        state=state,
        reason=", ".join(code for code in dict.fromkeys(wrong) if code and code != _UNTRUSTED),
        manifests=tuple(_tree(manifests, store["active_manifest"])),
        ingredients=tuple(_ingredient(entry, pictures) for entry in active.get("ingredients", [])[:MAX_INGREDIENTS]),
        thumbnail=_thumbnail(active, pictures),
    )


def _failures(store: Mapping[str, Any]) -> list[dict[str, Any]]:
    results = store.get("validation_results", {}).get("activeManifest", {})
    return list(results.get("failure", []))


def _state(state: object, failures: list[str | None]) -> State:
    if state == "Trusted":
        return State.TRUSTED
    if state == "Valid":
        return State.UNKNOWN_SIGNER
    if any(code in failures for code in _FORGED):
        return State.FORGED
    return State.CHANGED if any(code in failures for code in _CHANGED) else State.INVALID


def _tree(manifests: Mapping[str, Any], active: str) -> Iterator[Manifest]:
    """Walk from the file's own record to the bottom, each record once, nearest first."""
    queue, seen = [(active, 0, True)], {active}
    for label, depth, whole in queue:  # grows while it is walked
        record = manifests[label]
        yield _manifest(record, depth, whole)
        for ingredient in record.get("ingredients", []):
            below = ingredient.get("active_manifest")
            if below in manifests and below not in seen and len(seen) < MAX_MANIFESTS and depth < MAX_DEPTH:
                seen.add(below)
                queue.append((below, depth + 1, whole and ingredient.get("relationship") == "parentOf"))


def _manifest(record: Mapping[str, Any], depth: int, whole: bool) -> Manifest:
    actions: list[Action] = []
    source_types: list[str] = []
    for assertion in record.get("assertions", []):
        data = assertion.get("data")
        if not isinstance(data, dict):
            continue
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            actions += [_action(entry) for entry in data.get("actions", []) if isinstance(entry, dict)]
        elif term := _term(data.get("Iptc4xmpExt:DigitalSourceType")):
            source_types.append(term)
    signature = record.get("signature_info") or {}
    return Manifest(
        generator=_generator(record),
        actions=tuple(actions[:MAX_ACTIONS]),
        source_types=tuple(dict.fromkeys(source_types)),
        depth=depth,
        whole=whole,
        issuer=_line(signature.get("issuer")),
        signer=_line(signature.get("common_name")),
        signed=_line(signature.get("time")),
    )


def _action(entry: Mapping[str, Any]) -> Action:
    agent = entry.get("softwareAgent")
    name = agent.get("name") if isinstance(agent, dict) else agent
    return Action(
        action=_line(entry.get("action")) or "unknown",
        software=_line(name),
        when=_line(entry.get("when")),
        source_type=_term(entry.get("digitalSourceType")),
    )


def _term(value: object) -> str | None:
    return term_of(value) if isinstance(value, str) else None


def _generator(record: Mapping[str, Any]) -> str | None:
    """Name the program: the first of ``claim_generator_info``, or the first word of the older ``claim_generator``."""
    listed = record.get("claim_generator_info") or [{}]
    first = listed[0] if isinstance(listed[0], dict) else {}
    if name := _line(first.get("name")):
        version = _line(first.get("version"))
        return f"{name} {version}" if version else name
    words = (_line(record.get("claim_generator")) or "").split()
    return words[0].replace("_", " ").replace("/", " ") if words else None


def _ingredient(entry: Mapping[str, Any], pictures: Mapping[str, Any]) -> Ingredient:
    return Ingredient(
        title=_line(entry.get("title")),
        relation=_line(entry.get("relationship")) or "unknown",
        signed="active_manifest" in entry,
        thumbnail=_thumbnail(entry, pictures),
    )


def _thumbnail(holder: Mapping[str, Any], pictures: Mapping[str, Any]) -> bytes:
    name = (holder.get("thumbnail") or {}).get("identifier")
    try:
        return b64decode(pictures.get(str(name), ""), validate=True)
    except Base64Error:
        return b""


def _line(value: object) -> str | None:
    return one_line(value) if isinstance(value, str) else None

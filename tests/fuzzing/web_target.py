"""The upload endpoint, asked in this process: forms, headers and parameters that are broken, around a photo that is."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import httpx

from fuzzing.byte_mutations import MUTATIONS as BYTE_MUTATIONS
from fuzzing.originals import photo
from fuzzing.photo_cases import mutated_photo
from fuzzing.target import Target
from fuzzing.text_mutations import LONG_NUMBER, TEXTS
from unseam.method import Method
from unseam.methods import METHODS
from unseam.web.analysis import PhotoAnalysis
from unseam.web.app import create_app
from unseam.web.documents import AnswerDocument, ErrorDocument
from unseam.web.limits import Limits
from unseam.web.messages import PhotoRequest
from unseam.web.service import Service

OFFERED = ("block-grid", "noise-level", "dct-histogram")
LIMITS = Limits(upload_bytes=400_000, upload_seconds=20, pixels=100_000, seconds=60, memory=None)
DOCUMENTED = frozenset({200, 403, 408, 413, 415, 422, 429, 503, 504})
"""Of `unseam.web.error_responses`, without 500: WorkerDied and MethodBroke are documented, and are bugs."""

BOUNDARY = "boundary"


class InProcess:
    """Stands for the pool: analyzes in this process, whose time and memory are limited already."""

    def __init__(self, work: PhotoAnalysis) -> None:
        self._work = work

    async def analyze(self, request: PhotoRequest) -> AsyncIterator[Any]:
        for message in self._work(request):
            yield message


@cache
def transport() -> httpx.ASGITransport:
    methods: dict[str, Method] = {name: METHODS[name] for name in OFFERED}
    service = Service(methods, OFFERED[:1], LIMITS)
    service.pool = InProcess(PhotoAnalysis(service.methods, LIMITS.pixels))
    return httpx.ASGITransport(create_app(service), raise_app_exceptions=True)


def request(draw: Random) -> bytes:
    """Make a request: a line of JSON with query and headers, then the body."""
    data = mutated_photo(draw) if draw.random() < 0.7 else photo("JPEG")
    name = draw.choice(("photo.jpg", "photo.jpg", *TEXTS, 'a"b', "ä.png", "..", "con", "a" * 300 + ".jpg"))
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    body = form(name.encode("utf-8", "replace"), data)
    kind = draw.randrange(8)
    if kind == 0:
        body = draw.choice(BYTE_MUTATIONS)(body, draw)
    elif kind == 1:
        place = draw.choice((0, len(body) - 40, 60))
        body = body[:place] + draw.choice(BYTE_MUTATIONS)(body[place : place + 90], draw) + body[place + 90 :]
    elif kind == 2:
        headers |= odd_headers(draw)
    return json.dumps([query(draw), headers]).encode() + b"\n" + body


def form(name: bytes, data: bytes) -> bytes:
    head = b'content-disposition: form-data; name="photo"; filename="' + name.replace(b'"', b"%22") + b'"'
    return b"--boundary\r\n" + head + b"\r\ncontent-type: image/jpeg\r\n\r\n" + data + b"\r\n--boundary--\r\n"


def odd_headers(draw: Random) -> dict[str, str]:
    boundaries = ("", BOUNDARY, '"', "a" * 3000, "\xe9", "x; boundary=boundary", "; ; =", "--", "*=utf-8''%ff")
    others = {
        "content-type": draw.choice(("multipart/form-data", "text/plain", "multipart/form-data; boundary="))
        + draw.choice(boundaries),
        "content-length": draw.choice(("-1", "1e9", LONG_NUMBER, "\xb2", "99999999999999999999", "0x10", " 5")),
        "accept": draw.choice(("application/x-ndjson", "\xff", "*/*;q=nan")),
        "sec-fetch-site": draw.choice(("cross-site", "none", "")),
    }
    chosen = draw.sample(list(others), draw.choice((1, 2)))
    return {name: others[name] for name in chosen}


def query(draw: Random) -> list[tuple[str, str]]:
    parameters = [
        ("method", draw.choice((*OFFERED, "all", "none", *TEXTS))),
        ("format", draw.choice(("json", "html", "mask", "overlay", "zip", "pdf", ""))),
        (
            "include",
            draw.choice(("pictures", "masks", "report", "")),
        ),
        (draw.choice(TEXTS), draw.choice(TEXTS)),
    ]
    return draw.sample(parameters[:3], draw.choice((0, 0, 1, 1, 2))) + parameters[3:] * (draw.random() < 0.05)


def ask(data: bytes, folder: Path) -> str:
    head, _, body = data.partition(b"\n")
    parameters, headers = json.loads(head)
    return asyncio.run(_ask(parameters, {k: v.encode("latin-1", "replace") for k, v in headers.items()}, body))


async def _ask(parameters: list[list[str]], headers: dict[str, bytes], body: bytes) -> str:
    async with httpx.AsyncClient(transport=transport(), base_url="http://unseam.test") as client:
        pairs = [(name, value) for name, value in parameters]
        answer = await client.post("/v1/analyze", params=pairs, headers=headers, content=body)
    assert answer.status_code in DOCUMENTED, f"status {answer.status_code}: {answer.text[:300]}"
    if answer.status_code != 200:
        told = ErrorDocument.model_validate(answer.json())
        assert told.status == answer.status_code
        assert len(told.message) < 2000, f"a message of {len(told.message)} letters"
        return f"{answer.status_code} {told.error}"
    if answer.headers["content-type"] == "application/json":
        AnswerDocument.model_validate(answer.json())
    return "200"


TARGETS = (Target("endpoint", request, ask, (), 14),)

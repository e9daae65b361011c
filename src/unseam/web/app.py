"""The routes of the service."""

from __future__ import annotations

import asyncio
import json
import reprlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from unseam.photo.decoding import PLUGINS
from unseam.report.page import TEMPLATES
from unseam.web.documents import (
    AnswerDocument,
    ErrorDocument,
    HealthDocument,
    LimitsDocument,
    MethodFacts,
    MethodsDocument,
)
from unseam.web.error_responses import CrossSite, ErrorResponse, InvalidRequest, MethodBroke, UnknownRoute
from unseam.web.messages import Answer, Format, Include, PhotoRequest, Progress
from unseam.web.middleware import MeasuredAndStrict
from unseam.web.service import Service
from unseam.web.upload import receive_photo

STATIC = str(files("unseam.web") / "static")

NDJSON = "application/x-ndjson"

DESCRIPTION = """
Finds manipulated pixels in a photograph: which ones, how sure, and why. A photo is held in memory while it is analyzed,
and nothing of it is kept. No score and no heat map is a proof; the HTML report says what it does not prove.
"""

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": {"type": "string", "format": "binary", "description": "The photo's file."}},
                }
            }
        },
    }
}

ERRORS: dict[int, str] = {
    403: "CrossSite: a page of another site made a browser send this.",
    408: "UploadTooSlow.",
    413: "UploadTooLarge, PhotoTooLarge (too many pixels), OutOfMemory.",
    415: "NotAnImage, UnsupportedPhoto; NotMultipart.",
    422: "EmptyPhoto, TruncatedPhoto, DamagedPhoto; NotApplicable (no mask or overlay); InvalidRequest.",
    429: "TooManyRequests: retry after Retry-After seconds.",
    500: "WorkerDied, MethodBroke: this photo could not be analyzed; the service goes on.",
    503: "ShuttingDown: retry after Retry-After seconds.",
    504: "TimeLimit: the photo took too long.",
    507: "UnreadablePhoto: the service's disk has no room for a temporary copy.",
}

METHOD = "A method, or all; repeatable. The first that applies gives the verdict."
FORMAT = "What to answer: json, html (the report), mask and overlay (PNG, of the method behind the verdict), zip (all)."
INCLUDE = "Into JSON, repeatable: pictures (what the page draws), masks (PNG), report (HTML)."
PARAMETERS = frozenset({"method", "format", "include"})

CLIENT_GONE = 499
"""Status in the metrics for a caller who went away, as nginx has it."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": AnswerDocument,
        "description": "What was found. JSON by default; with Accept: application/x-ndjson one JSON object a line: "
        '{"event": "waiting" | "loading" | "provenance" | "judging" | "drawing", ...}, and at last '
        '{"event": "answer", "answer": ...} or {"event": "error", "error": ..., "message": ..., "status": ...}.',
        "content": {
            NDJSON: {},
            "text/html": {},
            "image/png": {},
            "application/zip": {},
        },
    },
    **{status: {"model": ErrorDocument, "description": what} for status, what in ERRORS.items()},
}


def create_app(service: Service) -> FastAPI:
    """Make the ASGI application of a service; its lifespan starts and stops the worker processes."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.pool.start)
        yield
        await asyncio.to_thread(service.stop)

    app = FastAPI(
        title="unseam",
        version=version("unseam"),
        description=DESCRIPTION.strip(),
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
    )
    app.state.service = service
    _add_errors(app)
    _add_photos(app, service)
    _add_about(app, service)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(MeasuredAndStrict, metrics=service.metrics)
    return app


def _add_photos(app: FastAPI, service: Service) -> None:
    async def place() -> AsyncIterator[None]:
        with service.place():
            yield

    @app.post(
        "/v1/analyze",
        dependencies=[Depends(place)],
        responses=RESPONSES,
        openapi_extra=FORM,
        tags=["photos"],
    )
    async def analyze(
        request: Request,
        method: Annotated[list[str] | None, Query(description=METHOD)] = None,
        format: Annotated[Format, Query(description=FORMAT)] = Format.JSON,  # noqa: A002 - the parameter's name
        include: Annotated[list[Include] | None, Query(description=INCLUDE)] = None,
    ) -> Response:
        """Analyze one photo; the answer holds everything, nothing is kept for a second request."""
        started = time.perf_counter()
        streamed = NDJSON in request.headers.get("accept", "")
        _check(request, format, include, streamed)
        chosen = service.choose(method or ())
        data, name = await receive_photo(request, service.limits)
        service.metrics.uploaded.inc(len(data))
        photo = PhotoRequest(data, name, chosen, format, frozenset(include or ()))
        del data  # the photo's request alone holds it
        messages = _messages(service, photo, request, started)
        if streamed:
            return StreamingResponse(_lines(messages), media_type=NDJSON)
        async with aclosing(messages):
            async for message in messages:
                if isinstance(message, Answer):
                    return _response(message)
        raise ClientDisconnect


def _check(request: Request, format: Format, include: list[Include] | None, streamed: bool) -> None:  # noqa: A002
    """Refuse what cannot be meant, before a photo is taken in."""
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise CrossSite("a page of another site sent this; open the page of this service itself.")
    unknown = sorted(set(request.query_params) - PARAMETERS)
    if unknown:
        raise InvalidRequest(f"no parameter {reprlib.repr(unknown[0])}; there are: {', '.join(sorted(PARAMETERS))}.")
    if format is not Format.JSON and (include or streamed):
        raise InvalidRequest(f"format={format} is the whole answer; include and {NDJSON} are for format=json.")


async def _messages(
    service: Service, photo: PhotoRequest, request: Request, started: float
) -> AsyncGenerator[Progress | Answer, None]:
    """Yield what becomes of a photo; stop the work when the caller has gone."""
    async with aclosing(service.analyze(photo)) as messages:
        async for message in messages:
            if isinstance(message, ErrorResponse):
                raise message
            if isinstance(message, Answer):
                service.metrics.add_photo(time.perf_counter() - started)
            elif await request.is_disconnected():
                return
            yield message


async def _lines(messages: AsyncGenerator[Progress | Answer, None]) -> AsyncIterator[bytes]:
    """Write messages as JSON, one a line; an error becomes the last line, because the status is sent already."""
    async with aclosing(messages):
        try:
            async for message in messages:
                if isinstance(message, Progress):
                    yield json.dumps(message.document()).encode() + b"\n"
                else:
                    yield b'{"event": "answer", "answer": '
                    yield message.body
                    yield b"}\n"
        except ErrorResponse as error:
            yield json.dumps({"event": "error"} | error.document()).encode() + b"\n"


def _response(answer: Answer) -> Response:
    headers = {"content-disposition": f"inline; filename*=UTF-8''{quote(answer.file_name)}"}
    if answer.media_type.startswith("text/html"):  # it brings its own policy, which names its one script by its hash
        headers["content-security-policy"] = f"{TEMPLATES.globals['policy']}; frame-ancestors 'none'"
    return Response(answer.body, media_type=answer.media_type, headers=headers)


def _add_about(app: FastAPI, service: Service) -> None:
    limits = service.limits
    number = version("unseam")

    @app.get("/v1/methods", tags=["about"])
    async def methods() -> MethodsDocument:
        """List the methods offered here, with what each sees and needs, and the limits of this service."""
        return MethodsDocument(
            default=list(service.default),
            methods=[MethodFacts(**facts) for facts in service.facts()],
            limits=LimitsDocument(
                upload_bytes=limits.upload_bytes,
                pixels=limits.pixels,
                seconds=limits.seconds,
                in_flight=limits.in_flight,
            ),
            formats=[name for name in PLUGINS if name != "HEIF" or find_spec("pillow_heif")],
            version=number,
        )

    @app.get("/healthz", tags=["about"], responses={503: {"model": HealthDocument, "description": "It is stopping."}})
    async def healthz(response: Response) -> HealthDocument:
        """Say whether the service takes photos."""
        response.status_code = 503 if service.stopping else 200
        return HealthDocument(status="stopping" if service.stopping else "ok", version=number)

    @app.get("/metrics", tags=["about"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Return counts and times in Prometheus' text format."""
        return Response(service.metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(f"{STATIC}/index.html", headers={"cache-control": "no-cache"})

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return FileResponse(f"{STATIC}/icon.svg", media_type="image/svg+xml")


def _add_errors(app: FastAPI) -> None:
    """Give every error the same shape."""

    @app.exception_handler(ErrorResponse)
    async def failed(_request: Request, error: ErrorResponse) -> JSONResponse:
        headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
        return JSONResponse(error.document(), error.status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"][1:2])
        return await failed(request, InvalidRequest(f"{where}: {first['msg']}."))

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        what = HTTPStatus(error.status_code).phrase.lower()
        message = f"{request.method} {request.url.path[:200]}: {what}. /openapi.json lists what there is."
        return await failed(request, UnknownRoute(message, error.status_code))

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_GONE)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        return await failed(request, MethodBroke(f"the service itself failed ({type(error).__name__}). This is a bug."))

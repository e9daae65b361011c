"""Around every request: metrics, and the headers that keep browsers strict."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from unseam.web.metrics import Metrics

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What the page may do: run and show what comes from here, and draw pictures that it made itself; nothing else."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""Of every response, unless it sets its own."""

STATIC = "/static"
STATIC_HEADERS = HEADERS | {"cache-control": "no-cache"}
"""Browsers may cache the files of the page, but must revalidate them."""

LINGER_SECONDS = 10.0
LINGER_BYTES = 256_000_000
"""How long, and how much of, a refused body is still read and thrown away: a browser that cannot finish sending never
reads why it was refused (RFC 9112, section 9.6)."""

OTHER = "other"
"""What unknown addresses are counted as: a stranger must not make up names that fill the memory."""


class MeasuredAndStrict:
    """The outermost part of the application.

    Parameters
    ----------
    app : ASGI application
    metrics : Metrics
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        body = _Body(scope, receive)

        async def send_strict(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400:
                    await body.linger()
                headers = MutableHeaders(scope=message)
                for name, value in (STATIC_HEADERS if _address(scope) == STATIC else HEADERS).items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, body.receive, send_strict)
        finally:
            self._metrics.add_request(_address(scope), _method(scope), status, time.perf_counter() - started)


class _Body:
    """The body of a request, and whether it has been read to its end."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._over = False
        self._invited = not any(name == b"expect" for name, _ in scope["headers"])

    async def receive(self) -> Message:
        message = await self._receive()
        self._invited = True
        self._over = self._over or not message.get("more_body", False)
        return message

    async def linger(self) -> None:
        """Read and throw away what is still coming, for a while; nothing where the caller waits to be asked for it."""
        seen = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while self._invited and not self._over and seen < LINGER_BYTES:
                    seen += len((await self.receive()).get("body", b""))


def _address(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None) or OTHER
    return STATIC if path.startswith(STATIC) else path


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else OTHER

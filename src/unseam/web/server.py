"""Run a service until SIGTERM or SIGINT, which end it cleanly, with exit code 0."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from unseam.errors import RunError
from unseam.web.app import create_app
from unseam.web.service import Service

BACKLOG = 1024
"""Connections that may wait to be accepted."""

LAST_SECONDS = 5
"""What answers get to be sent after the grace is over and the work was ended."""


def serve(service: Service, host: str, port: int, started: Callable[[str], None], *, log: bool = False) -> None:
    """Serve until SIGTERM or SIGINT.

    Then no new connection is taken; photos in flight get ``grace_seconds`` to finish, and after that a 503.

    Parameters
    ----------
    service : Service
    host, port : str, int
        Where to listen; port 0 for any that is free.
    started : function
        Called with the address of the page when requests are taken.
    log : bool
        Write a line for each request.

    Raises
    ------
    RunError
        The address cannot be used, or a worker process does not begin.
    """
    listener = listen(host, port)
    signals = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        service.pool.start()
        address = f"[{host}]" if ":" in host else host
        started(f"http://{address}:{listener.getsockname()[1]}/")
        Server(service, log=log).run([listener])
    except KeyboardInterrupt:  # before requests were taken, or after the last
        pass
    finally:
        service.stop()
        listener.close()
        for number, handler in signals.items():
            signal.signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """Open the socket to serve on; RunError where the address cannot be used."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(
            f"cannot listen on {host} port {port} ({reason}); choose another with --host or --port"
        ) from error


class Server(uvicorn.Server):
    """A server that informs the service when it is about to stop."""

    def __init__(self, service: Service, *, log: bool = False) -> None:
        limits = service.limits
        super().__init__(
            uvicorn.Config(
                create_app(service),
                log_level="info" if log else "warning",
                access_log=log,
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=int(limits.grace_seconds) + LAST_SECONDS,
            )
        )
        self._service = service
        self._ending: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal: the first begins the end, a second one ends it at once."""
        first = not self.should_exit
        super().handle_exit(sig, frame)
        if first:
            asyncio.get_running_loop().call_soon_threadsafe(self._begin_to_stop)

    def _begin_to_stop(self) -> None:
        self._service.stopping = True
        self._ending = asyncio.create_task(self._stop_after_grace())

    async def _stop_after_grace(self) -> None:
        await asyncio.sleep(self._service.limits.grace_seconds)
        await asyncio.to_thread(self._service.stop)

"""A service of obedient methods, run in a thread of the tests' process."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx

from support.web_scenes import png, spots
from unseam.web.documents import ErrorDocument
from unseam.web.limits import Limits
from unseam.web.server import Server, listen
from unseam.web.service import Service

Files = dict[str, tuple[str, bytes]]

PATIENCE = 60.0
"""Seconds that a test waits for what must come."""

LIMITS = Limits(
    upload_bytes=400_000,
    upload_seconds=5,
    pixels=200_000,
    seconds=60,
    in_flight=4,
    workers=2,
    threads=1,
    memory=3_000_000_000,
    grace_seconds=1,
)


@contextmanager
def running(service: Service) -> Iterator[httpx.Client]:
    """Serve from a thread of this process, on a real socket."""
    service.pool.start()
    with closing(listen("127.0.0.1", 0)) as listener:
        server = Server(service)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
            service.stop()


def value_of(text: str, name: str) -> float:
    (value,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(value)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and name of an error."""
    error = ErrorDocument.model_validate(answer.json())
    assert error.status == answer.status_code
    return error.status, error.error


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def ask(client: httpx.Client, method: str) -> httpx.Response:
    """Have one photo analyzed."""
    return client.post("/v1/analyze", params={"method": method}, files={"photo": ("spots.png", png(spots()))})

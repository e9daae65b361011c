"""A web page to drop a photo on, and the HTTP API behind it (extra ``web``).

::

    upload -> worker_pool -> analysis (in a worker process) -> responses
              |                                                |
              limits: bytes, pixels, seconds,                  complete when it leaves the worker: JSON, HTML, PNG
              memory, requests in flight                       or ZIP; the service keeps nothing of it

The service itself never decodes a photo: a hostile file meets a worker process only, which has a memory and a time
limit, and is replaced when it dies. Photos and answers stay in memory while their request lasts, and are never written
to disk. The page (``static/``) has no build step and uses the API like any other client.
"""

from __future__ import annotations

from importlib.util import find_spec

from unseam.errors import MissingExtra

_NEEDED = {
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "python_multipart": "python-multipart",
    "prometheus_client": "prometheus_client",
}


def demand_extra() -> None:
    """Raise `MissingExtra` with the pip command unless the extra web is installed."""
    missing = [name for module, name in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingExtra(f'unseam serve needs {", ".join(missing)}: pip install "unseam[web]"')

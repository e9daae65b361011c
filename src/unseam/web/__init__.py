"""A web page to drop a photo on, and the HTTP API behind it (extra ``web``).

::

    upload -> crew -> judging (in a worker process) -> answer
              |                                        |
              limits: bytes, pixels, seconds,          made whole by the worker: JSON, HTML, PNG or ZIP;
              memory, requests in flight               nothing of it is kept here

The service itself never decodes a photo: a hostile file meets a worker process only, which has a memory and a time
limit, and is replaced when it dies. Photos and answers are held in memory as long as their request lasts, and never
written to disk. The page is static (``static/``), made of three files without a build step, and talks to the API as
anybody else.
"""

from __future__ import annotations

from importlib.util import find_spec

from unseam.errors import MissingExtra

_NEEDED = {"fastapi": "fastapi", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}


def demand_extra() -> None:
    """Raise `MissingExtra` with the pip command unless the extra web is installed."""
    missing = [name for module, name in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingExtra(f'unseam serve needs {", ".join(missing)}: pip install "unseam[web]"')

"""For users who offer a service: ``unseam serve``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseam.cli.app import TRUST_ANCHORS, app, one_line_errors, read_anchors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unseam.method import Method


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any that is free.")] = 8000,
    method: Annotated[
        list[str] | None,
        typer.Option(help="Offer only these, a method or a model file (.onnx); repeatable.  [default: all]"),
    ] = None,
    max_upload: Annotated[float, typer.Option(min=0.001, help="Megabytes of one photo's file.")] = 64,
    upload_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that one upload may take.")] = 120,
    max_pixels: Annotated[int, typer.Option(min=1, help="Refuse photos of more pixels, before decoding.")] = 50_000_000,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that one photo may take.")] = 300,
    in_flight: Annotated[
        int | None,
        typer.Option(min=1, help="Photos received, waiting or analyzed at a time.  [default: four per worker]"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes.  [default: one for every two cores]")
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(min=0.5, help="Gigabytes that one worker may use (Linux).  [default: by --max-pixels]"),
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0.1, help="Seconds that photos in flight get to finish when the service stops.")
    ] = 20,
    trust_anchors: Annotated[Path | None, typer.Option(metavar="FILE", help=TRUST_ANCHORS)] = None,
    log: Annotated[bool, typer.Option("--log", help="Write a line for each request.")] = False,
) -> None:
    """Serve a web page to drop photos on, and an HTTP API (needs the extra web)."""
    with one_line_errors():
        from unseam.web import demand_extra

        demand_extra()
        from unseam.scanning.plan import share_of_memory
        from unseam.system.cores import cores
        from unseam.web.limits import MEGABYTE, Limits, default_memory, default_workers
        from unseam.web.server import serve as serve_until_stopped
        from unseam.web.service import Service

        count = workers or default_workers(cores())
        places = in_flight or 4 * count
        if places < count:
            raise typer.BadParameter(f"--in-flight {places} can never keep {count} workers busy")
        limits = Limits(
            upload_bytes=int(max_upload * MEGABYTE),
            upload_seconds=upload_timeout,
            pixels=max_pixels,
            seconds=timeout,
            in_flight=places,
            workers=count,
            threads=max(cores() // count, 1),
            memory=int(memory * 1e9) if memory else default_memory(max_pixels, share_of_memory(count)),
            grace_seconds=grace,
        )
        methods, default = _offered(method)
        service = Service(methods, default, limits, read_anchors(trust_anchors))
        serve_until_stopped(service, host, port, lambda url: typer.echo(f"unseam serves {url} (Ctrl-C stops)"), log=log)


def _offered(names: Sequence[str] | None) -> tuple[dict[str, Method], list[str]]:
    """Find the methods, and those used when a caller names none: all that were named here, else the default ones."""
    from unseam.analyze import key_methods
    from unseam.methods import DEFAULT_METHODS, METHODS, find_methods

    methods = key_methods(find_methods(names or METHODS))  # reads model files: a broken one is reported now
    return methods, list(methods if names else DEFAULT_METHODS)

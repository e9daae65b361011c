"""How a service bears many uploads at a time: answers by status, and what its process holds before and after.

    python benchmarks/serve_load.py [--uploads 200] [--in-flight 4] [--rounds 5] [--method noise-level] [--side 256]

Starts ``unseam serve`` with that limit, then sends rounds of uploads, all of a round at once, each on a connection of
its own. Prints for each round the answers by status, the longest time to an answer, and the resident memory of the
service and of its workers (Linux). A service that is right answers each with 200 or 429, and does not grow.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

SECONDS = 600
"""That one answer may take: the machine may have other work."""


def main() -> None:
    """Run it."""
    options = parse()
    limits = ["--in-flight", str(options.in_flight), "--workers", "1", "--method", options.method]
    program = [sys.executable, "-m", "unseam", "serve", "--port", "0", *limits]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as service:
        try:
            url = (service.stdout or sys.stdin).readline().split()[2]
            photo = make_photo(options.side)
            say(f"{options.uploads} uploads of {len(photo)} bytes at a time, {options.in_flight} in flight")
            say(f"before: {memory(service.pid)}")
            for number in range(1, options.rounds + 1):
                say(f"round {number}: {asyncio.run(load(url, photo, options.uploads))}; {memory(service.pid)}")
        finally:
            service.terminate()
        say(f"exit code {service.wait()}")


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--method", default="noise-level")
    parser.add_argument("--side", type=int, default=256, help="height and width of the photo, pixels")
    return parser.parse_args()


def make_photo(side: int) -> bytes:
    """Make a PNG of noise."""
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


async def load(url: str, photo: bytes, uploads: int) -> str:
    """Send all at once, and say what came back."""

    async def send() -> tuple[int, float]:
        started = time.perf_counter()
        async with httpx.AsyncClient(timeout=SECONDS, verify=False) as client:
            answer = await client.post(url + "v1/analyze", files={"photo": ("noise.png", photo)})
        return answer.status_code, time.perf_counter() - started

    answers = await asyncio.gather(*(send() for _ in range(uploads)))
    counts = Counter(status for status, _ in answers)
    listed = ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))
    return f"{listed}, the last after {max(seconds for _, seconds in answers):.1f} s"


def memory(process: int) -> str:
    """Say how much a process and its children hold, in MB."""
    folder = Path(f"/proc/{process}")
    if not folder.exists():
        return "memory is not known on this system"
    lists = (folder / "task").glob("*/children")
    children = [int(child) for children in lists for child in children.read_text(encoding="ascii").split()]
    workers = " ".join(f"{resident(child):.1f}" for child in children)
    return f"service {resident(process):.1f} MB, worker {workers} MB"


def resident(process: int) -> float:
    """Give the resident memory of a process in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main()

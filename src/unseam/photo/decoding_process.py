"""Decode one image file in a child process: for decoders that write to standard error, or warn.

libtiff writes its complaints to the file descriptor of standard error, which all threads of a program share; Pillow
reports doubtful metadata through Python's warning filters, which they share too. In a process of its own a decoder can
be silenced without touching either. Starting it takes about 0.2 s, once per file of such a format.

``python -m unseam.photo.decoding_process WHERE MAX_PIXELS`` reads the file from standard input and answers on standard
output: one line of JSON, then, if all went well, the pixels.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings

import numpy as np

from unseam import errors
from unseam.photo.containers import format_of
from unseam.photo.decoding import Decoded, decode

NOISY_FORMATS = frozenset({"TIFF", "AVIF", "HEIF", "GIF"})
"""libtiff writes to standard error; Pillow warns about metadata of TIFF, about EXIF in AVIF and HEIF, and about the
size of a GIF whose frame is larger than its screen."""


def decode_quietly(data: bytes, where: str, max_pixels: int) -> Decoded:
    """Decode an image file so that nothing reaches standard error; as `unseam.photo.decoding.decode`."""
    return (decode_apart if format_of(data) in NOISY_FORMATS else decode)(data, where, max_pixels)


def decode_apart(data: bytes, where: str, max_pixels: int) -> Decoded:
    """Decode an image file in a child process; parameters, result and errors as `unseam.photo.decoding.decode`."""
    name = str(format_of(data))
    if getattr(sys, "frozen", False) or not sys.executable:  # bundled into one program: no Python to start
        return decode(data, where, max_pixels)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    program = [sys.executable, "-m", "unseam.photo.decoding_process", where, str(max_pixels)]
    child = subprocess.run(
        program, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=False
    )
    line, _, pixels = child.stdout.partition(b"\n")
    if child.returncode != 0 or not line:
        raise errors.DamagedPhoto(f"{where} is a {name} that made its decoder stop; get the original file.")
    answer = json.loads(line)
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    shape = (answer["height"], answer["width"], 3)
    array = np.frombuffer(pixels, np.uint8).reshape(shape)
    return Decoded(array, name, answer["orientation"], answer["number"], answer["count"])


def _main(where: str, max_pixels: str) -> None:
    warnings.simplefilter("ignore")
    logging.disable()
    data = sys.stdin.buffer.read()
    try:
        decoded = decode(data, where, int(max_pixels))
    except errors.PhotoError as error:
        sys.stdout.buffer.write(json.dumps({"error": type(error).__name__, "message": str(error)}).encode() + b"\n")
        return
    height, width, _ = decoded.pixels.shape
    answer = {"height": height, "width": width, "orientation": decoded.orientation}
    answer |= {"number": decoded.number, "count": decoded.count}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(np.ascontiguousarray(decoded.pixels).data)


if __name__ == "__main__":
    _main(*sys.argv[1:])

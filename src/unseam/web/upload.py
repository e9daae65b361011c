"""Receive one photo of a multipart form in memory; stop at once when it is too large or too slow."""

from __future__ import annotations

import asyncio
import logging
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath, PureWindowsPath

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from unseam.web.error_responses import InvalidRequest, NotMultipart, UploadTooLarge, UploadTooSlow
from unseam.web.limits import Limits

# Without a handler, Python writes the complaints of the parser to standard error.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

FIELD = "photo"
"""Name of the part that holds the file."""

FORM_BYTES = 65_536
"""What a form may contain apart from the file: boundaries, headers, a name."""

LONGEST_NAME = 255
"""Characters of a file name that are kept; file systems allow no more."""


async def receive_photo(request: Request, limits: Limits) -> tuple[bytes, str]:
    """Return the bytes and the name of the photo.

    Raises
    ------
    NotMultipart, InvalidRequest
        The body is not a form, or does not have exactly one part ``photo`` with a file.
    UploadTooLarge, UploadTooSlow
        It passed a limit; not more than the limit was held.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise NotMultipart(
            f'expected a multipart form with a file in "{FIELD}", as curl sends it: --form {FIELD}=@holiday.jpg.'
        )
    check_length(request, limits)
    try:
        async with asyncio.timeout(limits.upload_seconds):
            return await _parse(request, limits)
    except TimeoutError as error:
        raise UploadTooSlow(
            f"the upload took longer than {limits.upload_seconds:g} s. Try a better connection, or a smaller file."
        ) from error


def check_length(request: Request, limits: Limits) -> None:
    """Refuse a body whose header says that it is too long, before anything of it is read."""
    stated = request.headers.get("content-length", "")
    most, digits = limits.upload_bytes + FORM_BYTES, stated.lstrip("0")
    # Longer first: Python turns no text of more than 4300 digits into a number.
    if stated.isdecimal() and (len(digits) > len(str(most)) or int(digits or "0") > most):
        raise too_large(limits)


def too_large(limits: Limits) -> UploadTooLarge:
    """Return the error of a file with too many bytes."""
    return UploadTooLarge(
        f"the file is larger than the {limits.upload_bytes / 1e6:g} MB that this service takes. "
        "Send the original all the same if you can: a smaller copy has lost most traces."
    )


class _Form:
    """The one file of a multipart form (RFC 7578), collected in memory as its parts arrive."""

    def __init__(self, boundary: bytes) -> None:
        self.data = bytearray()
        self.name: str | None = None  # of the photo's file, once it has begun
        self.whole = False
        self._headers: dict[bytes, bytes] = {}
        self._header, self._value = b"", b""
        with _refusing():
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._take_header,
                    "on_header_value": self._take_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._take_data,
                    "on_end": self._end,
                },
            )

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes; InvalidRequest where they are not the expected form."""
        with _refusing():
            self._parser.write(chunk)

    def _begin_part(self) -> None:
        self._headers = {}

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        part = options.get(b"name", b"").decode("utf-8", "replace")
        if part != FIELD or b"filename" not in options or self.name is not None:
            found = reprlib.repr(part)
            what = "a second file" if part == FIELD and self.name is not None else f"{found} without a file"
            raise InvalidRequest(f"expected one file in {FIELD!r}, found {what if part == FIELD else found}.")
        self.name = base_name(options[b"filename"].decode("utf-8", "replace"))

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        self.data += data[start:end]

    def _end(self) -> None:
        self.whole = True


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except FormParserError as error:
        raise InvalidRequest(f"the form cannot be read: {error}.") from error


async def _parse(request: Request, limits: Limits) -> tuple[bytes, str]:
    _, options = parse_options_header(request.headers["content-type"])
    if not options.get(b"boundary"):
        raise InvalidRequest("the form has no boundary in its content-type; let your HTTP library write that header.")
    form, seen = _Form(options[b"boundary"]), 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limits.upload_bytes + FORM_BYTES or len(form.data) > limits.upload_bytes:
            raise too_large(limits)
        if chunk:
            form.feed(chunk)
    if len(form.data) > limits.upload_bytes:
        raise too_large(limits)
    if form.name is None or not form.whole:
        raise InvalidRequest(f"the form ends too early; expected one file in {FIELD!r}.")
    return bytes(form.data), form.name


def base_name(name: str) -> str:
    """Return the name of a file without folders, of either kind of system."""
    return PurePosixPath(PureWindowsPath(name).name).name[-LONGEST_NAME:] or "photo"

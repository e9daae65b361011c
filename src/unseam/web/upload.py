"""Take in one photo from a multipart form, in memory, and stop at once when it is too large or too slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import PurePosixPath, PureWindowsPath

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from unseam.web.limits import Limits
from unseam.web.refusals import InvalidRequest, NotMultipart, Refusal, UploadTooLarge, UploadTooSlow

FIELD = "photo"
"""Name of the part that holds the file."""

FORM_BYTES = 65_536
"""What a form may have beside the file: boundaries, headers, a name."""

LONGEST_NAME = 255
"""Characters of a file name that are kept; file systems allow no more."""


async def receive_photo(request: Request, limits: Limits) -> tuple[bytes, str]:
    """Give the photo's bytes and its name.

    Raises
    ------
    NotMultipart, InvalidRequest
        The body is no form, or has not exactly one part ``photo`` with a file.
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
    if stated.isdecimal() and int(stated) > limits.upload_bytes + FORM_BYTES:
        raise too_large(limits)


def too_large(limits: Limits) -> UploadTooLarge:
    """Give the error of a file with too many bytes."""
    return UploadTooLarge(
        f"the file is larger than the {limits.upload_bytes / 1e6:g} MB that this service takes. "
        "Send the original all the same if you can: a smaller copy has lost most traces."
    )


class _InMemory(MultiPartParser):
    """Keeps the file in memory, whatever its size: nothing of a photo is written to disk."""

    spool_max_size = 0  # of a SpooledTemporaryFile: it never rolls over


async def _parse(request: Request, limits: Limits) -> tuple[bytes, str]:
    parser = _InMemory(request.headers, _bounded(request, limits), max_files=1, max_fields=0)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InvalidRequest(f"the form cannot be used: {error.message} Expected one file in {FIELD!r}.") from error
    except (HTTPException, UnicodeError, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        raise InvalidRequest(f"the form cannot be read ({type(error).__name__}).") from error
    photo = form.get(FIELD)
    if not isinstance(photo, UploadFile):
        found = ", ".join(map(repr, form)) or "nothing"
        raise InvalidRequest(f"expected a file in {FIELD!r}, found {found}.")
    data = photo.file.read()
    photo.file.close()
    if len(data) > limits.upload_bytes:
        raise too_large(limits)
    return data, base_name(photo.filename or "")


async def _bounded(request: Request, limits: Limits) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limits.upload_bytes + FORM_BYTES:
            raise too_large(limits)
        yield chunk


def base_name(name: str) -> str:
    """Give a file's name without folders, of either kind of system."""
    return PurePosixPath(PureWindowsPath(name).name).name[-LONGEST_NAME:] or "photo"

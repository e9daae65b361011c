"""Why there is no answer: each error of the service with its HTTP status, and their one shape in JSON.

::

    UnseamError
    └── ErrorResponse                  what a caller gets instead of an answer
        ├── InvalidRequest      422    a parameter or a part of the form is missing or wrong
        ├── UnknownRoute        404    no such route (405: not with this HTTP method)
        ├── CrossSite           403    a page of another site sent this
        ├── NotMultipart        415    the body is not a multipart form
        ├── UploadTooLarge      413    more bytes than the limit
        ├── UploadTooSlow       408    the upload took longer than the limit
        ├── TooManyRequests     429    as many photos as the limit are in flight; see Retry-After
        ├── PhotoRefused        4xx    an error of `unseam.errors` about the photo, under its own name (507: no room)
        ├── OutOfMemory         413    the photo took more memory than a worker may have
        ├── TimeLimit           504    the photo took longer than the limit
        ├── WorkerDied          500    the worker process died
        ├── MethodBroke         500    a method failed on this photo: a bug
        └── ShuttingDown        503    the service is stopping; see Retry-After
"""

from __future__ import annotations

from typing import Any, ClassVar

from unseam import errors
from unseam.errors import UnseamError


class ErrorResponse(UnseamError):  # noqa: N818 - named after what happened, as in `unseam.errors`
    """What a caller gets instead of an answer.

    Attributes
    ----------
    status : int
        Of HTTP.
    retry_after : int, optional
        Seconds after which another try may succeed.
    """

    status: int = 500
    retry_after: int | None = None

    @property
    def name(self) -> str:
        """The name of the error, stable for programs."""
        return type(self).__name__

    def document(self) -> dict[str, Any]:
        """Return the error as JSON."""
        return {"error": self.name, "message": str(self), "status": self.status}


class InvalidRequest(ErrorResponse):
    """A parameter or a part of the form is missing or wrong."""

    status = 422


class UnknownRoute(ErrorResponse):
    """There is no such route, or not with this HTTP method."""

    def __init__(self, message: str, status: int = 404) -> None:
        super().__init__(message)
        self.status = status


class CrossSite(ErrorResponse):
    """A page of another site made a browser send this."""

    status = 403


class NotMultipart(ErrorResponse):
    """The body is not a multipart form."""

    status = 415


class UploadTooLarge(ErrorResponse):
    """More bytes than the limit."""

    status = 413


class UploadTooSlow(ErrorResponse):
    """The upload took longer than the limit."""

    status = 408


class TooManyRequests(ErrorResponse):
    """As many photos as the limit are in flight."""

    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PhotoRefused(ErrorResponse):
    """An error of `unseam.errors` about the photo; its name is reported, not this one."""

    STATUS: ClassVar[dict[str, int]] = {
        errors.PhotoTooLarge.__name__: 413,
        errors.NotAnImage.__name__: 415,
        errors.UnsupportedPhoto.__name__: 415,
        errors.UnreadablePhoto.__name__: 507,
    }
    """Of the errors that have their own status in HTTP; all others are 422.

    An upload is in memory, so what cannot be read is the service's own temporary copy of it: its disk is full."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.status = self.STATUS.get(name, 422)

    @property
    def name(self) -> str:
        """Name of the class in `unseam.errors`."""
        return str(self.args[0])

    def __str__(self) -> str:
        return str(self.args[1])


class OutOfMemory(ErrorResponse):
    """The photo took more memory than a worker may have."""

    status = 413


class TimeLimit(ErrorResponse):
    """The photo took longer than the limit."""

    status = 504


class WorkerDied(ErrorResponse):
    """The worker process died."""

    status = 500


class MethodBroke(ErrorResponse):
    """A method failed on this photo: a bug."""

    status = 500


class ShuttingDown(ErrorResponse):
    """The service is stopping."""

    status = 503
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("the service is stopping; retry in a moment.")

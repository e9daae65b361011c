"""Everything unseam raises on purpose.

::

    UnseamError
    ├── PhotoError              the input is not a photo that can be judged
    │   ├── PhotoNotFound       no such file (also a FileNotFoundError)
    │   ├── NotAFile            a folder, a device, a pipe (also an OSError)
    │   ├── UnreadablePhoto     the file is there but may not or cannot be read (also an OSError)
    │   ├── EmptyPhoto          zero bytes, or an array without pixels
    │   ├── NotAnImage          the bytes are not in a known image format
    │   ├── TruncatedPhoto      an image that ends too early
    │   ├── DamagedPhoto        an image whose bytes contradict themselves
    │   ├── PhotoTooLarge       more pixels than the limit; refused before they are allocated
    │   └── UnsupportedPhoto    an image that unseam has no written rule for
    ├── NotApplicable           this method cannot judge this photo; an outcome, not a failure
    ├── UnknownMethod           no method has this name (also a LookupError)
    ├── UnfitOption             an option that none of the methods named can follow (also a ValueError)
    ├── ModelError              a model file that cannot be used
    ├── RecipeError             a training recipe that contradicts itself
    ├── RunError                a training run's folder that cannot be used, or a run that cannot go on
    ├── DataError               photographs, masks or a manifest that cannot be used
    └── MissingExtra            an optional dependency is not installed (also an ImportError)

Every message says what was found, what was expected and what to do.
"""


class UnseamError(Exception):
    """Base of all errors of this package."""


class PhotoError(UnseamError):
    """The input is not a photo that can be judged."""


class PhotoNotFound(PhotoError, FileNotFoundError):  # noqa: N818 - named after what happened, like FileNotFoundError
    """There is no such file."""


class NotAFile(PhotoError, OSError):  # noqa: N818
    """The path is a folder, a device or a pipe."""


class UnreadablePhoto(PhotoError, OSError):  # noqa: N818
    """The file is there but may not or cannot be read."""


class EmptyPhoto(PhotoError):  # noqa: N818
    """Zero bytes, or an array without pixels."""


class NotAnImage(PhotoError):  # noqa: N818
    """The bytes are not in a known image format."""


class TruncatedPhoto(PhotoError):  # noqa: N818
    """An image that ends too early."""


class DamagedPhoto(PhotoError):  # noqa: N818
    """An image whose bytes contradict themselves."""


class PhotoTooLarge(PhotoError):  # noqa: N818
    """More pixels than the limit; refused before they are allocated."""


class UnsupportedPhoto(PhotoError):  # noqa: N818
    """An image that unseam has no written rule for."""


class NotApplicable(UnseamError):  # noqa: N818
    """The method cannot judge this photo: an outcome, not a failure; the message is the reason."""


class UnknownMethod(UnseamError, LookupError):  # noqa: N818
    """No method has this name; the message lists those that exist."""


class UnfitOption(UnseamError, ValueError):  # noqa: N818
    """An option that none of the methods named can follow; the message says for which it is."""


class ModelError(UnseamError):
    """A model file that cannot be used: not ONNX, without our metadata, damaged."""


class RecipeError(UnseamError):
    """A training recipe that contradicts itself, or holds an unknown key."""


class RunError(UnseamError):
    """A training run's folder that cannot be used, or a run that cannot go on."""


class DataError(UnseamError):
    """Photographs, masks or a manifest that cannot be used."""


class MissingExtra(UnseamError, ImportError):  # noqa: N818
    """An optional dependency is not installed; the message names the pip command."""


def for_command_line(message: object) -> str:
    """Return an error's message with limits named as the options of the command line are."""
    return str(message).replace("raise max_pixels", "raise --max-pixels")


def memory_ran_out(error: BaseException) -> bool:
    """Whether an error comes of a MemoryError: a decoder may say something else when memory runs out."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False

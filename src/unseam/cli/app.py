"""The application that all commands are added to, and how each of them fails."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from unseam.errors import UnfitOption, UnknownMethod, UnseamError, for_command_line
from unseam.system.text import printable

FAILED, INTERRUPTED = 1, 130

FAST = "Networks leave out what takes longest: copied regions, and the pixels of authentic patches."

TRUST_ANCHORS = "Certificates (PEM) whose Content Credentials are trusted, in place of the list that is shipped."

# fmt: off
REFUSALS = frozenset((
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO,  # no space, over the quota, file too large, broken disk
    errno.EROFS, errno.EACCES, errno.EPERM,  # read-only, not allowed
    errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOENT,  # a file where a folder is meant, or the other way round
    errno.ENAMETOOLONG, errno.ELOOP,
))
# fmt: on
"""Error numbers of an operating system that cannot write where the user wants."""

app = typer.Typer(
    help="Find the seams in manipulated photographs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name that the encoding of the terminal lacks must not fail
    app()


def complain(message: object) -> None:
    """Print one line on stderr."""
    typer.echo(f"unseam: {printable(' '.join(for_command_line(message).split()))}", err=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn errors that a user can fix into one line and an exit code; a bug keeps its traceback."""
    try:
        yield
    except (UnknownMethod, UnfitOption) as error:
        raise typer.BadParameter(str(error)) from error
    except UnseamError as error:
        complain(error)
        raise typer.Exit(FAILED) from error
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        complain(f"{error.filename or 'cannot write'}: {error.strerror}; what was finished before is on disk")
        raise typer.Exit(FAILED) from error
    except MemoryError as error:
        complain("out of memory; what was finished before is on disk")
        raise typer.Exit(FAILED) from error
    except KeyboardInterrupt as error:
        complain("interrupted; what was finished before is on disk")
        raise typer.Exit(INTERRUPTED) from error


def read_anchors(path: Path | None) -> str | None:
    """Read a file of certificates that the user trusts; None without one."""
    if path is None:
        return None
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnseamError(f"{path} cannot be read ({error}); expected certificates in PEM") from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise UnseamError(f"{path} holds no certificate; expected PEM, with lines of -----BEGIN CERTIFICATE-----")
    return text


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"unseam {version('unseam')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Find the seams in manipulated photographs."""

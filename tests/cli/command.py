"""The command line, called in this process."""

from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from unseam import cli


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def recorder(calls: list[Any], result: object) -> Any:
    def record(*arguments: object, **options: object) -> object:
        calls.append((arguments, options))
        return result

    return record

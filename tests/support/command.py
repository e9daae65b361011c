"""The command line, called in this process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from unseam import cli

MAIN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from unseam.cli import main; main()"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def recorder(calls: list[Any], result: object) -> Any:
    def record(*arguments: object, **options: object) -> object:
        calls.append((arguments, options))
        return result

    return record


def started(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAIN, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

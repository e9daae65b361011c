import errno
import os
import signal
from pathlib import Path

import pytest
from PIL import Image

import unseam
from support.command import run, started
from unseam.errors import DataError
from unseam.forging import factory

HELP = ["localize", "methods", "scan", "forge", "windows", "datasets", "train", "export", "evaluate", "reproduce"]


def test_the_version_is_printed() -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout == f"unseam {unseam.__version__}\n"


@pytest.mark.parametrize("command", HELP)
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert command in run("--help").stdout


def test_any_error_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DataError("first line\nsecond line")

    monkeypatch.setattr(factory, "forge_folder", fail)
    result = run("forge", "a", "--out", "b", "--count", "1")
    assert result.exit_code == 1
    assert result.stderr == "unseam: first line second line\n"


def test_a_full_disk_is_one_line_and_other_troubles_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(factory, "forge_folder", lambda *_, **__: (_ for _ in ()).throw(trouble))
    result = run("forge", "a", "--out", "b", "--count", "1")
    assert result.exit_code == 1
    assert result.stderr == "unseam: cannot write: No space left on device; what was finished before is on disk\n"

    trouble.errno = errno.EBADF
    assert run("forge", "a", "--out", "b", "--count", "1").exception is trouble


def test_the_real_command_exits_with_0_1_and_2(photo: Path, model: Path, tmp_path: Path) -> None:
    for arguments, code in [
        (("localize", photo, "--method", model, "--out", tmp_path / "out"), 0),
        (("localize", tmp_path / "gone.jpg", "--method", model, "--out", tmp_path / "out"), 1),
        (("localize",), 2),
    ]:
        process = started(*arguments)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == code
        assert "Traceback" not in errors


def test_a_terminal_that_lacks_a_letter_is_no_failure(photo: Path, model: Path, tmp_path: Path) -> None:
    odd = photo.rename(photo.with_name("写真 é.png"))
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    process = started("localize", odd, "--method", model, "--out", tmp_path / "out", env=environment, encoding="cp1252")
    lines, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    assert "\\u5199\\u771f é.png  manipulated" in lines


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_is_one_line_and_leaves_no_half_written_file(photo: Path, model: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.new("RGB", (3000, 3000)).save(large)
    out = tmp_path / "out"
    process = started("localize", photo, large, "--method", model, "--stride", "8", "--out", out)
    assert process.stdout is not None
    assert "spot.png" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert errors == "unseam: interrupted after 1 of 2 photos; what was finished before is on disk\n"
    assert (out / "spot" / "report.html").is_file()
    assert not list(out.rglob("*.tmp"))

"""Places where nothing can be written: one line that names the place, exit code 1, and nothing changed there."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import run
from support.faults import READ_ONLY, read_only


@pytest.mark.parametrize("kind", READ_ONLY)
def test_each_command_tells_on_one_line_that_it_cannot_write_there(
    kind: str, photos: Path, model: Path, tmp_path: Path
) -> None:
    photo = photos / "0.png"
    with read_only(kind, tmp_path) as place:
        for arguments in (
            ("localize", photo, "--method", model, "--out", place),
            ("scan", photos, "--method", model, "--out", place, "--workers", "1"),
            ("forge", photos, "--out", place, "--count", "2", "--sides", "64", "80"),
        ):
            result = run(*arguments)
            assert result.exit_code == 1, (arguments[0], result.exception)
            assert len(result.stderr.splitlines()) == 1, result.stderr
            assert result.stderr.startswith("unseam: ")
            assert str(place.parent) in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "locked"}

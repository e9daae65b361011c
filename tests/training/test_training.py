from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import Any

import pytest

import unseam.training
from unseam.errors import MissingExtra


def test_importing_the_room_loads_no_torch() -> None:
    code = "import sys, unseam.training; sys.exit(any(m in sys.modules for m in ('torch', 'lightning', 'onnx')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", unseam.training.__all__)
def test_without_the_extra_the_error_names_the_pip_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def without_lightning(package: str, *arguments: Any) -> Any:
        return None if package == "lightning" else real(package, *arguments)

    monkeypatch.setattr("unseam.training.find_spec", without_lightning)
    with pytest.raises(MissingExtra, match=r'lightning: pip install "unseam\[train\]"'):
        getattr(unseam.training, name)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        _ = unseam.training.fly

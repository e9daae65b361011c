import platform
from importlib.metadata import version

import pytest

from unseam.system import versions as module
from unseam.system.versions import versions


def test_python_and_the_libraries_that_can_change_a_result_are_named() -> None:
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == version("numpy")
    assert {"unseam", "onnxruntime", "pillow", "jpeglib"} <= found.keys()


def test_a_library_that_is_there_as_another_build_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIBRARIES", ("numpy", "no-such-library-anywhere"))
    assert versions.__wrapped__().keys() == {"python", "numpy"}

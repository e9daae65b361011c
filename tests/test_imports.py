"""What the core loads, asked of a fresh interpreter."""

import subprocess
import sys

import pytest

from unseam.jpeg import coefficients_process as jpeg_process

HEAVY = ("torch", "lightning", "matplotlib", "fastapi", "scipy.signal", "sklearn", "numba", "pywt")
HEAVY += ("pyarrow", "ray", "fsspec", "pandas", "starlette", "uvicorn", "pydantic")


def _loaded_after(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    return set(answer.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import unseam",
        "import unseam.photo.photo",
        "import unseam; unseam.load_photo; unseam.METHODS",
        "import unseam.photo.decoding_process",
        "import unseam.cli",
        "import unseam.scanning.local, unseam.scanning.distributed",
    ],
)
def test_core_loads_nothing_heavy(statement: str) -> None:
    loaded = _loaded_after(statement)

    assert "unseam" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_judging_a_photo_with_every_method_needs_no_package_of_an_extra() -> None:
    judged = _loaded_after(
        "import numpy as np, unseam; pixels = np.random.default_rng(0).integers(0, 256, (128, 160, 3), np.uint8); "
        "unseam.analyze(pixels, ['all'])"
    )

    assert "onnxruntime" in judged
    assert judged.isdisjoint({*HEAVY, "scipy"})


@pytest.mark.parametrize("statement", ["import unseam; unseam.Heatmap; unseam.analyze", "import unseam.cli"])
def test_package_and_command_line_start_without_numpy(statement: str) -> None:
    assert _loaded_after(statement).isdisjoint({"numpy", "cv2", "PIL", "onnxruntime"})


def test_reports_load_nothing_of_forging() -> None:
    assert not {name for name in _loaded_after("import unseam.batch, unseam.provenance") if "unseam.forging" in name}


def test_photo_loads_jpeglib_and_heif_only_when_needed() -> None:
    assert _loaded_after("import unseam.photo.photo").isdisjoint({"jpeglib", "pillow_heif", "PIL.TiffImagePlugin"})


def test_coefficient_reader_imports_nothing_but_the_standard_library() -> None:
    program = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*sys.modules)"

    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, jpeg_process.__file__], capture_output=True, text=True, check=True
    )

    assert "ctypes" in answer.stdout.split()
    assert set(answer.stdout.split()).isdisjoint({"numpy", "unseam", "PIL"})


def test_scan_loads_no_templates_for_pages() -> None:
    statement = "import unseam.scanning.local, unseam.scanning.distributed, unseam.scanning.task, unseam.scanning.table"
    assert "jinja2" not in _loaded_after(statement)

import os
import subprocess
import sys

import pytest

from unseam.system.cores import cores, environment, multiply_on_one_thread


def test_at_least_one_core_and_no_more_than_the_machine_has() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_an_environment_lasts_for_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSEAM_A", "before")
    monkeypatch.delenv("UNSEAM_B", raising=False)
    with environment({"UNSEAM_A": "1", "UNSEAM_B": "2"}):
        assert (os.environ["UNSEAM_A"], os.environ["UNSEAM_B"]) == ("1", "2")
    assert os.environ["UNSEAM_A"] == "before"
    assert "UNSEAM_B" not in os.environ


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"])
def test_a_users_own_number_of_threads_is_left_alone(name: str) -> None:
    program = (
        "import os; from unseam.system.cores import multiply_on_one_thread; multiply_on_one_thread();"
        "print(os.environ['OPENBLAS_NUM_THREADS'], os.environ['MKL_NUM_THREADS'])"
    )
    own = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")} | {name: "7"}
    shown = subprocess.run([sys.executable, "-c", program], env=own, capture_output=True, text=True, check=True)
    assert sorted(shown.stdout.split()) == ["1", "7"]


def test_a_program_that_has_loaded_numpy_keeps_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np  # noqa: F401

    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    multiply_on_one_thread()
    assert "OPENBLAS_NUM_THREADS" not in os.environ

from __future__ import annotations

import errno
import pickle
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

import torch

from unseam.errors import RunError
from unseam.training.checkpoint import load_checkpoint, save_checkpoint


def test_checkpoint_comes_back_as_saved(tmp_path: Path) -> None:
    weights = torch.arange(6.0).reshape(2, 3)
    save_checkpoint({"step": 3, "network": {"w": weights}, "best": None}, tmp_path / "last.pt")
    loaded = load_checkpoint(tmp_path / "last.pt")
    assert (loaded["step"], loaded["best"]) == (3, None)
    assert torch.equal(loaded["network"]["w"], weights)


def test_write_that_is_cut_leaves_the_old_checkpoint_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint({"step": 1}, path)

    def die(file: Any, content: memoryview) -> None:
        file.write(content[: len(content) // 2])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_checkpoint({"step": 2}, path, write=die)
    assert load_checkpoint(path)["step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


def test_full_disk_is_one_clear_error_and_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint({"step": 1}, path)

    def full(file: Any, content: memoryview) -> None:
        file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(RunError, match=r"last\.pt: cannot write \(No space left on device\).*intact"):
        save_checkpoint({"step": 2}, path, write=full)
    assert load_checkpoint(path)["step"] == 1


def test_folder_that_is_not_there_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"last\.pt: cannot write"):
        save_checkpoint({}, tmp_path / "missing" / "last.pt")


def test_missing_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such checkpoint; train first"):
        load_checkpoint(tmp_path / "last.pt")


def test_truncated_checkpoint_is_refused_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint({"step": 1, "w": torch.zeros(100)}, path)
    whole = path.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(RunError, match="not a readable checkpoint"):
            load_checkpoint(path)


def test_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "owned",)

    for name, write in (("pickle.pt", pickle.dump), ("torch.pt", torch.save)):
        with (tmp_path / name).open("wb") as file:
            write({"format": 1, "step": Attack()}, file)
        with pytest.raises(RunError, match="not a readable checkpoint"):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "owned").exists()


def test_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    torch.save({"format": 99}, tmp_path / "last.pt")
    with pytest.raises(RunError, match="format 1; it is from another version"):
        load_checkpoint(tmp_path / "last.pt")

"""The store of decoded photographs: what it keeps comes back, and a disk that is full is said to be full."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from unseam.forging.pixels import PixelStore
from unseam.forging.sources import Source


@pytest.fixture
def store(tmp_path: Path) -> PixelStore:
    (tmp_path / "kept").mkdir()
    return PixelStore(tmp_path / "kept")


@pytest.mark.parametrize("order", ["C", "F"])
def test_what_is_kept_comes_back_whatever_its_order_in_memory(store: PixelStore, order: str) -> None:
    pixels = np.arange(200 * 300 * 3, dtype=np.uint32).astype(np.uint8).reshape(200, 300, 3)
    source = Source(Path("kept.png"), "kept", "group", digest="0")

    store.keep(source, np.asarray(pixels, order=order))  # type: ignore[call-overload]

    np.testing.assert_array_equal(store.pixels(source), pixels)
    assert [path.suffix for path in store.folder.iterdir()] == [".npy"]


def test_a_refused_write_keeps_its_reason_and_leaves_nothing(store: PixelStore) -> None:
    resource = pytest.importorskip("resource", reason="a limit on the size of files is POSIX")
    pixels = np.zeros((200, 300, 3), np.uint8)
    source = Source(Path("kept.png"), "kept", "group", digest="0")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError) as refused:  # noqa: PT011 - the number is what counts
            store.keep(source, pixels)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert refused.value.errno == errno.EFBIG
    assert not list(store.folder.iterdir())

"""The statistics beside pyIFD's maps of the same small photographs.

``noise-level`` and ``block-grid`` take another luma than pyIFD; their own tests compare them.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from support.pyifd_maps import ALGORITHMS, FOLDER, STEMS, pyifd_map, pyifd_photo
from unseam.detectors.statistic import Statistic
from unseam.photo.photo import Photo

TO_ROUNDING = {"dct_histogram": "ADQ1", "dct_model": "ADQ2", "demosaicing": "CFA1", "error_level": "ELA"}
BY_CORRELATION = {"nonaligned_jpeg": "NADQ"}
"""pyIFD's own map moves with numpy's version, by a rounding edge."""


def _written(modules: dict[str, str]) -> list[str]:
    return [module for module in modules if importlib.util.find_spec(f"unseam.detectors.{module}")]


def _statistic(module: str) -> Callable[[Photo], Statistic]:
    function: Callable[[Photo], Statistic] = getattr(
        importlib.import_module(f"unseam.detectors.{module}"), f"{module}_statistic"
    )
    return function


def _on_common_cells(module: str, algorithm: str, stem: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Our values and pyIFD's where both have whole cells (one of them leaves incomplete blocks out, or at zero)."""
    photo = pyifd_photo(stem)
    ours = _statistic(module)(photo)
    theirs = pyifd_map(stem, algorithm)
    rows, columns = photo.height // ours.step[0], photo.width // ours.step[1]
    return ours.values[:rows, :columns], theirs[:rows, :columns]


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("module", _written(TO_ROUNDING))
def test_a_statistic_is_pyifds_to_rounding(module: str, stem: str) -> None:
    ours, theirs = _on_common_cells(module, TO_ROUNDING[module], stem)

    assert np.abs(ours - theirs).max() <= 1e-6 * np.ptp(theirs)


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("module", _written(BY_CORRELATION))
def test_a_statistic_follows_pyifds(module: str, stem: str) -> None:
    ours, theirs = _on_common_cells(module, BY_CORRELATION[module], stem)

    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("stem", STEMS)
def test_a_stored_map_has_something_to_compare(stem: str, algorithm: str) -> None:
    values = pyifd_map(stem, algorithm)

    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert np.ptp(values) > 0


def test_the_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in Path(FOLDER).iterdir()) < 2_000_000

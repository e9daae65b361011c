from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

from unseam.training.progress import ProgressBar
from unseam.training.run_folder import RunState


@pytest.mark.parametrize("items", ["patches", "photos"])
def test_the_speed_is_that_of_what_the_network_reads(items: str) -> None:
    optimisation, fabric = SimpleNamespace(steps=4), SimpleNamespace(is_global_zero=True)
    bar = ProgressBar(optimisation, RunState(), fabric, items=items, quiet=True)  # type: ignore[arg-type]
    bar.advance(RunState(step=2, patches=64, best_step=2, best_value=0.75))
    (task,) = bar._bar.tasks
    assert task.completed == 2
    assert task.fields["speed"].endswith(f" {items}/s")
    assert task.fields["best"] == "best 0.7500 at step 2"

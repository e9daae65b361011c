from __future__ import annotations

import os
import signal
import threading

import pytest

pytest.importorskip("torch", reason="training needs unseam[train]")

from lightning.fabric import Fabric

from unseam.training.stop_signal import StopSignal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_wish_and_the_second_one_stops_at_once(number: signal.Signals) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    with StopSignal() as stop:
        assert not stop.agreed(fabric, 3)
        signal.raise_signal(number)
        assert stop.agreed(fabric, 3)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_the_handlers_before_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with StopSignal():
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_outside_the_main_thread_nothing_is_changed() -> None:
    before, found = signal.getsignal(signal.SIGINT), []

    def enter() -> None:
        with StopSignal() as stop:
            found.append((signal.getsignal(signal.SIGINT), stop.requested))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [(before, False)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process can catch")
def test_a_process_that_only_waits_passes_the_end_on_to_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    class Child:
        ended = 0

        def terminate(self) -> None:
            self.ended += 1

    child = Child()
    monkeypatch.setattr("unseam.training.stop_signal.multiprocessing.active_children", lambda: [child])
    with StopSignal(forward=True):
        signal.raise_signal(signal.SIGTERM)
    with StopSignal(forward=True):
        signal.raise_signal(signal.SIGINT)  # a terminal sends it to the children, too
    assert child.ended == 1

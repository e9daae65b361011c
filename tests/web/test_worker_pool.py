import os
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx

from support.web_methods import obedient
from support.web_service import LIMITS, PATIENCE, ask, error_of, running, value_of, wait_for
from unseam.web.service import Service


def test_a_photo_that_kills_its_worker_costs_an_error_and_not_the_service(client: httpx.Client) -> None:
    before = value_of(client.get("/metrics").text, "unseam_workers_replaced_total")
    answer = ask(client, "die")
    assert error_of(answer) == (500, "WorkerDied")
    assert "signal 9" in answer.json()["message"]
    assert ask(client, "bright").status_code == 200
    wait_for(lambda: value_of(client.get("/metrics").text, "unseam_workers_replaced_total") > before)


def test_a_worker_killed_from_outside_while_it_works_costs_that_photo_only(
    client: httpx.Client, background: ThreadPoolExecutor, began: Path
) -> None:
    for begun in began.glob("*.began"):
        begun.unlink()
    answer: Future[httpx.Response] = background.submit(ask, client, "sleep")
    wait_for(lambda: list(began.glob("*.began")))
    os.kill(int(next(began.glob("*.began")).stem), signal.SIGKILL)
    assert error_of(answer.result()) == (500, "WorkerDied")
    assert ask(client, "bright").status_code == 200


def test_a_worker_killed_while_it_is_idle_is_replaced_unnoticed(client: httpx.Client, service: Service) -> None:
    wait_for(lambda: all(worker.pid for worker in service.pool.slots))
    for worker in service.pool.slots:
        os.kill(worker.pid or 0, signal.SIGKILL)
        wait_for(lambda worker=worker: worker.pid is None)
    assert [ask(client, "bright").status_code for _ in range(3)] == [200, 200, 200]


def test_a_photo_that_takes_too_long_is_ended_and_the_next_one_is_analyzed(tmp_path: Path) -> None:
    service = Service(obedient(tmp_path), ["bright"], replace(LIMITS, seconds=2, workers=1))
    with running(service) as client:
        answer = ask(client, "sleep")
        assert error_of(answer) == (504, "TimeLimit")
        assert "spots.png: it took longer than 2 s" in answer.json()["message"]
        assert ask(client, "bright").status_code == 200
        assert value_of(client.get("/metrics").text, "unseam_workers_replaced_total") == 1


def test_a_service_that_stops_in_the_middle_of_work_answers_everybody(
    tmp_path: Path, background: ThreadPoolExecutor
) -> None:
    service = Service(obedient(tmp_path), ["bright"], replace(LIMITS, seconds=PATIENCE, workers=1))
    with running(service) as client:
        answers = [background.submit(ask, client, "sleep") for _ in range(2)]  # one is analyzed, one waits
        wait_for(lambda: list(tmp_path.glob("*.began")))
        threading.Thread(target=service.stop).start()
        for each in answers:
            assert error_of(each.result()) == (503, "ShuttingDown")
            assert int(each.result().headers["retry-after"]) >= 1
        assert error_of(ask(client, "bright")) == (503, "ShuttingDown")
        assert client.get("/healthz").status_code == 503

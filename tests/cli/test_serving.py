import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from support.command import recorder, run
from unseam import web
from unseam.methods import DEFAULT_METHODS, METHODS
from unseam.web import server

PATIENCE = 120


@contextmanager
def serving(model: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A real ``unseam serve``, and its address."""
    program = [
        sys.executable,
        "-m",
        "unseam",
        "serve",
        "--port",
        "0",
        "--method",
        str(model),
        "--workers",
        "1",
        *options,
    ]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        found = re.fullmatch(r"unseam serves (http://127\.0\.0\.1:\d+/) \(Ctrl-C stops\)\n", line)
        assert found, line
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_after_what_is_in_flight(model: Path, how: signal.Signals) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8)).save(buffer, "PNG")
    with serving(model) as (process, url):
        assert httpx.get(url + "healthz").json()["status"] == "ok"
        answers: list[httpx.Response] = []

        def ask() -> None:
            files = {"photo": ("noise.png", buffer.getvalue())}
            answers.append(httpx.post(url + "v1/analyze", files=files, timeout=PATIENCE))

        asking = threading.Thread(target=ask)
        asking.start()
        while "uploaded_bytes_total 0.0\n" in httpx.get(url + "metrics").text:
            pass
        process.send_signal(how)
        asking.join()
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert process.stderr.read() == ""
        assert answers[0].status_code in (200, 503)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_no_worker_outlives_a_service_that_is_killed(model: Path) -> None:
    with serving(model) as (process, url):
        lists = list(Path(f"/proc/{process.pid}/task").glob("*/children"))
        if not lists:
            pytest.skip("this system does not list the children of a process")
        workers = [int(child) for children in lists for child in children.read_text().split()]
        assert len(workers) >= 1
        httpx.get(url)
        process.kill()
        process.wait()
    for worker in workers:
        for _ in range(PATIENCE * 10):
            if not _lives(worker):
                break
            threading.Event().wait(0.1)
        assert not _lives(worker)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_port_in_use_is_one_line(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port), "--method", model)
    assert result.exit_code == 1
    assert re.fullmatch(
        rf"unseam: cannot listen on 127\.0\.0\.1 port {port} \(.+\); choose another .+\n", result.stderr
    )


def test_without_the_extra_the_pip_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "find_spec", lambda name: None if name == "uvicorn" else find_spec(name))
    result = run("serve")
    assert result.exit_code == 1
    assert result.stderr == 'unseam: unseam serve needs uvicorn: pip install "unseam[web]"\n'


def test_a_broken_model_is_told_before_anything_is_served(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    result = run("serve", "--port", "0", "--method", tmp_path / "broken.onnx")
    assert result.exit_code == 1
    assert "broken.onnx" in result.stderr


def test_a_method_that_does_not_exist_is_wrong_usage() -> None:
    assert run("serve", "--method", "nonsense").exit_code == 2


def test_limits_reach_the_service(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(server, "serve", recorder(calls, None))
    limits = ["--max-upload", "1.5", "--upload-timeout", "7", "--max-pixels", "8", "--timeout", "9", "--in-flight", "5"]
    more = ["--workers", "3", "--memory", "2.5", "--grace", "4", "--host", "::1", "--port", "1234", "--log"]
    assert run("serve", "--method", model, *limits, *more).exit_code == 0
    ((service, host, port, _), options) = calls[0]
    assert (host, port, options) == ("::1", 1234, {"log": True})
    found = service.limits
    assert (found.upload_bytes, found.upload_seconds, found.pixels, found.seconds) == (1_500_000, 7, 8, 9)
    assert (found.in_flight, found.workers, found.memory, found.grace_seconds) == (5, 3, 2_500_000_000, 4)
    assert (list(service.methods), service.default) == (["brightness"], ["brightness"])


def test_trusted_certificates_reach_the_service(monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(server, "serve", recorder(calls, None))
    anchors = tmp_path / "anchors.pem"
    anchors.write_text("-----BEGIN CERTIFICATE-----\n")
    assert run("serve", "--method", model, "--trust-anchors", anchors).exit_code == 0
    ((service, *_), _) = calls[0]
    assert service.trust_anchors == "-----BEGIN CERTIFICATE-----\n"


def test_by_default_every_method_is_offered_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(server, "serve", recorder(calls, None))
    assert run("serve").exit_code == 0
    ((service, host, _, _), _) = calls[0]
    assert host == "127.0.0.1"
    assert list(service.methods) == list(METHODS)
    assert service.default == list(DEFAULT_METHODS)
    assert service.limits.in_flight == 4 * service.limits.workers
    assert service.limits.threads * service.limits.workers <= (os.cpu_count() or 1)


def test_more_workers_than_places_is_wrong_usage() -> None:
    result = run("serve", "--workers", "3", "--in-flight", "2")
    assert result.exit_code == 2

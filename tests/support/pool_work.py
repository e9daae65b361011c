"""What the processes of a pool do in its tests; in a module of its own, so that they can import it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Work:
    """Do what the job says; a job may be several with a plus between them."""

    def __call__(self, job: str) -> str:
        return "+".join(_do(*part.partition(" ")[::2]) for part in job.split("+"))


def _do(verb: str, what: str) -> str:
    if verb == "exit":
        os._exit(int(what))
    if verb == "kill":
        os.kill(os.getpid(), signal.Signals(int(what)))
    if verb == "raise":
        raise RuntimeError(what)
    if verb == "sleep":
        time.sleep(float(what))
    if verb == "child":  # says which, and hangs with it
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(what).write_text(str(child.pid))
        time.sleep(600)
    if verb == "eat":
        bytearray(int(what))
    return {"say": what, "pid": str(os.getpid()), "threads": os.environ.get("OMP_NUM_THREADS", "")}.get(verb, "")


def parts(job: str) -> Iterable[str]:
    return job.split("+") if "+" in job else ()


def is_alive(process: int) -> bool:
    """Tell a running process from one that has ended, waited for or not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"

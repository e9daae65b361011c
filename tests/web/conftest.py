from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.web_methods import obedient
from support.web_scenes import png, spots
from support.web_service import LIMITS, running
from unseam.web.service import Service


@pytest.fixture(scope="session")
def began(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the methods ``nap`` and ``sleep`` say that they have begun."""
    return tmp_path_factory.mktemp("began")


@pytest.fixture(scope="session")
def service(began: Path) -> Service:
    return Service(obedient(began), ["bright"], LIMITS)


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[httpx.Client]:
    with running(service) as client:
        yield client


@pytest.fixture
def photo() -> dict[str, tuple[str, bytes]]:
    """What httpx takes as files."""
    return {"photo": ("spots.png", png(spots()))}


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads

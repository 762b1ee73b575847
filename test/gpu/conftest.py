"""Tests on an NVIDIA GPU: `scripts/try_gpu` runs them all; where there is none they are skipped.

test_devices.py runs on an emulated driver too (test/detection/engines/test_emulated_driver.py).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from thermoscout_core.detection.engines.cuda import DEVICES, open_device
from thermoscout_core.detection.engines.cuda.base import Device
from thermoscout_core.errors import ConfigurationError, EngineError


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mine = [item for item in items if Path(__file__).parent in item.path.parents]
    if not mine:
        return
    missing = None
    try:
        open_device().close()
    except (ConfigurationError, EngineError) as error:
        missing = pytest.mark.skip(reason=str(error))
    for item in mine:
        item.add_marker(pytest.mark.gpu)
        if missing is not None:
            item.add_marker(missing)


@pytest.fixture(params=sorted(DEVICES))
def binding(request: pytest.FixtureRequest) -> str:
    """PyCUDA's and cuda-python's name in turn."""
    return str(request.param)


@pytest.fixture
def device(binding: str) -> Iterator[Device]:
    try:
        opened = open_device(binding=binding)
    except ConfigurationError as error:
        pytest.skip(f"{binding}: {error}")
    yield opened
    opened.close()

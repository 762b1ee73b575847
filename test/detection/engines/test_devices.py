"""Opening a GPU where there is none: said, not crashed."""

import sys
from types import ModuleType

import pytest

from thermoscout_core.detection.engines.cuda import DEVICES, open_device
from thermoscout_core.errors import ConfigurationError, EngineError


@pytest.fixture
def without_bindings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if neither binding were installed."""
    for name in ("pycuda", "pycuda.driver", "cuda", "cuda.bindings"):
        monkeypatch.setitem(sys.modules, name, None)
    for binding in DEVICES:
        module = f"thermoscout_core.detection.engines.cuda.{binding}"
        # Set first, so that what the test imports is taken out again after it.
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(sys.modules, module)


@pytest.mark.usefixtures("without_bindings")
def test_without_a_binding_both_are_named() -> None:
    with pytest.raises(ConfigurationError, match=r"PyCUDA or cuda-python: pip install"):
        open_device()


@pytest.mark.usefixtures("without_bindings")
def test_without_the_driver_the_binding_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake of cuda-python, which is installed and finds no libcuda."""
    driver = ModuleType("cuda.bindings.driver")

    def no_driver(flags: int) -> None:
        raise RuntimeError("Failed to dlopen libcuda.so.1")

    driver.cuInit = no_driver  # type: ignore[attr-defined]
    bindings = ModuleType("cuda.bindings")
    bindings.driver = driver  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cuda", ModuleType("cuda"))
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    with pytest.raises(EngineError, match=r"the GPU can't be opened: .*libcuda\.so\.1"):
        open_device()

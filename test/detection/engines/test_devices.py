"""Opening a GPU where there is none: said, not crashed."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from thermoscout_core.detection.engines.cuda import DEVICES, libcuda, open_device
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


class RecordingCuda:
    """Fake of pycuda.driver: one GPU. stack: of contexts; calls: what was asked for."""

    Error = type("Error", (Exception,), {})
    device_attribute = SimpleNamespace(INTEGRATED="integrated")
    host_alloc_flags = SimpleNamespace(DEVICEMAP="mapped")

    def __init__(self, *, integrated: bool) -> None:
        self.integrated = integrated
        self.stack: list[str] = []
        self.calls: list[str] = []

    def init(self) -> None: ...

    def Device(self, index: int) -> Any:  # noqa: N802  (PyCUDA's name)
        def detach() -> None:
            self.calls.append("detach")
            self.stack.append("gone")  # as PyCUDA 2026.1 does

        context = SimpleNamespace(
            push=lambda: self.stack.append("primary"), pop=self.stack.pop, detach=detach
        )
        return SimpleNamespace(
            name=lambda: "Orin",
            compute_capability=lambda: (8, 7),
            get_attribute=lambda attribute: int(self.integrated),
            retain_primary_context=lambda: context,
        )

    def Stream(self) -> Any:  # noqa: N802
        assert self.stack
        return SimpleNamespace(handle=77, synchronize=lambda: self.calls.append("synchronise"))

    def pagelocked_zeros(self, shape: Any, dtype: Any, mem_flags: str = "") -> Any:
        assert self.stack
        self.calls.append(f"page-locked {mem_flags}".strip())

        class Host(np.ndarray):
            base = SimpleNamespace(get_device_pointer=lambda: 4096)

        return np.zeros(shape, dtype).view(Host)

    def mem_alloc(self, size: int) -> int:
        self.calls.append(f"device {size}")
        return 8192

    def memcpy_htod_async(self, address: int, host: Any, stream: Any) -> None:
        self.calls.append(f"to {address}")

    def memcpy_dtoh_async(self, host: Any, address: int, stream: Any) -> None:
        self.calls.append(f"from {address}")


def install(monkeypatch: pytest.MonkeyPatch, fake: RecordingCuda) -> RecordingCuda:
    """In the place of PyCUDA and of the driver's own stack of contexts."""
    package = ModuleType("pycuda")
    package.driver = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pycuda", package)
    monkeypatch.setitem(sys.modules, "pycuda.driver", fake)
    monkeypatch.setattr(libcuda, "current_context", lambda: len(fake.stack))
    monkeypatch.setattr(libcuda, "pop_context", fake.stack.pop)
    return fake


@pytest.mark.usefixtures("without_bindings")
@pytest.mark.parametrize(
    ("integrated", "wanted"),
    [
        (True, ["page-locked mapped", "synchronise", "detach"]),
        (False, ["device 24", "page-locked", "to 8192", "from 8192", "synchronise", "detach"]),
    ],
    ids=["Jetson", "graphics card"],
)
def test_pycuda_copies_only_where_memory_is_apart_and_leaves_no_context_on_the_stack(
    monkeypatch: pytest.MonkeyPatch, integrated: bool, wanted: list[str]
) -> None:
    fake = install(monkeypatch, RecordingCuda(integrated=integrated))
    device = open_device()
    assert (device.name, device.compute_capability, device.stream) == ("Orin", "8.7", 77)
    with device.active():
        buffer = device.buffer((2, 3), np.dtype(np.float32))
        device.upload(buffer)
        device.download(buffer)
        device.synchronise()
    assert fake.stack == []
    device.close()
    device.close()
    assert fake.stack == [] and fake.calls == wanted


@pytest.mark.usefixtures("without_bindings")
def test_memory_that_the_gpu_has_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install(monkeypatch, RecordingCuda(integrated=False))

    def full(size: int) -> int:
        raise fake.Error("cuMemAlloc failed: out of memory")

    fake.mem_alloc = full  # type: ignore[method-assign]
    device = open_device()
    with (
        pytest.raises(EngineError, match=r"no memory for \(2, 3\) of float32: .*out of memory"),
        device.active(),
    ):
        device.buffer((2, 3), np.dtype(np.float32))
    device.close()
    assert fake.stack == []

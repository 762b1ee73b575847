"""A GPU's memory, stream, graphs and context behind PyCUDA and cuda-python, for real."""

import gc
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from thermoscout_core.detection.engines.cuda import open_device
from thermoscout_core.detection.engines.cuda.base import Device
from thermoscout_core.detection.engines.cuda.libcuda import current_context
from thermoscout_core.errors import EngineError

FLOATS = np.dtype(np.float32)
FRAMES = 10_000
LEFTOVER_BYTES = 64 << 20
"""What a driver may keep of a context that has been used."""


def test_it_tells_its_name_and_what_it_can(device: Device) -> None:
    assert device.name == device.name.strip() != ""
    major, minor = device.compute_capability.split(".")
    assert int(major) >= 5 and int(minor) >= 0
    with device.active():
        free, total = device.free_memory()
    assert 0 < free <= total


def test_memory_starts_as_zeros_in_the_shape_asked_for(device: Device) -> None:
    with device.active():
        buffer = device.buffer((2, 3, 5), np.dtype(np.uint8))
    assert buffer.host.shape == (2, 3, 5) and buffer.host.dtype == np.uint8
    assert not buffer.host.any() and buffer.address


def test_what_goes_to_the_gpu_comes_back(device: Device) -> None:
    content = np.arange(600, dtype=FLOATS).reshape(2, 300)
    with device.active():
        buffer = device.buffer(content.shape, FLOATS)
        buffer.host[:] = content
        device.upload(buffer)
        device.synchronise()
        if not device.is_integrated:  # there both are the same memory
            buffer.host[:] = 0
        device.download(buffer)
        device.synchronise()
    assert np.array_equal(buffer.host, content)


def test_a_recorded_graph_takes_what_lies_in_memory_when_it_is_launched(device: Device) -> None:
    with device.active():
        buffer = device.buffer((4,), FLOATS)

        def work() -> None:
            device.upload(buffer)
            device.download(buffer)

        launch = device.capture(work)
        assert launch is not None
        for value in (3.0, 5.0):
            buffer.host[:] = value
            launch()
            device.synchronise()
            assert np.array_equal(buffer.host, np.full(4, value, FLOATS))


def test_work_that_cannot_be_recorded_leaves_the_stream_usable(device: Device) -> None:
    def refuse() -> None:
        raise EngineError("not while a graph is recorded")

    with device.active():
        buffer = device.buffer((4,), FLOATS)
        assert device.capture(refuse) is None
        device.upload(buffer)
        device.synchronise()


def test_no_context_stays_on_the_stack(binding: str, device: Device) -> None:
    before = current_context()
    with device.active():
        assert current_context() != 0
    with pytest.raises(EngineError), device.active():
        raise EngineError("an error on the way")
    other = open_device(binding=binding)
    other.close()
    assert current_context() == before


def test_one_worker_thread_does_it_all_and_no_other_has_a_context(
    binding: str, device: Device
) -> None:
    before = current_context()
    with ThreadPoolExecutor(max_workers=1) as worker:
        other = worker.submit(open_device, 0, binding).result()

        def work() -> int:
            with other.active():
                buffer = other.buffer((4,), FLOATS)
                other.upload(buffer)
                other.synchronise()
            return current_context()

        assert worker.submit(work).result() == 0
        worker.submit(other.close).result()
        assert worker.submit(current_context).result() == 0
    assert current_context() == before


def test_two_devices_share_the_primary_context(binding: str, device: Device) -> None:
    other = open_device(binding=binding)
    with device.active():
        mine = current_context()
    with other.active():
        assert current_context() == mine
    other.close()
    with device.active():
        device.buffer((4,), FLOATS)


def test_memory_that_is_not_there_is_refused_and_what_is_there_serves_on(device: Device) -> None:
    with device.active():
        free, total = device.free_memory()
        with pytest.raises(EngineError, match="no memory for"):
            device.buffer((2 * total,), np.dtype(np.uint8))
        buffer = device.buffer((1000,), FLOATS)
        device.upload(buffer)
        device.synchronise()
        assert device.free_memory()[0] >= free - LEFTOVER_BYTES


def test_closing_gives_the_memory_back_and_may_be_repeated(binding: str, device: Device) -> None:
    with device.active():
        free, total = device.free_memory()
    for _ in range(5):
        other = open_device(binding=binding)
        with other.active():
            other.buffer((min(total // 4, 1 << 30) // 4,), FLOATS)
        other.close()
        other.close()
    gc.collect()
    with device.active():
        assert device.free_memory()[0] >= free - LEFTOVER_BYTES


def test_ten_thousand_frames_leave_memory_flat(device: Device) -> None:
    with device.active():
        buffer = device.buffer((1, 512, 640, 2), np.dtype(np.uint8))
        launch = device.capture(lambda: (device.upload(buffer), device.download(buffer))[0])
        assert launch is not None
        frame = np.ones(buffer.host.shape, np.uint8)

        def run() -> None:
            with device.active():
                np.copyto(buffer.host, frame)
                launch()
                device.synchronise()

        for _ in range(100):
            run()
        gc.collect()
        free = device.free_memory()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(FRAMES):
                run()
            gc.collect()
            after, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert device.free_memory() == free
    assert after - before < 20_000 and peak - before < 100_000

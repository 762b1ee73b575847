"""TensorRT 10's calibrator, on recording fakes of its base class and of the GPU; and its refusal
where there is none. No TensorRT 10 runs here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

try:
    from thermoscout_core.detection.engines import calibrator as module
    from thermoscout_core.detection.engines.library import IS_RTX
except ModuleNotFoundError:
    pytest.skip("no TensorRT: pip install 'thermoscout[tensorrt-rtx]'", allow_module_level=True)

from thermoscout_core.detection.engines.cache import EngineCache
from thermoscout_core.detection.engines.calibrator import Calibrator, digest_of
from thermoscout_core.detection.engines.cuda.base import Buffer
from thermoscout_core.detection.engines.making import make_engine
from thermoscout_core.detection.engines.options import BuildOptions
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.simulation.dataset import example_frames

FRAMES = [{"images": np.full((1, 3, 4, 4), value, np.float32)} for value in (1, 2)]


class RecordingDevice:
    """Fake of engines.cuda.base.Device; on_gpu: what was copied."""

    name, compute_capability, is_integrated, stream = "Fake", "8.7", False, 77

    def __init__(self) -> None:
        self.on_gpu: list[float] = []
        self.buffers = 0

    @contextmanager
    def active(self) -> Iterator[None]:
        yield

    def buffer(self, shape: tuple[int, ...], dtype: np.dtype) -> Buffer:
        self.buffers += 1
        return Buffer(np.zeros(shape, dtype), 4096, None)

    def upload(self, buffer: Buffer) -> None:
        self.on_gpu.append(float(buffer.host.max()))

    def synchronise(self) -> None: ...


class RecordingConfig(SimpleNamespace):
    """Fake of trt.IBuilderConfig."""

    def __init__(self) -> None:
        super().__init__(flags=[], profile=None)

    def set_flag(self, flag: str) -> None:
        self.flags.append(flag)

    def set_calibration_profile(self, profile: str) -> None:
        self.profile = profile


@pytest.fixture
def tensorrt10(monkeypatch: pytest.MonkeyPatch) -> None:
    """What of TensorRT 10 the calibrator uses."""
    base = type("IInt8EntropyCalibrator2", (), {})
    flags = SimpleNamespace(INT8="INT8", FP16="FP16")
    fake = SimpleNamespace(IInt8EntropyCalibrator2=base, BuilderFlag=flags)
    monkeypatch.setattr(module, "trt", fake)


def attached(inputs: Any, device: RecordingDevice, cache: Path) -> tuple[Calibrator, Any, Any]:
    calibrator = Calibrator(inputs, device, cache)  # type: ignore[arg-type]
    config = RecordingConfig()
    calibrator.attach(config, "profile of one frame")  # type: ignore[arg-type]
    return calibrator, config, config.int8_calibrator


@pytest.mark.usefixtures("tensorrt10")
def test_tensorrt_gets_each_frame_once_in_the_same_memory(tmp_path: Path) -> None:
    device = RecordingDevice()
    _, config, given = attached(FRAMES, device, tmp_path / "ranges.cache")
    assert config.flags == ["INT8", "FP16"] and config.profile == "profile of one frame"
    assert given.get_batch_size() == 1
    assert [given.get_batch(["images"]) for _ in range(3)] == [[4096], [4096], None]
    assert device.on_gpu == [1.0, 2.0] and device.buffers == 1


@pytest.mark.usefixtures("tensorrt10")
def test_ranges_are_kept_and_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "ranges.cache"
    _, _, first = attached(FRAMES, RecordingDevice(), path)
    assert first.read_calibration_cache() is None
    first.write_calibration_cache(memoryview(b"TRT-10300-EntropyCalibration2"))
    _, _, second = attached(FRAMES, RecordingDevice(), path)
    assert second.read_calibration_cache() == b"TRT-10300-EntropyCalibration2"


@pytest.mark.usefixtures("tensorrt10")
def test_a_frame_that_fails_ends_the_calibration_and_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ranges.cache"
    wrong = [{"images": np.zeros((1, 3, 4, 4), np.float64)}]
    calibrator, _, given = attached([*FRAMES, *wrong], RecordingDevice(), path)
    assert [given.get_batch(["images"]) for _ in range(3)] == [[4096], [4096], None]
    assert isinstance(calibrator.failure, TypeError)
    given.write_calibration_cache(b"of too few frames")
    assert not path.exists()


def test_other_frames_are_another_digest() -> None:
    assert digest_of(FRAMES) == digest_of(list(FRAMES)) != digest_of(FRAMES[:1])
    assert digest_of(FRAMES) != digest_of(FRAMES[::-1])


@pytest.mark.skipif(not IS_RTX, reason="this TensorRT may have a calibrator")
def test_where_there_is_none_the_way_out_is_named(model: Path, tmp_path: Path) -> None:
    options = BuildOptions(calibrator=True)
    with pytest.raises(ConfigurationError, match=r"has no calibrator.*--precision int8"):
        make_engine(model, options, example_frames(1), EngineCache(tmp_path))


@pytest.mark.usefixtures("tensorrt10")
def test_it_takes_a_float32_file_and_frames(model: Path, tmp_path: Path) -> None:
    from thermoscout_core.learning.deployment import deploy

    options = BuildOptions(calibrator=True)
    deploy(model, tmp_path / "half.onnx", "float16", None)
    with pytest.raises(ConfigurationError, match="takes a float32 file"):
        make_engine(tmp_path / "half.onnx", options, example_frames(1), EngineCache(tmp_path))
    with pytest.raises(ConfigurationError, match="needs frames"):
        make_engine(model, options, [], EngineCache(tmp_path))

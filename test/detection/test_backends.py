"""The runtimes behind the detector."""

from pathlib import Path

import numpy as np
import pytest

from thermoscout_core.detection.backends import BACKENDS, load_backend
from thermoscout_core.detection.backends import openvino as openvino_backend
from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.detector import FLOAT32_MODEL, Detector, model_file
from thermoscout_core.errors import ConfigurationError, EngineError, ModelError
from thermoscout_core.resources import resource_path
from thermoscout_core.simulation.patrol import Patrol


class StrangeBackend:
    """A fake of a network that is no detector."""

    name = "strange"
    settings: frozenset[str] = frozenset()
    outputs = ("logits",)

    def __init__(self) -> None:
        self.metadata = {"classes": ["cat"]}
        self.inputs = {"data": (1, 3, 224, 224)}

    def run(self, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {}


def test_openvino_finds_what_onnxruntime_finds() -> None:
    counts = Patrol(seed=7).frame_at(0.5).frame.counts
    wanted, found = (
        Detector.load("float32", threads=1, runtime=runtime).detect(counts)
        for runtime in ("onnxruntime", "openvino")
    )
    assert len(found) == len(wanted) > 0
    for one, other in zip(wanted, found, strict=True):
        assert one.class_name == other.class_name
        assert other.score == pytest.approx(one.score, abs=1e-4)
        assert other.box.as_list() == pytest.approx(one.box.as_list(), abs=0.1)


def test_one_frame_at_a_time_gives_what_a_free_batch_gives() -> None:
    path = resource_path(FLOAT32_MODEL)
    free = OnnxRuntimeBackend(path, 1)
    fixed = OnnxRuntimeBackend(path, 1, one_frame=True)
    assert free.inputs["images"][0] is None and fixed.inputs["images"][0] == 1
    images = Contract(free).prepare(Patrol(seed=7).frame_at(0.5).frame.counts)
    wanted, found = free.run(images), fixed.run(images)
    for name in free.outputs:
        assert np.abs(wanted[name] - found[name]).max() <= 1e-5


def test_an_unknown_runtime_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"caffe.*onnxruntime, .*openvino"):
        Detector.load(runtime="caffe")


def load_or_skip(runtime: str, path: Path) -> None:
    """Skips where the runtime itself isn't there, or has no GPU."""
    try:
        load_backend(runtime, path)
    except ConfigurationError as error:
        pytest.skip(str(error))
    except EngineError as error:
        if "GPU" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("runtime", sorted(BACKENDS))
def test_every_runtime_names_a_missing_file(runtime: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.onnx"):
        load_or_skip(runtime, tmp_path / "absent.onnx")


@pytest.mark.parametrize("runtime", sorted(BACKENDS))
def test_every_runtime_names_a_foreign_file(runtime: str, tmp_path: Path) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"foreign\.onnx"):
        load_or_skip(runtime, path)


def test_a_fallback_is_taken_where_a_runtime_is_missing_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    detector = Detector.load(
        threads=1, runtime="onnxruntime-cuda", fallbacks=["tensorrt", "onnxruntime"]
    )
    assert detector.backend.name.startswith("onnxruntime") and "CPU" in detector.backend.name
    first, second = detector.fallback_reasons
    assert first.startswith("onnxruntime-cuda: ONNX Runtime") and "pip install" in first
    assert second.startswith("tensorrt: ")
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_without_a_fallback_a_missing_runtime_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="no CUDA here; pip install onnxruntime-gpu"):
        Detector.load(runtime="onnxruntime-cuda")


def test_no_fallback_hides_a_missing_model_or_a_misspelt_runtime(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.onnx"):
        Detector.load(tmp_path / "absent.onnx", runtime="onnxruntime", fallbacks=["openvino"])
    with pytest.raises(ConfigurationError, match="'onnx' is unknown"):
        Detector.load(runtime="onnxruntime", fallbacks=["onnx"])


def test_a_network_that_is_no_detector_is_refused_with_its_tensors() -> None:
    with pytest.raises(ModelError, match="has data and logits"):
        Contract(StrangeBackend())


def test_openvino_that_can_t_compute_int8_whole_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_backend, "cuts_byte_products", lambda: True)
    computed = load_backend("openvino", model_file("small"))
    assert "in floats" in computed.name
    monkeypatch.setattr(openvino_backend, "BYTES_AS_FLOATS", {"NO_SUCH_SETTING": "NO"})
    with pytest.raises(ConfigurationError, match=r"small\.onnx.*no VNNI.*take onnxruntime"):
        load_backend("openvino", model_file("small"))

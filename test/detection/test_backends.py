"""The runtimes behind the detector."""

from pathlib import Path

import numpy as np
import pytest

from thermoscout_core.detection.backends import BACKENDS, load_backend
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.detector import Detector
from thermoscout_core.errors import ConfigurationError, ModelError
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
    pytest.importorskip("openvino")
    counts = Patrol(seed=7).frame_at(0.5).frame.counts
    wanted, found = (
        Detector.load(threads=1, runtime=runtime).detect(counts)
        for runtime in ("onnxruntime", "openvino")
    )
    assert len(found) == len(wanted) > 0
    for one, other in zip(wanted, found, strict=True):
        assert one.class_name == other.class_name
        assert other.score == pytest.approx(one.score, abs=1e-4)
        assert other.box.as_list() == pytest.approx(one.box.as_list(), abs=0.1)


def test_an_unknown_runtime_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"caffe.*onnxruntime, openvino"):
        Detector.load(runtime="caffe")


@pytest.mark.parametrize("runtime", sorted(BACKENDS))
def test_every_runtime_names_a_missing_file(runtime: str, tmp_path: Path) -> None:
    pytest.importorskip(runtime)
    with pytest.raises(ModelError, match=r"absent\.onnx"):
        load_backend(runtime, tmp_path / "absent.onnx")


@pytest.mark.parametrize("runtime", sorted(BACKENDS))
def test_every_runtime_names_a_foreign_file(runtime: str, tmp_path: Path) -> None:
    pytest.importorskip(runtime)
    path = tmp_path / "foreign.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"foreign\.onnx"):
        load_backend(runtime, path)


def test_a_network_that_is_no_detector_is_refused_with_its_tensors() -> None:
    with pytest.raises(ModelError, match="has data and logits"):
        Contract(StrangeBackend())

"""The shipped detector, and what happens to files that are none."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.detection.backends.base import Backend
from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.detector import Detector
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.errors import ConfigurationError, FrameError, ModelError
from thermoscout_core.simulation.patrol import Patrol


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load(threads=1)


class RecordedBackend:
    """A fake network that answers one box; it stands in where only the arithmetic is tested."""

    name = "recorded"
    settings: frozenset[str] = frozenset()
    outputs = ("boxes", "scores")

    def __init__(self) -> None:
        self.metadata = {"classes": ["connector"]}
        self.inputs = {"images": (1, 3, 300, 300)}

    def run(self, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        boxes = np.array([[[0.25, 0.5, 0.75, 1.0]]], np.float32)
        return {"boxes": boxes, "scores": np.array([[[0.1, 0.9]]], np.float32)}


def test_boxes_come_back_in_pixels_of_the_frame() -> None:
    backend: Backend = RecordedBackend()
    found = Detector(backend, Selection(0.5)).detect(np.zeros((512, 640), np.uint16))
    assert found[0].box.as_list() == [160.0, 256.0, 480.0, 512.0]
    assert found[0].class_name == "connector"


def test_network_input_is_three_equal_channels_in_minus_one_to_one() -> None:
    view = np.arange(256, dtype=np.uint8).repeat(256).reshape(256, 256)
    images = network_input(view, (300, 300))
    assert images.shape == (1, 3, 300, 300) and images.dtype == np.float32
    assert images.min() == -1.0 and images.max() == pytest.approx(1.0)
    assert (images[0, 0] == images[0, 2]).all()


def test_the_shipped_model_finds_equipment_on_the_simulated_patrol(detector: Detector) -> None:
    frame = Patrol(seed=7).frame_at(0.5)
    found = detector.detect(frame.frame.counts)
    matched = [
        truth
        for truth in frame.truth
        if any(d.class_name == truth.class_name and d.box.iou(truth.box) >= 0.5 for d in found)
    ]
    assert len(matched) >= len(frame.truth) / 2


def test_times_of_every_stage_are_known_after_a_frame(detector: Detector) -> None:
    detector.detect(Patrol(seed=7).frame_at(0.0).frame.counts)
    assert detector.times.preprocess_s > 0
    assert detector.times.network_s > 0
    assert detector.times.postprocess_s > 0


def test_a_frame_of_bytes_is_refused(detector: Detector) -> None:
    with pytest.raises(FrameError, match="uint16"):
        detector.detect(np.zeros((288, 384), np.uint8))  # type: ignore[arg-type]


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.onnx"):
        Detector.load(tmp_path / "absent.onnx")


def test_a_foreign_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "picture.onnx"
    cv2.imwrite(str(tmp_path / "picture.png"), np.zeros((8, 8), np.uint8))
    path.write_bytes((tmp_path / "picture.png").read_bytes())
    with pytest.raises(ModelError, match=r"picture\.onnx.*model"):
        Detector.load(path)


def test_a_threshold_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="score_threshold"):
        Detector.load(score_threshold=1.5)

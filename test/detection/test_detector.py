"""The shipped detector, and what happens to files that are none."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.detection.backends.base import Backend
from thermoscout_core.detection.contract import Contract, network_input
from thermoscout_core.detection.detector import Detector
from thermoscout_core.detection.looks import LOOKS, THRESHOLD_SHARE
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


def test_a_file_with_preprocessing_inside_looks_twice_at_most() -> None:
    backend = RecordedBackend()
    backend.inputs = {"counts": (1, 512, 640, 2)}  # type: ignore[dict-item]
    assert Detector(backend, Selection(0.5), "inside", looks=None).model_id == "inside+2looks"
    with pytest.raises(ConfigurationError, match="inside can look at a frame 1 or 2 times"):
        Detector(backend, Selection(0.5), "inside", looks=12)


def test_a_number_of_looks_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="1 or 2 or 12 times, not 3"):
        Detector(RecordedBackend(), Selection(0.5), looks=3)


def test_counts_are_mirrored_like_the_frame() -> None:
    backend = RecordedBackend()
    backend.inputs = {"counts": (1, 6, 8, 2)}  # type: ignore[dict-item]
    contract = Contract(backend)
    counts = np.random.default_rng(0).integers(0, 65536, (6, 8)).astype(np.uint16)
    _, mirrored = contract.prepare_looks(counts, LOOKS[2])
    assert (mirrored["counts"] == contract.prepare(counts[:, ::-1].copy())["counts"]).all()


@pytest.mark.parametrize("looks", [2, 12])
def test_the_shipped_model_finds_the_same_in_a_frame_and_its_mirror_image(looks: int) -> None:
    detector = Detector.load(threads=1, looks=looks, score_threshold=0.2)
    assert detector.model_id.endswith(f"+{looks}looks")
    counts = Patrol(seed=7).frame_at(0.5).frame.counts
    found, turned = detector.detect(counts), detector.detect(counts[:, ::-1])
    assert len(found) > 3
    assert [d.class_name for d in turned] == [d.class_name for d in found]
    width = counts.shape[1]
    back = [[width - d.box.x2, d.box.y1, width - d.box.x1, d.box.y2] for d in turned]
    assert np.allclose(back, [d.box.as_list() for d in found], atol=0.5)


def test_several_looks_take_a_share_of_the_models_own_threshold_and_not_of_ones_own() -> None:
    own = Detector.load(threads=1).score_threshold
    assert Detector.load(threads=1, looks=12).score_threshold == own * THRESHOLD_SHARE[12]
    assert Detector.load(threads=1, looks=12, score_threshold=0.3).score_threshold == 0.3


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


def test_the_network_begins_after_the_preprocessing(detector: Detector) -> None:
    began_s: list[float] = []
    started_s = time.perf_counter()
    detector.detect(
        Patrol(seed=7).frame_at(0.0).frame.counts, lambda: began_s.append(time.perf_counter())
    )
    ended_s = time.perf_counter()
    assert len(began_s) == 1
    assert began_s[0] - started_s >= detector.times.preprocess_s
    assert ended_s - began_s[0] >= detector.times.network_s


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

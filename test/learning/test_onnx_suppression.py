"""Suppression in plain operators: what numpy and OpenCV leave of the same candidates."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import SUPPRESSED, Contract
from thermoscout_core.detection.detector import FLOAT32_MODEL, Detector
from thermoscout_core.detection.postprocess import Selection, select
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.learning import onnx_suppression
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.deployment import deploy
from thermoscout_core.learning.onnx_suppression import CANDIDATES, suppression_graph
from thermoscout_core.resources import resource_path
from thermoscout_core.simulation.dataset import example_frames

REAL_FRAMES = 20
SELECTION = Selection(0.3, 0.45, max_detections=CANDIDATES)


def in_onnxruntime(model: onnx.ModelProto, tmp_path: Path) -> OnnxRuntimeBackend:
    onnx.helper.set_model_props(model, {"thermoscout": "{}"})
    onnx.save(model, tmp_path / "suppression.onnx")
    return OnnxRuntimeBackend(tmp_path / "suppression.onnx", 1)


def inside(backend: OnnxRuntimeBackend, boxes: np.ndarray, scores: np.ndarray) -> tuple:
    found = backend.run({"decoded_boxes": boxes[None], "all_scores": scores[None]})
    kept = found["scores"][0] >= SELECTION.score_threshold
    return tuple(found[name][0][kept] for name in SUPPRESSED)


@pytest.mark.parametrize("opset", [17, 19])
def test_crowded_candidates_leave_what_opencv_leaves(opset: int, tmp_path: Path) -> None:
    backend = in_onnxruntime(suppression_graph(150, 3, 0.45, opset, ir_version=8), tmp_path)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        corner = rng.uniform(-0.1, 0.5, (150, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(0.05, 0.5, (150, 2))], 1)
        boxes = boxes.astype(np.float32)
        scores = rng.dirichlet(np.ones(4), 150).astype(np.float32)
        wanted = select(boxes, scores[:, 1:], SELECTION)
        for one, other in zip(wanted, inside(backend, boxes, scores), strict=True):
            assert np.allclose(one, other, atol=1e-6)


def test_a_chain_is_settled_link_by_link(tmp_path: Path) -> None:
    """Each box overlaps the next alone, so every second stays: the longest chain that is exact."""
    count = 2 * onnx_suppression.ROUNDS
    left = 0.01 + 0.03 * np.arange(count)
    boxes = np.stack([left, left * 0, left + 0.08, left * 0 + 0.5], 1).astype(np.float32)
    certain = np.linspace(0.95, 0.5, count)
    scores = np.stack([1 - certain, certain], 1).astype(np.float32)
    chain = onnx_suppression.ROUNDS
    backend = in_onnxruntime(suppression_graph(chain, 1, 0.45, 17, ir_version=8), tmp_path)
    wanted = select(boxes[:chain], scores[:chain, 1:], SELECTION)
    found = inside(backend, boxes[:chain], scores[:chain])
    assert len(wanted[1]) == chain // 2
    assert np.allclose(found[0], wanted[0])


def test_boxes_without_area_and_beyond_the_picture(tmp_path: Path) -> None:
    backend = in_onnxruntime(suppression_graph(3, 1, 0.45, 17, ir_version=8), tmp_path)
    boxes = np.array([[1.1, 0, 1.3, 1], [0.2, 0.2, 0.2, 0.4], [-1, -1, 0.5, 2]], np.float32)
    scores = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]], np.float32)
    (box,), (score,), (label,) = inside(backend, boxes, scores)
    assert box.tolist() == [0, 0, 0.5, 1] and score == pytest.approx(0.7) and label == 0


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "suppressed.onnx"
    deploy(resource_path(FLOAT32_MODEL), path, "float32", None, with_suppression=True)
    return path


def same_detections(deployed: Path, frames: list[np.ndarray]) -> int:
    outside, within = (Detector.load(path, threads=1) for path in ("float32", deployed))
    assert within.backend.outputs == SUPPRESSED
    number = 0
    for counts in frames:
        wanted, found = outside.detect(counts), within.detect(counts)
        number += len(wanted)
        for one, other in zip(wanted, found, strict=True):
            assert one.class_name == other.class_name
            assert other.score == pytest.approx(one.score, abs=1e-5)
            assert other.box.as_list() == pytest.approx(one.box.as_list(), abs=0.01)
    return number


def test_the_shipped_detector_finds_the_same_with_suppression_inside(deployed: Path) -> None:
    assert same_detections(deployed, example_frames(4)) > 0


def test_it_finds_the_same_in_real_frames(deployed: Path) -> None:
    root = os.environ.get("THERMOSCOUT_DATA")
    if not root:
        pytest.skip("THERMOSCOUT_DATA names no data")
    frames = open_dataset(Path(root) / "substation", "train").spread_frames(REAL_FRAMES)
    assert same_detections(deployed, frames) > REAL_FRAMES


def test_another_threshold_than_the_files_is_refused(deployed: Path) -> None:
    detector = Detector.load(deployed, threads=1, iou_threshold=0.6)
    with pytest.raises(ModelError, match=r"suppresses inside, at an IoU threshold of 0\.45"):
        detector.detect(example_frames(1)[0])
    higher = Detector.load(deployed, threads=1, score_threshold=0.9)
    assert all(found.score >= 0.9 for found in higher.detect(example_frames(1)[0]))


def test_its_outputs_have_one_size(deployed: Path) -> None:
    contract = Contract(OnnxRuntimeBackend(deployed, 1))
    outputs = contract.run(contract.prepare(example_frames(1)[0]), SELECTION)
    shapes = [outputs[name].shape for name in SUPPRESSED]
    assert shapes == [(1, CANDIDATES, 4), (1, CANDIDATES), (1, CANDIDATES)]


def test_a_threshold_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="IoU threshold 1: between 0 and 1"):
        suppression_graph(10, 1, 1.0, 17, ir_version=8)

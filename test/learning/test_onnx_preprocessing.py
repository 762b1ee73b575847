"""The preprocessing inside an ONNX file: what numpy and OpenCV make of the same frame."""

import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from thermoscout_core.detection.contract import frame_bytes, network_input
from thermoscout_core.detection.detector import Detector
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.onnx_preprocessing import preprocessing
from thermoscout_core.simulation.dataset import example_frames

TOLERANCE = 1e-3
REAL_FRAMES = 200


def in_onnxruntime(frame_px: tuple[int, int], input_px: tuple[int, int]) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    model = preprocessing(frame_px, input_px, opset=17, ir_version=8)
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def difficult_frames(frame_px: tuple[int, int]) -> list[np.ndarray]:
    """All counts there are, one count only, two counts, and a few levels with gaps."""
    width, height = frame_px
    rng = np.random.default_rng(0)
    flat = np.full((height, width), 777, np.uint16)
    spotted = flat.copy()
    spotted[10:20, 10:20] = 779
    return [
        *example_frames(2, frame_px),
        rng.integers(0, 65536, (height, width)).astype(np.uint16),
        rng.choice(np.array([9000, 9001, 9300, 20000], np.uint16), (height, width)),
        flat,
        spotted,
    ]


@pytest.mark.parametrize(
    ("frame_px", "input_px"),
    [((160, 120), (96, 96)), ((64, 48), (96, 96)), ((160, 60), (96, 96)), ((96, 96), (96, 96))],
    ids=["smaller", "larger", "narrower and higher", "same"],
)
def test_the_input_made_inside_is_the_input_made_outside(
    frame_px: tuple[int, int], input_px: tuple[int, int]
) -> None:
    frames = difficult_frames(frame_px)
    session = in_onnxruntime(frame_px, input_px)
    together = np.concatenate([frame_bytes(counts) for counts in frames])
    (found,) = session.run(None, {"counts": together})
    for counts, images in zip(frames, found, strict=True):
        wanted = network_input(to_8bit_view(counts), input_px)[0]
        assert np.abs(images - wanted).max() <= 1e-5


def test_real_frames_become_the_same_input() -> None:
    root = os.environ.get("THERMOSCOUT_DATA")
    if not root:
        pytest.skip("THERMOSCOUT_DATA names no data")
    dataset = open_dataset(Path(root) / "substation", "train")
    height, width = dataset[0].counts.shape
    input_px = Detector.load(threads=1).input_size_px
    session = in_onnxruntime((width, height), input_px)
    differences = []
    for index in range(REAL_FRAMES):
        counts = dataset[index].counts
        (found,) = session.run(None, {"counts": frame_bytes(counts)})
        wanted = network_input(to_8bit_view(counts), input_px)
        differences.append(float(np.abs(found - wanted).max()))
    assert len(differences) == REAL_FRAMES and max(differences) <= TOLERANCE


def test_the_bytes_of_a_frame_are_its_own_memory() -> None:
    counts = np.array([[0x0102, 0xFFEE]], np.uint16)
    assert frame_bytes(counts).tolist() == [[[[0x02, 0x01], [0xEE, 0xFF]]]]
    assert np.shares_memory(frame_bytes(counts), counts)


@pytest.mark.parametrize("frame_px", [(2049, 10), (2000, 2000)])
def test_frames_too_large_for_tensorrt_are_refused(frame_px: tuple[int, int]) -> None:
    with pytest.raises(ConfigurationError, match="are more; leave it outside"):
        preprocessing(frame_px, (300, 300), opset=17, ir_version=8)

"""ONNX files: whatever is inside, the same detections come out."""

import itertools
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.detection.contract import (  # noqa: E402
    DETECTIONS,
    OUTPUTS,
    frame_bytes,
    network_input,
)
from thermoscout_core.detection.detector import FLOAT32_MODEL, Detector  # noqa: E402
from thermoscout_core.detection.postprocess import Selection, select  # noqa: E402
from thermoscout_core.detection.view import to_8bit_view  # noqa: E402
from thermoscout_core.errors import ConfigurationError, FrameError, ModelError  # noqa: E402
from thermoscout_core.learning.checkpoint import load_network  # noqa: E402
from thermoscout_core.learning.design import Architecture  # noqa: E402
from thermoscout_core.learning.export import (  # noqa: E402
    ExportOptions,
    add_parts,
    export_onnx,
    write_metadata,
)
from thermoscout_core.learning.onnx_selection import (  # noqa: E402
    selection_graph,
    set_defaults,
)
from thermoscout_core.learning.ssd import Ssd, SsdWithBoxes  # noqa: E402
from thermoscout_core.resources import resource_path  # noqa: E402
from thermoscout_core.simulation.dataset import example_frames  # noqa: E402
from thermoscout_core.simulation.patrol import Patrol  # noqa: E402

SELECTION = Selection(0.37)
FRAME_PX = (160, 120)
FRAMES = example_frames(2, FRAME_PX)


def in_onnxruntime(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def torch_detections(whole: SsdWithBoxes, counts: np.ndarray) -> list[tuple]:
    """(box as fractions, score, class index) of what torch and numpy find, best first."""
    images = torch.from_numpy(network_input(to_8bit_view(counts), (96, 96)))
    with torch.no_grad():
        boxes, scores = (output[0].numpy() for output in whole(images))
    return list(zip(*select(boxes, scores[:, 1:], SELECTION), strict=True))


@pytest.mark.parametrize(
    ("outputs", "frame_size_px", "batch"),
    list(itertools.product(OUTPUTS, (None, FRAME_PX), (None, 1))),
)
def test_every_kind_of_file_finds_what_torch_finds(
    tiny_network: Ssd,
    tiny_architecture: Architecture,
    tiny_weights: Path,
    tmp_path: Path,
    outputs: str,
    frame_size_px: tuple[int, int] | None,
    batch: int | None,
) -> None:
    options = ExportOptions(SELECTION, outputs, batch, frame_size_px)
    export_onnx(tiny_weights, tmp_path / "tiny.onnx", options, FRAMES)
    detector = Detector.load(tmp_path / "tiny.onnx")
    whole = SsdWithBoxes(tiny_network, tiny_architecture.levels).eval()
    for counts in FRAMES:
        wanted, found = torch_detections(whole, counts), detector.detect(counts)
        assert len(found) == len(wanted) > 3
        for (box, score, label), detection in zip(wanted, found, strict=True):
            assert detection.class_name == detector.classes[label]
            assert detection.score == pytest.approx(score, abs=1e-4)
            pixels = box * np.array([*FRAME_PX, *FRAME_PX])
            assert detection.box.as_list() == pytest.approx(pixels, abs=0.02)


def test_the_shipped_detector_with_everything_inside_finds_the_same(tmp_path: Path) -> None:
    shipped = Detector.load("float32", threads=1)
    metadata = shipped.backend.metadata
    path = tmp_path / "everything.onnx"
    path.write_bytes(resource_path(FLOAT32_MODEL).read_bytes())
    selection = Selection(shipped.score_threshold)
    options = ExportOptions(selection, "detections", frame_size_px=(640, 512))
    add_parts(path, Architecture.from_dict(metadata["architecture"]), options)
    write_metadata(path, metadata)
    everything = Detector.load(path, threads=1)
    for seconds in (0.5, 4.5):
        counts = Patrol(seed=7, width_px=640, height_px=512).frame_at(seconds).frame.counts
        wanted, found = shipped.detect(counts), everything.detect(counts)
        assert len(found) == len(wanted) > 0
        for one, other in zip(wanted, found, strict=True):
            assert other.class_name == one.class_name
            assert other.score == pytest.approx(one.score, abs=1e-4)
            assert other.box.as_list() == pytest.approx(one.box.as_list(), abs=0.05)


def test_another_threshold_holds_in_a_file_with_suppression_inside(
    tiny_weights: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.onnx"
    export_onnx(tiny_weights, path, ExportOptions(SELECTION, "detections"), FRAMES)
    few = Detector.load(path, score_threshold=0.4, max_detections=3).detect(FRAMES[0])
    assert 0 < len(few) <= 3 and min(found.score for found in few) >= 0.4
    assert len(Detector.load(path, score_threshold=0.3).detect(FRAMES[0])) > len(few)


def test_a_batch_gives_each_frame_what_it_gets_alone(tiny_weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    options = ExportOptions(SELECTION, "detections", None, FRAME_PX)
    export_onnx(tiny_weights, path, options, FRAMES)
    session = in_onnxruntime(onnx.load(path))
    together = dict(
        zip(
            DETECTIONS,
            session.run(None, {"counts": np.concatenate([frame_bytes(f) for f in FRAMES])}),
            strict=True,
        )
    )
    for number, counts in enumerate(FRAMES):
        outputs = session.run(None, {"counts": frame_bytes(counts)})
        alone = dict(zip(DETECTIONS, outputs, strict=True))
        mine = together["frames"] == number
        assert np.abs(together["boxes"][mine] - alone["boxes"]).max() <= 1e-5
        assert np.array_equal(together["classes"][mine], alone["classes"])


def test_a_fixed_batch_is_stated_in_the_file_and_refused_by_the_detector(
    tiny_weights: Path, tmp_path: Path
) -> None:
    export_onnx(tiny_weights, tmp_path / "four.onnx", ExportOptions(SELECTION, batch=4), FRAMES)
    shape = onnx.load(tmp_path / "four.onnx").graph.input[0].type.tensor_type.shape
    assert [side.dim_value for side in shape.dim] == [4, 3, 96, 96]
    with pytest.raises(ModelError, match=r"four@.*batches of 4.*--batch"):
        Detector.load(tmp_path / "four.onnx")


def test_a_frame_of_another_size_is_refused_with_preprocessing_inside(
    tiny_weights: Path, tmp_path: Path
) -> None:
    options = ExportOptions(SELECTION, frame_size_px=FRAME_PX)
    export_onnx(tiny_weights, tmp_path / "tiny.onnx", options, FRAMES)
    with pytest.raises(FrameError, match="160×120"):
        Detector.load(tmp_path / "tiny.onnx").detect(np.zeros((288, 384), np.uint16))


def test_the_file_tells_its_classes_and_threshold(tiny_weights: Path, tmp_path: Path) -> None:
    export_onnx(tiny_weights, tmp_path / "tiny.onnx", ExportOptions(SELECTION), FRAMES)
    detector = Detector.load(tmp_path / "tiny.onnx")
    assert detector.classes == ("bushing", "connector")
    assert detector.score_threshold == SELECTION.score_threshold
    assert detector.input_size_px == (96, 96)
    assert json.dumps(detector.backend.metadata["training"]) == '{"epoch": 3}'


def test_nothing_is_written_when_a_check_fails(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thermoscout_core.learning.export_checks.TOLERANCE", -1.0)
    folder = tmp_path / "models"
    with pytest.raises(ModelError, match="nothing was written"):
        export_onnx(tiny_weights, folder / "tiny.onnx", ExportOptions(SELECTION), FRAMES)
    assert list(folder.iterdir()) == []


def test_unknown_outputs_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="'boxes' are unknown"):
        ExportOptions(SELECTION, "boxes")


def test_a_foreign_weights_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(b"not weights at all")
    with pytest.raises(ModelError, match=r"foreign\.safetensors"):
        load_network(path)


@pytest.mark.parametrize("seed", range(5))
def test_the_suppression_inside_the_file_is_the_suppression_outside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-0.1, 1.1, (2, 300, 2))
    halves = rng.uniform(0.001, 0.2, (2, 300, 2))
    boxes = np.concatenate([centers - halves, centers + halves], -1).astype(np.float32)
    scores = rng.dirichlet(np.ones(5), (2, 300)).astype(np.float32)
    default = Selection(0.3, candidates=500)
    model = selection_graph(300, 4, default, opset=17, ir_version=8)
    set_defaults(model, default)
    session = in_onnxruntime(model)
    given = {"decoded_boxes": boxes, "all_scores": scores}
    for selection, settings in (
        (default, {}),
        (
            Selection(0.05, 0.6, 500, 500),
            {
                "score_threshold": np.array([0.05], np.float32),
                "iou_threshold": np.array([0.6], np.float32),
                "max_detections": np.array([500]),
            },
        ),
    ):
        found = session.run(None, {**given, **settings})
        for number in range(2):
            mine = found[3] == number
            wanted = select(boxes[number], scores[number, :, 1:], selection)
            assert np.allclose(wanted[0], found[0][mine], atol=1e-6)
            for one, other in zip(wanted[1:], found[1:3], strict=True):
                assert np.array_equal(one, other[mine])

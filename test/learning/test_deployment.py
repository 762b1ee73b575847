"""Files made for TensorRT, run by ONNX Runtime: another precision, the view inside, the same
detections."""

import itertools
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.learning.deployment import PRECISIONS, deploy
from thermoscout_core.learning.onnx_float16 import to_float16
from thermoscout_core.simulation.dataset import example_frames

FRAME_PX = (160, 120)
FRAMES = example_frames(3, FRAME_PX)
TOLERANCES = {"float32": 1e-5, "float16": 0.01, "int8": 0.1, "int8_float16": 0.1}


@pytest.fixture
def tiny_onnx(tiny_weights: Path, tmp_path: Path) -> Path:
    from thermoscout_core.learning.export import ExportOptions, export_onnx

    export_onnx(tiny_weights, tmp_path / "tiny.onnx", ExportOptions(Selection(0.3)), FRAMES)
    return tmp_path / "tiny.onnx"


@pytest.mark.parametrize(
    ("precision", "frame_size_px"), list(itertools.product(PRECISIONS, (None, FRAME_PX)))
)
def test_it_answers_like_the_export(
    tiny_onnx: Path, tmp_path: Path, precision: str, frame_size_px: tuple[int, int] | None
) -> None:
    deploy(tiny_onnx, tmp_path / "made.onnx", precision, frame_size_px, FRAMES)
    exact = Contract(OnnxRuntimeBackend(tiny_onnx))
    made = Contract(OnnxRuntimeBackend(tmp_path / "made.onnx"))
    assert made.input == ("images" if frame_size_px is None else "counts")
    for counts in FRAMES:
        wanted, found = (
            contract.run(contract.prepare(counts), Selection(0.3)) for contract in (exact, made)
        )
        for name in ("boxes", "scores"):
            assert np.abs(wanted[name] - found[name]).max() <= TOLERANCES[precision]
    noted = made.backend.metadata.get("precision", {"type": "float32"})
    assert noted["type"] == precision


def test_float16_is_what_the_convolutions_compute_in_and_nothing_else(tiny_onnx: Path) -> None:
    model = to_float16(onnx.load(tiny_onnx))
    constants = {entry.name: entry.data_type for entry in model.graph.initializer}
    types = {
        constants[name]
        for node in model.graph.node
        if node.op_type == "Conv"
        for name in node.input[1:]
    }
    assert types == {TensorProto.FLOAT16}
    ends = [*model.graph.input, *model.graph.output]
    assert {entry.type.tensor_type.elem_type for entry in ends} == {TensorProto.FLOAT}
    casts = sum(node.op_type == "Cast" for node in model.graph.node)
    before = sum(node.op_type == "Cast" for node in onnx.load(tiny_onnx).graph.node)
    heads = 12
    assert casts <= before + 1 + heads


def test_a_weight_beyond_float16_is_refused(tiny_onnx: Path) -> None:
    model = onnx.load(tiny_onnx)
    names = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    weight = next(entry for entry in model.graph.initializer if entry.name in names)
    values = onnx.numpy_helper.to_array(weight).copy()
    values.flat[0] = 1e6
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    with pytest.raises(ModelError, match="too large for float16"):
        to_float16(model)


def test_a_file_that_has_them_already_is_refused_with_the_way_out(
    tiny_onnx: Path, tmp_path: Path
) -> None:
    for precision, frame_size_px in (("float16", None), ("int8", None), ("float32", FRAME_PX)):
        deploy(tiny_onnx, tmp_path / "made.onnx", precision, frame_size_px, FRAMES)
        with pytest.raises(ModelError, match="export it again without --with-preprocessing"):
            deploy(tmp_path / "made.onnx", tmp_path / "again.onnx", "float16", None)
    assert not (tmp_path / "again.onnx").exists()


def test_wrong_wishes_are_refused(tiny_onnx: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'fp4' is unknown; there are float32"):
        deploy(tiny_onnx, tmp_path / "made.onnx", "fp4", None)
    with pytest.raises(ConfigurationError, match="at least one frame"):
        deploy(tiny_onnx, tmp_path / "made.onnx", "int8", None)
    with pytest.raises(ModelError, match=r"absent\.onnx"):
        deploy(tmp_path / "absent.onnx", tmp_path / "made.onnx", "float16", None)

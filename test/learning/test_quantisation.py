"""int8 files: one calibration, one kind a runtime."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.learning.quantisation.calibration import Calibration, Inputs, calibrate
from thermoscout_core.learning.quantisation.errors import layer_errors
from thermoscout_core.learning.quantisation.qdq import KINDS, quantised, write_quantised
from thermoscout_core.simulation.dataset import example_frames

FRAMES = example_frames(3, (160, 120))


@pytest.fixture
def inputs() -> Inputs:
    return [{"images": network_input(to_8bit_view(counts), (96, 96))} for counts in FRAMES]


@pytest.fixture
def tiny_onnx(tiny_weights: Path, tmp_path: Path) -> Path:
    from thermoscout_core.learning.export import ExportOptions, export_onnx

    export_onnx(tiny_weights, tmp_path / "tiny.onnx", ExportOptions(Selection(0.3)), FRAMES)
    return tmp_path / "tiny.onnx"


@pytest.fixture
def calibration(tiny_onnx: Path, inputs: Inputs) -> Calibration:
    return calibrate(tiny_onnx, inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_an_int8_file_answers_like_the_float_file(
    kind: str, tiny_onnx: Path, calibration: Calibration, inputs: Inputs, tmp_path: Path
) -> None:
    write_quantised(calibration, tmp_path / "int8.onnx", kind)
    exact, rounded = OnnxRuntimeBackend(tiny_onnx), OnnxRuntimeBackend(tmp_path / "int8.onnx")
    for tensors in inputs:
        wanted, found = exact.run(tensors), rounded.run(tensors)
        assert 0 < np.abs(wanted["scores"] - found["scores"]).max() < 0.1
        assert np.abs(wanted["boxes"] - found["boxes"]).max() < 0.1
    assert rounded.metadata["precision"] == {
        "type": "int8",
        "made_for": kind,
        "calibration": "minmax",
        "frames": 3,
    }


def test_what_tensorrt_refuses_is_not_in_its_file(
    calibration: Calibration, tmp_path: Path
) -> None:
    write_quantised(calibration, tmp_path / "int8.onnx", "tensorrt")
    model = onnx.load(tmp_path / "int8.onnx")
    onnx.checker.check_model(model)
    graph = model.graph
    constants = {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}
    zero_points = [
        constants[node.input[2]] for node in graph.node if node.op_type == "QuantizeLinear"
    ]
    assert zero_points
    assert all(zero.dtype == np.int8 and not zero.any() for zero in zero_points)
    assert not any(values.dtype == np.int32 for values in constants.values())
    producers = {name: node.op_type for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type == "Conv":
            assert [producers[name] for name in node.input[:2]] == ["DequantizeLinear"] * 2


def test_each_convolution_has_its_error(calibration: Calibration, inputs: Inputs) -> None:
    errors = layer_errors(calibration, quantised(calibration, "tensorrt"), inputs[:1])
    convolutions = [n.name for n in calibration.model.graph.node if n.op_type == "Conv"]
    assert [error.layer for error in errors] == convolutions
    assert all(error.weight_db > 20 for error in errors)
    assert errors[0].input_db > errors[-1].input_db > 0


def test_the_ranges_that_lose_least_information_lie_within_the_extremes(
    tiny_onnx: Path, calibration: Calibration, inputs: Inputs
) -> None:
    narrower = calibrate(tiny_onnx, inputs, "percentile").ranges
    for name in narrower.keys():  # noqa: SIM118  (no mapping, though it has keys)
        assert np.max(narrower[name].highest) <= np.max(calibration.ranges[name].highest) + 1e-5


def test_wrong_wishes_are_refused(
    tiny_onnx: Path, calibration: Calibration, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="'guess' is unknown; there are minmax"):
        calibrate(tiny_onnx, [{}], "guess")
    with pytest.raises(ConfigurationError, match="at least one frame"):
        calibrate(tiny_onnx, [])
    with pytest.raises(ConfigurationError, match="'npu' is unknown; there is cpu, tensorrt"):
        write_quantised(calibration, tmp_path / "int8.onnx", "npu")
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"foreign\.onnx"):
        calibrate(foreign, [{}])

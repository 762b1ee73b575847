"""Weights of 4 bits: half of the bytes, the numbers that int8 kernels then compute with."""

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from onnx import numpy_helper  # noqa: E402

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend  # noqa: E402
from thermoscout_core.detection.contract import network_input  # noqa: E402
from thermoscout_core.detection.postprocess import Selection  # noqa: E402
from thermoscout_core.detection.view import to_8bit_view  # noqa: E402
from thermoscout_core.learning.compression.quantisation_aware import rounded_weight  # noqa: E402
from thermoscout_core.learning.quantisation.calibration import (  # noqa: E402
    Calibration,
    Inputs,
    calibrate,
)
from thermoscout_core.learning.quantisation.int4 import (  # noqa: E402
    LIMIT,
    int4_scale,
    pack_int4,
)
from thermoscout_core.learning.quantisation.qdq import quantised, write_quantised  # noqa: E402
from thermoscout_core.simulation.dataset import example_frames  # noqa: E402

FRAMES = example_frames(3, (160, 120))
LAYERS = ("features.backbone.pointwise.1", "features.extras.")


@pytest.fixture
def inputs() -> Inputs:
    return [{"images": network_input(to_8bit_view(counts), (96, 96))} for counts in FRAMES]


@pytest.fixture
def calibration(tiny_weights: Path, inputs: Inputs, tmp_path: Path) -> Calibration:
    from thermoscout_core.learning.export import ExportOptions, export_onnx

    export_onnx(tiny_weights, tmp_path / "tiny.onnx", ExportOptions(Selection(0.3)), FRAMES)
    return calibrate(tmp_path / "tiny.onnx", inputs)


def test_a_channel_s_grid_has_the_least_error_of_those_tried() -> None:
    torch.manual_seed(0)
    weight = torch.randn(4, 300, 3, 3)
    weight[0, 0, 0, 0] = 12.0  # an outlier: clipping it is worth it
    step = int4_scale(weight)
    assert step.shape == (4, 1, 1, 1)
    assert float(step[0]) < 12.0 / LIMIT
    rounded = rounded_weight(weight, int4=True)
    whole = (rounded / step).flatten(1)
    assert torch.allclose(whole, whole.round(), atol=1e-3)
    assert len(whole.round().unique()) == 2 * LIMIT + 1
    to_the_largest = weight.abs().flatten(1).amax(1).view(-1, 1, 1, 1) / LIMIT
    coarser = (weight / to_the_largest).round() * to_the_largest
    assert (rounded - weight).square().sum() < (coarser - weight).square().sum()


def test_packed_weights_answer_to_the_last_bit_like_unpacked_ones(
    calibration: Calibration, inputs: Inputs, tmp_path: Path
) -> None:
    plain = quantised(calibration, "cpu", (), LAYERS)
    packed = copy.deepcopy(plain)
    assert pack_int4(packed) >= 3
    onnx.checker.check_model(packed)
    for name, model in (("plain", plain), ("packed", packed)):
        onnx.save(model, str(tmp_path / f"{name}.onnx"))
    wanted, found = (OnnxRuntimeBackend(tmp_path / f"{n}.onnx") for n in ("plain", "packed"))
    for tensors in inputs:
        for one, other in zip(
            wanted.run(tensors).values(), found.run(tensors).values(), strict=True
        ):
            assert (one == other).all()


def test_only_the_named_layers_are_rounded_so(calibration: Calibration) -> None:
    model = quantised(calibration, "cpu", (), LAYERS)
    constants = {entry.name: entry for entry in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    exact = [node for node in calibration.model.graph.node if node.op_type == "Conv"]
    names = {node.name: node.input[1].removeprefix("ssd.") for node in exact}
    largest = {
        names[node.name]: int(
            np.abs(numpy_helper.to_array(constants[makers[node.input[1]].input[0]])).max()
        )
        for node in model.graph.node
        if node.op_type == "Conv"
    }
    for layer, value in largest.items():
        assert (value <= LIMIT) == layer.startswith(LAYERS), layer
    assert any(layer.startswith(LAYERS) for layer in largest)


def test_the_file_is_smaller_and_answers_like_int8(
    calibration: Calibration, inputs: Inputs, tmp_path: Path
) -> None:
    paths = {"int8": tmp_path / "int8.onnx", "int4": tmp_path / "int4.onnx"}
    write_quantised(calibration, paths["int8"], "cpu")
    write_quantised(calibration, paths["int4"], "cpu", (), LAYERS)
    assert paths["int4"].stat().st_size < paths["int8"].stat().st_size
    exact, coarse = (OnnxRuntimeBackend(path) for path in paths.values())
    for tensors in inputs:
        assert np.abs(exact.run(tensors)["scores"] - coarse.run(tensors)["scores"]).max() < 0.2

"""What an exported file leaves out: fewer bytes and less work, the outputs of the whole one."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.detection.backends.onnxruntime import resting_options  # noqa: E402
from thermoscout_core.detection.contract import DECODED  # noqa: E402
from thermoscout_core.detection.priors import PriorLevel, make_priors  # noqa: E402
from thermoscout_core.learning.design import Architecture, Design  # noqa: E402
from thermoscout_core.learning.export import (  # noqa: E402
    lighten,
    write_metadata,
    write_onnx,
)
from thermoscout_core.learning.folding import fold_batch_norm  # noqa: E402
from thermoscout_core.learning.onnx_names import shorten_names  # noqa: E402
from thermoscout_core.learning.onnx_priors import compute_priors  # noqa: E402
from thermoscout_core.learning.quantisation.calibration import Calibration, calibrate  # noqa: E402
from thermoscout_core.learning.quantisation.qdq import (  # noqa: E402
    finish,
    quantised,
    write_quantised,
)
from thermoscout_core.learning.ssd import Ssd, SsdWithBoxes  # noqa: E402

SIZES = ((0.2, 0.3), (0.4, 0.2), (0.123456789, 0.7))
LEVELS = tuple(PriorLevel(side, side, SIZES) for side in (12, 6, 3, 2))
ARCHITECTURE = Architecture(
    Design(width=0.25, first_stride=8, neck_channels=16, extras=((16, 32),), head="separable"),
    ("bushing", "connector"),
    (96, 96),
    LEVELS,
)
"""With a neck, whose maps are enlarged, as the shipped detector has one."""


def grey_images(frames: int = 1) -> np.ndarray:
    grey = np.random.default_rng(5).uniform(-1, 1, (frames, 1, 96, 96)).astype(np.float32)
    return np.repeat(grey, 3, axis=1)


def run(model: onnx.ModelProto, images: np.ndarray, *, optimise: bool = True) -> list[Any]:
    options = resting_options(threads=1)
    if not optimise:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    content = model.SerializeToString()
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, {"images": images}))


@pytest.fixture(scope="module", params=[None, 1], ids=["free batch", "batch 1"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the exporter writes it."""
    torch.manual_seed(0)
    whole = fold_batch_norm(SsdWithBoxes(Ssd.build(ARCHITECTURE), LEVELS).eval())
    for module in whole.modules():
        if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
    path = tmp_path_factory.mktemp("exported") / "whole.onnx"
    write_onnx(whole, path, ARCHITECTURE.input_size_px, DECODED, request.param)
    write_metadata(path, {"architecture": ARCHITECTURE.as_dict()})
    return path


@pytest.fixture(scope="module")
def light(exported: Path) -> Path:
    path = exported.with_name("light.onnx")
    path.write_bytes(exported.read_bytes())
    lighten(path, ARCHITECTURE)
    return path


@pytest.fixture(scope="module")
def calibration(light: Path) -> Calibration:
    return calibrate(light, [{"images": images[None]} for images in grey_images(2)])


def test_the_lighter_file_answers_like_the_whole_one(exported: Path, light: Path) -> None:
    images = grey_images()
    wanted, found = run(onnx.load(exported), images), run(onnx.load(light), images)
    for one, other in zip(wanted, found, strict=True):
        assert np.abs(one - other).max() < 1e-5


def test_openvino_answers_the_same(light: Path, calibration: Calibration, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    write_quantised(calibration, tmp_path / "int8.onnx", "cpu")
    images = grey_images()
    for path, tolerance in ((light, 1e-4), (tmp_path / "int8.onnx", 0.02)):
        settings = {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(openvino.Core().read_model(path), "CPU", settings)
        found = compiled({"images": images})
        for name, wanted in zip(DECODED, run(onnx.load(path), images), strict=True):
            assert np.abs(found[name] - wanted).max() < tolerance


def test_opencv_answers_the_same(light: Path) -> None:
    if onnx.load(light).graph.input[0].type.tensor_type.shape.dim[0].dim_param:
        pytest.skip("OpenCV takes files of one batch size")
    images = grey_images()
    network = cv2.dnn.readNetFromONNX(str(light))
    network.setInput(images)
    found = network.forward(list(DECODED))
    for one, wanted in zip(found, run(onnx.load(light), images), strict=True):
        assert np.abs(one - wanted).max() < 1e-4


@pytest.mark.parametrize("optimise", [True, False])
def test_a_runtime_adds_up_the_very_priors(exported: Path, optimise: bool) -> None:
    model = onnx.load(exported)
    assert compute_priors(model, LEVELS)
    del model.graph.output[:]
    tables = [node.output[0] for node in model.graph.node if node.op_type == "Slice"][:2]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tables)
    centres, sizes = run(model, grey_images(), optimise=optimise)
    assert np.array_equal(np.concatenate([centres, sizes], axis=1), make_priors(LEVELS))


def test_a_file_without_priors_stays_as_it_is(exported: Path) -> None:
    model = onnx.load(exported)
    before = model.SerializeToString()
    assert not compute_priors(model, (PriorLevel(5, 5, SIZES),))
    assert model.SerializeToString() == before


def test_the_first_convolution_reads_one_channel_and_the_file_takes_three(light: Path) -> None:
    graph = onnx.load(light).graph
    assert graph.input[0].type.tensor_type.shape.dim[1].dim_value == 3
    stem = next(node for node in graph.node if node.op_type == "Conv")
    weight = next(entry for entry in graph.initializer if entry.name == stem.input[1])
    assert list(weight.dims) == [8, 1, 3, 3]


def test_a_finished_int8_file_answers_to_the_last_bit(calibration: Calibration) -> None:
    whole = quantised(calibration, "cpu")
    finished = onnx.ModelProto.FromString(whole.SerializeToString())
    finish(finished, "cpu")
    onnx.checker.check_model(finished)
    images = grey_images()
    for one, other in zip(run(whole, images), run(finished, images), strict=True):
        assert np.array_equal(one, other)


def test_a_finished_int8_file_is_finished_once(calibration: Calibration) -> None:
    model = quantised(calibration, "cpu")
    finish(model, "cpu")
    images, size = grey_images(), model.ByteSize()
    wanted = run(model, images)
    finish(model, "cpu")
    assert model.ByteSize() == size
    for one, other in zip(wanted, run(model, images), strict=True):
        assert np.array_equal(one, other)


def test_a_channel_costs_eight_bytes_beside_its_weights(
    calibration: Calibration, tmp_path: Path
) -> None:
    write_quantised(calibration, tmp_path / "int8.onnx", "cpu")
    constants = onnx.load(tmp_path / "int8.onnx").graph.initializer
    weights = [entry for entry in constants if entry.data_type == onnx.TensorProto.INT8]
    channels = sum(entry.dims[0] for entry in weights)
    rows = [onnx.numpy_helper.to_array(entry) for entry in constants if len(entry.dims) == 1]
    beside = sum(values.nbytes for values in rows if len(values) >= 6)
    assert beside == 8 * channels


def test_an_int8_file_for_cpus_enlarges_bytes_and_reads_blocks_of_pixels(
    calibration: Calibration, tmp_path: Path
) -> None:
    write_quantised(calibration, tmp_path / "int8.onnx", "cpu")
    graph = onnx.load(tmp_path / "int8.onnx").graph
    kinds = [node.op_type for node in graph.node]
    assert "Resize" not in kinds
    assert kinds.count("SpaceToDepth") == 1


def test_short_names_leave_inputs_outputs_and_layers_known(
    calibration: Calibration, tmp_path: Path
) -> None:
    write_quantised(calibration, tmp_path / "int8.onnx", "cpu")
    graph = onnx.load(tmp_path / "int8.onnx").graph
    assert [entry.name for entry in (*graph.input, *graph.output)] == ["images", *DECODED]
    layers = {node.name for node in graph.node if node.op_type == "Conv"}
    assert {"features.backbone.stem.0", "offset_heads.0.1", "class_heads.3.0.0"} <= layers
    inner = {name for node in graph.node for name in node.output} - set(DECODED)
    assert max(map(len, inner)) <= 3


def test_equal_constants_are_stored_once_and_an_inputs_default_by_itself() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["": 17]>
        g (float[2] images, float[2] setting = {1, 2}) => (float[2] out)
        <float[2] first = {1, 2}, float[2] second = {1, 2}> {
          a = Add(images, first)
          b = Mul(a, second)
          out = Add(b, setting)
        }"""
    )
    given = np.array([3, 4], np.float32)
    wanted = run(model, given)
    shorten_names(model)
    assert sorted(entry.name == "setting" for entry in model.graph.initializer) == [False, True]
    assert np.array_equal(run(model, given), wanted)

"""Every kind of file of the shipped detector, built by TensorRT for RTX without a GPU: for Turing,
Ampere, Ada and Blackwell, the data types of its layers read off. Nothing is run."""

from collections import Counter
from pathlib import Path

import onnx
import pytest

try:
    from thermoscout_core.detection.engines.library import IS_RTX, LIBRARY, version
except ModuleNotFoundError:
    pytest.skip("no TensorRT: pip install 'thermoscout[tensorrt-rtx]'", allow_module_level=True)
if not IS_RTX:
    pytest.skip("only TensorRT for RTX builds without a GPU", allow_module_level=True)

from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.detector import FLOAT32_MODEL, Detector
from thermoscout_core.detection.engines.builder import build
from thermoscout_core.detection.engines.cache import EngineCache
from thermoscout_core.detection.engines.key import Environment
from thermoscout_core.detection.engines.layers import data_types
from thermoscout_core.detection.engines.making import make_engine
from thermoscout_core.detection.engines.options import BuildOptions
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError, EngineError
from thermoscout_core.learning.deployment import deploy
from thermoscout_core.learning.onnx_selection import selection_graph, set_defaults
from thermoscout_core.learning.onnx_suppression import suppression_graph
from thermoscout_core.learning.quantisation.calibration import Calibration, calibrate
from thermoscout_core.learning.quantisation.qdq import write_quantised
from thermoscout_core.resources import resource_path
from thermoscout_core.simulation.dataset import example_frames

FRAME_PX = (640, 512)
HALVES = 9 + 20
"""Of the shipped detector's 60 convolutions, those that int8_float16 leaves in float16: the first
nine, and two in each of ten heads."""


@pytest.fixture(scope="module")
def shipped() -> Path:
    return resource_path(FLOAT32_MODEL)


@pytest.fixture(scope="module")
def calibration(shipped: Path) -> Calibration:
    size_px = Detector.load(shipped, threads=1).input_size_px
    views = [to_8bit_view(counts) for counts in example_frames(2)]
    return calibrate(shipped, [{"images": network_input(view, size_px)} for view in views])


@pytest.fixture(autouse=True)
def calibrate_once(monkeypatch: pytest.MonkeyPatch, calibration: Calibration) -> None:
    """The same frames give the same ranges."""
    from thermoscout_core.learning import deployment

    monkeypatch.setattr(deployment, "calibrate", lambda *_: calibration)


def convolutions(path: Path) -> int:
    return sum(node.op_type == "Conv" for node in onnx.load(path).graph.node)


@pytest.mark.parametrize("frame_size_px", [None, FRAME_PX], ids=["view outside", "view inside"])
@pytest.mark.parametrize(
    ("precision", "gpus", "computed_in"),
    [
        ("float32", ("7.5", "8.6", "8.9", "12.0"), {"Float": 60}),
        ("float16", ("7.5", "8.6", "8.9", "12.0"), {"Half": 60}),
        ("int8", ("8.6", "8.9", "12.0"), {"Int8": 60}),
        ("int8_float16", ("7.5",), {"Half": 60}),
        ("int8_float16", ("8.6", "8.9", "12.0"), {"Half": HALVES, "Int8": 60 - HALVES}),
    ],
)
def test_every_file_builds_for_every_gpu_in_the_precision_that_it_states(
    shipped: Path,
    tmp_path: Path,
    precision: str,
    gpus: tuple[str, ...],
    computed_in: dict[str, int],
    frame_size_px: tuple[int, int] | None,
) -> None:
    path = tmp_path / f"{precision}.onnx"
    deploy(shipped, path, precision, frame_size_px, example_frames(1))
    built = build(path, BuildOptions(batch=(1, 1, 4), compute_capabilities=gpus))
    # The view's two resizings are convolutions too, and stay in float32.
    wanted = Counter(computed_in)
    if frame_size_px is not None:
        wanted["Float"] += 2
    assert len(built.plan) > 1_000_000
    assert data_types(built.layers) == wanted


@pytest.mark.parametrize(
    ("gpu", "computed_in"), [("7.5", "Float"), ("8.9", "Int8"), ("12.0", "Int8")]
)
def test_int8_gpu_by_gpu_and_turing_computes_it_in_float32(
    shipped: Path, tmp_path: Path, gpu: str, computed_in: str
) -> None:
    """A build for several lists the layers of one; Turing is TensorRT for RTX's own choice."""
    path = tmp_path / "int8.onnx"
    deploy(shipped, path, "int8", None, example_frames(1))
    built = build(path, BuildOptions(compute_capabilities=(gpu,)))
    assert data_types(built.layers) == {computed_in: convolutions(shipped)}


def test_a_build_tells_its_phases_and_can_be_stopped(shipped: Path) -> None:
    told: list[tuple[str, int, int]] = []

    def stop(*step: object) -> bool:
        told.append(step)  # type: ignore[arg-type]
        return False

    with pytest.raises(EngineError, match="can't build it"):
        build(shipped, BuildOptions(compute_capabilities=("8.6",)), progress=stop)
    assert told


def test_what_tensorrt_cannot_read_is_refused_with_the_way_out(
    calibration: Calibration, tmp_path: Path
) -> None:
    for_cpu = tmp_path / "cpu.onnx"
    write_quantised(calibration, for_cpu, "cpu")
    with pytest.raises(EngineError, match=r"(?s)TensorRT can't read it.*thermoscout engine build"):
        build(for_cpu, BuildOptions(compute_capabilities=("8.6",)))
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(b"no network")
    with pytest.raises(EngineError, match=r"foreign\.onnx: TensorRT can't read it"):
        build(foreign, BuildOptions(compute_capabilities=("8.6",)))


def test_suppression_in_plain_operators_builds(tmp_path: Path) -> None:
    model = suppression_graph(300, 4, 0.45, opset=17, ir_version=8)
    onnx.save(model, tmp_path / "suppression.onnx")
    options = BuildOptions(batch=(1, 1, 4), compute_capabilities=("7.5", "8.6", "8.9", "12.0"))
    assert build(tmp_path / "suppression.onnx", options).plan


def test_onnx_own_suppression_is_refused(tmp_path: Path) -> None:
    from thermoscout_core.detection.postprocess import Selection

    model = selection_graph(100, 4, Selection(0.3), opset=17, ir_version=8)
    set_defaults(model, Selection(0.3))
    for entry, shape in zip(model.graph.input, ((1, 100, 4), (1, 100, 5)), strict=False):
        for side, size in zip(entry.type.tensor_type.shape.dim, shape, strict=True):
            side.dim_value = size
    onnx.save(model, tmp_path / "suppression.onnx")
    with pytest.raises(EngineError, match=r"suppression\.onnx: TensorRT can't"):
        build(tmp_path / "suppression.onnx", BuildOptions(compute_capabilities=("8.6",)))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (BuildOptions(compute_capabilities=("8.7",)), r"compute capability 8\.7; there are SM"),
        (BuildOptions(compute_capabilities=("8.6",), dla_core=0), "has no DLA"),
    ],
)
def test_what_the_library_cannot_do_is_said(
    shipped: Path, options: BuildOptions, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        build(shipped, options)


def test_an_engine_is_built_once_and_found_by_the_gpu_that_it_is_for(
    shipped: Path, tmp_path: Path
) -> None:
    cache = EngineCache(tmp_path)
    options = BuildOptions(compute_capabilities=("8.6", "8.9"))
    frames = example_frames(4)
    record, is_new = make_engine(shipped, options, frames, cache)
    assert is_new and record.self_test is None
    again, is_new = make_engine(shipped, options, frames, cache)
    assert not is_new
    assert again == record.model_copy(update={"asked_for": again.asked_for})
    ada = Environment(library=LIBRARY, version=version(), gpu="any", compute_capability="8.9")
    assert cache.find(shipped, record.key.model_sha256, ada) == again
    with pytest.raises(EngineError, match=r"compute capability 8\.6\+8\.9 → 12\.0"):
        blackwell = ada.model_copy(update={"compute_capability": "12.0"})
        cache.find(shipped, record.key.model_sha256, blackwell)

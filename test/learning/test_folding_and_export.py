"""Batch norm folding (seed 000, eq. 1-6) and the ONNX file."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend  # noqa: E402
from thermoscout_core.detection.detector import Detector  # noqa: E402
from thermoscout_core.detection.priors import PriorLevel  # noqa: E402
from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.checkpoint import load_network, save_weights  # noqa: E402
from thermoscout_core.learning.design import Architecture, Design  # noqa: E402
from thermoscout_core.learning.export import export_onnx  # noqa: E402
from thermoscout_core.learning.folding import (  # noqa: E402
    fold_batch_norm,
    largest_difference,
    require_equal,
)
from thermoscout_core.learning.ssd import Ssd, SsdWithBoxes  # noqa: E402

SIDES = (6, 3, 2, 1, 1, 1)
LEVELS = tuple(PriorLevel(side, side, ((0.2, 0.3), (0.4, 0.2))) for side in SIDES)
TINY = Architecture(Design(width=0.25), ("bushing", "connector"), (96, 96), LEVELS)


@pytest.fixture
def network() -> torch.nn.Module:
    """A small network whose batch norms have statistics that matter."""
    torch.manual_seed(0)
    whole = Ssd.build(TINY)
    for module in whole.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
    return whole.eval()


@pytest.fixture
def weights(network: torch.nn.Module, tmp_path: Path) -> Path:
    path = tmp_path / "best.safetensors"
    save_weights(path, network.state_dict(), TINY, {"epoch": 3})
    return path


def test_folding_changes_no_output(network: torch.nn.Module) -> None:
    images = torch.rand(2, 3, 96, 96) * 2 - 1
    assert require_equal(network, fold_batch_norm(network), images) <= 1e-4


def test_folding_leaves_no_batch_norm(network: torch.nn.Module) -> None:
    kinds = [type(module) for module in fold_batch_norm(network).modules()]
    assert torch.nn.BatchNorm2d not in kinds


def test_the_wrong_epsilon_is_noticed(network: torch.nn.Module) -> None:
    folded = fold_batch_norm(network)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 0.1
    images = torch.rand(1, 3, 96, 96)
    assert largest_difference(network, folded, images) > 1e-4
    with pytest.raises(ModelError, match="nothing was written"):
        require_equal(network, folded, images)


def test_a_checkpoint_rebuilds_its_network(network: torch.nn.Module, weights: Path) -> None:
    loaded, architecture, notes = load_network(weights)
    images = torch.rand(1, 3, 96, 96)
    assert largest_difference(network, loaded, images) == 0.0
    assert architecture == TINY and notes == {"epoch": 3}


def test_a_foreign_weights_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(b"not weights at all")
    with pytest.raises(ModelError, match=r"foreign\.safetensors"):
        load_network(path)


def test_the_onnx_file_gives_torch_s_boxes_and_scores(
    network: torch.nn.Module, weights: Path, tmp_path: Path
) -> None:
    report = export_onnx(weights, tmp_path / "tiny.onnx", score_threshold=0.3)
    images = torch.rand(3, 3, 96, 96) * 2 - 1
    with torch.no_grad():
        wanted = SsdWithBoxes(network, LEVELS).eval()(images)
    got = OnnxRuntimeBackend(report.path).infer(images.numpy())
    for one, other in zip(wanted, got, strict=True):
        assert np.abs(one.numpy() - other).max() <= 1e-4


def test_the_onnx_file_tells_its_classes_and_threshold(weights: Path, tmp_path: Path) -> None:
    export_onnx(weights, tmp_path / "tiny.onnx", score_threshold=0.37)
    detector = Detector.load(tmp_path / "tiny.onnx")
    assert detector.classes == ("bushing", "connector")
    assert detector.score_threshold == 0.37
    assert detector.input_size_px == (96, 96)
    assert json.dumps(detector.backend.metadata["training"]) == '{"epoch": 3}'

"""Weights that can be trained again, from an exported file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.detection.postprocess import Selection  # noqa: E402
from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.checkpoint import save_weights  # noqa: E402
from thermoscout_core.learning.data import Annotation, Sample  # noqa: E402
from thermoscout_core.learning.export import ExportOptions, export_onnx  # noqa: E402
from thermoscout_core.learning.folding import convolution_norm_pairs  # noqa: E402
from thermoscout_core.learning.training.frames import simulated_sample  # noqa: E402
from thermoscout_core.learning.unfolding import unfold  # noqa: E402

CLASSES = ("bushing", "connector")
OPTIONS = ExportOptions(Selection(0.3))


def samples(count: int) -> list[Sample]:
    rng = np.random.default_rng(0)
    made = [simulated_sample(rng, CLASSES) for _ in range(count)]
    return [
        Sample(
            str(number),
            counts[::2, ::2].copy(),
            Annotation(boxes.boxes / 2, boxes.labels, boxes.difficult),
        )
        for number, (counts, boxes) in enumerate(made)
    ]


@pytest.fixture(params=["decoded, any batch", "raw, batch of 2"])
def exported(request: pytest.FixtureRequest, tiny_weights: Path, tmp_path: Path) -> Path:
    path = tmp_path / "folded.onnx"
    raw = replace(OPTIONS, outputs="raw", batch=2)
    export_onnx(tiny_weights, path, raw if request.param.startswith("raw") else OPTIONS, [])
    return path


def test_the_unfolded_network_answers_as_the_file(exported: Path) -> None:
    made = unfold(exported, samples(4), frames=8)
    assert made.difference < 1e-4
    assert made.architecture.classes == CLASSES


def test_its_norms_know_what_they_see(exported: Path) -> None:
    """In training mode, batches of such frames give what evaluation gives, or nearly."""
    network = unfold(exported, samples(4), frames=8).network
    _, _, norm = next(convolution_norm_pairs(network))
    assert norm.running_var is not None
    assert torch.allclose(norm.weight.data**2, norm.running_var + norm.eps, rtol=1e-4)
    assert not torch.allclose(norm.running_var, torch.ones_like(norm.running_var), atol=0.01)


def test_it_can_be_exported_again(exported: Path, tmp_path: Path) -> None:
    made = unfold(exported, samples(4), frames=8)
    weights = tmp_path / "unfolded.safetensors"
    save_weights(weights, made.network.state_dict(), made.architecture, made.notes)
    assert export_onnx(weights, tmp_path / "again.onnx", OPTIONS, []).onnx_difference < 1e-4


def test_a_file_with_suppression_inside_is_refused(tiny_weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "suppressed.onnx"
    export_onnx(tiny_weights, path, replace(OPTIONS, outputs="suppressed"), [])
    with pytest.raises(ModelError, match="--outputs decoded"):
        unfold(path, samples(1), frames=1)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(b"not ONNX at all")
    with pytest.raises(ModelError, match=r"foreign\.onnx"):
        unfold(path, samples(1), frames=1)

"""The average of several runs' weights."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.detection.priors import PriorLevel  # noqa: E402
from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.averaging import average_checkpoints  # noqa: E402
from thermoscout_core.learning.checkpoint import save_weights  # noqa: E402
from thermoscout_core.learning.design import Architecture, Design  # noqa: E402
from thermoscout_core.learning.ssd import Ssd  # noqa: E402

LEVELS = tuple(PriorLevel(n, n, ((0.1, 0.1),)) for n in (6, 3, 2, 1, 1, 1))


def saved(path: Path, seed: int, size_px: int = 96) -> Ssd:
    torch.manual_seed(seed)
    architecture = Architecture(Design(width=0.25), ("a", "b"), (size_px, size_px), LEVELS)
    network = Ssd.build(architecture)
    save_weights(path, network.state_dict(), architecture, {})
    return network


def test_every_weight_is_the_mean(tmp_path: Path) -> None:
    one, two = (saved(tmp_path / f"{k}.safetensors", k).state_dict() for k in range(2))
    mean, architecture = average_checkpoints([tmp_path / f"{k}.safetensors" for k in range(2)])
    name = "features.backbone.stem.0.weight"
    assert torch.allclose(mean[name], (one[name] + two[name]) / 2)
    Ssd.build(architecture).load_state_dict(mean)


def test_runs_of_different_architecture_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", 0)
    saved(tmp_path / "b.safetensors", 0, size_px=128)
    with pytest.raises(ModelError, match=r"b\.safetensors.*architecture"):
        average_checkpoints([tmp_path / "a.safetensors", tmp_path / "b.safetensors"])


def test_one_file_is_no_average(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="at least two"):
        average_checkpoints([tmp_path / "a.safetensors"])

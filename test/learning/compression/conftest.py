"""A trained-looking detector of the small dataset's classes, and the bench that works on it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_pruning")

import torch
import yaml

from thermoscout_core.detection.priors import PriorLevel
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.records import LatencyRecord
from thermoscout_core.learning.compression.workbench import TrainingSection, Workbench
from thermoscout_core.learning.config import DataSection
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.design import Architecture, Design
from thermoscout_core.learning.ssd import FeatureMaps, Ssd

NECKED = Design(
    width=0.25, first_stride=8, neck_channels=16, extras=((64, 128),), head="separable"
)
SIZES = ((0.2, 0.3), (0.4, 0.2))


def make_model(design: Design, classes: tuple[str, ...], size_px: tuple[int, int]) -> Model:
    """Random weights that are always the same, batch norms with statistics that matter."""
    torch.manual_seed(0)
    maps = FeatureMaps(design).map_sizes(*size_px)
    levels = tuple(PriorLevel(columns, rows, SIZES) for columns, rows in maps)
    architecture = Architecture(design, classes, size_px, levels)
    network = Ssd.build(architecture)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.1, 0.3)
    return Model(network.eval(), architecture)


@pytest.fixture
def model(small_dataset: Path) -> Model:
    """MobileNet-SSD with a top-down neck and separable heads, a quarter wide, at 64×64."""
    classes = tuple(open_dataset(small_dataset, "train").classes)
    return make_model(NECKED, classes, (64, 64))


@pytest.fixture
def bench(small_dataset: Path) -> Workbench:
    schedule: dict[str, Any] = {"epochs": 1, "batch_size": 4, "precision": "float32"}
    training = TrainingSection.model_validate({"schedule": schedule, "workers": 0, "threads": 1})
    return Workbench(DataSection(root=small_dataset), training, say=lambda _: None)


def outputs(model: Model, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Offsets and logits for a random image."""
    width_px, height_px = model.architecture.input_size_px
    images = torch.rand(1, 3, height_px, width_px, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        offsets, logits = model.network(images * 2 - 1)
    return offsets, logits


ANYTHING = {"map_loss": 1.0, "faster": 1e-3}


Recipe = Callable[..., Path]


@pytest.fixture(scope="module")
def measured_dense() -> dict[str, Path]:
    """The folder of the dense model, once it has been measured."""
    return {}


@pytest.fixture
def recipe(
    model: Model, small_dataset: Path, tmp_path: Path, measured_dense: dict[str, Path]
) -> Iterator[Recipe]:
    """A function of steps and keys that writes a recipe for the small model, whose own figures
    are taken over from an earlier test."""
    model.save(tmp_path / "dense.safetensors")
    if measured_dense:
        shutil.copytree(measured_dense["folder"], tmp_path / "out" / "00-dense")

    def write(*steps: dict[str, Any], **changes: Any) -> Path:
        content = {
            "model": str(tmp_path / "dense.safetensors"),
            "data": {"root": str(small_dataset)},
            "training": {
                "schedule": {"epochs": 1, "batch_size": 4, "precision": "float32"},
                "workers": 0,
                "threads": 1,
            },
            "latency": {"threads": 1, "repeats": 2, "rounds": 1, "warm_up": 0},
            "budget": ANYTHING,
            "goal": ANYTHING,
            "steps": list(steps),
            "output": str(tmp_path / "out"),
            **changes,
        }
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    yield write
    if (tmp_path / "out" / "00-dense" / "record.json").is_file():
        measured_dense.setdefault("folder", tmp_path / "out" / "00-dense")


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times come from the table, so that a test doesn't start processes to measure them."""

    def measure(path: Path, dense: Path, images: Any, section: Any) -> list[LatencyRecord]:
        same = {"p50_ms": 1, "p95_ms": 1, "dense_p50_ms": 1}
        return [LatencyRecord(runtime="onnxruntime", foreign=0, **same)]

    monkeypatch.setattr(
        "thermoscout_core.learning.compression.pipeline.measure_latencies", measure
    )

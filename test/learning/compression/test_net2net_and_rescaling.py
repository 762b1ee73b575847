"""Moves that change nothing, and the multipliers of width and resolution."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")

from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.net2net import Net2Net  # noqa: E402
from thermoscout_core.learning.compression.rescaling import Rescale, rescaled  # noqa: E402
from thermoscout_core.learning.compression.step import CompressionError  # noqa: E402
from thermoscout_core.learning.compression.workbench import Workbench  # noqa: E402
from thermoscout_core.learning.counting import count  # noqa: E402

EXACT = 1e-5


def largest_difference(one: Model, other: Model) -> float:
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    pairs = zip(one.network(images), other.network(images), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


@pytest.mark.parametrize(
    "layer",
    [
        "features.backbone.stem.0",
        "features.backbone.pointwise.7.0",
        "features.neck.lateral.1.0",
        "features.extras.0.1.0",
    ],
)
def test_widening_is_exact(model: Model, bench: Workbench, tmp_path: Path, layer: str) -> None:
    step = Net2Net(do="net2net", widen={layer: 1.5}, epochs=0)
    made = step.run(model, bench, tmp_path).model
    assert largest_difference(made, model) < EXACT
    before = model.network.get_submodule(layer).out_channels
    assert made.network.get_submodule(layer).out_channels == round(1.5 * before)


def test_noise_tells_copies_apart_and_leaves_the_rest(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    layer = "features.backbone.pointwise.7.0"
    old = model.network.get_submodule(layer).weight
    made = [
        Net2Net(do="net2net", widen={layer: 1.5}, noise=noise, epochs=0)
        .run(model, bench, tmp_path)
        .model.network.get_submodule(layer)
        .weight
        for noise in (0.0, 0.1)
    ]
    copied, noisy = (weight.detach()[len(old) :] for weight in made)
    assert torch.equal(made[1][: len(old)], old)
    spread = (noisy - copied).flatten(1).std(dim=1) / copied.flatten(1).std(dim=1)
    assert float(spread.mean()) == pytest.approx(0.1, rel=0.2)


def test_deepening_is_exact(model: Model, bench: Workbench, tmp_path: Path) -> None:
    places = ("features.backbone.stem.2", "features.extras.0.1.2")
    made = Net2Net(do="net2net", deepen=places, epochs=0).run(model, bench, tmp_path).model
    assert largest_difference(made, model) < EXACT
    assert len(list(made.network.modules())) > len(list(model.network.modules()))


def test_moves_add_up_and_reload(model: Model, bench: Workbench, tmp_path: Path) -> None:
    step = Net2Net(
        do="net2net",
        widen={"features.backbone.stem.0": 2, "features.backbone.pointwise.0.0": 1.5},
        deepen=("features.backbone.stem.2",),
        epochs=0,
    )
    made = step.run(model, bench, tmp_path).model
    made.save(tmp_path / "grown.safetensors")
    loaded = Model.load(tmp_path / "grown.safetensors")
    assert largest_difference(loaded, model) < EXACT


def test_a_layer_that_cannot_be_deepened_is_named(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    step = Net2Net(do="net2net", deepen=("features.backbone.stem.0",), epochs=0)
    with pytest.raises(CompressionError, match="is a Conv2d; name a ReLU"):
        step.run(model, bench, tmp_path)


def test_an_unknown_layer_is_named(model: Model, bench: Workbench, tmp_path: Path) -> None:
    step = Net2Net(do="net2net", widen={"features.tail": 2}, epochs=0)
    with pytest.raises(CompressionError, match=r"features\.tail × 2: no prunable layer"):
        step.run(model, bench, tmp_path)


def test_half_the_width_is_about_a_quarter_of_the_work(model: Model) -> None:
    """Seed 004: α² of parameters and multiply-adds, but for what doesn't shrink on both sides."""
    whole = count(model.network, (64, 64))
    half = count(rescaled(model, 0.5, None).network, (64, 64))
    assert 0.2 < half.parameters / whole.parameters < 0.5
    assert 0.2 < half.macs / whole.macs < 0.5


def test_a_smaller_input_keeps_weights_and_priors_share(model: Model) -> None:
    smaller = rescaled(model, 1.0, (48, 48))
    assert count(smaller.network, (48, 48)).macs < count(model.network, (64, 64)).macs
    for name, value in smaller.network.state_dict().items():
        assert torch.equal(value, model.network.state_dict()[name])
    levels = zip(smaller.architecture.levels, model.architecture.levels, strict=True)
    assert all(one.sizes == other.sizes for one, other in levels)
    assert smaller.architecture.levels[0].columns == 6


def test_nothing_to_rescale_is_said(model: Model, bench: Workbench, tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="give a width other than 1"):
        Rescale(do="rescale", input_size_px=(64, 64)).run(model, bench, tmp_path)

"""The optimal brain surgeon: which weights go, and what the others become."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from pydantic import ValidationError  # noqa: E402

from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.weights.allocation import lamp_ratios  # noqa: E402
from thermoscout_core.learning.compression.weights.masks import (  # noqa: E402
    keep_ratios_of,
    prunable_layers,
    prune_weights,
)
from thermoscout_core.learning.compression.weights.step import OPERATED, PruneWeights  # noqa: E402
from thermoscout_core.learning.compression.weights.surgeon import (  # noqa: E402
    POSITIONS,
    cheapest_gone,
    fit,
    input_products,
    operate,
)
from thermoscout_core.learning.compression.workbench import Workbench  # noqa: E402

RATIO = 0.3


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Thousands of tiny solves: on a busy machine two threads take 25 times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def columns() -> Any:
    """What a layer reads: 400 positions of 12 correlated numbers."""
    generator = torch.Generator().manual_seed(1)
    mixing = torch.eye(12) + 0.2 * torch.randn(12, 12, generator=generator, dtype=torch.float64)
    return torch.randn(400, 12, generator=generator, dtype=torch.float64) @ mixing


@pytest.fixture
def rows() -> Any:
    return torch.randn(3, 12, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def error_without(columns: Any, row: Any, gone: list[int]) -> float:
    """Least squares over the weights left, by another way than the one under test."""
    left = [k for k in range(len(row)) if k not in gone]
    wanted = columns @ row
    fitted = torch.linalg.lstsq(columns[:, left], wanted[:, None]).solution[:, 0]
    return float((columns[:, left] @ fitted - wanted).square().sum())


@pytest.mark.parametrize("gone", [[0, 4, 7], [0, 1, 2, 4, 5, 7, 9, 11]])
def test_what_is_left_is_the_least_squares_fit(columns: Any, rows: Any, gone: list[int]) -> None:
    """Few gone and many: they are solved by different systems."""
    mask = torch.ones(3, 12, dtype=torch.bool)
    mask[1, gone] = False
    fitted, costs = fit(rows, columns.T @ columns, mask)
    assert torch.equal(fitted[0], rows[0]) and torch.equal(fitted[1] == 0, ~mask[1])
    error = float((columns @ (fitted[1] - rows[1])).square().sum())
    assert error == pytest.approx(error_without(columns, rows[1], gone), rel=0.02)
    assert (costs[1][~mask[1]] == -1).all()
    for one in (k for k in range(12) if k not in gone):
        more = mask.clone()
        more[1, one] = False
        without, _ = fit(fitted, columns.T @ columns, more, with_costs=False)
        left = (columns @ (without[1] - fitted[1])).square().sum()
        assert float(costs[1, one]) == pytest.approx(float(left), rel=0.1)


def test_a_weight_costs_the_error_that_it_leaves(columns: Any, rows: Any) -> None:
    _, costs = fit(rows, columns.T @ columns, torch.ones(3, 12, dtype=torch.bool))
    wanted = [error_without(columns, rows[0], [k]) for k in range(12)]
    assert costs[0].tolist() == pytest.approx(wanted, rel=0.05)


def test_the_cheapest_go_whatever_their_layer() -> None:
    costs = {"a": torch.tensor([[3.0, 0.1], [-1.0, 2.0]]), "b": torch.tensor([[0.2, 5.0]])}
    masks = cheapest_gone(costs, 3)
    assert masks["a"].tolist() == [[True, False], [False, True]]
    assert masks["b"].tolist() == [[False, True]]


def test_the_products_are_of_what_the_kernel_reads(tiny_network: Any) -> None:
    layers = {k: v for k, v in prunable_layers(tiny_network).items() if v.kernel_size == (3, 3)}
    name, layer = list(layers.items())[-1]
    read: list[Any] = []
    handle = layer.register_forward_hook(lambda _, given, __: read.append(given[0]))
    images = [torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))]
    seen = input_products(tiny_network, {name: layer}, images)[name]
    handle.remove()
    assert seen.shape == (layer.in_channels * 9,) * 2
    assert not layer._forward_hooks
    row = layer.weight.detach()[0].flatten().double()
    bias = 0.0 if layer.bias is None else layer.bias[0].detach()
    written = (layer(read[0])[0, 0] - bias).detach()
    assert written.numel() <= POSITIONS  # otherwise some are drawn
    assert float((row @ seen @ row).detach()) == pytest.approx(
        float(written.square().sum()), rel=1e-4
    )


def images_of(model: Model) -> list[Any]:
    width_px, height_px = model.architecture.input_size_px
    generator = torch.Generator().manual_seed(4)
    return [torch.rand(4, 3, height_px, width_px, generator=generator) * 2 - 1 for _ in range(6)]


def difference(model: Model, network: Any) -> float:
    """Mean square of what the logits differ by, on images that nobody has fitted to."""
    width_px, height_px = model.architecture.input_size_px
    fresh = torch.rand(8, 3, height_px, width_px, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        logits = [one.eval()(fresh * 2 - 1)[1] for one in (model.network, network)]
    return float((logits[0] - logits[1]).square().mean())


def test_less_is_lost_than_by_size(model: Model) -> None:
    operated, by_size = model.copy_network(), model.copy_network()
    operate(operated, RATIO, images_of(model))
    prune_weights(by_size, lamp_ratios(by_size, RATIO))
    sizes = {name: layer.weight.numel() for name, layer in prunable_layers(operated).items()}
    kept = sum(ratio * sizes[name] for name, ratio in keep_ratios_of(operated).items())
    assert kept / sum(sizes.values()) == pytest.approx(RATIO, abs=0.01)
    assert difference(model, operated) < 0.5 * difference(model, by_size)


def test_what_was_gone_stays_gone(model: Model) -> None:
    network = model.copy_network()
    prune_weights(network, dict.fromkeys(prunable_layers(network), 0.6))
    before = {name: layer.weight == 0 for name, layer in prunable_layers(network).items()}
    operate(network, 0.4, images_of(model))
    for name, layer in prunable_layers(network).items():
        assert (layer.weight[before[name]] == 0).all(), name


def test_the_step_rounds_and_goes_on_from_what_was_operated(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    step = PruneWeights(
        do="prune_weights",
        keep_ratio=RATIO,
        allocation="surgeon",
        values="float16",
        frames=4,
        rounds=1,
        epochs=0,
    )
    first = step.run(model, bench, tmp_path)
    for layer in prunable_layers(first.model.network).values():
        assert torch.equal(layer.weight.half().float(), layer.weight)
    sizes = {name: path.stat().st_size for name, path in first.stored.items()}
    assert sizes["csr gaps"] < sizes["csr uint16"] < sizes["csr int32"]
    written = (tmp_path / "round_1" / OPERATED).stat().st_mtime_ns
    again = step.run(model, bench, tmp_path)
    assert (tmp_path / "round_1" / OPERATED).stat().st_mtime_ns == written
    for name, value in first.model.network.state_dict().items():
        assert torch.equal(again.model.network.state_dict()[name], value), name


def test_a_layer_that_reads_only_zeros_goes_first(model: Model) -> None:
    network = model.copy_network()
    layers = prunable_layers(network)
    name = "features.extras.0.0.0"
    before = network.get_submodule("features.backbone.pointwise.12.1")
    with torch.no_grad():
        before.weight.zero_()
        before.bias.fill_(-1.0)  # ReLU leaves nothing
    operate(network, 0.9, images_of(model))
    ratios = keep_ratios_of(network)
    assert ratios[name] == min(ratios.values()) < 0.5
    assert all(torch.isfinite(layer.weight).all() for layer in layers.values())


@pytest.mark.parametrize("keys", [{"keep_ratio": None}, {"masks": "surgery"}])
def test_the_surgeon_needs_a_ratio_and_masks_that_hold(keys: dict[str, Any]) -> None:
    settings = {"do": "prune_weights", "keep_ratio": 0.5, "allocation": "surgeon", **keys}
    with pytest.raises(ValidationError, match="allocation: surgeon needs"):
        PruneWeights.model_validate(settings)

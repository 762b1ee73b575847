"""How many weights each layer keeps."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.learning.compression.weights.allocation import (  # noqa: E402
    lamp_ratios,
    lamp_scores,
    uniform_ratios,
)
from thermoscout_core.learning.compression.weights.masks import prunable_layers  # noqa: E402


def kept_share(network: Any, ratios: dict[str, float]) -> float:
    sizes = {name: layer.weight.numel() for name, layer in prunable_layers(network).items()}
    return sum(ratios[name] * size for name, size in sizes.items()) / sum(sizes.values())


def test_scores_are_shares_of_what_is_left() -> None:
    scores = lamp_scores(torch.tensor([[2.0, -1.0], [0.0, 2.0]]))
    assert scores.tolist() == pytest.approx([0, 1 / 9, 1 / 2, 1])


@pytest.mark.parametrize("allocate", [uniform_ratios, lamp_ratios])
def test_the_network_keeps_what_was_asked(tiny_network: Any, allocate: Any) -> None:
    assert kept_share(tiny_network, allocate(tiny_network, 0.2)) == pytest.approx(0.2, abs=0.005)


def test_a_layer_of_few_large_weights_keeps_more_than_one_of_many_small(tiny_network: Any) -> None:
    """The same magnitudes everywhere else: its scale doesn't matter, its evenness does."""
    layers = prunable_layers(tiny_network)
    even, uneven = list(layers)[:2]
    with torch.no_grad():
        layers[even].weight.fill_(1e-4)
        layers[uneven].weight.mul_(0).view(-1)[:8].fill_(1.0)
    ratios = lamp_ratios(tiny_network, 0.2)
    assert ratios[even] > ratios[uneven]
    assert ratios[uneven] >= 8 / layers[uneven].weight.numel()

"""Rounding while training, and its exactness against what int8 does."""

import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.quantisation_aware import (  # noqa: E402
    FakeQuantisation,
    rounded_activation,
    rounded_weight,
)

LOW, HIGH = torch.tensor(-1.0), torch.tensor(4.1)


def test_weights_take_255_values_a_channel() -> None:
    weight = torch.randn(4, 300, 3, 3)
    rounded = rounded_weight(weight)
    scale = weight.abs().flatten(1).amax(1) / 127
    steps = rounded.flatten(1) / scale[:, None]
    assert torch.allclose(steps, steps.round(), atol=1e-3)
    assert (rounded - weight).abs().flatten(1).amax(1).le(scale / 2 + 1e-6).all()


def test_rounding_before_and_after_folding_is_the_same() -> None:
    """A batch norm scales a channel and its grid alike, so training may round the unfolded."""
    weight, factor = torch.randn(4, 8, 3, 3), torch.tensor([0.1, 2.0, -3.0, 0.7])
    folded = factor[:, None, None, None] * weight
    after = factor[:, None, None, None] * rounded_weight(weight)
    assert torch.allclose(rounded_weight(folded), after, atol=1e-5)


def test_activations_keep_zero_and_their_range() -> None:
    values = torch.tensor([-9.0, -1.0, 0.0, 1.234, 9.0])
    rounded = rounded_activation(values, LOW, HIGH)
    assert rounded[2] == 0
    assert rounded.min() >= -1.01 and rounded.max() <= 4.11
    assert (rounded[3] - values[3]).abs() <= (HIGH - LOW) / 255 / 2 + 1e-6


def test_gradients_pass_within_the_range_only() -> None:
    values = torch.tensor([-9.0, 1.0, 9.0], requires_grad=True)
    rounded_activation(values, LOW, HIGH).sum().backward()
    assert values.grad.tolist() == [0.0, 1.0, 0.0]


def test_only_training_passes_are_rounded(model: Model) -> None:
    network = model.copy_network()
    FakeQuantisation().begin(network)
    images = torch.rand(1, 3, 64, 64)
    exact = [output.clone() for output in model.network(images)]
    for found, wanted in zip(network.eval()(images), exact, strict=True):
        assert torch.equal(found, wanted)
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    rounded = network(images)[1]
    assert 0 < (rounded - exact[1]).abs().max() < 1.0


def test_ranges_are_saved_with_the_training(model: Model) -> None:
    network = model.copy_network().train()
    companion = FakeQuantisation()
    companion.begin(network)
    network(torch.rand(2, 3, 64, 64))
    resumed = FakeQuantisation()
    resumed.begin(model.copy_network())
    resumed.load_state_dict(companion.state_dict())
    assert bool(resumed.seen.all()) and torch.equal(resumed.ranges, companion.ranges)

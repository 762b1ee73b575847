"""Batch norm folding (seed 000, eq. 1-6)."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.folding import (  # noqa: E402
    TOLERANCE,
    fold_batch_norm,
    verify_folding,
)
from thermoscout_core.learning.ssd import Ssd  # noqa: E402


def images(count: int = 2) -> dict[str, torch.Tensor]:
    return {"random": torch.rand(count, 3, 96, 96) * 2 - 1}


def norm(channels: int, epsilon: float = 1e-3) -> nn.BatchNorm2d:
    """With statistics that matter."""
    layer = nn.BatchNorm2d(channels, eps=epsilon)
    for tensor, low, high in (
        (layer.running_mean, -0.5, 0.5),
        (layer.running_var, 0.1, 2.0),
        (layer.weight, 0.5, 1.5),
        (layer.bias, -0.3, 0.3),
    ):
        nn.init.uniform_(tensor, low, high)
    return layer


class Single(nn.Module):
    """One stack of layers whose output is a tuple, as a detector's."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.layers(inputs),)


@pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv2d(3, 12, 3, bias=False),
        nn.Conv2d(3, 12, 1, bias=True),
        nn.Conv2d(3, 12, 3, stride=2, groups=3),
        nn.ConvTranspose2d(3, 12, 2, stride=2, bias=False),
        nn.ConvTranspose2d(3, 12, 3, groups=3),
    ],
    ids=["plain", "pointwise with bias", "depthwise", "transposed", "transposed depthwise"],
)
def test_every_kind_of_convolution_folds(convolution: nn.Module) -> None:
    network = Single(convolution, norm(12), nn.ReLU(inplace=True)).eval()
    folded = fold_batch_norm(network)
    report = verify_folding(network, folded, images())
    assert report.outputs <= 1e-5 and report.left == 0
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())


def test_a_folded_ssd_gives_the_same_offsets_and_logits(tiny_network: Ssd) -> None:
    report = verify_folding(tiny_network, fold_batch_norm(tiny_network), images())
    assert report.outputs <= 1e-4 and report.left == 0


def test_large_outputs_may_differ_as_far_as_float32_has_digits() -> None:
    """A residual network without a last norm says hundreds on noise."""
    torch.manual_seed(0)
    last = nn.Conv2d(12, 12, 1)
    nn.init.constant_(last.weight, 1e4)
    network = Single(nn.Conv2d(3, 12, 3), norm(12), last).eval()
    folded = fold_batch_norm(network)
    x = images()["random"]
    assert float((network(x)[0] - folded(x)[0]).abs().max()) > TOLERANCE
    assert verify_folding(network, folded, images()).outputs <= 1e-6


def test_the_report_names_every_folded_layer_with_its_epsilon() -> None:
    first, second = norm(4, 1e-5), norm(4, 1e-3)
    network = Single(nn.Conv2d(3, 4, 1), first, nn.Conv2d(4, 4, 1), second).eval()
    report = verify_folding(network, fold_batch_norm(network), images())
    assert [(layer.name, layer.epsilon) for layer in report.layers] == [
        ("layers.0", 1e-5),
        ("layers.2", 1e-3),
    ]
    assert report.worst in report.layers


def test_a_norm_that_follows_no_convolution_stays_and_is_counted() -> None:
    network = Single(norm(3), nn.ReLU(), nn.Conv2d(3, 4, 1), norm(4)).eval()
    report = verify_folding(network, fold_batch_norm(network), images())
    assert report.left == 1 and len(report.layers) == 1


def test_the_wrong_epsilon_is_noticed_at_its_layer(tiny_network: Ssd) -> None:
    folded = fold_batch_norm(tiny_network)
    name = verify_folding(tiny_network, folded, images()).layers[3].name
    stack, _, position = name.rpartition(".")
    tiny_network.get_submodule(f"{stack}.{int(position) + 1}").eps = 0.1
    with pytest.raises(ModelError, match=rf"layer {name} on random input.*nothing was written"):
        verify_folding(tiny_network, folded, images())


def test_folding_leaves_the_network_as_it_was(tiny_network: Ssd) -> None:
    before = {name: tensor.clone() for name, tensor in tiny_network.state_dict().items()}
    fold_batch_norm(tiny_network)
    assert all(
        torch.equal(before[name], after) for name, after in tiny_network.state_dict().items()
    )


def test_a_norm_without_statistics_is_refused() -> None:
    network = Single(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, track_running_stats=False))
    with pytest.raises(ModelError, match="running statistics"):
        fold_batch_norm(network)

"""Each block's formula against its modules, and what makes it that block."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.blocks import BLOCKS, Block, make_block  # noqa: E402
from thermoscout_core.learning.blocks.shuffle import ChannelShuffle  # noqa: E402
from thermoscout_core.learning.counting import count  # noqa: E402

SPECIFICATIONS = [
    *BLOCKS,
    "bottleneck(2)",
    "dense(16, 2)",
    "gconv(8)",
    "inception_v3_asymmetric(3)",
    "inverted_residual(1)",
    "kenet(4, 2)",
    "maxout_mlpconv(3)",
    "residual(all_projections)",
    "residual(zero_pad)",
    "shuffle(2)",
    "xception(2)",
]
SHAPES = [(64, 64, 1), (32, 64, 1), (32, 64, 2), (32, 96, 2)]
HEIGHT, WIDTH = 13, 10


def convolution_weights(block: Block) -> int:
    return sum(m.weight.numel() for m in block.modules() if isinstance(m, nn.Conv2d))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_formula_is_what_the_modules_count(
    specification: str, shape: tuple[int, int, int]
) -> None:
    with torch.device("meta"):
        block = make_block(specification, *shape)
    assert block.weights().total == convolution_weights(block)
    assert block.macs(HEIGHT, WIDTH) == count(block, (WIDTH, HEIGHT), shape[0]).macs


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_output_has_its_channels_and_the_size_over_the_stride(
    specification: str, shape: tuple[int, int, int]
) -> None:
    inputs, outputs, stride = shape
    block = make_block(specification, *shape)
    features = block(torch.randn(2, inputs, HEIGHT, WIDTH))
    assert features.shape == (2, outputs, -(-HEIGHT // stride), -(-WIDTH // stride))


@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_every_weight_learns(specification: str) -> None:
    block = make_block(specification, 32, 64, 2)
    block(torch.randn(2, 32, 8, 8)).square().mean().backward()
    assert all(parameter.grad is not None for parameter in block.parameters())


def test_standard_and_separable_convolution_are_seed_000_s_arithmetic() -> None:
    """§3.1: 16 -> 32 channels, 4608 multiplications a pixel against 656."""
    assert nn.Conv2d(16, 32, 3, bias=False).weight.numel() == 4608
    assert make_block("separable", 16, 32).weights().total == 656


def test_googlenet_s_inception_3a_has_its_published_weights() -> None:
    """Szegedy et al. 2015, table 1: 159 K weights and 128 M multiply-adds."""
    block = make_block("inception_v1", 192, 256)
    assert block.weights().total / 1024 == pytest.approx(159, abs=0.6)
    assert block.macs(28, 28) / 1e6 == pytest.approx(128, abs=0.1)


def test_two_3x3_cost_28_percent_less_than_one_5x5() -> None:
    """Seed 004, §2.3: 1 − 18/25."""
    five = nn.Conv2d(8, 8, 5, bias=False).weight.numel()
    three = nn.Conv2d(8, 8, 3, bias=False).weight.numel()
    assert 1 - 2 * three / five == pytest.approx(0.28)


def test_mobilenet_v2_s_linear_layer_is_the_last() -> None:
    block = make_block("inverted_residual", 24, 32)
    activated = [type(part[-1]) for part in (block.expand, block.depthwise, block.project)]
    assert activated == [nn.ReLU, nn.ReLU, nn.BatchNorm2d]


def test_identity_shortcut_has_no_weights_and_passes_the_input() -> None:
    block = make_block("residual", 16, 16).eval()
    nn.init.zeros_(block.branch[-1].weight)
    features = torch.rand(1, 16, 5, 5)
    assert torch.equal(block(features), features)


def test_zero_padding_leaves_new_channels_to_the_branch() -> None:
    block = make_block("residual(zero_pad)", 16, 24, 2).eval()
    nn.init.zeros_(block.branch[-1].weight)
    features = torch.rand(1, 16, 6, 6)
    result = block(features)
    assert torch.equal(result[:, :16], features[:, :, ::2, ::2]) and not result[:, 16:].any()


def test_channel_shuffle_deals_the_groups_out() -> None:
    features = torch.arange(6.0).reshape(1, 6, 1, 1)
    assert ChannelShuffle(2)(features).flatten().tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("capsule", "unknown; there are bottleneck"),
        ("kenet(2, 2", "unknown"),
        ("kenet(3, 2)", "64 inputs can't be divided by 3"),
        ("kenet(0, 2)", "start at 1"),
        ("separable(3, 4)", "positional arguments"),
        ("residual(wormhole)", "shortcut 'wormhole' is unknown"),
    ],
)
def test_bad_specifications_are_refused(specification: str, message: str) -> None:
    with pytest.raises(ModelError, match=message.replace("(", r"\(")):
        make_block(specification, 64, 64)

"""The network of seed 000 against its published counts."""

import pytest

torch = pytest.importorskip("torch")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from thermoscout_core.learning.design import Design  # noqa: E402
from thermoscout_core.learning.ssd import Ssd  # noqa: E402

SEED_PRIORS = (3, 6, 6, 6, 6, 6)


@pytest.fixture(scope="module")
def seed_network() -> Ssd:
    return Ssd(Design(), 20, SEED_PRIORS).eval()


def test_parameters_are_the_published_5_80_million(seed_network: Ssd) -> None:
    count = sum(parameter.numel() for parameter in seed_network.parameters())
    assert count / 1e6 == pytest.approx(5.796, abs=0.002)


def test_multiply_adds_are_the_published_1_148_billion(seed_network: Ssd) -> None:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        seed_network(torch.zeros(1, 3, 300, 300))
    assert counter.get_total_flops() / 2 / 1e9 == pytest.approx(1.148, abs=0.001)


def test_outputs_are_1917_priors_of_21_classes(seed_network: Ssd) -> None:
    with torch.no_grad():
        offsets, logits = seed_network(torch.zeros(2, 3, 300, 300))
    assert offsets.shape == (2, 1917, 4) and logits.shape == (2, 1917, 21)


def test_half_width_has_the_published_1_56_million() -> None:
    network = Ssd(Design(width=0.5), 20, SEED_PRIORS)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(1.56, abs=0.01)


def test_separable_convolution_is_the_seed_s_arithmetic() -> None:
    """Seed 000, §3.1: 16 -> 32 channels, 4608 multiplications a pixel against 656."""
    assert 16 * 9 * 32 == 4608 and 16 * 9 + 16 * 32 == 656
    standard = torch.nn.Conv2d(16, 32, 3, padding=1, bias=False)
    separable = torch.nn.Sequential(
        torch.nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False),
        torch.nn.Conv2d(16, 32, 1, bias=False),
    )
    assert sum(p.numel() for p in standard.parameters()) == 4608
    assert sum(p.numel() for p in separable.parameters()) == 656

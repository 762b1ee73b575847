"""Factors of kernels, their ranks, and stacks inside a detector."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorly")

from torch import nn  # noqa: E402

from thermoscout_core.learning.compression.factorisation import stacks  # noqa: E402
from thermoscout_core.learning.compression.factorisation.ranks import (  # noqa: E402
    rank_by_energy,
    rank_by_vbmf,
)
from thermoscout_core.learning.compression.factorisation.step import Factorise  # noqa: E402
from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.step import CompressionError  # noqa: E402
from thermoscout_core.learning.compression.workbench import Workbench  # noqa: E402
from thermoscout_core.learning.folding import fold_batch_norm  # noqa: E402

IMAGES = torch.rand(2, 6, 9, 11, generator=torch.Generator().manual_seed(0))


def layer(kernel: int = 3, bias: bool = True, **options: Any) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(6, 8, kernel, padding=kernel // 2, bias=bias, **options)


def through(stack: list[nn.Conv2d]) -> torch.Tensor:
    return nn.Sequential(*stack)(IMAGES)


@pytest.mark.parametrize("stride", [1, 2, (2, 1)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("method", ["svd", "tucker", "separable"])
def test_full_ranks_are_exact(method: str, stride: Any, bias: bool) -> None:
    original = layer(stride=stride, bias=bias)
    made = {
        "svd": lambda: stacks.svd(original, 8),
        "tucker": lambda: stacks.tucker(original, 6, 8),
        "separable": lambda: stacks.separable(original, 18),
    }[method]()
    assert torch.allclose(through(made), original(IMAGES), atol=1e-5)
    assert [part.bias is not None for part in made] == [False] * (len(made) - 1) + [bias]


def test_dilation_is_kept() -> None:
    original = nn.Conv2d(6, 8, 3, padding=2, dilation=2)
    for made in (stacks.svd(original, 8), stacks.separable(original, 18)):
        assert torch.allclose(through(made), original(IMAGES), atol=1e-5)


def test_svd_of_a_pointwise_kernel_is_two_pointwise_ones() -> None:
    original = layer(kernel=1)
    made = stacks.svd(original, 4)
    assert [part.kernel_size for part in made] == [(1, 1), (1, 1)]
    assert stacks.weights_of(made) == 4 * 6 + 8 * 4


def test_cp_finds_the_factors_of_a_kernel_that_has_some() -> None:
    rng = np.random.default_rng(0)
    outer, inner, rows, columns = (rng.standard_normal((n, 2)) for n in (8, 6, 3, 3))
    original = layer(stride=(2, 1))
    kernel = np.einsum("or,ir,hr,wr->oihw", outer, inner, rows, columns)
    with torch.no_grad():
        original.weight.copy_(torch.from_numpy(kernel))
    made = stacks.cp(original, 2)
    assert torch.allclose(through(made), original(IMAGES), atol=1e-2)
    assert [part.groups for part in made] == [1, 2, 2, 1]


def test_fewer_terms_lose_more() -> None:
    original = layer()
    errors = [
        float((through(stacks.svd(original, rank)) - original(IMAGES)).abs().mean())
        for rank in (2, 4, 8)
    ]
    assert errors[0] > errors[1] > errors[2]


def test_rank_by_energy_counts_squares() -> None:
    matrix = np.diag([3.0, 4.0, 0.0, 0.1])
    assert rank_by_energy(matrix, 0.6) == 1
    assert rank_by_energy(matrix, 0.99) == 2
    assert rank_by_energy(matrix, 1.0) == 3


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_vbmf_finds_the_rank_under_noise(rank: int) -> None:
    rng = np.random.default_rng(rank)
    signal = rng.standard_normal((40, rank)) @ rng.standard_normal((rank, 90))
    assert rank_by_vbmf(signal + 0.1 * rng.standard_normal(signal.shape)) == rank


def test_vbmf_of_noise_alone_is_one() -> None:
    assert rank_by_vbmf(np.random.default_rng(0).standard_normal((30, 50))) == 1


@pytest.mark.parametrize("method", ["svd", "tucker", "cp", "separable"])
def test_a_factorised_detector_is_plain_layers_that_reload(
    model: Model, bench: Workbench, tmp_path: Path, method: str
) -> None:
    step = Factorise(
        do="factorise",
        method=method,
        energy=0.6,
        layers=("features.extras.0",),
        epochs=0,
        reconstruct=False,
    )
    made = step.run(model, bench, tmp_path)
    stack = made.model.network.get_submodule("features.extras.0.1.0")
    kinds = {type(part) for part in stack}
    assert kinds == {nn.Conv2d, nn.BatchNorm2d}
    made.model.save(tmp_path / "factorised.safetensors")
    loaded = Model.load(tmp_path / "factorised.safetensors")
    images = torch.rand(1, 3, 64, 64)
    for one, other in zip(loaded.network(images), made.model.network(images), strict=True):
        assert torch.equal(one, other)


def test_the_batch_norm_behind_a_stack_still_folds(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    step = Factorise(do="factorise", energy=0.5, epochs=0, reconstruct=False)
    folded = fold_batch_norm(step.run(model, bench, tmp_path).model.network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())


def test_reconstruction_comes_nearer_to_the_original(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    images = torch.rand(4, 3, 64, 64) * 2 - 1
    wanted = model.network(images)[1].detach()
    errors = []
    for reconstruct in (False, True):
        step = Factorise(
            do="factorise",
            energy=0.5,
            layers=("features.backbone.pointwise.3", "features.backbone.pointwise.4"),
            epochs=0,
            reconstruct=reconstruct,
        )
        found = step.run(model, bench, tmp_path).model.network(images)[1].detach()
        errors.append(float((found - wanted).square().mean()))
    assert errors[1] < errors[0]


def test_nothing_to_save_is_said(model: Model, bench: Workbench, tmp_path: Path) -> None:
    step = Factorise(do="factorise", energy=1.0, epochs=0)
    with pytest.raises(CompressionError, match="no layer saves 20 % of its weights by svd"):
        step.run(model, bench, tmp_path)

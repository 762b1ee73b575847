"""Groups, criteria, what pruning saves, and the step as a whole."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")

from thermoscout_core.learning.compression.filters.criteria import CRITERIA  # noqa: E402
from thermoscout_core.learning.compression.filters.criteria.reconstruction import (  # noqa: E402
    fitted_reader,
)
from thermoscout_core.learning.compression.filters.evidence import (  # noqa: E402
    Evidence,
    Samples,
)
from thermoscout_core.learning.compression.filters.groups import (  # noqa: E402
    filter_groups,
    head_outputs,
    prune_filters,
    rounded_count,
    smallest,
)
from thermoscout_core.learning.compression.filters.penalties import (  # noqa: E402
    GroupLasso,
    Slimming,
)
from thermoscout_core.learning.compression.filters.step import PruneFilters  # noqa: E402
from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.step import CompressionError  # noqa: E402
from thermoscout_core.learning.compression.weights.masks import prune_weights  # noqa: E402
from thermoscout_core.learning.compression.workbench import Workbench  # noqa: E402
from thermoscout_core.learning.counting import count  # noqa: E402
from thermoscout_core.learning.loss import LossParts  # noqa: E402

SIZE_PX = (64, 64)
POINTWISE, READER = "features.backbone.pointwise.7.0", "features.backbone.pointwise.8.0"


class Cost(NamedTuple):
    """macs: multiply-adds of one image. weights: without biases."""

    macs: int
    weights: int


@pytest.fixture
def groups(model: Model) -> Any:
    return {group.name: group for group in filter_groups(model.network, SIZE_PX)}


def evidence(model: Model, bench: Workbench, groups: Any) -> Evidence:
    batches = partial(bench.training_batches, model, 4)
    return Evidence(model, list(groups.values()), batches, bench.loss(model))


def test_counts_are_rounded_to_eights() -> None:
    assert [rounded_count(64, share) for share in (1.0, 0.9, 0.55, 0.01)] == [64, 56, 32, 8]
    assert rounded_count(6, 0.5) == 6


def test_lateral_convolutions_of_the_neck_go_together(groups: Any) -> None:
    neck = groups["features.neck.lateral.0.0"]
    assert set(neck.producers) == {f"features.neck.lateral.{k}.0" for k in range(3)}
    assert set(neck.followers) == {f"features.neck.smooth.{k}.0.0" for k in range(3)}


def test_a_depthwise_layer_follows_the_pointwise_one_before_it(groups: Any) -> None:
    group = groups[POINTWISE]
    assert group.followers == ("features.backbone.depthwise.8.0",)
    assert group.consumers == (READER,)


def test_outputs_of_heads_are_in_no_group(model: Model, groups: Any) -> None:
    heads = head_outputs(model.network)
    names = {name for name, module in model.network.named_modules() if module in heads}
    assert len(names) == 8
    assert not names & {name for group in groups.values() for name in group.producers}


def test_removed_filters_save_what_the_corrected_equations_say(model: Model) -> None:
    """Eq. 5-8: the layer, the depthwise one on it, and the layer that reads them."""
    removed = 24
    before = count(model.network, SIZE_PX)
    pruned = prune_filters(model.network, SIZE_PX, {POINTWISE: list(range(removed))})
    after = count(pruned, SIZE_PX)
    layer = model.network.get_submodule(POINTWISE)
    reader = model.network.get_submodule(READER)
    place = (4, 4)  # stride 16
    own = saved_in_layer(1, layer.in_channels, removed, *place)
    depthwise = layer_cost(3, 1, removed, *place)
    read = saved_in_reader(1, removed, reader.out_channels, *place)
    norms = 2 * 2 * removed  # γ and β behind both layers
    assert before.macs - after.macs == own.macs + depthwise.macs + read.macs
    saved = own.weights + depthwise.weights + read.weights + norms
    assert before.parameters - after.parameters == saved


def layer_cost(kernel: int, inputs: int, outputs: int, height: int, width: int) -> Cost:
    """G_i and W_i (seed 001, eq. 3, 4); height, width: of the layer's output."""
    weights = kernel**2 * inputs * outputs
    return Cost(weights * height * width, weights)


def saved_in_layer(kernel: int, inputs: int, removed: int, height: int, width: int) -> Cost:
    """ΔG_i and ΔW_i (eq. 5, 6) of the layer that loses filters."""
    return layer_cost(kernel, inputs, removed, height, width)


def saved_in_reader(kernel: int, removed: int, outputs: int, height: int, width: int) -> Cost:
    """ΔG_{i+1} and ΔW_{i+1} (eq. 7, 8) of the layer that reads them: its own kernel, outputs and
    size (Li et al. 2016). The seed prints eq. 7 as a copy of eq. 5."""
    return layer_cost(kernel, removed, outputs, height, width)


def test_the_printed_equation_7_does_not_hold(model: Model) -> None:
    """It copies eq. 5: true only where both layers are alike."""
    extra = model.network.get_submodule("features.extras.0.0.0")
    reader = model.network.get_submodule("features.extras.0.1.0")
    printed = saved_in_layer(1, extra.in_channels, 8, 1, 1)
    right = saved_in_reader(3, 8, reader.out_channels, 1, 1)
    pruned = prune_filters(model.network, SIZE_PX, {"features.extras.0.0.0": list(range(8))})
    difference = count(model.network, SIZE_PX).macs - count(pruned, SIZE_PX).macs
    own = saved_in_layer(1, extra.in_channels, 8, 2, 2)
    assert difference == own.macs + right.macs != own.macs + printed.macs


def test_dead_filters_can_go_without_a_trace(model: Model, groups: Any) -> None:
    """Filters that give exactly zero: without them the outputs are the same."""
    group = groups["features.extras.0.0.0"]
    layers = model.network.features.extras[0][0]
    with torch.no_grad():
        layers[0].weight[:8] = 0
        layers[1].running_mean[:8] = 0
        layers[1].bias[:8] = 0
    pruned = prune_filters(model.network, SIZE_PX, {group.name: list(range(8))})
    images = torch.rand(1, 3, 64, 64)
    for one, other in zip(pruned(images), model.network(images), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_pruned_model_is_rebuilt_from_its_file(
    model: Model, groups: Any, tmp_path: Path
) -> None:
    removed = {name: list(range(0, group.channels, 3)) for name, group in groups.items()}
    pruned = model.with_network(prune_filters(model.network, SIZE_PX, removed))
    pruned.save(tmp_path / "pruned.safetensors")
    loaded = Model.load(tmp_path / "pruned.safetensors")
    images = torch.rand(1, 3, 64, 64)
    for one, other in zip(loaded.network(images), pruned.network(images), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("criterion", sorted(CRITERIA))
def test_every_criterion_scores_every_group(
    model: Model, bench: Workbench, groups: Any, criterion: str
) -> None:
    given = evidence(model, bench, groups)
    for group in groups.values():
        scores = CRITERIA[criterion](given, group)
        assert scores.shape == (group.channels,) and scores.isfinite().all()


@pytest.mark.parametrize("criterion", ["l1", "l2", "taylor", "thinet", "lasso"])
def test_a_silent_filter_scores_least(
    model: Model, bench: Workbench, groups: Any, criterion: str
) -> None:
    group = groups["features.extras.0.0.0"]
    layers = model.network.features.extras[0][0]
    with torch.no_grad():
        layers[0].weight[5] = 0
        layers[1].running_mean[5] = 0
        layers[1].bias.fill_(1)  # all the others say something
        layers[1].bias[5] = 0
    scores = CRITERIA[criterion](evidence(model, bench, groups), group)
    assert scores[5] == scores.min()


def test_fpgm_finds_the_filter_amid_the_others(
    model: Model, bench: Workbench, groups: Any
) -> None:
    group = groups[POINTWISE]
    weight = model.network.get_submodule(POINTWISE).weight
    with torch.no_grad():
        weight[3] = weight.mean(0)
    assert CRITERIA["fpgm"](evidence(model, bench, groups), group).argmin() == 3


def test_l1_sees_the_weights_that_weight_pruning_left(
    model: Model, bench: Workbench, groups: Any
) -> None:
    """Seed 001's fusion: a filter whose weights were pruned away goes first."""
    prune_weights(model.network, {POINTWISE: 0.3})
    weight = model.network.get_submodule(POINTWISE).weight
    scores = CRITERIA["l1"](evidence(model, bench, groups), groups[POINTWISE])
    assert scores.argmin() == weight.abs().flatten(1).sum(1).argmin()


def test_ties_are_broken_by_the_index() -> None:
    assert smallest(torch.tensor([1.0, 2.0, 1.0, 1.0]), 2) == [2, 3]


def test_the_fitted_reader_makes_up_for_a_copied_channel() -> None:
    inputs = torch.randn(64, 3)
    inputs[:, 2] = inputs[:, 0]
    outputs = inputs @ torch.tensor([[1.0, 2.0, 3.0]]).T
    fitted = fitted_reader(Samples(inputs, outputs), [0, 1], 1)
    assert torch.allclose(fitted, torch.tensor([[4.0, 2.0]]), atol=0.01)


@pytest.mark.parametrize("penalty", [GroupLasso(1.0), Slimming(1.0)])
def test_penalties_shrink_filters(model: Model, penalty: Any) -> None:
    penalty.begin(model.network)
    nothing = torch.zeros(())
    total = penalty.objective(LossParts(nothing, nothing, nothing), None)
    total.backward()
    trained = [p for p in model.network.parameters() if p.grad is not None]
    assert total > 0 and trained
    assert all((p.grad * p).sum() >= 0 for p in trained)


def test_the_step_prunes_by_the_weights_kept_before(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    prune_weights(model.network, {"features.extras.0.0.0": 0.5, POINTWISE: 0.25})
    step = PruneFilters(do="prune_filters", keep_ratio="weights", epochs=0)
    made = step.run(model, bench, tmp_path)
    channels = made.figures["channels"]
    assert channels["features.extras.0.0.0"] == [16, 8]
    assert channels[POINTWISE] == [128, 32]
    assert channels["features.backbone.stem.0"] == [8, 8]
    assert made.model.network.get_submodule(POINTWISE).out_channels == 32


def test_without_pruned_weights_there_is_no_ratio_to_take(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    step = PruneFilters(do="prune_filters", keep_ratio="weights", epochs=0)
    with pytest.raises(CompressionError, match="no weights are pruned in the model"):
        step.run(model, bench, tmp_path)


def test_the_step_reconstructs_what_it_can(model: Model, bench: Workbench, tmp_path: Path) -> None:
    images = torch.rand(4, 3, 64, 64) * 2 - 1
    wanted = model.network(images)[1].detach()
    errors = []
    for reconstruct in (False, True):
        step = PruneFilters(
            do="prune_filters",
            keep_ratio={POINTWISE: 0.5},
            criterion="thinet",
            reconstruct=reconstruct,
            epochs=0,
        )
        found = step.run(model, bench, tmp_path).model.network(images)[1].detach()
        errors.append(float((found - wanted).square().mean()))
    assert errors[1] < errors[0]


def test_a_layer_that_is_not_there_is_named(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    step = PruneFilters(do="prune_filters", keep_ratio={"features.tail": 0.5}, epochs=0)
    with pytest.raises(CompressionError, match=r"no prunable layer begins with features\.tail"):
        step.run(model, bench, tmp_path)


def test_one_way_of_choosing_is_wanted(model: Model, bench: Workbench, tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="one of keep_ratio, sensitivity and latency"):
        PruneFilters(do="prune_filters").run(model, bench, tmp_path)

"""Masks, the sensitivity sweep and its knees, CSR files."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.step import CompressionError  # noqa: E402
from thermoscout_core.learning.compression.weights.csr import (  # noqa: E402
    csr_parts,
    from_gaps,
    kernel_of,
    load_csr,
    packed_bits,
    save_csr,
    to_bytes,
    to_gaps,
    unpacked_bits,
)
from thermoscout_core.learning.compression.weights.masks import (  # noqa: E402
    FixedMasks,
    IterativeThresholding,
    NetworkSurgery,
    keep_ratios_of,
    magnitude_mask,
    prunable_layers,
    prune_weights,
)
from thermoscout_core.learning.compression.weights.sensitivity import (  # noqa: E402
    knee_by_loss,
    knee_by_slope,
    sweep,
)
from thermoscout_core.learning.compression.weights.step import rounded  # noqa: E402

LAYER = "features.backbone.pointwise.7.0"
LAYERS = (LAYER, "class_heads.0", "features.extras.0.1.0")
RATIOS = {LAYER: 0.25}
CURVE = {0.1: 0.20, 0.25: 0.44, 0.5: 0.49, 0.75: 0.495}
DENSE = 0.5


def disturbed(network: Any, seed: int = 1) -> None:
    """What an optimiser would do to the weights."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def test_a_mask_keeps_the_largest_magnitudes() -> None:
    weight = torch.tensor([[0.1, -3.0], [2.0, -0.2]])
    assert magnitude_mask(weight, 0.5).tolist() == [[False, True], [True, False]]
    assert magnitude_mask(weight, 1e-6).sum() == 1


def test_only_the_named_layers_are_pruned(tiny_network: Any) -> None:
    prune_weights(tiny_network, RATIOS)
    ratios = keep_ratios_of(tiny_network)
    assert ratios.pop(LAYER) == pytest.approx(0.25, abs=1e-3)
    assert set(ratios.values()) == {1.0}


def test_depthwise_layers_are_not_prunable(tiny_network: Any) -> None:
    assert not any("depthwise" in name for name in prunable_layers(tiny_network))


def test_fixed_masks_hold_zeros_through_steps(tiny_network: Any) -> None:
    prune_weights(tiny_network, RATIOS)
    zeros = tiny_network.get_submodule(LAYER).weight == 0
    masks = FixedMasks()
    masks.begin(tiny_network)
    disturbed(tiny_network)
    masks.after_step(tiny_network)
    assert torch.equal(tiny_network.get_submodule(LAYER).weight == 0, zeros)


def test_surgery_splices_a_weight_that_has_grown(tiny_network: Any) -> None:
    weight = tiny_network.get_submodule(LAYER).weight
    surgery = NetworkSurgery(RATIOS)
    surgery.begin(tiny_network)
    surgery.before_step(tiny_network, 0)
    pruned = (weight == 0).nonzero()[0]
    surgery.before_update(tiny_network)
    assert weight[tuple(pruned)] != 0  # the whole weight meets the optimiser
    with torch.no_grad():
        weight[tuple(pruned)] = 9.0
    surgery.after_step(tiny_network)
    assert weight[tuple(pruned)] == 9.0
    assert keep_ratios_of(tiny_network)[LAYER] == pytest.approx(0.25, abs=0.08)


def test_surgery_resumes_with_its_masks(tiny_network: Any) -> None:
    surgery, resumed = NetworkSurgery(RATIOS), NetworkSurgery(RATIOS)
    surgery.begin(tiny_network)
    disturbed(tiny_network)
    surgery.after_step(tiny_network)
    resumed.begin(tiny_network)
    resumed.load_state_dict(surgery.state_dict())
    for name, value in resumed.state_dict().items():
        assert torch.equal(value, surgery.state_dict()[name])


def test_thresholding_alternates_held_and_free_epochs(tiny_network: Any) -> None:
    thresholding = IterativeThresholding(RATIOS, held=1, free=1, epochs=3)
    thresholding.begin(tiny_network)
    shares = []
    for epoch in range(3):
        thresholding.before_step(tiny_network, epoch)
        disturbed(tiny_network, epoch)
        thresholding.after_step(tiny_network)
        shares.append(round(keep_ratios_of(tiny_network)[LAYER], 2))
    assert shares == [0.25, 1.0, 0.25]


def test_knee_by_loss_is_the_smallest_ratio_within_the_loss() -> None:
    assert knee_by_loss(CURVE, DENSE, 0.01) == 0.5
    assert knee_by_loss(CURVE, DENSE, 0.001) == 1.0


def test_knee_by_loss_stops_at_the_first_ratio_that_loses_more() -> None:
    assert knee_by_loss({0.1: 0.5, 0.5: 0.4}, DENSE, 0.01) == 1.0


def test_knee_by_slope_is_where_accuracy_stops_growing() -> None:
    assert knee_by_slope(CURVE, DENSE, 0.05) == 0.5
    assert knee_by_slope(CURVE, DENSE, 0.3) == 0.25


def test_a_sweep_goes_on_where_it_was_interrupted(tiny_network: Any, tmp_path: Path) -> None:
    cache, calls = tmp_path / "sweep.json", []

    def mean_ap(network: Any) -> float:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return 0.5

    with pytest.raises(KeyboardInterrupt):
        sweep(tiny_network, LAYERS, (0.5, 0.1), mean_ap, cache, "weights")
    found = sweep(tiny_network, LAYERS, (0.5, 0.1), mean_ap, cache, "weights")
    assert len(calls) == 1 + 1 + 2 * len(found.curves)  # dense, the broken one, each ratio once
    sweep(tiny_network, LAYERS, (0.5, 0.1), mean_ap, cache, "weights")
    assert len(calls) == 2 + 2 * len(found.curves)


def test_a_sweep_of_other_weights_begins_anew(tiny_network: Any, tmp_path: Path) -> None:
    cache = tmp_path / "sweep.json"
    sweep(tiny_network, LAYERS, (0.5,), lambda _: 0.5, cache, "weights")
    assert sweep(tiny_network, LAYERS, (0.5,), lambda _: 0.4, cache, "others").dense == 0.4


def test_a_layer_that_has_lost_enough_is_left_alone(tiny_network: Any, tmp_path: Path) -> None:
    values = iter([0.5] + [0.1] * 999)
    found = sweep(
        tiny_network,
        LAYERS,
        (0.5, 0.1),
        lambda _: next(values),
        tmp_path / "s.json",
        "w",
        stop_at_loss=0.2,
    )
    assert all(list(curve) == [0.5] for curve in found.curves.values())


def test_a_broken_sweep_file_is_named(tiny_network: Any, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{")
    with pytest.raises(CompressionError, match=r"s\.json: not a sensitivity sweep"):
        sweep(tiny_network, LAYERS, (0.5,), lambda _: 0.5, tmp_path / "s.json", "w")


@pytest.mark.parametrize("index_type", ["gaps", "uint16", "int32"])
def test_a_csr_file_loads_back_bit_for_bit(
    tiny_network: Any, tiny_architecture: Any, tmp_path: Path, index_type: str
) -> None:
    prune_weights(tiny_network, dict.fromkeys(prunable_layers(tiny_network), 0.2))
    path = tmp_path / "sparse.safetensors"
    save_csr(Model(tiny_network, tiny_architecture), path, index_type)
    loaded = load_csr(path)
    assert loaded.architecture == tiny_architecture
    for name, value in tiny_network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(loaded.network.state_dict()[name], value), name


def test_csr_takes_2a_plus_n_plus_1_numbers() -> None:
    weight = torch.zeros(4, 3, 3, 3)
    weight[0, 1, 2, 2], weight[3, 0, 0, 1] = 1.5, -2.0
    parts = csr_parts(weight, "uint16")
    assert sum(part.numel() for part in parts.values()) == 2 * 2 + 4 + 1
    assert parts["rows"].tolist() == [0, 1, 1, 1, 2] and parts["columns"].tolist() == [17, 1]
    assert torch.equal(kernel_of(parts, [4, 3, 3, 3]), weight)


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
@pytest.mark.parametrize("places", [[], [0], [299], [0, 255, 256, 299], [256], [255, 511], [1023]])
def test_gaps_of_any_length_are_written(places: list[int], bits: int) -> None:
    """Between empty rows; 255 zeros fit 8 bits, 256 need a written one."""
    begins, values = np.array([0, 0, len(places), len(places)]), np.arange(1.0, len(places) + 1)
    filled, gaps, rows = to_gaps(values, np.array(places, int), begins, bits)
    assert gaps.size == 0 or gaps.max() < 2**bits
    packed = packed_bits(gaps, bits)
    assert packed.size == -(-gaps.size * bits // 8)
    columns = from_gaps(unpacked_bits(packed, bits, filled.size), rows)
    assert rows[1] == 0 and rows[2] == rows[3] == filled.size
    assert columns[filled != 0].tolist() == places
    assert filled[filled != 0].tolist() == values.tolist()


@pytest.mark.parametrize(("density", "most_bits"), [(0.9, 1), (0.5, 3), (0.1, 5), (0.01, 8)])
def test_gaps_take_as_few_bits_as_the_density_asks(density: float, most_bits: int) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(64, 512, 1, 1, generator=generator).half().float()
    weight[torch.rand(weight.shape, generator=generator) > density] = 0.0
    parts = csr_parts(weight, "gaps")
    assert int(parts["gap_bits"]) <= most_bits
    stored = sum(part.nbytes for part in parts.values())
    assert stored < sum(part.nbytes for part in csr_parts(weight, "uint16").values())
    assert torch.equal(kernel_of(parts, [64, 512, 1, 1]), weight)


def test_values_that_fit_float16_take_half_of_the_bytes(
    tiny_network: Any, tiny_architecture: Any, tmp_path: Path
) -> None:
    prune_weights(tiny_network, dict.fromkeys(prunable_layers(tiny_network), 0.2))
    model, path = Model(tiny_network, tiny_architecture), tmp_path / "sparse.safetensors"
    save_csr(model, path, "gaps")
    whole = path.stat().st_size
    save_csr(model.with_network(rounded(tiny_network)), path, "gaps")
    assert path.stat().st_size < 0.75 * whole
    loaded = load_csr(path).network.state_dict()
    for name, value in tiny_network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(loaded[name], value) and loaded[name].dtype == value.dtype, name


@pytest.mark.parametrize("index_type", ["gaps", "uint16", "int32"])
def test_values_in_bytes_load_back_bit_for_bit(
    tiny_network: Any, tiny_architecture: Any, tmp_path: Path, index_type: str
) -> None:
    prune_weights(tiny_network, dict.fromkeys(prunable_layers(tiny_network), 0.2))
    path, before = tmp_path / "sparse.safetensors", copy.deepcopy(tiny_network)
    save_csr(Model(rounded(copy.deepcopy(before)), tiny_architecture), path, index_type)
    in_float16 = path.stat().st_size
    save_csr(Model(rounded(tiny_network, in_bytes=True), tiny_architecture), path, index_type)
    assert path.stat().st_size < in_float16
    loaded = load_csr(path).network.state_dict()
    for name, value in tiny_network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(loaded[name], value), name
    for name, layer in prunable_layers(tiny_network).items():
        whole = before.get_submodule(name).weight.flatten(1)
        off = (layer.weight.flatten(1) - whole).abs().amax(dim=1)
        assert (off <= 0.51 / 127 * whole.abs().amax(dim=1)).all(), name


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 3e4])
def test_bytes_tell_their_scales_again(size: float) -> None:
    matrix = size * torch.randn(40, 65, generator=torch.Generator().manual_seed(0))
    matrix[7] = 0.0
    steps, scales = to_bytes(matrix)
    once = steps * scales[:, None]
    again, same_scales = to_bytes(once)
    assert torch.equal(again, steps) and torch.equal(same_scales, scales)
    assert steps.abs().amax(dim=1)[8:].min() >= 126


def test_uint16_columns_are_smaller_than_int32(
    tiny_network: Any, tiny_architecture: Any, tmp_path: Path
) -> None:
    prune_weights(tiny_network, dict.fromkeys(prunable_layers(tiny_network), 0.2))
    model = Model(tiny_network, tiny_architecture)
    sizes = []
    for kind in ("uint16", "int32"):
        save_csr(model, tmp_path / kind, kind)
        sizes.append((tmp_path / kind).stat().st_size)
    nonzero = sum(
        int((layer.weight != 0).sum()) for layer in prunable_layers(tiny_network).values()
    )
    assert sizes[1] - sizes[0] == pytest.approx(2 * nonzero, rel=0.02)


def test_columns_beyond_uint16_are_refused() -> None:
    with pytest.raises(ModelError, match="70000 columns don't fit uint16"):
        csr_parts(torch.zeros(1, 70000, 1, 1), "uint16")


def test_a_foreign_csr_file_is_named(
    tiny_network: Any, tiny_architecture: Any, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    Model(tiny_network, replace(tiny_architecture)).save(path)
    with pytest.raises(ModelError, match="not a CSR file"):
        load_csr(path)

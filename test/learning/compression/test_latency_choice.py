"""The table of layers' times, and the choice of channels by it."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytest.importorskip("onnx")

from thermoscout_core.learning.compression import latency_table  # noqa: E402
from thermoscout_core.learning.compression.filters.groups import filter_groups  # noqa: E402
from thermoscout_core.learning.compression.latency_choice import (  # noqa: E402
    choose_channels,
    predicted_ms,
)
from thermoscout_core.learning.compression.latency_table import (  # noqa: E402
    LatencyTable,
    LayerPlace,
    layer_places,
    measure_table,
    widths,
)
from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.step import CompressionError  # noqa: E402

SIZE_PX = (64, 64)


def by_macs(place: LayerPlace) -> list[list[float]]:
    """A machine that takes a microsecond for a thousand multiply-adds."""
    pixels = place.height * place.width / (place.stride[0] * place.stride[1])
    each = pixels * place.kernel[0] * place.kernel[1] / 1e6
    inputs = [1] if place.depthwise else widths(place.inputs)
    return [[each * i * o for o in widths(place.outputs)] for i in inputs]


@pytest.fixture
def table(model: Model) -> LatencyTable:
    places = layer_places(model.network, SIZE_PX)
    return LatencyTable(places, {place.key(): by_macs(place) for place in places.values()})


@pytest.fixture
def groups(model: Model) -> Any:
    return filter_groups(model.network, SIZE_PX)


def test_widths_are_growing_multiples_of_eight() -> None:
    assert widths(64) == [16, 32, 48, 64]
    assert widths(24) == [8, 16, 24]
    assert widths(3) == [1, 3]


def test_times_between_widths_are_interpolated(table: LatencyTable) -> None:
    name = "features.extras.0.1.0"
    place = table.places[name]
    corner = table.layer_ms(name, place.inputs, place.outputs)
    assert table.layer_ms(name, place.inputs, place.outputs - 4) == pytest.approx(
        corner * (place.outputs - 4) / place.outputs
    )


def test_the_budget_is_met(table: LatencyTable, groups: Any) -> None:
    scores = {g.name: torch.ones(g.channels) for g in groups}
    dense = predicted_ms(table, groups, {g.name: g.channels for g in groups})
    kept = choose_channels(table, groups, scores, share=0.6, least=0.125)
    assert predicted_ms(table, groups, kept) <= 0.6 * dense
    assert all(8 <= kept[g.name] <= g.channels for g in groups)


def test_channels_that_matter_stay(table: LatencyTable, groups: Any) -> None:
    """Half of one group's filters hold next to nothing of its score: they go first."""
    scores = {g.name: torch.ones(g.channels) for g in groups}
    group = next(g for g in groups if g.name == "features.backbone.pointwise.7.0")
    scores[group.name][: group.channels // 2] = 1e-9
    kept = choose_channels(table, groups, scores, share=0.95, least=0.125)
    assert kept[group.name] < group.channels
    assert all(kept[g.name] == g.channels for g in groups if g is not group)


def test_a_budget_that_cannot_be_met_is_said(table: LatencyTable, groups: Any) -> None:
    scores = {g.name: torch.ones(g.channels) for g in groups}
    with pytest.raises(CompressionError, match=r"ms can't be met, .* is the least with a share"):
        choose_channels(table, groups, scores, share=0.01, least=0.5)


def test_the_table_is_measured_once_for_layers_alike(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[LayerPlace] = []

    def fake(place: LayerPlace, threads: int, repeats: int) -> list[list[float]]:
        timed.append(place)
        return by_macs(place)

    monkeypatch.setattr(latency_table, "_time_place", fake)
    cache = tmp_path / "table.json"
    measure_table(model.network, SIZE_PX, cache, 1, 1)
    assert len(timed) == len({place.key() for place in timed})
    timed.clear()
    measure_table(model.network, SIZE_PX, cache, 1, 1)
    assert timed == []


def test_a_layer_is_really_timed() -> None:
    place = LayerPlace(16, 8, (3, 3), (2, 2), (1, 1), (1, 1), False, 12, 10)
    times = latency_table._time_place(place, threads=1, repeats=2)
    assert len(times) == len(widths(16)) and len(times[0]) == len(widths(8))
    assert all(value > 0 for row in times for value in row)


def test_a_broken_table_is_named(model: Model, tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text("[]")
    with pytest.raises(CompressionError, match=r"table\.json: not a latency table"):
        measure_table(model.network, SIZE_PX, tmp_path / "table.json", 1, 1)

"""The tables that ``thermoscout evaluate`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.learning.evaluation.record import (
        ComparisonRecord,
        HotRecord,
        Interval,
        ModelRecord,
        SetRecord,
        SpreadRecord,
    )

MEAN = "mean (≥ 5 boxes)"


def print_model(console: Console, record: ModelRecord) -> None:
    """One model: accuracy, what the deployed threshold makes of it, each split of several."""
    console.print(_accuracy_table(record))
    console.print(_deployed_table(record))
    if record.splits:
        console.print(_splits_table(record))
    _print_notes(console, [record])


def print_comparison(console: Console, record: ComparisonRecord) -> None:
    """Several models: each, their mean and spread, and the paired differences."""
    first = record.models[0]
    console.print(_models_table(record))
    table = _table(f"AP@0.5 per class over {len(record.models)} models", ("class", "boxes"))
    for column in ("lowest", "mean", "highest", "± std"):
        table.add_column(column, justify="right")
    for name, spread in record.classes.items():
        table.add_row(name, str(first.classes[name].boxes), *_spread_cells(spread))
    table.add_section()
    table.add_row(MEAN, "", *_spread_cells(record.map_50), style="bold")
    console.print(table)
    if record.map_50.mean_interval is not None:
        console.print(f"95 % interval of the mean mAP: {_interval(record.map_50.mean_interval)}")
    for difference in record.differences:
        console.print(
            f"{difference.model} − {difference.minus}: mAP@0.5 {difference.map_50:+.3f}"
            f" {_interval(difference.interval, signed=True)}, better in"
            f" {_number(difference.better, 2)} of the replicates",
            highlight=False,
        )
    _print_notes(console, record.models)


def _what(record: ModelRecord) -> str:
    folder = record.data.rstrip("/").rpartition("/")[2]
    return f"{folder} / {record.split}: {record.images} images in {record.blocks} blocks"


def _accuracy_table(record: ModelRecord) -> Table:
    table = _table(
        f"{record.model} on {_what(record)}",
        ("class", "boxes", "AP@0.5", "95 %", "11-point", "COCO AP", "AP75"),
    )
    for name, result in record.classes.items():
        table.add_row(
            name,
            str(result.boxes),
            _number(result.ap_50),
            _interval(result.ap_50_interval),
            _number(result.ap_50_11_point),
            _number(result.coco.ap),
            _number(result.coco.ap_75),
        )
    table.add_section()
    table.add_row(
        MEAN,
        "",
        _number(record.map_50),
        _interval(record.map_50_interval),
        _number(record.map_50_11_point),
        _number(record.coco.ap),
        _number(record.coco.ap_75),
        style="bold",
    )
    coco = record.coco
    table.caption = (
        f"COCO AP by size: small {_number(coco.ap_small)}, medium {_number(coco.ap_medium)}, "
        f"large {_number(coco.ap_large)}"
    )
    return table


def _deployed_table(record: ModelRecord) -> Table:
    table = _table(
        f"At score ≥ {record.score_threshold:.2f} (IoU ≥ {record.match_iou}, "
        f"NMS {record.nms_iou}); hot: ≥ {record.hot_k:g} K above the surroundings",
        ("class", "precision", "recall", "hot", "found", "95 %", "covered"),
    )
    for name, result in record.classes.items():
        table.add_row(
            name, _number(result.precision), _number(result.recall), *_hot_cells(result.hot)
        )
    table.caption = (
        "found: by a detection of the class; covered: hot spot inside a detection of any class"
    )
    table.add_section()
    table.add_row(
        "all",
        _number(record.precision),
        _number(record.recall),
        *_hot_cells(record.hot),
        style="bold",
    )
    return table


def _hot_cells(hot: HotRecord | None) -> tuple[str, ...]:
    if hot is None:
        return ("–",) * 4
    return (
        str(hot.boxes),
        _number(hot.recall),
        _interval(hot.recall_interval),
        _number(hot.hot_spot_covered),
    )


def _splits_table(record: ModelRecord) -> Table:
    table = _table(
        "By split", ("split", "images", "blocks", "mAP@0.5", "95 %", "COCO AP", "prec.", "recall")
    )
    for part in record.splits.values():
        table.add_row(*_set_cells(part))
    table.add_section()
    table.add_row(*_set_cells(record, "together"), style="bold")
    return table


def _set_cells(part: SetRecord, name: str = "") -> tuple[str, ...]:
    return (
        name or part.split,
        str(part.images),
        str(part.blocks),
        _number(part.map_50),
        _interval(part.map_50_interval),
        _number(part.coco.ap),
        _number(part.precision),
        _number(part.recall),
    )


def _models_table(record: ComparisonRecord) -> Table:
    first = record.models[0]
    table = _table(
        _what(first),
        ("model", "mAP@0.5", "95 %", *first.splits, "COCO AP", "recall"),
    )
    for model in record.models:
        table.add_row(
            model.model,
            _number(model.map_50),
            _interval(model.map_50_interval),
            *(_number(part.map_50) for part in model.splits.values()),
            _number(model.coco.ap),
            _number(model.recall),
        )
    return table


def _spread_cells(spread: SpreadRecord) -> tuple[str, ...]:
    known = [value for value in spread.values if value is not None]
    return (
        _number(min(known, default=None)),
        _number(spread.mean),
        _number(max(known, default=None)),
        _number(spread.std),
    )


def _print_notes(console: Console, models: Sequence[ModelRecord]) -> None:
    for note in dict.fromkeys(note for model in models for note in model.notes):
        console.print(f"note: {note}", highlight=False)


def _table(title: str, columns: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=number == 0)
    return table


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _interval(interval: Interval, signed: bool = False) -> str:
    if interval is None or interval[0] is None or interval[1] is None:
        return "–"
    low, high = interval
    return f"[{low:+.2f}, {high:+.2f}]" if signed else f"{low:.2f}–{high:.2f}"

"""The curve, and contact sheets of what was missed and of false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hot_spot_baselines import Pixel
from hot_spot_data import LabelledFrame
from numpy.typing import NDArray

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.reporting.lettering import put_text
from thermoscout_core.verdicts import Verdict

COLUMNS, ROWS, TILE_PX = 4, 5, (460, 345)
STYLES = (
    ("curve", "how much it stands out", "o-"),
    ("foreground", "foreground + K", "s--"),
    ("hottest", "k hottest", "^--"),
    ("verdicts", "verdicts", "k*"),
)


@dataclass(frozen=True)
class FalseAlarm:
    """A fault verdict on a frame without labels."""

    frame: LabelledFrame
    verdict: Verdict

    def as_record(self) -> dict[str, Any]:
        reading = self.verdict.reading
        return {
            "frame": self.frame.id,
            "spot_px": reading.hot_spot_px,
            "class": reading.detection.class_name,
            "stands_out": round(reading.stands_out, 3),
            "rule": self.verdict.rule,
            "reason": self.verdict.reason,
        }


def draw_curve(path: Path, points: Mapping[str, Sequence[Any]]) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 5))
    for name, label, style in STYLES:
        alarms, recall = zip(*((p.alarms, p.recall) for p in points[name]), strict=True)
        axes.plot(alarms, recall, style, label=label, ms=14 if name == "verdicts" else 4)
    axes.set(
        xlabel="false alarms per frame without labels",
        ylabel="recall of labelled hot spots",
        xlim=(0, 1.5),
        ylim=(0, 1),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def draw_sheets(
    folder: Path,
    missed: Sequence[tuple[LabelledFrame, Sequence[Pixel]]],
    alarms: Sequence[FalseAlarm],
) -> None:
    """missed: frames with a label that wasn't found, and what was called in them."""
    _draw_pages(folder / "misses", [_tile(item, spots, item.id) for item, spots in missed])
    tiles = []
    for number, alarm in enumerate(alarms, 1):
        spot = alarm.verdict.reading.hot_spot_px
        title = f"{number} {alarm.frame.id} {alarm.verdict.reading.stands_out:.2f}"
        tiles.append(_tile(alarm.frame, [spot] if spot else [], title))
    _draw_pages(folder / "false_alarms", tiles)


def _draw_pages(path: Path, tiles: Sequence[NDArray[np.uint8]]) -> None:
    """path: without its page number and suffix."""
    page = COLUMNS * ROWS
    for start in range(0, len(tiles), page):
        some = tiles[start : start + page]
        padded = [*some, *[np.zeros_like(some[0])] * (-len(some) % COLUMNS)]
        rows = [np.hstack(padded[i : i + COLUMNS]) for i in range(0, len(padded), COLUMNS)]
        cv2.imwrite(f"{path}_{start // page + 1}.png", np.vstack(rows))


def _tile(item: LabelledFrame, spots: Sequence[Pixel], title: str) -> NDArray[np.uint8]:
    """Labels green, what was called hot cyan."""
    view = cv2.applyColorMap(to_8bit_view(item.frame.counts), cv2.COLORMAP_INFERNO)
    scale = TILE_PX[0] / view.shape[1], TILE_PX[1] / view.shape[0]
    tile = cv2.resize(view, TILE_PX, interpolation=cv2.INTER_CUBIC)
    for box in item.hot_spots:
        first = round(box.x1 * scale[0]), round(box.y1 * scale[1])
        last = round(box.x2 * scale[0]), round(box.y2 * scale[1])
        cv2.rectangle(tile, first, last, (80, 255, 80), 1)
    for x, y in spots:
        center = round(x * scale[0]), round(y * scale[1])
        cv2.circle(tile, center, 10, (0, 0, 0), 4)
        cv2.circle(tile, center, 10, (255, 255, 0), 2)
    put_text(tile, title, (4, 14), 0.45, (255, 255, 255))
    return np.asarray(tile, np.uint8)

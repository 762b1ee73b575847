"""Fault verdicts against hot spots that thermographers labelled; beside them two baselines.

python benchmarks/hot_spots.py ../shared/data/substation --splits train val --output hot_spots

A label counts as found when a fault verdict's hot-spot pixel lies in its box grown by 5 px; a
false alarm is a fault verdict on a frame without labels. Prints recall and false alarms per such
frame for the shipped rules, the curve over how much a hot spot stands out, and both baselines in
the same run:
  hotter than the foreground  blobs of at least 4 px whose 3x3 mean is K above the median of what
                              Otsu's threshold calls foreground
  the k hottest               the k hottest peaks of each frame, 20 px apart
Writes curve.png, misses.png, false_alarms.png (each a contact sheet) and results.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from hot_spot_data import LabelledFrame, load
from numpy.typing import NDArray

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.detections import Detection
from thermoscout_core.frames import Counts
from thermoscout_core.inspection import Inspector
from thermoscout_core.reporting.lettering import put_text
from thermoscout_core.verdicts import Verdict

Pixel = tuple[int, int]
FOREGROUND_K = (2, 3, 5, 7, 10, 15, 20, 30, 50)
HOTTEST = (1, 2, 3, 5)
SCORES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MIN_BLOB_PX, PEAK_DISTANCE_PX = 4, 20
SHEET_COLUMNS, TILE_PX = 4, (460, 345)


@dataclass(frozen=True)
class Point:
    """name: what was asked. recall: 0..1. alarms: per frame without labels. elsewhere: fault
    verdicts beside the labels, per frame with labels (some are unlabelled faults)."""

    name: str
    recall: float
    alarms: float
    elsewhere: float


def measure(
    name: str, frames: Sequence[LabelledFrame], spots: Callable[[int], Iterable[Pixel]]
) -> Point:
    """spots: index of a frame -> the pixels that are called hot in it."""
    found = labels = alarms = elsewhere = 0
    for index, item in enumerate(frames):
        hits = [item.hit(spot) for spot in spots(index)]
        if item.hot_spots:
            found += len(set(hits) - {None})
            labels += len(item.hot_spots)
            elsewhere += hits.count(None)
        else:
            alarms += len(hits)
    with_labels = sum(bool(item.hot_spots) for item in frames)
    without = len(frames) - with_labels
    return Point(
        name, found / max(labels, 1), alarms / max(without, 1), elsewhere / max(with_labels, 1)
    )


def spots_of(verdicts: Iterable[Verdict]) -> list[Pixel]:
    """The hot-spot pixels of the fault verdicts."""
    spots = (v.reading.hot_spot_px for v in verdicts if v.severity.is_fault)
    return [spot for spot in spots if spot is not None]


def above_foreground(celsius: NDArray[np.float32], k: float) -> list[Pixel]:
    smooth = cv2.blur(celsius, (3, 3))
    low, high = float(smooth.min()), float(smooth.max())
    view = np.rint((smooth - low) * (255 / max(high - low, 1e-3))).astype(np.uint8)
    cut, _ = cv2.threshold(view, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    hot = smooth > np.median(smooth[view > cut]) + k
    count, blobs, stats, _ = cv2.connectedComponentsWithStats(hot.astype(np.uint8))
    spots = []
    for blob in range(1, count):
        if stats[blob, cv2.CC_STAT_AREA] >= MIN_BLOB_PX:
            inside = np.where(blobs == blob, smooth, -np.inf)
            y, x = np.unravel_index(int(inside.argmax()), inside.shape)
            spots.append((int(x), int(y)))
    return spots


def hottest(celsius: NDArray[np.float32], k: int) -> list[Pixel]:
    smooth = cv2.blur(celsius, (3, 3))
    spots = []
    for _ in range(k):
        _, _, _, (x, y) = cv2.minMaxLoc(smooth)
        spots.append((x, y))
        reach = PEAK_DISTANCE_PX
        smooth[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = -np.inf
    return spots


class Annotated:
    """Stands in for the detector: says what was annotated in the frame that is looked at."""

    def __init__(self, frames: Sequence[LabelledFrame]) -> None:
        self._equipment = {id(item.frame.counts): list(item.equipment) for item in frames}

    def detect(self, counts: Counts) -> list[Detection]:
        return self._equipment[id(counts)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="+", help="data folders with hotspots/")
    parser.add_argument("--splits", nargs="+", default=["train", "val"])
    parser.add_argument("--model", type=Path, help="detector (ONNX); default is the shipped one")
    parser.add_argument("--annotated", action="store_true", help="annotated boxes, no detector")
    parser.add_argument("--rules", type=Path, help="rule set (YAML)")
    parser.add_argument("--output", type=Path, default=Path("hot_spots"))
    arguments = parser.parse_args()

    frames = [item for folder in arguments.folder for item in load(folder, arguments.splits)]
    inspector = Inspector.default(arguments.model, rules=arguments.rules)
    if arguments.annotated:
        inspector.detector = Annotated(frames)
    verdicts = [inspector.inspect(item.frame).verdicts for item in frames]
    celsius = [item.frame.radiometry.scale.to_celsius(item.frame.counts) for item in frames]

    judged = measure("verdicts", frames, lambda i: spots_of(verdicts[i]))
    curve = [
        measure(
            f"stands out {score:g}",
            frames,
            lambda i, score=score: _standing_out(verdicts[i], score),
        )
        for score in SCORES
    ]
    foreground = [
        measure(f"foreground + {k} K", frames, lambda i, k=k: above_foreground(celsius[i], k))
        for k in FOREGROUND_K
    ]
    top = [measure(f"{k} hottest", frames, lambda i, k=k: hottest(celsius[i], k)) for k in HOTTEST]

    labels = sum(len(item.hot_spots) for item in frames)
    bare = sum(not item.hot_spots for item in frames)
    print(f"{len(frames)} frames, {labels} hot spots, {bare} frames without labels")
    print(f"{'':22} recall  false alarms  beside labels")
    for point in [judged, *curve, *foreground, *top]:
        print(
            f"{point.name:22} {point.recall:6.3f}  {point.alarms:12.3f}  {point.elsewhere:13.2f}"
        )
    arguments.output.mkdir(parents=True, exist_ok=True)
    points = {"verdicts": [judged], "curve": curve, "foreground": foreground, "hottest": top}
    (arguments.output / "results.json").write_text(
        json.dumps({name: [vars(p) for p in group] for name, group in points.items()}, indent=1)
    )
    _plot(arguments.output / "curve.png", judged, curve, foreground, top)
    _sheets(arguments.output, frames, verdicts)


def _standing_out(verdicts: Iterable[Verdict], score: float) -> list[Pixel]:
    """Spots from this score up, each place once."""
    ranked = sorted(verdicts, key=lambda v: -v.reading.stands_out)
    spots: list[Pixel] = []
    for verdict in ranked:
        spot = verdict.reading.hot_spot_px
        if spot is None or not verdict.reading.stands_out >= score:
            continue
        if all(max(abs(spot[0] - x), abs(spot[1] - y)) > 6 for x, y in spots):
            spots.append(spot)
    return spots


def _plot(
    path: Path,
    judged: Point,
    curve: Sequence[Point],
    foreground: Sequence[Point],
    top: Sequence[Point],
) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 5))
    for points, label, style in (
        (curve, "how much it stands out", "o-"),
        (foreground, "foreground + K", "s--"),
        (top, "k hottest", "^--"),
    ):
        axes.plot([p.alarms for p in points], [p.recall for p in points], style, label=label, ms=4)
    axes.plot(judged.alarms, judged.recall, "k*", ms=14, label="verdicts, shipped rules")
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


def _sheets(
    folder: Path, frames: Sequence[LabelledFrame], verdicts: Sequence[Sequence[Verdict]]
) -> None:
    missed, alarms = [], []
    for item, said in zip(frames, verdicts, strict=True):
        faults = spots_of(said)
        hits = {item.hit(spot) for spot in faults}
        if any(index not in hits for index in range(len(item.hot_spots))):
            missed.append(_tile(item, faults))
        elif not item.hot_spots and faults:
            worst = max((v.reading.stands_out for v in said if v.severity.is_fault), default=0.0)
            alarms.append((worst, _tile(item, faults)))
    alarms.sort(key=lambda pair: -pair[0])
    for name, tiles in (("misses", missed), ("false_alarms", [tile for _, tile in alarms])):
        if tiles:
            cv2.imwrite(str(folder / f"{name}.png"), _sheet(tiles))


def _tile(item: LabelledFrame, faults: Sequence[Pixel]) -> NDArray[np.uint8]:
    """Labels green, hot spots of fault verdicts cyan."""
    view = cv2.applyColorMap(to_8bit_view(item.frame.counts), cv2.COLORMAP_INFERNO)
    scale = TILE_PX[0] / view.shape[1], TILE_PX[1] / view.shape[0]
    tile = cv2.resize(view, TILE_PX, interpolation=cv2.INTER_CUBIC)
    for box in item.hot_spots:
        first = round(box.x1 * scale[0]), round(box.y1 * scale[1])
        last = round(box.x2 * scale[0]), round(box.y2 * scale[1])
        cv2.rectangle(tile, first, last, (80, 255, 80), 1)
    for x, y in faults:
        center = round(x * scale[0]), round(y * scale[1])
        cv2.circle(tile, center, 10, (0, 0, 0), 4)
        cv2.circle(tile, center, 10, (255, 255, 0), 2)
    put_text(tile, item.id, (4, 14), 0.45, (255, 255, 255))
    return np.asarray(tile, np.uint8)


def _sheet(tiles: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    blank = np.zeros_like(tiles[0])
    padded = [*tiles, *[blank] * (-len(tiles) % SHEET_COLUMNS)]
    rows = [padded[i : i + SHEET_COLUMNS] for i in range(0, len(padded), SHEET_COLUMNS)]
    return np.vstack([np.hstack(row) for row in rows])


if __name__ == "__main__":
    main()

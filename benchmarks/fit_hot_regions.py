"""Fit the scorecard of hot regions to labelled hot spots, and say how well it does on frames that
it wasn't fitted to.

python benchmarks/fit_hot_regions.py ../shared/data/substation --output models/hot_regions.yaml

Frames of the splits train and val. A positive is the hottest region in each label, a negative
every region of a frame without labels; other regions of labelled frames are left out. The
equipment is the annotated one, with 35 % of the boxes left out at random, three times over: a
detector misses some. The cross-validation keeps blocks of 12 neighbouring frames together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import yaml
from hot_spot_data import LabelledFrame, load
from numpy.typing import NDArray

from thermoscout_core.diagnosis.hot_regions import find_hot_regions
from thermoscout_core.diagnosis.scorecard import FACTS, facts

Array = NDArray[np.float64]
SPLITS = ("train", "val")
COPIES, DROPPED = 3, 0.35
POSITIVE_SHARE = 0.1
"""All positives together weigh this share of the negatives."""
RIDGE = 3.0
FOLDS, SHUFFLES = 8, 4
RATES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5)


class Table:
    """R regions of F frames: facts (copies, R, 5), label (R,) index within its frame or −1, level
    (R,) °C, frame (R,) index, and which frames carry labels."""

    def __init__(self, frames: list[LabelledFrame], seed: int) -> None:
        random = np.random.default_rng(seed)
        rows: list[list[tuple[float, ...]]] = []
        label, level, frame = [], [], []
        for number, item in enumerate(frames):
            kept = [
                [d for d in item.equipment if random.random() >= DROPPED] for _ in range(COPIES)
            ]
            celsius = item.frame.radiometry.scale.to_celsius(item.frame.counts)
            for region in find_hot_regions(celsius):
                rows.append([facts(region, boxes) for boxes in kept])
                hit = item.hit(region.spot_px)
                label.append(-1 if hit is None else hit)
                level.append(region.peak_c)
                frame.append(number)
        self.facts = np.asarray(rows).transpose(1, 0, 2)
        self.label, self.level, self.frame = map(np.asarray, (label, level, frame))
        self.labels = np.array([len(item.hot_spots) for item in frames])
        self.blocks = np.array([item.block for item in frames])
        self.negative = self.labels[self.frame] == 0
        self.positive = np.zeros(len(label), np.bool_)
        for number in np.nonzero(self.labels)[0]:
            for index in range(self.labels[number]):
                inside = np.nonzero((self.frame == number) & (self.label == index))[0]
                if inside.size:
                    self.positive[inside[np.argmax(self.level[inside])]] = True

    def recalls(self, score: Array) -> list[float]:
        """Recall at each of RATES false alarms per frame without labels."""
        alarms = np.sort(score[self.negative])[::-1]
        best = [
            max(score[(self.frame == number) & (self.label == index)], default=-np.inf)
            for number in np.nonzero(self.labels)[0]
            for index in range(self.labels[number])
        ]
        sound = int((self.labels == 0).sum())
        return [float(np.mean(best > alarms[int(rate * sound)])) for rate in RATES]


def fit(values: Array, positive: NDArray[np.bool_]) -> Array:
    """(R, 5) facts -> intercept and weights (6,): ridge logistic regression by Newton's method."""
    center, spread = values.mean(axis=0), values.std(axis=0)
    design = np.column_stack([np.ones(len(values)), (values - center) / spread])
    weight = np.where(positive, POSITIVE_SHARE * (~positive).sum() / positive.sum(), 1.0)
    ridge = RIDGE * np.diag([0.0, *np.ones(values.shape[1])])
    answer = np.zeros(design.shape[1])
    for _ in range(30):
        guess = 1 / (1 + np.exp(-design @ answer))
        slope = design.T @ (weight * (positive - guess)) - ridge @ answer
        curvature = (design * (weight * guess * (1 - guess))[:, None]).T @ design + ridge
        answer = answer + np.linalg.solve(curvature, slope)
    weights = answer[1:] / spread
    return np.concatenate([[answer[0] - weights @ center], weights])


def fit_rows(table: Table, use: NDArray[np.bool_]) -> Array:
    return fit(table.facts[:, use].reshape(-1, len(FACTS)), np.tile(table.positive[use], COPIES))


def cross_validated(table: Table) -> Array:
    """(SHUFFLES, rates): each region scored by weights fitted to other blocks."""
    blocks = np.unique(table.blocks)
    curves = []
    for seed in range(SHUFFLES):
        fold_of = {b: i for i, b in enumerate(np.random.default_rng(seed).permutation(blocks))}
        fold = np.array([fold_of[b] % FOLDS for b in table.blocks])[table.frame]
        score = np.zeros(len(fold))
        for number in range(FOLDS):
            there = fold == number
            answer = fit_rows(table, (table.positive | table.negative) & ~there)
            score[there] = answer[0] + table.facts[0][there] @ answer[1:]
        curves.append(table.recalls(score))
    return np.asarray(curves)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="data folder with hotspots/")
    parser.add_argument("--output", type=Path, help="scorecard to write (YAML)")
    parser.add_argument("--alarms", type=float, default=0.17, help="false alarms at score 0.5")
    arguments = parser.parse_args()

    table = Table(load(arguments.folder, SPLITS), seed=0)
    curves = cross_validated(table)
    print(
        f"{len(table.labels)} frames, {table.labels.sum()} hot spots, "
        f"{(table.labels == 0).sum()} frames without"
    )
    print(
        "false alarms per frame without labels -> recall, cross-validated "
        "(mean, least and greatest of the shuffles)"
    )
    for rate, column in zip(RATES, curves.T, strict=True):
        print(f"  {rate:4.2f}  {column.mean():.3f}  ({column.min():.3f} to {column.max():.3f})")
    answer = fit_rows(table, table.positive | table.negative)
    sound = (table.labels == 0).sum()
    logits = np.sort((answer[0] + table.facts[0] @ answer[1:])[table.negative])[::-1]
    intercept = answer[0] - logits[int(arguments.alarms * sound)]
    weights = {name: round(float(w), 3) for name, w in zip(FACTS, answer[1:], strict=True)}
    content = {"id": "hot_regions", "intercept": round(float(intercept), 3), "weights": weights}
    text = yaml.safe_dump(content, sort_keys=False)
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

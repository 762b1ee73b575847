"""Fault verdicts against hot spots that thermographers labelled; beside them two baselines.

python benchmarks/hot_spots.py ../shared/data/substation --splits test
python benchmarks/hot_spots.py ../shared/data/substation --fit models/hot_regions.yaml

The first measures what is shipped. The second is the one command after a change of the detector,
the scorecard's facts or the rules: it fits the scorecard anew on train and val, writes it, and
measures by cross-validation, every frame judged by a scorecard that was fitted to other places
(blocks of 12 neighbouring frames stay together; four shuffles, their mean).

A label counts as found when a fault verdict's hot-spot pixel lies in its box grown by 5 px; a
false alarm is a fault verdict on a frame without labels. Prints recall and false alarms per such
frame for the verdicts, for every region from a score on, and for both baselines:
  foreground + K  blobs of at least 4 px whose 3x3 mean is K above the median of what Otsu's
                  threshold calls foreground
  the k hottest   the k hottest places of each frame, 20 px apart
Writes curve.png, misses_1.png … and false_alarms_1.png … (contact sheets, a page each),
false_alarms.json and results.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import yaml
from hot_spot_baselines import Pixel, above_foreground, hottest
from hot_spot_data import LabelledFrame, load
from hot_spot_fitting import FOLDS, SHUFFLES, Regions, at_operating_point
from hot_spot_pictures import FalseAlarm, draw_curve, draw_sheets

from thermoscout_core import machine
from thermoscout_core.detection.detector import Detector
from thermoscout_core.detections import Detection
from thermoscout_core.diagnosis.hot_regions import HotRegion, find_hot_regions
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.diagnosis.scorecard import Scorecard
from thermoscout_core.diagnosis.survey import Survey
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.thermometer import Thermometer
from thermoscout_core.verdicts import Verdict

FOREGROUND_K = (2, 3, 5, 7, 10, 15, 20, 30, 50)
HOTTEST = (1, 2, 3, 5)
SCORES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)

Spots = Callable[[int], Iterable[Pixel]]
"""Index of a frame -> the pixels that are called hot in it."""


@dataclass(frozen=True)
class Point:
    """name: what was asked. recall: 0..1. alarms: per frame without labels. elsewhere: fault
    verdicts beside the labels, per frame with labels (some are unlabelled faults)."""

    name: str
    recall: float
    alarms: float
    elsewhere: float


def measure(name: str, frames: Sequence[LabelledFrame], *passes: Spots) -> Point:
    """The mean over the passes, each of which calls spots in every frame."""
    rows = [astuple(_measure_once(frames, spots))[1:] for spots in passes]
    return Point(name, *map(float, np.mean(rows, axis=0)))


def _measure_once(frames: Sequence[LabelledFrame], spots: Spots) -> Point:
    found = labels = alarms = elsewhere = 0
    for index, item in enumerate(frames):
        hits = [item.hit(spot) for spot in spots(index)]
        if item.hot_spots:
            found += len(set(hits) - {None})
            labels += len(item.hot_spots)
            elsewhere += hits.count(None)
        else:
            alarms += len(hits)
    bare = sum(not item.hot_spots for item in frames)
    return Point(
        "", found / max(labels, 1), alarms / max(bare, 1), elsewhere / max(len(frames) - bare, 1)
    )


class Examination:
    """Some frames, what was detected in them, and how they are judged with a scorecard."""

    def __init__(
        self,
        frames: Sequence[LabelledFrame],
        detections: Sequence[Sequence[Detection]],
        knowledge_base: KnowledgeBase,
    ) -> None:
        self.frames = frames
        self.detections = detections
        self.celsius = [f.frame.radiometry.scale.to_celsius(f.frame.counts) for f in frames]
        self._regions = [find_hot_regions(celsius) for celsius in self.celsius]
        self._thermometer = Thermometer(BpNetwork.load())
        self._judge = Judge(knowledge_base)

    def verdicts(self, index: int, card: Scorecard) -> list[Verdict]:
        """What the product says of a frame."""
        survey = Survey(self._thermometer, card)
        readings = survey.read(self.frames[index].frame, self.detections[index], None)
        return self._judge.judge(readings)

    def regions(self, index: int, card: Scorecard, score: float) -> list[HotRegion]:
        """The regions of a frame that stand out so much."""
        boxes = self.detections[index]
        return [r for r in self._regions[index] if card.score(r, boxes) >= score]


def cross_validation(
    frames: Sequence[LabelledFrame], alarms: float
) -> tuple[Scorecard, list[list[Scorecard]]]:
    """The scorecard fitted to all frames, and for each shuffle and frame one fitted to others."""
    regions = Regions(frames)
    logit = regions.operating_logit(alarms)
    everything = np.ones(len(frames), np.bool_)
    passes = []
    for shuffle in range(SHUFFLES):
        folds = regions.folds(shuffle)
        of_fold = [at_operating_point(regions.fit(folds != f), logit) for f in range(FOLDS)]
        passes.append([of_fold[fold] for fold in folds])
    return at_operating_point(regions.fit(everything), logit), passes


def spots_of(verdicts: Iterable[Verdict]) -> list[Pixel]:
    """The hot-spot pixels of the fault verdicts."""
    spots = (v.reading.hot_spot_px for v in verdicts if v.severity.is_fault)
    return [spot for spot in spots if spot is not None]


def arguments_of_the_command() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="+", help="data folders with hotspots/")
    parser.add_argument("--splits", nargs="+", default=["train", "val"])
    parser.add_argument("--fit", type=Path, metavar="FILE", help="fit, write, cross-validate")
    parser.add_argument(
        "--alarms", type=float, default=0.2, help="with --fit: false alarms at score 0.5"
    )
    parser.add_argument("--model", type=Path, help="detector (ONNX); default is the shipped one")
    parser.add_argument("--annotated", action="store_true", help="annotated boxes, no detector")
    parser.add_argument("--rules", type=Path, help="rule set (YAML)")
    parser.add_argument("--output", type=Path, default=Path("runs/hot_spots"))
    return parser.parse_args()


def main() -> None:
    arguments = arguments_of_the_command()
    frames = [item for folder in arguments.folder for item in load(folder, arguments.splits)]
    if arguments.annotated:
        detections = [list(item.equipment) for item in frames]
    else:
        detector = Detector.load(arguments.model, looks=None)
        detections = [detector.detect(item.frame.counts) for item in frames]
    examination = Examination(frames, detections, KnowledgeBase.load(arguments.rules))

    if arguments.fit:
        card, passes = cross_validation(frames, arguments.alarms)
        text = yaml.safe_dump(card.model_dump(), sort_keys=False)
        arguments.fit.write_text(text, encoding="utf-8")
        print(text)
    else:
        passes = [[Scorecard.load()] * len(frames)]
    verdicts = [[examination.verdicts(i, c) for i, c in enumerate(cards)] for cards in passes]

    celsius = examination.celsius
    points = {
        "verdicts": [
            measure("verdicts", frames, *[lambda i, v=v: spots_of(v[i]) for v in verdicts])
        ],
        "curve": [
            measure(f"stands out {score:g}", frames, *_standing_out(examination, passes, score))
            for score in SCORES
        ],
        "foreground": [
            measure(f"foreground + {k} K", frames, lambda i, k=k: above_foreground(celsius[i], k))
            for k in FOREGROUND_K
        ],
        "hottest": [
            measure(f"{k} hottest", frames, lambda i, k=k: hottest(celsius[i], k)) for k in HOTTEST
        ],
    }
    how = "cross-validated" if arguments.fit else "as shipped"
    _print(points, frames, how)
    _write(arguments.output, points, frames, verdicts[0])


def _standing_out(
    examination: Examination, passes: Sequence[Sequence[Scorecard]], score: float
) -> list[Spots]:
    def called(cards: Sequence[Scorecard]) -> Spots:
        return lambda i: [r.spot_px for r in examination.regions(i, cards[i], score)]

    return [called(cards) for cards in passes]


def _print(points: dict[str, list[Point]], frames: Sequence[LabelledFrame], how: str) -> None:
    labels = sum(len(item.hot_spots) for item in frames)
    bare = sum(not item.hot_spots for item in frames)
    print(f"{len(frames)} frames, {labels} hot spots, {bare} frames without labels, {how}")
    print(machine.in_words())
    print(f"{'':22} recall  false alarms  beside labels")
    for point in (point for group in points.values() for point in group):
        print(
            f"{point.name:22} {point.recall:6.3f}  {point.alarms:12.3f}  {point.elsewhere:13.2f}"
        )


def _write(
    folder: Path,
    points: dict[str, list[Point]],
    frames: Sequence[LabelledFrame],
    verdicts: Sequence[Sequence[Verdict]],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    record = {name: [vars(point) for point in group] for name, group in points.items()}
    (folder / "results.json").write_text(json.dumps(record, indent=1))
    draw_curve(folder / "curve.png", points)
    missed = [
        (item, spots_of(said))
        for item, said in zip(frames, verdicts, strict=True)
        if len({item.hit(spot) for spot in spots_of(said)} - {None}) < len(item.hot_spots)
    ]
    alarms = [
        FalseAlarm(item, verdict)
        for item, said in zip(frames, verdicts, strict=True)
        for verdict in said
        if verdict.severity.is_fault and not item.hot_spots
    ]
    alarms.sort(key=lambda alarm: -alarm.verdict.reading.stands_out)
    (folder / "false_alarms.json").write_text(
        json.dumps([alarm.as_record() for alarm in alarms], indent=1)
    )
    draw_sheets(folder, missed, alarms)


if __name__ == "__main__":
    main()

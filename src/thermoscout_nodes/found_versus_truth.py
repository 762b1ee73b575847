"""What the graph found, held against what a simulated patrol really showed it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from thermoscout_core.detections import Box
from thermoscout_core.verdicts import Severity, Verdict
from thermoscout_nodes.bag_frames import Judged
from thermoscout_nodes.matching import Stamp

MATCH_IOU = 0.5
"""A box is the equipment's when they overlap so much (PASCAL VOC's threshold)."""

NEAR_PX = 5
"""A fault verdict is a faulty piece's too when its hot spot lies in that one's box or so near."""

BoxKey = tuple[str, tuple[float, ...]]
"""Class and corners of a box."""


@dataclass
class Equipment:
    """One piece of equipment over the whole patrol. equipment_id: the simulation's name."""

    equipment_id: str
    class_name: str
    frames_seen: int = 0
    frames_found: int = 0
    true_c: list[float] = field(default_factory=list)
    corrected_c: list[float] = field(default_factory=list)
    errors_c: list[float] = field(default_factory=list)
    true_severities: Counter[Severity] = field(default_factory=Counter)
    given_severities: Counter[Severity] = field(default_factory=Counter)
    found_at: set[Stamp] = field(default_factory=set)

    @property
    def true_severity(self) -> Severity:
        return _most_frequent(self.true_severities)

    @property
    def given_severity(self) -> Severity | None:
        """The most frequent over the frames in which it was found, the graver on a tie."""
        return _most_frequent(self.given_severities) if self.given_severities else None

    @property
    def is_missed_fault(self) -> bool:
        given = self.given_severity
        return self.true_severity.is_fault and (given is None or not given.is_fault)

    @property
    def is_false_alarm(self) -> bool:
        given = self.given_severity
        return not self.true_severity.is_fault and given is not None and given.is_fault


@dataclass(frozen=True)
class Comparison:
    """equipment: by id. frames: that were judged and have a truth. stray_alarms: fault verdicts on
    boxes that are nobody's, summed over the frames; stray_boxes: all boxes that are nobody's."""

    equipment: tuple[Equipment, ...]
    frames: int
    stray_alarms: int
    stray_boxes: int

    @property
    def errors_c(self) -> list[float]:
        """Corrected minus true hot spot, °C, of every frame in which a piece was found."""
        return [error for item in self.equipment for error in item.errors_c]

    def summary(self) -> list[tuple[str, str]]:
        """The figures of the whole patrol: what, how much."""
        items = self.equipment
        faults = [item for item in items if item.true_severity.is_fault]
        found = [item for item in items if item.frames_found]
        exact = [item for item in found if item.given_severity is item.true_severity]
        views = sum(item.frames_seen for item in items)
        hits = sum(item.frames_found for item in items)
        recognised = sum(not item.is_missed_fault for item in faults)
        lines = [
            ("frames judged", str(self.frames)),
            ("equipment found", f"{len(found)} of {len(items)}"),
            ("found per frame", f"{hits} of {views} ({_percent(hits, views)})"),
            ("faults recognised", f"{recognised} of {len(faults)}"),
            ("faults missed", _names(item for item in items if item.is_missed_fault)),
            ("false alarms on equipment", _names(item for item in items if item.is_false_alarm)),
            ("fault verdicts on boxes that are nobody's", f"{self.stray_alarms} in all frames"),
            ("boxes that are nobody's", f"{self.stray_boxes} in all frames"),
            ("severity exactly right", f"{len(exact)} of {len(found)} found"),
        ]
        of_faults = [error for item in faults for error in item.errors_c]
        lines.append(("corrected minus true °C, faults", _sizes(of_faults)))
        lines.append(("corrected minus true °C, all", _sizes(self.errors_c)))
        return lines

    def telling_frames(self) -> list[Stamp]:
        """Few frames in which every piece that was ever found is found, the fullest first."""
        missing = {item.equipment_id for item in self.equipment if item.found_at}
        shows: dict[Stamp, set[str]] = defaultdict(set)
        for item in self.equipment:
            for stamp in item.found_at:
                shows[stamp].add(item.equipment_id)
        chosen = []
        while missing:
            stamp = max(shows, key=lambda key: (len(shows[key] & missing), key))
            chosen.append(stamp)
            missing -= shows[stamp]
        return chosen


def compare(frames: Iterable[Judged]) -> Comparison:
    """Judged frames -> found versus truth; frames without a truth are left out."""
    equipment: dict[str, Equipment] = {}
    judged = stray_alarms = stray_boxes = 0
    for frame in frames:
        if frame.truth is None:
            continue
        judged += 1
        matches, strays = match(frame.truth, frame.verdicts)
        stray_boxes += len(strays)
        stray_alarms += sum(verdict.severity.is_fault for verdict in strays)
        for truth in frame.truth:
            item = equipment.setdefault(
                truth.rule, Equipment(truth.rule, truth.reading.detection.class_name)
            )
            item.frames_seen += 1
            item.true_severities[truth.severity] += 1
            item.true_c.append(truth.reading.corrected_c)
            if truth.rule in matches:
                _count_found(item, frame.stamp, truth, matches[truth.rule])
    ordered = tuple(equipment[name] for name in sorted(equipment))
    return Comparison(ordered, judged, stray_alarms, stray_boxes)


def match(
    truths: Sequence[Verdict], verdicts: Sequence[Verdict]
) -> tuple[dict[str, list[Verdict]], list[Verdict]]:
    """One frame: verdicts by equipment id, and the verdicts that are nobody's.

    Boxes of the same class are paired by overlap, the best first, each once; further verdicts on a
    paired box stay with it. A fault is also found by the verdict on its heat, whatever box that is
    drawn around it: two boxes on one piece of equipment have one hot spot.
    """
    boxes: dict[BoxKey, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        detection = verdict.reading.detection
        boxes[detection.class_name, tuple(detection.box.as_list())].append(verdict)
    pairs = sorted(
        (
            (truth.reading.detection.box.iou(group[0].reading.detection.box), truth.rule, key)
            for truth in truths
            for key, group in boxes.items()
            if key[0] == truth.reading.detection.class_name
        ),
        reverse=True,
    )
    matched: dict[str, list[Verdict]] = {}
    taken = set()
    for overlap, name, key in pairs:
        if overlap >= MATCH_IOU and name not in matched and key not in taken:
            matched[name] = boxes[key]
            taken.add(key)
    for truth in truths:
        for key in _boxes_of_its_heat(truth, boxes):
            if key not in taken:
                matched.setdefault(truth.rule, []).extend(boxes[key])
                taken.add(key)
    strays = [verdict for key, group in boxes.items() if key not in taken for verdict in group]
    return matched, strays


def _boxes_of_its_heat(truth: Verdict, boxes: Mapping[BoxKey, Sequence[Verdict]]) -> list[BoxKey]:
    """Of a faulty piece of equipment: the boxes whose verdict is a fault where that one is hot."""
    if not truth.severity.is_fault:
        return []
    box = truth.reading.detection.box
    found = []
    for key, group in boxes.items():
        for verdict in group:
            spot = verdict.reading.hot_spot_px
            if verdict.severity.is_fault and spot is not None and _is_near(spot, box):
                found.append(key)
                break
    return found


def _is_near(spot: tuple[int, int], box: Box) -> bool:
    x, y = spot
    inside_x = box.x1 - NEAR_PX <= x <= box.x2 + NEAR_PX
    return inside_x and box.y1 - NEAR_PX <= y <= box.y2 + NEAR_PX


def _count_found(item: Equipment, stamp: Stamp, truth: Verdict, found: list[Verdict]) -> None:
    item.frames_found += 1
    item.found_at.add(stamp)
    worst = max(found, key=lambda verdict: verdict.severity.rank)
    item.given_severities[worst.severity] += 1
    reading = worst.reading
    if math.isfinite(reading.corrected_c):
        item.corrected_c.append(reading.corrected_c)
        item.errors_c.append(reading.corrected_c - truth.reading.corrected_c)


def _most_frequent(severities: Counter[Severity]) -> Severity:
    return max(severities, key=lambda severity: (severities[severity], severity.rank))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none seen"


def _sizes(errors_c: Sequence[float]) -> str:
    if not errors_c:
        return "none read"
    size = sorted(abs(error) for error in errors_c)
    p95 = size[math.ceil(0.95 * len(size)) - 1]
    return f"median size {median(size):.2f}, p95 {p95:.2f}"


def _names(items: Iterable[Equipment]) -> str:
    names = [item.equipment_id for item in items]
    return f"{len(names)}: {', '.join(names)}" if names else "none"

"""The whole flow in one object: detect, read, judge. The command line and the demo use it; the
nodes use its three parts, each behind its own topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from thermoscout_core.detections import Detection
from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.frames import Counts, ObjectParameters, ThermalFrame
from thermoscout_core.readings import Reading
from thermoscout_core.resources import sha256_of
from thermoscout_core.verdicts import Severity, Verdict

if TYPE_CHECKING:
    from thermoscout_core.thermometry.ranging import RangeFix


class DetectionStep(Protocol):
    """What the inspector asks of a detector; :class:`detection.detector.Detector` does it."""

    def detect(self, counts: Counts) -> list[Detection]: ...


class ReadingStep(Protocol):
    """What it asks of a thermometer; :class:`thermometry.thermometer.Thermometer` does it."""

    def read(
        self,
        frame: ThermalFrame,
        detections: Sequence[Detection],
        fix: RangeFix | None,
        air: ObjectParameters | None = None,
    ) -> list[Reading]: ...


class JudgingStep(Protocol):
    """What it asks of a judge; :class:`diagnosis.judge.Judge` does it."""

    def judge(
        self, readings: Sequence[Reading], conditions: MeasuringConditions | None = None
    ) -> list[Verdict]: ...


@dataclass(frozen=True)
class FrameInspection:
    """Everything said of one frame. readings: one a detection, in that order, then one for each
    hot region where nothing was detected; verdicts: at least one a reading."""

    frame: ThermalFrame
    detections: tuple[Detection, ...]
    readings: tuple[Reading, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def worst(self) -> Severity | None:
        """The gravest severity in the frame, None when nothing was judged."""
        return max((v.severity for v in self.verdicts), key=lambda s: s.rank, default=None)


@dataclass(frozen=True)
class NamedInspection:
    """An inspection as results and reports list it.

    id: the file's stem or the frame's name. file: path as text, "" without one. inspection: None
    when the image failed, and error says why.
    """

    id: str
    file: str
    inspection: FrameInspection | None
    error: str = ""


class Inspector:
    """Runs the flow on one frame after the other. Not thread-safe: one thread at a time.

    model_id, rules_id: for the record in results and reports, and the SHA-256 of the files that
    they came from. score_threshold: the detector's.
    """

    def __init__(
        self,
        detector: DetectionStep,
        thermometer: ReadingStep,
        judge: JudgingStep,
        *,
        model_id: str = "",
        score_threshold: float | None = None,
        rules_id: str = "",
        model_sha256: str = "",
        rules_sha256: str = "",
    ) -> None:
        self.detector = detector
        self.thermometer = thermometer
        self.judge = judge
        self.model_id = model_id
        self.score_threshold = score_threshold
        self.rules_id = rules_id
        self.model_sha256 = model_sha256
        self.rules_sha256 = rules_sha256

    @classmethod
    def default(
        cls,
        model: str | Path | None = None,
        score_threshold: float | None = None,
        rules: str | Path | None = None,
        correction: str | Path | None = None,
        looks: int | None = None,
    ) -> Inspector:
        """The shipped detector, correction network and knowledge base, or those given: rules
        by the name of a shipped set or by path. looks: as in Detector.load.

        Raises ModelError or ConfigurationError for a file that is missing or foreign.
        """
        from thermoscout_core.detection.detector import Detector, model_file
        from thermoscout_core.diagnosis.judge import Judge
        from thermoscout_core.diagnosis.rule_extension import read_rule_file
        from thermoscout_core.diagnosis.rules import KnowledgeBase
        from thermoscout_core.diagnosis.survey import Survey
        from thermoscout_core.thermometry.bp_network import BpNetwork
        from thermoscout_core.thermometry.thermometer import Thermometer

        rule_file = read_rule_file(rules)
        knowledge_base = KnowledgeBase.of(rule_file)
        detector = Detector.load(model, score_threshold=score_threshold, looks=looks)
        return cls(
            detector,
            Survey(Thermometer(BpNetwork.load(correction))),
            Judge(knowledge_base),
            model_id=detector.model_id,
            score_threshold=detector.score_threshold,
            rules_id=knowledge_base.id,
            model_sha256=sha256_of(model_file(model)),
            rules_sha256=rule_file.sha256,
        )

    def inspect(
        self,
        frame: ThermalFrame,
        fix: RangeFix | None = None,
        air: ObjectParameters | None = None,
        conditions: MeasuringConditions | None = None,
    ) -> FrameInspection:
        """One frame -> detections, readings and verdicts.

        fix: the distance that belongs to the frame; None takes the one that the frame states.
        air: parameters of the scene that are known better than the frame states them.
        conditions: what else is known of the measurement, such as wind and load.
        """
        detections = self.detector.detect(frame.counts)
        readings = self.thermometer.read(frame, detections, fix, air)
        scene = frame.radiometry.scene if air is None else air.or_else(frame.radiometry.scene)
        stated = MeasuringConditions(
            air_c=scene.air_c,
            relative_humidity=scene.relative_humidity,
            distance_m=fix.distance_m if fix is not None else scene.distance_m,
        )
        known = stated if conditions is None else stated.or_else(conditions)
        verdicts = self.judge.judge(readings, known)
        return FrameInspection(frame, tuple(detections), tuple(readings), tuple(verdicts))

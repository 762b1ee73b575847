"""How much a hot region stands out, as one number: a logistic scorecard of six plain facts.

    score = 1 / (1 + exp(−(intercept + Σ weight · fact)))

The weights are learnt from hot spots that thermographers labelled (models/hot_regions.md says
which, how, and how well), and shares() says what each fact adds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from thermoscout_core.detections import Detection
from thermoscout_core.diagnosis.hot_regions import HotRegion
from thermoscout_core.errors import ModelError
from thermoscout_core.resources import resource_path

SHIPPED = "models/hot_regions.yaml"
JOINTS = frozenset({"connector", "disconnector", "cable_termination"})
INSULATORS = frozenset({"insulator_column", "insulator_string"})
BOX_MARGIN_PX = 2
SURE_SCORE = 0.4
"""What lies on a detection of that score or more counts in full, on a less sure one in part."""
FACTS = ("over_peers", "own_rise", "from_edge", "scene_contrast", "on_joint", "on_insulator")


def facts(region: HotRegion, detections: Sequence[Detection]) -> tuple[float, ...]:
    """The six facts of a region, in the order of FACTS.

    The first: ±ln(1 + |K|) above the eighth-hottest other spot. Then the share of its rise that
    is its own, 0.1 to 1, ln(1 + px) to the frame's edge, ±ln(1 + |K|) of the solid parts over the
    sky, and 0 to 1, by how sure the detection is, for lying on a joint (connector, disconnector,
    cable termination) and on an insulator.
    """
    here = [d for d in detections if lies_in(d, region.spot_px)]
    return (
        _compressed(region.over_peers_k),
        region.own_rise,
        math.log1p(region.edge_px),
        _compressed(region.scene_contrast_k),
        _belief(here, JOINTS),
        _belief(here, INSULATORS),
    )


def _belief(detections: Sequence[Detection], classes: frozenset[str]) -> float:
    """How sure the surest detection of those classes is, 0..1; 1 from SURE_SCORE on."""
    scores = [d.score for d in detections if d.class_name in classes]
    return min(max(scores, default=0.0) / SURE_SCORE, 1.0)


def lies_in(detection: Detection, spot_px: tuple[int, int]) -> bool:
    """Whether a spot lies in a detected box grown by 2 px."""
    box, (x, y) = detection.box, spot_px
    return (
        box.x1 - BOX_MARGIN_PX <= x <= box.x2 + BOX_MARGIN_PX
        and box.y1 - BOX_MARGIN_PX <= y <= box.y2 + BOX_MARGIN_PX
    )


def _compressed(difference_k: float) -> float:
    """Between 2 and 4 K lies as much as between 20 and 40 K."""
    return math.copysign(math.log1p(abs(difference_k)), difference_k)


class _Weights(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    over_peers: float
    own_rise: float
    from_edge: float
    scene_contrast: float
    on_joint: float
    on_insulator: float


class Scorecard(BaseModel):
    """The weights. intercept: chosen so that 0.5 is the point of operation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    intercept: float
    weights: _Weights

    def score(self, region: HotRegion, detections: Sequence[Detection]) -> float:
        """How much the region stands out, 0..1; detections: the frame's."""
        return 1 / (1 + math.exp(-self.intercept - sum(self.shares(region, detections).values())))

    def shares(self, region: HotRegion, detections: Sequence[Detection]) -> dict[str, float]:
        """What each fact adds to the logit."""
        values = facts(region, detections)
        return {
            name: getattr(self.weights, name) * value
            for name, value in zip(FACTS, values, strict=True)
        }

    @classmethod
    def load(cls, path: Path | str | None = None) -> Scorecard:
        """Read a scorecard; None is the shipped one. Raises ModelError naming the file."""
        file = Path(path) if path is not None else resource_path(SHIPPED)
        try:
            return cls.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
            raise ModelError(f"{file}: no scorecard of hot regions: {error}") from None

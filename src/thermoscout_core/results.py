"""results.json: what an inspection found, for other programs. The interface is docs/results.md.

The models below are the interface; config/schema/results.schema.json is made of them, and a test
holds the two equal. A number that wasn't measured is null; nothing is left out.
"""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from thermoscout_core import __version__
from thermoscout_core.atomic import write_bytes
from thermoscout_core.detections import Detection
from thermoscout_core.errors import ResultsError
from thermoscout_core.inspection import Inspector, NamedInspection
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_core.verdicts import Severity, Verdict


def _null_when_not_finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Measured = Annotated[float | None, BeforeValidator(_null_when_not_finite)]
BoxEdges = tuple[float, float, float, float]
Pixel = tuple[int, int]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


class DetectionRecord(_Record):
    """One piece of equipment."""

    class_name: str = Field(alias="class", description="Class of the equipment.")
    score: float = Field(ge=0, le=1)
    box: BoxEdges = Field(description="x1, y1, x2, y2 in pixels of the thermal frame.")


class ReadingRecord(DetectionRecord):
    """The temperatures of a detection, in the order of the detections; then those of the hot
    regions in which nothing was detected (class hot_region)."""

    measured_c: Measured = Field(description="°C, hot spot as the camera states it.")
    corrected_c: Measured = Field(description="°C, hot spot after correction.")
    uncertainty_c: Measured = Field(description="K, standard uncertainty of corrected_c.")
    mean_c: Measured = Field(description="°C, mean of the box.")
    min_c: Measured = Field(description="°C, minimum of the box.")
    background_c: Measured = Field(description="°C, ring around the box.")
    hot_spot_px: Pixel | None = Field(description="x, y of the hot spot.")
    distance_m: Measured = Field(description="m, the distance used.")
    emissivity: Measured = Field(description="The emissivity used.")
    small_target_c: Measured = Field(
        default=None,
        description="K by which corrected_c is estimated to be low because the hot spot covers "
        "less than 3x3 pixels; 0 when it covers more.",
    )
    stands_out: Measured = Field(
        default=None,
        description="0..1, how much the hot spot stands out in its frame; 0.5 is the point of "
        "operation, null when nobody looked.",
    )
    over_peers_k: Measured = Field(
        default=None, description="K above the eighth-hottest other spot of the frame."
    )
    correction: Correction
    flags: list[ReadingFlag] = Field(description="Why the reading is worth less than it looks.")


class VerdictRecord(DetectionRecord):
    """The judgement of a reading."""

    severity: Severity
    provisional: bool = Field(description="The reading has flags: measure again.")
    rule: str = Field(description="Id of the deciding rule, empty when none applied.")
    rule_source: str = Field(description="Standard and clause; (unverified) where not checked.")
    hot_spot_px: Pixel | None = Field(description="x, y of the hot spot.")
    t1_c: Measured = Field(description="°C, hot spot.")
    t2_c: Measured = Field(description="°C, normal corresponding point.")
    t0_c: Measured = Field(description="°C, ambient reference.")
    relative_difference: Measured = Field(description="δ = (t1 − t2)/(t1 − t0), 1 is 100 %.")
    reason: str = Field(description="The evidence, or why it can't judge.")
    t2_source: str = Field(default="", description="Where t2_c comes from.")
    t0_source: str = Field(default="", description="Where t0_c comes from.")
    also: list[str] = Field(default=[], description="What the other applicable rules say.")
    cautions: list[str] = Field(
        default=[], description="Measuring conditions that are broken, or that nobody stated."
    )


class SceneRecord(_Record):
    """What the file or the options of ``inspect`` state of the scene; null is not stated."""

    emissivity: Measured = None
    reflected_c: Measured = Field(default=None, description="°C, reflected apparent temperature.")
    air_c: Measured = Field(default=None, description="°C, air.")
    relative_humidity: Measured = Field(default=None, description="0..1.")
    distance_m: Measured = None


class ImageRecord(_Record):
    """One image given, also when it failed."""

    id: str = Field(description="The file's stem.")
    file: str = Field(description="The file as it was found, empty for a frame without one.")
    width_px: int | None = None
    height_px: int | None = None
    stamp_s: Measured = Field(default=None, description="Unix time of the frame.")
    camera: str = ""
    scene: SceneRecord = SceneRecord()
    picture: str | None = Field(
        default=None, description="Annotated PNG, relative to results.json."
    )
    detections: list[DetectionRecord] = []
    readings: list[ReadingRecord] = []
    verdicts: list[VerdictRecord] = []
    error: str | None = Field(default=None, description="Why the image couldn't be inspected.")


class Results(_Record):
    """A whole run."""

    thermoscout: str = Field(default=__version__, description="Version that wrote the file.")
    created: str = Field(description="UTC time of writing, ISO 8601.")
    complete: bool = Field(
        default=True, description="False when the run was stopped before its end."
    )
    model: str = Field(default="", description="Detector: name and start of its SHA-256.")
    model_sha256: str = Field(default="", description="Of the detector's file.")
    score_threshold: float | None = Field(
        default=None, description="Detections below it are left out."
    )
    rules: str = Field(default="", description="Id of the rule set.")
    rules_sha256: str = Field(default="", description="Of the rule set's file.")
    images: list[ImageRecord] = []


def run_results(
    inspector: Inspector | None, images: list[ImageRecord], complete: bool = True
) -> Results:
    """The records of a run, headed by what made them."""
    return Results(
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        complete=complete,
        model=inspector.model_id if inspector else "",
        model_sha256=inspector.model_sha256 if inspector else "",
        score_threshold=inspector.score_threshold if inspector else None,
        rules=inspector.rules_id if inspector else "",
        rules_sha256=inspector.rules_sha256 if inspector else "",
        images=images,
    )


def image_record(named: NamedInspection, picture: str | None = None) -> ImageRecord:
    """One inspection as results.json lists it; a failed image has empty lists and an error."""
    inspection = named.inspection
    if inspection is None:
        return ImageRecord(id=named.id, file=named.file, error=named.error or "not inspected")
    frame = inspection.frame
    return ImageRecord(
        id=named.id,
        file=named.file,
        width_px=frame.width_px,
        height_px=frame.height_px,
        stamp_s=frame.stamp_s,
        camera=frame.radiometry.camera,
        scene=SceneRecord(**vars(frame.radiometry.scene)),
        picture=picture,
        detections=[DetectionRecord(**_detection(d)) for d in inspection.detections],
        readings=[_reading(r) for r in inspection.readings],
        verdicts=[_verdict(v) for v in inspection.verdicts],
    )


def _detection(detection: Detection) -> dict[str, Any]:
    edges = detection.box.as_list()
    return {"class_name": detection.class_name, "score": detection.score, "box": edges}


def _reading(reading: Reading) -> ReadingRecord:
    return ReadingRecord(
        **_detection(reading.detection),
        measured_c=reading.measured_c,
        corrected_c=reading.corrected_c,
        uncertainty_c=reading.uncertainty_c,
        mean_c=reading.mean_c,
        min_c=reading.min_c,
        background_c=reading.background_c,
        hot_spot_px=reading.hot_spot_px,
        distance_m=reading.distance_m,
        emissivity=reading.emissivity,
        small_target_c=reading.small_target_c,
        stands_out=reading.stands_out,
        over_peers_k=reading.over_peers_k,
        correction=reading.correction,
        flags=sorted(reading.flags),
    )


def _verdict(verdict: Verdict) -> VerdictRecord:
    return VerdictRecord(
        **_detection(verdict.reading.detection),
        severity=verdict.severity,
        provisional=verdict.provisional,
        rule=verdict.rule,
        rule_source=verdict.rule_source,
        hot_spot_px=verdict.reading.hot_spot_px,
        t1_c=verdict.t1_c,
        t2_c=verdict.t2_c,
        t0_c=verdict.t0_c,
        relative_difference=verdict.relative_difference,
        reason=verdict.reason,
        t2_source=verdict.t2_source,
        t0_source=verdict.t0_source,
        also=list(verdict.also),
        cautions=list(verdict.cautions),
    )


def write_results(path: Path, results: Results) -> None:
    """Write results.json whole or not at all. Raises ResultsError when it can't be written."""
    text = results.model_dump_json(by_alias=True, indent=1)
    try:
        write_bytes(path, (text + "\n").encode("utf-8"))
    except OSError as error:
        raise ResultsError(f"{path}: can't be written: {error.strerror or error}") from error


def read_results(path: Path) -> Results:
    """Read and check results.json. Raises ResultsError naming the file and the key."""
    try:
        return Results.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultsError(f"{path}: can't be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ResultsError(
            f"{path}: no results of 'thermoscout inspect': {where or 'content'}: {first['msg']}"
        ) from error


def results_schema() -> str:
    """The JSON schema of results.json, as config/schema/results.schema.json holds it."""
    schema = Results.model_json_schema(by_alias=True, mode="serialization")
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(results_schema(), end="")

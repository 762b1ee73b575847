"""Parameters of the flow from frames to verdicts: detector, correction, judge."""

from __future__ import annotations

from thermoscout_core.detection.backends import BACKENDS, DEFAULT_RUNTIME
from thermoscout_core.detection.detector import SHIPPED_MODELS
from thermoscout_core.detection.looks import LOOKS
from thermoscout_nodes.parameter_tables.shared import (
    AMBIENT_MAX_AGE,
    LIFECYCLE,
    NOT_STATED,
    NOT_STATED_C,
    YES_NO,
)
from thermoscout_nodes.parameters import Parameter, Table
from thermoscout_nodes.trusted_files import input_file, output_path


def _a_number_of_looks(value: int) -> str:
    allowed = (0, *LOOKS)
    return "" if value in allowed else f"it is one of {', '.join(map(str, allowed))}, not {value}"


DETECTOR: Table = (
    *LIFECYCLE,
    Parameter(
        "model",
        "",
        "ONNX file of the detector; empty is the shipped small, with TensorRT float32; names: "
        "float32, int8, small.",
        check=input_file(".onnx", ".plan", ".engine", shipped=SHIPPED_MODELS),
    ),
    Parameter(
        "score_threshold",
        0.0,
        "Detections below it are left out; 0 is the model's own operating point.",
        minimum=0.0,
        maximum=1.0,
        dynamic=True,
    ),
    Parameter(
        "iou_threshold",
        0.0,
        "Boxes of one class that overlap more are one; 0 is the model's own.",
        minimum=0.0,
        maximum=1.0,
    ),
    Parameter("max_detections", 100, "At most so many per frame.", minimum=1, maximum=1000),
    Parameter(
        "looks",
        1,
        "How often each frame is looked at: 1; 2: also as its mirror image; 12: also closer and "
        "from further away, as `thermoscout inspect` does; 0: as often as the model can. More "
        "finds more, in as many times the network's time.",
        minimum=0,
        maximum=max(LOOKS),
        check=_a_number_of_looks,
    ),
    Parameter("threads", 2, "CPU threads of the network.", minimum=1, maximum=64),
    Parameter(
        "runtime",
        DEFAULT_RUNTIME,
        "What runs the network; `thermoscout bench` tells which is the fastest.",
        choices=tuple(BACKENDS),
    ),
    Parameter(
        "fallback_runtimes",
        "",
        "Runtimes to take in turn where that one isn't there or has no engine, by commas; empty "
        "fails instead. The one that runs is on /diagnostics.",
    ),
)


TEMPERATURE_CORRECTION: Table = (
    *LIFECYCLE,
    Parameter(
        "network",
        "",
        "npz file of the BP network; empty is the shipped one.",
        check=input_file(".npz"),
    ),
    Parameter("use_network", True, "False corrects by the physical model alone."),
    Parameter(
        "find_hot_regions",
        True,
        "Look for heat where nothing was detected too; some 5 ms a frame.",
    ),
    Parameter(
        "range_max_age",
        0.5,
        "A distance older than this, as seen from the frame, is stale: not corrected with.",
        unit="s",
        minimum=0.01,
        maximum=60.0,
    ),
    AMBIENT_MAX_AGE,
    Parameter(
        "emissivity",
        0.0,
        "Of what is looked at, instead of the camera's setting; 0 leaves it to the camera.",
        minimum=0.0,
        maximum=1.0,
        dynamic=True,
    ),
    Parameter(
        "reflected_temperature",
        NOT_STATED_C,
        "Reflected apparent temperature, instead of the camera's; -274 leaves it to the camera, "
        "else it is the air's.",
        unit="°C",
        minimum=NOT_STATED_C,
        maximum=300.0,
        dynamic=True,
    ),
    Parameter(
        "air_temperature",
        NOT_STATED_C,
        "Where ambient/temperature says nothing; -274 leaves it to the camera.",
        unit="°C",
        minimum=NOT_STATED_C,
        maximum=60.0,
        dynamic=True,
    ),
    Parameter(
        "relative_humidity",
        -1.0,
        "0 … 1, where ambient/humidity says nothing; -1 leaves it to the camera.",
        minimum=-1.0,
        maximum=1.0,
        dynamic=True,
    ),
    Parameter(
        "instrument_uncertainty",
        0.0,
        "Standard uncertainty of a camera that doesn't state its own; 0 is unknown, and so is "
        "the readings'.",
        unit="K",
        minimum=0.0,
        maximum=20.0,
    ),
    Parameter(
        "dead_pixels",
        "",
        "Picture of the frame's size in which the camera's dead pixels aren't black; empty for "
        "none.",
        check=input_file(".png", ".tif", ".tiff", ".bmp"),
    ),
    Parameter(
        "hot_spot_min_pixels",
        1,
        "Hot spots of fewer connected pixels are passed over as glints; 1 passes over none, they "
        "are flagged too_small.",
        unit="px",
        minimum=1,
        maximum=1000,
    ),
    Parameter(
        "hot_spot_percentile",
        100.0,
        "Pixels above this percentile of the box don't count as a hot spot.",
        unit="%",
        minimum=50.0,
        maximum=100.0,
    ),
)


FAULT_JUDGE: Table = (
    *LIFECYCLE,
    Parameter(
        "rules",
        "",
        "Rule set: a shipped one's name (thermoscout rules list) or a YAML file; empty is dlt664.",
        check=input_file(".yaml", ".yml", plain_names=True),
    ),
    AMBIENT_MAX_AGE,
    Parameter(
        "wind_speed",
        NOT_STATED,
        "Verdicts are judged by it and say so; -1: nobody knows it.",
        unit="m/s",
        minimum=NOT_STATED,
        maximum=100.0,
        dynamic=True,
    ),
    Parameter(
        "load_share",
        NOT_STATED,
        "Current over rated current, 1 is the rated one; -1: nobody knows it.",
        minimum=NOT_STATED,
        maximum=10.0,
        dynamic=True,
    ),
    Parameter(
        "direct_sun",
        "unknown",
        "Whether the sun shines on the equipment.",
        choices=YES_NO,
        dynamic=True,
    ),
    Parameter(
        "precipitation",
        "unknown",
        "Whether there is rain, snow or fog.",
        choices=YES_NO,
        dynamic=True,
    ),
    Parameter(
        "raise_n",
        3,
        "An alarm is raised when so many of the last raise_m verdicts of a piece are faults.",
        minimum=1,
        maximum=1000,
    ),
    Parameter("raise_m", 5, "See raise_n.", minimum=1, maximum=1000),
    Parameter(
        "clear_n",
        8,
        "An alarm is cleared, or made milder, when so many of the last clear_m verdicts are.",
        minimum=1,
        maximum=1000,
    ),
    Parameter("clear_m", 10, "See clear_n.", minimum=1, maximum=1000),
    Parameter(
        "max_gap",
        2.0,
        "Equipment that wasn't seen for so long is out of view.",
        unit="s",
        minimum=0.05,
        maximum=60.0,
    ),
    Parameter(
        "history_path",
        "",
        "File that the patrol is written into (docs/history.md); empty writes none.",
        check=output_path,
    ),
    Parameter(
        "history_interval",
        1.0,
        "So often a frame is written into the history; alarms and new equipment at once.",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    ),
    Parameter(
        "marker_size",
        0.3,
        "Diameter of a marker's sphere.",
        unit="m",
        minimum=0.01,
        maximum=10.0,
        dynamic=True,
    ),
)

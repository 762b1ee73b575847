"""The parameters of every node: one table each. docs/parameters.md and config/inspection.yaml are
written from here by ``python -m thermoscout_nodes.parameter_files``."""

from __future__ import annotations

from thermoscout_core.cameras.object_parameters import object_parameters_problem
from thermoscout_core.detection.backends import BACKENDS, DEFAULT_RUNTIME
from thermoscout_core.device_urls import secret_in
from thermoscout_nodes.parameters import Parameter, Table
from thermoscout_nodes.trusted_files import input_file, no_traversal, output_path

NOT_STATED_C = -274.0
"""No temperature: below absolute zero."""

AUTOSTART = Parameter(
    "autostart",
    True,
    "Configure and activate by itself; false waits for a lifecycle manager.",
)

AMBIENT_MAX_AGE = Parameter(
    "ambient_max_age",
    60.0,
    "Air temperature and humidity from topics hold for so long.",
    unit="s",
    minimum=0.0,
    maximum=3600.0,
    dynamic=True,
)

IR_CAMERA: Table = (
    AUTOSTART,
    Parameter(
        "url",
        "sim://patrol?seed=7&width=640&height=512&rate=25",
        "The camera: sim://patrol?…, file:///folder?rate=2&loop=0, bag:///bag, rtsp://, gige://, "
        "isapi:// or uvc:// (docs/cameras.md). No user and password here.",
        check=secret_in,
    ),
    Parameter(
        "pipeline",
        "",
        "rtsp:// only: a GStreamer pipeline that ends in appsink, for hardware decoding; {url} in "
        "it becomes the camera's address.",
    ),
    Parameter("frame_id", "ir_camera_optical_frame", "Optical frame of the camera (REP-103)."),
    Parameter(
        "calibration",
        "",
        "The camera's calibration for camera_info: a YAML file of camera_info_manager's format.",
    ),
    Parameter(
        "horizontal_fov",
        0.0,
        "Without a calibration camera_info is made from this field of view; 0 takes what the "
        "camera states, if it does.",
        unit="rad",
        minimum=0.0,
        maximum=3.1,
    ),
    Parameter(
        "object_parameters",
        "",
        "Set in the camera itself and read back: emissivity=0.95 reflected_c=20 air_c=15 "
        "relative_humidity=0.5 distance_m=3, as many as wanted; the others stay the camera's.",
        dynamic=True,
        check=object_parameters_problem,
    ),
    Parameter(
        "lockstep",
        False,
        "Publish a frame only after the verdicts of the one before came, so that none is dropped; "
        "for files, not for live cameras.",
    ),
    Parameter(
        "lockstep_timeout",
        10.0,
        "In lockstep: send the frame again when no verdicts came for so long, then go on.",
        unit="s",
        minimum=0.1,
        maximum=600.0,
    ),
    Parameter(
        "silence_timeout",
        0.8,
        "A camera that gave frames and gives none for so long (and for 2.5 of its periods) is "
        "lost: diagnostics report an error, and it is opened again.",
        unit="s",
        minimum=0.1,
        maximum=60.0,
        dynamic=True,
    ),
    Parameter(
        "first_frame_timeout",
        5.0,
        "So long a camera may take from connected to its first frame.",
        unit="s",
        minimum=0.5,
        maximum=120.0,
    ),
    Parameter(
        "hardware_id",
        "",
        "The only camera to take, as diagnostics name it; empty takes the first that answers, and "
        "after a loss only that one back.",
    ),
    Parameter("any_device", False, "After a loss, take another camera back as well."),
)

LASER_RANGEFINDER: Table = (
    AUTOSTART,
    Parameter(
        "url",
        "sim://patrol?seed=7",
        "The rangefinder: serial:///dev/…?protocol=… or socket://host:port?protocol=… "
        "(docs/rangefinders.md), sim://patrol?seed=N (the simulated camera's own patrol), or none "
        "for a robot without one.",
    ),
    Parameter("frame_id", "laser_rangefinder", "Frame of the beam, x forward (REP-103)."),
    Parameter(
        "rate",
        0.0,
        "Measurements a second, confirmed by the device where it can; 0 leaves it to the url and "
        "to the device.",
        unit="Hz",
        minimum=0.0,
        maximum=1000.0,
        dynamic=True,
    ),
    Parameter(
        "silence_timeout",
        0.8,
        "A rangefinder that gave samples and gives none for so long (and for the longest that one "
        "of its measurements takes) is lost: diagnostics report an error, and it is opened again.",
        unit="s",
        minimum=0.1,
        maximum=60.0,
        dynamic=True,
    ),
    Parameter(
        "first_sample_timeout",
        5.0,
        "So long a rangefinder may take from connected to its first sample.",
        unit="s",
        minimum=0.5,
        maximum=120.0,
    ),
    Parameter(
        "hardware_id",
        "",
        "The only rangefinder to take, as diagnostics name it; empty takes the first that "
        "answers, and after a loss only that one back.",
    ),
    Parameter("any_device", False, "After a loss, take another rangefinder back as well."),
)

DETECTOR: Table = (
    AUTOSTART,
    Parameter(
        "model",
        "",
        "ONNX file of the detector; empty is the shipped one.",
        check=input_file(".onnx", ".plan", ".engine"),
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
    AUTOSTART,
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
    AUTOSTART,
    Parameter(
        "rules",
        "",
        "Rule set: a shipped one's name (thermoscout rules list) or a YAML file; empty is dlt664.",
        check=input_file(".yaml", ".yml", plain_names=True),
    ),
    AMBIENT_MAX_AGE,
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

BAG_RECORDER: Table = (
    AUTOSTART,
    Parameter(
        "output",
        "thermoscout_bag",
        "Folder of the bag; where it exists, NAME_2 is taken, and so on.",
        check=output_path,
    ),
    Parameter(
        "compress",
        True,
        "Zstandard-compress the bag's chunks (read by ros2 bag as it is); smaller, for some CPU.",
    ),
    Parameter(
        "topics",
        "everything",
        "everything, or the inputs alone: what a replay needs to come to the same verdicts.",
        choices=("everything", "inputs"),
    ),
    Parameter(
        "exclude",
        "^/(rosout|parameter_events)$",
        "Regular expression: topics that are not recorded.",
    ),
    Parameter(
        "queue_mib",
        256,
        "Messages that wait for the disk; what doesn't fit is dropped and counted.",
        unit="MiB",
        minimum=1,
        maximum=65536,
    ),
    Parameter(
        "reserve_mib",
        500,
        "Recording ends in order when less of the disk is free.",
        unit="MiB",
        minimum=0,
        maximum=1048576,
        dynamic=True,
    ),
)

BAG_PLAYER: Table = (
    AUTOSTART,
    Parameter("bag", "", "Folder of the bag to play.", check=no_traversal),
    Parameter(
        "recorded_namespace", "", "Namespace of the robot that recorded the bag, if it had one."
    ),
    Parameter(
        "rate",
        1.0,
        "Bag seconds per second, at most: the graph's verdicts are always waited for. 0 is as "
        "fast as the graph judges.",
        minimum=0.0,
        maximum=1000.0,
        dynamic=True,
    ),
    Parameter("paused", False, "Stand still.", dynamic=True),
    Parameter(
        "position",
        0.0,
        "Where to begin; set while it plays: go there.",
        unit="s",
        minimum=0.0,
        maximum=1e9,
        dynamic=True,
    ),
    Parameter(
        "at_end",
        "stop",
        "stop ends the process, loop begins again, wait stays there for another position.",
        choices=("stop", "loop", "wait"),
    ),
    Parameter(
        "answer_timeout",
        10.0,
        "A frame that has no verdicts after so long is played once more; then the bag goes on.",
        unit="s",
        minimum=0.1,
        maximum=600.0,
    ),
)

FOXGLOVE_SERVER: Table = (
    AUTOSTART,
    Parameter(
        "host",
        "127.0.0.1",
        "Where it listens; 0.0.0.0 lets everybody on the robot's network look (docs/security.md).",
    ),
    Parameter("port", 8765, "0 takes a free one.", minimum=0, maximum=65535),
    Parameter(
        "topics",
        ".*",
        "Regular expression: topics that are offered.",
    ),
)

TABLES: dict[str, Table] = {
    "ir_camera": IR_CAMERA,
    "laser_rangefinder": LASER_RANGEFINDER,
    "detector": DETECTOR,
    "temperature_correction": TEMPERATURE_CORRECTION,
    "fault_judge": FAULT_JUDGE,
    "bag_recorder": BAG_RECORDER,
    "bag_player": BAG_PLAYER,
    "foxglove_server": FOXGLOVE_SERVER,
}
"""Node name -> its table."""

"""Parameters of the nodes that drive devices: camera and rangefinder."""

from __future__ import annotations

from thermoscout_core.cameras.object_parameters import object_parameters_problem
from thermoscout_core.device_urls import secret_in
from thermoscout_nodes.parameter_tables.shared import LIFECYCLE
from thermoscout_nodes.parameters import Parameter, Table

IR_CAMERA: Table = (
    *LIFECYCLE,
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
    *LIFECYCLE,
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

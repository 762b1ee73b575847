"""Parameters of the nodes that record, play and show: bags, and the server for Foxglove."""

from __future__ import annotations

from thermoscout_nodes.parameter_tables.shared import LIFECYCLE
from thermoscout_nodes.parameters import Parameter, Table
from thermoscout_nodes.trusted_files import no_traversal, output_path

BAG_RECORDER: Table = (
    *LIFECYCLE,
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
    *LIFECYCLE,
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
    *LIFECYCLE,
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

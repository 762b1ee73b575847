"""The inspection graph: ros2 launch thermoscout inspection.launch.py --show-args."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    LaunchConfiguration,
    OrSubstitution,
    PathJoinSubstitution,
)
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from thermoscout_nodes import dds_profile
from thermoscout_nodes.launch_overrides import overrides_file

SHARE = FindPackageShare("thermoscout")
NODES = (
    "fault_judge",
    "temperature_correction",
    "detector",
    "laser_rangefinder",
    "ir_camera",
)
"""In the order of their start: whoever listens before whoever speaks."""
ORDER = {
    "fault_judge": {"end_after": "temperature_correction"},
    "temperature_correction": {
        "start_after": "fault_judge",
        "end_after": "detector, laser_rangefinder",
    },
    "detector": {"start_after": "temperature_correction", "end_after": "ir_camera"},
    "laser_rangefinder": {"start_after": "temperature_correction"},
    "ir_camera": {"start_after": "detector, temperature_correction"},
}
"""Of nodes in processes of their own; within one process it is the process that sees to it."""
RESPAWN_DELAY_S = 0.3
VIEWERS = ("rviz", "foxglove")


def _start(context: LaunchContext) -> list[Node]:
    one_process = IfCondition(LaunchConfiguration("one_process")).evaluate(context)
    respawn = IfCondition(LaunchConfiguration("respawn")).evaluate(context)
    record = LaunchConfiguration("record").perform(context)
    asked = {
        "ir_camera": {"url": LaunchConfiguration("camera_url").perform(context)},
        "laser_rangefinder": {"url": LaunchConfiguration("rangefinder_url").perform(context)},
        "bag_recorder": {
            "output": record,
            "topics": LaunchConfiguration("record_topics").perform(context),
            "end_after": "fault_judge",
        },
    }
    if not one_process:
        asked = {node: {**asked.get(node, {}), **ORDER.get(node, {})} for node in asked | ORDER}
    overrides = overrides_file(asked)
    executables = ("inspection",) if one_process else NODES
    return [
        Node(
            package="thermoscout",
            executable=executable,
            namespace=LaunchConfiguration("namespace"),
            parameters=[LaunchConfiguration("params_file"), *overrides],
            output="screen",
            respawn=respawn,
            respawn_delay=RESPAWN_DELAY_S,
        )
        for executable in (*(["bag_recorder"] if record else []), *executables)
    ]


def generate_launch_description() -> LaunchDescription:
    """Every argument has a default, and the defaults of the parameters live in params_file."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "params_file",
                default_value=PathJoinSubstitution([SHARE, "config", "inspection.yaml"]),
                description="Parameters of every node (see docs/parameters.md).",
            ),
            DeclareLaunchArgument(
                "namespace", default_value="", description="Namespace, one a robot."
            ),
            DeclareLaunchArgument(
                "one_process",
                default_value="true",
                choices=["true", "false"],
                description="All nodes in one process (least memory and latency), or one each.",
            ),
            DeclareLaunchArgument(
                "camera_url",
                default_value="",
                description="Overrides the camera's address in params_file; empty leaves it.",
            ),
            DeclareLaunchArgument(
                "rangefinder_url",
                default_value="",
                description="Overrides the rangefinder's address in params_file; none: there is "
                "no rangefinder; empty leaves it.",
            ),
            DeclareLaunchArgument(
                "record",
                default_value="",
                description="Record into a bag of this name (NAME_2 where NAME exists, and so "
                "on); empty records nothing.",
            ),
            DeclareLaunchArgument(
                "record_topics",
                default_value="everything",
                choices=["everything", "inputs"],
                description="What is recorded: every topic, or what a replay needs.",
            ),
            DeclareLaunchArgument(
                "respawn",
                default_value="true",
                choices=["true", "false"],
                description=f"Start a process again {RESPAWN_DELAY_S:g} s after it ended.",
            ),
            DeclareLaunchArgument(
                "rviz",
                default_value="false",
                choices=["true", "false"],
                description="Open rviz2 too (view.launch.py).",
            ),
            DeclareLaunchArgument(
                "foxglove",
                default_value="false",
                choices=["true", "false"],
                description="Serve the topics to Foxglove too (view.launch.py).",
            ),
            *(SetEnvironmentVariable(*item) for item in dds_profile.to_set().items()),
            OpaqueFunction(function=_start),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([SHARE, "launch", "view.launch.py"])
                ),
                launch_arguments={
                    name: LaunchConfiguration(name)
                    for name in ("namespace", "params_file", "rviz", "foxglove")
                }.items(),
                condition=IfCondition(OrSubstitution(*map(LaunchConfiguration, VIEWERS))),
            ),
        ]
    )

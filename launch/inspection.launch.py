"""The inspection graph: ros2 launch thermoscout inspection.launch.py --show-args."""

import json
from tempfile import NamedTemporaryFile

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("thermoscout")
NODES = (
    "ir_camera",
    "laser_rangefinder",
    "detector",
    "temperature_correction",
    "fault_judge",
)
URLS = {"ir_camera": "camera_url", "laser_rangefinder": "rangefinder_url"}
RESPAWN_DELAY_S = 2.0


def _overrides(context: LaunchContext) -> list[str]:
    """A parameter file with the devices' addresses that were given; none when none was.

    A file, because -p takes no wildcard and a plain dictionary would go to every node.
    """
    nodes = {}
    for node, argument in URLS.items():
        url = LaunchConfiguration(argument).perform(context)
        if url:
            nodes[f"/**/{node}"] = {"ros__parameters": {"url": url}}
    if not nodes:
        return []
    with NamedTemporaryFile(
        "w", prefix="thermoscout_launch_", suffix=".yaml", delete=False, encoding="utf-8"
    ) as file:
        json.dump(nodes, file)  # JSON is YAML
    return [file.name]


def _start(context: LaunchContext) -> list[Node]:
    one_process = IfCondition(LaunchConfiguration("one_process")).evaluate(context)
    respawn = IfCondition(LaunchConfiguration("respawn")).evaluate(context)
    overrides = _overrides(context)
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
        for executable in (("inspection",) if one_process else NODES)
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
            OpaqueFunction(function=_start),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([SHARE, "launch", "view.launch.py"])
                ),
                launch_arguments={"namespace": LaunchConfiguration("namespace")}.items(),
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )

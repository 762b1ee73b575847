"""A bag through the graph: ros2 launch thermoscout replay.launch.py --show-args."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.conditions import IfCondition
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    LaunchConfiguration,
    OrSubstitution,
    PathJoinSubstitution,
)
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from thermoscout_nodes.launch_overrides import overrides_file

SHARE = FindPackageShare("thermoscout")
YES_NO = ["true", "false"]
VIEWERS = ("rviz", "foxglove")
PLAYER = ("bag", "rate", "position", "paused", "at_end", "recorded_namespace")
"""Arguments that are parameters of bag_player."""


def _start(context: LaunchContext) -> list[Node]:
    given = {name: LaunchConfiguration(name).perform(context) for name in PLAYER}
    return [
        Node(
            package="thermoscout",
            executable="replay",
            namespace=LaunchConfiguration("namespace"),
            parameters=[
                LaunchConfiguration("params_file"),
                *overrides_file({"bag_player": given}),
            ],
            output="screen",
            on_exit=EmitEvent(event=Shutdown(reason="the replay has ended")),
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """The detector, the correction and the judge on the bag's time; ends with the bag."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="Folder of the bag."),
            DeclareLaunchArgument(
                "rate",
                default_value="1.0",
                description="Bag seconds per second, at most: the verdicts are always waited for; "
                "0 is as fast as the graph judges. While it plays: "
                "ros2 param set /bag_player rate 0.5",
            ),
            DeclareLaunchArgument(
                "position",
                default_value="0.0",
                description="Begin so many seconds in. While it plays: "
                "ros2 param set /bag_player position 12.0",
            ),
            DeclareLaunchArgument(
                "paused",
                default_value="false",
                choices=YES_NO,
                description="Begin paused. While it plays: ros2 param set /bag_player paused true",
            ),
            DeclareLaunchArgument(
                "at_end",
                default_value="stop",
                choices=["stop", "loop", "wait"],
                description="What comes after the bag's end.",
            ),
            DeclareLaunchArgument(
                "recorded_namespace",
                default_value="",
                description="Namespace of the robot that recorded the bag, if it had one.",
            ),
            DeclareLaunchArgument(
                "namespace", default_value="", description="Namespace of the replayed graph."
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value=PathJoinSubstitution([SHARE, "config", "inspection.yaml"]),
                description="Parameters of every node (see docs/parameters.md).",
            ),
            DeclareLaunchArgument(
                "rviz",
                default_value="false",
                choices=YES_NO,
                description="Open rviz2 too (view.launch.py).",
            ),
            DeclareLaunchArgument(
                "foxglove",
                default_value="false",
                choices=YES_NO,
                description="Serve the topics to Foxglove too (view.launch.py).",
            ),
            OpaqueFunction(function=_start),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([SHARE, "launch", "view.launch.py"])
                ),
                launch_arguments={
                    "use_sim_time": "true",
                    **{
                        name: LaunchConfiguration(name)
                        for name in ("namespace", "params_file", "rviz", "foxglove")
                    },
                }.items(),
                condition=IfCondition(OrSubstitution(*map(LaunchConfiguration, VIEWERS))),
            ),
        ]
    )

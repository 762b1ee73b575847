"""What the graph sees, in rviz2 or Foxglove: ros2 launch thermoscout view.launch.py -s."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

# The beam looks where the camera looks: x of the beam is z of the optical frame (REP-103).
SAME_PLACE = ("--qx", "0.5", "--qy", "-0.5", "--qz", "0.5", "--qw", "0.5")


def generate_launch_description() -> LaunchDescription:
    """rviz2 with our displays; optionally the one transform that a bench without a robot lacks."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace", default_value="", description="Namespace of the graph to look at."
            ),
            DeclareLaunchArgument(
                "rviz_config",
                default_value=PathJoinSubstitution(
                    [FindPackageShare("thermoscout"), "config", "rviz", "inspection.rviz"]
                ),
                description="The displays.",
            ),
            DeclareLaunchArgument(
                "static_frames",
                default_value="true",
                choices=["true", "false"],
                description="Say that the rangefinder sits at the camera and looks along with "
                "it; false where a robot description already tells.",
            ),
            DeclareLaunchArgument(
                "use_sim_time",
                default_value="false",
                choices=["true", "false"],
                description="Of a replay: time comes from /clock.",
            ),
            DeclareLaunchArgument(
                "rviz", default_value="true", choices=["true", "false"], description="Open rviz2."
            ),
            DeclareLaunchArgument(
                "foxglove",
                default_value="false",
                choices=["true", "false"],
                description="Serve the topics to Foxglove on ws://127.0.0.1:8765 (parameters of "
                "foxglove_server; needs pip install 'thermoscout[foxglove]').",
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value=PathJoinSubstitution(
                    [FindPackageShare("thermoscout"), "config", "inspection.yaml"]
                ),
                description="Parameters of foxglove_server.",
            ),
            Node(
                package="thermoscout",
                executable="foxglove_server",
                namespace=LaunchConfiguration("namespace"),
                parameters=[LaunchConfiguration("params_file")],
                output="screen",
                condition=IfCondition(LaunchConfiguration("foxglove")),
            ),
            Node(
                package="rviz2",
                executable="rviz2",
                namespace=LaunchConfiguration("namespace"),
                arguments=["-d", LaunchConfiguration("rviz_config")],
                parameters=[{"use_sim_time": LaunchConfiguration("use_sim_time")}],
                output="screen",
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
            Node(
                package="tf2_ros",
                executable="static_transform_publisher",
                arguments=[
                    *SAME_PLACE,
                    "--frame-id",
                    "ir_camera_optical_frame",
                    "--child-frame-id",
                    "laser_rangefinder",
                ],
                condition=IfCondition(LaunchConfiguration("static_frames")),
            ),
        ]
    )

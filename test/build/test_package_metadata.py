"""What package.xml, setup.py, CMake and the core say about the package agrees."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import thermoscout_core

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = ElementTree.parse(REPOSITORY / "package.xml").getroot()
EXECUTABLES = {
    "bag_recorder",
    "demo",
    "detector",
    "fault_judge",
    "foxglove_server",
    "inspection",
    "ir_camera",
    "laser_rangefinder",
    "replay",
    "soak",
    "temperature_correction",
}
# Imported in nodes and launch files, and named for other reasons in package.xml.
PYTHON_OF_ROS = {
    "ament_index_python",
    "builtin_interfaces",
    "cv_bridge",
    "diagnostic_msgs",
    "geometry_msgs",
    "launch",
    "launch_ros",
    "lifecycle_msgs",
    "rcl_interfaces",
    "rclpy",
    "rosgraph_msgs",
    "rosidl_runtime_py",
    "sensor_msgs",
    "std_msgs",
    "std_srvs",
    "vision_msgs",
    "visualization_msgs",
}


def setup_py(field: str) -> str:
    environment_free = [sys.executable, "setup.py", f"--{field}"]
    done = subprocess.run(
        environment_free, cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def imported_packages(folder: Path) -> set[str]:
    """The top-level names that the Python files of a folder import."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names


def test_package_xml_states_the_version_of_the_core() -> None:
    assert MANIFEST.findtext("version") == thermoscout_core.__version__


def test_setup_py_states_the_version_of_the_core() -> None:
    assert setup_py("version") == thermoscout_core.__version__


def test_setup_py_names_the_package_as_package_xml_does() -> None:
    assert setup_py("name") == MANIFEST.findtext("name") == "thermoscout"


def test_the_licence_is_apache_everywhere() -> None:
    licence = (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert MANIFEST.findtext("license") == "Apache-2.0"
    assert "Apache License" in licence and "END OF TERMS AND CONDITIONS" in licence


def test_package_xml_names_every_ros_package_that_is_imported() -> None:
    imported = imported_packages(REPOSITORY / "src" / "thermoscout_nodes")
    imported |= imported_packages(REPOSITORY / "launch")
    named = {
        element.text for tag in ("depend", "exec_depend") for element in MANIFEST.findall(tag)
    }
    assert (imported & PYTHON_OF_ROS) <= named


def test_every_executable_leads_to_a_main_function() -> None:
    commands = configparser.ConfigParser()
    commands.read(REPOSITORY / "src" / "thermoscout_nodes.cfg")
    lines = commands["options.entry_points"]["console_scripts"].split("\n")
    scripts = dict(re.split(r"\s*=\s*", line) for line in lines if line)
    assert set(scripts) == EXECUTABLES
    for name, target in scripts.items():
        assert target == f"thermoscout_nodes.commands:{name}"
        source = REPOSITORY / "src" / "thermoscout_nodes" / f"{name}.py"
        functions = {
            node.name
            for node in ast.parse(source.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
        }
        assert "main" in functions, source

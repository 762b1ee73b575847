"""The core runs on a robot without torch and on a workstation without ROS."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "src"
CORE = SOURCES / "thermoscout_core"
LEARNING = CORE / "learning"

# torch and what only training and export use.
TRAINING_ONLY = {
    *("faster_coco_eval", "onnxscript", "safetensors", "torch", "torchvision"),
}
# Libraries of one runtime or device each: its module alone may need them.
OPTIONAL = {"cuda", "openvino", "pycuda", "tensorrt"}
ROS = {"ament_index_python", "cv_bridge", "launch", "rclpy", "sensor_msgs", "thermoscout"}


def core_modules() -> list[str]:
    """Every module of the core outside learning/, by its dotted name; __main__ would run."""
    paths = (
        path
        for path in CORE.rglob("*.py")
        if LEARNING not in path.parents and path.name != "__main__.py"
    )
    names = (path.relative_to(SOURCES).with_suffix("").as_posix() for path in paths)
    return sorted(name.replace("/", ".").removesuffix(".__init__") for name in names)


def imports_of(path: Path) -> set[str]:
    """The top-level names that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def loaded_after(imports: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after those imports."""
    code = f"{imports}\nimport sys\nprint('\\n'.join(sorted(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stdout.split()}


def test_no_module_of_the_core_loads_ros_or_torch() -> None:
    imports = "\n".join(
        f"try:\n  import {name}\n"
        f"except ModuleNotFoundError as error:\n  assert error.name.split('.')[0] in {OPTIONAL}"
        for name in core_modules()
    )
    assert not loaded_after(imports) & (ROS | TRAINING_ONLY)


def test_the_command_line_loads_neither_torch_nor_the_network_runtime_to_start() -> None:
    loaded = loaded_after("import thermoscout_core.cli")
    assert not loaded & (ROS | TRAINING_ONLY | {"cv2", "matplotlib", "onnxruntime", "scipy"})


def test_only_learning_imports_torch() -> None:
    outside = [path for path in SOURCES.rglob("*.py") if LEARNING not in path.parents]
    guilty = [str(path) for path in outside if imports_of(path) & {"torch", "torchvision"}]
    assert not guilty


def test_only_the_nodes_import_ros() -> None:
    guilty = [str(path) for path in CORE.rglob("*.py") if imports_of(path) & ROS]
    assert not guilty

"""Makes the Python wheels of ROS 2 usable as an installation prefix.

The wheels unpack into a virtual environment, which then is an ament prefix. Two things are wrong
with it: the CMake files name the Python of the machine that built them, and every start of
Python is repeated once to set the library path. This module corrects the first and avoids the
second.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_BUILD_PYTHON = r"/opt/python/cp3\d+-cp3\d+"
_NUMPY_HEADERS = re.compile(
    _BUILD_PYTHON + r"/lib/python3\.\d+/site-packages/numpy/_?core/include"
)
_PYTHON_HEADERS = re.compile(_BUILD_PYTHON + r"/include/python3\.\d+")


def correct_cmake_exports(venv: Path, python_headers: str, numpy_headers: str) -> int:
    """Puts this interpreter's header folders into the wheels' CMake files.

    Returns how many files were changed; none when they were right already.
    """
    changed = 0
    for path in (venv / "share").glob("*/cmake/*.cmake"):
        before = path.read_text()
        after = _NUMPY_HEADERS.sub(lambda _: numpy_headers, before)
        after = _PYTHON_HEADERS.sub(lambda _: python_headers, after)
        if after != before:
            path.write_text(after)
            changed += 1
    return changed


def wheel_environment(venv: Path, base: dict[str, str]) -> dict[str, str]:
    """The process environment `base` with the private ROS 2 of `venv` in it."""
    libraries = [venv / "lib", *sorted(venv.glob("lib/python3*/site-packages/ros_*.libs"))]
    return {
        **base,
        "AMENT_PREFIX_PATH": str(venv),
        "CMAKE_PREFIX_PATH": str(venv),
        "LD_LIBRARY_PATH": os.pathsep.join(str(path) for path in libraries),
        "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",
        "ROS_DISTRO": "jazzy",
        "ROS_VERSION": "2",
        "ROS_PYTHON_VERSION": "3",
    }

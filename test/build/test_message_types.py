"""The built interfaces: the same on the wire as everybody's, and documented field by field."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MESSAGES = sorted(
    [*REPOSITORY.glob("msg/*.msg"), *REPOSITORY.glob("interfaces/vision_msgs/msg/*.msg")]
)

# The type hashes (REP-2011) of vision_msgs 4.1 as ROS 2 Jazzy ships it.
VISION_MSGS_HASHES = {
    "Detection2DArray": "RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968",
    "LabelInfo": "RIHS01_3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783",
}


def built_type_hash(package: str, message: str) -> str:
    """The type hash that the sourced workspace holds; skips where the distribution has none."""
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        path = Path(prefix) / "share" / package / "msg" / f"{message}.json"
        if prefix and path.is_file():
            hashes = json.loads(path.read_text(encoding="utf-8"))["type_hashes"]
            return next(
                entry["hash_string"]
                for entry in hashes
                if entry["type_name"] == f"{package}/msg/{message}"
            )
    pytest.skip(f"no type hash of {package} is sourced (no ROS 2, or Humble, which has none)")


@pytest.mark.parametrize("message", sorted(VISION_MSGS_HASHES))
def test_vision_msgs_is_the_same_on_the_wire(message: str) -> None:
    assert built_type_hash("vision_msgs", message) == VISION_MSGS_HASHES[message]


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("msg/*.msg")), ids=lambda path: path.stem)
def test_every_message_is_built(path: Path) -> None:
    messages = pytest.importorskip("thermoscout.msg", reason="the workspace is not sourced")
    assert hasattr(messages, path.stem)


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_every_field_states_its_unit_and_meaning(path: Path) -> None:
    undocumented = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.strip().startswith("#") and not re.search(r"#\s*\S", line)
    ]
    # A constant is explained by its name where its field explains the set (severity).
    undocumented = [line for line in undocumented if not re.match(r"^\w+ [A-Z_]+=\d+$", line)]
    assert not undocumented


def test_cmake_builds_every_message_file() -> None:
    for folder in (REPOSITORY, REPOSITORY / "interfaces" / "vision_msgs"):
        named = set(re.findall(r'"(msg/\w+\.msg)"', (folder / "CMakeLists.txt").read_text()))
        present = {f"msg/{path.name}" for path in (folder / "msg").glob("*.msg")}
        assert named == present

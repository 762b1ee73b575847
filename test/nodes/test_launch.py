"""Launch files and displays name what exists."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def topics(node: Any) -> list[str]:
    """Every topic in the tree of an rviz configuration."""
    if isinstance(node, list):
        return [topic for item in node for topic in topics(item)]
    if not isinstance(node, dict):
        return []
    own = [node["Topic"]["Value"]] if "Topic" in node else []
    return own + [topic for item in node.values() for topic in topics(item)]


def test_rviz_shows_topics_of_the_graph(graph: Any) -> None:
    from thermoscout_nodes.inspection import make_graph

    nodes = [graph.add(node) for node in make_graph(context=graph.context)]
    graph.spin_until(lambda: all(node.is_active for node in nodes))
    offered = {name.lstrip("/") for name, _ in graph.peer.get_topic_names_and_types()}
    tree = yaml.safe_load((ROOT / "config/rviz/inspection.rviz").read_text(encoding="utf-8"))
    shown = topics(tree)
    assert {"overlay", "thermal/temperature", "markers", "range"} <= set(shown)
    assert set(shown) <= offered


LAUNCH = sorted((ROOT / "launch").glob("*.launch.py"))


def calls(path: Path, function: str) -> list[ast.Call]:
    """Where a launch file calls a function. Read, not run: ROS 2's launch isn't on PyPI."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in found if getattr(call.func, "id", None) == function]


def stated(call: ast.Call, keyword: str) -> ast.expr | None:
    return next((entry.value for entry in call.keywords if entry.arg == keyword), None)


@pytest.mark.parametrize("path", LAUNCH, ids=lambda path: path.name)
def test_a_launch_file_describes_its_arguments(path: Path) -> None:
    arguments = {ast.literal_eval(c.args[0]): c for c in calls(path, "DeclareLaunchArgument")}
    assert arguments
    assert all(stated(call, "description") is not None for call in arguments.values())
    without = [name for name, call in arguments.items() if stated(call, "default_value") is None]
    assert without == (["bag"] if path.name == "replay.launch.py" else [])
    read = [call.args[0] for call in calls(path, "LaunchConfiguration")]
    assert {name.value for name in read if isinstance(name, ast.Constant)} <= set(arguments)


def test_the_nodes_of_processes_of_their_own_exist() -> None:
    tree = ast.parse((ROOT / "launch" / "inspection.launch.py").read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    nodes = next(n.value for n in assigned if ast.unparse(n.targets[0]) == "NODES")
    missing = [
        name
        for name in ast.literal_eval(nodes)
        if not (ROOT / "src" / "thermoscout_nodes" / f"{name}.py").is_file()
    ]
    assert not missing

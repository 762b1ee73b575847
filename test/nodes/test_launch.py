"""Launch files and displays name what exists; loaded where ROS 2's launch is installed."""

from __future__ import annotations

import importlib.util
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


@pytest.mark.parametrize("name", ["inspection", "replay", "view"])
def test_a_launch_file_describes_its_arguments(name: str) -> None:
    pytest.importorskip("launch_ros", reason="ROS 2's launch isn't installed here")
    path = ROOT / "launch" / f"{name}.launch.py"
    spec = importlib.util.spec_from_file_location(f"{name}_launch", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    arguments = module.generate_launch_description().get_launch_arguments()
    assert arguments
    assert all(argument.description for argument in arguments)
    without = [a.name for a in arguments if a.default_value is None]
    assert without == (["bag"] if name == "replay" else [])

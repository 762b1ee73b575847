"""One table is the node, the configuration file and the page in the docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.parameter import Parameter as RosParameter

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.parameter_files import (
    CONFIG,
    DOCS,
    parameters_markdown,
    parameters_yaml,
)
from thermoscout_nodes.parameter_tables import TABLES
from thermoscout_nodes.parameter_tables.shared import LIFECYCLE
from thermoscout_nodes.parameters import Parameter

ROOT = Path(__file__).resolve().parents[2]
TABLE = (
    *LIFECYCLE,
    Parameter("emissivity", 0.95, "Of the surface.", minimum=0.01, maximum=1.0, dynamic=True),
    Parameter("count", 3, "How many.", minimum=1, maximum=5),
    Parameter("mode", "fast", "How.", choices=("fast", "slow"), dynamic=True),
)


class Tabled(ManagedNode):
    def __init__(self, **options: Any) -> None:
        self.changes: list[set[str]] = []
        super().__init__("tabled", TABLE, **options)

    def parameters_changed(self, names: set[str]) -> None:
        self.changes.append(names)


def set_one(node: Any, name: str, value: Any) -> Any:
    return node.set_parameters([RosParameter(name, value=value)])[0]


def test_the_configuration_file_holds_every_default() -> None:
    tree = yaml.safe_load((ROOT / CONFIG).read_text(encoding="utf-8"))
    expected = {
        f"/**/{node}": {"ros__parameters": {p.name: p.default for p in table}}
        for node, table in TABLES.items()
    }
    assert tree == expected


def test_the_configuration_file_is_what_the_tables_write() -> None:
    assert (ROOT / CONFIG).read_text(encoding="utf-8") == parameters_yaml()


def test_the_docs_are_what_the_tables_write() -> None:
    assert (ROOT / DOCS).read_text(encoding="utf-8") == parameters_markdown()


@pytest.mark.parametrize("parameter", [p for table in TABLES.values() for p in table])
def test_every_default_is_allowed(parameter: Parameter) -> None:
    assert parameter.problem_with(parameter.default) == ""


def test_a_node_has_the_parameters_of_its_table_and_their_limits(graph: Any) -> None:
    node = graph.make(Tabled)
    assert {p.name: node.parameters[p.name] for p in TABLE} == {p.name: p.default for p in TABLE}
    limits = node.describe_parameter("emissivity").floating_point_range[0]
    assert (limits.from_value, limits.to_value) == (0.01, 1.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"emissivity": 1}, "emissivity must be a double, got 1; write 1.0 instead of 1"),
        ({"emissivity": 1.5}, r"emissivity must lie in 0.01 … 1, got 1.5"),
        ({"emissivity": float("nan")}, r"emissivity must lie in 0.01 … 1, got nan"),
        ({"count": 9}, "count must lie in 1 … 5, got 9"),
        ({"mode": "odd"}, "mode must be one of fast, slow, got 'odd'"),
        ({"emisivity": 0.9}, "unknown parameter emisivity; did you mean emissivity?"),
    ],
)
def test_a_wrong_override_ends_with_its_reason(
    graph: Any, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        graph.make(Tabled, given)
    assert said in str(raised.value)
    assert "/tabled" in str(raised.value)


def test_a_refused_set_says_why(graph: Any) -> None:
    node = graph.make(Tabled)
    outcome = set_one(node, "mode", "odd")
    assert not outcome.successful
    assert outcome.reason == "mode must be one of fast, slow, got 'odd'"
    assert node.parameters["mode"] == "fast"


def test_a_dynamic_parameter_is_applied_while_configured(graph: Any) -> None:
    node = graph.make(Tabled)
    graph.spin_until(lambda: node.is_active)
    assert set_one(node, "emissivity", 0.8).successful
    graph.spin_until(lambda: node.changes)
    assert node.changes == [{"emissivity"}]
    assert node.parameters["emissivity"] == 0.8


def test_another_parameter_waits_for_cleanup(graph: Any) -> None:
    node = graph.make(Tabled)
    graph.spin_until(lambda: node.is_active)
    outcome = set_one(node, "count", 4)
    assert not outcome.successful
    assert "cleanup" in outcome.reason
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert set_one(node, "count", 4).successful

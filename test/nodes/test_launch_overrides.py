"""What `ros2 launch` was given becomes a parameter file for the nodes that it is meant for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.launch_overrides import overrides_file


def test_texts_become_values_of_the_parameter_s_type() -> None:
    [path] = overrides_file(
        {"bag_player": {"bag": "a bag", "rate": "2", "paused": "True", "at_end": ""}}
    )
    tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    values = tree["/**/bag_player"]["ros__parameters"]
    assert values == {"bag": "a bag", "rate": 2.0, "paused": True}
    assert isinstance(values["rate"], float)


def test_nothing_given_makes_no_file() -> None:
    assert overrides_file({"ir_camera": {"url": ""}}) == []


@pytest.mark.parametrize(("name", "text"), [("rate", "quick"), ("paused", "perhaps")])
def test_a_text_of_another_type_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be a .*{text}"):
        overrides_file({"bag_player": {name: text}})

"""What was given on the command line of `ros2 launch`, as a parameter file for certain nodes.

A file, because -p takes no wildcard and a plain dictionary would go to every node of a process.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.graph_processes import write_overrides
from thermoscout_nodes.parameter_tables import TABLES
from thermoscout_nodes.parameters import Value


def overrides_file(given: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Node -> parameter -> text, "" for not given -> the path of a parameter file that lasts as
    long as this process; no path when nothing was given.

    Raises ConfigurationError for a text that isn't of the parameter's type.
    """
    nodes = {
        node: {name: _typed(node, name, text) for name, text in texts.items() if text}
        for node, texts in given.items()
    }
    nodes = {node: values for node, values in nodes.items() if values}
    if not nodes:
        return []
    with NamedTemporaryFile(prefix="thermoscout_launch_", suffix=".yaml", delete=False) as file:
        path = Path(file.name)
    atexit.register(path.unlink, missing_ok=True)
    write_overrides(path, nodes)
    return [str(path)]


def _typed(node: str, name: str, text: str) -> Value:
    kind = {parameter.name: type(parameter.default) for parameter in TABLES[node]}[name]
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        raise ConfigurationError(f"{name} must be a {kind.__name__}, got {text!r}") from None

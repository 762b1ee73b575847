"""The door from the command to the ROS 2 side, for the commands that need it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from thermoscout_core.errors import ConfigurationError


def nodes_module(name: str) -> Any:
    """The module of that name of the ROS 2 side.

    Raises ConfigurationError that says how to get one where no ROS 2 is in reach.
    """
    try:
        return import_module(f"thermoscout_nodes.{name}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"this command needs ROS 2 with Thermoscout's messages ({error.name} is missing): "
            "`source scripts/env.sh` after `make setup`, or source your workspace"
        ) from error

"""Fast DDS's profile for a graph on one machine (config/dds): room for images, and a node that was
started again is soon known to the others."""

from __future__ import annotations

import os
from collections.abc import Mapping

from thermoscout_core.resources import resource_path

PROFILE = "config/dds/fastdds_large_images.xml"
VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Of Humble's and Jazzy's Fast DDS, and of later ones."""


def to_set(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that processes of the graph should be started with; none where the user has
    chosen a profile. Other middleware than Fast DDS doesn't look."""
    if any(variable in environment for variable in VARIABLES):
        return {}
    return dict.fromkeys(VARIABLES, str(resource_path(PROFILE)))


def use() -> None:
    """Give it to this process and those that it starts."""
    os.environ.update(to_set())

"""The middleware's profile: given where the user has chosen none."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from thermoscout_nodes import dds_profile


def test_it_is_given_to_old_and_new_fast_dds() -> None:
    given = dds_profile.to_set({})
    assert set(given) == {"FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"}
    assert all(Path(file).is_file() for file in given.values())


@pytest.mark.parametrize("variable", dds_profile.VARIABLES)
def test_the_users_choice_stays(variable: str) -> None:
    assert dds_profile.to_set({variable: "/etc/mine.xml"}) == {}


def test_a_started_node_is_heard_of_well_within_the_bar() -> None:
    """What is lost at first is said again after an announcement; the bar is 5 s for the whole."""
    (file,) = set(dds_profile.to_set({}).values())
    space = {"f": "http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"}
    period = ElementTree.parse(file).find(".//f:leaseAnnouncement", space)
    assert period is not None
    seconds = [float(period.findtext(f"f:{unit}", "0", space)) for unit in ("sec", "nanosec")]
    assert seconds[0] + seconds[1] * 1e-9 <= 0.5

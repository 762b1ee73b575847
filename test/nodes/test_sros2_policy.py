"""The SROS 2 policy allows what the nodes do, and nothing else."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

POLICY = Path(__file__).resolve().parents[2] / "config/sros2/policy.xml"
COMMON = {"~/transition_event", "/diagnostics", "/rosout", "/parameter_events", "/clock"}
AT_TIMES = {
    # in lockstep; of cameras that take the conditions of the air
    "ir_camera": {"verdicts", "ambient/temperature", "ambient/humidity"},
    "fault_judge": {"thermal/image_raw"},  # while somebody watches the overlay
}


def allowed(enclave: str, node: str, right: str) -> set[str]:
    """The topics that a node of an enclave may publish or subscribe, without the common ones."""
    tree = ET.parse(POLICY)
    profiles = tree.findall(f".//enclave[@path='{enclave}']/profiles/profile[@node='{node}']")
    assert len(profiles) == 1
    topics = profiles[0].findall(f"topics[@{right}='ALLOW']/topic")
    return {str(topic.text) for topic in topics} - COMMON


def test_the_graph_may_do_what_it_does_and_no_more(graph: Any) -> None:
    from thermoscout_nodes.inspection import make_graph

    for node in make_graph(context=graph.context):
        graph.add(node)
        node.start_if_asked()
        assert node.is_active, node.why_not
        name = node.get_name()
        said = {topic.lstrip("/") for topic in node.published_topics}
        heard = {topic.lstrip("/") for topic in node.heard_topics}
        assert allowed("/thermoscout/inspection", name, "publish") == said
        assert allowed("/thermoscout/inspection", name, "subscribe") == heard | AT_TIMES.get(
            name, set()
        ), name


def test_a_viewer_may_say_nothing_and_set_nothing() -> None:
    assert allowed("/thermoscout/viewer", "rviz2", "publish") == set()
    viewer = ET.parse(POLICY).find(".//enclave[@path='/thermoscout/viewer']")
    assert viewer is not None
    assert not viewer.findall(".//services")
